//! The OpenAPI document says what the service does: no more, no less, and in its examples too.

use crate::app::TestApp;
use crate::client::Answer;
use reqwest::Method;
use serde_json::{Value, json};

const HALL: &str = "confucius-mencius/dacheng-hall";
const METHODS: [&str; 6] = ["get", "head", "post", "delete", "put", "patch"];

/// Method, path and description of every operation.
pub fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &Value)| {
        let known = METHODS.iter().filter_map(|name| Some((*name, item.get(*name)?.clone()))).collect::<Vec<_>>();
        assert_eq!(
            known.len(),
            item.as_object().map_or(0, serde_json::Map::len),
            "a method that is not known here: {item:#}"
        );
        let path = path.clone();
        known.into_iter().map(move |(name, operation)| {
            (Method::from_bytes(name.to_uppercase().as_bytes()).expect("a method"), path.clone(), operation)
        })
    };
    paths.iter().flat_map(of_path).collect()
}

pub fn real(path: &str) -> String {
    path.replace("{route}", "confucius-mencius").replace("{waypoint}", "dacheng-hall").replace("{format}", "csv")
}

/// A schema of the document with all that it refers to, closed: a member that no property names is a mistake.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let mut whole = json!({"$ref": "#/here", "here": schema, "components": document["components"]});
    close(&mut whole["here"], false);
    if let Some(schemas) = whole["components"]["schemas"].as_object_mut() {
        let text = serde_json::to_string(schemas).expect("JSON");
        for (name, schema) in schemas {
            // What is a part of another is closed by that other.
            let is_part = text.contains(&format!("{{\"allOf\":[{{\"$ref\":\"#/components/schemas/{name}\"}}"));
            close(schema, is_part || name == "Problem");
        }
    }
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&whole).expect("a schema")
}

fn close(schema: &mut Value, is_part: bool) {
    let has_members = schema.get("properties").is_some() || schema.get("allOf").is_some();
    if let (Some(members), true, false) = (schema.as_object_mut(), has_members, is_part) {
        members.insert("unevaluatedProperties".into(), false.into());
    }
    for inner in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten().map(|(_, v)| v) {
        close(inner, false);
    }
    if let Some(items) = schema.get_mut("items") {
        close(items, false);
    }
}

#[track_caller]
fn check(document: &Value, schema: &Value, value: &Value, what: &str) {
    let mistakes: Vec<String> =
        validator(document, schema).iter_errors(value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
    assert!(mistakes.is_empty(), "{what}:\n{}\n{value:#}\n{schema:#}", mistakes.join("\n"));
}

/// An answer as the document says that this operation answers with this status.
#[track_caller]
pub fn check_answer(document: &Value, method: &str, path: &str, answer: &Answer) {
    let response = &document["paths"][path][method]["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {path} does not document: {answer:?}");
    let media_type = answer.header("content-type");
    if answer.status == 204 {
        assert!(answer.bytes.is_empty() && response.get("content").is_none(), "{answer:?}");
    } else {
        let essence = media_type.split(';').next().unwrap_or_default();
        let schema = &response["content"][essence]["schema"];
        assert!(schema.is_object(), "{method} {path} does not document {media_type}: {answer:?}");
        if essence.ends_with("json") {
            check(document, schema, &answer.json(), &format!("{answer:?}"));
        }
    }
    for name in response["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
        assert!(!answer.header(name).is_empty(), "{name} is promised: {answer:?}");
    }
}

/// A body as the document says that this operation takes it.
#[track_caller]
pub fn check_request(document: &Value, method: &str, path: &str, body: &Value) {
    let content = &document["paths"][path][method]["requestBody"]["content"];
    let schema = content.as_object().and_then(|content| Some(&content.values().next()?["schema"]));
    // What may be sent back although it is only told is not in the document, so the schema is taken as it stands.
    let whole = json!({"$ref": "#/here", "here": schema, "components": document["components"]});
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&whole).expect("a schema");
    let mistakes: Vec<String> = validator.iter_errors(body).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(mistakes.is_empty(), "{method} {path}:\n{}", mistakes.join("\n"));
}

pub async fn document(app: &TestApp) -> Value {
    app.get("/openapi.json").await.expect(200).json()
}

#[tokio::test]
async fn every_operation_of_the_document_is_answered() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    assert_eq!(document["openapi"].as_str().map(|v| v.starts_with("3.1")), Some(true));
    for (method, path, operation) in operations(&document) {
        // A stream goes on until it is told why it cannot.
        let stream = if path == "/v1/counts/live" { "?by=day" } else { "" };
        let answer = app.call(method.clone(), &(real(&path) + stream)).await;
        let is_there = answer.status != 405 && !(answer.status == 404 && answer.json()["code"] == "not-found");
        assert!(is_there, "{method} {path}: {answer:?}");
        let documented = operation["responses"].get(answer.status.to_string());
        assert!(documented.is_some(), "{method} {path} does not document its answer: {answer:?}");
    }
    let docs = app.get("/docs/").await.expect(200);
    assert!(docs.text().contains("swagger"), "{docs:?}");
}

#[tokio::test]
async fn every_endpoint_stands_in_the_document() {
    let app = TestApp::start().await;
    let source = include_str!("../../src/http/mod.rs");
    let design = include_str!("../../src/http/design/mod.rs");
    let sources = [source, design].concat();
    let macros = sources.split(".routes(routes!(").skip(1).map(|rest| rest.split(')').next().unwrap_or_default());
    let handlers: usize = macros.map(|handlers| handlers.split(',').count()).sum();
    let document = document(&app).await;
    assert_eq!(operations(&document).len(), handlers);
    // Nothing is added to the router beside these lists but the reader of the document and the files of the pages.
    assert_eq!(source.matches(".merge(").count(), 3);
    assert_eq!(design.matches(".merge(").count(), 0);
    for adds in [".route(", ".nest(", ".fallback(", ".route_service(", ".nest_service("] {
        assert!(!sources.contains(adds), "{adds}");
    }
}

#[tokio::test]
async fn the_calls_of_the_contract_stand_in_the_document() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    for (method, path) in [
        ("post", "/v1/participants"),
        ("get", "/v1/nearby"),
        ("get", "/v1/routes"),
        ("get", "/v1/routes/{route}"),
        ("get", "/v1/routes/{route}/waypoints"),
        ("get", "/v1/routes/{route}/waypoints/{waypoint}"),
        ("post", "/v1/check-ins"),
        ("post", "/v1/check-ins/batch"),
        ("get", "/v1/me"),
        ("get", "/v1/me/check-ins"),
        ("get", "/v1/me/progress"),
        ("delete", "/v1/me"),
        ("get", "/v1/counts"),
        ("get", "/v1/counts.csv"),
        ("get", "/v1/counts/live"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
    ] {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
}

#[tokio::test]
async fn every_example_fits_its_schema() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let mut checked = 0;
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        if let Some(example) = schema.get("example") {
            let by_name = json!({"$ref": format!("#/components/schemas/{name}")});
            check(&document, &by_name, example, &format!("the example of {name}"));
            checked += 1;
        }
        let members = schema["properties"].as_object().into_iter().flatten();
        for (member, schema) in members.filter(|(_, schema)| schema.get("example").is_some()) {
            check(&document, schema, &schema["example"], &format!("the example of {name}.{member}"));
        }
    }
    assert!(checked >= 6, "only {checked} examples");
    for (_, path, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if let Some(example) = parameter.get("example") {
                check(&document, &parameter["schema"], example, &format!("{path} {}", parameter["name"]));
            }
        }
    }
}

#[tokio::test]
async fn the_examples_of_requests_are_understood() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
    app.post("/v1/nearby").json(&example("NearbyRequest")).await.expect(200);
    app.post("/v1/participants").json(&example("NewParticipant")).await.expect(201);
    let phone = app.participant().await;
    let check_in = example("CheckInRequest");
    app.set_clock(studyroute::domain::time::parse_rfc3339(check_in["occurred_at"].as_str().expect("a time")).unwrap());
    let kept = phone.call(Method::POST, "/v1/check-ins").json(&check_in).await.expect(201).json();
    let told = example("CheckIn");
    for member in ["id", "waypoint", "verdict", "occurred_at", "distance_m"] {
        assert_eq!(kept[member], told[member], "{member}: the example's answer is not what comes: {kept}");
    }
}

#[tokio::test]
async fn what_visitors_are_answered_is_what_the_document_says() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let one = "/v1/routes/{route}/waypoints/{waypoint}";
    for (path, query) in [
        ("/v1/nearby", "?lat=35.6&lon=117&radius_m=100000&limit=100"),
        ("/v1/routes", "?limit=1"),
        ("/v1/routes", ""),
        ("/v1/routes/{route}", "?crs=bd09"),
        ("/v1/routes/{route}/waypoints", "?limit=9"),
        ("/v1/routes/{route}/waypoints", "?lang=en"),
        (one, ""),
        ("/healthz", ""),
        ("/readyz", ""),
    ] {
        let answer = app.get(&format!("{}{query}", real(path))).await.expect(200);
        check_answer(&document, "get", path, &answer);
    }
    for path in ["/v1/nearby?lat=35.6&lon=117", "/v1/routes", "/v1/routes/{route}/waypoints", one] {
        let answer = app.get(&real(path)).header("accept", "application/geo+json").await.expect(200);
        let path = path.split('?').next().unwrap_or_default();
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/geo+json"]["schema"];
        assert!(
            jsonschema::validator_for(&json!({"$ref": "#/s", "s": schema, "components": document["components"]}))
                .expect("a schema")
                .is_valid(&answer.json()),
            "{path}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn what_participants_and_operators_are_answered_is_what_the_document_says() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let created = app.post("/v1/participants").json(&json!({})).await.expect(201);
    check_answer(&document, "post", "/v1/participants", &created);
    let (phone, operator) = (app.participant().await, app.operator().await);
    for expected in [201, 200] {
        let answer = phone.check_in(HALL).id("x").send().await.expect(expected);
        check_answer(&document, "post", "/v1/check-ins", &answer);
    }
    let items = [phone.check_in(HALL).body, phone.check_in(HALL).north(900.0).body, json!(null)];
    let batch = phone.batch(&items).await.expect(200);
    check_answer(&document, "post", "/v1/check-ins/batch", &batch);
    for path in ["/v1/me", "/v1/me/check-ins", "/v1/me/progress"] {
        check_answer(&document, "get", path, &phone.get(path).await.expect(200));
    }
    check_answer(&document, "get", "/v1/me/check-ins", &phone.get("/v1/me/check-ins?limit=1").await.expect(200));
    for query in ["", "?by=day&by=route&by=waypoint&by=hour"] {
        for answer in [operator.get(&format!("/v1/counts{query}")).await, app.get(&format!("/v1/counts{query}")).await]
        {
            check_answer(&document, "get", "/v1/counts", &answer.expect(200));
        }
    }
}

#[tokio::test]
async fn refusals_are_what_the_document_says() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let phone = app.participant().await;
    phone.check_in(HALL).id("x").kept().await;
    let check_in = "/v1/check-ins";
    for (method, path, answer) in [
        ("get", "/v1/nearby", app.get("/v1/nearby?lat=x").await),
        ("get", "/v1/nearby", app.get(&format!("/v1/nearby?{}", "x".repeat(5_000))).await),
        ("get", "/v1/nearby", app.get("/v1/nearby").header("x-large", &"x".repeat(20_000)).await),
        ("get", "/v1/routes/{route}", app.get("/v1/routes/atlantis").await),
        ("get", "/v1/me", app.get("/v1/me").await),
        ("get", "/v1/counts", app.get("/v1/counts?by=x").await),
        ("get", "/v1/counts", app.get("/v1/counts").bearer("srk_x").await),
        ("post", "/v1/participants", app.post("/v1/participants").json(&json!({"seat": 1})).await),
        ("post", check_in, phone.check_in(HALL).id("x").accuracy(1.0).send().await),
        ("post", check_in, phone.check_in(HALL).north(900.0).send().await),
        ("post", check_in, phone.check_in("a/b").send().await),
        ("post", check_in, phone.call(Method::POST, check_in).body("text/plain", "{}").await),
        ("post", check_in, phone.call(Method::POST, check_in).json(&json!({"x": "y".repeat(70_000)})).await),
        ("post", check_in, phone.call(Method::POST, check_in).json(&json!({})).await),
    ] {
        assert!(answer.status >= 400, "{answer:?}");
        check_answer(&document, method, path, &answer);
    }
}
