//! The dashboard of Grafana: JSON that names only figures that exist, and shows every one that the program tells of itself.

use crate::{figures, rules, text, yaml};
use serde_json::Value;
use std::collections::BTreeSet;

fn dashboard() -> Value {
    serde_json::from_str(&text("deploy/grafana/dashboard.json")).expect("JSON")
}

fn panels() -> Vec<Value> {
    dashboard()["panels"].as_array().expect("panels").clone()
}

#[test]
fn the_dashboard_can_be_provisioned() {
    let dashboard = dashboard();
    assert_eq!((&dashboard["uid"], &dashboard["timezone"]), (&"studyroute".into(), &"Asia/Shanghai".into()));
    let variables = dashboard["templating"]["list"].as_array().expect("variables");
    let source = variables.iter().find(|variable| variable["type"] == "datasource").expect("a choice of the source");
    assert_eq!((&source["name"], &source["query"]), (&"datasource".into(), &"prometheus".into()));
    let provisioned = yaml("deploy/compose/grafana/datasources/prometheus.yaml");
    assert_eq!(provisioned["datasources"][0]["type"], "prometheus");
    let folder = yaml("deploy/compose/grafana/dashboards/studyroute.yaml")["providers"][0]["options"]["path"].clone();
    let mounts = yaml("deploy/compose/compose.yaml")["services"]["grafana"]["volumes"].to_string();
    assert!(mounts.contains(&format!("../grafana:{}:ro", folder.as_str().expect("a folder"))), "{mounts}");
}

#[test]
fn panels_have_a_title_and_a_place_of_their_own() {
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    let mut rows = 0;
    for panel in panels() {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].to_string()), "{title} has another's id");
        let place = &panel["gridPos"];
        assert!(places.insert((place["x"].as_u64(), place["y"].as_u64())), "{title} lies on another");
        assert!(place["x"].as_u64().zip(place["w"].as_u64()).is_some_and(|(x, w)| x + w <= 24), "{title} sticks out");
        rows += usize::from(panel["type"] == "row");
    }
    assert_eq!(rows, 9, "rows");
}

#[test]
fn every_panel_names_only_what_there_is_and_every_figure_is_looked_at() {
    let mut seen = BTreeSet::new();
    for panel in panels().iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().expect("a title");
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{title} shows nothing");
        for target in targets {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            seen.extend(figures::check(title, target["expr"].as_str().expect("an expression")));
        }
    }
    for rule in rules::rules() {
        seen.extend(figures::check("a rule", rule["expr"].as_str().expect("an expression")));
    }
    let seen: BTreeSet<String> = seen.iter().map(|name| figures::whole(name)).collect();
    let unseen: Vec<String> =
        figures::all().into_iter().filter(|name| name.starts_with("studyroute_") && !seen.contains(name)).collect();
    assert!(unseen.is_empty(), "nobody looks at {unseen:?}");
}
