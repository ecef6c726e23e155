//! One feature to one item: what its geometry draws, and its properties as a merge patch. Properties in the route file's own shape
//! go in as they are; others by what their names mean.

use super::Raw;
use super::shape::{Coordinates, Geometry};
use crate::domain::route::WaypointBody;
use crate::formats::named::{Names, line_patch};
use crate::formats::{Entry, Item, LINE_POSITIONS_MAX, Mistake, Place, Position, Understood, columns};
use serde_json::{Map, Value};

/// The properties of a waypoint in a route file.
const OWN: [&str; 14] = [
    "order",
    "title",
    "summary",
    "zone",
    "themes",
    "county",
    "period",
    "heritage",
    "altitude",
    "facts",
    "questions",
    "exhibits",
    "coordinate",
    "opening_hours",
];

/// What a geometry is to a route.
enum Drawn {
    Nothing,
    Point(Position),
    Line(Vec<Position>),
    Mistaken(String, &'static str),
    Unfit(&'static str),
}

/// Makes items of features, and remembers the names of their properties.
#[derive(Default)]
pub(super) struct Patches {
    names: Names,
}

impl Patches {
    pub(super) fn into_understood(self, understood: &mut Understood) {
        self.names.into_understood(understood);
    }

    pub(super) fn item(&mut self, place: Place, raw: Raw) -> Item {
        let Raw { kind, id, geometry, properties, twice } = raw;
        let drawn = match drawn(geometry) {
            Drawn::Unfit(reason) => return Item::Skipped { place, reason: reason.into() },
            drawn => drawn,
        };
        let mut entry = Entry { place, id: None, position: None, crs: None, patch: Map::new(), mistakes: Vec::new() };
        for member in twice {
            entry.mistakes.push(Mistake::new(member, "", "stands twice in one feature; remove one"));
        }
        if kind != "Feature" {
            entry.mistakes.push(Mistake::new("type", &kind, "must be Feature; export the layer again"));
        }
        let mut height_m = None;
        if let Some(properties) = properties {
            for (path, message) in properties.faults {
                entry.mistakes.push(Mistake::new(&path, "", message));
            }
            height_m = self.properties(&mut entry, properties.value);
        }
        match id.map(|id| id.value) {
            Some(Value::String(id)) => entry.id = Some(id),
            Some(Value::Number(id)) => entry.id = Some(id.to_string()),
            None | Some(Value::Null) => (),
            Some(other) => {
                entry.mistakes.push(Mistake::new(
                    "id",
                    &other.to_string(),
                    "must be a text; write a name such as stone-bridge",
                ));
            }
        }
        match drawn {
            Drawn::Line(mut positions) => {
                if positions.len() > LINE_POSITIONS_MAX {
                    positions.truncate(LINE_POSITIONS_MAX);
                    let message = format!("has more than {LINE_POSITIONS_MAX} positions; simplify the line");
                    entry.mistakes.push(Mistake::new("geometry", "", message));
                }
                let Entry { id, patch, mistakes, .. } = entry;
                return Item::Line { place, positions, patch: line_patch(id, patch), mistakes };
            }
            Drawn::Point(position) => {
                entry.position = Some(Position { height_m: position.height_m.or(height_m), ..position });
            }
            Drawn::Mistaken(written, message) => entry.mistakes.push(Mistake::new("geometry", &written, message)),
            Drawn::Nothing | Drawn::Unfit(_) => (),
        }
        Item::Entry(entry)
    }

    /// Returns the height above the ellipsoid, where a property says it.
    fn properties(&mut self, entry: &mut Entry, properties: Value) -> Option<f64> {
        let members = match properties {
            Value::Object(members) => members,
            Value::Null => return None,
            other => {
                entry.mistakes.push(Mistake::new(
                    "properties",
                    &other.to_string(),
                    "must be an object; export the layer again",
                ));
                return None;
            }
        };
        let is_own = |name: &String, value: &Value| {
            let nested = matches!(value, Value::Object(_) | Value::Array(_) | Value::Null);
            OWN.contains(&name.as_str()) && (nested || columns::field_of(name).is_none())
        };
        let (own, others): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, value)| is_own(name, value));
        let height_m = self.names.take(entry, others.into_iter());
        for (name, value) in own {
            self.names.own(&name);
            match misfit(&name, &value) {
                None => drop(entry.patch.insert(name, value)),
                Some((path, message)) => entry.mistakes.push(Mistake::new(&path, &value.to_string(), message)),
            }
        }
        height_m
    }
}

/// Where and why a value does not fit a property of the route file.
fn misfit(name: &str, value: &Value) -> Option<(String, String)> {
    let mut value = value.clone();
    if value.is_null() {
        return None;
    }
    without_nulls(&mut value);
    let body = Value::Object(Map::from_iter([(name.to_string(), value)]));
    let error = serde_path_to_error::deserialize::<_, WaypointBody>(body).err()?;
    let path = error.path().to_string();
    Some((path, format!("cannot be used: {}", error.into_inner())))
}

/// Null empties a member, whatever its type.
fn without_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(without_nulls);
    }
}

fn drawn(geometry: Option<Geometry>) -> Drawn {
    const COORDINATES: &str =
        "the coordinates cannot be read; write [longitude, latitude] in degrees, such as [116.98, 35.59]";
    let Some(Geometry { kind, coordinates, broken }) = geometry else { return Drawn::Nothing };
    if broken {
        return Drawn::Mistaken(kind, "is no geometry, or says something twice; export the layer again");
    }
    let Coordinates { nesting, positions, odd, .. } = coordinates;
    if let (Some(odd), "Point" | "MultiPoint" | "LineString" | "MultiLineString") = (&odd, kind.as_str()) {
        return Drawn::Mistaken(odd.clone(), COORDINATES);
    }
    match (kind.as_str(), nesting, positions.as_slice()) {
        ("Point", 1, [position]) | ("MultiPoint", 2, [position]) => Drawn::Point(*position),
        ("LineString", 2, _) | ("MultiLineString", 3, _) => Drawn::Line(positions),
        ("MultiPoint", 2, _) => {
            Drawn::Unfit("a feature of several points; in QGIS use Vector > Geometry Tools > Multipart to Singleparts")
        }
        ("Point" | "MultiPoint" | "LineString" | "MultiLineString", ..) => Drawn::Mistaken(kind, COORDINATES),
        ("Polygon" | "MultiPolygon", ..) => {
            Drawn::Unfit("an area, which is neither a place nor a line; mark the place with a point")
        }
        ("GeometryCollection", ..) => Drawn::Unfit("a collection of shapes; export each as a feature of its own"),
        _ => Drawn::Mistaken(kind, "is no type of geometry; a place is a Point, a line a LineString"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::route::{Altitude, OpeningHours};

    #[test]
    fn the_own_properties_are_those_of_a_route_file() {
        let mut known: Vec<String> = OWN.iter().map(ToString::to_string).collect();
        let body = WaypointBody {
            order: 1,
            altitude: Some(Altitude::default()),
            opening_hours: Some(OpeningHours::default()),
            ..Default::default()
        };
        let Value::Object(members) = serde_json::to_value(body).expect("JSON") else { panic!("an object") };
        let mut all: Vec<String> = members.keys().cloned().collect();
        known.sort();
        all.sort();
        assert_eq!(known, all);
    }
}
