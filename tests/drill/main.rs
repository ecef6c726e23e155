//! Three nodes behind a proxy and a PostgreSQL pair with synchronous replication, under load, and what may befall them. After every fault
//! the phones' ledger is held against the service before anything is sent again, then all that is open is sent once more under the same
//! ids, and everything must balance: nothing acknowledged is lost, nothing is counted twice, all counts are those of the ledger.
//!
//! The short form is part of `make test`. `make drill` sets `STUDYROUTE_TEST_DRILL=whole`; `STUDYROUTE_TEST_DRILL_CYCLES` sets how often
//! what is done again and again is done, `STUDYROUTE_TEST_DRILL_RUSH_S` how long a rush lasts, `STUDYROUTE_TEST_DRILL_SEED` repeats a run's
//! choices, `STUDYROUTE_TEST_DRILL_FAULTS` names some faults (by a part of the names below, separated by commas). The table is left in
//! `target/drill`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../support/audit.rs"]
mod audit;
mod disk;
mod edits;
mod failover;
mod fleet;
#[path = "../support/ledger.rs"]
mod ledger;
#[path = "../support/load.rs"]
mod load;
mod nodes;
mod overload;
mod pair;
mod pooler;
#[path = "../support/process.rs"]
mod process;
mod relay;
mod replica;
mod report;
mod rig;
mod shim;
#[path = "../support/mod.rs"]
mod support;
mod upgrade;

use rig::Rig;
use std::sync::{Mutex, MutexGuard, PoisonError};
use support::knobs;

type Fault = fn(&mut Rig);

/// Everything that befalls one pair and its nodes, one after the other.
const FAULTS: [(&str, Fault); 12] = [
    ("nodes-killed", nodes::kill),
    ("node-paused", nodes::pause),
    ("clocks", nodes::wrong_clocks),
    ("overload", overload::overload),
    ("listen-cut", edits::listen_cut),
    ("primary-killed", failover::kill),
    ("frozen", failover::kill_frozen),
    ("standby-away", failover::standby_away),
    ("replica", replica::counts),
    ("disk-full", disk::full),
    ("upgrade", upgrade::rolling),
    ("pooler", pooler::restarted),
];

#[test]
fn nothing_acknowledged_is_lost_or_counted_twice_whatever_befalls_nodes_and_database() {
    let _alone = alone();
    let wanted = knobs::text("STUDYROUTE_TEST_DRILL_FAULTS").unwrap_or_default();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.split(',').any(|part| name.contains(part));
    let Some(mut rig) = Rig::start("drill", pair::Commit::Replicated) else { return };
    for (name, fault) in FAULTS.iter().filter(|(name, _)| is_wanted(name)) {
        say(name);
        fault(&mut rig);
    }
    rig.end(if is_whole() { "report" } else { "report-short" });
}

fn is_whole() -> bool {
    knobs::text("STUDYROUTE_TEST_DRILL").is_some_and(|form| form == "whole")
}

/// How often something is done again and again.
fn cycles(whole: usize, short: usize) -> usize {
    let usually = if is_whole() { whole } else { short };
    knobs::number("STUDYROUTE_TEST_DRILL_CYCLES").unwrap_or(usually)
}

/// Figures are worth little when another drill runs beside.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn seed(case: &str) -> fastrand::Rng {
    knobs::seed("drill", case)
}

fn say(line: &str) {
    knobs::say("drill", line);
}

fn skip(why: &str) {
    knobs::skip("drill", why);
}
