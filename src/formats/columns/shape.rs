//! The tree of a waypoint's properties ([`crate::domain::route::WaypointBody`]): which member holds what, so that a heading may
//! name any leaf by its path. Knows no everyday names: those are in [`super::names`].

use std::fmt;

/// Most elements of one list that columns may number.
pub const LIST_MAX: usize = 100;

/// What stands at a place of the tree.
#[derive(Debug, PartialEq)]
pub enum Shape {
    /// Free text.
    Text,
    /// A text in both languages.
    Bilingual,
    /// A number without a unit.
    Number,
    /// A length in metres.
    Metres,
    /// A whole number that is not negative.
    Whole,
    /// Yes or no.
    Flag,
    /// One of these words; after each the other ways to write it.
    Word(&'static [(&'static str, &'static [&'static str])]),
    /// Several short words.
    Words,
    /// Polygon rings as JSON.
    Rings,
    /// Members by name.
    Object(&'static [(&'static str, Shape)]),
    /// A list of such elements.
    List(&'static Shape),
}

use Shape::{Bilingual, Flag, List, Metres, Number, Object, Rings, Text, Whole, Word, Words};

const FACT: Shape = Object(&[("date", Bilingual), ("text", Bilingual), ("source", Text)]);
const OPTION: Shape = Object(&[("id", Text), ("text", Bilingual)]);
const QUESTION: Shape = Object(&[
    ("id", Text),
    ("prompt", Bilingual),
    ("options", List(&OPTION)),
    ("key", Text),
    ("explanation", Bilingual),
    ("source", Text),
]);
const ASSET: Shape = Object(&[
    ("role", Text),
    ("href", Text),
    ("media_type", Text),
    ("bytes", Whole),
    ("sha256", Text),
    ("source", Text),
    ("license", Text),
]);
const GEOPOSE: Shape = Object(&[
    ("position", Object(&[("lat", Number), ("lon", Number), ("h", Number)])),
    ("quaternion", Object(&[("x", Number), ("y", Number), ("z", Number), ("w", Number)])),
]);
const EXHIBIT: Shape = Object(&[
    ("id", Text),
    (
        "kind",
        Word(&[
            ("model", &["模型", "3d"]),
            ("image", &["图片", "图像"]),
            ("audio", &["音频", "声音"]),
            ("video", &["视频"]),
            ("text", &["文字", "文本"]),
        ]),
    ),
    ("title", Bilingual),
    ("alt", Bilingual),
    ("text", Bilingual),
    ("geopose", GEOPOSE),
    ("height_datum", Word(&[("ground", &["地面"]), ("ellipsoid", &["椭球", "椭球面"])])),
    ("scale", Number),
    ("trigger_m", Metres),
    ("assets", List(&ASSET)),
]);

/// A waypoint's properties, in the order of the route file.
pub static WAYPOINT: Shape = Object(&[
    ("order", Whole),
    ("title", Bilingual),
    ("summary", Bilingual),
    (
        "zone",
        Object(&[
            ("kind", Word(&[("circle", &["圆", "圆形"]), ("polygon", &["多边形"])])),
            ("radius_m", Metres),
            ("coordinates", Rings),
            ("to_be_surveyed", Flag),
        ]),
    ),
    ("themes", Words),
    ("county", Bilingual),
    ("period", Bilingual),
    ("heritage", Object(&[("status", Bilingual), ("unesco_whc", Text)])),
    ("altitude", Object(&[("metres", Metres), ("source", Text)])),
    ("facts", List(&FACT)),
    ("questions", List(&QUESTION)),
    ("exhibits", List(&EXHIBIT)),
    (
        "coordinate",
        Object(&[
            ("source", Text),
            ("source_datum", Text),
            (
                "confidence",
                Word(&[("sourced", &["有来源", "已公布"]), ("derived", &["推算"]), ("surveyed", &["实测", "测量"])]),
            ),
            ("precision_m", Metres),
            ("derivation", Text),
            ("note", Text),
        ]),
    ),
    ("opening_hours", Object(&[("text", Bilingual), ("source", Text)])),
]);

static TEXT: Shape = Text;

impl Shape {
    /// Whether a cell can fill it.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        !matches!(self, Object(_) | List(_))
    }

    /// The member whose name reads alike, whatever its case, hyphens and underscores; with its right name.
    fn member(&'static self, written: &str) -> Option<(&'static str, &'static Shape)> {
        let written = super::names::bare(written);
        match self {
            Object(members) => {
                members.iter().find(|(name, _)| super::names::bare(name) == written).map(|(name, shape)| (*name, shape))
            }
            Bilingual if written == "zhcn" => Some(("zh-CN", &TEXT)),
            Bilingual if written == "en" => Some(("en", &TEXT)),
            _ => None,
        }
    }

    fn element(&'static self) -> Option<&'static Shape> {
        match self {
            List(element) => Some(element),
            Words => Some(&TEXT),
            _ => None,
        }
    }
}

/// One step down the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// To a member.
    Member(&'static str),
    /// To an element, counted from 0.
    Element(usize),
}

/// A way down the tree; shown as `facts[0].text.zh-CN`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if i == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Reads a path such as `facts[0].text.zh-CN`, counted from 0, or `facts.1.text.zh-CN`, counted from `dot_base`.
#[must_use]
pub fn path_of(written: &str, dot_base: usize) -> Option<(Path, &'static Shape)> {
    let (mut shape, mut steps) = (&WAYPOINT, Vec::new());
    for part in written.trim().split('.') {
        let (name, indexes) = part.split_at(part.find('[').unwrap_or(part.len()));
        let step = if let Some(element) = shape.element() {
            shape = element;
            Step::Element(index(name, dot_base)?)
        } else {
            let (name, member) = shape.member(name)?;
            shape = member;
            Step::Member(name)
        };
        steps.push(step);
        if let Some(inner) = indexes.strip_prefix('[') {
            steps.push(Step::Element(index(inner.strip_suffix(']')?, 0)?));
            shape = shape.element()?;
        }
    }
    shape.is_leaf().then_some((Path(steps), shape))
}

fn index(digits: &str, base: usize) -> Option<usize> {
    let digits = digits.trim();
    let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let index = digits.parse::<usize>().ok().filter(|_| plain)?.checked_sub(base)?;
    (index < LIST_MAX).then_some(index)
}
