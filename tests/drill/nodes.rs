//! What befalls single nodes: they are killed, they stand still for a while, their clocks are wrong.

use crate::fleet::NODES;
use crate::ledger::{Attempt, Outcome, now_ms};
use crate::process::{PATIENCE, Service};
use crate::report::Seen;
use crate::rig::Rig;
use crate::{cycles, is_whole, shim};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How soon check-ins must be taken when one of three nodes is gone.
const BACK_WITHIN: Duration = Duration::from_secs(15);
const DAY_S: i64 = 86_400;
/// How often a node is stopped in the hope that it is in the middle of something.
const STOPS_MAX: usize = 100;
/// Check-ins that a paused node finds when it goes on.
const LATE: usize = 5;

pub fn kill(rig: &mut Rig) {
    rig.under_load("nodes killed", |rig, scene| {
        let mut slowest = Duration::ZERO;
        let kills = cycles(20, 3);
        for kill in 0..kills {
            scene.load.wait_for_acks_and_a_moment(40, &mut rig.rng);
            rig.fleet.kill9(kill % NODES);
            slowest = slowest.max(scene.taken_within(BACK_WITHIN, &rig.service, &mut rig.rng));
            rig.fleet.start_node(kill % NODES);
        }
        Seen { back: Some(slowest), note: format!("{kills} times") }
    });
}

/// It stands still in the middle of a transaction, with all that this has locked, and the others go on all the same. What it was doing, and
/// what came meanwhile, it does when others have done it long ago.
pub fn pause(rig: &mut Rig) {
    rig.under_load("node paused in a transaction", |rig, scene| {
        let (pause, number) = (Duration::from_secs(if is_whole() { 20 } else { 6 }), rig.rng.usize(..NODES));
        let attempts: Vec<Attempt> =
            (0..LATE).map(|_| Attempt::inside(rig.rng.choice(&scene.people).unwrap(), &mut rig.rng)).collect();
        stop_in_a_transaction(rig, number);
        let paused = Instant::now();
        let (own, back) = send_twice(rig, number, &attempts, paused + pause);
        scene.own.extend(own);
        let note = format!("{:.0?}; what waited in it, others had taken", paused.elapsed());
        Seen { back: Some(back), note }
    });
}

/// Stops it again and again until it has begun a transaction that it does not end.
fn stop_in_a_transaction(rig: &mut Rig, number: usize) {
    let open = "select count(*) from pg_stat_activity where datname = current_database()
        and state = 'idle in transaction' and xact_start < clock_timestamp() - interval '200 ms'";
    for _ in 0..STOPS_MAX {
        std::thread::sleep(Duration::from_millis(rig.rng.u64(20..60)));
        rig.fleet.node(number).signal("STOP");
        std::thread::sleep(Duration::from_millis(400));
        if rig.pair.sql(open).as_deref() != Some("0") {
            return;
        }
        rig.fleet.node(number).signal("CONT");
    }
    panic!("node {number} is never in a transaction");
}

/// Sends check-ins to a node that stands still and then to the others, who must take them meanwhile; the node goes on at that time, or when they
/// have. Gives also how long that took them.
fn send_twice(rig: &Rig, paused: usize, attempts: &[Attempt], until: Instant) -> (Vec<Attempt>, Duration) {
    let (node, since): (&Service, _) = (rig.fleet.node(paused), Instant::now());
    std::thread::scope(|scope| {
        let late: Vec<_> = attempts.iter().map(|attempt| scope.spawn(|| sent(attempt, node))).collect();
        rig.fleet.wait_until_in_use(paused, false);
        let mut taken: Vec<Attempt> = attempts.iter().map(|attempt| sent(attempt, &rig.service)).collect();
        let back = since.elapsed();
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        rig.fleet.node(paused).signal("CONT");
        for (attempt, late) in taken.iter_mut().zip(late) {
            attempt.hear(late.join().expect("the paused one says the same").outcome);
        }
        assert!(back < BACK_WITHIN, "the others took {back:?}");
        (taken, back)
    })
}

/// A copy of an attempt, sent until it is taken.
fn sent(attempt: &Attempt, service: &Service) -> Attempt {
    let mut copy =
        Attempt { who: Arc::clone(&attempt.who), body: attempt.body.clone(), outcome: Outcome::Sent, ..*attempt };
    let since = Instant::now();
    while !matches!(copy.send(service), Outcome::Acked(_)) {
        assert!(since.elapsed() < PATIENCE, "never taken: {copy:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    copy
}

pub fn wrong_clocks(rig: &mut Rig) {
    let Some(library) = shim::build("clock", include_str!("clock.c")) else { return };
    let right = rig.fleet.setup.clone();
    let wrong = |days: i64| {
        let setup = right.clone().env("LD_PRELOAD", &library);
        setup.env("STUDYROUTE_TEST_CLOCK_S", (days * DAY_S).to_string())
    };
    rig.under_load("clocks a day off", |rig, scene| {
        for (number, days) in [(0, 1), (1, -1)] {
            rig.fleet.exchange(number, &wrong(days));
            let attempt = Attempt::inside(&scene.people[number], &mut rig.rng);
            scene.own.push(sent(&attempt, rig.fleet.node(number)));
            let received = scene.own.last().and_then(Attempt::acked).unwrap()["received_at"].as_str().unwrap();
            let off_s = received.parse::<jiff::Timestamp>().unwrap().as_second() - now_ms() / 1_000;
            assert!((off_s - days * DAY_S).abs() < 60, "the clock of node {number} is off by {off_s} s");
        }
        scene.load.wait_for_new_acks(if is_whole() { 3_000 } else { 300 });
        rig.fleet.exchange(0, &right);
        rig.fleet.exchange(1, &right);
        Seen { back: None, note: "one a day ahead, one a day behind; none refused".into() }
    });
}
