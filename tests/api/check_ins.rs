//! Check-ins one by one: what is kept, what is told twice, what is refused, and by whom they may be sent.

use crate::app::{DAY, TestApp};
use crate::client::{Answer, Phone};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const HALL: &str = "confucius-mencius/dacheng-hall";

#[tokio::test]
async fn a_check_in_is_kept_once_and_answered_alike_on_sqlite() {
    kept_once(TestApp::start().await).await;
}

#[tokio::test]
async fn a_check_in_is_kept_once_and_answered_alike_on_postgresql() {
    let Some(app) = TestApp::on_postgres().await else { return };
    kept_once(app).await;
}

async fn kept_once(app: TestApp) {
    let phone = app.participant().await;
    let first = phone.check_in(HALL).id("first").north(40.0).when(app.now() - 1_500).send().await.expect(201);
    let kept = first.json();
    assert_eq!((&kept["id"], &kept["waypoint"], &kept["verdict"]), (&json!("first"), &json!(HALL), &json!("inside")));
    assert_eq!(kept["first_visit"], true);
    assert!((kept["distance_m"].as_f64().expect("metres") - 40.0).abs() < 0.05, "{first:?}");
    assert_eq!(kept["occurred_at"], "2026-05-01T01:59:58.500Z");
    assert_eq!(kept["received_at"], "2026-05-01T02:00:00.000Z");
    app.pass(1_000);
    let again = phone.check_in(HALL).id("first").north(40.0).when(app.now() - 2_500).send().await.expect(200);
    assert_eq!(again.text(), first.text());
    let moved = phone.check_in(HALL).id("first").north(41.0).when(app.now() - 2_500).send().await;
    moved.refused(409, "check-in-id-reused");
    assert_eq!(phone.me().await["check_ins"], 1);
    let second = phone.check_in(HALL).id("second").kept().await;
    assert_eq!(second["first_visit"], false, "{second}");
    let app = app.restart().await;
    let me = app.get("/v1/me").bearer(&phone.token).await.expect(200).json();
    assert_eq!(me["check_ins"], 2, "what was acknowledged outlives the process: {me}");
}

#[tokio::test]
async fn of_many_repeats_at_once_one_is_kept_and_all_hear_the_same_on_sqlite() {
    kept_once_of_many(TestApp::start().await).await;
}

#[tokio::test]
async fn of_many_repeats_at_once_one_is_kept_and_all_hear_the_same_on_postgresql() {
    let Some(app) = TestApp::on_postgres().await else { return };
    kept_once_of_many(app).await;
}

async fn kept_once_of_many(app: TestApp) {
    let (phone, operator) = (app.participant().await, app.operator().await);
    let answers = join_all((0..40).map(|_| phone.check_in(HALL).id("impatient").send())).await;
    let kept: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(kept.len(), 1, "{answers:?}");
    let alike = |answer: &&Answer| answer.status == 200 && answer.bytes == kept[0].bytes;
    assert_eq!(answers.iter().filter(alike).count(), 39, "{answers:?}");
    let all = operator.counts("").await;
    assert_eq!((&all["people"], &all["visits"], &all["check_ins"]), (&json!(1), &json!(1), &json!(1)), "{all}");
}

#[tokio::test]
async fn the_same_check_in_written_down_otherwise_is_still_the_same() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let first = phone.check_in(HALL).id("same").at((35.5976, 116.98417)).send().await.expect(201);
    for body in [
        r#"{"waypoint":"confucius-mencius/dacheng-hall","id":"same","position":{"lon":116.984170,"accuracy_m":12,"lat":35.59760},"occurred_at":"2026-05-01T10:00:00+08:00"}"#,
        r#"{"id":"same","waypoint":"confucius-mencius\/dacheng-hall","occurred_at":"2026-05-01T02:00:00Z","position":{"lat":3.55976e1,"lon":116.98417,"accuracy_m":12.0,"crs":"wgs84"}}"#,
    ] {
        let again = phone.call(Method::POST, "/v1/check-ins").body("application/json; charset=utf-8", body).await;
        assert_eq!(again.expect(200).text(), first.text(), "{body}");
    }
}

#[tokio::test]
async fn another_content_under_the_same_id_is_refused_whatever_it_is() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    phone.check_in(HALL).id("one").kept().await;
    let other = || phone.check_in(HALL).id("one");
    for (changed, what) in [
        (other().accuracy(13.0), "accuracy"),
        (other().when(app.now() - 1), "time"),
        (other().north(500.0), "a place outside the zone"),
        (other().when(app.now() - 15 * DAY), "a time that is too old"),
        (other().position("crs", "gcj02"), "reference system"),
        (phone.check_in("confucius-mencius/apricot-platform").id("one"), "waypoint"),
    ] {
        let answer = changed.send().await;
        assert_eq!(answer.status, 409, "{what}: {answer:?}");
        answer.refused(409, "check-in-id-reused");
    }
    let neighbour = app.participant().await;
    neighbour.check_in(HALL).id("one").kept().await;
    assert_eq!(phone.me().await["check_ins"], 1);
}

#[tokio::test]
async fn outside_the_zone_nothing_is_kept_and_the_way_is_told() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let problem = phone.check_in(HALL).id("far").north(400.0).send().await.refused(422, "outside-zone");
    assert!((problem["distance_m"].as_f64().expect("metres") - 400.0).abs() < 0.5, "{problem}");
    assert_eq!(problem["radius_m"], 200.0);
    assert_eq!(phone.me().await["check_ins"], 0);
    phone.check_in(HALL).id("far").kept().await;
    let other_side = phone.check_in(HALL).at((-35.597, -63.0)).send().await.refused(422, "outside-zone");
    assert!(other_side["distance_m"].as_f64() > Some(10_000_000.0), "{other_side}");
}

#[tokio::test]
async fn the_zone_ends_where_its_radius_says_and_accuracy_reaches_a_hundred_metres_at_most() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    for (north_m, accuracy_m, verdict) in [
        (199.5, 0.0, "inside"),
        (199.5, 5_000.0, "inside"),
        (200.5, 0.0, "outside"),
        (209.5, 10.0, "uncertain"),
        (210.5, 10.0, "outside"),
        (299.5, 5_000.0, "uncertain"),
        (300.5, 5_000.0, "outside"),
    ] {
        let answer = phone.check_in(HALL).north(north_m).accuracy(accuracy_m).send().await;
        if verdict == "outside" {
            answer.refused(422, "outside-zone");
        } else {
            assert_eq!(answer.json()["verdict"], verdict, "{north_m} m, ± {accuracy_m} m: {answer:?}");
        }
    }
}

#[tokio::test]
async fn numbers_of_another_reference_system_are_recognised_and_named() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    for crs in ["gcj02", "bd09"] {
        let place = app.get(&format!("/v1/routes/confucius-mencius/waypoints/dacheng-hall?crs={crs}")).await.json();
        let at = (place["position"]["lat"].as_f64().unwrap(), place["position"]["lon"].as_f64().unwrap());
        let problem = phone.check_in(HALL).at(at).send().await.refused(422, "wrong-crs");
        assert_eq!((&problem["declared_crs"], &problem["suspected_crs"]), (&json!("wgs84"), &json!(crs)));
        let kept = phone.check_in(HALL).at(at).position("crs", crs).kept().await;
        assert_eq!(kept["verdict"], "inside");
        assert!(kept["distance_m"].as_f64() < Some(0.01), "{kept}");
    }
    phone.check_in(HALL).position("crs", "bd09").send().await.refused(422, "wrong-crs");
}

#[tokio::test]
async fn a_way_too_fast_for_any_coach_is_uncertain_in_either_order_of_arrival() {
    let app = TestApp::start().await;
    let (quick, late, coach) = (app.participant().await, app.participant().await, app.participant().await);
    let (tower, minute) = ("peoples-canal/taibai-tower", 60_000);
    assert_eq!(quick.check_in(HALL).kept().await["verdict"], "inside");
    assert_eq!(quick.check_in(tower).when(app.now() + minute).kept().await["verdict"], "uncertain");
    assert_eq!(late.check_in(tower).when(app.now() + minute).kept().await["verdict"], "inside");
    assert_eq!(late.check_in(HALL).kept().await["verdict"], "uncertain");
    assert_eq!(coach.check_in(HALL).when(app.now() - 60 * minute).kept().await["verdict"], "inside");
    assert_eq!(coach.check_in(tower).kept().await["verdict"], "inside");
}

#[tokio::test]
async fn ids_are_1_to_128_plain_characters() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let (longest, too_long) = ("x".repeat(128), "x".repeat(129));
    for id in ["0", "0192f0c1-7c1e-7e0a-9d63-0f6c3f1d2a4b", "a_b.c:d~e-F", &longest] {
        phone.check_in(HALL).id(id).kept().await;
    }
    for id in ["", " ", "a b", "a/b", "ü", "一", "a\n", "a\u{0}b", "'; drop table check_ins; --", &too_long] {
        let problem = phone.check_in(HALL).id(id).send().await.refused(400, "invalid-json");
        assert_eq!(problem["pointer"], "/id", "{id:?}");
    }
    assert_eq!(phone.me().await["check_ins"], 4);
}

#[tokio::test]
async fn a_waypoint_that_is_not_published_is_not_found() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    for waypoint in ["confucius-mencius/atlantis", "atlantis/dacheng-hall", "dacheng-hall", "", "/", "a/b/c"] {
        phone.check_in(waypoint).send().await.refused(404, "unknown-waypoint");
    }
    assert_eq!(phone.me().await["check_ins"], 0);
}

#[tokio::test]
async fn what_is_wrong_in_a_body_is_named_by_its_pointer() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let good = || phone.check_in(HALL);
    let without = |member: &str| {
        let mut check_in = good();
        check_in.body.as_object_mut().expect("an object").remove(member);
        check_in
    };
    for (check_in, pointer) in [
        (without("position"), ""),
        (good().with("position", json!([35.6, 117.0])), "/position"),
        (good().with("note", "hello"), "/note"),
        (good().with("id", 7), "/id"),
        (good().position("lat", "35.6"), "/position/lat"),
        (good().position("lat", 90.1), "/position/lat"),
        (good().position("lon", -181), "/position/lon"),
        (good().position("accuracy_m", -0.5), "/position/accuracy_m"),
        (good().position("accuracy_m", Value::Null), "/position/accuracy_m"),
        (good().position("crs", "utm"), "/position/crs"),
        (good().position("name", "Anna"), "/position/name"),
        (good().with("occurred_at", "2026-05-01T10:00:00"), "/occurred_at"),
        (good().with("occurred_at", "2026-05-01"), "/occurred_at"),
        (good().with("occurred_at", 1_777_600_800), "/occurred_at"),
    ] {
        let body = check_in.body.to_string();
        let problem = check_in.send().await.refused(400, "invalid-json");
        assert_eq!(problem["pointer"], pointer, "{body}");
    }
    for text in ["", "{", "null", "[]", "{\"id\":\"x\",}", "\u{feff}{}", "{\"id\":\"a\",\"id\":\"b\"}"] {
        phone.call(Method::POST, "/v1/check-ins").body("application/json", text).await.refused(400, "invalid-json");
    }
}

async fn refused_token(app: &TestApp, authorization: &str) {
    for (method, path) in
        [(Method::POST, "/v1/check-ins"), (Method::POST, "/v1/check-ins/batch"), (Method::GET, "/v1/me")]
    {
        let answer = app.call(method, path).header("authorization", authorization).json(&json!({})).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{authorization}: {answer:?}");
        answer.refused(401, "token-invalid");
    }
}

#[tokio::test]
async fn only_the_token_that_was_given_out_opens_anything() {
    let app = TestApp::start().await;
    let Phone { token, .. } = app.participant().await;
    let operator = app.operator().await;
    let flipped: String = token.chars().rev().collect();
    let other_prefix = token.replace("srp_", "srk_");
    for garbage in ["", "x", "srp_", &flipped, &token[..token.len() - 1], &other_prefix, &operator.key] {
        refused_token(&app, &format!("Bearer {garbage}")).await;
    }
    refused_token(&app, &format!("Basic {token}")).await;
    refused_token(&app, &token).await;
    app.post("/v1/check-ins").json(&json!({})).await.refused(401, "token-missing");
    app.get("/v1/me").header("authorization", &format!("bearer {token}")).await.expect(200);
}
