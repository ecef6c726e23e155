//! What we build on: only the public registry, only permissive licences, nothing older than its last known hole.
//!
//! `cargo deny` says the same (see `deny.toml`) where it is installed; this test needs nothing but cargo and reads the same list
//! of licences. Where the advisory database cannot be reached, the floors below stand for it.

use serde_json::Value;
use std::process::Command;

/// The oldest versions without a hole known to the RustSec database of 2026-08-21 (and SQLite's own notes).
const FLOORS: [(&str, &str); 11] = [
    ("sqlx", "0.8.1"),
    // Bundles SQLite 3.51.3; earlier ones can corrupt a WAL database.
    ("libsqlite3-sys", "0.37.0"),
    ("h2", "0.4.16"),
    ("hyper", "1.0.0"),
    ("rustls", "0.23.18"),
    ("rustls-webpki", "0.103.13"),
    ("bytes", "1.11.1"),
    ("time", "0.3.47"),
    ("tracing-subscriber", "0.3.20"),
    ("tokio", "1.44.2"),
    ("ring", "0.17.12"),
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn allowed_licences() -> Vec<String> {
    let text = std::fs::read_to_string("deny.toml").expect("deny.toml is there");
    let table: toml::Table = text.parse().expect("TOML");
    let list = table["licenses"]["allow"].as_array().expect("a list");
    list.iter().map(|licence| licence.as_str().expect("a text").to_string()).collect()
}

/// Whether an SPDX expression can be met: every `AND` part has an allowed `OR` part.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|licence| allowed.iter().any(|a| a == licence.trim())))
}

#[test]
fn every_dependency_has_a_permissive_licence_and_comes_from_the_registry() {
    let (metadata, allowed) = (metadata(), allowed_licences());
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100, "all dependencies are listed");
    let mut bad = Vec::new();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        if name == env!("CARGO_PKG_NAME") {
            continue;
        }
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_met(licence, &allowed) {
            bad.push(format!("{name}: licence {licence}"));
        }
        let source = package["source"].as_str().unwrap_or("none");
        if !source.starts_with("registry+") {
            bad.push(format!("{name}: from {source}"));
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn nothing_is_older_than_its_last_known_hole() {
    let numbers =
        |version: &str| -> Vec<u64> { version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect() };
    let lock: toml::Table = std::fs::read_to_string("Cargo.lock").expect("a lock").parse().expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    for (name, floor) in FLOORS {
        for package in packages.iter().filter(|p| p["name"].as_str() == Some(name)) {
            let version = package["version"].as_str().expect("a version");
            assert!(numbers(version) >= numbers(floor), "{name} {version} is older than {floor}");
        }
    }
}
