//! What visitors are told of a waypoint, in one language and one reference system.
//!
//! Another shape than the stored one on purpose: a question's key and explanation have no field here, so they cannot leave.

mod recast;

use crate::domain::crs::{self, Crs};
use crate::domain::route::{Asset, Confidence, Exhibit, ExhibitKind, HeightDatum, Lang, Quaternion, Waypoint};
use crate::domain::zone::Zone as DomainZone;
use serde::Serialize;
use utoipa::ToSchema;

pub use recast::put_fragment;

/// Told with every opening hour, because sources age.
const CHECK_HOURS: [(Lang, &str); 2] =
    [(Lang::ZhCn, "出发前请再次确认开放时间。"), (Lang::En, "Check the opening hours before you go.")];

/// A position in the reference system of the answer.
#[derive(Serialize, ToSchema)]
pub struct Position {
    /// Latitude, degrees.
    #[schema(example = 35.59667)]
    lat: f64,
    /// Longitude, degrees.
    #[schema(example = 116.98417)]
    lon: f64,
    /// Height above the WGS 84 ellipsoid, metres; absent where nobody has measured it.
    #[serde(skip_serializing_if = "Option::is_none")]
    height_m: Option<f64>,
}

/// Where presence counts.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Zone {
    /// A circle round the waypoint's position.
    Circle {
        /// Metres.
        radius_m: f64,
        /// The position is too vague for a tighter zone until somebody surveys the place.
        to_be_surveyed: bool,
    },
    /// A polygon as GeoJSON rings of `[longitude, latitude]`.
    Polygon {
        /// The outer ring, then holes.
        coordinates: Vec<Vec<[f64; 2]>>,
        /// Metres from the position to the farthest corner.
        radius_m: f64,
        /// As for a circle.
        to_be_surveyed: bool,
    },
}

/// How well the position is known.
#[derive(Serialize, ToSchema)]
pub struct Coordinate {
    /// `sourced`, `derived` or `surveyed`.
    #[schema(value_type = String, example = "sourced")]
    confidence: Confidence,
    /// Honest radius of doubt, metres.
    precision_m: f64,
}

/// A waypoint.
#[derive(Serialize, ToSchema)]
pub struct WireWaypoint<'a> {
    /// `route/waypoint`.
    #[schema(example = "confucius-mencius/dacheng-hall")]
    id: String,
    /// Its study route.
    route: &'a str,
    /// Place in the visiting order, from 1.
    order: u32,
    /// Name.
    title: &'a str,
    /// The science of the place.
    summary: &'a str,
    position: Position,
    zone: Zone,
    /// Such as `hydraulics`.
    themes: &'a [String],
    coordinate: Coordinate,
    exhibits: Vec<WireExhibit<'a>>,
    /// How many questions there are; the waypoint's own address has their words.
    questions: usize,
    /// The waypoint's own address.
    href: String,
}

/// One piece of AR content.
#[derive(Serialize, ToSchema)]
pub struct WireExhibit<'a> {
    /// Name within the waypoint.
    id: &'a str,
    /// `model`, `image`, `audio`, `video` or `text`.
    #[schema(value_type = String, example = "text")]
    kind: ExhibitKind,
    title: &'a str,
    /// What is to be seen, for who cannot see it.
    alt: &'a str,
    /// What it shows and teaches.
    text: &'a str,
    geopose: WirePose,
    /// Whether `geopose.position.h` counts from the `ground` there (nobody has measured it) or from the `ellipsoid`.
    #[schema(value_type = String, example = "ground")]
    height_datum: HeightDatum,
    /// Factor on the content's own metres.
    scale: f64,
    /// Distance from the visitor at which it appears, metres.
    trigger_m: f64,
    assets: Vec<WireAsset<'a>>,
}

/// A file of an exhibit.
#[derive(Serialize, ToSchema)]
pub struct WireAsset<'a> {
    /// `full`, `reduced`, `preview` or `ios`.
    role: &'a str,
    href: &'a str,
    /// IANA media type.
    media_type: &'a str,
    bytes: u64,
    /// SHA-256 of the content, hex.
    sha256: &'a str,
    /// Who made it, or where it comes from.
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
    /// Under which licence it is shown.
    #[serde(skip_serializing_if = "str::is_empty")]
    license: &'a str,
}

/// OGC GeoPose 1.0, Basic-Quaternion. With `crs` other than `wgs84` its position is in that system, like every other position
/// of the answer, and it is then no GeoPose in the sense of the standard.
#[derive(Serialize, ToSchema)]
pub struct WirePose {
    position: WirePosePosition,
    /// Unit quaternion in the local east-north-up frame.
    #[schema(value_type = Object, example = json!({"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}))]
    quaternion: Quaternion,
}

/// The position of a pose.
#[derive(Serialize, ToSchema)]
pub struct WirePosePosition {
    lat: f64,
    lon: f64,
    h: f64,
}

/// A waypoint with everything there is to read.
#[derive(Serialize, ToSchema)]
pub struct WaypointDetail<'a> {
    #[serde(flatten)]
    waypoint: WireWaypoint<'a>,
    /// County-level unit.
    county: &'a str,
    /// When it was built or lived in.
    period: &'a str,
    heritage: WireHeritage<'a>,
    /// Height above sea level.
    #[serde(skip_serializing_if = "Option::is_none")]
    altitude: Option<WireAltitude<'a>>,
    facts: Vec<WireFact<'a>>,
    /// The questions without their keys.
    quiz: Vec<WireQuestion<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opening_hours: Option<WireHours<'a>>,
    coordinate_source: WireSource<'a>,
}

/// Protection status.
#[derive(Serialize, ToSchema)]
pub struct WireHeritage<'a> {
    status: &'a str,
    /// UNESCO World Heritage number.
    #[serde(skip_serializing_if = "Option::is_none")]
    unesco_whc: Option<&'a str>,
}

/// Height above sea level with its source.
#[derive(Serialize, ToSchema)]
pub struct WireAltitude<'a> {
    altitude_m: f64,
    source: &'a str,
}

/// One statement with its source.
#[derive(Serialize, ToSchema)]
pub struct WireFact<'a> {
    date: &'a str,
    text: &'a str,
    source: &'a str,
}

/// A question without its key.
#[derive(Serialize, ToSchema)]
pub struct WireQuestion<'a> {
    id: &'a str,
    prompt: &'a str,
    options: Vec<WireOption<'a>>,
}

/// One option of a question.
#[derive(Serialize, ToSchema)]
pub struct WireOption<'a> {
    id: &'a str,
    text: &'a str,
}

/// Opening hours as printed somewhere.
#[derive(Serialize, ToSchema)]
pub struct WireHours<'a> {
    text: &'a str,
    source: &'a str,
    note: &'static str,
}

/// Where the position comes from.
#[derive(Serialize, ToSchema)]
pub struct WireSource<'a> {
    source: &'a str,
    source_datum: &'a str,
    /// How a derived point was worked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    derivation: Option<&'a str>,
    /// Doubts.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// A position as the wire has it: nine decimals are a tenth of a millimetre.
#[must_use]
pub fn shift(crs: Crs, lat: f64, lon: f64) -> (f64, f64) {
    let (lat, lon) = crs::from_wgs84(crs, lat, lon);
    let round = |degrees: f64| (degrees * 1e9).round() / 1e9;
    (round(lat), round(lon))
}

impl<'a> WireWaypoint<'a> {
    /// A route's waypoint in one language and reference system.
    #[must_use]
    pub fn new(route: &'a str, waypoint: &'a Waypoint, lang: Lang, crs: Crs) -> Self {
        let body = &waypoint.body;
        let (lat, lon) = shift(crs, waypoint.position.lat(), waypoint.position.lon());
        Self {
            id: format!("{route}/{}", waypoint.id),
            route,
            order: body.order,
            title: body.title.shown(lang),
            summary: body.summary.shown(lang),
            position: Position { lat, lon, height_m: waypoint.height_m },
            zone: zone(waypoint, crs),
            themes: &body.themes,
            coordinate: Coordinate { confidence: body.coordinate.confidence, precision_m: body.coordinate.precision_m },
            exhibits: body.exhibits.iter().map(|e| exhibit(e, lang, crs)).collect(),
            questions: body.questions.len(),
            href: format!("/v1/routes/{route}/waypoints/{}", waypoint.id),
        }
    }
}

fn zone(waypoint: &Waypoint, crs: Crs) -> Zone {
    let zone = &waypoint.body.zone;
    let (radius_m, to_be_surveyed) = (zone.reach_m(waypoint.position), zone.to_be_surveyed());
    match zone {
        DomainZone::Circle { .. } => Zone::Circle { radius_m, to_be_surveyed },
        DomainZone::Polygon { coordinates, .. } => {
            let corner = |&[lon, lat]: &[f64; 2]| {
                let (lat, lon) = shift(crs, lat, lon);
                [lon, lat]
            };
            let coordinates = coordinates.iter().map(|ring| ring.iter().map(corner).collect()).collect();
            Zone::Polygon { coordinates, radius_m, to_be_surveyed }
        }
    }
}

fn exhibit(exhibit: &Exhibit, lang: Lang, crs: Crs) -> WireExhibit<'_> {
    let pose = &exhibit.geopose;
    let (lat, lon) = shift(crs, pose.position.lat, pose.position.lon);
    WireExhibit {
        id: &exhibit.id,
        kind: exhibit.kind,
        title: exhibit.title.shown(lang),
        alt: exhibit.alt.shown(lang),
        text: exhibit.text.shown(lang),
        geopose: WirePose { position: WirePosePosition { lat, lon, h: pose.position.h }, quaternion: pose.quaternion },
        height_datum: exhibit.height_datum,
        scale: exhibit.scale,
        trigger_m: exhibit.trigger_m,
        assets: exhibit.assets.iter().map(WireAsset::new).collect(),
    }
}

impl<'a> WireAsset<'a> {
    fn new(asset: &'a Asset) -> Self {
        Self {
            role: &asset.role,
            href: &asset.href,
            media_type: &asset.media_type,
            bytes: asset.bytes,
            sha256: &asset.sha256,
            source: &asset.source,
            license: &asset.license,
        }
    }
}

impl<'a> WaypointDetail<'a> {
    /// A route's waypoint with everything there is to read.
    #[must_use]
    pub fn new(route: &'a str, waypoint: &'a Waypoint, lang: Lang, crs: Crs) -> Self {
        let body = &waypoint.body;
        let hours_note = CHECK_HOURS.iter().find(|(l, _)| *l == lang).map_or("", |(_, note)| note);
        Self {
            waypoint: WireWaypoint::new(route, waypoint, lang, crs),
            county: body.county.shown(lang),
            period: body.period.shown(lang),
            heritage: WireHeritage {
                status: body.heritage.status.shown(lang),
                unesco_whc: body.heritage.unesco_whc.as_deref(),
            },
            altitude: body.altitude.as_ref().map(|a| WireAltitude { altitude_m: a.metres, source: &a.source }),
            facts: body
                .facts
                .iter()
                .map(|f| WireFact { date: f.date.shown(lang), text: f.text.shown(lang), source: &f.source })
                .collect(),
            quiz: body.questions.iter().map(|question| quiz(question, lang)).collect(),
            opening_hours: body.opening_hours.as_ref().map(|hours| WireHours {
                text: hours.text.shown(lang),
                source: &hours.source,
                note: hours_note,
            }),
            coordinate_source: WireSource {
                source: &body.coordinate.source,
                source_datum: &body.coordinate.source_datum,
                derivation: body.coordinate.derivation.as_deref(),
                note: body.coordinate.note.as_deref(),
            },
        }
    }
}

fn quiz(question: &crate::domain::route::Question, lang: Lang) -> WireQuestion<'_> {
    let options = question.options.iter().map(|o| WireOption { id: &o.id, text: o.text.shown(lang) }).collect();
    WireQuestion { id: &question.id, prompt: question.prompt.shown(lang), options }
}

/// Writes a route's waypoint as JSON in WGS 84; what the index keeps of it.
pub fn render(route: &str, waypoint: &Waypoint, lang: Lang, out: &mut Vec<u8>) {
    let before = out.len();
    if serde_json::to_writer(&mut *out, &WireWaypoint::new(route, waypoint, lang, Crs::Wgs84)).is_err() {
        // Writing plain structs to memory does not fail; a half-written one must not be served all the same.
        out.truncate(before);
        out.extend_from_slice(b"null");
    }
}
