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

/// What it was in the middle of, and what came while it stood still, it does when others have done it long ago.
pub fn pause(rig: &mut Rig) {
    rig.under_load("node paused", |rig, scene| {
        let (pause, number) = (Duration::from_secs(if is_whole() { 10 } else { 6 }), rig.rng.usize(..NODES));
        let attempts: Vec<Attempt> =
            (0..LATE).map(|_| Attempt::inside(rig.rng.choice(&scene.people).unwrap(), &mut rig.rng)).collect();
        rig.fleet.node(number).signal("STOP");
        let (mut own, early) = send_twice(rig, number, &attempts, Instant::now() + pause);
        scene.own.append(&mut own);
        let back = scene.taken_within(BACK_WITHIN, &rig.service, &mut rig.rng);
        let told = format!("{} s; {LATE} check-ins waited in it, {early} of them", pause.as_secs());
        Seen { back: Some(back), note: format!("{told} taken by others meanwhile") }
    });
}

/// Sends check-ins to a node that stands still and to the others too; it goes on at that time. Gives also how many others had taken by then.
fn send_twice(rig: &Rig, paused: usize, attempts: &[Attempt], until: Instant) -> (Vec<Attempt>, usize) {
    let node: &Service = rig.fleet.node(paused);
    std::thread::scope(|scope| {
        let late: Vec<_> = attempts.iter().map(|attempt| scope.spawn(|| sent(attempt, node))).collect();
        rig.fleet.wait_until_in_use(paused, false);
        let others: Vec<_> = attempts.iter().map(|attempt| scope.spawn(|| sent(attempt, &rig.service))).collect();
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        let early = others.iter().filter(|other| other.is_finished()).count();
        rig.fleet.node(paused).signal("CONT");
        let both = late.into_iter().zip(others).map(|(late, other)| {
            let mut attempt = other.join().expect("another node takes it");
            attempt.hear(late.join().expect("and so does the paused one").outcome);
            attempt
        });
        (both.collect(), early)
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
            rig.fleet.setup = wrong(days);
            rig.fleet.replace(number);
            let attempt = Attempt::inside(&scene.people[number], &mut rig.rng);
            scene.own.push(sent(&attempt, rig.fleet.node(number)));
            let received = scene.own.last().and_then(Attempt::acked).unwrap()["received_at"].as_str().unwrap();
            let off_s = received.parse::<jiff::Timestamp>().unwrap().as_second() - now_ms() / 1_000;
            assert!((off_s - days * DAY_S).abs() < 60, "the clock of node {number} is off by {off_s} s");
        }
        scene.load.wait_for_new_acks(if is_whole() { 3_000 } else { 300 });
        rig.fleet.setup = right.clone();
        rig.fleet.replace(0);
        rig.fleet.replace(1);
        Seen { back: None, note: "one a day ahead, one a day behind; none refused".into() }
    });
}
