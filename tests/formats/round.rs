//! What is written is read back.

use crate::rig::{entries, lines, read, routes, written};
use serde_json::{Map, Value, json};
use studyroute::domain::route::{StudyRoute, WaypointBody};
use studyroute::formats::{Entry, Format, Item, geojson};

/// RFC 7396.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    let into = into.as_object_mut().expect("an object");
    for (name, value) in patch {
        if value.is_null() {
            into.remove(name);
        } else {
            merge(into.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// What an unwritten waypoint becomes by an entry.
fn body(entry: &Entry) -> WaypointBody {
    assert_eq!(entry.mistakes, []);
    let mut value = Value::Object(Map::new());
    merge(&mut value, &Value::Object(entry.patch.clone()));
    serde_json::from_value(value).expect("the shape of a waypoint")
}

#[test]
fn a_route_file_is_the_same_after_writing_and_reading() {
    for route in routes() {
        let (bytes, lost) = written(Format::GeoJson, &route);
        assert_eq!(geojson::read(&bytes), Ok(route), "strictly read");
        assert_eq!(lost, Vec::<String>::new());
    }
}

fn assert_same(route: &StudyRoute, bytes: &[u8]) {
    let (_, items) = read(bytes).expect("readable");
    let [line] = lines(&items)[..] else { panic!("one line") };
    assert_eq!(line.iter().map(|position| [position.lon, position.lat]).collect::<Vec<_>>(), route.line);
    assert_same_waypoints(route, &items);
}

fn assert_same_waypoints(route: &StudyRoute, items: &[Item]) {
    let entries = entries(items);
    assert_eq!(entries.len(), route.waypoints.len());
    for (entry, waypoint) in entries.iter().zip(&route.waypoints) {
        assert_eq!(entry.id.as_ref(), Some(&waypoint.id));
        let position = entry.position.expect("a position");
        assert_eq!((position.lat, position.lon), (waypoint.position.lat(), waypoint.position.lon()));
        assert_eq!(position.height_m, waypoint.height_m, "{}", waypoint.id);
        assert_eq!(body(entry), waypoint.body, "{}", waypoint.id);
    }
}

#[test]
fn every_format_is_told_by_its_content() {
    for route in routes() {
        for format in Format::ALL {
            let (understood, items) = read(&written(format, &route).0).expect("readable");
            assert_eq!(understood.format, format);
            if matches!(format, Format::Csv | Format::Tsv | Format::Xlsx) {
                assert_same_waypoints(&route, &items);
            }
        }
    }
}

#[test]
fn no_field_is_lost_in_geojson_kml_and_kmz() {
    for mut route in routes() {
        route.waypoints[0].height_m = Some(-7.25);
        route.waypoints[1].body.summary.zh_cn = "<b>水</b> & “闸” < 3 米\n第二行".into();
        for format in [Format::GeoJson, Format::Kml, Format::Kmz] {
            assert_same(&route, &written(format, &route).0);
        }
    }
}

#[test]
fn a_text_in_another_language_than_its_place_says_survives_kml() {
    let mut route = routes().swap_remove(0);
    route.waypoints.truncate(2);
    route.waypoints[0].body.title.zh_cn = "Bridge 3".into();
    route.waypoints[1].body.title.en = String::new();
    route.waypoints[1].body.summary.zh_cn = " two  spaces round ".into();
    assert_same(&route, &written(Format::Kml, &route).0);
}

#[test]
fn a_name_changed_on_the_map_is_the_title() {
    let route = routes().swap_remove(1);
    let text = String::from_utf8(written(Format::Kml, &route).0).expect("UTF-8");
    let (_, items) = read(text.replace("<name>堽城坝遗址</name>", "<name>堽城坝</name>").as_bytes()).expect("readable");
    assert_eq!(entries(&items)[0].patch["title"]["zh-CN"], "堽城坝");
}

#[test]
fn gpx_holds_places_names_and_the_line_and_says_what_it_cannot() {
    for route in routes() {
        let (bytes, lost) = written(Format::Gpx, &route);
        let (understood, items) = read(&bytes).expect("readable");
        assert_eq!((understood.format, understood.encoding), (Format::Gpx, Some("UTF-8")));
        for (entry, waypoint) in entries(&items).iter().zip(&route.waypoints) {
            let position = entry.position.expect("a position");
            assert_eq!((position.lat, position.lon), (waypoint.position.lat(), waypoint.position.lon()));
            assert_eq!(entry.patch["title"], json!({ "zh-CN": waypoint.body.title.zh_cn }));
            assert_eq!(entry.patch["summary"], json!({ "zh-CN": waypoint.body.summary.zh_cn }));
        }
        assert_eq!(lines(&items)[0].len(), route.line.len());
        for word in ["zones", "questions", "ids"] {
            assert!(lost.iter().any(|said| said.contains(word)), "{word} in {lost:?}");
        }
    }
}
