//! A person with a key in a browser: the cookie of a session, and what it opens.

use crate::app::TestApp;
use reqwest::Method;
use serde_json::json;
use studyroute::store::{Role, Who};

const HERE: &str = "/v1/session";

/// The cookie that a new session sets, as a browser sends it back.
async fn begin(app: &TestApp, key: &str) -> String {
    let begun = app.post(HERE).json(&json!({"key": key})).await.expect(200);
    let set = begun.headers["set-cookie"].to_str().expect("text").to_string();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/v1"] {
        assert!(set.contains(word), "{set}");
    }
    assert!(!set.contains("Secure"), "a browser on a plain connection would drop it: {set}");
    set.split(';').next().expect("a pair").to_string()
}

#[tokio::test]
async fn a_session_reads_what_its_key_reads_and_changes_only_for_our_own_page() {
    let app = TestApp::start().await;
    let designer = app.staff(Role::Designer, None).await;
    let cookie = begin(&app, &designer.key).await;
    let whose = app.get(HERE).header("cookie", &cookie).await.expect(200).json();
    assert_eq!((&whose["role"], &whose["routes"]), (&"designer".into(), &json!([])));
    app.get("/v1/design/routes").header("cookie", &cookie).await.expect(200);
    let order = "/v1/design/routes/peoples-canal/draft";
    let put = || app.call(Method::PATCH, order).header("cookie", &cookie).header("if-match", "*").json(&json!({}));
    assert_eq!(put().await.expect(401).json()["code"], "token-missing");
    let asked = put().header("x-studyroute-page", "1").await;
    assert_ne!(asked.status, 401, "{}", asked.text());
}

#[tokio::test]
async fn exact_figures_open_to_an_operators_session_and_close_when_the_key_is_revoked() {
    let app = TestApp::start().await;
    let operator = app.operator().await;
    let cookie = begin(&app, &operator.key).await;
    let exact = |answer: serde_json::Value| answer["exact"].clone();
    assert_eq!(exact(app.get("/v1/counts").header("cookie", &cookie).await.expect(200).json()), true);
    assert_eq!(exact(app.get("/v1/counts").await.expect(200).json()), false);
    let store = app.store().await;
    let deed = studyroute::store::Deed::done(app.now(), &Who::command_line(), "key revoke", operator.id.to_string());
    store.revoke_key(operator.id, &deed).await.expect("revoked");
    store.close().await;
    app.get("/v1/counts").header("cookie", &cookie).await.expect(401);
    let ended = app.get(HERE).header("cookie", &cookie).await.expect(204);
    assert!(ended.headers["set-cookie"].to_str().expect("text").contains("Max-Age=0"));
}

#[tokio::test]
async fn only_a_valid_key_begins_a_session_and_behind_tls_its_cookie_stays_there() {
    let app = TestApp::start().await;
    app.get(HERE).await.expect(204);
    for wrong in ["", "srk_", "\r\nset-cookie: a=b", &"k".repeat(9_000)] {
        let refused = app.post(HERE).json(&json!({"key": wrong})).await.expect(401);
        assert!(!refused.headers.contains_key("set-cookie"), "{wrong}");
    }
    let key = app.operator().await.key;
    let begun = app.post(HERE).header("x-forwarded-proto", "https").json(&json!({"key": key})).await.expect(200);
    assert!(begun.headers["set-cookie"].to_str().expect("text").ends_with("; Secure"));
    let ended = app.call(Method::DELETE, HERE).await.expect(204);
    assert!(ended.headers["set-cookie"].to_str().expect("text").contains("Max-Age=0"));
}
