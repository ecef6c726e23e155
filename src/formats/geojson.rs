//! The route file: a GeoJSON FeatureCollection (RFC 7946, WGS 84). Feature 0 is the line, every other feature a waypoint.
//!
//! Reads feature by feature, so that memory does not grow with the file, as much as it can, and names every feature that it cannot
//! read; whether the route is fit to publish is the business of [`crate::domain::lint`].

use super::Source;
use crate::domain::crs::Crs;
use crate::domain::geodesy::LatLon;
use crate::domain::lint::{self, Finding, Rule};
use crate::domain::route::{StudyRoute, Text, Waypoint, WaypointBody};
use geojson::{Feature, GeometryValue, feature::Id};
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::io::{BufReader, Cursor, SeekFrom};

/// Largest route file that is read.
pub const FILE_MAX_BYTES: usize = 512 * 1024 * 1024;
/// Features that cannot be read and are named.
const UNREADABLE_MAX: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    title: Text,
    summary: Text,
}

/// What a route file holds, one after the other.
#[derive(Debug)]
pub enum Part {
    /// First the route itself, without waypoints.
    Route(StudyRoute),
    /// Then every waypoint.
    Stop(Box<Waypoint>),
}

/// Reads and checks a route file. Its standard says WGS 84; a file that a map with shifted coordinates has written is read when
/// its `crs` is named.
///
/// # Errors
/// Everything that a designer has to mend before the route can be published.
pub fn read_as(bytes: &[u8], crs: Crs) -> Result<StudyRoute, Vec<Finding>> {
    let (mut route, mut waypoints) = (None, Vec::new());
    each(&mut Cursor::new(bytes), crs, &mut |part| match part {
        Part::Route(head) => route = Some(head),
        Part::Stop(waypoint) => waypoints.push(*waypoint),
    })?;
    let Some(mut route) = route else { return Err(Vec::new()) };
    route.waypoints = waypoints;
    let mut findings = lint::check(&route);
    findings.retain(lint::blocks_file_import);
    if findings.is_empty() { Ok(route) } else { Err(findings) }
}

/// Reads and checks a route file in WGS 84.
///
/// # Errors
/// Everything that a designer has to mend before the route can be published.
pub fn read(bytes: &[u8]) -> Result<StudyRoute, Vec<Finding>> {
    read_as(bytes, Crs::Wgs84)
}

/// Reads a route file part by part, without checking what they say.
///
/// # Errors
/// Names what cannot be read; what came before is to be thrown away.
pub fn each(source: &mut dyn Source, crs: Crs, sink: &mut dyn FnMut(Part)) -> Result<(), Vec<Finding>> {
    let whole = |message: String| vec![unreadable(None, String::new(), (String::new(), message))];
    let bytes = source.seek(SeekFrom::End(0)).unwrap_or(u64::MAX);
    if bytes > FILE_MAX_BYTES as u64 {
        return Err(whole(format!("is larger than {} MiB; split it", FILE_MAX_BYTES >> 20)));
    }
    let mut reader = Reader { crs, sink, number: 0, findings: Vec::new() };
    match collection(source, &mut reader) {
        Ok(()) if reader.number == 0 => {
            Err(whole("has no features; feature 0 is the line, the others are the waypoints".into()))
        }
        Ok(()) if reader.findings.is_empty() => Ok(()),
        Ok(()) => Err(reader.findings),
        Err(_) if !is_utf8(source).unwrap_or(false) => Err(whole("is not UTF-8 text; save it as UTF-8".into())),
        Err(message) => Err(whole(message)),
    }
}

fn collection(source: &mut dyn Source, reader: &mut Reader<'_>) -> Result<(), String> {
    let unreadable = |error: &dyn fmt::Display| format!("is not readable as GeoJSON: {error}");
    let mark = {
        let mut first = [0; 3];
        source.rewind().and_then(|()| source.read_exact(&mut first)).is_ok() && first == [0xef, 0xbb, 0xbf]
    };
    source.seek(SeekFrom::Start(if mark { 3 } else { 0 })).map_err(|error| unreadable(&error))?;
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(source));
    let kind = Collection(reader).deserialize(&mut json).map_err(|error| match error.to_string() {
        message if error.is_data() && message.starts_with("has more") => plain(&message),
        message => unreadable(&message),
    })?;
    json.end().map_err(|error| unreadable(&error))?;
    match kind.as_str() {
        "FeatureCollection" => Ok(()),
        _ => Err("is not a FeatureCollection; export the layer as one".into()),
    }
}

/// A message of ours without the place that the JSON reader adds.
fn plain(message: &str) -> String {
    message.split(" at line ").next().unwrap_or_default().into()
}

/// Whether all of a file is UTF-8.
fn is_utf8(source: &mut dyn Source) -> std::io::Result<bool> {
    source.rewind()?;
    let (mut kept, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        let read = source.read(&mut buffer)?;
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let good = match std::str::from_utf8(&kept) {
            Ok(text) => text.len(),
            // A character may go on with the next piece.
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        if read == 0 {
            return Ok(true);
        }
        kept.drain(..good);
    }
}

/// Makes parts of features.
struct Reader<'s> {
    crs: Crs,
    sink: &'s mut dyn FnMut(Part),
    number: usize,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn feature(&mut self, raw: &RawValue) -> Result<(), String> {
        let number = self.number;
        self.number += 1;
        if number > lint::WAYPOINTS_MAX {
            return Err(format!("has more than {} waypoints; split it", lint::WAYPOINTS_MAX));
        }
        if let Some(waypoint) = quick(raw, number) {
            (self.sink)(Part::Stop(Box::new(waypoint.read_as(self.crs))));
            return Ok(());
        }
        let feature: Feature = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
        let id = id_of(&feature);
        let waypoint = (number > 0).then(|| id.clone());
        let name = if number == 0 { "feature 0 (the line)".into() } else { format!("feature {number} ({id})") };
        let part = if number == 0 {
            read_line(feature, id).map(|route| Part::Route(route.read_as(self.crs)))
        } else {
            read_waypoint(feature, id).map(|waypoint| Part::Stop(Box::new(waypoint.read_as(self.crs))))
        };
        match part {
            Ok(part) => (self.sink)(part),
            Err(mistake) if self.findings.len() < UNREADABLE_MAX => {
                self.findings.push(unreadable(waypoint, name, mistake));
            }
            Err(_) => (),
        }
        Ok(())
    }
}

fn unreadable(waypoint: Option<String>, feature: String, (property, message): Mistake) -> Finding {
    Finding { rule: Rule::Unreadable, waypoint, feature, property, message }
}

/// A waypoint as almost all of them are written. Whatever is otherwise is read once more, for what it is or for what is wrong.
#[derive(Deserialize)]
struct Quick {
    r#type: QuickType,
    id: String,
    geometry: QuickPoint,
    properties: WaypointBody,
}

#[derive(Deserialize)]
enum QuickType {
    Feature,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuickPoint {
    r#type: QuickPointType,
    coordinates: Vec<f64>,
}

#[derive(Deserialize)]
enum QuickPointType {
    Point,
}

fn quick(raw: &RawValue, number: usize) -> Option<Waypoint> {
    if number == 0 {
        return None;
    }
    let Quick { r#type: QuickType::Feature, id, geometry, properties: body } = serde_json::from_str(raw.get()).ok()?;
    let QuickPoint { r#type: QuickPointType::Point, coordinates } = geometry;
    let (lon, lat) = (coordinates.first()?, coordinates.get(1)?);
    Some(Waypoint { id, position: LatLon::new(*lat, *lon).ok()?, height_m: coordinates.get(2).copied(), body })
}

/// The file as a whole; gives its type.
struct Collection<'r, 's>(&'r mut Reader<'s>);

impl<'de> DeserializeSeed<'de> for Collection<'_, '_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Collection<'_, '_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<String, A::Error> {
        let mut kind = String::new();
        while let Some(name) = object.next_key::<String>()? {
            match name.as_str() {
                "type" => kind = object.next_value()?,
                "features" => object.next_value_seed(Features(&mut *self.0))?,
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(kind)
    }
}

struct Features<'r, 's>(&'r mut Reader<'s>);

impl<'de> DeserializeSeed<'de> for Features<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(raw) = list.next_element::<Box<RawValue>>()? {
            self.0.feature(&raw).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

fn id_of(feature: &Feature) -> String {
    match &feature.id {
        Some(Id::String(id)) => id.clone(),
        Some(Id::Number(id)) => id.to_string(),
        None => String::new(),
    }
}

type Mistake = (String, String);

fn read_line(feature: Feature, slug: String) -> Result<StudyRoute, Mistake> {
    let line = match feature.geometry.map(|g| g.value) {
        Some(GeometryValue::LineString { coordinates }) => {
            coordinates.iter().filter_map(|p| Some([*p.as_slice().first()?, *p.as_slice().get(1)?])).collect()
        }
        _ => return Err(("geometry".into(), "must be a LineString through the waypoints".into())),
    };
    let head: Head = properties(feature.properties)?;
    Ok(StudyRoute { slug, title: head.title, summary: head.summary, line, waypoints: Vec::new() })
}

fn read_waypoint(feature: Feature, id: String) -> Result<Waypoint, Mistake> {
    let Some(GeometryValue::Point { coordinates }) = feature.geometry.map(|g| g.value) else {
        return Err(("geometry".into(), "must be a Point".into()));
    };
    let (Some(&lon), Some(&lat)) = (coordinates.as_slice().first(), coordinates.as_slice().get(1)) else {
        return Err(("geometry".into(), "needs [longitude, latitude]".into()));
    };
    let position = LatLon::new(lat, lon).map_err(|error| {
        ("geometry".into(), format!("{error}; GeoJSON wants [longitude, latitude], this has [{lon}, {lat}]"))
    })?;
    let body: WaypointBody = properties(feature.properties)?;
    Ok(Waypoint { id, position, height_m: coordinates.as_slice().get(2).copied(), body })
}

/// Reads properties; a mistake is the property's path and what to do.
pub(crate) fn properties<T: DeserializeOwned>(properties: Option<geojson::JsonObject>) -> Result<T, Mistake> {
    let value = serde_json::Value::Object(properties.unwrap_or_default());
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        plain_words(if path == "." { "" } else { &path }, &error.into_inner().to_string())
    })
}

/// serde's message in a designer's words.
fn plain_words(path: &str, message: &str) -> Mistake {
    let join = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return (join(name), "is missing; add it".into());
    }
    if message.starts_with("unknown field") {
        let known = message.split_once("expected ").map_or("", |(_, known)| known);
        return (path.into(), format!("is not known here; check the spelling ({})", known.replace('`', "")));
    }
    (path.into(), format!("cannot be used: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sample() -> Value {
        let bytes = std::fs::read("routes-data/peoples-canal/route.geojson").expect("the route file is there");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// What `validate` says after one mistake is made in a good file.
    fn after(mistake: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut file = sample();
        mistake(&mut file);
        match read(file.to_string().as_bytes()) {
            Ok(_) => Vec::new(),
            Err(findings) => findings.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_file_as_it_stands_is_good() {
        assert_eq!(after(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_mistake_is_named_with_its_feature_and_property() {
        type Mistake = fn(&mut Value);
        let cases: [(Mistake, &str); 16] = [
            (
                |f| f["features"][1]["properties"]["title"]["en"] = json!(""),
                "feature 1 (kangcheng-dam): title.en: is missing",
            ),
            (
                |f| drop(f["features"][2]["properties"]["summary"].as_object_mut().map(|o| o.remove("zh-CN"))),
                "summary.zh-CN: is missing",
            ),
            (|f| f["features"][3]["properties"]["facts"][1]["source"] = json!("  "), "facts[1].source: is missing"),
            (
                |f| drop(f["features"][3]["properties"]["coordinate"].as_object_mut().map(|o| o.remove("source"))),
                "coordinate.source: is missing",
            ),
            (|f| f["features"][4]["properties"]["order"] = json!(9), "order: is 9 but this is stop 4"),
            (|f| f["features"][5]["id"] = json!("kangcheng-dam"), "id: this id stands twice"),
            (|f| f["features"][5]["id"] = json!("Kangcheng Dam"), "cannot be used in an address"),
            (
                |f| f["features"][1]["properties"]["zone"]["radius_m"] = json!(5),
                "zone: reaches 5 m but the coordinate is only known to",
            ),
            (|f| f["features"][6]["geometry"]["coordinates"] = json!([116.9, 37.9]), "km from the stop before"),
            (
                |f| f["features"][6]["geometry"]["coordinates"] = json!([35.9, 116.9]),
                "GeoJSON wants [longitude, latitude]",
            ),
            (
                |f| f["features"][7]["properties"]["questions"][0]["key"] = json!("z"),
                "questions[0].key: \"z\" is not the id of an option",
            ),
            (|f| f["features"][7]["properties"]["raduis"] = json!(1), "raduis: is not known here; check the spelling"),
            (
                |f| drop(f["features"][8]["properties"].as_object_mut().map(|o| o.remove("county"))),
                "county: is missing",
            ),
            (|f| f["features"][9]["properties"]["zone"] = json!({"kind": "circle", "radius_m": "wide"}), "zone"),
            (
                |f| f["features"][9]["properties"]["facts"].as_array_mut().expect("a list").truncate(2),
                "facts: has 2; give at least 3",
            ),
            (
                |f| f["features"][0]["geometry"] = json!({"type": "Point", "coordinates": [1.0, 2.0]}),
                "feature 0 (the line): geometry: must be a LineString",
            ),
        ];
        for (mistake, expected) in cases {
            let found = after(mistake);
            assert!(found.iter().any(|message| message.contains(expected)), "expected «{expected}», got {found:#?}");
        }
    }

    #[test]
    fn a_file_in_another_reference_system_gives_the_same_places() {
        use crate::domain::crs::from_wgs84;
        let mut file = sample();
        let truth = read(file.to_string().as_bytes()).expect("good");
        let shift = |place: &mut Value| {
            let (lat, lon) = from_wgs84(Crs::Gcj02, place[1].as_f64().expect("lat"), place[0].as_f64().expect("lon"));
            *place = json!([lon, lat]);
        };
        for feature in file["features"].as_array_mut().expect("features") {
            let coordinates = &mut feature["geometry"]["coordinates"];
            if coordinates[0].is_array() {
                coordinates.as_array_mut().expect("a line").iter_mut().for_each(shift);
            } else {
                shift(coordinates);
            }
        }
        let text = file.to_string();
        let got = read_as(text.as_bytes(), Crs::Gcj02).expect("good");
        for (a, b) in got.waypoints.iter().zip(&truth.waypoints) {
            assert!(a.position.distance_m(b.position) < 0.01, "{}", a.id);
        }
        let unconverted = read(text.as_bytes()).expect("good all the same");
        let off_m = unconverted.waypoints[0].position.distance_m(truth.waypoints[0].position);
        assert!((400.0..700.0).contains(&off_m), "{off_m}");
    }

    #[test]
    fn a_file_that_is_no_route_is_refused_as_a_whole() {
        for (bytes, expected) in [
            (&b"\xff\xfe{}"[..], "UTF-8"),
            (b"{", "GeoJSON"),
            (b"{\"type\":\"FeatureCollection\",\"features\":[]}", "no features"),
            (b"{\"type\":\"Point\",\"coordinates\":[1,2]}", "FeatureCollection"),
        ] {
            let findings = read(bytes).expect_err("no route");
            assert!(findings[0].message.contains(expected), "{findings:?}");
        }
    }
}
