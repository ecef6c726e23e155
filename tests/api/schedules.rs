//! Publications set for a time: the draft stands still, comes at its time by the server's clock, and says why when it cannot.

use crate::app::{HOUR, TestApp};
use crate::client::{Call, Operator};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use studyroute::domain::time;

/// The clock is looked at every second; a busy machine gets some more before the test gives up.
const WITHIN: Duration = Duration::from_secs(10);
const ROUTE: &str = "/v1/routes/peoples-canal";
const DRAFT: &str = "/v1/design/routes/peoples-canal/draft";
const SCHEDULE: &str = "/v1/design/routes/peoples-canal/schedule";

fn rename(designer: &Operator, title: &str) -> Call {
    let patch = json!({"title": {"en": title}});
    designer.call(Method::PATCH, DRAFT).header("if-match", "*").json(&patch)
}

fn schedule(designer: &Operator, at_ms: i64) -> Call {
    let body = json!({"at": time::rfc3339(at_ms), "note": "for the holiday"});
    designer.call(Method::PUT, SCHEDULE).json(&body)
}

/// Asks until the answer is as wanted.
async fn until(ask: impl Fn() -> Call, wanted: impl Fn(&Value) -> bool) -> Value {
    let asked = Instant::now();
    loop {
        let answer = ask().await.expect(200).json();
        if wanted(&answer) {
            return answer;
        }
        assert!(asked.elapsed() < WITHIN, "still {answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Longer than the server takes to look at its clock.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(2_500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_draft_is_served_at_its_time_and_not_before() {
    let app = TestApp::start().await;
    let designer = app.designer_of(&["peoples-canal"]).await;
    rename(&designer, "The Holiday Canal").await.expect(200);
    let set = schedule(&designer, app.now() + HOUR).await.expect(200).json();
    assert_eq!((&set["note"], &set["by"], set.get("failure")), (&json!("for the holiday"), &json!("A test"), None));
    app.pass(HOUR - 1);
    a_while().await;
    assert_eq!(app.get(ROUTE).await.expect(200).json()["revision"], 1, "a millisecond early");
    app.pass(1);
    let english = || app.get(&format!("{ROUTE}?lang=en"));
    let served = until(english, |route| route["revision"] == 2).await;
    assert_eq!(served["title"], "The Holiday Canal");
    let draft = designer.get(DRAFT).await.expect(200).json();
    assert!(draft["schedule"].is_null() && draft["draft"].is_null(), "{draft}");
    let history = designer.get("/v1/design/routes/peoples-canal/revisions").await.expect(200).json();
    let newest = &history["items"][0];
    assert_eq!((&newest["kind"], &newest["note"]), (&json!("publish"), &json!("for the holiday")));
    assert_eq!((&newest["author"], &newest["published_at"]), (&json!("A test"), &json!(time::rfc3339(app.now()))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_came_while_the_server_was_away_is_kept_when_it_is_back() {
    let app = TestApp::start().await;
    let designer = app.designer_of(&["peoples-canal"]).await;
    rename(&designer, "The Holiday Canal").await.expect(200);
    schedule(&designer, app.now() + HOUR).await.expect(200);
    app.set_clock(app.now() + HOUR - 1);
    let app = app.restart().await;
    a_while().await;
    assert_eq!(app.get(ROUTE).await.expect(200).json()["revision"], 1);
    app.pass(24 * HOUR);
    let app = app.restart().await;
    until(|| app.get(ROUTE), |route| route["revision"] == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_draft_stands_still_until_its_time_is_taken_back() {
    let app = TestApp::start().await;
    let designer = app.designer_of(&["peoples-canal"]).await;
    rename(&designer, "The Holiday Canal").await.expect(200);
    let at_ms = app.now() + HOUR;
    schedule(&designer, at_ms).await.expect(200);
    let refused = rename(&designer, "Another").await.refused(409, "draft-scheduled");
    assert_eq!(refused["at"], time::rfc3339(at_ms));
    designer.call(Method::DELETE, SCHEDULE).await.expect(204);
    rename(&designer, "Another").await.expect(200);
    app.pass(2 * HOUR);
    a_while().await;
    assert_eq!(app.get(ROUTE).await.expect(200).json()["revision"], 1, "its time was taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_draft_did_not_come_at_its_time_is_kept_and_shown_and_the_draft_may_be_changed() {
    let app = TestApp::start().await;
    let designer = app.designer_of(&["peoples-canal"]).await;
    rename(&designer, "The Holiday Canal").await.expect(200);
    schedule(&designer, app.now() + HOUR).await.expect(200);
    let file = std::fs::read_to_string("routes-data/peoples-canal/route.geojson").expect("readable");
    let other = app.folder().path().join("other.geojson");
    std::fs::write(&other, file.replacen("戴村坝", "戴村坝（新）", 1)).expect("writable");
    let mut import = Command::new(env!("CARGO_BIN_EXE_studyroute"));
    import.arg("import").arg(&other).args(["--database", &app.config.database]);
    assert!(import.output().expect("the program starts").status.success());
    app.pass(HOUR);
    let failed = until(|| designer.get(DRAFT), |draft| draft["schedule"]["failure"].is_string()).await;
    let why = failed["schedule"]["failure"].as_str().unwrap_or_default();
    assert!(why.contains("published-meanwhile"), "{why}");
    a_while().await;
    let log = app.store().await.deeds(&studyroute::store::DeedFilter::default(), 100).await.expect("the log");
    let failures: Vec<_> = log.iter().filter(|one| one.deed.action == "publish as scheduled").collect();
    assert_eq!(failures.len(), 1, "it is said once: {failures:?}");
    assert_eq!(failures[0].deed.detail, why);
    rename(&designer, "Another").await.expect(200);
    assert_eq!(until(|| app.get(ROUTE), |route| route["revision"] == 2).await["revision"], 2, "only the file's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_draft_that_changes_nothing_goes_without_a_revision() {
    let app = TestApp::start().await;
    let designer = app.designer_of(&["peoples-canal"]).await;
    let before = app.get(&format!("{ROUTE}?lang=en")).await.expect(200).json();
    rename(&designer, "Another").await.expect(200);
    rename(&designer, before["title"].as_str().expect("a title")).await.expect(200);
    schedule(&designer, app.now() + HOUR).await.expect(200);
    app.pass(HOUR);
    let shown = until(|| designer.get(DRAFT), |route| route["draft"].is_null()).await;
    assert!(shown["schedule"].is_null(), "{shown:#}");
    assert_eq!(app.get(ROUTE).await.expect(200).json()["revision"], 1);
}
