//! What a server keeps only for so long, by its own clock.

use crate::app::{DAY, TestApp};
use crate::client::Phone;
use serde_json::json;
use std::time::Duration;

const HALL: &str = "confucius-mencius/dacheng-hall";
const TOWER: &str = "peoples-canal/taibai-tower";
/// What has not been retired by then never will be.
const LOOKS: usize = 600;

/// Looks until a phone's token is worth nothing.
async fn locked_out(app: &TestApp, phone: &Phone) {
    let phone = Phone::new(app.door.clone(), &json!({"participant_id": phone.id, "token": phone.token}));
    for _ in 0..LOOKS {
        if phone.get("/v1/me").await.status == 401 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("its token is still worth something");
}

async fn people(app: &TestApp) -> i64 {
    let store = app.store().await;
    let audit = store.audit().await.expect("an audit");
    store.close().await;
    assert_eq!(audit.differences, Vec::<String>::new());
    i64::try_from(audit.participants).expect("few")
}

#[tokio::test]
async fn tokens_end_after_a_month_and_people_are_unlinked_after_three_and_stay_counted() {
    let app = TestApp::start().await;
    let (anna, ben, operator) = (app.participant().await, app.participant().await, app.operator().await);
    anna.check_in(HALL).kept().await;
    ben.check_in(TOWER).kept().await;
    let before = operator.counts("by=day&by=waypoint").await;
    app.pass(25 * DAY);
    ben.check_in(HALL).kept().await;
    app.pass(6 * DAY);
    let app = app.restart().await;
    locked_out(&app, &anna).await;
    let ben = Phone::new(app.door.clone(), &json!({"participant_id": ben.id, "token": ben.token}));
    assert_eq!(ben.me().await["check_ins"], 2, "who came back meanwhile goes on");
    assert_eq!(people(&app).await, 2);
    app.pass(60 * DAY);
    let app = app.restart().await;
    locked_out(&app, &ben).await;
    let mut left = people(&app).await;
    for _ in 0..LOOKS {
        if left == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        left = people(&app).await;
    }
    assert_eq!(left, 1, "Anna's check-ins are joined no more, Ben's last is 66 days old");
    let operator = app.operator().await;
    let day = |counts: &serde_json::Value| {
        counts["rows"].as_array().expect("rows").iter().find(|row| row["day"] == "2026-05-01").cloned()
    };
    let after = operator.counts("by=day&by=waypoint").await;
    assert_eq!(day(&after), day(&before), "the first day's figures are what they were");
    assert_eq!((&after["people"], &after["check_ins"]), (&json!(2), &json!(3)));
}
