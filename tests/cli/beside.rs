//! Models that lie beside a route file.

use crate::{Desk, samples};
use std::path::Path;

const EXHIBIT: &str = "weir";

/// A folder with the canal's route file, whose first exhibit is a model of this name.
fn folder(desk: &Desk) -> String {
    let folder = desk.path("canal");
    std::fs::create_dir_all(Path::new(&folder).join("models")).expect("folders");
    let text = std::fs::read_to_string("routes-data/peoples-canal/route.geojson").expect("the route file");
    let mut route: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let exhibit = &mut route["features"][1]["properties"]["exhibits"][0];
    (exhibit["id"], exhibit["kind"], exhibit["assets"]) = (EXHIBIT.into(), "model".into(), serde_json::json!([]));
    std::fs::write(Path::new(&folder).join("route.geojson"), route.to_string()).expect("written");
    folder
}

fn published(desk: &Desk) -> serde_json::Value {
    let file = desk.path("out.geojson");
    desk.says(&["export", "peoples-canal", "--of", "published", "--out", &file]);
    let text = std::fs::read_to_string(file).expect("exported");
    let route: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    route["features"][1]["properties"]["exhibits"][0]["assets"].clone()
}

#[test]
fn models_beside_a_route_file_are_kept_and_named_and_a_new_one_is_a_new_revision() {
    let desk = Desk::new();
    let folder = folder(&desk);
    let put = |name: &str, bytes: Vec<u8>| {
        std::fs::write(Path::new(&folder).join("models").join(name), bytes).expect("written");
    };
    let import = |changed: &str| {
        let said = desk.json(&["import", &folder]);
        assert_eq!(said[0]["result"], changed, "{said}");
    };
    import("published");
    assert_eq!(published(&desk), serde_json::json!([]), "what has not been made is left out");
    put("weir.glb", samples::glb(4, &[]));
    put("weir.reduced.glb", samples::glb(1, &[]));
    put("weir.png", samples::png(8, 8));
    put("weir.txt", b"no model".to_vec());
    put("other.glb", samples::glb(2, &[]));
    import("published");
    let assets = published(&desk);
    let roles: Vec<&str> =
        assets.as_array().expect("assets").iter().filter_map(|asset| asset["role"].as_str()).collect();
    assert_eq!(roles, ["full", "preview", "reduced"]);
    let kept = desk.json(&["asset", "list"]);
    for asset in assets.as_array().expect("assets") {
        assert!(kept.as_array().expect("a list").iter().any(|file| file["sha256"] == asset["sha256"]), "{asset}");
    }
    import("unchanged");
    put("weir.glb", samples::glb(5, &[]));
    import("published");
    assert_ne!(published(&desk)[0]["sha256"], assets[0]["sha256"]);
}
