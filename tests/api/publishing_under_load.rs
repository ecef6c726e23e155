//! Publications while visitors ask and while designers meet: every answer is of one revision whole, and no edit is lost.

use crate::app::TestApp;
use crate::client::Door;
use crate::desk::{Desk, PATCH};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const CANAL: &str = "peoples-canal";
const PUBLICATIONS: usize = 50;
const VISITORS: usize = 64;

/// The numbers that stand in the titles of one answer's waypoints of the canal.
fn numbers(items: &Value, waypoint: impl Fn(&Value) -> &Value) -> BTreeSet<String> {
    let titles = items.as_array().expect("items").iter().map(|item| &waypoint(item)["title"]);
    titles.filter_map(|title| title.as_str()?.strip_prefix("Number ").map(String::from)).collect()
}

/// One visitor, who asks until all is published. Says how many generations they saw.
async fn visit(door: Door, done: Arc<AtomicBool>, asked: Arc<AtomicUsize>) -> usize {
    let (mut newest, mut seen) = (0, BTreeSet::new());
    while !done.load(Ordering::Relaxed) {
        let near = door
            .call(Method::GET, "/v1/nearby?lat=35.4&lon=116.6&radius_m=100000&limit=100&route=peoples-canal&lang=en");
        let near = near.await.expect(200).json();
        let generation = near["generation"].as_i64().expect("a number");
        assert!(generation >= newest, "a visitor went back from {newest} to {generation}");
        newest = generation;
        seen.insert(generation);
        let of_near = numbers(&near["items"], |item| &item["waypoint"]);
        assert!(of_near.len() <= 1, "one answer of two revisions: {of_near:?}");
        let page =
            door.call(Method::GET, "/v1/routes/peoples-canal/waypoints?lang=en&limit=100").await.expect(200).json();
        assert!(numbers(&page["items"], |item| item).len() <= 1, "one page of two revisions");
        let route = door.call(Method::GET, "/v1/routes/peoples-canal?lang=en").await.expect(200).json();
        let (title, revision) =
            (route["title"].as_str().expect("a title"), route["revision"].as_u64().expect("a number"));
        assert!(revision == 1 || title == format!("Number {revision}"), "revision {revision} is called {title}");
        asked.fetch_add(1, Ordering::Relaxed);
    }
    seen.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_of_one_revision_whole_while_fifty_are_published() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    let (done, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let visitors: Vec<_> =
        (0..VISITORS).map(|_| tokio::spawn(visit(app.door.clone(), Arc::clone(&done), Arc::clone(&asked)))).collect();
    let stops = ["daicun-dam", "nansi-lake"];
    for revision in 2..2 + PUBLICATIONS {
        let title = json!({"title": {"en": format!("Number {revision}")}});
        for stop in stops {
            desk.edit(PATCH, &format!("/draft/waypoints/{stop}"), &title).await;
        }
        desk.edit(PATCH, "/draft", &title).await;
        let released = desk.publish(&[]).await.expect(200).json();
        assert_eq!(released["revision"], revision);
        let route = app.get("/v1/routes/peoples-canal?lang=en").await.expect(200).json();
        assert_eq!(route["title"], format!("Number {revision}"), "it is served when the call returns");
        // Visitors are asked to go on meanwhile, however slow the machine is.
        let before = asked.load(Ordering::Relaxed);
        while asked.load(Ordering::Relaxed) == before && !visitors.iter().any(tokio::task::JoinHandle::is_finished) {
            tokio::task::yield_now().await;
        }
    }
    done.store(true, Ordering::Relaxed);
    let mut seen = 0;
    for visitor in visitors {
        seen += visitor.await.expect("no visitor met anything wrong");
    }
    assert!(seen > VISITORS, "nobody saw anything change");
}

/// Counts up a number in a title, so that a lost edit would be a missing one.
async fn count_up(desk: Desk, stop: &'static str, times: usize) -> usize {
    let (path, mut refused) = (format!("/draft/waypoints/{stop}"), 0);
    for _ in 0..times {
        loop {
            let read = desk.get(&path).await.expect(200);
            let number: usize = read.json()["period"]["en"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
            let body = json!({"period": {"en": (number + 1).to_string()}});
            let answer = desk.change(PATCH, &path, &read.header("etag"), &body).await;
            if answer.status == 200 {
                break;
            }
            let problem = answer.refused(412, "precondition-failed");
            assert!(problem["changes"].as_array().is_some_and(|changes| !changes.is_empty()), "{problem}");
            refused += 1;
        }
    }
    refused
}

async fn two_designers_meet(app: TestApp) {
    const EACH: usize = 20;
    let (one, two) = (Desk::of(&app, CANAL).await, Desk::of(&app, CANAL).await);
    let other = tokio::spawn(count_up(two, "daicun-dam", EACH));
    let refused = count_up(one, "daicun-dam", EACH).await + other.await.expect("no panic");
    let desk = Desk::of(&app, CANAL).await;
    let draft = desk.draft().await;
    assert_eq!(draft["draft"]["version"], 2 * EACH, "as many versions as edits that were taken; {refused} were not");
    let dam = draft["waypoints"].as_array().expect("waypoints").iter().find(|one| one["id"] == "daicun-dam");
    assert_eq!(dam.expect("the dam")["period"]["en"], (2 * EACH).to_string(), "nothing was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_designers_at_once_lose_no_edit() {
    two_designers_meet(TestApp::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_designers_at_once_lose_no_edit_on_postgres() {
    if let Some(app) = TestApp::on_postgres().await {
        two_designers_meet(app).await;
    }
}
