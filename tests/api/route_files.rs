//! The route files as they lie in the repository: what the answers are held against.

use serde_json::Value;
use std::sync::OnceLock;

pub const ROUTES: [(&str, usize); 2] = [("confucius-mencius", 28), ("peoples-canal", 26)];

/// The waypoints of all routes, by `route/waypoint`, in visiting order.
pub fn waypoints() -> &'static [(String, Value)] {
    static WAYPOINTS: OnceLock<Vec<(String, Value)>> = OnceLock::new();
    WAYPOINTS.get_or_init(|| ROUTES.iter().flat_map(|(route, _)| read(route)).collect())
}

fn read(route: &str) -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(format!("routes-data/{route}/route.geojson")).expect("a route file");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let features = file["features"].as_array().expect("features").iter().skip(1);
    features.map(|f| (format!("{route}/{}", f["id"].as_str().expect("an id")), f.clone())).collect()
}

pub fn waypoint(name: &str) -> &'static Value {
    waypoints().iter().find(|(id, _)| id == name).map_or_else(|| panic!("no waypoint {name}"), |(_, feature)| feature)
}

/// Latitude and longitude; the origin for waypoints that do not exist.
pub fn position(name: &str) -> (f64, f64) {
    let Some((_, feature)) = waypoints().iter().find(|(id, _)| id == name) else { return (0.0, 0.0) };
    let at = |i: usize| feature["geometry"]["coordinates"][i].as_f64().expect("a number");
    (at(1), at(0))
}

/// What only teachers may know: every explanation in every language.
pub fn explanations() -> Vec<String> {
    let questions = waypoints().iter().flat_map(|(_, w)| w["properties"]["questions"].as_array().into_iter().flatten());
    let texts = questions.flat_map(|q| q["explanation"].as_object().into_iter().flat_map(|texts| texts.values()));
    texts.map(|text| text.as_str().expect("a text").to_string()).collect()
}
