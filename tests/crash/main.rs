//! Breaks the real program while it is under load, and then asks it about every check-in it ever acknowledged.
//!
//! `kill -9`, a power cut, a full disk, a failing disk, a locked database, a database server that dies, and an orderly stop. The
//! clients write into a ledger before they send; after each accident the ledger is held against the service before anything
//! is sent again. `STUDYROUTE_TEST_CRASH_CYCLES` sets the number of accidents of the long cases, `STUDYROUTE_TEST_CRASH_SEED`
//! repeats a run's choices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod audit;
mod full_disk;
mod kill9;
mod ledger;
mod load;
mod locked;
mod moved;
mod postgres;
mod powerloss;
mod privacy;
mod process;
mod recovered;
mod shim;
mod stop;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write;
use std::str::FromStr;

/// The number in an environment variable.
fn number<T: FromStr>(name: &str) -> Option<T> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

/// How many accidents a case has.
fn cycles(usually: usize) -> usize {
    number("STUDYROUTE_TEST_CRASH_CYCLES").unwrap_or(usually)
}

/// The choices of a run; printed, so that it can be repeated as far as threads allow.
fn seed(case: &str) -> fastrand::Rng {
    let seed = number("STUDYROUTE_TEST_CRASH_SEED").unwrap_or_else(|| fastrand::u64(..));
    say(&format!("{case}: seed {seed}"));
    fastrand::Rng::with_seed(seed)
}

/// A line that libtest does not hide: figures of a run that passed are worth seeing too.
fn say(line: &str) {
    std::io::stderr().write_all(format!("crash: {line}\n").as_bytes()).unwrap();
}

/// Something is missing on this machine: skipped on a laptop, a failure under CI.
fn skip(why: &str) {
    let ci = std::env::var_os("CI").unwrap_or_default();
    assert!(ci.is_empty() || ci == "false", "{why}");
    say(&format!("tests skipped: {why}"));
}
