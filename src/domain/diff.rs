//! What differs between two states of a study route: waypoint by waypoint, field by field.
//!
//! A waypoint is known by its id and its place in the list; the number written in it (`order`) follows from the place and is not
//! compared. It says what differs, not why, and cannot be applied: who wants the other state has it.

use super::geodesy::LatLon;
use super::route::{StudyRoute, Text, Waypoint};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;

mod text;

/// All differences between an older and a newer state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Diff {
    /// Fields of the route itself: its title and summary.
    pub fields: Vec<FieldChange>,
    /// The drawn line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<LineChange>,
    /// Waypoints that are new, in visiting order.
    pub added: Vec<Stop>,
    /// Waypoints that are no more, in their old order.
    pub removed: Vec<Stop>,
    /// Waypoints that are other than before, in visiting order.
    pub changed: Vec<WaypointChange>,
}

/// A waypoint that came or went.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Stop {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// Its place in the visiting order, from 1.
    pub order: usize,
}

/// A waypoint that is other than before.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WaypointChange {
    /// Its id.
    pub id: String,
    /// Its name now.
    pub title: Text,
    /// How far its position moved along the ellipsoid, metres to the decimetre; 0 is less than half of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_m: Option<f64>,
    /// Its place in the visiting order, where it is this waypoint that was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderChange>,
    /// Everything else.
    pub fields: Vec<FieldChange>,
}

/// Another place in the visiting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderChange {
    /// Before, from 1.
    pub from: usize,
    /// Now, from 1.
    pub to: usize,
}

/// A field with another value.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldChange {
    /// Where, such as `facts[1].source`. Counted in the older state for what is gone, else in the newer one.
    pub path: String,
    /// Before; null when it was not there.
    pub from: Value,
    /// Now; null when it is no more.
    pub to: Value,
}

/// Another line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct LineChange {
    /// How many positions it had.
    pub positions_before: usize,
    /// How many it has.
    pub positions_after: usize,
    /// How long it was, metres.
    pub length_before_m: f64,
    /// How long it is, metres.
    pub length_after_m: f64,
}

impl Diff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is other in `new` than in `old`.
#[must_use]
pub fn between(old: &StudyRoute, new: &StudyRoute) -> Diff {
    let (places, named) = (places(old), names(new));
    let before = |name: &Name<'_>| places.get(name).and_then(|&i| Some((i, old.waypoints.get(i)?)));
    let kept: Vec<usize> = named.iter().filter_map(|name| Some(before(name)?.0)).collect();
    let steady = longest_rise(&kept);
    let mut diff = Diff { fields: head(old, new), line: line(old, new), ..Diff::default() };
    for (i, (name, waypoint)) in named.iter().zip(&new.waypoints).enumerate() {
        match before(name) {
            None => diff.added.push(stop(i, waypoint)),
            Some((was, earlier)) => {
                let order = (!steady.contains(&was)).then_some(OrderChange { from: was + 1, to: i + 1 });
                diff.changed.extend(change(earlier, waypoint, order));
            }
        }
    }
    let still: BTreeSet<usize> = kept.into_iter().collect();
    let gone = old.waypoints.iter().enumerate().filter(|(i, _)| !still.contains(i));
    diff.removed = gone.map(|(i, waypoint)| stop(i, waypoint)).collect();
    diff
}

/// An id and how often it stood before: a draft may hold one twice.
type Name<'a> = (&'a str, usize);

fn names(route: &StudyRoute) -> Vec<Name<'_>> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut all = Vec::with_capacity(route.waypoints.len());
    for waypoint in &route.waypoints {
        let times = seen.entry(&waypoint.id).or_default();
        all.push((waypoint.id.as_str(), *times));
        *times += 1;
    }
    all
}

fn places(route: &StudyRoute) -> HashMap<Name<'_>, usize> {
    names(route).into_iter().enumerate().map(|(i, name)| (name, i)).collect()
}

/// The members of a longest rising subsequence: the stops that kept their order among themselves, so that only the others were
/// moved. Patience sorting, in n log n.
fn longest_rise(numbers: &[usize]) -> BTreeSet<usize> {
    let mut tails: Vec<usize> = Vec::new();
    let mut earlier: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    for (i, number) in numbers.iter().enumerate() {
        let pile = tails.partition_point(|&tail| numbers.get(tail) < Some(number));
        earlier.push(pile.checked_sub(1).and_then(|left| tails.get(left).copied()));
        match tails.get_mut(pile) {
            Some(tail) => *tail = i,
            None => tails.push(i),
        }
    }
    let end = tails.last().copied();
    std::iter::successors(end, |&i| earlier.get(i).copied().flatten()).filter_map(|i| numbers.get(i).copied()).collect()
}

fn stop(i: usize, waypoint: &Waypoint) -> Stop {
    Stop { id: waypoint.id.clone(), title: waypoint.body.title.clone(), order: i + 1 }
}

fn change(old: &Waypoint, new: &Waypoint, order: Option<OrderChange>) -> Option<WaypointChange> {
    let moved_m = (old.position != new.position).then(|| decimetre(old.position.distance_m(new.position)));
    let mut fields = Vec::new();
    compare("height_m", &Value::from(old.height_m), &Value::from(new.height_m), &mut fields);
    if old.body != new.body {
        let plain = |waypoint: &Waypoint| {
            let mut value = plain(&waypoint.body);
            value.as_object_mut().and_then(|members| members.remove("order"));
            value
        };
        compare("", &plain(old), &plain(new), &mut fields);
    }
    let differs = moved_m.is_some() || order.is_some() || !fields.is_empty();
    differs.then(|| WaypointChange { id: new.id.clone(), title: new.body.title.clone(), moved_m, order, fields })
}

fn head(old: &StudyRoute, new: &StudyRoute) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    compare("slug", &plain(&old.slug), &plain(&new.slug), &mut fields);
    compare("title", &plain(&old.title), &plain(&new.title), &mut fields);
    compare("summary", &plain(&old.summary), &plain(&new.summary), &mut fields);
    fields
}

/// What serde writes of it; these shapes have no keys that JSON could not write.
fn plain(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

fn line(old: &StudyRoute, new: &StudyRoute) -> Option<LineChange> {
    (old.line != new.line).then(|| LineChange {
        positions_before: old.line.len(),
        positions_after: new.line.len(),
        length_before_m: length_m(&old.line),
        length_after_m: length_m(&new.line),
    })
}

fn length_m(line: &[[f64; 2]]) -> f64 {
    let spot = |[lon, lat]: [f64; 2]| LatLon::new(lat, lon).ok();
    let legs = line.windows(2).filter_map(|pair| Some(spot(pair[0])?.distance_m(spot(pair[1])?)));
    decimetre(legs.sum())
}

fn decimetre(metres: f64) -> f64 {
    (metres * 10.0).round() / 10.0
}

/// Notes where two values differ, as deep inside as they are alike in shape.
fn compare(path: &str, old: &Value, new: &Value, out: &mut Vec<FieldChange>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(old), Value::Object(new)) => compare_members(path, old, new, out),
        // Rings of positions make sense only as a whole.
        (Value::Array(old), Value::Array(new)) if !old.iter().chain(new).any(Value::is_array) => {
            compare_lists(path, old, new, out);
        }
        _ => out.push(FieldChange { path: path.into(), from: old.clone(), to: new.clone() }),
    }
}

fn compare_members(path: &str, old: &Map<String, Value>, new: &Map<String, Value>, out: &mut Vec<FieldChange>) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let of = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
        compare(&path, &of(old), &of(new), out);
    }
}

/// Elements that are alike at the beginning and at the end are taken for the same, so that one that came or went is all that is
/// told.
fn compare_lists(path: &str, old: &[Value], new: &[Value], out: &mut Vec<FieldChange>) {
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[before..], &new[before..]);
    let behind = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old_rest[..old_rest.len() - behind], &new_rest[..new_rest.len() - behind]);
    for i in 0..old_rest.len().max(new_rest.len()) {
        let of = |list: &[Value]| list.get(i).cloned().unwrap_or_default();
        compare(&format!("{path}[{}]", before + i), &of(old_rest), &of(new_rest), out);
    }
}

#[cfg(test)]
mod tests;
