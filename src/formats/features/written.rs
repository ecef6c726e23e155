//! Writes the route file: feature 0 is the line, every other feature a waypoint. Nothing is lost.

use crate::domain::route::{StudyRoute, Text, Waypoint, WaypointBody};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Feature<'a, G, P> {
    r#type: &'static str,
    id: &'a str,
    geometry: Geometry<G>,
    properties: P,
}

#[derive(Serialize)]
struct Geometry<G> {
    r#type: &'static str,
    coordinates: G,
}

#[derive(Serialize)]
struct Head<'a> {
    title: &'a Text,
    summary: &'a Text,
}

/// Writes a route file, one feature a line. Returns what it cannot hold: nothing.
///
/// # Errors
/// The writer's.
pub fn write(route: &StudyRoute, out: &mut dyn Write) -> io::Result<Vec<String>> {
    let line = Feature {
        r#type: "Feature",
        id: &route.slug,
        geometry: Geometry { r#type: "LineString", coordinates: &route.line },
        properties: Head { title: &route.title, summary: &route.summary },
    };
    writeln!(out, r#"{{"type":"FeatureCollection","features":["#)?;
    serde_json::to_writer(&mut *out, &line)?;
    for waypoint in &route.waypoints {
        writeln!(out, ",")?;
        serde_json::to_writer(&mut *out, &feature(waypoint))?;
    }
    writeln!(out, "\n]}}")?;
    Ok(Vec::new())
}

fn feature(waypoint: &Waypoint) -> Feature<'_, Vec<f64>, &WaypointBody> {
    let coordinates = [waypoint.position.lon(), waypoint.position.lat()].into_iter().chain(waypoint.height_m).collect();
    Feature {
        r#type: "Feature",
        id: &waypoint.id,
        geometry: Geometry { r#type: "Point", coordinates },
        properties: &waypoint.body,
    }
}
