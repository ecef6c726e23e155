//! Files as real programs write them (`tests/corpus/geo/ORIGIN.md`), understood as a designer meant them.

use crate::rig::{entries, lines, read, routes, skipped};
use serde_json::json;
use studyroute::domain::crs::Crs;
use studyroute::formats::{Format, Item, Place, Refused};

const FOLDER: &str = "tests/corpus/geo";
/// How many stops of the route stand in each layer.
const STOPS: usize = 12;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FOLDER}/{name}")).expect("the corpus is there")
}

#[test]
fn the_same_places_come_out_of_every_program() {
    // name, format, encoding, how many lines
    let cases = [
        ("ogr.gpx", Format::Gpx, "UTF-8", 0),
        ("gb18030.gpx", Format::Gpx, "gb18030", 0),
        ("gpsbabel-1.0.gpx", Format::Gpx, "UTF-8", 0),
        ("gpsbabel-1.1.gpx", Format::Gpx, "UTF-8", 0),
        ("gpsbabel-route.gpx", Format::Gpx, "UTF-8", 1),
        ("gpsbabel-track.gpx", Format::Gpx, "UTF-8", 1),
        ("ogr.kml", Format::Kml, "UTF-8", 0),
        ("utf-16be.kml", Format::Kml, "UTF-16BE", 0),
        ("ogr-libkml.kml", Format::Kml, "UTF-8", 0),
        ("ogr-libkml.kmz", Format::Kmz, "UTF-8", 0),
        ("gpsbabel.kml", Format::Kml, "UTF-8", 0),
        ("ogr-rfc7946.geojson", Format::GeoJson, "UTF-8", 0),
        ("ogr-2008.geojson", Format::GeoJson, "UTF-8", 0),
        ("ogr-crs84.geojson", Format::GeoJson, "UTF-8", 0),
        ("utf-16.geojson", Format::GeoJson, "UTF-16LE", 0),
        ("ogr.geojsonl", Format::GeoJson, "UTF-8", 0),
        ("ogr-rfc8142.geojsons", Format::GeoJson, "UTF-8", 0),
    ];
    let route = routes().swap_remove(1);
    for (name, format, encoding, line_count) in cases {
        let (understood, items) = read(&file(name)).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert_eq!((understood.format, understood.encoding), (format, Some(encoding)), "{name}");
        assert_eq!(lines(&items).len(), line_count, "{name}");
        assert!(lines(&items).iter().all(|line| line.len() == STOPS), "{name}");
        let found = entries(&items);
        assert_eq!(found.len(), STOPS, "{name}");
        for (entry, waypoint) in found.iter().zip(&route.waypoints) {
            assert_eq!(entry.mistakes, [], "{name}");
            let position = entry.position.expect("a position");
            assert!((position.lat - waypoint.position.lat()).abs() < 1e-7, "{name}: {position:?}");
            assert!((position.lon - waypoint.position.lon()).abs() < 1e-7, "{name}: {position:?}");
            assert_eq!(entry.patch["title"]["zh-CN"], waypoint.body.title.zh_cn, "{name}");
            assert_eq!(entry.patch["summary"]["zh-CN"], waypoint.body.summary.zh_cn, "{name}");
            assert_eq!(entry.id, None, "{name}");
        }
    }
}

#[test]
fn every_file_of_the_corpus_is_walked() {
    let source = std::fs::read_to_string("tests/formats/corpus.rs").expect("this file");
    for entry in std::fs::read_dir(FOLDER).expect("the corpus") {
        let name = entry.expect("a file").file_name().into_string().expect("a name");
        assert!(name == "ORIGIN.md" || source.contains(&format!("\"{name}\"")), "{name} is in no test");
    }
}

#[test]
fn the_reference_system_that_a_file_names_is_told() {
    let understood = |name: &str| read(&file(name)).expect("readable").0;
    assert_eq!(understood("ogr-crs84.geojson").crs, None);
    let old = understood("ogr-2008.geojson");
    assert_eq!(old.crs, Some((Crs::Wgs84, "crs: urn:ogc:def:crs:EPSG::4490".into())));
    assert!(old.notes.iter().any(|note| note.contains("CGCS2000")), "{:?}", old.notes);
    let Err(Refused::Unreadable(message)) = read(&file("ogr-web-mercator.geojson")) else {
        panic!("metres are no degrees")
    };
    assert!(message.contains("EPSG::3857") && message.contains("EPSG:4326"), "{message}");
}

#[test]
fn the_points_of_a_route_are_places_where_there_are_no_others() {
    let (understood, _) = read(&file("gpsbabel-route.gpx")).expect("readable");
    assert!(understood.notes.iter().any(|note| note.contains("points of its routes")), "{:?}", understood.notes);
    let (understood, _) = read(&file("gpsbabel-track.gpx")).expect("readable");
    assert_eq!(understood.notes, Vec::<String>::new());
}

#[test]
fn a_file_of_google_earth_is_understood_whole() {
    for (name, format) in [("google-earth.kml", Format::Kml), ("google-earth.kmz", Format::Kmz)] {
        let (understood, items) = read(&file(name)).expect("readable");
        assert_eq!(understood.format, format);
        let found = entries(&items);
        assert_eq!(found.iter().map(|entry| entry.place).collect::<Vec<_>>(), [1, 2, 3].map(Place::Feature));
        assert_eq!(
            found[0].patch,
            *json!({"title": {"zh-CN": "堽城坝遗址"}, "summary": {"zh-CN": "元代在这里筑坝。\n水靠重力 往低处流。"}})
                .as_object()
                .expect("an object")
        );
        assert_eq!(found[1].patch["title"], json!({"en": "Daicun Dam"}));
        assert_eq!(found[1].patch["themes"], json!(["hydraulics", "engineering"]));
        assert_eq!(found[1].position.map(|p| (p.lon, p.lat, p.height_m)), Some((116.551_672, 35.896_19, None)));
        assert_eq!(found[1].patch.get("altitude"), None, "counts from the ground");
        assert_eq!(found[2].patch["altitude"], json!({"metres": 38.2, "source": "KML file"}));
        assert_eq!(lines(&items).iter().map(|line| line.len()).collect::<Vec<_>>(), [3, 2]);
        let Some(Item::Line { patch, .. }) = items.iter().find(|item| matches!(item, Item::Line { .. })) else {
            panic!("a line")
        };
        assert_eq!(patch["title"], json!({"zh-CN": "走过的路"}));
        assert_eq!(understood.ignored, ["图标"]);
        let reasons = skipped(&items).join("|");
        for word in ["an area", "links are not followed", "picture"] {
            assert!(reasons.contains(word), "{word} in {reasons}");
        }
        assert_eq!(understood.notes.len(), 2, "{:?}", understood.notes);
    }
}
