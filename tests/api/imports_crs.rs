//! Coordinates of Chinese maps and swapped ones: declared ones are converted, others asked about, none converted in silence.

use crate::app::TestApp;
use crate::client::Operator;
use crate::imports::{CANAL, NEW, counts, designer, draft, import, left_behind, taken, waypoint};
use crate::route_files;
use serde_json::{Value, json};
use studyroute::domain::crs::{self, Crs};
use studyroute::domain::geodesy::LatLon;

/// How degrees are written.
type Write = fn(f64, f64) -> (f64, f64);
/// Parameters and their values.
type Told = &'static [(&'static str, &'static str)];

/// The first stops of the canal: id, title, where they are.
fn stops() -> Vec<(String, String, (f64, f64))> {
    let of_canal = route_files::waypoints().iter().filter(|(name, _)| name.starts_with(CANAL));
    let stops = of_canal.take(8).map(|(name, feature)| {
        let title = feature["properties"]["title"]["zh-CN"].as_str().expect("a title").to_string();
        (name.split('/').next_back().expect("an id").to_string(), title, route_files::position(name))
    });
    stops.collect()
}

/// A table of the stops with their numbers written in another way.
fn table(headings: &str, write: impl Fn(f64, f64) -> (f64, f64)) -> String {
    let rows = stops().into_iter().map(|(_, title, (lat, lon))| {
        let (lat, lon) = write(lat, lon);
        format!("{title},{lat},{lon}\n")
    });
    format!("{headings}\n{}", rows.collect::<String>())
}

fn off_m(waypoint: &Value, (lat, lon): (f64, f64)) -> f64 {
    let at = |name: &str| waypoint["position"][name].as_f64().expect("degrees");
    let place = LatLon::new(at("lat"), at("lon")).expect("a place");
    place.distance_m(LatLon::new(lat, lon).expect("a place"))
}

async fn all_are_within_a_centimetre(designer: &Operator, route: &str) {
    let draft = draft(designer, route).await;
    for ((id, title, place), waypoint) in stops().iter().zip(draft["waypoints"].as_array().expect("a list")) {
        assert_eq!(&waypoint["title"]["zh-CN"], title);
        assert!(off_m(waypoint, *place) < 0.01, "{id}: {waypoint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shifted_and_swapped_coordinates_are_asked_about_and_then_read_as_told() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let swapped = |lat: f64, lon: f64| (lon, lat);
    let cases: [(&str, Write, Told); 4] = [
        ("GCJ-02", |lat, lon| crs::from_wgs84(Crs::Gcj02, lat, lon), &[("crs", "gcj02")]),
        ("BD-09", |lat, lon| crs::from_wgs84(Crs::Bd09, lat, lon), &[("crs", "bd09")]),
        ("swapped", swapped, &[("swap_axes", "true")]),
        (
            "swapped GCJ-02",
            |lat, lon| {
                let (lat, lon) = crs::from_wgs84(Crs::Gcj02, lat, lon);
                (lon, lat)
            },
            &[("swap_axes", "true"), ("crs", "gcj02")],
        ),
    ];
    // With the stops in the draft, and with them on another route alone.
    for route in [CANAL, NEW] {
        for (name, write, expected) in cases {
            let file = table("名称,纬度,经度", write);
            let problem = import(&designer, route, "", file.clone()).await.refused(422, "import-refused");
            let suggestions = problem["suggestions"].as_array().expect("a list");
            let said: Vec<(&str, &str)> = suggestions
                .iter()
                .map(|one| (one["parameter"].as_str().expect("a name"), one["value"].as_str().expect("a value")))
                .collect();
            assert_eq!(said, expected, "{route} {name}: {problem:#}");
            let query: Vec<String> = expected.iter().map(|(parameter, value)| format!("{parameter}={value}")).collect();
            let detail = problem["detail"].as_str().expect("words");
            assert!(detail.contains(&query.join("&")) && detail.contains("crs=wgs84"), "{detail}");
            // With partial too: what is wrong is not a row.
            import(&designer, route, "?partial=true", file.clone()).await.refused(422, "import-refused");
            let rehearsed = taken(&designer, route, "?dry_run=true", file.clone()).await;
            assert_eq!((&rehearsed["accepted"], &rehearsed["suggestions"]), (&json!(false), &problem["suggestions"]));
            assert_eq!(left_behind(&app).await, (0, 0));
            let told = taken(&designer, route, &format!("?{}", query.join("&")), file).await;
            assert_eq!((told["accepted"].clone(), told["refused"].clone()), (json!(true), json!(0)), "{name}");
            all_are_within_a_centimetre(&designer, route).await;
            let etag = draft(&designer, route).await["etag"].clone();
            if route == CANAL {
                assert_eq!((counts(&told)[2], etag), (8, json!("\"r1\"")), "{name}: it was right already");
            } else {
                let etag = etag.as_str().expect("a tag").to_string();
                let path = format!("/v1/design/routes/{route}/draft");
                designer.call(reqwest::Method::DELETE, &path).header("if-match", &etag).await.expect(204);
            }
        }
    }
    let right = table("名称,纬度,经度", |lat, lon| (lat, lon));
    let problem = import(&designer, CANAL, "?swap_axes=true", right).await.refused(422, "import-refused");
    assert_eq!(problem["suggestions"][0]["value"], "false", "{problem:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declared_is_believed_wherever_it_is_declared() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let gcj = |lat: f64, lon: f64| crs::from_wgs84(Crs::Gcj02, lat, lon);
    for (query, file) in [
        ("?crs=gcj02", table("名称,纬度,经度", gcj)),
        ("", table("名称,纬度(GCJ-02),经度(GCJ-02)", gcj)),
        ("", table("名称,纬度,经度(GCJ-02)", gcj)),
        (
            "",
            table("名称,纬度,经度", gcj)
                .replace("经度\n", "经度,坐标系\n")
                .replace('\n', ",火星坐标系\n")
                .replace("坐标系,火星坐标系", "坐标系"),
        ),
    ] {
        let report = taken(&designer, CANAL, query, file.clone()).await;
        assert_eq!(counts(&report), [0, 0, 8, 0, 0], "{file}: {report:#}");
    }
    // Rows may differ; the others are WGS 84.
    let (id, _, (lat, lon)) = stops().swap_remove(2);
    let (shifted_lat, shifted_lon) = crs::from_wgs84(Crs::Bd09, lat, lon);
    let file = format!("编号,纬度,经度,坐标系\n{id},{shifted_lat},{shifted_lon},百度\nnanwang-hub,35.6,116.4,\n");
    taken(&designer, CANAL, "", file).await;
    assert!(off_m(&waypoint(&designer, CANAL, &id).await, (lat, lon)) < 0.01);
    let hub = waypoint(&designer, CANAL, "nanwang-hub").await;
    assert_eq!(hub["position"], json!({"lat": 35.6, "lon": 116.4}));

    // Silenced, the numbers stand as they were written.
    let numbers = table("名称,纬度,经度", gcj);
    let report = taken(&designer, NEW, "?crs=wgs84", numbers.clone()).await;
    assert_eq!((&report["suggestions"], &report["crs"]), (&json!([]), &json!("wgs84")));
    let draft = draft(&designer, NEW).await;
    for (row, waypoint) in numbers.lines().skip(1).zip(draft["waypoints"].as_array().expect("a list")) {
        let cells: Vec<f64> = row.split(',').skip(1).map(|cell| cell.parse().expect("a number")).collect();
        assert_eq!(waypoint["position"], json!({"lat": cells[0], "lon": cells[1]}), "to the last digit");
        assert_eq!(waypoint["coordinate"]["source_datum"], "wgs84");
    }
}

#[tokio::test]
async fn everything_of_a_file_is_in_the_system_that_it_names() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let (lat, lon) = route_files::position("peoples-canal/nanwang-hub");
    let at = |lat: f64, lon: f64| {
        let (lat, lon) = crs::from_wgs84(Crs::Gcj02, lat, lon);
        json!([lon, lat])
    };
    let ring = json!([[at(lat, lon), at(lat, lon + 0.01), at(lat + 0.01, lon), at(lat, lon)]]);
    let pose = at(lat, lon);
    let exhibit = json!({"id": "text", "kind": "text", "text": {"zh-CN": "水", "en": "Water"}, "height_datum": "ground",
        "geopose": {"position": {"lat": pose[1], "lon": pose[0], "h": 0.0}, "quaternion": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}},
        "scale": 1.0, "trigger_m": 30.0});
    let stop = json!({"type": "Feature", "id": "hub", "geometry": {"type": "Point", "coordinates": at(lat, lon)},
        "properties": {"title": {"zh-CN": "枢纽"}, "zone": {"kind": "polygon", "coordinates": ring}, "exhibits": [exhibit]}});
    let line = json!({"type": "Feature", "properties": {"title": {"zh-CN": "河"}},
        "geometry": {"type": "LineString", "coordinates": [at(lat, lon), at(lat + 0.1, lon)]}});
    let features = json!([stop, line]);
    let plain = json!({"type": "FeatureCollection", "features": features});
    let named = json!({"type": "FeatureCollection", "features": features, "crs": {"type": "name", "properties": {"name": "GCJ-02"}}});
    for (query, file) in [("", &named), ("?crs=gcj02", &plain)] {
        let report = taken(&designer, NEW, query, file.to_string()).await;
        assert_eq!(
            (&report["crs"], &report["route_changed"]),
            (&json!("gcj02"), &json!(query.is_empty())),
            "{report:#}"
        );
        let near = |place: &Value, (lat, lon): (f64, f64)| {
            let place = LatLon::new(place[1].as_f64().expect("lat"), place[0].as_f64().expect("lon")).expect("a place");
            place.distance_m(LatLon::new(lat, lon).expect("a place")) < 0.01
        };
        let draft = draft(&designer, NEW).await;
        let hub = &draft["waypoints"][0];
        assert!(off_m(hub, (lat, lon)) < 0.01, "{hub}");
        assert!(near(&draft["line"]["coordinates"][1], (lat + 0.1, lon)), "{draft}");
        assert!(near(&hub["zone"]["coordinates"][0][1], (lat, lon + 0.01)), "{hub}");
        let pose = &hub["exhibits"][0]["geopose"]["position"];
        assert!(near(&json!([pose["lon"], pose["lat"]]), (lat, lon)), "{hub}");
    }
    // What the draft has already is not converted once more.
    let before = waypoint(&designer, NEW, "hub").await;
    taken(&designer, NEW, "?crs=gcj02", "id,title.en\nhub,Hub\n").await;
    let after = waypoint(&designer, NEW, "hub").await;
    assert_eq!(
        (&after["zone"], &after["exhibits"], &after["position"]),
        (&before["zone"], &before["exhibits"], &before["position"])
    );
    assert_eq!(after["title"]["en"], "Hub");
    // A line has axes too, and a place on the earth.
    let turned = json!({"type": "LineString", "coordinates": [[35.5, 116.9], [35.6, 116.9]]});
    let problem = import(&designer, NEW, "", turned.to_string()).await.refused(422, "import-refused");
    let mistake = &problem["results"][0]["mistakes"][0];
    assert!(
        mistake["message"].as_str().is_some_and(|words| words.contains("swapped") && words.contains("position 1")),
        "{mistake}"
    );
    taken(&designer, NEW, "?swap_axes=true", turned.to_string()).await;
    assert_eq!(draft(&designer, NEW).await["line"]["coordinates"], json!([[116.9, 35.5], [116.9, 35.6]]));
}

#[tokio::test]
async fn one_odd_place_among_many_is_taken_as_it_is_written() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let odd = stops()[3].clone();
    let file = table("名称,纬度,经度", |lat, lon| {
        if (lat, lon) == odd.2 { crs::from_wgs84(Crs::Gcj02, lat, lon) } else { (lat, lon) }
    });
    let report = taken(&designer, CANAL, "", file).await;
    assert_eq!((counts(&report), &report["suggestions"]), ([0, 1, 7, 0, 0], &json!([])));
    let (lat, lon) = crs::from_wgs84(Crs::Gcj02, odd.2.0, odd.2.1);
    assert_eq!(waypoint(&designer, CANAL, &odd.0).await["position"], json!({"lat": lat, "lon": lon}));
    let half_a_kilometre = "名称,纬度,经度\n堽城坝遗址,35.8964,116.8356\n";
    assert_eq!(taken(&designer, CANAL, "", half_a_kilometre).await["accepted"], true, "a place may be moved");
}
