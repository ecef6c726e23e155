//! The rules of Prometheus: its own tool reads and tries them, and they name nothing that the program does not tell.

use crate::{ask, figures, yaml};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

const RULES: &str = "deploy/prometheus/alerts.yaml";

/// All rules.
pub fn rules() -> Vec<Value> {
    let groups = yaml(RULES)["groups"].as_array().expect("groups").clone();
    groups.iter().flat_map(|group| group["rules"].as_array().expect("rules").clone()).collect()
}

/// Their names.
pub fn names() -> Vec<String> {
    rules().iter().map(|rule| rule["alert"].as_str().expect("a name").to_string()).collect()
}

#[test]
fn prometheus_takes_the_configuration_and_the_rules() {
    let mut promtool = Command::new("promtool");
    let Some((good, said)) = ask(promtool.args(["check", "config", "deploy/prometheus/prometheus.yaml"])) else {
        return;
    };
    assert!(good && said.contains(&format!("{} rules found", names().len())), "{said}");
}

#[test]
fn every_rule_does_in_promtools_hands_what_its_tests_say() {
    let mut promtool = Command::new("promtool");
    let Some((good, said)) = ask(promtool.args(["test", "rules", "deploy/prometheus/alerts_test.yaml"])) else {
        return;
    };
    assert!(good, "{said}");
}

#[test]
fn every_rule_is_tried_where_it_fires_and_where_it_does_not() {
    let mut tried: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for test in yaml("deploy/prometheus/alerts_test.yaml")["tests"].as_array().expect("tests") {
        for case in test["alert_rule_test"].as_array().expect("cases") {
            let counted = tried.entry(case["alertname"].as_str().expect("a name").to_string()).or_default();
            let fires = !case["exp_alerts"].as_array().expect("a list").is_empty();
            if fires { counted.0 += 1 } else { counted.1 += 1 }
        }
    }
    for name in names() {
        let (fires, quiet) = tried.remove(&name).unwrap_or_default();
        assert!(fires > 0 && quiet > 0, "{name}: {fires} cases in which it fires, {quiet} in which it does not");
    }
    assert!(tried.is_empty(), "tests of rules that there are not: {tried:?}");
}

#[test]
fn every_rule_names_only_figures_labels_and_values_that_there_are() {
    for rule in rules() {
        let name = rule["alert"].as_str().expect("a name");
        figures::check(name, rule["expr"].as_str().expect("an expression"));
        let severity = rule["labels"]["severity"].as_str().expect("a severity");
        assert!(["page", "ticket"].contains(&severity), "{name}: {severity}");
        assert_eq!(rule["annotations"]["runbook"], format!("RUNBOOK.md#{}", name.to_lowercase()));
    }
}
