//! What headings mean and what becomes of rows.

use super::*;
use crate::domain::route::WaypointBody;
use crate::formats::{VALUE_MAX_BYTES, geojson};
use proptest::prelude::*;
use serde_json::{Value, json};

fn cell(text: &str) -> Cell<'_> {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text.into()) }
}

fn columns(headings: &[&str]) -> Result<Columns, Refused> {
    Columns::new(&headings.iter().map(|heading| Cow::Borrowed(*heading)).collect::<Vec<_>>())
}

fn row(headings: &[&str], cells: &[&str]) -> Entry {
    let cells: Vec<Cell<'_>> = cells.iter().map(|text| cell(text)).collect();
    columns(headings).expect("good headings").entry(Place::Row(2), &cells)
}

#[test]
fn everyday_headings_mean_their_fields() {
    let cases = [
        ("名称", "title"),
        ("名称(中文)", "title.zh-CN"),
        ("名称（英文）", "title.en"),
        ("中文名", "title.zh-CN"),
        ("英文名", "title.en"),
        ("Name", "title"),
        (" name_zh ", "title.zh-CN"),
        ("NAME-EN", "title.en"),
        ("title.zh-CN", "title.zh-CN"),
        ("Title (English)", "title.en"),
        ("名称 / name", "title"),
        ("纬度", "lat"),
        ("纬度(WGS84)", "lat"),
        ("Latitude (required)", "lat"),
        ("ｌａｔ", "lat"),
        ("y", "lat"),
        ("经度（度）", "lon"),
        ("lng_gcj02", "lon"),
        ("高德经度", "lon"),
        ("百度坐标", "lat,lon"),
        ("坐标(lat,lon)", "lat,lon"),
        ("经度,纬度", "lon,lat"),
        ("海拔(米)", "altitude.metres"),
        ("elevation", "altitude.metres"),
        ("height_m", "height_m"),
        ("序号", "order"),
        ("No.", "order"),
        ("编号", "id"),
        ("slug", "id"),
        ("半径(米)", "zone.radius_m"),
        ("radius_m", "zone.radius_m"),
        ("zone.radius_m", "zone.radius_m"),
        ("简介", "summary"),
        ("Description", "summary"),
        ("县区", "county"),
        ("年代(英文)", "period.en"),
        ("主题", "themes"),
        ("保护级别", "heritage.status"),
        ("unesco_whc", "heritage.unesco_whc"),
        ("开放时间", "opening_hours.text"),
        ("来源", "coordinate.source"),
        ("精度(m)", "coordinate.precision_m"),
        ("坐标系", "crs"),
        ("facts[0].text.zh-CN", "facts[0].text.zh-CN"),
        ("facts.1.text.zh-CN", "facts[0].text.zh-CN"),
        ("Facts[1].Text", "facts[1].text"),
        ("questions[0].options[3].text.en", "questions[0].options[3].text.en"),
        ("exhibits[0].geopose.position.lat", "exhibits[0].geopose.position.lat"),
        ("zone.coordinates", "zone.coordinates"),
        ("zone.kind", "zone.kind"),
        ("themes[2]", "themes[2]"),
    ];
    for (heading, field) in cases {
        assert_eq!(field_of(heading).map(|field| field.to_string()).as_deref(), Some(field), "{heading}");
    }
}

#[test]
fn a_heading_that_could_mean_anything_means_nothing() {
    let long = "name".repeat(1_000);
    for heading in [
        "",
        "备注",
        "电话",
        "radius_en",
        "lat_m",
        "facts",
        "facts[0]",
        "facts[100].source",
        "facts[-1].source",
        "facts.0.source",
        "facts[99999999999999999999].source",
        "zone",
        "海拔/半径",
        "title.fr",
        "lat_wgs84_gcj02",
        &long,
    ] {
        assert_eq!(field_of(heading), None, "{heading}");
    }
}

#[test]
fn a_heading_can_declare_the_reference_system() {
    for (heading, crs) in [
        ("经度(GCJ-02)", Some(Crs::Gcj02)),
        ("lng_gcj02", Some(Crs::Gcj02)),
        ("高德纬度", Some(Crs::Gcj02)),
        ("Latitude (WGS 84)", Some(Crs::Wgs84)),
        ("百度坐标", Some(Crs::Bd09)),
        ("经度", None),
    ] {
        assert_eq!(field_of(heading).expect("known").crs, crs, "{heading}");
    }
    let entry = row(&["id", "lat_gcj02", "lng_gcj02"], &["a", "35.5", "116.9"]);
    assert_eq!((entry.crs, entry.mistakes), (Some(Crs::Gcj02), vec![]));
    let entry = row(&["lat", "lon", "坐标系"], &["35.5", "116.9", "火星坐标"]);
    assert_eq!(entry.crs, Some(Crs::Gcj02));
    let entry = row(&["lat_bd09", "lon_bd09", "坐标系"], &["35.5", "116.9", "GPS"]);
    assert!(entry.position.is_none() && entry.mistakes[0].message.contains("keep one"), "{entry:?}");
}

#[test]
fn the_other_heading_tells_the_language() {
    let patch = row(&["名称", "name", "lat", "lon"], &["A", "B", "35", "116"]).patch;
    assert_eq!(Value::Object(patch), json!({"title": {"zh-CN": "A", "en": "B"}}));
    let patch = row(&["名称", "title.en", "lat", "lon"], &["A", "B", "35", "116"]).patch;
    assert_eq!(Value::Object(patch), json!({"title": {"zh-CN": "A", "en": "B"}}));
    for (name, expected) in [("孔庙 Temple", json!({"zh-CN": "孔庙 Temple"})), ("Temple", json!({"en": "Temple"}))]
    {
        assert_eq!(row(&["名称"], &[name]).patch["title"], expected);
    }
}

#[test]
fn headings_that_contradict_each_other_refuse_the_table() {
    for (headings, expected) in [
        (&["名称", "标题", "lat", "lon"][..], "“名称” and “标题”"),
        (&["lat", "纬度", "lon"], "two columns for lat"),
        (&["id", "themes", "themes[0]"], "two columns for themes"),
        (&["id", "facts[0].source", "facts.1.source"], "two columns for facts[0].source"),
        (&["id", "lat"], "none of longitudes"),
        (&["id", "经度"], "none of latitudes"),
        (&["简介", "半径"], "which waypoint a row is"),
        (&["", " "], "no headings"),
        (&["lat_gcj02", "lon_bd09"], "two reference systems"),
    ] {
        let refused = columns(headings).expect_err("contradiction").to_string();
        assert!(refused.contains(expected), "{headings:?}: {refused}");
    }
    let many = vec!["facts[0].source"; COLUMNS_MAX + 1];
    assert!(matches!(columns(&many), Err(Refused::TooLarge(_))));
}

#[test]
fn what_is_understood_and_what_is_not_is_told() {
    let columns = columns(&["编号", "电话", "纬度", "经度", "位置", "facts[0].source", ""]).expect("good");
    let (known, ignored) = columns.understood();
    let known: Vec<(&str, &str)> = known.iter().map(|c| (c.heading.as_str(), c.field.as_str())).collect();
    let expected = [("编号", "id"), ("纬度", "lat"), ("经度", "lon"), ("facts[0].source", "facts[0].source")];
    assert_eq!((known.as_slice(), ignored.as_slice()), (&expected[..], &["电话".to_string(), "位置".to_string()][..]));
    assert_eq!(columns.width(), 6);
    assert!(columns.notes()[0].contains("the whole list"));
}

#[test]
fn cells_become_values_and_empty_cells_empty_their_fields() {
    let headings = [
        "lat",
        "lon",
        "radius",
        "主题",
        "待实测",
        "海拔",
        "开放时间",
        "order",
        "unesco",
        "facts.1.text",
        "facts.2.text",
    ];
    let entry = row(&headings, &["35.5", "116.9", "５０ 米", "a；b、c, d", "是", "1,5", "", "3", "", "", "第二"]);
    assert_eq!(entry.mistakes, vec![]);
    assert_eq!(
        Value::Object(entry.patch),
        json!({
            "zone": {"kind": "circle", "radius_m": 50.0, "coordinates": null, "to_be_surveyed": true},
            "themes": ["a", "b", "c", "d"], "altitude": {"metres": 1.5}, "opening_hours": null, "order": 3,
            "heritage": {"unesco_whc": null}, "facts": [{"text": {"zh-CN": "第二"}}],
        })
    );
    let emptied = row(&["id", "海拔", "海拔来源", "半径", "主题"], &["a", "", "", "", ""]).patch;
    let expected = json!({
        "altitude": null, "themes": null, "zone": {"kind": "circle", "radius_m": 0.0, "coordinates": null},
    });
    assert_eq!(Value::Object(emptied), expected);
    assert_eq!(row(&["id", "海拔", "半径"], &["a"]).patch, Map::new());
}

#[test]
fn a_mistake_names_heading_and_value_and_what_to_do() {
    for (heading, value, expected) in [
        ("半径(米)", "很大", "write digits"),
        ("半径(米)", "1,200", "could be 1200 or 1.200"),
        ("半径(米)", "1e999", "not a length"),
        ("序号", "-1", "whole number"),
        ("序号", "1.5", "whole number"),
        ("待实测", "也许", "yes or no"),
        ("zone.coordinates", "[[1,2]]", "no polygon"),
        ("exhibits[0].kind", "hologram", "model, image, audio"),
        ("坐标系", "北京54", "write wgs84"),
        ("海拔来源", "书", ""),
    ] {
        let found = row(&["编号", heading, "海拔"], &["a", value, ""]).mistakes;
        let [mistake] = found.as_slice() else { panic!("{heading}: {found:?}") };
        assert!(mistake.message.contains(expected), "{mistake:?}");
        if !expected.is_empty() {
            assert_eq!((mistake.column.as_str(), mistake.value.as_str()), (heading, value));
        }
    }
    let entry = row(&["lat", "lon"], &["35.5", ""]);
    assert_eq!((entry.position, entry.mistakes[0].column.as_str()), (None, "lon"));
    let entry = row(&["lat", "lon"], &["116°E", "35"]);
    assert!(entry.mistakes[0].message.contains("swapped"), "{entry:?}");
    let entry = row(&["lat", "lon"], &["35", "116", "", "rest"]);
    assert!(entry.mistakes[0].message.contains("more cells"), "{entry:?}");
    let long = "史".repeat(VALUE_MAX_BYTES / 3 + 1);
    assert!(row(&["id", "简介"], &["a", &long]).mistakes[0].message.contains("64 KiB"));
    let both = row(&["id", "半径", "多边形"], &["a", "5", "[[[1,2],[3,4],[5,6],[1,2]]]"]);
    assert!(both.mistakes[0].message.contains("both a radius and a polygon"), "{both:?}");
}

#[test]
fn a_row_that_is_no_waypoint_is_skipped_and_said_to_be() {
    let with_places = columns(&["编号", "名称", "纬度", "经度"]).expect("good");
    let item =
        |cells: &[&str]| with_places.item(Place::Row(9), &cells.iter().map(|text| cell(text)).collect::<Vec<_>>());
    assert_eq!(item(&["", " ", ""]), None);
    assert!(matches!(item(&["", "合计：28站"]), Some(Item::Skipped { place: Place::Row(9), .. })));
    assert!(matches!(item(&["kong-mansion", "孔府"]), Some(Item::Entry(entry)) if entry.mistakes.is_empty()));
    assert!(matches!(item(&["", "孔府", "?", "?"]), Some(Item::Entry(entry)) if entry.mistakes.len() == 2));
    let texts = columns(&["名称", "简介"]).expect("good");
    assert!(matches!(texts.item(Place::Row(2), &[cell("孔府"), cell("x")]), Some(Item::Entry(_))));
    assert!(matches!(texts.item(Place::Row(2), &[cell(""), cell("x")]), Some(Item::Skipped { .. })));
}

#[test]
fn numbers_are_read_as_they_are_written() {
    for (text, value) in [
        ("50", 50.0),
        ("-5", -5.0),
        ("12,5", 12.5),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567", 1_234_567.0),
        ("1 234.5", 1234.5),
        ("５０．５", 50.5),
        ("0.0000001", 1e-7),
    ] {
        assert_eq!(values::number(text), Ok(value), "{text}");
    }
    let digits = "9".repeat(400);
    for text in ["", "NaN", "inf", "1e999", "1,2,3", "1.2.3", "5-10", "约50", "--5", &digits, "0x10"] {
        assert!(values::number(text).is_err(), "{text}");
    }
    assert_eq!(values::metres("1.5 km"), Ok(1_500.0));
}

fn merged(patch: &Map<String, Value>) -> WaypointBody {
    let mut body = serde_json::to_value(WaypointBody::default()).expect("JSON");
    json_patch::merge(&mut body, &Value::Object(patch.clone()));
    serde_json::from_value(body).expect("a body")
}

#[test]
fn both_routes_survive_their_table() {
    for slug in ["confucius-mencius", "peoples-canal"] {
        let bytes = std::fs::read(format!("routes-data/{slug}/route.geojson")).expect("the route file is there");
        let route = geojson::read(&bytes).expect("good");
        let table = flatten(&route);
        assert!(table.lost.len() == 1 && table.lost[0].starts_with("the route's own"), "{:?}", table.lost);
        let headings: Vec<Cow<'_, str>> = table.headings.iter().map(|h| Cow::Borrowed(h.as_str())).collect();
        let columns = Columns::new(&headings).expect("our own headings");
        assert_eq!(columns.understood().1, Vec::<String>::new());
        for (cells, waypoint) in table.rows().zip(&route.waypoints) {
            let entry = columns.entry(Place::Row(2), &cells);
            assert_eq!(entry.mistakes, vec![]);
            let position = entry.position.expect("a position");
            assert_eq!((position.lat, position.lon), (waypoint.position.lat(), waypoint.position.lon()));
            assert_eq!(entry.id.as_deref(), Some(waypoint.id.as_str()));
            assert_eq!(merged(&entry.patch), waypoint.body);
        }
    }
}

/// A body with every member filled.
fn full() -> Value {
    json!({
        "order": 7, "title": {"zh-CN": "一", "en": "b"}, "summary": {"zh-CN": "c", "en": "d"},
        "zone": {"kind": "polygon", "coordinates": [[[116.1, 35.1], [116.2, 35.1], [116.2, 35.2], [116.1, 35.1]]], "to_be_surveyed": true},
        "themes": ["hydraulics", "geology"], "county": {"zh-CN": "e", "en": "f"}, "period": {"zh-CN": "g", "en": "h"},
        "heritage": {"status": {"zh-CN": "i", "en": "j"}, "unesco_whc": "1443"},
        "altitude": {"metres": 12.25, "source": "k"},
        "facts": [{"date": {"zh-CN": "l", "en": "m"}, "text": {"zh-CN": "n", "en": "o"}, "source": "p"}],
        "questions": [{
            "id": "q1", "prompt": {"zh-CN": "q", "en": "r"}, "options": [{"id": "a", "text": {"zh-CN": "s", "en": "t"}}],
            "key": "a", "explanation": {"zh-CN": "u", "en": "v"}, "source": "w",
        }],
        "exhibits": [{
            "id": "x", "kind": "model", "title": {"zh-CN": "y", "en": "z"}, "alt": {"zh-CN": "A", "en": "B"},
            "text": {"zh-CN": "C", "en": "D"},
            "geopose": {"position": {"lat": 35.5, "lon": 116.5, "h": 1.5}, "quaternion": {"x": 0.5, "y": 0.5, "z": -0.5, "w": 0.5}},
            "height_datum": "ellipsoid", "scale": 0.1, "trigger_m": 30.0,
            "assets": [{
                "role": "full", "href": "a.glb", "media_type": "model/gltf-binary", "bytes": u64::MAX, "sha256": "00",
                "source": "E", "license": "CC0-1.0",
            }],
        }],
        "coordinate": {
            "source": "F", "source_datum": "G", "confidence": "derived", "precision_m": 5.5, "derivation": "H", "note": "I",
        },
        "opening_hours": {"text": {"zh-CN": "J", "en": "K"}, "source": "L"},
    })
}

fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            leaves(value, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
        }),
        Value::Array(elements) if path != "themes" && path != "zone.coordinates" => {
            elements.iter().enumerate().for_each(|(i, value)| leaves(value, &format!("{path}[{i}]"), found));
        }
        _ => found.push(path.into()),
    }
}

#[test]
fn every_leaf_of_a_waypoint_has_a_column_and_survives_it() {
    let body: WaypointBody = serde_json::from_value(full()).expect("a body");
    // What the body itself writes is what counts, so that no member is forgotten here.
    let written = serde_json::to_value(&body).expect("JSON");
    let mut paths = Vec::new();
    leaves(&written, "", &mut paths);
    for path in &paths {
        assert_eq!(field_of(path).map(|field| field.to_string()).as_ref(), Some(path));
    }
    let mut route =
        geojson::read(&std::fs::read("routes-data/peoples-canal/route.geojson").expect("there")).expect("good");
    route.waypoints[0].body = body.clone();
    route.waypoints[0].height_m = Some(12.5);
    let table = flatten(&route);
    let headings: Vec<Cow<'_, str>> = table.headings.iter().map(|h| Cow::Borrowed(h.as_str())).collect();
    let entry = Columns::new(&headings).expect("our own").entry(Place::Row(2), &table.rows().next().expect("a row"));
    assert_eq!((merged(&entry.patch), entry.position.expect("there").height_m), (body, Some(12.5)));
}

#[test]
fn what_a_table_cannot_hold_is_said_and_left_untouched() {
    let mut route =
        geojson::read(&std::fs::read("routes-data/peoples-canal/route.geojson").expect("there")).expect("good");
    route.waypoints[0].body.themes = vec!["a, b".into()];
    let fact = route.waypoints[0].body.facts[0].clone();
    route.waypoints[1].body.facts = vec![fact; shape::LIST_MAX + 1];
    let table = flatten(&route);
    assert_eq!(table.lost.len(), 3, "{:?}", table.lost);
    assert!(!table.headings.iter().any(|heading| heading.starts_with("facts") || heading.contains("themes")));
    assert_eq!(table.rows().next().expect("a row").len(), table.headings.len());
}

proptest! {
    #[test]
    fn no_heading_and_no_cell_makes_it_panic(headings in prop::collection::vec("\\PC{0,20}|[a-z]{1,9}(\\[[0-9]{1,3}\\])?(\\.[a-z]{2,6}){0,3}", 0..8), cells in prop::collection::vec("\\PC{0,30}|[0-9.,°'NSEW -]{0,20}", 0..9)) {
        let headings: Vec<Cow<'_, str>> = headings.iter().map(|h| Cow::Borrowed(h.as_str())).chain(["lat".into(), "lon".into()]).collect();
        let cells: Vec<Cell<'_>> = cells.iter().map(|text| cell(text)).collect();
        if let Ok(columns) = Columns::new(&headings) {
            prop_assert!(columns.entry(Place::Row(1), &cells).mistakes.len() <= headings.len() + 3);
        }
    }
}
