//! GeoJSON of any origin: collections, single features and bare geometries, RFC 8142 sequences, one feature a line, and old files
//! with a `crs` member. The route file itself, strictly read, is [`super::geojson`]'s.
//!
//! Features are read one by one. The file is walked twice: `crs` may stand after the features that it is about.

mod json;
mod patch;
mod shape;
mod written;

pub use written::write;

use self::json::{Built, Guard, Member, Word};
use self::patch::Patches;
use self::shape::{Geometry, GeometrySeed};
use super::{Format, Item, Place, Refused, Sink, Source, Understood};
use crate::domain::crs::Crs;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Reads a file.
///
/// # Errors
/// What the file is refused for; what came before is to be thrown away.
pub fn read(source: &mut dyn Source, sink: Sink<'_>) -> Result<Understood, Refused> {
    let mut understood = Understood::new(Format::GeoJson);
    outline(source, &mut understood)?;
    source.rewind()?;
    let mut source = source;
    let mut guard = Guard::new(&mut source)?;
    let crs = understood.crs.as_ref().map(|(crs, _)| *crs);
    let mut reader = Reader { sink, crs, patches: Patches::default(), features: 0, joined: 0, stopped: false };
    loop {
        match guard.next(Root(&mut reader)) {
            Ok(Some(())) => (),
            Ok(None) => break,
            Err(_) if reader.stopped => break,
            Err(refused) => return Err(refused),
        }
    }
    if reader.joined > 0 {
        understood.notes.push("a feature of several lines is read as one line; gaps are drawn straight".into());
    }
    reader.patches.into_understood(&mut understood);
    Ok(understood)
}

/// Walks the whole file for what it is and for the reference system that it names.
fn outline(source: &mut dyn Source, understood: &mut Understood) -> Result<(), Refused> {
    const KINDS: [&str; 9] = [
        "FeatureCollection",
        "Feature",
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    ];
    source.rewind()?;
    let mut source = source;
    let mut guard = Guard::new(&mut source)?;
    understood.encoding = Some(guard.encoding());
    let mut values = 0_u64;
    while let Some(Outline { kind, crs, list }) = guard.next(OutlineSeed)? {
        values += 1;
        if !list && !KINDS.contains(&kind.as_str()) {
            let kind: String = kind.chars().take(40).collect();
            return Err(Refused::Unreadable(match kind.as_str() {
                "" => "is JSON but not GeoJSON: it has no type; export the layer as GeoJSON".into(),
                _ => format!("is JSON but not GeoJSON: {kind:?} is no type of it; export the layer as GeoJSON"),
            }));
        }
        if let (Some(crs), None) = (crs, &understood.crs) {
            understood.crs = named(&crs, &mut understood.notes)?;
        }
    }
    if values == 0 {
        return Err(Refused::Unreadable("is empty; export the layer again".into()));
    }
    Ok(())
}

/// The system that a `crs` member names.
fn named(crs: &Value, notes: &mut Vec<String>) -> Result<Option<(Crs, String)>, Refused> {
    let properties = crs.get("properties");
    let member = |name: &str| properties.and_then(|properties| properties.get(name));
    let written = match (crs, member("name"), member("code")) {
        (Value::Null, ..) => return Ok(None),
        (Value::String(name), ..) | (_, Some(Value::String(name)), _) => name.clone(),
        (.., Some(code)) => format!("EPSG:{code}"),
        _ => crs.to_string(),
    };
    let bare: String = written.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let code = written.rsplit([':', '/', '#']).next().unwrap_or_default().trim().to_ascii_uppercase();
    let epsg = |codes: &[&str]| bare.contains("EPSG") && codes.contains(&code.as_str());
    let found = if bare.contains("GCJ02") {
        Crs::Gcj02
    } else if bare.contains("BD09") {
        Crs::Bd09
    } else if epsg(&["4326", "4979"]) || ["CRS84", "CRS84H", "WGS84", "WGS 84"].contains(&code.as_str()) {
        Crs::Wgs84
    } else if epsg(&["4490"]) {
        notes
            .push("crs names CGCS2000 (EPSG:4490); it is read as WGS 84, which is the same to a few decimetres".into());
        Crs::Wgs84
    } else {
        let shown: String = written.chars().take(80).collect();
        return Err(Refused::Unreadable(format!(
            "has coordinates in {shown:?}, which are not degrees of WGS 84; in QGIS choose Export > Save Features As, format GeoJSON, \
             CRS EPSG:4326"
        )));
    };
    Ok(Some((found, format!("crs: {}", written.chars().take(80).collect::<String>()))))
}

/// What a value is, without its features.
struct Outline {
    kind: String,
    crs: Option<Value>,
    list: bool,
}

struct OutlineSeed;

impl<'de> DeserializeSeed<'de> for OutlineSeed {
    type Value = Outline;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Outline, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OutlineSeed {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeoJSON")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Outline, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Outline { kind: String::new(), crs: None, list: true })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Outline, A::Error> {
        let mut outline = Outline { kind: String::new(), crs: None, list: false };
        while let Some(name) = object.next_key::<String>()? {
            match name.as_str() {
                "type" => outline.kind = object.next_value::<Word>()?.0,
                "crs" if outline.crs.is_some() => {
                    return Err(A::Error::custom("crs stands twice; remove one"));
                }
                "crs" => outline.crs = Some(object.next_value_seed(Member("crs"))?.value),
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(outline)
    }
}

struct Reader<'a> {
    sink: Sink<'a>,
    /// The reference system that the file names.
    crs: Option<Crs>,
    patches: Patches,
    features: u64,
    joined: u64,
    stopped: bool,
}

impl Reader<'_> {
    fn push<E: Error>(&mut self, raw: Raw) -> Result<(), E> {
        self.features += 1;
        let joined = raw
            .geometry
            .as_ref()
            .is_some_and(|geometry| geometry.kind == "MultiLineString" && geometry.coordinates.parts > 1);
        let mut item = self.patches.item(Place::Feature(self.features), raw);
        if let Item::Entry(entry) = &mut item {
            entry.crs = entry.crs.or(self.crs);
        }
        self.joined += u64::from(joined && matches!(item, Item::Line { .. }));
        if (self.sink)(item).is_break() {
            self.stopped = true;
            return Err(E::custom("whoever takes the items has had enough"));
        }
        Ok(())
    }
}

/// The members of a feature as they stand.
#[derive(Default)]
struct Raw {
    kind: String,
    id: Option<Built>,
    geometry: Option<Geometry>,
    properties: Option<Built>,
    /// Members that stood twice.
    twice: Vec<&'static str>,
}

impl Raw {
    /// Reads one member, if it is one of a feature's. What stands twice is read, said and not used.
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, object: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => {
                self.kind = object.next_value::<Word>()?.0;
                return Ok(());
            }
            "id" => {
                let before = self.id.replace(object.next_value_seed(Member("id"))?);
                self.twice.extend(before.map(|_| "id"));
            }
            "properties" => {
                let before = self.properties.replace(object.next_value_seed(Member(""))?);
                self.twice.extend(before.map(|_| "properties"));
            }
            "geometry" => {
                let before = std::mem::replace(&mut self.geometry, object.next_value_seed(GeometrySeed)?);
                self.twice.extend(before.map(|_| "geometry"));
            }
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// A value of the file: a collection, a feature, a bare geometry, or a list of features.
struct Root<'r, 'a>(&'r mut Reader<'a>);

impl<'de> DeserializeSeed<'de> for Root<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Root<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeoJSON")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Feature(&mut *self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let (mut raw, mut bare) = (Raw::default(), Geometry::default());
        while let Some(name) = object.next_key::<String>()? {
            match name.as_str() {
                "features" => object.next_value_seed(Features(&mut *self.0))?,
                "coordinates" => bare.coordinates = object.next_value_seed(shape::CoordinatesSeed)?,
                name => raw.member(name, &mut object)?,
            }
        }
        match raw.kind.as_str() {
            "FeatureCollection" => Ok(()),
            "Feature" => self.0.push(raw),
            _ => {
                bare.kind = std::mem::replace(&mut raw.kind, "Feature".into());
                self.0.push(Raw { kind: raw.kind, geometry: Some(bare), ..Raw::default() })
            }
        }
    }
}

/// The list of features.
struct Features<'r, 'a>(&'r mut Reader<'a>);

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
        while list.next_element_seed(Feature(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// One feature of the list.
struct Feature<'r, 'a>(&'r mut Reader<'a>);

impl<'de> DeserializeSeed<'de> for Feature<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Feature<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feature")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut raw = Raw::default();
        while let Some(name) = object.next_key::<String>()? {
            raw.member(&name, &mut object)?;
        }
        self.0.push(raw)
    }
}
