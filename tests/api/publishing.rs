//! What the command line publishes beside a server that runs.

use crate::app::TestApp;
use serde_json::{Value, json};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Two seconds were promised; a busy machine gets some more before the test gives up.
const SERVED_WITHIN: Duration = Duration::from_secs(6);
const ROUTE: &str = "routes-data/peoples-canal/route.geojson";

fn import(app: &TestApp, file: &Value, args: &[&str]) -> Output {
    let path = app.folder().path().join("changed.geojson");
    std::fs::write(&path, file.to_string()).expect("writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_studyroute"));
    command.args(["import", &path.display().to_string(), "--database", &app.config.database]).args(args);
    command.output().expect("the program starts")
}

async fn route_with_revision(app: &TestApp, revision: i64) -> Value {
    let asked = Instant::now();
    loop {
        let route = app.get("/v1/routes/peoples-canal").await.expect(200).json();
        if route["revision"] == revision {
            return route;
        }
        assert!(asked.elapsed() < SERVED_WITHIN, "still at {route}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_imports_is_served_without_a_restart_and_old_etags_no_longer_match() {
    let app = TestApp::start().await;
    let etag = app.get("/v1/routes/peoples-canal/waypoints/daicun-dam").await.expect(200).header("etag");
    let mut file: Value = serde_json::from_slice(&std::fs::read(ROUTE).expect("readable")).expect("JSON");
    let dam = file["features"].as_array_mut().expect("features").iter_mut().find(|f| f["id"] == "daicun-dam");
    dam.expect("the dam")["properties"]["title"]["zh-CN"] = json!("戴村坝（新）");
    let output = import(&app, &file, &[]);
    assert!(output.status.success(), "{output:?}");
    route_with_revision(&app, 2).await;
    let path = "/v1/routes/peoples-canal/waypoints/daicun-dam";
    let answer = app.get(path).header("if-none-match", &etag).await.expect(200);
    assert_eq!(answer.json()["title"], "戴村坝（新）");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_waypoint_keeps_its_check_ins_and_a_repeat_still_gets_its_answer() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let first = phone.check_in("peoples-canal/nansi-lake").id("x").send().await.expect(201).json();
    let mut file: Value = serde_json::from_slice(&std::fs::read(ROUTE).expect("readable")).expect("JSON");
    let features = file["features"].as_array_mut().expect("features");
    assert_eq!(features.pop().expect("a waypoint")["id"], "nansi-lake");
    assert!(import(&app, &file, &[]).status.success());
    assert_eq!(route_with_revision(&app, 2).await["waypoints"], 25);
    app.get("/v1/routes/peoples-canal/waypoints/nansi-lake").await.refused(404, "unknown-waypoint");
    phone.check_in("peoples-canal/nansi-lake").id("y").send().await.refused(404, "unknown-waypoint");
    let again = phone.check_in("peoples-canal/nansi-lake").id("x").send().await.expect(200).json();
    assert_eq!(again, first);
    let own = phone.get("/v1/me/check-ins").await.expect(200).json();
    assert_eq!(own["items"][0]["waypoint"], "peoples-canal/nansi-lake");
    let counts = app.operator().await.counts("by=waypoint").await;
    assert_eq!(counts["rows"][0]["waypoint"], "peoples-canal/nansi-lake");
}

#[tokio::test(flavor = "multi_thread")]
async fn coordinates_of_a_chinese_map_are_converted_when_they_are_named() {
    let app = TestApp::start().await;
    let before = app.get("/v1/routes/peoples-canal/waypoints/daicun-dam?crs=gcj02").await.expect(200).json();
    let mut file: Value = serde_json::from_slice(&std::fs::read(ROUTE).expect("readable")).expect("JSON");
    for feature in file["features"].as_array_mut().expect("features") {
        if feature["id"] == "daicun-dam" {
            let place = &before["position"];
            feature["geometry"]["coordinates"] = json!([place["lon"], place["lat"]]);
        }
    }
    assert!(import(&app, &file, &["--crs", "gcj02"]).status.success());
    route_with_revision(&app, 2).await;
    let after = app.get("/v1/routes/peoples-canal/waypoints/daicun-dam?crs=gcj02").await.expect(200).json();
    for axis in ["lat", "lon"] {
        let off =
            after["position"][axis].as_f64().expect("a number") - before["position"][axis].as_f64().expect("a number");
        assert!(off.abs() < 1e-7, "{axis}: {off}");
    }
    assert_eq!(import(&app, &file, &["--crs", "mars"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_the_command_line_publishes_is_served_without_a_restart() {
    let app = TestApp::start().await;
    let table = app.folder().path().join("names.csv");
    std::fs::write(&table, "id,title.en\ndaicun-dam,The Daicun Dam\n").expect("writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_studyroute"));
    command.arg("import").arg(&table).args(["--route", "peoples-canal", "--publish"]);
    let output = command.args(["--database", &app.config.database]).output().expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    route_with_revision(&app, 2).await;
    let dam = app.get("/v1/routes/peoples-canal/waypoints/daicun-dam?lang=en").await.expect(200).json();
    assert_eq!(dam["title"], "The Daicun Dam");
}
