//! What a participant sees of itself, and its erasure.

use crate::app::{HOUR, TestApp};
use crate::client::Phone;
use crate::route_files::waypoints;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const HALL: &str = "confucius-mencius/dacheng-hall";
const TEMPLE: &str = "confucius-mencius/confucius-temple";
const TOWER: &str = "peoples-canal/taibai-tower";

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn everybody_sees_only_what_is_their_own() {
    let app = TestApp::start().await;
    let (anna, ben) = (app.participant().await, app.participant().await);
    anna.check_in(TEMPLE).id("a1").kept().await;
    anna.check_in(HALL).id("a2").kept().await;
    anna.check_in(HALL).id("a3").kept().await;
    ben.check_in(HALL).id("b1").kept().await;
    let me = anna.me().await;
    let expected =
        json!({"participant_id": anna.id, "created_at": "2026-05-01T02:00:00.000Z", "check_ins": 3, "waypoints": 2});
    assert_eq!(me, expected);
    assert_eq!(ids(&anna.get("/v1/me/check-ins").await.expect(200).json()), ["a1", "a2", "a3"]);
    assert_eq!(ids(&ben.get("/v1/me/check-ins").await.expect(200).json()), ["b1"]);
    assert_eq!(ben.progress("confucius-mencius").await["visited"], 1);
}

#[tokio::test]
async fn own_data_are_for_no_cache() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    for path in ["/v1/me", "/v1/me/check-ins", "/v1/me/progress"] {
        let answer = phone.get(path).await.expect(200);
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
        app.get(path).await.refused(401, "token-missing");
        phone.get(&format!("{path}?who=me")).await.refused(400, "unknown-parameter");
    }
    assert_eq!(phone.check_in(HALL).send().await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn pages_of_own_check_ins_hold_each_exactly_once_and_as_it_was_answered() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let mut kept = Vec::new();
    for waypoint in [TEMPLE, HALL, TEMPLE, HALL, TEMPLE] {
        kept.push(phone.check_in(waypoint).kept().await);
    }
    for limit in [1, 2, 4, 5] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = phone.get(&format!("/v1/me/check-ins?limit={limit}{cursor}")).await.expect(200).json();
            let items = page["items"].as_array().expect("items").clone();
            assert!((1..=limit).contains(&items.len()), "{page}");
            seen.extend(items);
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, kept, "{limit} a page");
    }
    for query in ["limit=0", "limit=1001", "cursor=x"] {
        phone.get(&format!("/v1/me/check-ins?{query}")).await.refused(400, "invalid-parameter");
    }
}

#[tokio::test]
async fn progress_counts_waypoints_once_and_names_the_first_that_is_missing() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let fresh = phone.progress("confucius-mencius").await;
    assert_eq!((&fresh["visited"], &fresh["total"], &fresh["complete"]), (&json!(0), &json!(28), &json!(false)));
    assert_eq!(fresh["next_waypoint"], "confucius-mencius/qufu-east-station");
    phone.check_in("confucius-mencius/qufu-east-station").when(app.now() - 5 * HOUR).kept().await;
    phone.check_in(HALL).when(app.now() - HOUR).accuracy(50.0).north(220.0).kept().await;
    phone.check_in(HALL).when(app.now() - 2 * HOUR).kept().await;
    let progress = phone.progress("confucius-mencius").await;
    assert_eq!(progress["visited"], 2, "{progress}");
    assert_eq!(progress["next_waypoint"], "confucius-mencius/confucius-museum");
    let hall = json!({"waypoint": HALL, "first_at": "2026-05-01T00:00:00.000Z", "verdict": "inside", "check_ins": 2});
    assert_eq!(progress["waypoints"][1], hall, "in order, at its earliest, on its surest evidence");
    assert_eq!(phone.progress("peoples-canal").await["visited"], 0);
    let english = phone.get("/v1/me/progress?lang=en").await.expect(200);
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(english.json()["items"][1]["title"], "People's Canal", "{english:?}");
}

#[tokio::test]
async fn a_route_is_complete_when_all_its_waypoints_were_visited() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let of_route = waypoints().iter().filter(|(id, _)| id.starts_with("confucius-mencius/"));
    let items: Vec<Value> = of_route.map(|(id, _)| phone.check_in(id).body).collect();
    let (last, first) = items.split_last().expect("28");
    phone.batch(first).await.expect(200);
    assert_eq!(phone.progress("confucius-mencius").await["next_waypoint"], last["waypoint"]);
    phone.batch(std::slice::from_ref(last)).await.expect(200);
    let done = phone.progress("confucius-mencius").await;
    assert_eq!((&done["visited"], &done["complete"], done.get("next_waypoint")), (&json!(28), &json!(true), None));
}

#[tokio::test]
async fn erasure_leaves_no_way_back_and_the_totals_as_they_were_on_sqlite() {
    erased(TestApp::start().await).await;
}

#[tokio::test]
async fn erasure_leaves_no_way_back_and_the_totals_as_they_were_on_postgresql() {
    let Some(app) = TestApp::on_postgres().await else { return };
    erased(app).await;
}

async fn erased(app: TestApp) {
    let (anna, ben, operator) = (app.participant().await, app.participant().await, app.operator().await);
    for (phone, id) in [(&anna, "a1"), (&ben, "b1")] {
        phone.check_in(HALL).id(id).when(app.now() - 3 * HOUR).kept().await;
        phone.check_in(TOWER).kept().await;
    }
    let questions = ["", "by=day", "by=waypoint", "by=hour&by=route", "route=peoples-canal"];
    let mut before = Vec::new();
    for question in questions {
        before.push(operator.counts(question).await);
    }
    assert_eq!((&before[0]["people"], &before[0]["check_ins"]), (&json!(2), &json!(4)));
    let gone = anna.erase().await.expect(204);
    assert!(gone.bytes.is_empty(), "{gone:?}");
    locked_out(&anna).await;
    for (question, before) in questions.iter().zip(&before) {
        assert_eq!(operator.counts(question).await, *before, "{question}");
    }
    assert_eq!(ben.me().await["check_ins"], 2);
    ben.check_in(HALL).id("b2").kept().await;
    let after = operator.counts("").await;
    assert_eq!((&after["people"], &after["check_ins"]), (&json!(2), &json!(5)));
    let app = app.restart().await;
    let anna = Phone::new(app.door.clone(), &json!({"participant_id": anna.id, "token": anna.token}));
    locked_out(&anna).await;
}

/// An erased token is refused everywhere, and creates nothing.
async fn locked_out(phone: &Phone) {
    for path in ["/v1/me", "/v1/me/check-ins", "/v1/me/progress"] {
        phone.get(path).await.refused(401, "token-invalid");
    }
    phone.erase().await.refused(401, "token-invalid");
    phone.check_in(HALL).id("new").send().await.refused(401, "token-invalid");
    phone.check_in(HALL).id("a1").send().await.refused(401, "token-invalid");
    phone.batch(&[phone.check_in(HALL).body]).await.refused(401, "token-invalid");
}

#[tokio::test]
async fn check_ins_that_meet_an_erasure_are_counted_if_they_were_acknowledged_on_sqlite() {
    raced(TestApp::start().await).await;
}

#[tokio::test]
async fn check_ins_that_meet_an_erasure_are_counted_if_they_were_acknowledged_on_postgresql() {
    let Some(app) = TestApp::on_postgres().await else { return };
    raced(app).await;
}

async fn raced(app: TestApp) {
    let (phone, operator, store) = (app.participant().await, app.operator().await, app.store().await);
    let some = || join_all((0..20).map(|_| phone.check_in(HALL).send()));
    let (before, erased, after) = tokio::join!(some(), phone.erase().into_future(), some());
    assert_eq!(erased.status, 204, "{erased:?}");
    let answers: Vec<_> = before.iter().chain(&after).collect();
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 401)), "{answers:?}");
    let kept = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(operator.counts("").await["check_ins"], kept);
    let left = store.check_ins_of(phone.id.parse().expect("a UUID"), 0, 100).await.expect("the log");
    assert_eq!(left, [], "of {kept} kept ones");
    store.close().await;
    locked_out(&phone).await;
}

#[tokio::test]
async fn nothing_of_an_erased_participant_is_left_in_the_log() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    phone.check_in(HALL).kept().await;
    let id = phone.id.parse().expect("a UUID");
    let store = app.store().await;
    assert_eq!(store.check_ins_of(id, 0, 10).await.expect("the log").len(), 1);
    phone.erase().await.expect(204);
    assert_eq!(store.check_ins_of(id, 0, 10).await.expect("the log"), []);
    assert!(store.participant(id).await.expect("the participants").is_none());
    store.close().await;
}

#[tokio::test]
async fn erasing_takes_a_token_and_only_that_method() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    app.call(Method::DELETE, "/v1/me").await.refused(401, "token-missing");
    phone.call(Method::POST, "/v1/me").await.refused(405, "method-not-allowed");
    assert_eq!(phone.me().await["check_ins"], 0, "still there");
}
