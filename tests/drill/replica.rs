//! Nodes ask the standby for counts. What they show is as new as they say, and whatever the standby misses decides nothing.

use crate::failover::promote;
use crate::fleet::NODES;
use crate::ledger::{Attempt, Outcome};
use crate::report::Seen;
use crate::rig::{Rig, Scene};
use crate::{is_whole, say};
use std::time::{Duration, Instant};

/// What counts lag when nothing is amiss: they are measured every second, on a busy machine.
const FRESH: Duration = Duration::from_secs(4);
/// What they lag when the standby stands still.
const OLD: Duration = Duration::from_secs(6);
/// A standby that lags more is not asked.
const TOO_OLD: Duration = Duration::from_mins(1);
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What the primary had, and when that was known.
type Truths = Vec<(Instant, u64)>;

pub fn counts(rig: &mut Rig) {
    let (plain, asking) = (rig.setup.clone(), rig.setup.clone().flag("--database-replica", &rig.pair.replica()));
    rig.under_load("counts asked of the standby", |rig, scene| {
        (0..NODES).for_each(|number| rig.fleet.exchange(number, &asking));
        let mut truths = Truths::new();
        stand_still(rig, scene, &mut truths);
        // The one that is asked is promoted, and the one that follows it is asked instead.
        let seen = promote(rig, scene, "");
        stand_still(rig, scene, &mut truths);
        (0..NODES).for_each(|number| rig.fleet.exchange(number, &plain));
        Seen { note: format!("{} looks, each as new as it said; before and after a promotion", truths.len()), ..seen }
    });
}

/// The standby hears everything and replays nothing, and goes on later.
fn stand_still(rig: &mut Rig, scene: &mut Scene, truths: &mut Truths) {
    let asks_standby = |number: usize| {
        let log = rig.fleet.node(number).log();
        let last = log.lines().rfind(|line| line.contains("counts are asked"));
        // A node begins with the first server that it is told of.
        last.map_or_else(|| rig.pair.is_standby_first(), |line| line.contains(rig.pair.standby()))
    };
    let since = Instant::now();
    while !(0..NODES).all(asks_standby) {
        assert!(since.elapsed() < PATIENCE, "not all nodes ask {}", rig.pair.standby());
        std::thread::sleep(LOOK_EVERY);
    }
    look_until(rig, truths, "fresh", |lag| lag.is_some_and(|lag| lag < FRESH));
    let mut known = Attempt::inside(&scene.people[0], &mut rig.rng);
    assert!(matches!(known.send(&rig.service), Outcome::Acked(_)), "{known:?}");
    rig.pair.pause_replay();
    let mut unheard = Attempt::inside(&scene.people[0], &mut rig.rng);
    assert!(matches!(unheard.send(&rig.service), Outcome::Acked(_)), "{unheard:?}");
    look_until(rig, truths, "old", |lag| lag.is_some_and(|lag| lag > OLD));
    let (shown, has) = (rig.counts(0)["check_ins"].as_u64(), truths.last().map(|truth| truth.1));
    assert!(shown < has, "the standby is not the one that is asked: {shown:?} of {has:?}");
    // What the standby has not is known all the same.
    for attempt in [known, unheard] {
        for number in 0..NODES {
            let again = rig.fleet.node(number).post("/v1/check-ins", &attempt.who.token, &attempt.body).unwrap();
            assert_eq!(again.status(), 200, "it was counted twice: {attempt:?}");
        }
        scene.own.push(attempt);
    }
    if is_whole() {
        look_until(rig, truths, "not asked", |lag| lag.is_none());
        say(&format!("a standby that lags more than {TOO_OLD:?} is not asked"));
    }
    rig.pair.resume_replay();
    look_until(rig, truths, "fresh again", |lag| lag.is_some_and(|lag| lag < FRESH));
}

/// Looks at the counts of all nodes until all lag as wanted. Whatever they show must be what the primary had at the time that they name, or more.
fn look_until(rig: &Rig, truths: &mut Truths, what: &str, is_wanted: impl Fn(Option<Duration>) -> bool) {
    let since = Instant::now();
    loop {
        let has = rig.pair.sql("select count(*) from check_ins").unwrap().parse().unwrap();
        truths.push((Instant::now(), has));
        let lags: Vec<_> = (0..NODES).map(|number| honest_lag(rig, number, truths)).collect();
        if lags.iter().all(|lag| is_wanted(*lag)) {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "counts are never {what}: {lags:?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// How old one node says that its counts are; they may not be older.
fn honest_lag(rig: &Rig, number: usize, truths: &Truths) -> Option<Duration> {
    let asked = Instant::now();
    let counts = rig.counts(number);
    let lag = counts["lag_s"].as_f64().map(Duration::from_secs_f64);
    let as_of = asked.checked_sub(lag.unwrap_or_default()).unwrap_or(asked);
    let had = truths.iter().rev().find(|(moment, _)| *moment <= as_of).map_or(0, |truth| truth.1);
    assert!(counts["check_ins"].as_u64() >= Some(had), "{had} had been there {lag:?} before: {counts}");
    lag
}
