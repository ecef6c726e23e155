//! Questions that make no sense, and the edges of those that do.

use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn radius_and_limit_hold_at_their_edges_in_both_forms() {
    let app = TestApp::start().await;
    for (name, value, status) in [
        ("limit", 0, 400),
        ("limit", 1, 200),
        ("limit", 100, 200),
        ("limit", 101, 400),
        ("radius_m", 0, 400),
        ("radius_m", 1, 200),
        ("radius_m", 100_000, 200),
        ("radius_m", 100_001, 400),
    ] {
        let got = app.get(&format!("/v1/nearby?lat=35.6&lon=117&{name}={value}")).await.expect(status);
        let posted = app.post("/v1/nearby").json(&json!({"lat": 35.6, "lon": 117, name: value})).await.expect(status);
        if status == 400 {
            assert_eq!(got.refused(400, "invalid-parameter")["parameter"], name);
            assert_eq!(posted.refused(400, "invalid-json")["pointer"], format!("/{name}"));
        } else {
            assert_eq!(got.text(), posted.text());
        }
    }
}

#[tokio::test]
async fn a_limit_cuts_off_the_farthest() {
    let app = TestApp::start().await;
    let all = app.get("/v1/nearby?lat=35.6&lon=117&radius_m=100000&limit=100").await.expect(200).json();
    let three = app.get("/v1/nearby?lat=35.6&lon=117&radius_m=100000&limit=3").await.expect(200).json();
    assert_eq!(three["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(three["items"].as_array().unwrap()[..], all["items"].as_array().unwrap()[..3]);
    let usual = app.get("/v1/nearby?lat=35.6&lon=117&radius_m=100000").await.expect(200).json();
    assert_eq!(usual["items"].as_array().map(Vec::len), Some(20), "twenty unless told");
}

#[tokio::test]
async fn the_radius_cuts_off_what_lies_beyond_it() {
    let app = TestApp::start().await;
    let all = app.get("/v1/nearby?lat=35.6&lon=117&radius_m=100000&limit=100").await.expect(200).json();
    let distance = |i: usize| all["items"][i]["distance_m"].as_f64().expect("a distance");
    for i in 0..10 {
        let found = async |radius_m: f64| {
            let path = format!("/v1/nearby?lat=35.6&lon=117&limit=100&radius_m={radius_m:.3}");
            app.get(&path).await.expect(200).json()["items"].as_array().map_or(0, Vec::len)
        };
        assert!(found(distance(i) - 0.002).await <= i, "{i}");
        assert!(found(distance(i) + 0.002).await > i, "{i}");
    }
}

#[tokio::test]
async fn what_is_no_number_in_range_is_refused_and_named() {
    let app = TestApp::start().await;
    for text in ["NaN", "inf", "-inf", "", "%EF%BC%93%EF%BC%95", "1e999", "90.0000001", "-91", "35,6", "0x10", "+"] {
        let problem = app.get(&format!("/v1/nearby?lat={text}&lon=117")).await.refused(400, "invalid-parameter");
        assert_eq!(problem["parameter"], "lat", "{text}");
    }
    for text in ["180.0000001", "NaN", "%EF%BC%91"] {
        let problem = app.get(&format!("/v1/nearby?lat=35&lon={text}")).await.refused(400, "invalid-parameter");
        assert_eq!(problem["parameter"], "lon", "{text}");
    }
    for text in ["1.5", "-1", "+1", "%EF%BC%91", "99999999999999999999999"] {
        let problem =
            app.get(&format!("/v1/nearby?lat=35&lon=117&limit={text}")).await.refused(400, "invalid-parameter");
        assert_eq!(problem["parameter"], "limit", "{text}");
    }
}

#[tokio::test]
async fn missing_repeated_misspelt_and_unknown_parameters_are_refused_by_name() {
    let app = TestApp::start().await;
    for (query, code, parameter) in [
        ("lon=117", "invalid-parameter", "lat"),
        ("lat=35.6", "invalid-parameter", "lon"),
        ("", "invalid-parameter", "lat"),
        ("lat=35.6&lat=35.6&lon=117", "invalid-parameter", "lat"),
        ("lat=35.6&lon=117&crs=wgs84&crs=wgs84", "invalid-parameter", "crs"),
        ("lat=35.6&lon=117&raduis_m=5", "unknown-parameter", "raduis_m"),
        ("lat=35.6&lon=117&LIMIT=5", "unknown-parameter", "LIMIT"),
        ("lat=35.6&lon=117&crs=WGS-84", "invalid-parameter", "crs"),
        ("lat=35.6&lon=117&crs=", "invalid-parameter", "crs"),
        ("lat=35.6&lon=117&route=atlantis", "invalid-parameter", "route"),
        ("lat=35.6&lon=117&theme=alchemy", "invalid-parameter", "theme"),
    ] {
        let problem = app.get(&format!("/v1/nearby?{query}")).await.refused(400, code);
        assert_eq!(problem["parameter"], parameter, "{query}");
    }
}

#[tokio::test]
async fn a_body_that_asks_wrongly_is_refused_with_a_pointer() {
    let app = TestApp::start().await;
    for (body, pointer) in [
        (json!({"lat": 35.6}), ""),
        (json!({"lat": "35.6", "lon": 117}), "/lat"),
        (json!({"lat": 90.5, "lon": 117}), "/lat"),
        (json!({"lat": 35.6, "lon": 117, "raduis_m": 5}), "/raduis_m"),
        (json!({"lat": 35.6, "lon": 117, "limit": 1.5}), "/limit"),
        (json!({"lat": 35.6, "lon": 117, "crs": "mars"}), "/crs"),
        (json!({"lat": 35.6, "lon": 117, "lang": "fr"}), "/lang"),
        (json!({"lat": 35.6, "lon": 117, "route": "atlantis"}), "/route"),
        (json!([35.6, 117]), ""),
    ] {
        let problem = app.post("/v1/nearby").json(&body).await.refused(400, "invalid-json");
        assert_eq!(problem["pointer"], pointer, "{body}");
    }
    app.post("/v1/nearby?lat=1").json(&json!({"lat": 1, "lon": 1})).await.refused(400, "unknown-parameter");
}

#[tokio::test]
async fn at_the_poles_and_on_the_date_line_nothing_is_near_and_nothing_breaks() {
    let app = TestApp::start().await;
    for (lat, lon) in [(90, 0), (-90, 180), (90, -180), (0, 180), (0, -180), (0, 0)] {
        for crs in ["wgs84", "gcj02", "bd09"] {
            let path = format!("/v1/nearby?lat={lat}&lon={lon}&radius_m=100000&crs={crs}");
            let answer = app.get(&path).await.expect(200);
            assert_eq!(answer.json()["items"], json!([]), "{answer:?}");
            let posted = app.post("/v1/nearby").json(&json!({"lat": lat, "lon": lon, "radius_m": 100_000, "crs": crs}));
            assert_eq!(posted.await.expect(200).text(), answer.text());
        }
    }
}
