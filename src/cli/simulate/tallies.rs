//! What was sent and what came of it, by kind of request: counted while phones run, told at the end.

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new participant.
    Participant,
    /// The list of routes.
    Routes,
    /// One route.
    Route,
    /// The stops of a route.
    Waypoints,
    /// One stop.
    Waypoint,
    /// What is near.
    Nearby,
    /// A lone check-in.
    CheckIn,
    /// Check-ins that waited.
    Batch,
    /// How far somebody has come.
    Progress,
    /// What the service keeps of a phone's check-ins, asked when all is over.
    Audit,
}

impl Kind {
    const ALL: [(Self, &'static str); 10] = [
        (Self::Participant, "participant"),
        (Self::Routes, "routes"),
        (Self::Route, "route"),
        (Self::Waypoints, "waypoints"),
        (Self::Waypoint, "waypoint"),
        (Self::Nearby, "nearby"),
        (Self::CheckIn, "check-in"),
        (Self::Batch, "batch"),
        (Self::Progress, "progress"),
        (Self::Audit, "audit"),
    ];
}

#[derive(Default)]
struct Figures {
    requests: u64,
    repeats: u64,
    answers: BTreeMap<u16, u64>,
    refusals: BTreeMap<String, u64>,
    failures: BTreeMap<&'static str, u64>,
    lost: BTreeMap<&'static str, u64>,
    items: u64,
    up_bytes: u64,
    down_bytes: u64,
    latencies_us: Vec<u32>,
}

/// All figures of a run. Phones share it.
pub struct Tallies {
    kinds: [Mutex<Figures>; Kind::ALL.len()],
    lag_us: Mutex<Vec<u32>>,
    /// Requests by simulated minute of the day.
    minutes: Mutex<BTreeMap<i64, u64>>,
}

/// A request that got its answer.
pub struct Answered<'a> {
    /// Which.
    pub status: u16,
    /// From when it was due.
    pub took: Duration,
    /// The message up.
    pub up_bytes: usize,
    /// The message down.
    pub down_bytes: usize,
    /// The code of a problem.
    pub refusal: Option<&'a str>,
}

impl Tallies {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { kinds: std::array::from_fn(|_| Mutex::default()), lag_us: Mutex::default(), minutes: Mutex::default() }
    }

    fn of(&self, kind: Kind) -> Option<MutexGuard<'_, Figures>> {
        Some(locked(self.kinds.get(kind as usize)?))
    }

    /// A request is sent, for the first time or again, with so many check-ins; `minute` is of the simulated day.
    pub fn sent(&self, kind: Kind, is_repeat: bool, items: usize, minute: i64) {
        if let Some(mut figures) = self.of(kind) {
            figures.requests += 1;
            figures.repeats += u64::from(is_repeat);
            figures.items += items as u64;
        }
        if kind != Kind::Audit {
            *locked(&self.minutes).entry(minute).or_default() += 1;
        }
    }

    /// It was answered.
    pub fn answered(&self, kind: Kind, answer: &Answered<'_>) {
        let Some(mut figures) = self.of(kind) else { return };
        *figures.answers.entry(answer.status).or_default() += 1;
        if let Some(code) = answer.refusal {
            *figures.refusals.entry(code.to_string()).or_default() += 1;
        }
        figures.up_bytes += answer.up_bytes as u64;
        figures.down_bytes += answer.down_bytes as u64;
        figures.latencies_us.push(micros(answer.took));
    }

    /// The service gave no answer.
    pub fn failed(&self, kind: Kind, why: &'static str) {
        if let Some(mut figures) = self.of(kind) {
            *figures.failures.entry(why).or_default() += 1;
        }
    }

    /// The simulated network lost it.
    pub fn lost(&self, kind: Kind, what: &'static str) {
        if let Some(mut figures) = self.of(kind) {
            *figures.lost.entry(what).or_default() += 1;
        }
    }

    /// How late this program was in sending something.
    pub fn late(&self, lag: Duration) {
        locked(&self.lag_us).push(micros(lag));
    }

    /// Everything, kinds in the order of a visit.
    #[must_use]
    pub fn told(&self) -> (Vec<KindReport>, Spread, Peak) {
        let kinds = Kind::ALL.iter().filter_map(|&(kind, name)| Some(told(name, &*self.of(kind)?)));
        (kinds.filter(|kind| kind.requests > 0).collect(), spread(&locked(&self.lag_us)), peak(&locked(&self.minutes)))
    }
}

/// Whoever panicked has counted or not; the rest is right.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}

/// What came of one kind of request.
#[derive(Debug, Serialize)]
pub struct KindReport {
    /// Its name.
    pub kind: &'static str,
    /// How many were sent, repeats included.
    pub requests: u64,
    /// How many of them were sent again.
    pub repeats: u64,
    /// Check-ins in them.
    pub items: u64,
    /// Answers by status.
    pub answers: BTreeMap<u16, u64>,
    /// Refusals by the code of the problem.
    pub refusals: BTreeMap<String, u64>,
    /// What got no answer, and why.
    pub failures: BTreeMap<&'static str, u64>,
    /// What the simulated network lost.
    pub lost: BTreeMap<&'static str, u64>,
    /// From when a request was due until its answer was there, without the simulated network.
    pub latency: Spread,
    /// The mean request: line, headers and body.
    pub up_bytes: u64,
    /// The mean answer.
    pub down_bytes: u64,
}

/// Milliseconds; half, nine tenths, 99 of 100 and all are no more than these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "units are in names, on the wire too")]
pub struct Spread {
    /// Half.
    pub p50_ms: f64,
    /// Nine tenths.
    pub p90_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// All.
    pub max_ms: f64,
}

/// The busiest minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Peak {
    /// Requests of the whole day.
    pub requests: u64,
    /// Requests of the busiest simulated minute.
    pub busiest_minute: u64,
}

fn told(kind: &'static str, figures: &Figures) -> KindReport {
    let answered = figures.latencies_us.len() as u64;
    let mean = |bytes: u64| bytes.checked_div(answered).unwrap_or(0);
    KindReport {
        kind,
        requests: figures.requests,
        repeats: figures.repeats,
        items: figures.items,
        answers: figures.answers.clone(),
        refusals: figures.refusals.clone(),
        failures: figures.failures.clone(),
        lost: figures.lost.clone(),
        latency: spread(&figures.latencies_us),
        up_bytes: mean(figures.up_bytes),
        down_bytes: mean(figures.down_bytes),
    }
}

/// Half, nine tenths, 99 of 100 and all of them are no more than this.
#[must_use]
pub fn spread(us: &[u32]) -> Spread {
    let mut sorted = us.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        f64::from(sorted.get(place).copied().unwrap_or(0)) / 1_000.0
    };
    Spread { p50_ms: at(50), p90_ms: at(90), p99_ms: at(99), max_ms: at(100) }
}

fn peak(minutes: &BTreeMap<i64, u64>) -> Peak {
    Peak { requests: minutes.values().sum(), busiest_minute: minutes.values().copied().max().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_what_was_measured() {
        let us: Vec<u32> = (1..=200).rev().map(|n| n * 1_000).collect();
        let expected = Spread { p50_ms: 100.0, p90_ms: 180.0, p99_ms: 198.0, max_ms: 200.0 };
        assert_eq!(spread(&us), expected);
        assert_eq!(spread(&[]), Spread::default());
        assert_eq!(spread(&[7_000]), Spread { p50_ms: 7.0, p90_ms: 7.0, p99_ms: 7.0, max_ms: 7.0 });
    }

    #[test]
    fn every_kind_is_counted_under_its_own_name() {
        for (place, (kind, _)) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place);
        }
    }
}
