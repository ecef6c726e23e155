//! Batches of check-ins: one verdict each, in order, and the bounds of a body.

use crate::app::TestApp;
use crate::client::{Answer, Phone};
use reqwest::Method;
use serde_json::{Value, json};

const HALL: &str = "confucius-mencius/dacheng-hall";

/// One item and what is to become of it: status, code of its problem (or empty), its id in the answer.
type Case = (Value, u64, &'static str, Option<String>);

/// Twenty of every kind, mixed.
fn a_hundred(phone: &Phone) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for i in 0..20 {
        let good = phone.check_in(HALL).id(&format!("good-{i}")).body;
        let some = |id: &str| Some(id.to_string());
        let (good_id, far, none) = (format!("good-{i}"), format!("far-{i}"), format!("none-{i}"));
        let unreadable = match i % 4 {
            0 => (json!(null), None),
            1 => (json!({"id": format!("half-{i}"), "waypoint": HALL}), Some(format!("half-{i}"))),
            2 => (json!("text"), None),
            _ => (json!({"id": 7, "position": []}), None),
        };
        cases.push((good.clone(), 201, "", some(&good_id)));
        cases.push((phone.check_in(HALL).id(&far).north(900.0).body, 422, "outside-zone", some(&far)));
        cases.push((unreadable.0, 400, "invalid-json", unreadable.1));
        cases.push((phone.check_in("peoples-canal/atlantis").id(&none).body, 404, "unknown-waypoint", some(&none)));
        cases.push((good, 200, "", some(&good_id)));
    }
    cases
}

fn check_result(result: &Value, (_, status, code, id): &Case) {
    assert_eq!(result["status"], *status, "{result}");
    assert_eq!(result["id"].as_str(), id.as_deref(), "{result}");
    if code.is_empty() {
        assert_eq!(result["check_in"]["id"], result["id"], "{result}");
        assert_eq!(result.get("problem"), None, "{result}");
    } else {
        assert_eq!(result["problem"]["code"], *code, "{result}");
        assert_eq!(result["problem"]["status"], *status, "{result}");
        assert_eq!(result.get("check_in"), None, "{result}");
    }
}

#[tokio::test]
async fn a_hundred_mixed_check_ins_get_one_verdict_each_in_order_on_sqlite() {
    mixed(TestApp::start().await).await;
}

#[tokio::test]
async fn a_hundred_mixed_check_ins_get_one_verdict_each_in_order_on_postgresql() {
    let Some(app) = TestApp::on_postgres().await else { return };
    mixed(app).await;
}

async fn mixed(app: TestApp) {
    let phone = app.participant().await;
    let cases = a_hundred(&phone);
    let items: Vec<Value> = cases.iter().map(|case| case.0.clone()).collect();
    assert_eq!(items.len(), 100);
    let answer = phone.batch(&items).await.expect(200);
    let results = answer.json()["results"].as_array().expect("results").clone();
    assert_eq!(results.len(), 100, "{answer:?}");
    results.iter().zip(&cases).for_each(|(result, case)| check_result(result, case));
    let firsts = results.iter().filter(|result| result["check_in"]["first_visit"] == true).count();
    assert_eq!(firsts, 2, "the first of all, and its repeat");
    assert_eq!(phone.me().await["check_ins"], 20);
    let again = phone.batch(&items).await.expect(200).json();
    for (result, (_, status, _, _)) in again["results"].as_array().expect("results").iter().zip(&cases) {
        assert_eq!(result["status"], if *status == 201 { 200 } else { *status }, "{result}");
    }
    assert_eq!(phone.me().await["check_ins"], 20);
}

#[tokio::test]
async fn an_item_of_a_batch_is_answered_as_if_it_had_come_alone() {
    let app = TestApp::start().await;
    let (alone, together) = (app.participant().await, app.participant().await);
    let cases = |phone: &Phone| {
        [
            phone.check_in(HALL).id("a").body,
            phone.check_in(HALL).id("a").accuracy(50.0).body,
            phone.check_in(HALL).id("b").with("occurred_at", "2026-04-01T00:00:00Z").body,
            phone.check_in(HALL).id("c").position("lat", 91).body,
            phone.check_in("peoples-canal/taibai-tower").id("d").body,
        ]
    };
    let batch = together.batch(&cases(&together)).await.expect(200).json();
    for (i, body) in cases(&alone).iter().enumerate() {
        let single = alone.call(Method::POST, "/v1/check-ins").json(body).await;
        let result = &batch["results"][i];
        assert_eq!(result["status"], single.status, "{result} {single:?}");
        let inner = if single.status < 300 { &result["check_in"] } else { &result["problem"] };
        assert_eq!(*inner, single.json(), "{result}");
    }
}

#[tokio::test]
async fn items_of_a_batch_that_share_an_id_are_judged_in_their_order() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let (far, good) = (phone.check_in(HALL).id("x").north(900.0).body, phone.check_in(HALL).id("x").body);
    let batch = phone.batch(&[phone.check_in(HALL).body, far.clone(), good, far]).await.expect(200).json();
    let told = [0, 1, 2, 3].map(|i| batch["results"][i]["status"].as_u64().expect("a status"));
    assert_eq!(told, [201, 422, 201, 409], "kept, outside, kept, and then the id is taken: {batch}");
}

#[tokio::test]
async fn odd_texts_and_numbers_in_one_item_do_not_fail_the_rest() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let good = phone.check_in(HALL).body;
    for odd in [
        r#"{"id":"\ud800"}"#.to_string(),
        good.to_string().replace("12.0", "1e999"),
        good.to_string().replace("12.0", "123456789012345678901234567890"),
        good.to_string().replacen("\"id\"", "\"id\":\"twice\",\"id\"", 1),
        "[[[[[[[[]]]]]]]]".to_string(),
    ] {
        let body = format!("{{\"check_ins\":[{odd},{good}]}}");
        let answer = phone.call(Method::POST, "/v1/check-ins/batch").body("application/json", body).await.expect(200);
        assert_eq!(answer.json()["results"][0]["problem"]["code"], "invalid-json", "{odd}: {answer:?}");
        assert!(answer.json()["results"][1]["check_in"].is_object(), "{odd}: {answer:?}");
    }
}

#[tokio::test]
async fn a_batch_holds_1_to_100_check_ins_and_nothing_else() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let items = |count: usize| (0..count).map(|_| phone.check_in(HALL).body).collect::<Vec<_>>();
    for count in [0, 101] {
        assert_eq!(phone.batch(&items(count)).await.refused(400, "invalid-json")["pointer"], "/check_ins");
    }
    assert_eq!(phone.me().await["check_ins"], 0);
    for count in [1, 100] {
        assert_eq!(
            phone.batch(&items(count)).await.expect(200).json()["results"].as_array().map(Vec::len),
            Some(count)
        );
    }
    for body in [json!({}), json!([]), json!({"check_ins": {}}), json!({"check_ins": [], "more": 1})] {
        phone.call(Method::POST, "/v1/check-ins/batch").json(&body).await.refused(400, "invalid-json");
    }
    assert_eq!(phone.me().await["check_ins"], 101);
}

/// A good body, blown up to exactly so many bytes by spaces.
fn padded(body: &Value, bytes: usize) -> String {
    let text = body.to_string();
    format!("{text}{}", " ".repeat(bytes - text.len()))
}

#[tokio::test]
async fn bodies_are_taken_up_to_their_bound_and_not_a_byte_more() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    for (path, limit) in [("/v1/check-ins", 64 * 1024), ("/v1/check-ins/batch", 256 * 1024)] {
        let body = || {
            let one = phone.check_in(HALL).body;
            if path.ends_with("batch") { json!({"check_ins": [one]}) } else { one }
        };
        let send = async |bytes| -> Answer {
            phone.call(Method::POST, path).body("application/json", padded(&body(), bytes)).await
        };
        assert!(matches!(send(limit).await.status, 200 | 201), "{path}");
        let problem = send(limit + 1).await.refused(413, "body-too-large");
        assert_eq!(problem["limit_bytes"], limit);
    }
    let nearby = padded(&json!({"lat": 1, "lon": 1}), 64 * 1024 + 1);
    app.post("/v1/nearby").body("application/json", nearby).await.refused(413, "body-too-large");
    assert_eq!(phone.me().await["check_ins"], 2);
}

#[tokio::test]
async fn json_is_read_32_levels_deep_and_no_deeper() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let nested = |levels: usize| format!("{{\"id\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    for path in ["/v1/check-ins", "/v1/check-ins/batch"] {
        let send = |text: String| phone.call(Method::POST, path).body("application/json", text);
        send(nested(32)).await.refused(400, "invalid-json");
        send(nested(33)).await.refused(400, "too-deep");
        send("[".repeat(60_000)).await.refused(400, "too-deep");
    }
    let brackets = phone.check_in(HALL).id(&"[".repeat(100)).send().await.refused(400, "invalid-json");
    assert_eq!(brackets["pointer"], "/id", "brackets within a text are no depth: {brackets}");
}
