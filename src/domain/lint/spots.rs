//! What the rules about several stops need of one: where it stands in the order and on the earth. So a route of any length is looked
//! at without its texts, and a part of a route like the whole.

use super::questions::{self, Keys};
use super::{Findings, Rule, journey, overlap, places};
use crate::domain::geodesy::LatLon;
use crate::domain::route::Waypoint;
use crate::domain::zone::Zone;

/// A stop without its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Its place in the order, from 0.
    pub place: usize,
    /// Its id.
    pub id: Box<str>,
    /// Where it is.
    pub position: LatLon,
    /// Where presence counts.
    pub zone: Zone,
}

impl Spot {
    /// A waypoint's, at a place.
    #[must_use]
    pub fn of(place: usize, waypoint: &Waypoint) -> Self {
        let (id, position, zone) = (waypoint.id.as_str().into(), waypoint.position, waypoint.body.zone.clone());
        Self { place, id, position, zone }
    }
}

/// Stops of a route in their order, all of them or some.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Those that are known.
    pub spots: &'a [Spot],
    /// How many there are.
    pub count: usize,
}

impl<'a> Around<'a> {
    /// Where in `spots` the stop of a place is.
    pub(super) fn index(&self, place: usize) -> Option<usize> {
        if self.spots.get(place).is_some_and(|spot| spot.place == place) {
            return Some(place);
        }
        self.spots.binary_search_by_key(&place, |spot| spot.place).ok()
    }

    /// The rules about several stops, for what is known.
    pub(super) fn check(self, out: &mut Findings<'_, 'a>) {
        journey::check_legs(out, self);
        places::check_same(out, self.spots);
        journey::check_detours(out, self);
        overlap::check(out, self.spots);
    }
}

/// All stops of a route without their texts, one after the other.
#[derive(Default)]
pub struct Side {
    spots: Vec<Spot>,
    keys: Keys,
    /// Stops whose questions have one key, which is told where those of the route differ.
    one_key: Vec<(usize, Box<str>, usize)>,
}

impl Side {
    /// The next stop, and the keys of its questions.
    pub fn add<'k>(&mut self, spot: Spot, keys: impl Iterator<Item = &'k str> + Clone) {
        let mut own = Keys::default();
        own.add(keys.clone());
        if let Some((key, count)) = own.same() {
            self.one_key.push((self.spots.len(), key.into(), count));
        }
        self.keys.add(keys);
        self.spots.push(spot);
    }

    /// How many have come.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// Whether none has come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// Every name stands once.
    pub(super) fn check_ids<'a>(&'a self, out: &mut Findings<'_, 'a>) {
        let mut sorted: Vec<&Spot> = self.spots.iter().collect();
        sorted.sort_by_key(|spot| (&spot.id, spot.place));
        for pair in sorted.windows(2).filter(|pair| pair[0].id == pair[1].id) {
            out.turn_to(pair[1].place, &pair[1].id);
            out.add(Rule::DuplicateId, "id", "this id stands twice in the file; every waypoint needs its own");
        }
    }

    /// The rules about several stops. Children find out soon that the answer is always b.
    pub(super) fn check<'a>(&'a self, out: &mut Findings<'_, 'a>) {
        if let Some(same) = self.keys.same() {
            out.turn_to_route();
            questions::add_same_key(out, same);
        } else {
            for (i, key, count) in &self.one_key {
                let Some(spot) = self.spots.get(*i) else { continue };
                out.turn_to(spot.place, &spot.id);
                questions::add_same_key(out, (key, *count));
            }
        }
        Around { spots: &self.spots, count: self.spots.len() }.check(out);
    }
}
