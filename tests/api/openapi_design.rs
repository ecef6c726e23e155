//! What designers are answered is what the document says, operation by operation, and what it says may be sent is taken.

use crate::app::{HOUR, START_MS, TestApp};
use crate::desk::{DELETE, Desk, PATCH, POST, PUT};
use crate::openapi::{check_answer, check_request, document, operations, real};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use studyroute::domain::time;

const BASE: &str = "/v1/design/routes/{route}";
const GET: Method = Method::GET;

/// One call after the other: method, path below the route, body, and the status that is expected.
fn calls(draft: &Value, hall: &Value) -> Vec<(Method, &'static str, &'static str, Value, u16)> {
    let one = "/draft/waypoints/{waypoint}";
    let at = time::rfc3339(START_MS + HOUR);
    let mut gate = hall.clone();
    gate["id"] = "new-gate".into();
    vec![
        (GET, "/draft", "", Value::Null, 200),
        (GET, "/draft", "?crs=gcj02", Value::Null, 200),
        (PUT, "/draft", "", draft.clone(), 200),
        (PATCH, "/draft", "", json!({"title": {"en": "Another"}}), 200),
        (GET, "/draft/waypoints", "?limit=2", Value::Null, 200),
        (POST, "/draft/waypoints", "", gate, 201),
        (GET, one, "", Value::Null, 200),
        (PUT, one, "", hall.clone(), 200),
        (PATCH, one, "", json!({"title": {"en": "Hall"}, "facts": [], "position": {"height_m": 60.5}}), 200),
        (GET, "/diff", "", Value::Null, 200),
        (GET, "/diff", "?from=draft&to=1", Value::Null, 200),
        (GET, "/lint", "?planned_hour=3", Value::Null, 200),
        (POST, "/rehearse", "", json!({"walkers": 5, "settings": {"dacheng-hall": "courtyard"}}), 200),
        (GET, "/export", "?format=geojson", Value::Null, 200),
        (GET, "/export", "?format=kmz", Value::Null, 200),
        (POST, "/publish", "", json!({}), 422),
        (PATCH, one, "", json!({"title": {"en": "", "zh-CN": ""}}), 200),
        (GET, "/lint", "", Value::Null, 200),
        (POST, "/publish", "", json!({}), 422),
        (DELETE, one, "", Value::Null, 204),
        (PUT, "/draft/order", "", Value::Null, 204),
        (PUT, "/schedule", "", json!({"at": at, "note": "x", "acknowledge": []}), 200),
        (GET, "/draft", "", Value::Null, 200),
        (PATCH, "/draft", "", json!({"line": null}), 409),
        (DELETE, "/schedule", "", Value::Null, 204),
        (POST, "/publish", "", json!({"note": "x", "acknowledge": []}), 200),
        (POST, "/restore", "", json!({"revision": 1}), 200),
        (GET, "/revisions", "?limit=2", Value::Null, 200),
        (POST, "/unpublish", "", json!({}), 200),
        (POST, "/unpublish", "", json!({}), 409),
        (DELETE, "/draft", "", Value::Null, 204),
    ]
}

#[tokio::test]
async fn what_designers_are_answered_is_what_the_document_says() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let desk = Desk::of(&app, "confucius-mencius").await;
    let (draft, hall) = (desk.draft().await, desk.get("/draft/waypoints/dacheng-hall").await.expect(200).json());
    let mut met = BTreeSet::new();
    for (method, path, query, mut body, status) in calls(&draft, &hall) {
        if path == "/draft/order" {
            body = json!({"waypoints": desk.ids().await});
        }
        if body.get("acknowledge").is_some() {
            let lint = desk.get("/lint").await.expect(200).json();
            body["acknowledge"] = lint["to_acknowledge"].as_object().expect("rules").keys().cloned().collect();
        }
        let template = format!("{BASE}{path}");
        let name = method.as_str().to_lowercase();
        let call = desk.staff.call(method.clone(), &real(&format!("{template}{query}")));
        let call = if method == GET || path == "/publish" { call } else { call.header("if-match", &desk.etag().await) };
        let answer = if body.is_null() { call.await } else { call.json(&body).await }.expect(status);
        check_answer(&document, &name, &template, &answer);
        if !body.is_null() && status < 300 {
            check_request(&document, &name, &template, &body);
        }
        met.insert((name, template));
    }
    for path in ["/v1/design/routes", "/v1/design/templates/{format}"] {
        check_answer(&document, "get", path, &desk.staff.get(&real(path)).await.expect(200));
        met.insert(("get".into(), path.into()));
    }
    let written = operations(&document).into_iter().map(|(method, path, _)| (method.as_str().to_lowercase(), path));
    // The tests of imports hold their answers against the document themselves.
    let is_of_designers = |(_, path): &(String, String)| {
        (path.starts_with("/v1/design/routes") || path.contains("/templates/")) && !path.ends_with("/import")
    };
    let missed: Vec<_> = written.filter(|one| is_of_designers(one) && !met.contains(one)).collect();
    assert!(missed.is_empty(), "nobody looked at {missed:?}");
}

#[tokio::test]
async fn what_designers_are_refused_with_is_what_the_document_says() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let (desk, nobody) = (Desk::of(&app, "confucius-mencius").await, Desk::of(&app, "no-such-walk").await);
    let one = "/draft/waypoints/{waypoint}";
    let at = json!({"at": "2020-01-01T00:00:00Z"});
    desk.edit(PATCH, "/draft", &json!({"title": {"en": "x"}})).await;
    for (desk, method, path, tag, body, status) in [
        (&nobody, GET, "/draft", "", Value::Null, 404),
        (&nobody, PUT, "/draft", "*", json!({"waypoints": []}), 404),
        (&nobody, POST, "/publish", "", json!({}), 404),
        (&nobody, GET, "/export", "", Value::Null, 404),
        (&desk, PUT, "/draft", "", json!({"waypoints": []}), 428),
        (&desk, PUT, "/draft", "\"d9\"", json!({"waypoints": []}), 412),
        (&desk, PATCH, "/draft", "*", json!({"x": 1}), 400),
        (&desk, PATCH, one, "\"d9\"", json!({"order": 1}), 412),
        (&desk, DELETE, one, "\"d9\"", Value::Null, 412),
        (&desk, POST, "/draft/waypoints", "*", json!({"id": "dacheng-hall", "position": {"lat": 1, "lon": 1}}), 409),
        (&desk, PUT, "/draft/order", "*", json!({"waypoints": []}), 422),
        (&desk, PUT, "/schedule", "", at, 422),
        (&desk, PUT, "/schedule", "\"d9\"", json!({"at": "2026-05-02T00:00:00Z"}), 412),
        (&desk, POST, "/publish", "\"d9\"", json!({}), 412),
        (&desk, POST, "/restore", "", json!({"revision": 0}), 404),
        (&desk, POST, "/rehearse", "", json!({"walkers": 0}), 422),
        (&desk, GET, "/diff", "", json!({"of": 1}), 200),
    ] {
        let call = desk.call(method.clone(), &path.replace("{waypoint}", "dacheng-hall"));
        let call = if tag.is_empty() { call } else { call.header("if-match", tag) };
        let answer = if body.is_null() { call.await } else { call.json(&body).await }.expect(status);
        check_answer(&document, &method.as_str().to_lowercase(), &format!("{BASE}{path}"), &answer);
    }
}
