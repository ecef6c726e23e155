//! Check-ins and time: how old, how far ahead, and how long a first answer is remembered. The server's clock is moved.

use crate::app::{DAY, HOUR, MINUTE, TestApp};

const HALL: &str = "confucius-mencius/dacheng-hall";

#[tokio::test]
async fn the_edges_of_too_old_and_too_far_ahead_are_kept_to_the_millisecond() {
    let app = TestApp::start().await;
    for (shift_ms, expected) in [
        (-14 * DAY - 1, "too-old"),
        (-14 * DAY, "inside"),
        (2 * MINUTE, "inside"),
        (2 * MINUTE + 1, "uncertain"),
        (48 * HOUR, "uncertain"),
        (48 * HOUR + 1, "too-far-ahead"),
    ] {
        let phone = app.participant().await;
        let answer = phone.check_in(HALL).when(app.now() + shift_ms).send().await;
        if answer.status == 201 {
            assert_eq!(answer.json()["verdict"], expected, "{shift_ms}: {answer:?}");
            continue;
        }
        let problem = answer.refused(422, expected);
        assert_eq!(problem["server_time"], "2026-05-01T02:00:00.000Z", "{problem}");
        assert_eq!(phone.me().await["check_ins"], 0);
    }
}

#[tokio::test]
async fn times_that_no_calendar_has_are_refused_and_those_it_has_are_judged() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    for text in ["9999-12-30T00:00:00Z", "2027-01-01T00:00:00+14:00"] {
        phone.check_in(HALL).with("occurred_at", text).send().await.refused(422, "too-far-ahead");
    }
    for text in ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        phone.check_in(HALL).with("occurred_at", text).send().await.refused(422, "too-old");
    }
    for text in ["2026-02-30T00:00:00Z", "2026-05-01T25:00:00Z", "2026-05-01T10:00:00+99:00", "now"] {
        phone.check_in(HALL).with("occurred_at", text).send().await.refused(400, "invalid-json");
    }
}

#[tokio::test]
async fn a_repeat_after_twenty_days_hears_the_first_answer() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let occurred_ms = app.now();
    let first = phone.check_in(HALL).id("holiday").when(occurred_ms).send().await.expect(201);
    app.pass(20 * DAY);
    phone.check_in(HALL).id("another").when(occurred_ms).send().await.refused(422, "too-old");
    let again = phone.check_in(HALL).id("holiday").when(occurred_ms).send().await.expect(200);
    assert_eq!(again.text(), first.text());
    let batch = phone.batch(&[phone.check_in(HALL).id("holiday").when(occurred_ms).body]).await.expect(200).json();
    assert_eq!(batch["results"][0]["status"], 200, "{batch}");
    assert_eq!(batch["results"][0]["check_in"], first.json());
    assert_eq!(phone.me().await["check_ins"], 1);
}

#[tokio::test]
async fn a_repeat_hears_its_first_verdict_though_the_clock_has_caught_up() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let occurred_ms = app.now() + HOUR;
    let first = phone.check_in(HALL).id("ahead").when(occurred_ms).send().await.expect(201);
    assert_eq!(first.json()["verdict"], "uncertain");
    app.pass(HOUR);
    let again = phone.check_in(HALL).id("ahead").when(occurred_ms).send().await.expect(200);
    assert_eq!(again.text(), first.text());
    let later = phone.check_in(HALL).id("in-time").when(occurred_ms).kept().await;
    assert_eq!(later["verdict"], "inside");
}
