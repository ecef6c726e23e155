//! Breaks the real program while it is under load, and then asks it about every check-in it ever acknowledged.
//!
//! `kill -9`, a power cut, a full disk, a failing disk, a locked database, a database server that dies, and an orderly stop. The
//! clients write into a ledger before they send; after each accident the ledger is held against the service before anything
//! is sent again. `STUDYROUTE_TEST_CRASH_CYCLES` sets the number of accidents of the long cases, `STUDYROUTE_TEST_CRASH_SEED`
//! repeats a run's choices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../support/audit.rs"]
mod audit;
mod full_disk;
mod kill9;
#[path = "../support/ledger.rs"]
mod ledger;
#[path = "../support/load.rs"]
mod load;
mod locked;
mod moved;
mod postgres;
mod powerloss;
mod privacy;
#[path = "../support/process.rs"]
mod process;
mod recovered;
mod shim;
mod stop;
#[path = "../support/mod.rs"]
mod support;

use support::knobs;

/// How many accidents a case has.
fn cycles(usually: usize) -> usize {
    knobs::number("STUDYROUTE_TEST_CRASH_CYCLES").unwrap_or(usually)
}

fn seed(case: &str) -> fastrand::Rng {
    knobs::seed("crash", case)
}

fn say(line: &str) {
    knobs::say("crash", line);
}

fn skip(why: &str) {
    knobs::skip("crash", why);
}
