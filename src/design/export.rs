//! Files out: a state of a route in the format of a designer's tool, and empty tables to begin with.

use crate::domain::route::{StudyRoute, Waypoint};
use crate::formats::{self, Format, geojson};
use std::io;

/// The row that templates show: one of the places that this project knows, with its sources.
const EXAMPLE: &[u8] = include_bytes!("../../routes-data/peoples-canal/route.geojson");

/// A route as a file, and what the format cannot hold.
///
/// # Errors
/// When it cannot be written.
pub fn write(route: &StudyRoute, format: Format) -> io::Result<(Vec<u8>, Vec<String>)> {
    let mut bytes = Vec::new();
    let losses = formats::write(format, route, &mut bytes)?;
    Ok((bytes, losses))
}

/// An empty table with an example row; `None` for formats that are no tables.
///
/// # Errors
/// When it cannot be written.
pub fn template(format: Format) -> io::Result<Option<Vec<u8>>> {
    let example: Option<Waypoint> = geojson::read(EXAMPLE).ok().and_then(|route| route.waypoints.into_iter().next());
    let Some(example) = example else { return Ok(None) };
    let mut bytes = Vec::new();
    match format {
        Format::Csv => formats::csv::template(&example, &mut bytes)?,
        Format::Xlsx => formats::xlsx::template(&example, &mut bytes)?,
        _ => return Ok(None),
    }
    Ok(Some(bytes))
}
