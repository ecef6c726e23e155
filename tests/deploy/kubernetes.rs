//! The files for Kubernetes: each has the shape of its kind and not one word more, and they fit each other and the program.

use crate::{assert_settings, files, paths, setting, yaml};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ConfigMap, Container, Namespace, PodSpec, Probe, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

const FOLDER: &str = "deploy/kubernetes";

fn file(name: &str) -> Value {
    yaml(&format!("{FOLDER}/{name}.yaml"))
}

/// Reads a file as its kind; a word that the kind does not know would be missing when it is written again.
fn typed<T: Serialize + DeserializeOwned>(read: &Value) -> T {
    let typed: T = serde_json::from_value(read.clone()).unwrap_or_else(|error| panic!("{}: {error}", read["kind"]));
    let again = serde_json::to_value(&typed).expect("JSON");
    assert_eq!(&again, read, "{} has words that its kind does not know", read["kind"]);
    typed
}

fn check(read: &Value) {
    match read["kind"].as_str().expect("a kind") {
        "Deployment" => drop(typed::<Deployment>(read)),
        "HorizontalPodAutoscaler" => drop(typed::<HorizontalPodAutoscaler>(read)),
        "ConfigMap" => drop(typed::<ConfigMap>(read)),
        "Namespace" => drop(typed::<Namespace>(read)),
        "Secret" => drop(typed::<Secret>(read)),
        "Service" => drop(typed::<Service>(read)),
        "ServiceAccount" => drop(typed::<ServiceAccount>(read)),
        "NetworkPolicy" => drop(typed::<NetworkPolicy>(read)),
        "PodDisruptionBudget" => drop(typed::<PodDisruptionBudget>(read)),
        other => panic!("nobody checks {other}"),
    }
}

fn pod() -> PodSpec {
    typed::<Deployment>(&file("deployment")).spec.and_then(|spec| spec.template.spec).expect("a pod")
}

fn container() -> Container {
    let [container] = pod().containers.try_into().expect("one container");
    container
}

#[test]
fn every_file_has_the_shape_of_its_kind_and_is_named_by_the_kustomization_or_an_example() {
    let listed = file("kustomization");
    let listed: Vec<&str> =
        listed["resources"].as_array().expect("resources").iter().filter_map(Value::as_str).collect();
    let mut checked = Vec::new();
    for path in files(Path::new(FOLDER)) {
        let name = path.rsplit('/').next().expect("a name");
        if name != "kustomization.yaml" {
            check(&yaml(&path));
            assert!(listed.contains(&name) || name.contains(".example."), "{name} is applied by nobody");
            checked.push(name.to_string());
        }
    }
    assert!(listed.iter().all(|name| checked.iter().any(|checked| checked == name)), "{listed:?} {checked:?}");
    assert!(!listed.iter().any(|name| name.contains("example")), "an example is never applied");
}

#[test]
fn the_image_is_the_one_that_the_kustomization_names() {
    let named = container().image.expect("an image");
    let images = file("kustomization")["images"].clone();
    let [image] = images.as_array().expect("images").as_slice() else { panic!("{images}") };
    assert_eq!(image["name"], named.as_str());
    assert!(image["newTag"].is_string());
    // Capitals are refused, so nobody pulls from elsewhere what was not filled in.
    assert!(image["newName"].as_str().is_some_and(|name| name.starts_with("REGISTRY/")), "{image}");
}

#[test]
fn all_of_them_speak_of_the_same_pods() {
    let deployment = file("deployment");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert!(labels.as_object().is_some_and(|labels| !labels.is_empty()));
    assert_eq!(&deployment["spec"]["selector"]["matchLabels"], labels);
    assert_eq!(&file("service")["spec"]["selector"], labels);
    assert_eq!(&file("disruption-budget")["spec"]["selector"]["matchLabels"], labels);
    assert_eq!(&file("network-policy")["spec"]["podSelector"]["matchLabels"], labels);
    for spread in pod().topology_spread_constraints.expect("spread") {
        let chosen = serde_json::to_value(spread.label_selector.expect("a choice")).expect("JSON");
        assert_eq!(&chosen["matchLabels"], labels);
    }
    let scaled = &file("autoscaler")["spec"]["scaleTargetRef"];
    assert_eq!((&scaled["kind"], &scaled["name"]), (&deployment["kind"], &deployment["metadata"]["name"]));
}

#[test]
fn the_probes_ask_addresses_that_there_are_at_the_port_that_is_listened_on() {
    let (container, settings) = (container(), file("config-map"));
    let [port] = container.ports.clone().expect("ports").try_into().expect("one port");
    let listen = setting(&settings["data"], "listen");
    assert!(listen.ends_with(&format!(":{}", port.container_port)) && listen.starts_with("0.0.0.0"), "{listen}");
    let named = IntOrString::String(port.name.clone().expect("a name"));
    let paths = paths();
    let asks = |probe: &Option<Probe>| {
        let get = probe.as_ref().and_then(|probe| probe.http_get.clone()).expect("a probe");
        assert_eq!(get.port, named);
        let path = get.path.expect("a path");
        assert!(paths.contains(&path), "{path}");
        path
    };
    // A database that is gone must not have every node killed.
    assert_eq!(asks(&container.liveness_probe), "/healthz");
    assert_eq!(
        (asks(&container.readiness_probe), asks(&container.startup_probe)),
        ("/readyz".into(), "/readyz".into())
    );
    let service = typed::<Service>(&file("service")).spec.and_then(|spec| spec.ports).expect("ports");
    assert!(service.iter().all(|port| port.target_port.as_ref() == Some(&named)));
    let told = file("deployment")["spec"]["template"]["metadata"]["annotations"].clone();
    assert_eq!(told["prometheus.io/port"], port.container_port.to_string());
    assert!(paths.iter().any(|path| told["prometheus.io/path"] == path.as_str()));
}

#[test]
fn a_node_has_time_to_leave_and_another_is_there_before_it_goes() {
    let (pod, container, settings) = (pod(), container(), file("config-map"));
    let slept =
        container.lifecycle.and_then(|life| life.pre_stop).and_then(|hook| hook.exec).and_then(|exec| exec.command);
    let slept = slept.expect("a rest before the stop");
    let ["sleep", seconds] = slept.iter().map(String::as_str).collect::<Vec<_>>()[..] else { panic!("{slept:?}") };
    let (slept, drain): (i64, i64) =
        (seconds.parse().expect("seconds"), setting(&settings["data"], "drain-s").parse().expect("seconds"));
    let grace = pod.termination_grace_period_seconds.expect("a grace");
    assert!(grace >= slept + drain + 5, "{grace} s are too few for {slept} and {drain}");
    let rolling = file("deployment")["spec"]["strategy"]["rollingUpdate"].clone();
    assert_eq!(rolling["maxUnavailable"], 0);
    let (budget, scaled) = (file("disruption-budget"), file("autoscaler"));
    assert!(budget["spec"]["maxUnavailable"].as_i64() < scaled["spec"]["minReplicas"].as_i64());
    assert!(file("deployment")["spec"]["replicas"].is_null(), "an upgrade would undo what the autoscaler did");
}

#[test]
fn the_pod_meets_the_restricted_standard_on_a_root_that_nobody_writes() {
    let namespace = file("namespace");
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let (pod, container) = (pod(), container());
    let whole = pod.security_context.expect("a context");
    assert_eq!(
        (whole.run_as_non_root, whole.seccomp_profile.map(|profile| profile.type_)),
        (Some(true), Some("RuntimeDefault".into()))
    );
    let recipe = crate::text("deploy/container/Containerfile");
    let user = format!("USER {}:{}", whole.run_as_user.expect("a user"), whole.run_as_group.expect("a group"));
    assert!(recipe.lines().any(|line| line == user), "{user}");
    let own = container.security_context.expect("a context");
    assert_eq!((own.allow_privilege_escalation, own.read_only_root_filesystem), (Some(false), Some(true)));
    assert_eq!(own.capabilities.and_then(|capabilities| capabilities.drop), Some(vec!["ALL".into()]));
    let resources = container.resources.expect("resources");
    assert!(resources.requests.is_some_and(|r| r.contains_key("cpu") && r.contains_key("memory")));
    assert!(resources.limits.is_some_and(|limits| limits.contains_key("memory")));
    assert_eq!(pod.automount_service_account_token, Some(false));
    let volumes = pod.volumes.unwrap_or_default();
    for mount in container.volume_mounts.unwrap_or_default() {
        assert!(volumes.iter().any(|volume| volume.name == mount.name), "{}", mount.name);
    }
}

#[test]
fn the_environment_holds_settings_and_secrets_stand_in_the_secret() {
    let (settings, secret) = (file("config-map"), file("secret.example"));
    let keys = |data: &Value| data.as_object().expect("data").keys().cloned().collect::<Vec<_>>();
    let (open, closed) = (keys(&settings["data"]), keys(&secret["stringData"]));
    assert!(assert_settings(open.iter().map(String::as_str)) == open.len(), "{open:?}");
    assert_eq!(assert_settings(closed.iter().map(String::as_str)), 1, "{closed:?}");
    assert!(
        closed.iter().any(|name| name == "STUDYROUTE_DATABASE") && !open.contains(&"STUDYROUTE_DATABASE".to_string())
    );
    assert!(setting(&settings["data"], "assets").starts_with("s3://"), "nodes share their files");
    let recipe = crate::text("deploy/container/Containerfile");
    assert!(recipe.contains(&format!("STUDYROUTE_ROUTES_DATA={}", setting(&settings["data"], "routes-data"))));
    let from = serde_json::to_value(container().env_from.expect("sources")).expect("JSON").to_string();
    for source in [&settings, &secret] {
        let name = source["metadata"]["name"].as_str().expect("a name");
        assert!(from.contains(&format!("Ref\":{{\"name\":\"{name}\"}}")), "{name} is not read: {from}");
    }
}
