//! The project's own study routes, for the tests of the domain, which does not see the reader of route files.

use super::geodesy::LatLon;
use super::route::{StudyRoute, Text, Waypoint};
use serde_json::Value;

/// Both routes as their files stand.
pub fn published() -> [StudyRoute; 2] {
    ["confucius-mencius", "peoples-canal"].map(|slug| {
        let bytes = std::fs::read(format!("routes-data/{slug}/route.geojson")).expect("readable");
        let file: Value = serde_json::from_slice(&bytes).expect("JSON");
        let features = file["features"].as_array().expect("features");
        let text =
            |name: &str| -> Text { serde_json::from_value(features[0]["properties"][name].clone()).expect("a text") };
        StudyRoute {
            slug: slug.into(),
            title: text("title"),
            summary: text("summary"),
            line: serde_json::from_value(features[0]["geometry"]["coordinates"].clone()).expect("a line"),
            waypoints: features[1..].iter().map(waypoint).collect(),
        }
    })
}

fn waypoint(feature: &Value) -> Waypoint {
    let at = |i: usize| feature["geometry"]["coordinates"][i].as_f64().expect("a number");
    Waypoint {
        id: feature["id"].as_str().expect("an id").into(),
        position: LatLon::new(at(1), at(0)).expect("on earth"),
        height_m: None,
        body: serde_json::from_value(feature["properties"].clone()).expect("a waypoint"),
    }
}
