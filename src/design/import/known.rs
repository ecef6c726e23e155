//! What the draft has: names, places and digests, not the texts. Tells which waypoint a row without an id is about.

use super::names::slug;
use crate::domain::geodesy::LatLon;
use crate::domain::route::{Waypoint, WaypointBody};
use crate::formats::{Entry, Place};
use crate::store::{StoreError, content_hash};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Waypoints of one name that are compared with a row for the nearest.
const NAMESAKES_MAX: usize = 100;

/// What the draft has.
#[derive(Debug, Default)]
pub struct Known {
    stops: HashMap<String, Stop>,
    /// The places of a name's waypoints in the order.
    titles: HashMap<String, BTreeSet<usize>>,
    order: Vec<String>,
}

/// A waypoint of the draft.
#[derive(Debug)]
pub struct Stop {
    /// Its place in the order.
    pub place: usize,
    /// What its content is told apart by.
    pub hash: String,
    /// Where it is.
    pub position: LatLon,
}

impl Known {
    /// How many waypoints have been noted.
    pub fn len(&self) -> i64 {
        i64::try_from(self.order.len()).unwrap_or(i64::MAX)
    }

    /// Notes a waypoint of the draft; they come in their order.
    pub fn add(&mut self, waypoint: &Waypoint) -> Result<(), StoreError> {
        let place = self.order.len();
        for title in titles_of(&waypoint.body) {
            self.titles.entry(title).or_default().insert(place);
        }
        let stop = Stop { place, hash: content_hash(waypoint)?, position: waypoint.position };
        self.stops.insert(waypoint.id.clone(), stop);
        self.order.push(waypoint.id.clone());
        Ok(())
    }

    /// The waypoint of an id.
    pub fn stop(&self, id: &str) -> Option<&Stop> {
        self.stops.get(id)
    }

    /// The ids in their order.
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// The waypoint of one of these names that no row has taken; of several the one nearest to the row, or else the first.
    pub fn named(
        &mut self,
        names: &[String],
        position: Option<LatLon>,
        taken: &HashMap<String, Place>,
    ) -> Option<String> {
        names.iter().find_map(|name| self.namesake(name, position, taken))
    }

    fn namesake(&mut self, name: &str, position: Option<LatLon>, taken: &HashMap<String, Place>) -> Option<String> {
        let places = self.titles.get_mut(name)?;
        let (mut gone, mut free) = (Vec::new(), Vec::new());
        for place in places.iter() {
            match self.order.get(*place).filter(|id| !taken.contains_key(*id)) {
                Some(id) => free.push(id),
                None => gone.push(*place),
            }
            if free.len() == NAMESAKES_MAX {
                break;
            }
        }
        // What is taken stays taken, and the next row of this name need not walk past it.
        for place in &gone {
            places.remove(place);
        }
        let off_m = |id: &str| match (position, self.stops.get(id)) {
            (Some(position), Some(stop)) => position.distance_m(stop.position),
            _ => 0.0,
        };
        free.into_iter().min_by(|a, b| off_m(a).total_cmp(&off_m(b))).cloned()
    }
}

/// New ids for names.
#[derive(Debug, Default)]
pub struct NewIds {
    /// The number that was given last to an id with this beginning.
    numbers: HashMap<String, u32>,
}

impl NewIds {
    /// An id made of a name, with a number where the bare one is not free.
    pub fn next(&mut self, name: &str, is_free: impl Fn(&str) -> bool) -> String {
        let base = slug(name);
        let number = self.numbers.entry(base.clone()).or_default();
        loop {
            *number += 1;
            let id = if *number == 1 { base.clone() } else { format!("{base}-{number}") };
            if is_free(&id) {
                return id;
            }
        }
    }
}

fn titles_of(body: &WaypointBody) -> impl Iterator<Item = String> {
    let titles = [body.title.zh_cn.trim(), body.title.en.trim()];
    titles.into_iter().filter(|title| !title.is_empty()).map(str::to_string)
}

/// The names that a row gives, Chinese first.
pub fn names_of(entry: &Entry) -> Vec<String> {
    let title = entry.patch.get("title");
    let name = |lang: &str| title.and_then(|title| title.get(lang)).and_then(Value::as_str).unwrap_or_default().trim();
    ["zh-CN", "en"].into_iter().map(name).filter(|name| !name.is_empty()).map(str::to_string).collect()
}
