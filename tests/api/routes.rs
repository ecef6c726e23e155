//! The published content: lists and their pages, one route, one waypoint; caching and encodings; what is not there.

use crate::app::TestApp;
use crate::client::Answer;
use crate::route_files::{ROUTES, waypoint, waypoints};
use crate::support::postgres;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Read;

const LONG: &str = "/v1/routes/confucius-mencius/waypoints";

fn items(answer: &Answer) -> Vec<Value> {
    answer.json()["items"].as_array().unwrap_or_else(|| panic!("no items: {answer:?}")).clone()
}

#[tokio::test]
async fn the_list_names_both_routes_with_their_waypoints() {
    let app = TestApp::start().await;
    let answer = app.get("/v1/routes?lang=en").await.expect(200);
    let listed: Vec<(String, u64)> = items(&answer)
        .iter()
        .map(|r| (r["id"].as_str().expect("an id").to_string(), r["waypoints"].as_u64().expect("a number")))
        .collect();
    let expected: Vec<(String, u64)> = ROUTES.iter().map(|(id, count)| ((*id).to_string(), *count as u64)).collect();
    assert_eq!(listed, expected, "{answer:?}");
    assert_eq!(answer.json().get("next"), None);
    for route in items(&answer) {
        assert!(route["length_m"].as_f64() > Some(10_000.0), "{route:#}");
        assert_eq!(route["href"], format!("/v1/routes/{}", route["id"].as_str().expect("an id")));
        assert_eq!(route["published_at"], "2026-05-01T02:00:00.000Z");
    }
}

#[tokio::test]
async fn one_route_has_its_line_in_the_reference_system_asked_for() {
    let app = TestApp::start().await;
    let plain = app.get("/v1/routes/peoples-canal").await.expect(200).json();
    assert_eq!(plain["title"], "人民的运河");
    let line = plain["line"]["coordinates"].as_array().expect("a line");
    assert!(plain["line"]["type"] == "LineString" && line.len() >= 26, "{plain:#}");
    let shifted = app.get("/v1/routes/peoples-canal?crs=gcj02").await.expect(200).json();
    assert_eq!(shifted["crs"], "gcj02");
    assert_ne!(shifted["line"], plain["line"]);
    let west = line.iter().map(|at| at[0].as_f64().expect("a number")).fold(f64::INFINITY, f64::min);
    assert_eq!(plain["bbox"][0].as_f64(), Some(west));
}

#[tokio::test]
async fn pages_of_ten_hold_all_waypoints_exactly_once_in_order() {
    let app = TestApp::start().await;
    let (mut seen, mut pages, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = app.get(&format!("{LONG}?limit=10{cursor}")).await.expect(200);
        pages.push(items(&answer).len());
        seen.extend(items(&answer).iter().map(|w| w["id"].as_str().expect("an id").to_string()));
        let Some(next) = answer.json()["next"].as_str().map(str::to_string) else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(pages, [10, 10, 8]);
    let ids = waypoints().iter().map(|(id, _)| id.clone()).filter(|id| id.starts_with("confucius-mencius/"));
    assert_eq!(seen, ids.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=10&limit=10", "limit"),
        ("cursor=10", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=61667465723a2d31", "cursor"),
        ("crs=utm", "crs"),
    ] {
        let problem = app.get(&format!("{LONG}?{query}")).await.refused(400, "invalid-parameter");
        assert_eq!(problem["parameter"], parameter, "{query}");
    }
    for path in ["/v1/routes?page=2", "/v1/routes/peoples-canal?limit=10", "/v1/routes/peoples-canal/waypoints?theme=x"]
    {
        app.get(path).await.refused(400, "unknown-parameter");
    }
    assert_eq!(items(&app.get(&format!("{LONG}?limit=1000")).await.expect(200)).len(), 28);
}

#[tokio::test]
async fn a_waypoint_is_told_with_all_its_facts_and_each_has_its_source() {
    let app = TestApp::start().await;
    for (name, feature) in waypoints() {
        let (route, id) = name.split_once('/').expect("route/waypoint");
        let answer = app.get(&format!("/v1/routes/{route}/waypoints/{id}?lang=en")).await.expect(200);
        let told = answer.json();
        assert_eq!(told["id"], *name, "{answer:?}");
        let facts = told["facts"].as_array().expect("facts");
        assert_eq!(Some(facts.len()), feature["properties"]["facts"].as_array().map(Vec::len), "{answer:?}");
        for member in ["text", "source"] {
            let is_there = |fact: &Value| fact[member].as_str().is_some_and(|text| text.len() > 3);
            assert!(!facts.is_empty() && facts.iter().all(is_there), "{member}: {answer:?}");
        }
        assert!(told["coordinate_source"]["source"].is_string(), "{answer:?}");
        let derived = told["coordinate"]["confidence"] == "derived";
        assert!(!derived || told["coordinate_source"]["derivation"].is_string(), "{answer:?}");
        let zone_m = told["zone"]["radius_m"].as_f64().expect("a radius");
        assert!(zone_m >= told["coordinate"]["precision_m"].as_f64().expect("a precision"), "{answer:?}");
    }
}

#[tokio::test]
async fn what_a_list_says_of_a_waypoint_its_own_address_says_too() {
    let app = TestApp::start().await;
    for item in items(&app.get(LONG).await.expect(200)) {
        let own = app.get(item["href"].as_str().expect("an address")).await.expect(200).json();
        for (member, value) in item.as_object().expect("an object") {
            assert_eq!(own[member], *value, "{member}");
        }
    }
    let hall = &waypoint("confucius-mencius/dacheng-hall")["properties"];
    let told = app.get(&format!("{LONG}/dacheng-hall")).header("accept-language", "en").await.expect(200).json();
    assert_eq!((&told["title"], &told["period"]), (&hall["title"]["en"], &hall["period"]["en"]));
}

#[tokio::test]
async fn a_client_that_has_the_content_is_told_so_without_it() {
    let app = TestApp::start().await;
    let fresh = app.get(LONG).await.expect(200);
    let etag = fresh.header("etag");
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 10, "{fresh:?}");
    let list = format!("\"other\", {etag} , W/\"third\"");
    for tags in [etag.clone(), format!("W/{etag}"), "*".into(), list] {
        let answer = app.get(LONG).header("if-none-match", &tags).await.expect(304);
        assert!(answer.bytes.is_empty() && answer.header("content-type").is_empty(), "{tags}: {answer:?}");
        for name in ["etag", "vary", "cache-control"] {
            assert_eq!(answer.header(name), fresh.header(name), "{tags}: {answer:?}");
        }
    }
    for tags in ["\"other\"", "W/\"other\", \"third\"", etag.trim_matches('"'), "\"\"", "garbage"] {
        let answer = app.get(LONG).header("if-none-match", tags).await.expect(200);
        assert_eq!(answer.bytes, fresh.bytes, "{tags}");
    }
    let english = app.get(LONG).header("accept-language", "en").header("if-none-match", &etag).await.expect(200);
    assert_ne!(english.header("etag"), etag, "another language is another content");
}

#[tokio::test]
async fn etags_outlive_a_restart() {
    let app = TestApp::start().await;
    let before = app.get(LONG).await.expect(200).header("etag");
    app.pass(crate::app::DAY);
    let app = app.restart().await;
    app.get(LONG).header("if-none-match", &before).await.expect(304);
    let list = app.get("/v1/routes").await.expect(200);
    assert_eq!(items(&list)[0]["revision"], 1, "an unchanged file is not published again: {list:?}");
}

fn decode(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.header("content-encoding").as_str() {
        "gzip" => flate2::read::GzDecoder::new(&answer.bytes[..]).read_to_end(&mut plain).expect("gzip"),
        "br" => brotli::Decompressor::new(&answer.bytes[..], 4096).read_to_end(&mut plain).expect("brotli"),
        "" => (&answer.bytes[..]).read_to_end(&mut plain).expect("memory"),
        other => panic!("{other}: {answer:?}"),
    };
    plain
}

#[tokio::test]
async fn every_encoding_decodes_to_the_same_bytes_and_has_an_etag_of_its_own() {
    let app = TestApp::start().await;
    for path in [LONG, "/openapi.json"] {
        let plain = app.get(path).await.expect(200);
        assert_eq!(plain.header("content-encoding"), "", "{plain:?}");
        for (accepted, coding) in [
            ("gzip", "gzip"),
            ("br", "br"),
            ("gzip, br", "br"),
            ("br;q=0.2, gzip;q=0.7", "gzip"),
            ("identity", ""),
            ("gzip;q=0", ""),
        ] {
            let answer = app.get(path).header("accept-encoding", accepted).await.expect(200);
            assert_eq!(answer.header("content-encoding"), coding, "{accepted} {path}: {:?}", answer.headers);
            assert_eq!(decode(&answer), plain.bytes, "{accepted} {path}");
            assert!(coding.is_empty() || answer.bytes.len() < plain.bytes.len() / 2, "{accepted} {path}");
            assert!(answer.header("vary").contains("accept-encoding"), "{path}: {:?}", answer.headers);
            let etag = answer.header("etag");
            assert_eq!(etag == plain.header("etag"), etag.is_empty() || coding.is_empty(), "{accepted} {path}");
            if !etag.is_empty() {
                app.get(path).header("accept-encoding", accepted).header("if-none-match", &etag).await.expect(304);
            }
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_does_but_for_the_body() {
    let app = TestApp::start().await;
    for path in ["/v1/routes", "/v1/routes/peoples-canal", LONG, "/v1/routes/peoples-canal/waypoints/nanwang-hub"] {
        let got = app.get(path).await.expect(200);
        let head = app.call(Method::HEAD, path).await.expect(200);
        assert!(head.bytes.is_empty(), "{head:?}");
        for name in ["etag", "content-type", "content-length", "content-language", "vary"] {
            assert_eq!(head.header(name), got.header(name), "{name} of {path}");
        }
        app.call(Method::HEAD, path).header("if-none-match", &got.header("etag")).await.expect(304);
    }
    assert_eq!(app.call(Method::HEAD, "/v1/routes/atlantis").await.status, 404);
}

#[tokio::test]
async fn what_is_not_published_is_not_found_and_the_code_says_which() {
    let app = TestApp::start().await;
    for (path, code) in [
        ("/v1/routes/atlantis", "unknown-route"),
        ("/v1/routes/atlantis/waypoints", "unknown-route"),
        ("/v1/routes/atlantis/waypoints/dacheng-hall", "unknown-route"),
        ("/v1/routes/peoples-canal/waypoints/dacheng-hall", "unknown-waypoint"),
        ("/v1/routes/peoples-canal/waypoints/%2e%2e%2fx", "unknown-waypoint"),
        ("/v1/routes/%E5%AD%94%E5%AD%9F", "unknown-route"),
        ("/v1/routes/", "not-found"),
        ("/v1/routes/peoples-canal/waypoints/nanwang-hub/more", "not-found"),
    ] {
        app.get(path).await.refused(404, code);
    }
    let bad_utf8 = app.get("/v1/routes/%ff%fe").await;
    assert_eq!((bad_utf8.status, bad_utf8.header("content-type").as_str()), (400, "application/problem+json"));
}

#[tokio::test]
async fn geojson_of_a_route_is_its_line_and_of_its_waypoints_their_points() {
    let app = TestApp::start().await;
    let geo = async |path: &str| app.get(path).header("accept", "application/geo+json").await.expect(200);
    let route = geo("/v1/routes/peoples-canal").await;
    let feature: geojson::Feature = route.text().parse().unwrap_or_else(|e| panic!("{e}: {route:?}"));
    assert!(matches!(feature.geometry.expect("a line").value, geojson::GeometryValue::LineString { .. }));
    let list = geo(LONG).await;
    let collection: geojson::FeatureCollection = list.text().parse().unwrap_or_else(|e| panic!("{e}: {list:?}"));
    assert_eq!(collection.features.len(), 28);
    let hall = geo(&format!("{LONG}/dacheng-hall")).await;
    assert_eq!(hall.json()["geometry"], json!({"type": "Point", "coordinates": [116.98417, 35.597_569]}));
}

#[tokio::test]
async fn while_the_database_is_away_what_stands_in_memory_is_shown_and_the_rest_is_refused_in_order() {
    let started = tokio::task::spawn_blocking(|| {
        let database = postgres::start_own()?;
        let url = database.fresh_database();
        Some((database, url))
    });
    let Some((database, url)) = started.await.expect("asking for a database") else { return };
    let app = TestApp::start_with(|config| config.database = url).await;
    let (seen, unseen) = (format!("{LONG}/dacheng-hall"), format!("{LONG}/kuiwen-pavilion"));
    let before = app.get(&seen).await.expect(200).json();
    tokio::task::spawn_blocking(move || {
        database.stop_immediate();
        database
    })
    .await
    .expect("stopped");
    assert_eq!(app.get(&seen).await.expect(200).json(), before);
    assert_eq!(items(&app.get("/v1/nearby?lat=35.5976&lon=116.9842&limit=1").await.expect(200)).len(), 1);
    let refused = app.get(&unseen).await.expect(503);
    assert_eq!(refused.json()["code"], "store-unavailable");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
}
