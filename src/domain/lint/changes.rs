//! What a publication has to be looked at for: the stops that differ from what is published, and those around them. Everything else
//! says now what it said before, so it is not looked at again.
//!
//! What is looked at is looked at in both states, and what is found in both is nothing new. So it does no harm to look at more than
//! differs; it must only be the same on both sides, and whole around what does differ: see [`Changes`].

use super::cells::{self, Level, Reach};
use super::journey::DETOUR_STOPS;
use super::questions::{self, Keys, SAME_KEYS_MIN};
use super::{Around, Circumstances, Finding, Findings, Level as Severity, Listed, Rule, Side, Take};
use crate::domain::route::{StudyRoute, Waypoint};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

/// Findings of one weight that are listed; all are counted.
const LISTED_MAX: usize = 10_000;
/// A stop's way is compared with that of its neighbours in the order, and theirs with this many stops before and behind them.
const AROUND_STOPS: usize = 2 * (DETOUR_STOPS + 3);

/// What is wrong in a new state, and what is worse in it than in the one before.
pub struct Review {
    known: HashMap<(Rule, u64), u32>,
    hasher: RandomState,
    errors: Listed,
    fresh: Listed,
    error_count: usize,
    fresh_counts: BTreeMap<&'static str, usize>,
}

impl Default for Review {
    fn default() -> Self {
        let listed = || Listed::new(LISTED_MAX);
        let (known, hasher) = (HashMap::new(), RandomState::new());
        Self { known, hasher, errors: listed(), fresh: listed(), error_count: 0, fresh_counts: BTreeMap::new() }
    }
}

impl Review {
    /// What blocks a publication, up to a bound.
    #[must_use]
    pub fn errors(&mut self) -> Vec<Finding> {
        std::mem::replace(&mut self.errors, Listed::new(LISTED_MAX)).finish()
    }

    /// The warnings that were not there before, up to a bound.
    #[must_use]
    pub fn fresh(&mut self) -> Vec<Finding> {
        std::mem::replace(&mut self.fresh, Listed::new(LISTED_MAX)).finish()
    }

    /// How many errors there are.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.error_count
    }

    /// How many warnings were not there before, rule by rule.
    #[must_use]
    pub fn fresh_counts(&self) -> &BTreeMap<&'static str, usize> {
        &self.fresh_counts
    }

    /// Compares title, summary and line.
    pub fn head(&mut self, before: Option<&StudyRoute>, now: &StudyRoute) {
        self.before(|out| before.into_iter().for_each(|route| super::check_head(out, route)));
        self.now(|out| super::check_head(out, now));
        self.known.clear();
    }

    /// Says so when no stop is left.
    pub fn count(&mut self, stops: usize) {
        let nothing = "the route has no waypoint; add at least one Point feature";
        self.now(|out| {
            if stops == 0 {
                out.add(Rule::NoWaypoint, "", nothing);
            }
        });
    }

    /// Compares one stop with itself. Its keys are looked at when those of its route differ.
    pub fn stop(
        &mut self,
        (before, keys_before): (Option<&Waypoint>, bool),
        (now, keys_now): (Option<&Waypoint>, bool),
        circumstances: &Circumstances<'_>,
    ) {
        self.before(|out| before.into_iter().for_each(|stop| look_at(out, stop, keys_before, circumstances)));
        self.now(|out| now.into_iter().for_each(|stop| look_at(out, stop, keys_now, circumstances)));
        self.known.clear();
    }

    /// Compares what the rules about several stops find, where that is looked up around the changes.
    pub fn around(&mut self, before: Around<'_>, now: Around<'_>) {
        self.before(|out| before.check(out));
        self.now(|out| now.check(out));
        self.known.clear();
    }

    /// Notes what these rules found in all of the route before; to be followed by [`Review::all_now`].
    pub fn all_before(&mut self, side: &Side) {
        self.before(|out| side.check(out));
    }

    /// Compares what they find now.
    pub fn all_now(&mut self, side: &Side) {
        self.now(|out| side.check(out));
        self.known.clear();
    }

    /// Compares whether all questions have one key.
    pub fn keys(&mut self, before: bool, now: bool) {
        let all = |same: bool| {
            move |out: &mut Findings<'_, '_>| {
                if same {
                    let message =
                        "all questions have the same key; put the right answers at different places among the options";
                    out.add(Rule::SameKey, "questions", message);
                }
            }
        };
        self.before(all(before));
        self.now(all(now));
        self.known.clear();
    }

    fn before<'a>(&mut self, look: impl for<'s> FnOnce(&mut Findings<'s, 'a>)) {
        let Self { known, hasher, .. } = self;
        let mut take = |_, finding: Finding| *known.entry(key(hasher, &finding)).or_default() += 1;
        look(&mut Findings::new(&mut take as &mut Take<'_>));
    }

    fn now<'a>(&mut self, look: impl for<'s> FnOnce(&mut Findings<'s, 'a>)) {
        let Self { known, hasher, errors, fresh, error_count, fresh_counts } = self;
        let mut take = |number, finding: Finding| {
            if finding.rule.level() == Severity::Error {
                *error_count += 1;
                errors.add(number, finding);
                return;
            }
            // One finding before covers one now.
            match known.get_mut(&key(hasher, &finding)) {
                Some(left) if *left > 0 => *left -= 1,
                _ => {
                    *fresh_counts.entry(finding.rule.name()).or_default() += 1;
                    fresh.add(number, finding);
                }
            }
        };
        look(&mut Findings::new(&mut take as &mut Take<'_>));
    }
}

/// What a finding is known again by: its rule, and a number for its waypoint and its property.
fn key(hasher: &RandomState, finding: &Finding) -> (Rule, u64) {
    (finding.rule, hasher.hash_one((&finding.waypoint, &finding.property)))
}

fn look_at<'a>(out: &mut Findings<'_, 'a>, stop: &'a Waypoint, own_keys: bool, circumstances: &Circumstances<'_>) {
    let place = usize::try_from(stop.body.order).unwrap_or_default().saturating_sub(1);
    super::check_stop(out, place, stop, Some(circumstances));
    if own_keys && let Some(same) = Keys::of(stop).same() {
        questions::add_same_key(out, same);
    }
}

/// The stops that differ, each as it was and as it is, numbered by their places; so few that what is around them can be looked up.
#[derive(Default)]
pub struct Changes {
    stops: Vec<(Option<Waypoint>, Option<Waypoint>)>,
}

/// What the questions of the stops that stay say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherKeys {
    /// There are none.
    None,
    /// All have this key; of these, so many stops are known, up to those that matter.
    One(String, usize),
    /// There are several.
    Several,
}

impl Changes {
    /// One more.
    pub fn add(&mut self, before: Option<Waypoint>, now: Option<Waypoint>) {
        self.stops.push((before, now));
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stops.len()
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stops.is_empty()
    }

    /// Each as it was and as it is.
    pub fn each(&self) -> impl Iterator<Item = (Option<&Waypoint>, Option<&Waypoint>)> {
        self.stops.iter().map(|(before, now)| (before.as_ref(), now.as_ref()))
    }

    /// The places around them, before and now, from 0.
    #[must_use]
    pub fn places(&self) -> Vec<Range<usize>> {
        let orders: BTreeSet<u32> = self.both().map(|stop| stop.body.order).collect();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for place in orders.into_iter().map(|order| usize::try_from(order).unwrap_or_default().saturating_sub(1)) {
            let (from, to) = (place.saturating_sub(AROUND_STOPS), place + AROUND_STOPS + 1);
            match ranges.last_mut() {
                Some(last) if last.end >= from => last.end = to,
                _ => ranges.push(from..to),
            }
        }
        ranges
    }

    /// The cells of zones that look into the cell of one of these, of the levels that there are; `None` when they are too many.
    #[must_use]
    pub fn seen_from(&self, levels: &[Level]) -> Option<HashSet<i64>> {
        let mut all = HashSet::new();
        for reach in self.both().filter_map(reach_of) {
            for level in levels.iter().filter(|level| **level <= reach.level) {
                all.extend(reach.seen_from(*level)?);
            }
        }
        Some(all)
    }

    /// The cells into which these, and those that look at them, look.
    #[must_use]
    pub fn looked_into(&self, others: &[Waypoint], levels: &[Level]) -> HashSet<i64> {
        let reaches: Vec<Reach> = self.both().chain(others).filter_map(reach_of).collect();
        cells::looked_into(&reaches, levels)
    }

    /// Whether all questions of the route have one key, before and now; `None` when that cannot be said without all of them.
    #[must_use]
    pub fn same_keys(&self, others: &OtherKeys) -> Option<(bool, bool)> {
        let side = |stops: &mut dyn Iterator<Item = &Waypoint>| {
            let mut keys = Keys::default();
            stops.for_each(|stop| keys.add(questions::keys_of(stop)));
            let OtherKeys::One(key, _) = others else { return keys.same().is_some() };
            keys.add(std::iter::once(key.as_str()));
            !keys.differ()
        };
        let before = side(&mut self.stops.iter().filter_map(|(before, _)| before.as_ref()));
        let now = side(&mut self.stops.iter().filter_map(|(_, now)| now.as_ref()));
        match others {
            OtherKeys::None => Some((before, now)),
            OtherKeys::Several => Some((false, false)),
            // When the keys begin to differ, every stop is asked for its own.
            OtherKeys::One(_, stops) => (*stops >= SAME_KEYS_MIN && (now || !before)).then_some((before, now)),
        }
    }

    fn both(&self) -> impl Iterator<Item = &Waypoint> {
        self.stops.iter().flat_map(|(before, now)| before.iter().chain(now))
    }
}

fn reach_of(waypoint: &Waypoint) -> Option<Reach> {
    Reach::of(waypoint.position, &waypoint.body.zone)
}
