//! What was written down in WGS 84, in another reference system: the text is copied and the coordinates in it are written anew. That
//! costs a visitor with a Chinese map some microseconds, and nobody the memory for every waypoint in every system.
//!
//! It reads only what [`super::render`] wrote. There names of members are ours, and a quote inside a text is escaped, so a marker
//! below stands nowhere but before coordinates.

use super::shift;
use crate::domain::crs::Crs;
use memchr::memmem;

/// Before a latitude, `,"lon":` and a longitude.
const POSITION: &[u8] = b"\"lat\":";
/// Before the rings of a polygon, longitude first.
const RINGS: &[u8] = b"\"coordinates\":";

/// Writes a waypoint's fragment in the reference system of the answer.
pub fn put_fragment(fragment: &[u8], crs: Crs, out: &mut Vec<u8>) {
    if crs == Crs::Wgs84 {
        return out.extend_from_slice(fragment);
    }
    let mut rest = fragment;
    loop {
        let (position, rings) = (memmem::find(rest, POSITION), memmem::find(rest, RINGS));
        let Some(marker) = position.into_iter().chain(rings).min() else { break };
        let is_position = position == Some(marker);
        rest = copy(rest, marker + if is_position { POSITION.len() } else { RINGS.len() }, out);
        if is_position {
            rest = put_pair(rest, out, |lat, lon| shift(crs, lat, lon));
            continue;
        }
        let end = memmem::find(rest, b"]]]").unwrap_or(rest.len());
        let (mut corners, after) = rest.split_at(end);
        while !corners.is_empty() {
            corners = put_pair(corners, out, |lon, lat| {
                let (lat, lon) = shift(crs, lat, lon);
                (lon, lat)
            });
        }
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// Writes the next two numbers anew, what stands before and between them as it is, and gives what is left.
fn put_pair<'a>(text: &'a [u8], out: &mut Vec<u8>, anew: impl Fn(f64, f64) -> (f64, f64)) -> &'a [u8] {
    let text = copy(text, start_of_number(text), out);
    let (first, text) = split_number(text);
    let (between, text) = text.split_at(start_of_number(text));
    let (second, text) = split_number(text);
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<f64>().ok());
    if let (Some(one), Some(other)) = (number(first), number(second)) {
        let (one, other) = anew(one, other);
        put_number(one, out);
        out.extend_from_slice(between);
        put_number(other, out);
    }
    text
}

fn copy<'a>(text: &'a [u8], len: usize, out: &mut Vec<u8>) -> &'a [u8] {
    let (copied, rest) = text.split_at(len);
    out.extend_from_slice(copied);
    rest
}

/// As [`super::render`] writes numbers.
fn put_number(number: f64, out: &mut Vec<u8>) {
    // Writing a number to memory does not fail.
    drop(serde_json::to_writer(out, &number));
}

fn start_of_number(text: &[u8]) -> usize {
    text.iter().position(|byte| byte.is_ascii_digit() || *byte == b'-').unwrap_or(text.len())
}

fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"-+.eE".contains(byte);
    text.split_at(text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::super::{WireWaypoint, render};
    use super::*;
    use crate::domain::route::{Lang, Text};
    use crate::domain::zone::Zone;
    use crate::formats::geojson;

    #[test]
    fn a_fragment_in_another_system_is_what_would_be_written_in_it() {
        let file = std::fs::read("routes-data/confucius-mencius/route.geojson").expect("readable");
        let mut waypoint = geojson::read(&file).expect("a route").waypoints.remove(0);
        let tricky = r#"","lat":1.5,"lon":2.5,"coordinates":[[[1,2]]] \"lat\": \"#;
        waypoint.body.title = Text { zh_cn: tricky.into(), en: format!("{tricky}\n") };
        let ring = |n: f64| vec![[116.9 - n, 35.5], [116.9 + n, 35.5], [-0.000_000_001, 1e-7], [116.9 - n, 35.5]];
        let circle = waypoint.body.zone.clone();
        let polygon = Zone::Polygon { coordinates: vec![ring(0.01), ring(0.002)], to_be_surveyed: false };
        for zone in [circle, polygon] {
            waypoint.body.zone = zone;
            for (lang, crs) in Lang::ALL.into_iter().flat_map(|lang| Crs::ALL.map(|crs| (lang, crs))) {
                let (mut written, mut recast) = (Vec::new(), Vec::new());
                render("walk", &waypoint, lang, &mut written);
                put_fragment(&written, crs, &mut recast);
                let direct = WireWaypoint::new("walk", &waypoint, lang, crs);
                assert_eq!(
                    String::from_utf8(recast).expect("text"),
                    serde_json::to_string(&direct).expect("JSON"),
                    "{crs}"
                );
            }
        }
    }
}
