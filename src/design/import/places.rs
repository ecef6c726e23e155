//! Reads the coordinates of a file: which reference system they are in, whether they are on the earth, and what they are in WGS 84.
//! Converts only what the sender, the file or the row declares.

use super::Import;
use crate::domain::crs::{self, Crs};
use crate::domain::geodesy::LatLon;
use crate::domain::route::Waypoint;
use crate::formats::{Mistake, Position};
use serde_json::{Map, Value};

/// Latitude and longitude of a position in this order, as the sender says that they stand.
pub fn numbers(written: &Position, import: &Import) -> (f64, f64) {
    if import.swap_axes { (written.lon, written.lat) } else { (written.lat, written.lon) }
}

/// A position in WGS 84.
///
/// # Errors
/// It is not on the earth; whether its numbers would be the other way round.
pub fn read(written: &Position, system: Crs, import: &Import) -> Result<LatLon, (Mistake, bool)> {
    let (lat, lon) = numbers(written, import);
    let place = LatLon::new(lat, lon).and_then(|_| {
        let (lat, lon) = crs::to_wgs84(system, lat, lon);
        LatLon::new(lat, lon)
    });
    place.map_err(|error| {
        let swapped = LatLon::new(lon, lat).is_ok();
        let hint = if swapped { "; latitude and longitude look swapped" } else { "" };
        let (column, value) = if (-90.0..=90.0).contains(&lat) { ("lon", lon) } else { ("lat", lat) };
        (Mistake::new(column, &value.to_string(), format!("{error}{hint}")), swapped)
    })
}

/// The corners of a line in WGS 84, as `[longitude, latitude]`.
///
/// # Errors
/// Names the first corner that is not on the earth.
pub fn read_line(corners: &[Position], system: Crs, import: &Import) -> Result<Vec<[f64; 2]>, Mistake> {
    let corners = corners.iter().enumerate().map(|(i, written)| {
        let corner = read(written, system, import).map_err(|(mistake, _)| Mistake {
            message: format!("{} in position {} of the line", mistake.message, i + 1),
            ..mistake
        })?;
        Ok([corner.lon(), corner.lat()])
    });
    corners.collect()
}

/// A waypoint with everything in WGS 84: the corners of its zone and the poses of its exhibits are in the row's system where the
/// row gives them; what stands in the draft is in WGS 84 already.
pub fn in_wgs84(mut waypoint: Waypoint, patch: &Map<String, Value>, system: Crs) -> Waypoint {
    let position = waypoint.position;
    let corners = patch.get("zone").and_then(|zone| zone.get("coordinates"));
    let zone = corners.is_none_or(Value::is_null).then(|| waypoint.body.zone.clone());
    let exhibits = (!patch.contains_key("exhibits")).then(|| waypoint.body.exhibits.clone());
    waypoint = waypoint.read_as(system);
    waypoint.position = position;
    waypoint.body.zone = zone.unwrap_or(waypoint.body.zone);
    waypoint.body.exhibits = exhibits.unwrap_or(waypoint.body.exhibits);
    waypoint
}
