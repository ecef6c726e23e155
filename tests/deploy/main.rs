//! What an operator installs is what this program takes: the unit for systemd, the recipe of the container, the files of compose and
//! Kubernetes, the proxy, the pair of databases, rules, dashboard and runbook.
//!
//! Each file is read by the tool that it is for where that runs without a daemon, and else by what that tool publishes of its form.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod compose;
mod container;
mod dashboard;
mod figures;
mod kubernetes;
mod pair;
mod proxy;
mod rules;
mod runbook;
mod server;
#[path = "../support/started.rs"]
mod started;
mod unit;

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use studyroute::config::SETTINGS;

/// Something is missing on this machine: skipped on a laptop, a failure under CI.
fn skip(program: &str) {
    let ci = std::env::var_os("CI").unwrap_or_default();
    let why = format!("{program} is missing; scripts/test-setup installs it");
    assert!(ci.is_empty() || ci == "false", "{why}");
    // Not eprintln!, whose text libtest hides when the test passes.
    std::io::stderr().write_all(format!("tests skipped: {why}\n").as_bytes()).unwrap();
}

/// What a program says of our files; none, after a line about it, where it is not installed.
fn ask(command: &mut Command) -> Option<(bool, String)> {
    let Ok(output) = command.output() else {
        skip(&command.get_program().to_string_lossy());
        return None;
    };
    Some((output.status.success(), said(&output)))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn text(file: &str) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A client of this machine. It wants to know how TLS is done before it knows that there is none.
fn client() -> reqwest::blocking::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::blocking::Client::builder().no_proxy().build().expect("a client")
}

/// A YAML file as JSON has it.
fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path.display().to_string()) }
    }
    found.sort();
    found
}

/// Every name in the environment that looks like a setting is one.
fn assert_settings<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let known: Vec<String> = SETTINGS.iter().map(studyroute::config::Setting::env).collect();
    let ours: Vec<&str> = names.filter(|name| name.starts_with("STUDYROUTE_")).collect();
    for name in &ours {
        assert!(known.iter().any(|known| known == name), "{name} is no setting");
    }
    ours.len()
}

/// What a setting is in a file's environment, or without it.
fn setting(environment: &Value, name: &str) -> String {
    let setting = SETTINGS.iter().find(|setting| setting.name == name).expect("a setting");
    environment[setting.env()].as_str().unwrap_or(setting.default).to_string()
}

/// Addresses of the API.
fn paths() -> Vec<String> {
    let document = studyroute::http::api_document();
    document["paths"].as_object().expect("paths").keys().cloned().collect()
}

#[test]
fn every_yaml_file_is_in_good_style() {
    let rules = "{extends: default, rules: {line-length: {max: 160}, document-start: disable}}";
    let files: Vec<String> = files(Path::new("deploy"))
        .into_iter()
        .filter(|file| Path::new(file).extension().is_some_and(|end| end == "yaml"))
        .collect();
    assert!(files.len() >= 14, "{files:?}");
    let Some((good, said)) = ask(Command::new("yamllint").args(["--strict", "-d", rules]).args(&files)) else { return };
    assert!(good, "{said}");
}

#[test]
fn every_script_passes_shellcheck() {
    let scripts = ["deploy/compose/postgres/node", "scripts/test-setup", "scripts/with-postgres"];
    let Some((good, said)) = ask(Command::new("shellcheck").args(scripts)) else { return };
    assert!(good, "{said}");
}

#[test]
fn no_file_holds_a_secret_or_names_a_registry() {
    for file in files(Path::new("deploy")) {
        let text = text(&file);
        assert!(!text.contains("srk_") && !text.contains("srp_"), "{file} holds a key");
        for line in text.lines() {
            let image = line.trim().strip_prefix("image: ").or_else(|| line.strip_prefix("FROM ")).unwrap_or_default();
            let host = image.split('/').next().unwrap_or_default();
            assert!(!(image.contains('/') && host.contains('.')), "{file} names a registry: {line}");
            assert!(!image.contains(":latest"), "{file} takes whatever comes: {line}");
        }
    }
}
