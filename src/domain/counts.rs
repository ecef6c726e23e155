//! Counting people, visits and check-ins, exactly, over any range of days, without ever scanning the log.
//!
//! *People* of a range are distinct participants, so days cannot be added up. Instead each participant's active days are kept
//! as **steps**: a step `(day, previous active day)`. A participant is active in `from..=to` exactly when one of its steps has
//! its day in the range and its previous day before it, and then exactly one has. People of a range are therefore a plain sum
//! over steps, and steps of many participants add up. A late upload in the middle of somebody's history splits one step in
//! two. *Visits* are distinct (participant, waypoint, day); *check-ins* are check-ins.
//!
//! The same steps are kept per [`Scope`] (all, study route, waypoint; each also per hour of the day) and twice over: for any
//! evidence, and for `inside` verdicts alone. What the second lacks rests on uncertain evidence alone.
//!
//! Pure: a [`History`] in, [`Changes`] out. Refuses to store, and to hide small numbers: that is [`super::disclosure`].

use super::check_in::Verdict;
use super::time::{Day, LocalHour, local_hour};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// "No earlier active day."
pub const NEVER: Day = Day::MIN;

/// One accepted check-in as far as counting is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// When it happened.
    pub occurred_ms: i64,
    /// The store's number of the study route.
    pub route: i64,
    /// The store's number of the waypoint.
    pub waypoint: i64,
    /// How sure it is.
    pub verdict: Verdict,
}

/// Where distinct people are counted. `None` means all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Study route.
    pub route: Option<i64>,
    /// Waypoint; its route is named too.
    pub waypoint: Option<i64>,
    /// Hour of the day, 0–23.
    pub hour: Option<i8>,
}

/// Which check-ins a step rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// All accepted ones.
    Any,
    /// Only those with verdict `inside`.
    Inside,
}

/// The name of one counter in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// People who were active on `day` and before that on `previous` ([`NEVER`] if not).
    Step {
        /// Where.
        scope: Scope,
        /// On what evidence.
        evidence: Evidence,
        /// The active day.
        day: Day,
        /// The active day before it.
        previous: Day,
    },
    /// Check-ins and visits of a waypoint in an hour.
    Tally {
        /// Study route.
        route: i64,
        /// Waypoint.
        waypoint: i64,
        /// The hour.
        at: LocalHour,
    },
}

/// What is added to one counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// For a step.
    pub people: i64,
    /// For a tally: check-ins.
    pub check_ins: i64,
    /// For a tally: first recorded check-ins of a participant at the waypoint that day.
    pub visits: i64,
    /// For a tally: first recorded check-ins of a participant at the waypoint that hour.
    pub hour_visits: i64,
}

impl Amount {
    fn is_zero(self) -> bool {
        self == Self::default()
    }
}

/// Counters and what to add to them, in the order in which every writer must touch them (else two writers deadlock).
pub type Changes = BTreeMap<Counter, Amount>;

/// All accepted check-ins of one participant, in any order.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: Vec<Dated>,
    last_number: i64,
}

/// An entry with its calendar hour: finding that out costs more than everything that is done with it.
#[derive(Clone, Copy, Debug)]
struct Dated {
    entry: Entry,
    at: LocalHour,
}

impl Dated {
    fn new(entry: Entry) -> Self {
        Self { entry, at: local_hour(entry.occurred_ms) }
    }
}

impl History {
    /// Adds a check-in that the log already has under this number.
    pub fn recall(&mut self, entry: Entry, number: i64) {
        self.entries.push(Dated::new(entry));
        self.last_number = self.last_number.max(number);
    }

    /// The number that the next check-in will have in the log.
    #[must_use]
    pub fn next_number(&self) -> i64 {
        self.last_number + 1
    }

    /// How many check-ins.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether this participant has been at the waypoint before.
    #[must_use]
    pub fn has_been_at(&self, waypoint: i64) -> bool {
        self.entries().any(|entry| entry.waypoint == waypoint)
    }

    /// The check-ins just before and just after an instant, by event time: late uploads arrive in any order.
    pub fn neighbours(&self, occurred_ms: i64) -> impl Iterator<Item = &Entry> {
        let before = self.entries().filter(|e| e.occurred_ms <= occurred_ms).max_by_key(|e| e.occurred_ms);
        let after = self.entries().filter(|e| e.occurred_ms > occurred_ms).min_by_key(|e| e.occurred_ms);
        before.into_iter().chain(after)
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|dated| &dated.entry)
    }

    /// Adds one check-in and says, by adding to `changes`, what that does to the counters.
    pub fn record(&mut self, entry: Entry, changes: &mut Changes) {
        let new = Dated::new(entry);
        let mut tally = Amount { check_ins: 1, visits: 1, hour_visits: 1, ..Amount::default() };
        let scopes = scopes(&entry, new.at.hour);
        let mut chains = [[Chain::default(); 2]; 6];
        for known in &self.entries {
            if known.entry.waypoint == entry.waypoint && known.at.day == new.at.day {
                tally.visits = 0;
                tally.hour_visits *= i64::from(known.at.hour != new.at.hour);
            }
            for (scope, [any, inside]) in scopes.iter().zip(&mut chains) {
                if scope.holds(known) {
                    any.see(known.at.day, new.at.day);
                    if known.entry.verdict == Verdict::Inside {
                        inside.see(known.at.day, new.at.day);
                    }
                }
            }
        }
        add(changes, Counter::Tally { route: entry.route, waypoint: entry.waypoint, at: new.at }, tally);
        for (scope, [any, inside]) in scopes.into_iter().zip(chains) {
            any.step(scope, Evidence::Any, new.at.day, changes);
            if entry.verdict == Verdict::Inside {
                inside.step(scope, Evidence::Inside, new.at.day, changes);
            }
        }
        self.entries.push(new);
        self.last_number += 1;
    }

    /// Everything this participant has added to the counters.
    #[must_use]
    pub fn changes(&self) -> Changes {
        let (mut replay, mut changes) = (Self::default(), Changes::new());
        for &entry in self.entries() {
            replay.record(entry, &mut changes);
        }
        changes
    }
}

/// What a day meets in the chain of active days of one scope.
#[derive(Clone, Copy, Default)]
struct Chain {
    is_active: bool,
    previous: Option<Day>,
    next: Option<Day>,
}

impl Chain {
    /// Takes notice of one active day.
    fn see(&mut self, active: Day, day: Day) {
        match active.cmp(&day) {
            Ordering::Equal => self.is_active = true,
            Ordering::Less => self.previous = self.previous.max(Some(active)),
            Ordering::Greater => self.next = Some(self.next.map_or(active, |next| next.min(active))),
        }
    }

    /// Puts `day` into the chain, unless it is there.
    fn step(self, scope: Scope, evidence: Evidence, day: Day, changes: &mut Changes) {
        if self.is_active {
            return;
        }
        let previous = self.previous.unwrap_or(NEVER);
        let mut people = |day, previous, people| {
            add(changes, Counter::Step { scope, evidence, day, previous }, Amount { people, ..Amount::default() });
        };
        people(day, previous, 1);
        if let Some(next) = self.next {
            people(next, previous, -1);
            people(next, day, 1);
        }
    }
}

impl Scope {
    fn holds(self, known: &Dated) -> bool {
        self.route.is_none_or(|route| route == known.entry.route)
            && self.waypoint.is_none_or(|waypoint| waypoint == known.entry.waypoint)
            && self.hour.is_none_or(|hour| hour == known.at.hour)
    }
}

/// The six scopes that a check-in counts in.
fn scopes(entry: &Entry, hour: i8) -> [Scope; 6] {
    let (route, waypoint, hour) = (Some(entry.route), Some(entry.waypoint), Some(hour));
    let scope = |route, waypoint, hour| Scope { route, waypoint, hour };
    [
        scope(None, None, None),
        scope(None, None, hour),
        scope(route, None, None),
        scope(route, None, hour),
        scope(route, waypoint, None),
        scope(route, waypoint, hour),
    ]
}

fn add(changes: &mut Changes, counter: Counter, more: Amount) {
    let amount = changes.entry(counter).or_default();
    amount.people += more.people;
    amount.check_ins += more.check_ins;
    amount.visits += more.visits;
    amount.hour_visits += more.hour_visits;
    if amount.is_zero() {
        changes.remove(&counter);
    }
}

/// Adds `more` to `changes`, counter by counter.
pub fn merge(changes: &mut Changes, more: &Changes) {
    for (&counter, &amount) in more {
        add(changes, counter, amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const HOUR_MS: i64 = 3_600_000;

    fn entry() -> impl Strategy<Value = Entry> {
        (0..240i64, 0..2i64, 0..3i64, any::<bool>()).prop_map(|(hours, route, waypoint, inside)| Entry {
            occurred_ms: 1_790_000_000_000 + hours * HOUR_MS,
            route,
            waypoint: route * 10 + waypoint,
            verdict: if inside { Verdict::Inside } else { Verdict::Uncertain },
        })
    }

    fn people(all: &Changes, scope: Scope, evidence: Evidence, from: Day, to: Day) -> i64 {
        all.iter()
            .filter_map(|(counter, amount)| match *counter {
                Counter::Step { scope: s, evidence: e, day, previous }
                    if s == scope && e == evidence && (from..=to).contains(&day) && previous < from =>
                {
                    Some(amount.people)
                }
                _ => None,
            })
            .sum()
    }

    proptest! {
        #[test]
        fn people_of_any_range_and_scope_are_distinct_participants_in_any_order_of_arrival(
            log in prop::collection::vec((0..5usize, entry()), 0..60),
            start in 0..10i32, days in 0..10i32,
            route in prop::option::of(0..2i64), waypoint in prop::option::of(0..3i64), hour in prop::option::of(0..24i8),
            inside in any::<bool>(),
        ) {
            let mut histories = vec![History::default(); 5];
            let mut all = Changes::new();
            for &(who, entry) in &log {
                histories[who].record(entry, &mut all);
            }
            let from = local_hour(1_790_000_000_000).day + start;
            let to = from + days;
            let waypoint = route.and_then(|r| waypoint.map(|w| r * 10 + w));
            let scope = Scope { route, waypoint, hour };
            let evidence = if inside { Evidence::Inside } else { Evidence::Any };
            let truth: BTreeSet<usize> = log.iter().filter(|(_, e)| {
                let at = local_hour(e.occurred_ms);
                (from..=to).contains(&at.day) && scope.holds(&Dated::new(*e)) && (!inside || e.verdict == Verdict::Inside)
            }).map(|(who, _)| *who).collect();
            prop_assert_eq!(people(&all, scope, evidence, from, to), i64::try_from(truth.len()).expect("small"));
        }

        #[test]
        fn visits_are_distinct_and_check_ins_are_all(log in prop::collection::vec((0..5usize, entry()), 0..60)) {
            let mut histories = vec![History::default(); 5];
            let mut all = Changes::new();
            for &(who, entry) in &log {
                histories[who].record(entry, &mut all);
            }
            let sum = |pick: fn(&Amount) -> i64| all.values().map(pick).sum::<i64>();
            let of = |key: &dyn Fn(&Entry) -> (i64, LocalHour)| {
                let set: BTreeSet<_> = log.iter().map(|(who, e)| (*who, key(e))).collect();
                i64::try_from(set.len()).expect("small")
            };
            prop_assert_eq!(sum(|a| a.check_ins), i64::try_from(log.len()).expect("small"));
            prop_assert_eq!(sum(|a| a.visits), of(&|e| (e.waypoint, LocalHour { hour: 0, ..local_hour(e.occurred_ms) })));
            prop_assert_eq!(sum(|a| a.hour_visits), of(&|e| (e.waypoint, local_hour(e.occurred_ms))));
        }

        #[test]
        fn taking_a_participant_out_leaves_what_the_others_added(log in prop::collection::vec((0..3usize, entry()), 0..40)) {
            let mut histories = vec![History::default(); 3];
            let mut all = Changes::new();
            for &(who, entry) in &log {
                histories[who].record(entry, &mut all);
            }
            let mut again = Changes::new();
            for history in &histories {
                merge(&mut again, &history.changes());
            }
            prop_assert_eq!(all, again);
        }
    }

    #[test]
    fn neighbours_are_by_event_time_not_by_arrival() {
        let e = |occurred_ms, waypoint| Entry { occurred_ms, route: 1, waypoint, verdict: Verdict::Inside };
        let mut history = History::default();
        for (number, entry) in [(1, e(50, 5)), (2, e(10, 1)), (7, e(30, 3))] {
            history.recall(entry, number);
        }
        assert_eq!(history.next_number(), 8, "a gap in the log is not filled");
        let found: Vec<i64> = history.neighbours(31).map(|e| e.waypoint).collect();
        assert_eq!(found, [3, 5]);
        assert_eq!(history.neighbours(5).map(|e| e.waypoint).collect::<Vec<_>>(), [1]);
        assert!(history.has_been_at(3) && !history.has_been_at(4));
    }
}
