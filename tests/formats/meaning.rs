//! What the parts of a file mean to a route.

use crate::rig::{entries, lines, read, skipped};
use serde_json::json;
use studyroute::domain::crs::Crs;
use studyroute::formats::Place;

#[test]
fn a_point_without_degrees_is_a_mistake_of_its_own_and_not_of_the_file() {
    let file = "<gpx>\n<wpt lon='116.9'><name>a</name></wpt>\n<wpt lat='35,5' lon='116.9'/>\n\
                <wpt lat='35.5' lon='116.9'><ele>high</ele><time>2024-05-01T08:00</time></wpt>\n\
                <wpt lat='35.5' lon='116.9'><ele>48.5</ele><cmt>石桥</cmt></wpt>\n</gpx>";
    let (understood, items) = read(file.as_bytes()).expect("readable");
    let found = entries(&items);
    let said = |i: usize| found[i].mistakes.iter().map(|m| (m.column.as_str(), m.value.as_str())).collect::<Vec<_>>();
    assert_eq!((found[0].place, found[0].position, said(0)), (Place::Line(2), None, vec![("lat", "")]));
    assert!(found[0].mistakes[0].message.contains("line 2 has no lat"), "{:?}", found[0].mistakes);
    assert_eq!((found[1].place, said(1)), (Place::Line(3), vec![("lat", "35,5")]));
    assert_eq!((found[2].position.is_some(), said(2)), (true, vec![("ele", "high")]));
    assert_eq!(found[3].patch["altitude"], json!({"metres": 48.5, "source": "GPX file"}));
    assert_eq!(found[3].patch["summary"], json!({"zh-CN": "石桥"}), "a comment stands in for a description");
    assert_eq!(found[3].position.and_then(|position| position.height_m), None, "not above the ellipsoid");
    assert!(understood.notes.iter().any(|note| note.contains("above sea level")), "{:?}", understood.notes);
}

#[test]
fn segments_of_a_track_are_joined_and_that_is_said() {
    let point = "<trkpt lat='35' lon='116'/>";
    let file = format!("<gpx><trk><trkseg>{point}{point}</trkseg><trkseg>{point}</trkseg></trk></gpx>");
    let (understood, items) = read(file.as_bytes()).expect("readable");
    assert_eq!(lines(&items).iter().map(|line| line.len()).collect::<Vec<_>>(), [3]);
    assert_eq!(understood.notes.len(), 1);
}

#[test]
fn properties_of_a_foreign_layer_go_where_their_names_say() {
    let file = json!({"type": "Feature", "id": 7, "geometry": {"type": "Point", "coordinates": [116.9, 35.5, 12.5]},
        "properties": {"fid": 3, "名称": "石桥", "Name_en": "Stone Bridge", "半径": 60, "colour": "red", "备注": null}});
    let (understood, items) = read(file.to_string().as_bytes()).expect("readable");
    let entry = entries(&items)[0];
    assert_eq!(entry.mistakes, []);
    assert_eq!(entry.id.as_deref(), Some("7"));
    assert_eq!(entry.position.and_then(|position| position.height_m), Some(12.5));
    assert_eq!(entry.patch["title"], json!({"zh-CN": "石桥", "en": "Stone Bridge"}));
    assert_eq!(entry.patch["zone"]["radius_m"], 60.0);
    assert!(understood.ignored.contains(&"colour".to_string()), "{:?}", understood.ignored);
}

#[test]
fn properties_of_a_route_file_go_in_as_they_are() {
    let properties =
        json!({"title": {"zh-CN": "闸"}, "facts": [{"source": "a book"}], "altitude": null, "mood": {"a": 1}});
    let file = json!({"type": "Feature", "geometry": null, "properties": properties});
    let (understood, items) = read(file.to_string().as_bytes()).expect("readable");
    let entry = entries(&items)[0];
    assert_eq!((entry.position, &entry.mistakes[..]), (None, &[][..]));
    assert_eq!(
        entry.patch,
        *json!({"title": {"zh-CN": "闸"}, "facts": [{"source": "a book"}], "altitude": null})
            .as_object()
            .expect("an object")
    );
    assert_eq!(understood.ignored, ["mood"]);
}

#[test]
fn shapes_are_places_lines_or_left_out() {
    let cases = [
        (json!({"type": "Point", "coordinates": [1, 2]}), (1, 0, 0, 0)),
        (json!({"coordinates": [[1, 2]], "type": "MultiPoint"}), (1, 0, 0, 0)),
        (json!({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}), (0, 0, 1, 0)),
        (json!({"type": "LineString", "coordinates": [[1, 2], [3, 4]]}), (0, 2, 0, 0)),
        (json!({"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}), (0, 4, 0, 1)),
        (json!({"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]}), (0, 0, 1, 0)),
        (json!({"type": "GeometryCollection", "geometries": []}), (0, 0, 1, 0)),
    ];
    for (geometry, (places, positions, left_out, notes)) in cases {
        for file in [geometry.clone(), json!({"type": "Feature", "properties": {}, "geometry": geometry})] {
            let (understood, items) = read(file.to_string().as_bytes()).expect("readable");
            let drawn: usize = lines(&items).iter().map(|line| line.len()).sum();
            let found = (entries(&items).len(), drawn, skipped(&items).len(), understood.notes.len());
            assert_eq!(found, (places, positions, left_out, notes), "{file}");
            assert!(
                entries(&items).iter().all(|entry| entry.position.is_some() && entry.mistakes.is_empty()),
                "{file}"
            );
        }
    }
    for broken in [json!([1]), json!([]), json!(["1", 2]), json!([[1, 2]]), json!(null), json!([1, [2, 3]])] {
        let file = json!({"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": broken}});
        let (_, items) = read(file.to_string().as_bytes()).expect("readable");
        let found = entries(&items)[0].mistakes.iter().map(|mistake| mistake.column.as_str()).collect::<Vec<_>>();
        assert_eq!(found, ["geometry"], "{file}");
    }
}

#[test]
fn a_reference_system_named_after_the_features_counts() {
    let system = |name: &str| {
        let feature = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[116.9,35.5]},"properties":{}}"#;
        let crs = json!({"type": "name", "properties": {"name": name}});
        read(format!("{{\"type\":\"FeatureCollection\",\"features\":[{feature}],\"crs\":{crs}}}").as_bytes())
            .map(|(understood, items)| (understood.crs.map(|(crs, _)| crs), items.len()))
    };
    for (name, crs) in [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", Crs::Wgs84),
        ("EPSG:4326", Crs::Wgs84),
        ("urn:ogc:def:crs:EPSG:6.9:4326", Crs::Wgs84),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", Crs::Wgs84),
        ("urn:ogc:def:crs:EPSG::4490", Crs::Wgs84),
        ("GCJ-02", Crs::Gcj02),
        ("bd09ll", Crs::Bd09),
    ] {
        assert_eq!(system(name), Ok((Some(crs), 1)), "{name}");
    }
    for name in ["EPSG:3857", "urn:ogc:def:crs:EPSG::4547", "EPSG:14326", "EPSG:43260"] {
        let refused = system(name).expect_err(name).to_string();
        assert!(refused.contains(name) && refused.contains("CRS EPSG:4326"), "{refused}");
    }
}
