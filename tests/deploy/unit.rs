//! The unit for systemd.

use crate::{ask, assert_settings, text};
use std::process::Command;

const UNIT: &str = "deploy/studyroute.service";
/// Tenths of systemd's exposure level: below 2 is what it calls OK.
const EXPOSURE_MOST: &str = "--threshold=15";

#[test]
fn the_unit_sets_only_settings_that_there_are() {
    let unit = text(UNIT);
    let set: Vec<&str> = unit.lines().filter_map(|line| line.strip_prefix("Environment=")).collect();
    let named = set.iter().map(|line| line.split_once('=').filter(|(_, value)| !value.is_empty()).expect("a value").0);
    assert!(assert_settings(named) >= 2, "{set:?}");
}

#[test]
fn systemd_finds_the_unit_hardened() {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=true", "--no-pager", EXPOSURE_MOST, UNIT]).env("SYSTEMD_COLORS", "0");
    let Some((good, said)) = ask(&mut analyze) else { return };
    assert!(good, "{said}");
    assert!(said.contains("Overall exposure level for studyroute.service"), "{said}");
    // Words that systemd does not know it only warns about.
    for word in ["Unknown", "Failed to parse", "ignoring"] {
        assert!(!said.contains(word), "{said}");
    }
}
