//! Designers' files by HTTP: rehearsed, taken into a draft, published; given back and taken again; left to run, in a crowd.

use crate::app::{HOUR, TestApp};
use crate::client::{Answer, Operator};
use crate::openapi::{check_answer, document};
use crate::route_files;
use encoding_rs::GBK;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use std::collections::BTreeMap;
use studyroute::domain::time;

pub const IMPORT: &str = "/v1/design/routes/{route}/import";
pub const CANAL: &str = "peoples-canal";
pub const NEW: &str = "new-route";

/// Who makes [`CANAL`] and [`NEW`].
pub async fn designer(app: &TestApp) -> Operator {
    app.designer_of(&[CANAL, NEW]).await
}

pub async fn import(designer: &Operator, route: &str, query: &str, file: impl Into<Vec<u8>>) -> Answer {
    let call = designer.post(&format!("/v1/design/routes/{route}/import{query}"));
    call.body("application/octet-stream", file.into()).await
}

/// The report of an import that is taken, or would be.
pub async fn taken(designer: &Operator, route: &str, query: &str, file: impl Into<Vec<u8>>) -> Value {
    import(designer, route, query, file).await.expect(200).json()
}

/// The draft as a whole; null when there is none.
pub async fn draft(designer: &Operator, route: &str) -> Value {
    let answer = designer.get(&format!("/v1/design/routes/{route}/draft")).await;
    if answer.status == 404 { Value::Null } else { answer.expect(200).json() }
}

pub async fn waypoint(designer: &Operator, route: &str, id: &str) -> Value {
    designer.get(&format!("/v1/design/routes/{route}/draft/waypoints/{id}")).await.expect(200).json()
}

pub fn ids(draft: &Value) -> Vec<&str> {
    let waypoints = draft["waypoints"].as_array().unwrap_or_else(|| panic!("no waypoints: {draft}"));
    waypoints.iter().map(|waypoint| waypoint["id"].as_str().expect("an id")).collect()
}

/// What became of each row, by the row's place.
pub fn results(report: &Value) -> BTreeMap<u64, (String, String)> {
    let rows = report["results"].as_array().unwrap_or_else(|| panic!("no results: {report}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let place = |row: &Value| row["place"].as_object().and_then(|place| place.values().next()?.as_u64());
    rows.iter().map(|row| (place(row).expect("a place"), (text(&row["id"]), text(&row["result"])))).collect()
}

pub fn counts(report: &Value) -> [u64; 5] {
    ["added", "changed", "unchanged", "removed", "refused"].map(|name| report[name].as_u64().expect("a number"))
}

/// How many waypoints lie about in sets that nobody has taken.
pub async fn left_behind(app: &TestApp) -> (i64, i64) {
    let store = app.store().await;
    while store.sweep_contents(app.now()).await.expect("it sweeps") {}
    store.close().await;
    let pool = SqlitePool::connect(&app.config.database).await.expect("the database");
    let count = |from: &'static str| sqlx::query_scalar::<_, i64>(from).fetch_one(&pool);
    let sets = count("select count(*) from contents where content_key not in (select content_key from drafts)").await;
    let rows =
        count("select count(*) from draft_waypoints where content_key not in (select content_key from drafts)").await;
    pool.close().await;
    (sets.expect("a count"), rows.expect("a count"))
}

/// Four rows as Excel in Chinese saves them: the first moved, the second renamed, the third as it is, the fourth new.
fn excel(app_route: &str) -> Vec<u8> {
    let row = |id: &str, north_m: f64, name: Option<&str>| {
        let (lat, lon) = route_files::position(&format!("{app_route}/{id}"));
        let title = &route_files::waypoint(&format!("{app_route}/{id}"))["properties"]["title"]["zh-CN"];
        let name = name.unwrap_or_else(|| title.as_str().expect("a title"));
        format!("{id},{name},{},{lon}\r\n", lat + north_m / 110_951.0)
    };
    let (lat, lon) = route_files::position("peoples-canal/nanwang-hub");
    let text = [
        "编号,名称,纬度,经度\r\n".to_string(),
        row("kangcheng-dam", 20.0, None),
        row("daicun-dam", 0.0, Some("戴村坝（今名）")),
        row("nanwang-hub", 0.0, None),
        format!(",分水龙王庙前,{},{}\r\n", lat + 0.002, lon + 0.002),
    ];
    let text = text.concat();
    let (bytes, _, unmappable) = GBK.encode(&text);
    assert!(!unmappable);
    bytes.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_from_excel_is_rehearsed_taken_once_and_published() {
    let app = TestApp::start().await;
    let (document, designer) = (document(&app).await, designer(&app).await);
    let file = excel(CANAL);
    let before = draft(&designer, CANAL).await;
    let rehearsed = import(&designer, CANAL, "?dry_run=true", file.clone()).await.expect(200);
    check_answer(&document, "post", IMPORT, &rehearsed);
    let text = rehearsed.text();
    let at = |member: &str| text.find(&format!("\"{member}\"")).unwrap_or_else(|| panic!("no {member}: {text}"));
    let members = ["route", "dry_run", "accepted", "understood", "crs", "rows", "added", "refused", "results"];
    assert!(members.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "in the order of the document: {text}");
    let rehearsed = rehearsed.json();
    assert_eq!((&rehearsed["accepted"], &rehearsed["understood"]["encoding"]), (&json!(true), &json!("gb18030")));
    assert_eq!(counts(&rehearsed), [1, 2, 1, 0, 0]);
    let expected = [(2, "kangcheng-dam", "changed"), (3, "daicun-dam", "changed"), (4, "nanwang-hub", "unchanged")];
    let expected = expected.into_iter().chain([(5, "fen-shui-long-wang-miao-qian", "added")]);
    let expected = expected.map(|(line, id, result)| (line, (id.to_string(), result.to_string()))).collect();
    assert_eq!(results(&rehearsed), expected);
    let moved: Vec<&Value> =
        rehearsed["results"].as_array().expect("rows").iter().filter(|row| row.get("moved_m").is_some()).collect();
    assert_eq!((moved.len(), &moved[0]["moved_m"], &moved[0]["id"]), (1, &json!(20.0), &json!("kangcheng-dam")));
    assert_eq!((draft(&designer, CANAL).await, left_behind(&app).await), (before.clone(), (0, 0)), "nothing was kept");

    let mut done = taken(&designer, CANAL, "", file.clone()).await;
    let etag = draft(&designer, CANAL).await["etag"].clone();
    assert_eq!(done["etag"], etag);
    for (member, rehearsed) in [("dry_run", &rehearsed["dry_run"]), ("etag", &rehearsed["etag"])] {
        done[member] = rehearsed.clone();
    }
    assert_eq!(done, rehearsed, "it did what it had said");
    let again = taken(&designer, CANAL, "", file).await;
    assert_eq!((counts(&again), &again["etag"]), ([0, 0, 4, 0, 0], &etag));
    assert_eq!(draft(&designer, CANAL).await["etag"], etag, "the same file again changes nothing");
    assert_eq!(left_behind(&app).await, (0, 0));

    let publish =
        || designer.post("/v1/design/routes/peoples-canal/publish").header("if-match", etag.as_str().expect("a tag"));
    let refused = publish().json(&json!({})).await;
    assert_eq!(refused.status, 422, "a new place has no facts: {refused:?}");
    // What the new place lacks comes in the same way: a table of texts alone.
    let complete = json!({"type": "Feature", "id": "fen-shui-long-wang-miao-qian", "geometry": null, "properties":
        complete_properties("nanwang-hub", "分水龙王庙前", "Before the Dragon King Temple")});
    let etag = taken(&designer, CANAL, "", complete.to_string()).await["etag"].clone();
    let lint = designer.get("/v1/design/routes/peoples-canal/lint").await.expect(200).json();
    let publish =
        designer.post("/v1/design/routes/peoples-canal/publish").header("if-match", etag.as_str().expect("a tag"));
    publish.json(&json!({"note": "Excel", "acknowledge": warnings(&lint)})).await.expect(200);
    let (lat, lon) = route_files::position("peoples-canal/nanwang-hub");
    let near = app.get(&format!("/v1/nearby?lat={}&lon={}&radius_m=100", lat + 0.002, lon + 0.002)).await.expect(200);
    assert_eq!(near.json()["items"][0]["waypoint"]["id"], "peoples-canal/fen-shui-long-wang-miao-qian", "{near:?}");
    let dam = app.get("/v1/routes/peoples-canal/waypoints/daicun-dam").await.expect(200).json();
    assert_eq!(dam["title"], "戴村坝（今名）");
}

/// The names of the rules whose warnings stand in the way.
fn warnings(lint: &Value) -> Vec<&String> {
    lint["to_acknowledge"].as_object().expect("rules").keys().collect()
}

/// The properties of a stop of the canal under another name.
fn complete_properties(like: &str, zh: &str, en: &str) -> Value {
    let mut properties = route_files::waypoint(&format!("{CANAL}/{like}"))["properties"].clone();
    properties["title"] = json!({"zh-CN": zh, "en": en});
    // Behind the other, or the way would lead to and fro.
    properties["order"] = json!(properties["order"].as_u64().expect("a number") + 1);
    properties.as_object_mut().expect("an object").remove("exhibits");
    properties["coordinate"] = json!({"source": "测试 (test)", "source_datum": "WGS 84", "precision_m": 50.0});
    properties
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_many_programs_make_a_new_route_without_being_told_what_they_are() {
    let app = TestApp::start().await;
    let stops: Vec<_> = route_files::waypoints().iter().filter(|(id, _)| id.starts_with(CANAL)).collect();
    let mut seen = 0;
    for (folder, expected) in [("geo", 12), ("tables", 4)] {
        for entry in std::fs::read_dir(format!("tests/corpus/{folder}")).expect("the corpus") {
            let path = entry.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.extension().is_some_and(|ending| ending == "md") {
                continue;
            }
            seen += 1;
            let route = format!("corpus-{seen}");
            let designer = app.designer_of(&[&route]).await;
            let answer = import(&designer, &route, "", std::fs::read(&path).expect("readable")).await;
            if name == "ogr-web-mercator.geojson" {
                let problem = answer.refused(422, "unreadable-file");
                assert!(problem["detail"].as_str().expect("words").contains("EPSG:4326"), "{problem}");
                continue;
            }
            let report = answer.expect(200).json();
            let places = if name.starts_with("google-earth") { 3 } else { expected };
            assert_eq!(counts(&report), [places, 0, 0, 0, 0], "{name}: {report:#}");
            assert_eq!(report["suggestions"], json!([]), "{name}");
            let draft = draft(&designer, &route).await;
            assert_eq!(draft["waypoints"].as_array().map(Vec::len), usize::try_from(places).ok(), "{name}");
            if folder == "geo" && places == 12 {
                for (got, (_, stop)) in draft["waypoints"].as_array().expect("a list").iter().zip(&stops) {
                    assert_eq!(got["title"]["zh-CN"], stop["properties"]["title"]["zh-CN"], "{name}");
                    let off = |axis: &str, at: usize| {
                        let written = stop["geometry"]["coordinates"][at].as_f64().expect("degrees");
                        (got["position"][axis].as_f64().expect("degrees") - written).abs()
                    };
                    assert!(off("lat", 1) < 1e-7 && off("lon", 0) < 1e-7, "{name}: {got}");
                }
            }
            let line = draft["line"]["coordinates"].as_array().map_or(0, Vec::len);
            let drawn = name.contains("google-earth") || name == "gpsbabel-route.gpx" || name == "gpsbabel-track.gpx";
            assert_eq!(line > 0, drawn, "{name}");
        }
    }
    assert!(seen >= 25, "{seen}");
}

/// What of a draft has to survive in every format but GPX: everything but what changes with every draft.
async fn content(designer: &Operator, route: &str) -> Value {
    let mut draft = draft(designer, route).await;
    let members = draft.as_object_mut().expect("a draft");
    members.retain(|name, _| ["title", "summary", "line", "waypoints"].contains(&name.as_str()));
    draft
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_comes_back_unchanged() {
    let app = TestApp::start().await;
    for (route, stops) in route_files::ROUTES {
        let designer = app.designer_of(&[route]).await;
        let before = content(&designer, route).await;
        for of in ["draft", "published"] {
            for format in ["geojson", "kml", "kmz", "csv", "tsv", "xlsx"] {
                let path = format!("/v1/design/routes/{route}/export?format={format}&of={of}");
                let file = designer.get(&path).await.expect(200);
                let report = taken(&designer, route, "", file.bytes.clone()).await;
                let what = format!("{route} {format}: {:#}", report["results"][0]);
                assert_eq!(counts(&report), [0, 0, stops as u64, 0, 0], "{what}");
                assert_eq!((&report["reordered"], &report["route_changed"]), (&json!(false), &json!(false)), "{what}");
                let replaced = taken(&designer, route, "?replace=true", file.bytes).await;
                assert_eq!((counts(&replaced), &replaced["etag"]), (counts(&report), &json!("\"r1\"")), "{what}");
            }
        }
        let file = designer.get(&format!("/v1/design/routes/{route}/export?format=gpx")).await.expect(200);
        assert!(file.header("x-export-loss").contains("second language"), "{file:?}");
        let report = taken(&designer, route, "", file.bytes.clone()).await;
        assert_eq!(counts(&report), [0, 0, stops as u64, 0, 0], "{report:#}");
        assert_eq!(content(&designer, route).await, before, "{route}");
        // Into a new route all comes that the format holds.
        let new = app.designer_of(&[NEW]).await;
        taken(&new, NEW, "?replace=true", file.bytes).await;
        let copy = content(&new, NEW).await;
        for (copy, stop) in
            copy["waypoints"].as_array().expect("a list").iter().zip(before["waypoints"].as_array().expect("a list"))
        {
            assert_eq!((&copy["title"]["zh-CN"], &copy["position"]), (&stop["title"]["zh-CN"], &stop["position"]));
            assert_eq!(copy["altitude"]["metres"], stop["altitude"]["metres"]);
        }
    }
}

#[tokio::test]
async fn only_who_may_and_only_what_can_be_changed() {
    let app = TestApp::start().await;
    let (document, designer) = (document(&app).await, designer(&app).await);
    let file = "编号,名称\nkangcheng-dam,坝\n";
    for (route, query, status, code) in [
        ("confucius-mencius", "", 403, "forbidden"),
        (CANAL, "?dryrun=true", 400, "unknown-parameter"),
        (CANAL, "?dry_run=yes", 400, "invalid-parameter"),
        (CANAL, "?format=shp", 400, "invalid-parameter"),
        (CANAL, "?crs=mars", 400, "invalid-parameter"),
        (CANAL, "?source=", 400, "invalid-parameter"),
        (CANAL, "?precision_m=-1", 400, "invalid-parameter"),
        (CANAL, "?radius_m=nan", 400, "invalid-parameter"),
        (CANAL, "?partial=true&replace=true", 400, "invalid-parameter"),
        (CANAL, "?format=gpx", 422, "unreadable-file"),
    ] {
        let answer = import(&designer, route, query, file).await;
        check_answer(&document, "post", IMPORT, &answer);
        answer.refused(status, code);
    }
    app.post("/v1/design/routes/peoples-canal/import").body("text/csv", file).await.refused(401, "token-missing");
    let stranger = app.participant().await;
    let path = "/v1/design/routes/peoples-canal/import";
    stranger.call(reqwest::Method::POST, path).body("text/csv", file).await.refused(401, "token-invalid");
    assert_eq!(draft(&designer, CANAL).await["etag"], "\"r1\"");

    let stale = designer.post(path).header("if-match", "\"d7\"").body("text/csv", file).await;
    check_answer(&document, "post", IMPORT, &stale);
    stale.refused(412, "precondition-failed");
    let done = designer.post(path).header("if-match", "\"r1\"").body("text/csv", file).await.expect(200).json();
    let etag = done["etag"].as_str().expect("a tag").to_string();
    designer.post(path).header("if-match", "\"r1\"").body("text/csv", file).await.refused(412, "precondition-failed");

    let lint = designer.get("/v1/design/routes/peoples-canal/lint").await.expect(200).json();
    let at = time::rfc3339(app.now() + HOUR);
    let schedule =
        designer.call(reqwest::Method::PUT, "/v1/design/routes/peoples-canal/schedule").header("if-match", &etag);
    schedule.json(&json!({"at": at, "acknowledge": warnings(&lint)})).await.expect(200);
    for query in ["", "?dry_run=true"] {
        let answer = import(&designer, CANAL, query, "编号,名称\nkangcheng-dam,别的坝\n").await;
        check_answer(&document, "post", IMPORT, &answer);
        answer.refused(409, "draft-scheduled");
    }
    assert_eq!((draft(&designer, CANAL).await["etag"].as_str(), left_behind(&app).await), (Some(&etag[..]), (0, 0)));
}
