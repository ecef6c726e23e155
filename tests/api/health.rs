//! For those who run it: alive, ready, in figures; broken route files; stopping in order.

use crate::app::TestApp;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HALL: &str = "confucius-mencius/dacheng-hall";

#[tokio::test]
async fn ready_names_what_is_served() {
    let app = TestApp::start().await;
    let ready = app.get("/readyz").await.expect(200);
    let told = ready.json();
    assert_eq!((&told["status"], &told["waypoints"]), (&json!("ready"), &json!(54)), "{ready:?}");
    assert_eq!(told["generation"], told["database_generation"]);
    assert_eq!((&told["reasons"], &told["broken_files"]), (&json!([]), &json!([])));
    assert_eq!(ready.header("cache-control"), "no-store");
    assert_eq!(app.get("/healthz").await.expect(200).json()["status"], "ok");
}

/// A database that takes connections and never says a word.
async fn starting() -> (TestApp, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = silent.local_addr().expect("an address");
    let app = TestApp::launch_with(|config| config.database = format!("postgres://nobody@{address}/nothing")).await;
    (app, silent)
}

#[tokio::test]
async fn until_the_content_is_loaded_it_is_alive_but_not_ready() {
    let (app, _silent) = starting().await;
    assert_eq!(app.get("/healthz").await.expect(200).json()["status"], "ok");
    let waiting = app.get("/readyz").await.expect(503);
    assert_eq!(waiting.json()["status"], "not-ready", "{waiting:?}");
    assert_eq!(waiting.json()["reasons"], json!(["the content is being loaded"]));
    for path in ["/v1/routes", "/v1/nearby?lat=1&lon=1", "/v1/me", "/v1/counts"] {
        let answer = app.get(path).await;
        assert!(answer.header("retry-after").parse::<u32>().is_ok(), "{answer:?}");
        answer.refused(503, "not-ready");
    }
    app.get("/openapi.json").await.expect(200);
}

#[tokio::test]
async fn it_stops_at_once_when_told_so_while_it_waits_for_its_database() {
    let (app, _silent) = starting().await;
    app.get("/healthz").await.expect(200);
    let stopped = tokio::time::timeout(Duration::from_secs(5), app.stop()).await;
    assert!(stopped.is_ok_and(|result| result.is_ok()), "it goes on waiting for its database");
}

#[tokio::test]
async fn stopping_in_order_leaves_nothing_listening_and_nothing_undone() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    phone.check_in(HALL).kept().await;
    let door = app.door.clone();
    app.stop().await.expect("it stops in order");
    let after = door.call(reqwest::Method::GET, "/healthz").try_once().await;
    assert!(after.is_err_and(|error| error.is_connect()), "somebody still answers");
}

#[tokio::test]
async fn a_request_that_had_begun_when_the_stop_came_is_answered_and_ready_says_no() {
    let app = TestApp::start().await;
    let address = app.door.address;
    let mut begun = TcpStream::connect(address).await.expect("a connection");
    begun.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\n").await.expect("half a head");
    // Another whole request on another connection: by its end the half head has been seen, too.
    app.get("/healthz").await.expect(200);
    let stopping = tokio::spawn(app.stop());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    begun.write_all(b"\r\n").await.expect("the other half");
    let mut answer = String::new();
    begun.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("the process is stopping"), "{answer}");
    stopping.await.expect("it stops").expect("in order");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_ends_the_start_with_a_reason() {
    let app = TestApp::launch_with(|config| config.database = "sqlite:/nowhere/at/all.db".into()).await;
    let error = app.ended().await.expect_err("it cannot start");
    assert!(format!("{error:#}").contains("/nowhere/at/all.db"), "{error:#}");
}

#[tokio::test]
async fn the_metrics_have_their_promised_names_and_no_secrets() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    phone.check_in(HALL).kept().await;
    app.get("/v1/nearby?lat=35.59767&lon=116.98417").await.expect(200);
    app.get("/v1/routes/atlantis").await.refused(404, "unknown-route");
    let answer = app.get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("text/plain"), "{answer:?}");
    let text = answer.text();
    for name in [
        "studyroute_requests_total{method=\"GET\",endpoint=\"/v1/nearby\",status=\"200\"}",
        "studyroute_request_seconds_bucket{endpoint=\"/v1/check-ins\",le=\"",
        "studyroute_refusals_total{code=\"unknown-route\"}",
        "studyroute_check_ins_total{verdict=\"inside\"}",
        "studyroute_commit_seconds_bucket{le=\"",
        "studyroute_batch_check_ins_bucket{le=\"",
        "studyroute_queue_check_ins ",
        "studyroute_index_generation ",
        "studyroute_database_generation ",
        "studyroute_index_waypoints ",
        "studyroute_index_age_seconds ",
        "studyroute_index_lag_seconds ",
    ] {
        assert!(text.contains(name), "{name}: {answer:?}");
    }
    for secret in ["35.59", "116.98", "atlantis", &phone.token, &phone.id] {
        assert!(!text.contains(secret), "{secret}: {answer:?}");
    }
}

/// A copy of the route files in which `edit` has changed one.
fn copy_of_route_files(folder: &Path, edit: impl Fn(String) -> String) -> PathBuf {
    let target = folder.join("routes-data");
    for route in ["confucius-mencius", "peoples-canal"] {
        let text = std::fs::read_to_string(format!("routes-data/{route}/route.geojson")).expect("a route file");
        std::fs::create_dir_all(target.join(route)).expect("a folder");
        let text = if route == "peoples-canal" { edit(text) } else { text };
        std::fs::write(target.join(route).join("route.geojson"), text).expect("a file");
    }
    target
}

#[tokio::test]
async fn a_broken_route_file_is_named_and_the_other_route_is_served() {
    let breaks: [fn(String) -> String; 3] = [
        |text| text.chars().take(text.chars().count() / 2).collect(),
        |text| text.replacen("116.835625", "316.835625", 1),
        |_| "\u{0}".to_string(),
    ];
    for broken in breaks {
        let folder = TempDir::new().expect("a temporary folder");
        let routes_data = copy_of_route_files(folder.path(), broken);
        let app = TestApp::start_with(|config| config.routes_data = routes_data).await;
        let ready = app.get("/readyz").await.expect(200);
        let named = ready.json()["broken_files"].as_array().expect("a list").clone();
        assert_eq!(named.len(), 1, "{ready:?}");
        let text = named[0].as_str().expect("a text");
        assert!(text.contains("peoples-canal/route.geojson: "), "{ready:?}");
        assert_eq!(app.get("/v1/routes").await.expect(200).json()["items"][0]["id"], "confucius-mencius");
        app.get("/v1/routes/confucius-mencius/waypoints").await.expect(200);
        app.get("/v1/routes/peoples-canal").await.refused(404, "unknown-route");
    }
}

#[tokio::test]
async fn a_route_file_that_breaks_later_leaves_what_was_published_in_service() {
    let folder = TempDir::new().expect("a temporary folder");
    let routes_data = copy_of_route_files(folder.path(), |text| text);
    let app = TestApp::start_with(|config| config.routes_data.clone_from(&routes_data)).await;
    std::fs::write(routes_data.join("peoples-canal/route.geojson"), "{").expect("a file");
    let app = app.restart().await;
    let ready = app.get("/readyz").await.expect(200).json();
    assert_eq!((ready["broken_files"].as_array().map(Vec::len), &ready["waypoints"]), (Some(1), &json!(54)));
    app.get("/v1/routes/peoples-canal").await.expect(200);
}
