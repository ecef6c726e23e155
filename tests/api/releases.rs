//! Publications through the front door: looked at before, served before the call returns, taken back, brought back, and told who did it.

use crate::app::{HOUR, START_MS, TestApp};
use crate::desk::{DELETE, Desk, PATCH, POST, PUT};
use serde_json::{Value, json};
use sqlx::Connection;
use studyroute::domain::time;

const CANAL: &str = "peoples-canal";
const DAM: &str = "/draft/waypoints/daicun-dam";
const DAM_HERE: &str = "peoples-canal/daicun-dam";

#[tokio::test]
async fn what_differs_is_told_to_programs_and_to_people_in_their_language() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    assert_eq!(
        desk.get("/diff").await.expect(200).json(),
        json!({"fields": [], "added": [], "removed": [], "changed": []})
    );
    desk.edit(PATCH, "/draft", &json!({"title": {"en": "Canal"}})).await;
    desk.edit(DELETE, "/draft/waypoints/nansi-lake", &Value::Null).await;
    desk.edit(PATCH, DAM, &json!({"title": {"en": "The dam"}})).await;
    let told = desk.get("/diff").await.expect(200);
    let diff = told.json();
    assert_eq!((&diff["fields"][0]["path"], &diff["fields"][0]["to"]), (&json!("title.en"), &json!("Canal")));
    assert_eq!((&diff["removed"][0]["id"], &diff["changed"][0]["id"]), (&json!("nansi-lake"), &json!("daicun-dam")));
    assert_eq!((told.header("vary"), told.header("etag")), ("accept, accept-language".into(), "\"d3\"".into()));
    for (lang, word) in [("en", "The dam"), ("zh-CN", "删除")] {
        let text = desk.get(&format!("/diff?lang={lang}")).header("accept", "text/plain").await.expect(200);
        assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(text.header("content-language"), lang);
        assert!(text.text().contains(word) && text.text().contains("nansi-lake"), "{text:?}");
    }
    let back = desk.get("/diff?from=draft&to=1").await.expect(200).json();
    assert_eq!(back["added"][0]["id"], "nansi-lake");
    desk.get("/diff?from=7").await.refused(404, "unknown-revision");
    for query in ["from=0", "to=-1", "to=Draft", "from=1&from=1", "lang=fr"] {
        desk.get(&format!("/diff?{query}")).await.refused(400, "invalid-parameter");
    }
}

#[tokio::test]
async fn mistakes_block_and_new_warnings_wait_until_they_are_named() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    let report = desk.get("/lint").await.expect(200).json();
    assert_eq!((&report["errors"], &report["to_acknowledge"]), (&json!(0), &json!({})));
    assert!(report["warnings"].as_u64() > Some(0), "what is published has warnings of its own");
    desk.publish(&[]).await.refused(404, "no-draft");
    let before = app.get("/v1/routes/peoples-canal").await.expect(200);
    desk.edit(PATCH, DAM, &json!({"title": {"en": "", "zh-CN": ""}, "facts": [], "themes": []})).await;
    let problem = desk.publish(&["few-facts", "no-theme"]).await.refused(422, "lint-errors");
    assert_eq!(
        (&problem["findings"][0]["rule"], &problem["findings"][0]["waypoint"]),
        (&json!("no-title"), &json!("daicun-dam"))
    );
    let report = desk.get("/lint").await.expect(200).json();
    assert_eq!(report["findings"][0]["level"], "error", "mistakes come first");
    assert_eq!(report["etag"], "\"d1\"");
    desk.edit(PATCH, DAM, &json!({"title": {"en": "Dam", "zh-CN": "坝"}})).await;
    let problem = desk.publish(&["no-theme"]).await.refused(422, "lint-warnings");
    assert_eq!((&problem["acknowledge"], &problem["warnings"]), (&json!(["few-facts"]), &json!({"few-facts": 1})));
    assert_eq!(problem["findings"].as_array().map(Vec::len), Some(1));
    assert_eq!(app.get("/v1/routes/peoples-canal").await.expect(200).header("etag"), before.header("etag"));
    for (name, pointer) in [("no-title", "/acknowledge/0"), ("few_facts", "/acknowledge/0"), ("", "/acknowledge/0")] {
        assert_eq!(desk.publish(&[name]).await.refused(400, "invalid-json")["pointer"], pointer);
    }
    let tag = |tag: &str| desk.publish(&["few-facts", "no-theme"]).header("if-match", tag);
    tag("\"d1\"").await.refused(412, "precondition-failed");
    assert_eq!(tag("\"d2\"").await.expect(200).json()["revision"], 2);
    // Now they are published, and nobody has to hear of them again.
    assert_eq!(desk.publish_title("Canal").await["revision"], 3);
    assert_eq!(desk.get("/lint?planned_hour=24").await.refused(400, "invalid-parameter")["parameter"], "planned_hour");
    desk.get("/lint?planned_hour=23").await.expect(200);
}

#[tokio::test]
async fn nobody_publishes_over_a_publication_they_may_not_have_seen() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    desk.publish_title("Two").await;
    desk.edit(PATCH, DAM, &json!({"title": {"en": "Dam"}})).await;
    desk.call(POST, "/restore").json(&json!({"revision": 1})).await.expect(200);
    let problem = desk.publish(&[]).await.refused(422, "lint-warnings");
    assert_eq!(problem["acknowledge"], json!(["published-meanwhile"]));
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("would undo that")), "{problem}");
    assert_eq!(desk.publish(&["published-meanwhile"]).await.expect(200).json()["revision"], 4);
}

/// What a visitor beside the dam gets: generation, English title of the nearest stop, and of the route with its ETag.
async fn served(app: &TestApp) -> (Value, Value, Value, String) {
    let (lat, lon) = crate::route_files::position(DAM_HERE);
    let near = app.get(&format!("/v1/nearby?lat={lat}&lon={lon}&lang=en")).await.expect(200).json();
    let route = app.get("/v1/routes/peoples-canal?lang=en").await.expect(200);
    let stop = near["items"][0]["waypoint"]["title"].clone();
    (near["generation"].clone(), stop, route.json()["title"].clone(), route.header("etag"))
}

async fn published_served_taken_back_and_brought_back(app: TestApp) {
    let desk = Desk::of(&app, CANAL).await;
    let phone = app.participant().await;
    let first = phone.check_in(DAM_HERE).id("x").kept().await;
    let (generation, _, _, etag) = served(&app).await;
    desk.edit(PATCH, DAM, &json!({"title": {"en": "The dam"}})).await;
    let released = desk.publish_title("The canal").await;
    assert_eq!(
        (&released["revision"], &released["changed"], &released["published"]),
        (&json!(2), &json!(1), &json!(true))
    );
    let now = served(&app).await;
    assert_eq!((&now.0, &now.1, &now.2), (&released["generation"], &json!("The dam"), &json!("The canal")));
    assert!(now.0.as_i64() > generation.as_i64() && now.3 != etag, "{now:?}");
    assert_eq!(desk.etag().await, "\"r2\"");
    let taken = desk.call(POST, "/unpublish").json(&json!({"note": "floods"})).await.expect(200).json();
    assert_eq!((&taken["revision"], &taken["changed"]), (&json!(3), &json!(26)));
    app.get("/v1/routes/peoples-canal").await.refused(404, "unknown-route");
    app.get("/v1/routes/peoples-canal/waypoints/daicun-dam").await.refused(404, "unknown-route");
    assert_eq!(app.get("/v1/routes").await.expect(200).json()["items"].as_array().map(Vec::len), Some(1));
    desk.call(POST, "/unpublish").json(&json!({})).await.refused(409, "not-published");
    assert_eq!(phone.check_in(DAM_HERE).id("x").send().await.expect(200).json(), first, "a repeat gets its answer");
    phone.check_in(DAM_HERE).id("y").send().await.refused(404, "unknown-waypoint");
    let counts = app.operator().await.counts("by=waypoint").await;
    assert_eq!((&counts["people"], &counts["rows"][0]["waypoint"]), (&json!(1), &json!(DAM_HERE)));
    let draft = desk.draft().await;
    assert_eq!((&draft["published"], &draft["waypoint_count"]), (&json!(false), &json!(26)));
    assert_eq!(draft["title"]["en"], "The canal");
    let restored =
        desk.call(POST, "/restore").json(&json!({"revision": 1, "note": "dry again"})).await.expect(200).json();
    assert_eq!(restored["revision"], 4);
    let (_, stop, title, etag_again) = served(&app).await;
    assert!(stop != "The dam" && title != "The canal" && etag_again != etag, "the old content as a new revision");
    for revision in [3, 9] {
        let call = desk.call(POST, "/restore").json(&json!({"revision": revision}));
        call.await.refused(404, "unknown-revision");
    }
    let page = desk.get("/revisions?limit=3").await.expect(200).json();
    let rest = desk.get(&format!("/revisions?limit=3&cursor={}", page["next"].as_str().expect("more"))).await;
    let rest = rest.expect(200).json();
    let told: Vec<String> = [&page, &rest]
        .iter()
        .flat_map(|page| page["items"].as_array().expect("items"))
        .map(|one| ["revision", "kind", "author", "note", "waypoints"].map(|part| one[part].to_string()).join(" "))
        .map(|line| line.replace('"', ""))
        .collect();
    assert_eq!(
        told,
        [
            "4 restore A test dry again 26",
            "3 withdraw A test floods 0",
            "2 publish A test for a test 26",
            "1 import command line  26",
        ]
    );
    assert_eq!((&page["items"][0]["restored_revision"], rest.get("next")), (&json!(1), None));
}

#[tokio::test]
async fn a_publication_is_served_before_its_call_returns_and_can_be_taken_back_and_brought_back() {
    published_served_taken_back_and_brought_back(TestApp::start().await).await;
}

#[tokio::test]
async fn a_publication_is_served_before_its_call_returns_and_can_be_taken_back_and_brought_back_on_postgres() {
    if let Some(app) = TestApp::on_postgres().await {
        published_served_taken_back_and_brought_back(app).await;
    }
}

#[tokio::test]
async fn a_check_in_keeps_the_revision_it_was_made_on_and_a_stop_that_is_gone_keeps_its_counts() {
    let app = TestApp::start().await;
    let (desk, phone) = (Desk::of(&app, CANAL).await, app.participant().await);
    phone.check_in("peoples-canal/nansi-lake").id("one").kept().await;
    desk.publish_title("Two").await;
    app.pass(HOUR);
    phone.check_in("peoples-canal/nansi-lake").id("two").kept().await;
    desk.edit(DELETE, "/draft/waypoints/nansi-lake", &Value::Null).await;
    desk.publish(&[]).await.expect(200);
    let mut database = sqlx::SqliteConnection::connect(&app.config.database).await.expect("a connection");
    let kept: Vec<(String, i64)> =
        sqlx::query_as("select id, revision from check_ins order by seq").fetch_all(&mut database).await.expect("rows");
    assert_eq!(kept, [("one".to_string(), 1), ("two".to_string(), 2)]);
    phone.check_in("peoples-canal/nansi-lake").send().await.refused(404, "unknown-waypoint");
    let counts = app.operator().await.counts("by=waypoint").await;
    assert_eq!(
        (&counts["rows"][0]["waypoint"], &counts["rows"][0]["check_ins"]),
        (&json!("peoples-canal/nansi-lake"), &json!(2))
    );
    assert_eq!(phone.get("/v1/me/check-ins").await.expect(200).json()["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_draft_waits_for_its_time_and_stands_still() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    let at = time::rfc3339(START_MS + HOUR);
    let set = |at: &str| desk.call(PUT, "/schedule").json(&json!({"at": at, "note": "for May"}));
    set(&at).await.refused(404, "no-draft");
    desk.edit(PATCH, DAM, &json!({"title": {"en": "Dam"}})).await;
    for wrong in [time::rfc3339(START_MS), time::rfc3339(START_MS + 367 * 24 * HOUR)] {
        set(&wrong).await.refused(422, "invalid-time");
    }
    for wrong in ["tomorrow", "2026-06-01", "2026-06-01T00:00:00"] {
        assert_eq!(set(wrong).await.refused(400, "invalid-json")["pointer"], "/at");
    }
    set(&at).header("if-match", "\"r1\"").await.refused(412, "precondition-failed");
    let info = set(&at).header("if-match", "\"d1\"").await.expect(200).json();
    assert_eq!(info, json!({"at": at, "note": "for May", "by": "A test"}));
    assert_eq!(desk.draft().await["schedule"], info);
    for (method, path, body) in [
        (PATCH, "/draft", json!({"title": {"en": "x"}})),
        (PUT, "/draft", json!({"waypoints": []})),
        (DELETE, "/draft", Value::Null),
        (PATCH, DAM, json!({"order": 2})),
        (DELETE, DAM, Value::Null),
    ] {
        let problem = desk.change(method, path, "\"d1\"", &body).await.refused(409, "draft-scheduled");
        assert_eq!(problem["at"], at);
    }
    desk.call(DELETE, "/schedule").await.expect(204);
    desk.call(DELETE, "/schedule").await.expect(204);
    assert_eq!(desk.draft().await.get("schedule"), None);
    desk.edit(PATCH, DAM, &json!({"order": 2})).await;
    set(&at).await.expect(200);
    assert_eq!(desk.publish(&[]).await.expect(200).json()["revision"], 2, "somebody may be faster than the clock");
    assert_eq!(desk.draft().await.get("schedule"), None);
}

#[tokio::test]
async fn a_route_is_exported_in_every_format_with_what_is_lost() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    desk.edit(PATCH, DAM, &json!({"title": {"en": "Export & <test>", "zh-CN": "导出"}})).await;
    for (format, media_type, starts, loses) in [
        ("geojson", "application/geo+json", &b"{"[..], false),
        ("gpx", "application/gpx+xml", b"<?xml", true),
        ("kml", "application/vnd.google-earth.kml+xml", b"<?xml", false),
        ("kmz", "application/vnd.google-earth.kmz", b"PK", false),
        ("csv", "text/csv", b"\xef\xbb\xbf", false),
        ("tsv", "text/tab-separated-values", b"\xef\xbb\xbf", false),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK", false),
    ] {
        let file = desk.get(&format!("/export?format={format}")).await.expect(200);
        assert!(file.header("content-type").starts_with(media_type), "{file:?}");
        assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{CANAL}.{format}\""));
        assert_eq!(file.header("etag"), "\"d1\"");
        assert!(file.bytes.starts_with(starts), "{format}: {:?}", &file.bytes[..20]);
        let losses = file.headers.get_all("x-export-loss").iter().count();
        assert!(!loses || losses > 0, "{format} cannot hold everything");
        assert!(losses < 100, "{format}: {losses}");
        let published = desk.get(&format!("/export?format={format}&of=published")).await.expect(200);
        assert_ne!(published.bytes, file.bytes, "{format}");
    }
    let draft = desk.get("/export").await.expect(200);
    assert!(draft.text().contains("Export & <test>"), "all of the draft in GeoJSON");
    let first = desk.get("/export?of=1").await.expect(200).json();
    assert_eq!(first["features"].as_array().map(Vec::len), Some(27));
    desk.get("/export?of=2").await.refused(404, "unknown-revision");
    for query in ["format=shp", "of=x", "format=csv&format=csv"] {
        desk.get(&format!("/export?{query}")).await.refused(400, "invalid-parameter");
    }
    for (format, starts) in [("csv", &b"\xef\xbb\xbf"[..]), ("xlsx", b"PK")] {
        let file = desk.staff.get(&format!("/v1/design/templates/{format}")).await.expect(200);
        assert!(file.bytes.starts_with(starts), "{format}");
        let name = format!("attachment; filename=\"studyroute-template.{format}\"");
        assert_eq!(file.header("content-disposition"), name);
    }
    for format in ["gpx", "doc", "%00"] {
        desk.staff.get(&format!("/v1/design/templates/{format}")).await.refused(404, "not-found");
    }
}

#[tokio::test]
async fn a_draft_is_rehearsed_for_programs_and_for_people() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    let rehearse = |body: Value| desk.call(POST, "/rehearse").json(&body);
    let told = rehearse(json!({"walkers": 20, "seed": 7})).await.expect(200);
    assert_eq!(told.json(), rehearse(json!({"walkers": 20, "seed": 7})).await.expect(200).json(), "the same seed");
    assert_ne!(told.json(), rehearse(json!({"walkers": 20, "seed": 8})).await.expect(200).json());
    for (lang, word) in [("en", "pupils"), ("zh-CN", "人")] {
        let call = desk.call(POST, &format!("/rehearse?lang={lang}")).json(&json!({"walkers": 20}));
        let page = call.header("accept", "text/html").await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
        let text = page.text();
        assert!(
            !text.contains("<script") && text.contains(&format!("lang=\"{lang}\"")) && text.contains(word),
            "{text}"
        );
    }
    for wrong in [
        json!({"walkers": 0}),
        json!({"walkers": 10_001}),
        json!({"group_size": 0}),
        json!({"settings": {"atlantis": "open_sky"}}),
    ] {
        let problem = rehearse(wrong.clone()).await.refused(422, "cannot-rehearse");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{wrong}: {problem}");
    }
    for wrong in [json!({"walkers": -1}), json!({"walker": 1}), json!({"settings": {"daicun-dam": "cave"}})] {
        rehearse(wrong).await.refused(400, "invalid-json");
    }
    desk.call(POST, "/rehearse?of=9").json(&json!({})).await.refused(404, "unknown-revision");
}
