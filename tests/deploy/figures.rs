//! What rules, panels and runbook may name: the figures of the running program, their labels and the values of those. The list is
//! read from a server that has been visited.

use crate::server::Server;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What Prometheus itself makes.
const OWN: [&str; 2] = ["up", "ALERTS"];
/// Labels that Prometheus adds.
const OWN_LABELS: [&str; 5] = ["instance", "job", "alertname", "alertstate", "le"];

/// Families: name, and each label with the values it was seen with.
type Families = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

static FAMILIES: LazyLock<Families> = LazyLock::new(|| {
    let server = Server::start();
    server.is_visited();
    read(&server.get("/metrics").text().expect("text"))
});

/// Reads the text format.
fn read(text: &str) -> Families {
    let mut families = Families::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let end = line.rfind(' ').expect("a value");
        let (name, labels) = line[..end].split_once('{').unwrap_or((&line[..end], ""));
        let known = families.entry(name.to_string()).or_default();
        for (label, value) in pairs(labels.trim_end_matches('}')) {
            known.entry(label).or_default().insert(value);
        }
    }
    families
}

/// `a="b",c=~"d"` as pairs of label and value.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((label, after)) = rest.split_once('=') {
        let after = after.trim_start_matches('~');
        let mut quoted = after.trim_start_matches('"').splitn(2, '"');
        let (value, next) = (quoted.next().unwrap_or_default(), quoted.next().unwrap_or_default());
        let label = label.trim_matches(|c: char| c == ',' || c == '!' || c.is_whitespace());
        found.push((label.to_string(), value.to_string()));
        rest = next;
    }
    found
}

/// Names in an expression with what stands in their braces.
fn selectors(expression: &str) -> Vec<(String, String)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '"') {
        rest = &rest[start..];
        if let Some(text) = rest.strip_prefix('"') {
            rest = text.split_once('"').map_or("", |(_, after)| after);
            continue;
        }
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let braces = after.strip_prefix('{').and_then(|inside| inside.split_once('}')).map_or("", |(inside, _)| inside);
        if OWN.contains(&name) || name.starts_with("studyroute_") || name.starts_with("process_") {
            found.push((name.to_string(), braces.to_string()));
        }
        rest = after;
    }
    found
}

/// Labels that an expression groups or matches by.
fn grouped(expression: &str) -> Vec<String> {
    let lists = ["by (", "on (", "without ("].into_iter().flat_map(|word| expression.split(word).skip(1));
    lists
        .flat_map(|rest| rest.split(')').next().unwrap_or_default().split(','))
        .map(|label| label.trim().to_string())
        .collect()
}

/// Everything that an expression names is there. Gives the figures that it names.
pub fn check(place: &str, expression: &str) -> Vec<String> {
    let named = selectors(expression);
    assert!(!named.is_empty(), "{place} names no figure: {expression}");
    let mut labels = BTreeSet::from(OWN_LABELS.map(ToString::to_string));
    for (name, braces) in &named {
        if OWN.contains(&name.as_str()) {
            continue;
        }
        let known = FAMILIES.get(name).unwrap_or_else(|| panic!("{place}: the program has no {name}"));
        labels.extend(known.keys().cloned());
        for (label, value) in pairs(braces) {
            if OWN_LABELS.contains(&label.as_str()) {
                continue;
            }
            let values = known.get(&label).unwrap_or_else(|| panic!("{place}: {name} has no label {label}"));
            let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "/-_{}".contains(c));
            // How it went is not known beforehand; everything else is.
            assert!(
                label == "status" || !is_plain || values.contains(&value),
                "{place}: {name} has no {label}=\"{value}\": {values:?}"
            );
        }
    }
    for label in grouped(expression) {
        assert!(labels.contains(&label), "{place}: nothing in it has a label {label}: {expression}");
    }
    named.into_iter().map(|(name, _)| name).collect()
}

/// The figures of the program, those of a histogram by its own name.
pub fn all() -> BTreeSet<String> {
    FAMILIES.keys().map(|name| whole(name)).collect()
}

/// The histogram of one of its parts.
pub fn whole(name: &str) -> String {
    let part = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| name.strip_suffix(end));
    part.unwrap_or(name).to_string()
}

#[test]
fn an_expression_that_names_what_is_not_there_is_found() {
    let wrong = [
        "studyroute_nothing > 0",
        "rate(studyroute_refusals_total{kode=\"internal\"}[5m])",
        "rate(studyroute_refusals_total{code=\"infernal\"}[5m])",
        "sum by (verdikt) (studyroute_check_ins_total)",
    ];
    for expression in wrong {
        assert!(std::panic::catch_unwind(|| check("a test", expression)).is_err(), "{expression}");
    }
    let right = "sum by (instance, code) (rate(studyroute_refusals_total{code=\"internal\", instance=~\"a|b\"}[5m]))";
    assert_eq!(check("a test", right), ["studyroute_refusals_total"]);
}

#[test]
fn what_an_operator_is_promised_is_told_from_the_start() {
    let server = Server::start();
    let told = read(&server.get("/metrics").text().expect("text"));
    for name in [
        "studyroute_ready",
        "studyroute_database_answers",
        "studyroute_queue_max_check_ins",
        "studyroute_connections",
        "studyroute_connections_refused_total",
        "studyroute_broken_files",
        "studyroute_clock_seconds",
        "process_start_time_seconds",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
    ] {
        assert!(told.contains_key(name), "{name}");
    }
    assert!(told["studyroute_build_info"]["version"].contains(env!("CARGO_PKG_VERSION")));
    // What begins with its first 1 has never risen, as Prometheus sees it.
    assert_eq!(told["studyroute_check_ins_unsaved_total"]["reason"].len(), 3);
    assert_eq!(told["studyroute_chores_failed_total"]["chore"].len(), 2);
    let refusals = &told["studyroute_refusals_total"]["code"];
    for code in ["internal", "overloaded", "outcome-unknown", "too-many-participants"] {
        assert!(refusals.contains(code), "{code}: {refusals:?}");
    }
}
