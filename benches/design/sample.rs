//! Seeded waypoints with texts as long as the real ones: the project's own, at other places and under other names.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use studyroute::domain::geodesy::LatLon;
use studyroute::domain::route::{StudyRoute, Waypoint};
use studyroute::formats::{Format, geojson};
use studyroute::store::content_hash;

/// The route that is made.
pub const SLUG: &str = "seeded";
/// Facts of a waypoint: with so many it weighs some 4 KB.
const FACTS: usize = 3;
/// Stops of one town, which lies this far north of the one before, degrees.
const TOWN: usize = 200;
const TOWN_STEP: f64 = 0.03;
const TOWN_SPAN: f64 = 0.1;

/// The study routes of the project.
pub fn routes() -> Vec<StudyRoute> {
    let files = studyroute::app::route_files(Path::new("routes-data"));
    files.iter().map(|file| geojson::read(&std::fs::read(file).expect("readable")).expect("good")).collect()
}

/// The file of a format, and the rows as the store keeps them.
pub fn file(format: &str, folder: &Path) -> PathBuf {
    folder.join(format!("route.{format}"))
}

/// Writes the sample as CSV, as GeoJSON and as rows.
pub fn write(count: usize, folder: &Path) {
    let route = route(count);
    for format in [Format::Csv, Format::GeoJson] {
        let mut out = BufWriter::new(File::create(file(format.as_str(), folder)).expect("writable"));
        studyroute::formats::write(format, &route, &mut out).expect("written");
        out.flush().expect("written");
    }
    let mut rows = BufWriter::new(File::create(file("rows", folder)).expect("writable"));
    for mut waypoint in route.waypoints {
        waypoint.body.order = 0;
        let (hash, document) =
            (content_hash(&waypoint).expect("a digest"), serde_json::to_string(&waypoint).expect("JSON"));
        writeln!(rows, "{}\t{hash}\t{document}", waypoint.id).expect("written");
    }
    rows.flush().expect("written");
}

fn route(count: usize) -> StudyRoute {
    let mut random = fastrand::Rng::with_seed(7);
    let mut routes = routes();
    let known: Vec<Waypoint> = routes.iter().flat_map(|route| route.waypoints.clone()).collect();
    let waypoints: Vec<Waypoint> = (0..count)
        .map(|i| {
            let town = f64::from(u32::try_from(i / TOWN).expect("small"));
            let (lat, lon) = (25.0 + town * TOWN_STEP, 105.0 + (town * 0.05).sin() * 5.0);
            let digit = 1e-6;
            let near = |degrees: f64, random: f64| ((degrees + random * TOWN_SPAN) / digit).round() * digit;
            let place = LatLon::new(near(lat, random.f64()), near(lon, random.f64())).expect("on the earth");
            moved(known[i % known.len()].clone(), i, place)
        })
        .collect();
    let line = [&waypoints[0], &waypoints[count - 1]].map(|stop| [stop.position.lon(), stop.position.lat()]);
    StudyRoute { slug: SLUG.into(), line: line.into(), waypoints, ..routes.swap_remove(0) }.numbered()
}

fn moved(mut waypoint: Waypoint, i: usize, place: LatLon) -> Waypoint {
    waypoint.id = format!("{}-{i}", waypoint.id);
    for title in [&mut waypoint.body.title.zh_cn, &mut waypoint.body.title.en] {
        *title = format!("{title} {i}");
    }
    waypoint.body.facts.truncate(FACTS);
    waypoint.position = place;
    for exhibit in &mut waypoint.body.exhibits {
        let position = &mut exhibit.geopose.position;
        (position.lat, position.lon) = (place.lat(), place.lon());
    }
    waypoint
}
