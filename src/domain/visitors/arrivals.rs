//! Who comes when: classes by bus, families, people alone; and at which stops they are when.

use super::figures::{
    CLASS_ARRIVES_H, CLASS_PAUSE_MIN, CLASS_SHARE_SCHOOL_DAY, CLASS_SHARE_WEEKEND, CLASS_SIZE, CLASS_STAYS_H, CLOSES_H,
    FAMILY_SHARE, FAMILY_SIZE, LAST_ARRIVAL_H, OPENS_H, OTHERS_ARRIVE_H, OTHERS_PAUSE_MIN, OTHERS_STAY_H,
    PAUSE_RANGE_MIN, STAY_RANGE_H,
};
use super::{Known, Plan};
use crate::domain::rehearsal::figures::{WALK_M_S, WALK_SPREAD_M_S};
use crate::domain::rehearsal::phone::{self, Chance};
use crate::domain::rehearsal::walk::{Leg, PACE_RANGE_M_S};
use crate::domain::time::{self, Day};
use rand::RngExt;
use rand_distr::StandardNormal;

/// Streams of parties, apart from those of visitors.
const PARTIES: u64 = 0x7061_7274_6965_7321;
/// 1970-01-01 was a Thursday.
const WEEKDAY_OF_DAY_0: Day = 3;

/// Who comes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Children with a teacher, by bus.
    Class,
    /// A few people.
    Family,
    /// One person.
    Single,
}

/// A party: it walks together and has one address.
#[derive(Clone, Debug)]
pub struct Party {
    /// From 0.
    pub number: u32,
    /// What it is.
    pub kind: Kind,
    /// The number of its first visitor; the others follow.
    pub first_visitor: u32,
    /// How many they are.
    pub size: u32,
    /// Which study route they walk.
    pub trail: usize,
    /// When they arrive.
    pub arrives_ms: i64,
    /// Where they are when; at least one.
    pub stays: Vec<Stay>,
}

/// A pause at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Which stop of the trail.
    pub stop: usize,
    /// They come.
    pub from_ms: i64,
    /// They go.
    pub until_ms: i64,
}

impl Party {
    /// When they go home.
    #[must_use]
    pub fn leaves_ms(&self) -> i64 {
        self.stays.last().map_or(self.arrives_ms, |stay| stay.until_ms)
    }
}

/// All parties of a day, in the order of their arrival.
pub(super) fn gather(plan: &Plan, trails: &[Vec<Known>]) -> Vec<Party> {
    let is_weekend = (plan.day + WEEKDAY_OF_DAY_0).rem_euclid(7) >= 5;
    let class_share = if is_weekend { CLASS_SHARE_WEEKEND } else { CLASS_SHARE_SCHOOL_DAY };
    let mut parties = Vec::new();
    let (mut number, mut come) = (0, 0);
    while come < plan.visitors {
        let mut chance = phone::stream(plan.seed ^ PARTIES, number, 0);
        let (kind, wanted) = kind(class_share, &mut chance);
        let size = wanted.min(plan.visitors - come);
        let trail = chance.random_range(0..trails.len());
        let mut party = Party { number, kind, first_visitor: come, size, trail, arrives_ms: 0, stays: Vec::new() };
        if let Some(trail) = trails.get(trail) {
            walk(&mut party, time::day_begins_ms(plan.dated), trail, &mut chance);
        }
        parties.push(party);
        (number, come) = (number + 1, come + size);
    }
    parties.sort_by_key(|party| party.arrives_ms);
    parties
}

/// What kind of party comes next, and how large. Shares are of visitors, so large parties are drawn less often.
fn kind(class_share: f64, chance: &mut Chance) -> (Kind, u32) {
    let mean = |(least, most): (u32, u32)| f64::from(least + most) / 2.0;
    let classes = class_share / mean(CLASS_SIZE);
    let families = (1.0 - class_share) * FAMILY_SHARE / mean(FAMILY_SIZE);
    let singles = (1.0 - class_share) * (1.0 - FAMILY_SHARE);
    let place = chance.random::<f64>() * (classes + families + singles);
    let mut size = |(least, most): (u32, u32)| chance.random_range(least..=most);
    if place < classes {
        (Kind::Class, size(CLASS_SIZE))
    } else if place < classes + families {
        (Kind::Family, size(FAMILY_SIZE))
    } else {
        (Kind::Single, 1)
    }
}

/// The party's day: from a stop of the first half onwards in the route's order, until their time is over or the gates close.
fn walk(party: &mut Party, midnight_ms: i64, trail: &[Known], chance: &mut Chance) {
    let is_class = party.kind == Kind::Class;
    let (arrives, stays, pause) = if is_class {
        (CLASS_ARRIVES_H, CLASS_STAYS_H, CLASS_PAUSE_MIN)
    } else {
        (OTHERS_ARRIVE_H, OTHERS_STAY_H, OTHERS_PAUSE_MIN)
    };
    let arrives_s = 3_600.0 * drawn(arrives, (OPENS_H, LAST_ARRIVAL_H), chance);
    let time_is_up_s = (arrives_s + 3_600.0 * drawn(stays, STAY_RANGE_H, chance)).min(3_600.0 * CLOSES_H);
    let pace_m_s = drawn((WALK_M_S, WALK_SPREAD_M_S), PACE_RANGE_M_S, chance);
    party.arrives_ms = midnight_ms + milliseconds(arrives_s);
    let first = chance.random_range(0..trail.len().div_ceil(2));
    let mut clock_s = arrives_s;
    let mut before: Option<&Known> = None;
    for (stop, here) in trail.iter().enumerate().skip(first) {
        let from = before.map(|before| Leg::between(before.ground.site().position, here.ground.site().position));
        clock_s += from.map_or(0.0, |leg| leg.takes_s(pace_m_s));
        if before.is_some() && clock_s >= time_is_up_s {
            break;
        }
        let until_s = clock_s + 60.0 * drawn(pause, PAUSE_RANGE_MIN, chance);
        let at = |s: f64| midnight_ms + milliseconds(s);
        party.stays.push(Stay { stop, from_ms: at(clock_s), until_ms: at(until_s) });
        (clock_s, before) = (until_s, Some(here));
    }
}

/// Normal, cut off at both ends.
pub(super) fn drawn((mean, sigma): (f64, f64), (least, most): (f64, f64), chance: &mut Chance) -> f64 {
    let spread: f64 = chance.sample(StandardNormal);
    (mean + sigma * spread).clamp(least, most)
}

/// Seconds as milliseconds.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest number there is")]
pub fn milliseconds(s: f64) -> i64 {
    (s * 1_000.0).round() as i64
}
