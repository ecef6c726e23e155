//! What the draft has: names, places and digests, not the texts, in as little memory as may be, because a route may have a million
//! waypoints. Tells which waypoint a row without an id is about.

use super::names::slug;
use crate::domain::geodesy::LatLon;
use crate::domain::route::Text;
use crate::formats::{Entry, Place};
use crate::store::{Glance, StoreError, hash};
use indexmap::IndexSet;
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Waypoints of one name that are compared with a row for the nearest.
const NAMESAKES_MAX: usize = 100;

/// Numbers a waypoint: those of the draft by their places from 0, those that the file adds behind them as they come.
pub type Number = u32;

/// The ids of the draft and of the file; which of them rows have taken.
#[derive(Debug, Default)]
pub struct Ids {
    names: IndexSet<Box<str>>,
    taken: Vec<Option<Place>>,
}

impl Ids {
    /// The number of an id, which is given one.
    pub fn number(&mut self, id: &str) -> Number {
        let at = self.names.get_index_of(id).unwrap_or_else(|| {
            self.taken.push(None);
            self.names.insert_full(id.into()).0
        });
        Number::try_from(at).unwrap_or(Number::MAX)
    }

    /// The number of an id that is known.
    pub fn find(&self, id: &str) -> Option<Number> {
        self.names.get_index_of(id).and_then(|at| Number::try_from(at).ok())
    }

    /// The id of a number.
    pub fn name(&self, number: Number) -> &str {
        self.names.get_index(number as usize).map_or("", |id| id)
    }

    /// The row that has taken it.
    pub fn taken(&self, number: Number) -> Option<Place> {
        self.taken.get(number as usize).copied().flatten()
    }

    /// Gives it to a row.
    pub fn take(&mut self, number: Number, place: Place) {
        if let Some(taken) = self.taken.get_mut(number as usize) {
            *taken = Some(place);
        }
    }

    fn is_free(&self, id: &str) -> bool {
        self.find(id).is_none()
    }
}

/// What the draft has.
#[derive(Debug, Default)]
pub struct Known {
    /// By their numbers.
    stops: Vec<Stop>,
    hasher: RandomState,
    /// Digest of a name, and who has it; in the order of these when all are there.
    titles: Vec<(u64, Number)>,
    /// Names of several waypoints that were asked for, with those that may still be free.
    namesakes: HashMap<u64, Vec<Number>>,
}

/// A waypoint of the draft.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// What its content is told apart by.
    pub digest: u128,
    /// Where it is.
    pub position: LatLon,
}

/// Enough of a digest to tell two contents apart.
pub fn digest(hash: &str) -> u128 {
    hash.get(..32).and_then(|digits| u128::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

impl Known {
    /// How many waypoints have been noted.
    pub fn len(&self) -> Number {
        Number::try_from(self.stops.len()).unwrap_or(Number::MAX)
    }

    /// Notes a waypoint of the draft; they come in their order.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn add(&mut self, document: &str, ids: &mut Ids) -> Result<(), StoreError> {
        let glance = Glance::read(document)?;
        let number = ids.number(&glance.id);
        let names = titles_of(glance.title()).map(|title| (self.hasher.hash_one(title), number));
        self.titles.extend(names);
        self.stops.push(Stop { digest: digest(&hash(document)), position: glance.position });
        Ok(())
    }

    /// All have been noted.
    pub fn finish(&mut self) {
        self.titles.sort_unstable();
        self.titles.dedup();
    }

    /// The waypoint of a number, if the draft has it.
    pub fn stop(&self, number: Number) -> Option<&Stop> {
        self.stops.get(number as usize)
    }

    /// The waypoint of one of these names that no row has taken; of several the one nearest to the row, or else the first.
    pub fn named(&mut self, names: &[String], position: Option<LatLon>, ids: &Ids) -> Option<Number> {
        names.iter().find_map(|name| self.namesake(name, position, ids))
    }

    fn namesake(&mut self, name: &str, position: Option<LatLon>, ids: &Ids) -> Option<Number> {
        let digest = self.hasher.hash_one(name);
        let from = self.titles.partition_point(|(other, _)| *other < digest);
        let run = self.titles.get(from..)?;
        let run = run.get(..run.partition_point(|(other, _)| *other == digest))?;
        if let [] | [_] = run {
            return run.first().map(|(_, number)| *number).filter(|number| ids.taken(*number).is_none());
        }
        let namesakes = self.namesakes.entry(digest).or_insert_with(|| run.iter().map(|(_, number)| *number).collect());
        // What is taken stays taken, and the next row of this name need not walk past it.
        let mut free = 0;
        namesakes.retain(|number| {
            let keep = free >= NAMESAKES_MAX || ids.taken(*number).is_none();
            free += usize::from(keep);
            keep
        });
        let off_m = |number: &Number| match (position, self.stops.get(*number as usize)) {
            (Some(position), Some(stop)) => position.distance_m(stop.position),
            _ => 0.0,
        };
        let free = namesakes.iter().take(NAMESAKES_MAX);
        free.min_by(|a, b| off_m(a).total_cmp(&off_m(b))).copied()
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
    pub fn next(&mut self, name: &str, ids: &Ids) -> String {
        let base = slug(name);
        let number = self.numbers.entry(base.clone()).or_default();
        loop {
            *number += 1;
            let id = if *number == 1 { base.clone() } else { format!("{base}-{number}") };
            if ids.is_free(&id) {
                return id;
            }
        }
    }
}

fn titles_of(title: &Text) -> impl Iterator<Item = &str> {
    [title.zh_cn.trim(), title.en.trim()].into_iter().filter(|title| !title.is_empty())
}

/// The names that a row gives, Chinese first.
pub fn names_of(entry: &Entry) -> Vec<String> {
    let title = entry.patch.get("title");
    let name = |lang: &str| title.and_then(|title| title.get(lang)).and_then(Value::as_str).unwrap_or_default().trim();
    ["zh-CN", "en"].into_iter().map(name).filter(|name| !name.is_empty()).map(str::to_string).collect()
}
