//! What an operator installs is what this program takes: the unit for systemd.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::process::Command;
use studyroute::config::SETTINGS;

const UNIT: &str = "deploy/studyroute.service";
/// Tenths of systemd's exposure level: below 2 is what it calls OK.
const EXPOSURE_MOST: &str = "--threshold=15";

fn unit() -> String {
    std::fs::read_to_string(UNIT).expect("the unit is there")
}

#[test]
fn the_unit_sets_only_settings_that_there_are() {
    let names: Vec<String> = SETTINGS.iter().map(studyroute::config::Setting::env).collect();
    let unit = unit();
    let set: Vec<&str> = unit.lines().filter_map(|line| line.strip_prefix("Environment=")).collect();
    assert!(set.len() >= 2, "{set:?}");
    for line in set {
        let (name, value) = line.split_once('=').expect("a value");
        assert!(names.iter().any(|known| known == name) && !value.is_empty(), "{line}");
    }
}

#[test]
fn systemd_finds_the_unit_hardened() {
    let asked = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", EXPOSURE_MOST, UNIT])
        .env("SYSTEMD_COLORS", "0")
        .output();
    let Ok(output) = asked else {
        let ci = std::env::var_os("CI").unwrap_or_default();
        assert!(ci.is_empty() || ci == "false", "systemd-analyze is missing; scripts/test-setup installs it");
        return eprintln!("skipped: systemd-analyze is not installed");
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Overall exposure level for studyroute.service"), "{said}");
    // Words that systemd does not know it only warns about.
    for word in ["Unknown", "Failed to parse", "ignoring"] {
        assert!(!said.contains(word), "{said}");
    }
}
