//! Study routes as they are published: a line of waypoints with their texts, facts, questions and exhibits.
//!
//! One shape serves the route files and the store's documents (serde names are the file's names). What visitors get is
//! another shape with other promises, made in `http`: a question's key and explanation exist only here.

use super::crs::{self, Crs};
use super::{geodesy::LatLon, zone::Zone};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use utoipa::ToSchema;

/// The languages every text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Simplified Chinese, the default.
    ZhCn,
    /// English.
    En,
}

impl Lang {
    /// All languages, the default first.
    pub const ALL: [Lang; 2] = [Lang::ZhCn, Lang::En];

    /// The BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

/// A text in every language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Simplified Chinese.
    #[serde(rename = "zh-CN", default)]
    pub zh_cn: String,
    /// English.
    #[serde(default)]
    pub en: String,
}

impl Text {
    /// The text in one language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::ZhCn => &self.zh_cn,
            Lang::En => &self.en,
        }
    }

    /// The text for who reads one language; where it is not written yet, the other: that says more than nothing.
    #[must_use]
    pub fn shown(&self, lang: Lang) -> &str {
        let (wanted, other) = match lang {
            Lang::ZhCn => (&self.zh_cn, &self.en),
            Lang::En => (&self.en, &self.zh_cn),
        };
        if wanted.trim().is_empty() { other } else { wanted }
    }
}

/// A study route: an ordered line of waypoints with a theme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyRoute {
    /// Kebab-case name in addresses.
    pub slug: String,
    /// Title.
    pub title: Text,
    /// What one learns on it.
    pub summary: Text,
    /// The drawn line, `[longitude, latitude]`.
    pub line: Vec<[f64; 2]>,
    /// The stops in visiting order.
    pub waypoints: Vec<Waypoint>,
}

impl StudyRoute {
    /// The same route with its stops numbered 1, 2, 3 … as they stand.
    #[must_use]
    pub fn numbered(mut self) -> Self {
        for (order, waypoint) in (1..).zip(&mut self.waypoints) {
            waypoint.body.order = order;
        }
        self
    }

    /// The line to be shown: the drawn one, or else one from stop to stop.
    #[must_use]
    pub fn drawn_line(&self) -> Cow<'_, [[f64; 2]]> {
        if self.line.len() >= 2 {
            return Cow::Borrowed(&self.line);
        }
        self.waypoints.iter().map(|waypoint| [waypoint.position.lon(), waypoint.position.lat()]).collect()
    }

    /// The same route when its numbers were written in `crs`: every coordinate becomes WGS 84.
    #[must_use]
    pub fn read_as(mut self, crs: Crs) -> Self {
        self.line = self.line.iter().map(|corner| shifted(*corner, |lat, lon| crs::to_wgs84(crs, lat, lon))).collect();
        self.waypoints = self.waypoints.into_iter().map(|waypoint| waypoint.read_as(crs)).collect();
        self
    }

    /// The same route with every coordinate written in `crs`.
    #[must_use]
    pub fn written_in(mut self, crs: Crs) -> Self {
        self.line =
            self.line.iter().map(|corner| shifted(*corner, |lat, lon| crs::from_wgs84(crs, lat, lon))).collect();
        self.waypoints = self.waypoints.into_iter().map(|waypoint| waypoint.written_in(crs)).collect();
        self
    }
}

fn shifted([lon, lat]: [f64; 2], shift: impl Fn(f64, f64) -> (f64, f64)) -> [f64; 2] {
    let (lat, lon) = shift(lat, lon);
    [lon, lat]
}

impl Waypoint {
    /// The same waypoint when its numbers were written in `crs`: every coordinate becomes WGS 84.
    #[must_use]
    pub fn read_as(self, crs: Crs) -> Self {
        self.moved(|lat, lon| crs::to_wgs84(crs, lat, lon))
    }

    /// The same waypoint with every coordinate written in `crs`.
    #[must_use]
    pub fn written_in(self, crs: Crs) -> Self {
        self.moved(|lat, lon| crs::from_wgs84(crs, lat, lon))
    }

    fn moved(mut self, shift: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        let (lat, lon) = shift(self.position.lat(), self.position.lon());
        // A shift of half a kilometre does not leave the earth.
        self.position = LatLon::new(lat, lon).unwrap_or(self.position);
        if let Zone::Polygon { coordinates, .. } = &mut self.body.zone {
            for corner in coordinates.iter_mut().flatten() {
                *corner = shifted(*corner, &shift);
            }
        }
        for exhibit in &mut self.body.exhibits {
            let place = &mut exhibit.geopose.position;
            (place.lat, place.lon) = shift(place.lat, place.lon);
        }
        self
    }
}

/// One stop on a study route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waypoint {
    /// Kebab-case name, unique in its route.
    pub id: String,
    /// Where it is.
    pub position: LatLon,
    /// Height above the ellipsoid, metres, where somebody measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_m: Option<f64>,
    /// Everything else, as written in the route file.
    pub body: WaypointBody,
}

/// The properties of a waypoint in a route file. What is left out is empty; the lint says what may not be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WaypointBody {
    /// Place in the visiting order, from 1.
    #[serde(skip_serializing_if = "is_unnumbered")]
    pub order: u32,
    /// Name.
    pub title: Text,
    /// The science of the place.
    pub summary: Text,
    /// Where presence counts.
    pub zone: Zone,
    /// Kebab-case themes such as `hydraulics`.
    pub themes: Vec<String>,
    /// County-level unit.
    pub county: Text,
    /// When it was built or lived in.
    pub period: Text,
    /// Protection status.
    pub heritage: Heritage,
    /// Height above sea level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<Altitude>,
    /// What is known, each with its source.
    pub facts: Vec<Fact>,
    /// Questions with their answers.
    pub questions: Vec<Question>,
    /// AR content.
    pub exhibits: Vec<Exhibit>,
    /// Where the position comes from.
    pub coordinate: Coordinate,
    /// Opening hours as some source printed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening_hours: Option<OpeningHours>,
}

/// The store keeps the order beside the document, so that moving one stop does not rewrite all that follow.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_unnumbered(order: &u32) -> bool {
    *order == 0
}

/// Protection status of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Heritage {
    /// National batch or what else it is.
    pub status: Text,
    /// UNESCO World Heritage number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unesco_whc: Option<String>,
}

/// Height above sea level with its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Altitude {
    /// Metres above sea level.
    pub metres: f64,
    /// Who says so.
    #[serde(default)]
    pub source: String,
}

/// One statement about a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fact {
    /// When, in words.
    pub date: Text,
    /// What.
    pub text: Text,
    /// Who says so.
    #[serde(default)]
    pub source: String,
}

/// A question with one right option.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    /// Name within the waypoint.
    pub id: String,
    /// What is asked.
    pub prompt: Text,
    /// What one can answer.
    pub options: Vec<Choice>,
    /// The right option's id. Never leaves the server in a visitor's answer.
    pub key: String,
    /// Why it is right. Never leaves the server in a visitor's answer.
    pub explanation: Text,
    /// Who says so.
    #[serde(default)]
    pub source: String,
}

/// One option of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// `a`, `b`, …
    pub id: String,
    /// The option's words.
    pub text: Text,
}

/// One piece of AR content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exhibit {
    /// Name within the waypoint.
    pub id: String,
    /// What sort of content it is.
    pub kind: ExhibitKind,
    /// Name.
    #[serde(default)]
    pub title: Text,
    /// What is to be seen, for who cannot see it.
    #[serde(default)]
    pub alt: Text,
    /// What it shows and teaches; a text exhibit is this text.
    #[serde(default)]
    pub text: Text,
    /// Where and how it stands.
    pub geopose: GeoPose,
    /// Whether the pose's height counts from the ground there or from the ellipsoid.
    pub height_datum: HeightDatum,
    /// Factor on the content's own metres.
    pub scale: f64,
    /// Distance from the visitor at which it appears, metres.
    pub trigger_m: f64,
    /// Its files.
    #[serde(default)]
    pub assets: Vec<Asset>,
}

/// Kinds of AR content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExhibitKind {
    /// A 3-D model.
    Model,
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A film.
    Video,
    /// A text.
    Text,
}

/// What a pose's height counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeightDatum {
    /// The ground under the exhibit: nobody has measured the ellipsoidal height there.
    Ground,
    /// The WGS 84 ellipsoid, as OGC GeoPose wants it.
    Ellipsoid,
}

/// OGC GeoPose 1.0, Basic-Quaternion: position and orientation in the local east-north-up frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GeoPose {
    /// Where.
    pub position: PosePosition,
    /// How it is turned, a unit quaternion.
    pub quaternion: Quaternion,
}

/// The position of a pose, degrees and metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PosePosition {
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// Height, metres; see [`HeightDatum`].
    pub h: f64,
}

/// A unit quaternion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "x, y, z, w say it all")]
pub struct Quaternion {
    pub x: f64,
    pub y: f64,
    pub z: f64,
    pub w: f64,
}

/// A file of an exhibit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// `full`, `reduced`, `preview` or `ios`.
    pub role: String,
    /// Where to fetch it.
    pub href: String,
    /// IANA media type.
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 of the content, hex.
    pub sha256: String,
    /// Who made it, or where it comes from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Under which licence it is shown, such as `CC-BY-4.0`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub license: String,
}

/// Where a position comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = FileCoordinate)]
pub struct Coordinate {
    /// Who published the point, or its anchor.
    #[serde(default)]
    pub source: String,
    /// Datum of the value as published.
    pub source_datum: String,
    /// Whether the point was published or worked out.
    pub confidence: Confidence,
    /// Honest radius of doubt, metres.
    pub precision_m: f64,
    /// How a derived point was worked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivation: Option<String>,
    /// Doubts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a position was come by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Somebody published this very point.
    #[default]
    Sourced,
    /// Worked out from a published point.
    Derived,
    /// Measured on the spot for this route.
    Surveyed,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sourced => "sourced",
            Self::Derived => "derived",
            Self::Surveyed => "surveyed",
        })
    }
}

/// Opening hours as printed somewhere; they change, so visitors are told to check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OpeningHours {
    /// The hours.
    pub text: Text,
    /// Who says so.
    #[serde(default)]
    pub source: String,
}

/// A study route as it stands in the store: one published, immutable revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The store's number of the study route.
    pub key: i64,
    /// Counts up from 1 with every publication of this route.
    pub revision: i64,
    /// When, milliseconds since 1970.
    pub published_ms: i64,
    /// The content.
    pub route: StudyRoute,
    /// The store's number of each waypoint, in the order of `route.waypoints`. It outlives the waypoint.
    pub waypoint_keys: Vec<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_not_written_in_a_language_is_given_in_the_other() {
        let text = |zh_cn: &str, en: &str| Text { zh_cn: zh_cn.into(), en: en.into() };
        assert_eq!((text("坝", "Dam").shown(Lang::En), text("坝", "Dam").shown(Lang::ZhCn)), ("Dam", "坝"));
        assert_eq!((text("坝", " ").shown(Lang::En), text("", "Dam").shown(Lang::ZhCn)), ("坝", "Dam"));
        assert_eq!(text("", "").shown(Lang::En), "");
    }
}
