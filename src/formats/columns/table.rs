//! Study routes as tables: the everyday columns first, under headings in both languages, then every other leaf that some waypoint
//! has. What [`super::Columns`] reads back from them is the same waypoint.

use super::Cell;
use super::shape::{LIST_MAX, Path, Shape, Step, WAYPOINT, path_of};
use super::values::is_one_word;
use crate::domain::route::{Lang, StudyRoute, Waypoint};
use crate::formats::{COLUMNS_MAX, VALUE_MAX_BYTES};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Above this a spreadsheet's number is no longer exact.
const EXACT_MAX: u64 = 1 << 53;

/// An everyday column: its heading, its field, and what to write there in both languages.
pub struct Everyday {
    /// Label and field, as the heading of the column.
    pub heading: &'static str,
    field: &'static str,
    /// What to write, in Chinese.
    pub zh_cn: &'static str,
    /// What to write, in English.
    pub en: &'static str,
}

const fn column(heading: &'static str, field: &'static str, zh_cn: &'static str, en: &'static str) -> Everyday {
    Everyday { heading, field, zh_cn, en }
}

/// The everyday columns, in order.
#[rustfmt::skip]
pub static EVERYDAY: [Everyday; 25] = [
    column("编号 / id", "id", "小写英文字母、数字和连字符，在一条路线内不重复；再次导入时靠它认出同一站点", "Lower-case letters, digits and hyphens, once in a route; tells the same stop when you import again"),
    column("序号 / order", "order", "参观顺序，从 1 开始", "Place in the visiting order, from 1"),
    column("名称（中文） / title.zh-CN", "title.zh-CN", "站点的中文名称", "Name in Chinese"),
    column("名称（英文） / title.en", "title.en", "站点的英文名称", "Name in English"),
    column("纬度 / lat", "lat", "度，例如 35.5967 或 35°35′48″N；没有写坐标系时按 WGS 84", "Degrees, such as 35.5967 or 35°35′48″N; WGS 84 unless said otherwise"),
    column("经度 / lon", "lon", "度，例如 116.9842 或 116°59′3″E", "Degrees, such as 116.9842 or 116°59′3″E"),
    column("椭球高（米） / height_m", "height_m", "WGS 84 椭球面以上的高度；没有测量就空着", "Height above the WGS 84 ellipsoid; empty unless measured"),
    column("简介（中文） / summary.zh-CN", "summary.zh-CN", "这里的科学道理，中文", "The science of the place, in Chinese"),
    column("简介（英文） / summary.en", "summary.en", "这里的科学道理，英文", "The science of the place, in English"),
    column("半径（米） / zone.radius_m", "zone.radius_m", "打卡圆的半径，不小于坐标的精度", "Radius of the circle where presence counts, not below the coordinate's precision"),
    column("待实测 / zone.to_be_surveyed", "zone.to_be_surveyed", "坐标还要到现场测量时写 yes 或 是", "yes while the place waits for a survey"),
    column("主题 / themes", "themes", "用分号隔开的英文小写词，例如 hydraulics; geology", "Lower-case words with semicolons between, such as hydraulics; geology"),
    column("县区（中文） / county.zh-CN", "county.zh-CN", "所在县（市、区），中文", "County-level unit, in Chinese"),
    column("县区（英文） / county.en", "county.en", "所在县（市、区），英文", "County-level unit, in English"),
    column("年代（中文） / period.zh-CN", "period.zh-CN", "建造或使用的年代，中文", "When it was built or lived in, in Chinese"),
    column("年代（英文） / period.en", "period.en", "建造或使用的年代，英文", "When it was built or lived in, in English"),
    column("保护级别（中文） / heritage.status.zh-CN", "heritage.status.zh-CN", "文物保护级别和批次，中文", "Protection status, in Chinese"),
    column("保护级别（英文） / heritage.status.en", "heritage.status.en", "文物保护级别和批次，英文", "Protection status, in English"),
    column("世界遗产 / heritage.unesco_whc", "heritage.unesco_whc", "联合国教科文组织世界遗产编号；没有就空着", "UNESCO World Heritage number, if any"),
    column("海拔（米） / altitude.metres", "altitude.metres", "海平面以上的高度；没有来源就空着", "Height above sea level; empty without a source"),
    column("海拔来源 / altitude.source", "altitude.source", "海拔出自哪里", "Who says so"),
    column("来源 / coordinate.source", "coordinate.source", "坐标出自哪里", "Where the position comes from"),
    column("精度（米） / coordinate.precision_m", "coordinate.precision_m", "坐标可能差多少米", "Honest radius of doubt of the position"),
    column("开放时间（中文） / opening_hours.text.zh-CN", "opening_hours.text.zh-CN", "资料上写的开放时间，中文", "Opening hours as printed, in Chinese"),
    column("开放时间（英文） / opening_hours.text.en", "opening_hours.text.en", "资料上写的开放时间，英文", "Opening hours as printed, in English"),
];

enum Source {
    Id,
    Lat,
    Lon,
    HeightM,
    Body(Path),
}

/// A study route laid out in columns; rows are made one by one.
pub struct Table<'a> {
    /// One heading for each column; each names its field, so that it reads back.
    pub headings: Vec<String>,
    sources: Vec<Source>,
    waypoints: &'a [Waypoint],
    /// What the table cannot hold.
    pub lost: Vec<String>,
}

impl Table<'_> {
    /// The rows, in the order of the route; each has a cell for every heading.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Cell<'static>>> {
        self.waypoints.iter().map(|waypoint| {
            let by_path: BTreeMap<Path, Cell<'static>> = Leaves::of(waypoint).filled.into_values().collect();
            let cell = |source: &Source| match source {
                Source::Id => Cell::Text(Cow::Owned(waypoint.id.clone())),
                Source::Lat => Cell::Number(waypoint.position.lat()),
                Source::Lon => Cell::Number(waypoint.position.lon()),
                Source::HeightM => waypoint.height_m.map_or(Cell::Empty, Cell::Number),
                Source::Body(path) => by_path.get(path).cloned().unwrap_or(Cell::Empty),
            };
            self.sources.iter().map(cell).collect()
        })
    }

    /// Leaves out all columns of a property, so that reading the table does not change it.
    pub fn leave_out(&mut self, property: &str, why: &str) {
        let kept: Vec<bool> = self.sources.iter().map(|source| !source.is_of(property)).collect();
        let (mut of_headings, mut of_sources) = (kept.iter(), kept.iter());
        self.headings.retain(|_| of_headings.next() == Some(&true));
        self.sources.retain(|_| of_sources.next() == Some(&true));
        self.lost.push(format!("{property}: {why}; its columns are left out"));
    }

    /// The property that a column belongs to, such as `facts`.
    #[must_use]
    pub fn property(&self, column: usize) -> Option<&'static str> {
        match self.sources.get(column)? {
            Source::Body(Path(steps)) => match steps.first()? {
                Step::Member(name) => Some(name),
                Step::Element(_) => None,
            },
            _ => None,
        }
    }
}

impl Source {
    fn is_of(&self, property: &str) -> bool {
        matches!(self, Self::Body(path) if path.0.first().is_some_and(|step| matches!(step, Step::Member(name) if *name == property)))
    }
}

/// The everyday columns alone, for a template.
#[must_use]
pub fn everyday(waypoints: &[Waypoint]) -> Table<'_> {
    let source = |field: &str| match field {
        "id" => Some(Source::Id),
        "lat" => Some(Source::Lat),
        "lon" => Some(Source::Lon),
        "height_m" => Some(Source::HeightM),
        path => path_of(path, 0).map(|(path, _)| Source::Body(path)),
    };
    let columns = EVERYDAY.iter().filter_map(|column| Some((column.heading.to_string(), source(column.field)?)));
    let (headings, sources) = columns.unzip();
    Table { headings, sources, waypoints, lost: Vec::new() }
}

/// All fields of all waypoints; what the route says of itself has no row.
#[must_use]
pub fn flatten(route: &StudyRoute) -> Table<'_> {
    let mut table = everyday(&route.waypoints);
    table.lost.push("the route's own title, summary and line: a table holds its waypoints alone".into());
    let (mut others, mut lost) = (BTreeMap::new(), BTreeMap::new());
    for waypoint in &route.waypoints {
        let found = Leaves::of(waypoint);
        lost.extend(found.lost);
        others.extend(found.filled.into_iter().map(|(key, (path, _))| (key, path)));
    }
    others.retain(|_, path| !table.sources.iter().any(|source| matches!(source, Source::Body(known) if known == path)));
    for path in others.into_values() {
        table.headings.push(path.to_string());
        table.sources.push(Source::Body(path));
    }
    for (property, why) in lost {
        table.leave_out(property, why);
    }
    for list in ["exhibits", "questions", "facts"] {
        if table.headings.len() > COLUMNS_MAX {
            table.leave_out(list, "a table has too few columns for all of them");
        }
    }
    table
}

/// The filled leaves of one waypoint, in the order of the route file.
#[derive(Default)]
struct Leaves {
    filled: BTreeMap<Vec<usize>, (Path, Cell<'static>)>,
    /// Properties that a table cannot hold, and why.
    lost: BTreeMap<&'static str, &'static str>,
    key: Vec<usize>,
    path: Vec<Step>,
}

impl Leaves {
    fn of(waypoint: &Waypoint) -> Self {
        let mut leaves = Self::default();
        // A body has no keys that JSON lacks, so this cannot fail.
        let body = serde_json::to_value(&waypoint.body).unwrap_or_default();
        leaves.walk(&WAYPOINT, &body);
        leaves
    }

    fn walk(&mut self, shape: &'static Shape, value: &Value) {
        match (shape, value) {
            (Shape::Object(members), Value::Object(values)) => {
                for (i, (name, shape)) in members.iter().enumerate() {
                    if let Some(value) = values.get(*name) {
                        self.step(i, Step::Member(name), shape, value);
                    }
                }
            }
            (Shape::Bilingual, Value::Object(values)) => {
                for (i, language) in Lang::ALL.iter().enumerate() {
                    if let Some(value) = values.get(language.tag()) {
                        self.step(i, Step::Member(language.tag()), &Shape::Text, value);
                    }
                }
            }
            (Shape::List(element), Value::Array(values)) => {
                for (i, value) in values.iter().enumerate().take(LIST_MAX) {
                    let before = self.filled.len();
                    self.step(i, Step::Element(i), element, value);
                    if self.filled.len() == before {
                        self.lose("has an element with nothing in it, which a table cannot tell from none");
                    }
                }
                if values.len() > LIST_MAX {
                    self.lose("some waypoint has more of them than a table numbers");
                }
            }
            (shape, value) => self.leaf(shape, value),
        }
    }

    fn step(&mut self, i: usize, step: Step, shape: &'static Shape, value: &Value) {
        self.key.push(i);
        self.path.push(step);
        self.walk(shape, value);
        self.key.pop();
        self.path.pop();
    }

    fn leaf(&mut self, shape: &Shape, value: &Value) {
        let text = |text: String| Cell::Text(Cow::Owned(text));
        let cell = match (shape, value) {
            (Shape::Words, Value::Array(words)) => {
                let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
                if words.len() > LIST_MAX || words.iter().any(|word| !is_one_word(word)) {
                    self.lose("some of them would not be one word in a cell");
                }
                text(words.join("; "))
            }
            (Shape::Rings, rings) => text(rings.to_string()),
            (_, Value::Bool(yes)) => text(if *yes { "yes" } else { "no" }.into()),
            (_, Value::Number(number)) if number.as_u64().is_some_and(|whole| whole > EXACT_MAX) => {
                text(number.to_string())
            }
            (_, Value::Number(number)) => number.as_f64().map_or(Cell::Empty, Cell::Number),
            (_, Value::String(string)) => {
                if string.len() > VALUE_MAX_BYTES {
                    self.lose("some text is longer than a cell may be");
                }
                text(string.clone())
            }
            _ => Cell::Empty,
        };
        if !cell.is_blank() {
            self.filled.insert(self.key.clone(), (Path(self.path.clone()), cell));
        }
    }

    fn lose(&mut self, why: &'static str) {
        if let Some(Step::Member(property)) = self.path.first() {
            self.lost.insert(property, why);
        }
    }
}
