//! What a visitor is told of the places around: shape, order, distances, reference systems, languages, forms.

use crate::app::TestApp;
use crate::client::Answer;
use crate::route_files;
use geo::{Bearing, Distance, Geodesic, Point};
use serde_json::{Value, json};

/// In front of the temple, in the old town of Jining, and far out on the lake.
const VISITORS: [(f64, f64); 3] = [(35.5963, 116.9835), (35.4049, 116.5822), (34.9, 116.9)];

fn items(answer: &Answer) -> Vec<Value> {
    answer.json()["items"].as_array().unwrap_or_else(|| panic!("no items: {answer:?}")).clone()
}

fn ids(answer: &Answer) -> Vec<String> {
    items(answer).iter().map(|item| item["waypoint"]["id"].as_str().expect("an id").to_string()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

fn place(waypoint: &Value) -> (f64, f64) {
    (number(&waypoint["position"]["lat"]), number(&waypoint["position"]["lon"]))
}

async fn near(app: &TestApp, (lat, lon): (f64, f64), more: &str) -> Answer {
    app.get(&format!("/v1/nearby?lat={lat}&lon={lon}{more}")).await.expect(200)
}

type IsRight = fn(&Value) -> bool;

/// Members of an object and how to tell that each is right.
fn check(value: &Value, members: &[(&str, IsRight)]) {
    for (name, is_right) in members {
        assert!(is_right(&value[*name]), "{name}: {value:#}");
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

#[tokio::test]
async fn every_item_has_the_shape_of_the_contract() {
    let app = TestApp::start().await;
    let answer = near(&app, VISITORS[0], "&radius_m=100000&limit=100").await;
    check(&answer.json(), &[("crs", |v| v == "wgs84"), ("generation", |v| v.as_i64() >= Some(1))]);
    check(&answer.json()["refresh"], &[("distance_m", Value::is_number), ("after_s", Value::is_u64)]);
    let items = items(&answer);
    let way_m =
        |(lat, lon): (f64, f64)| Geodesic.distance(Point::new(VISITORS[0].1, VISITORS[0].0), Point::new(lon, lat));
    let reached = route_files::waypoints().iter().filter(|(id, _)| way_m(route_files::position(id)) <= 100_000.0);
    assert_eq!(items.len(), reached.count(), "{answer:?}");
    assert!(items.len() > 40, "{answer:?}");
    for item in &items {
        check(item, &[("distance_m", Value::is_number), ("bearing_deg", Value::is_number)]);
        check(&item["enu_m"], &[("east", Value::is_number), ("north", Value::is_number), ("up", Value::is_number)]);
        check_waypoint(&item["waypoint"]);
    }
}

fn check_waypoint(waypoint: &Value) {
    check(waypoint, &[("id", is_text), ("route", is_text), ("title", is_text), ("summary", is_text)]);
    check(waypoint, &[("order", |v| v.as_u64() >= Some(1)), ("themes", Value::is_array), ("zone", Value::is_object)]);
    check(waypoint, &[("questions", Value::is_u64), ("href", is_text), ("exhibits", Value::is_array)]);
    check(&waypoint["position"], &[("lat", Value::is_number), ("lon", Value::is_number)]);
    check(&waypoint["coordinate"], &[("confidence", is_text), ("precision_m", Value::is_number)]);
    let exhibits = waypoint["exhibits"].as_array().expect("exhibits");
    assert!(!exhibits.is_empty(), "{waypoint:#}");
    for exhibit in exhibits {
        check(exhibit, &[("id", is_text), ("kind", is_text), ("title", is_text), ("alt", is_text)]);
        check(exhibit, &[("scale", Value::is_number), ("trigger_m", Value::is_number), ("assets", Value::is_array)]);
        for axis in ["x", "y", "z", "w"] {
            assert!(exhibit["geopose"]["quaternion"][axis].is_number(), "{exhibit:#}");
        }
        for part in ["lat", "lon", "h"] {
            assert!(exhibit["geopose"]["position"][part].is_number(), "{exhibit:#}");
        }
    }
    let (route, id) = (waypoint["route"].as_str().expect("a route"), waypoint["id"].as_str().expect("an id"));
    let bare = id.strip_prefix(&format!("{route}/")).expect("route/waypoint");
    assert_eq!(waypoint["href"], format!("/v1/routes/{route}/waypoints/{bare}"));
}

#[tokio::test]
async fn the_nearest_comes_first_and_all_offsets_agree_with_the_geodesic() {
    let app = TestApp::start().await;
    for visitor in VISITORS {
        let answer = near(&app, visitor, "&radius_m=100000&limit=100").await;
        let items = items(&answer);
        assert!(items.len() > 20, "{answer:?}");
        assert!(items.is_sorted_by_key(|item| number(&item["distance_m"])), "{answer:?}");
        for item in &items {
            check_offsets(visitor, item);
        }
    }
}

/// A millimetre up to 1 km, a centimetre up to 10 km, as parts of the way beyond.
fn check_offsets(visitor: (f64, f64), item: &Value) {
    let there = place(&item["waypoint"]);
    let (from, to) = (Point::new(visitor.1, visitor.0), Point::new(there.1, there.0));
    let (distance_m, bearing_deg) = (Geodesic.distance(from, to), Geodesic.bearing(from, to));
    let tolerance_m = if distance_m < 1_000.0 { 0.001 } else { 0.01 * (distance_m / 10_000.0).max(1.0) };
    let close = |what: &str, one: f64, other: f64| {
        assert!((one - other).abs() <= tolerance_m, "{what} {one} {other}, {distance_m} m away: {item:#}");
    };
    close("distance", number(&item["distance_m"]), distance_m);
    let turned = (number(&item["bearing_deg"]) - bearing_deg + 540.0).rem_euclid(360.0) - 180.0;
    close("sideways", turned.to_radians() * distance_m, 0.0);
    let (east, north) = (number(&item["enu_m"]["east"]), number(&item["enu_m"]["north"]));
    // The tangent plane is left by the cube of the way; within 10 km that is under 5 mm.
    if distance_m < 10_000.0 {
        close("east", east, distance_m * bearing_deg.to_radians().sin());
        close("north", north, distance_m * bearing_deg.to_radians().cos());
        let up = -distance_m * distance_m / (2.0 * 6_371_000.0);
        let up_off = (number(&item["enu_m"]["up"]) - up).abs();
        assert!(up_off <= 0.001 + 0.01 * up.abs(), "up, {up}: {item:#}");
    }
}

#[tokio::test]
async fn get_and_post_give_the_same_answer() {
    let app = TestApp::start().await;
    let questions = [
        ("", json!({})),
        ("&radius_m=2500.5&limit=3", json!({"radius_m": 2500.5, "limit": 3})),
        (
            "&route=confucius-mencius&theme=botany&crs=bd09&lang=en&radius_m=9000",
            json!({"route": "confucius-mencius", "theme": "botany", "crs": "bd09", "lang": "en", "radius_m": 9_000}),
        ),
    ];
    for (query, mut body) in questions {
        (body["lat"], body["lon"]) = (json!(35.5963), json!(116.9835));
        let got = near(&app, VISITORS[0], query).await;
        let posted = app.post("/v1/nearby").json(&body).await.expect(200);
        assert!(!items(&got).is_empty(), "{got:?}");
        assert_eq!(got.text(), posted.text());
        let (lat, lon) = VISITORS[0];
        let geo = ("accept", "application/geo+json");
        let got = app.get(&format!("/v1/nearby?lat={lat}&lon={lon}{query}")).header(geo.0, geo.1).await.expect(200);
        let posted = app.post("/v1/nearby").json(&body).header(geo.0, geo.1).await.expect(200);
        assert_eq!((got.header("content-type"), got.text()), (posted.header("content-type"), posted.text()));
    }
}

#[tokio::test]
async fn positions_go_in_and_out_in_the_reference_system_that_was_named() {
    let app = TestApp::start().await;
    let plain = app.get("/v1/routes/confucius-mencius/waypoints/dacheng-hall").await.expect(200).json();
    for (crs, least_m, most_m) in [("gcj02", 300.0, 800.0), ("bd09", 600.0, 1_500.0)] {
        let own = app.get(&format!("/v1/routes/confucius-mencius/waypoints/dacheng-hall?crs={crs}")).await.expect(200);
        let (lat, lon) = place(&own.json());
        let shift_m = Geodesic.distance(Point::new(lon, lat), Point::new(place(&plain).1, place(&plain).0));
        assert!((least_m..most_m).contains(&shift_m), "{crs} shifts by {shift_m} m");
        let shifted = near(&app, (lat, lon), &format!("&radius_m=5000&crs={crs}")).await;
        let straight = near(&app, place(&plain), "&radius_m=5000").await;
        assert_eq!(ids(&shifted), ids(&straight));
        assert_eq!(shifted.json()["crs"], crs);
        for (one, other) in items(&shifted).iter().zip(items(&straight)) {
            assert!((number(&one["distance_m"]) - number(&other["distance_m"])).abs() < 0.01, "{one:#} {other:#}");
            let route = one["waypoint"]["route"].as_str().expect("a route");
            let list = app.get(&format!("/v1/routes/{route}/waypoints?crs={crs}")).await.expect(200).json();
            let listed = list["items"].as_array().expect("items").contains(&one["waypoint"]);
            assert!(listed, "not as in the list of the route: {one:#}");
            let pose = |item: &Value| item["waypoint"]["exhibits"][0]["geopose"]["position"].clone();
            let off = |part: &str| number(&pose(one)[part]) - number(&pose(&other)[part]);
            assert!(off("lat").hypot(off("lon")) > 0.002, "{crs}: the pose of an exhibit was not shifted: {one:#}");
        }
    }
}

#[tokio::test]
async fn the_language_is_that_of_the_parameter_else_of_the_header_else_chinese() {
    let app = TestApp::start().await;
    let titles = &route_files::waypoint("confucius-mencius/confucius-temple")["properties"]["title"];
    for (query, header, expected) in [
        ("", "", "zh-CN"),
        ("", "en-GB,en;q=0.9", "en"),
        ("&lang=zh-CN", "en", "zh-CN"),
        ("&lang=en", "zh", "en"),
        ("", "fr", "zh-CN"),
    ] {
        let path = format!("/v1/nearby?lat=35.59667&lon=116.98417&limit=1{query}");
        let answer = app.get(&path).header("accept-language", header).await.expect(200);
        assert_eq!(items(&answer)[0]["waypoint"]["title"], titles[expected], "{query} {header}: {answer:?}");
        assert_eq!(answer.header("content-language"), expected, "{answer:?}");
        let vary = answer.header("vary");
        assert!(vary.contains("accept-language") && vary.split([',', ' ']).any(|name| name == "accept"), "{answer:?}");
    }
    app.get("/v1/nearby?lat=1&lon=1&lang=fr").await.refused(400, "invalid-parameter");
}

#[tokio::test]
async fn geojson_is_a_feature_collection_of_the_same_items() {
    let app = TestApp::start().await;
    for crs in ["wgs84", "gcj02"] {
        let path = format!("/v1/nearby?lat=35.5963&lon=116.9835&radius_m=5000&crs={crs}");
        let answer = app.get(&path).header("accept", "application/geo+json").await.expect(200);
        assert_eq!(answer.header("content-type"), "application/geo+json", "{answer:?}");
        let collection: geojson::FeatureCollection =
            answer.text().parse().unwrap_or_else(|e| panic!("{e}: {answer:?}"));
        let items = items(&app.get(&path).await.expect(200));
        assert_eq!(collection.features.len(), items.len());
        assert!(items.len() > 5, "{answer:?}");
        for (feature, item) in answer.json()["features"].as_array().expect("features").iter().zip(&items) {
            let (lat, lon) = place(&item["waypoint"]);
            assert_eq!(feature["geometry"], json!({"type": "Point", "coordinates": [lon, lat]}));
            assert_eq!(feature["properties"], *item);
            assert_eq!(feature["id"], item["waypoint"]["id"]);
        }
    }
}

#[tokio::test]
async fn route_and_theme_narrow_the_answer_to_what_the_files_say() {
    let app = TestApp::start().await;
    let all = near(&app, VISITORS[0], "&radius_m=100000&limit=100").await;
    let narrowed = near(&app, VISITORS[0], "&radius_m=100000&limit=100&route=peoples-canal&theme=acoustics").await;
    let fits = |id: &String| {
        let themes = route_files::waypoint(id)["properties"]["themes"].as_array().expect("themes");
        id.starts_with("peoples-canal/") && themes.contains(&json!("acoustics"))
    };
    let expected: Vec<String> = ids(&all).into_iter().filter(fits).collect();
    assert!(!expected.is_empty());
    assert_eq!(ids(&narrowed), expected);
}

#[tokio::test]
async fn a_phone_is_told_to_ask_again_half_way_to_the_nearest_place() {
    let app = TestApp::start().await;
    let on_the_lake = near(&app, VISITORS[2], "&radius_m=100000").await.json();
    let half_m = number(&on_the_lake["items"][0]["distance_m"]) / 2.0;
    let told_m = number(&on_the_lake["refresh"]["distance_m"]);
    assert!((told_m - half_m.clamp(20.0, 1_000.0)).abs() < 0.6, "to the metre: {on_the_lake:#}");
    let in_the_temple = near(&app, (35.59667, 116.98417), "").await.json();
    assert_eq!(in_the_temple["refresh"]["distance_m"], 20);
}

#[tokio::test]
async fn a_compressed_answer_says_what_the_plain_one_says() {
    let app = TestApp::start().await;
    for more in ["&limit=100&radius_m=100000", "&lang=en", "&crs=gcj02", "&route=peoples-canal&radius_m=50000"] {
        for visitor in VISITORS {
            for form in ["application/json", "application/geo+json"] {
                let (lat, lon) = visitor;
                let ask = || app.get(&format!("/v1/nearby?lat={lat}&lon={lon}{more}")).header("accept", form);
                let plain = ask().await.expect(200);
                // Twice: made, and taken from what was made.
                for _ in 0..2 {
                    let answer = ask().header("accept-encoding", "br, gzip").await.expect(200);
                    let has_items = !plain.text().ends_with(":[]}");
                    assert_eq!(answer.header("content-encoding"), if has_items { "gzip" } else { "" }, "{answer:?}");
                    let mut text = String::new();
                    let mut reader = flate2::read::GzDecoder::new(&answer.bytes[..]);
                    if has_items {
                        std::io::Read::read_to_string(&mut reader, &mut text).expect("a stream with its checksum");
                        assert!(answer.bytes.len() < text.len());
                        assert_eq!(text, plain.text());
                    }
                }
                assert_eq!(plain.header("content-encoding"), "");
                assert!(plain.header("vary").contains("accept-encoding"));
            }
        }
    }
    for refusal in ["gzip;q=0, br", "identity", "deflate"] {
        let answer = app.get("/v1/nearby?lat=35.5963&lon=116.9835").header("accept-encoding", refusal).await;
        assert_eq!(answer.expect(200).header("content-encoding"), "", "{refusal}");
    }
}
