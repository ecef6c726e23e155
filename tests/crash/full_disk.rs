//! The disk is full, or its syncs fail: check-ins are refused in order, everything else goes on, and it heals by itself.

use crate::audit::{assert_counts, more_participants, settle};
use crate::ledger::{Attempt, Outcome, Participant, totals};
use crate::load::Load;
use crate::process::Server;
use crate::shim::Disk;
use crate::{say, seed};
use fastrand::Rng;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How soon after the trouble check-ins must be taken again.
const HEALED_WITHIN: Duration = Duration::from_secs(2);
const NEARBY: &str = "/v1/nearby?lat=35.5967&lon=116.9842";

#[test]
fn a_full_disk_refuses_check_ins_in_order_and_heals_by_itself() {
    survive_trouble("full", "database or disk is full");
}

#[test]
fn a_disk_whose_syncs_fail_acknowledges_nothing_and_heals_by_itself() {
    survive_trouble("eio", "disk I/O error");
}

#[test]
fn a_check_in_that_a_failed_sync_left_behind_is_not_said_to_be_refused() {
    let Some(disk) = Disk::new() else { return };
    let (mut rng, setup, mut participants) = (seed("left behind"), disk.setup(), Vec::new());
    let server = setup.start();
    more_participants(&server, &mut participants);
    disk.switch("eio", true);
    let mut ledger = vec![assert_refused_in_order(&server, &participants[0], &mut rng)];
    server.kill9();
    disk.switch("eio", false);
    // No power cut: the kernel still has what SQLite wrote, and a new process finds it in the log.
    disk.all_is_durable();
    let server = setup.start();
    let toll = settle(&server, &participants, &mut ledger);
    say(&format!("left behind by a failed sync: {toll:?}"));
}

/// Trouble under load, three times; then a power cut, for nothing may rest on what the failing disk did not keep.
fn survive_trouble(trouble: &str, cause: &str) {
    let Some(disk) = Disk::new() else { return };
    let (mut rng, setup) = (seed(trouble), disk.setup());
    let key = setup.operator_key();
    disk.all_is_durable();
    let (mut participants, mut ledger) = (Vec::new(), Vec::new());
    let server = setup.start();
    more_participants(&server, &mut participants);
    let load = Load::start(&server, &participants, &mut rng);
    for _ in 0..3 {
        load.wait_for_new_acks(60);
        disk.switch(trouble, true);
        for _ in 0..5 {
            ledger.push(assert_refused_in_order(&server, &participants[0], &mut rng));
        }
        disk.switch(trouble, false);
        ledger.push(assert_taken_within(HEALED_WITHIN, &server, &participants[0], &mut rng));
    }
    assert!(server.log().contains(cause), "the log says why");
    load.wait_for_new_acks(60);
    server.kill9();
    ledger.extend(load.finish());
    disk.lose_power(Some(&mut rng));
    let server = setup.start();
    let toll = settle(&server, &participants, &mut ledger);
    assert_counts(&setup, &server, &key, &ledger);
    say(&format!("{trouble}: {:?}, {toll:?}", totals(&ledger)));
    assert!(toll.open >= 15);
}

/// A check-in while the database takes none, and what must go on meanwhile.
pub fn assert_refused_in_order(server: &Server, who: &Arc<Participant>, rng: &mut Rng) -> Attempt {
    let mut attempt = Attempt::inside(who, rng);
    let answer = server.post("/v1/check-ins", &who.token, &attempt.body).unwrap();
    assert_eq!(answer.status(), 503, "{:?}", answer.text());
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_string();
    assert_eq!(header("content-type"), "application/problem+json");
    assert!((1..=10).contains(&header("retry-after").parse().unwrap()));
    attempt.hear(Outcome::of(503, answer.json().unwrap()));
    assert_eq!(server.status(NEARBY), Some(200));
    assert_eq!(server.status("/healthz"), Some(200));
    attempt
}

/// Tries a check-in again and again under the same id until it is taken.
pub fn assert_taken_within(time: Duration, server: &Server, who: &Arc<Participant>, rng: &mut Rng) -> Attempt {
    let healed = Instant::now();
    let mut attempt = Attempt::inside(who, rng);
    while !matches!(attempt.send(server), Outcome::Acked(_)) {
        assert!(healed.elapsed() < time, "not healed after {time:?}: {:?}", attempt.outcome);
    }
    assert!(healed.elapsed() < time, "it took {:?}", healed.elapsed());
    attempt
}
