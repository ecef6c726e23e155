//! What the service refuses as a whole: wrong addresses, methods, media types, sizes; too many participants; other origins.

use crate::app::TestApp;
use crate::client::Answer;
use reqwest::Method;
use serde_json::json;
use std::num::NonZeroU32;
use studyroute::config::Config;

#[tokio::test]
async fn an_unknown_address_is_not_found_in_any_method() {
    let app = TestApp::start().await;
    for path in
        ["/v2/routes", "/v1", "/v1/", "/v1/nearby/", "/favicon.ico", "/v1/check-ins/batch/x", "//v1/routes", "/%00"]
    {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            app.call(method, path).await.refused(404, "not-found");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/v1/nearby", "GET,HEAD,POST"),
        (Method::GET, "/v1/check-ins", "POST"),
        (Method::PUT, "/v1/check-ins/batch", "POST"),
        (Method::POST, "/v1/routes/peoples-canal", "GET,HEAD"),
        (Method::PATCH, "/v1/me", "DELETE,GET,HEAD"),
        (Method::GET, "/v1/participants", "POST"),
        (Method::POST, "/healthz", "GET,HEAD"),
        (Method::from_bytes(b"BREW").expect("a method"), "/v1/counts", "GET,HEAD"),
    ] {
        let answer = app.call(method.clone(), path).await;
        let mut allow: Vec<String> = answer.header("allow").split(',').map(|m| m.trim().to_string()).collect();
        allow.sort();
        assert_eq!(allow.join(","), allowed, "{method} {path}: {answer:?}");
        answer.refused(405, "method-not-allowed");
    }
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    for path in ["/v1/participants", "/v1/nearby", "/v1/check-ins", "/v1/check-ins/batch"] {
        let send = |media_type: &str| phone.call(Method::POST, path).body(media_type, "{}");
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", ""] {
            send(media_type).await.refused(415, "unsupported-media-type");
        }
        phone.call(Method::POST, path).await.refused(415, "unsupported-media-type");
        for coding in ["gzip", "br", "deflate, gzip"] {
            let problem = send("application/json").header("content-encoding", coding).await;
            problem.refused(415, "unsupported-media-type");
        }
        let plain = send("Application/JSON;charset=UTF-8").header("content-encoding", "identity").await;
        assert_ne!(plain.status, 415, "{plain:?}");
    }
}

#[tokio::test]
async fn an_address_of_4_kib_is_read_and_a_longer_one_is_not() {
    let app = TestApp::start().await;
    let path = |length: usize| format!("/v1/nearby?x={}", "y".repeat(length - "/v1/nearby?x=".len() + 1));
    app.get(&path(4_096)).await.refused(400, "invalid-parameter");
    app.get(&path(4_097)).await.refused(414, "uri-too-long");
    app.get(&format!("/{}", "z".repeat(6_000))).await.refused(414, "uri-too-long");
}

fn gate(burst: u32, trusted: &[&str]) -> impl FnOnce(&mut Config) {
    let trusted_proxies = trusted.iter().map(|net| net.parse().expect("a network")).collect();
    move |config| {
        config.participants_burst = NonZeroU32::new(burst).expect("not zero");
        config.trusted_proxies = trusted_proxies;
    }
}

async fn knock(app: &TestApp, forwarded: &[&str]) -> Answer {
    let mut call = app.post("/v1/participants").json(&json!({}));
    for value in forwarded {
        call = call.header("x-forwarded-for", value);
    }
    call.await
}

#[tokio::test]
async fn a_class_of_sixty_comes_in_at_once_and_a_robot_after_it_waits() {
    let app = TestApp::start_with(gate(60, &[])).await;
    let calls = (0..60).map(|_| app.post("/v1/participants").json(&json!({})).into_future());
    let answers = futures_util::future::join_all(calls).await;
    let mut ids: Vec<String> = answers.iter().map(|answer| answer.json()["participant_id"].to_string()).collect();
    assert!(answers.iter().all(|answer| answer.status == 201), "{:?}", answers.iter().find(|a| a.status != 201));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    let robot = knock(&app, &[]).await;
    let wait_s: u64 = robot.header("retry-after").parse().unwrap_or_else(|_| panic!("no Retry-After: {robot:?}"));
    assert!((1..=70).contains(&wait_s), "a minute at most, and some jitter: {robot:?}");
    robot.refused(429, "too-many-participants");
    app.get("/v1/routes").await.expect(200);
}

#[tokio::test]
async fn a_forged_forwarding_header_makes_nobody_else_of_a_robot() {
    let app = TestApp::start_with(gate(3, &["10.0.0.0/8"])).await;
    for i in 0..3 {
        knock(&app, &[&format!("192.0.2.{i}")]).await.expect(201);
    }
    for forwarded in ["198.51.100.7", "10.1.2.3", "2001:db8::1", "garbage", ""] {
        knock(&app, &[forwarded]).await.refused(429, "too-many-participants");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_every_client_has_its_own_limit() {
    let app = TestApp::start_with(gate(2, &["127.0.0.0/8", "10.0.0.0/8"])).await;
    for client in ["192.0.2.1", "192.0.2.2", "2001:db8:0:1::1"] {
        for _ in 0..2 {
            knock(&app, &[client]).await.expect(201);
        }
        knock(&app, &[client]).await.refused(429, "too-many-participants");
    }
    // What stands left of the last untrusted address was written by the client itself.
    knock(&app, &["203.0.113.9, 192.0.2.1"]).await.refused(429, "too-many-participants");
    knock(&app, &["203.0.113.9", "192.0.2.1, 10.0.0.7"]).await.refused(429, "too-many-participants");
    knock(&app, &["2001:db8:0:1:ffff::2"]).await.refused(429, "too-many-participants");
    knock(&app, &["192.0.2.1, 203.0.113.9"]).await.expect(201);
}

#[tokio::test]
async fn a_participant_needs_nothing_and_gets_nothing_for_an_unknown_group() {
    let app = TestApp::start().await;
    let created = app.post("/v1/participants").json(&json!({})).await.expect(201);
    assert_eq!(created.header("cache-control"), "no-store", "{created:?}");
    let members: Vec<String> = created.json().as_object().expect("an object").keys().cloned().collect();
    assert_eq!(members, ["participant_id", "token"]);
    app.post("/v1/participants").json(&json!({"group_code": "7B", "seat": 3})).await.refused(422, "unknown-group");
    for body in [json!({"name": "Anna"}), json!({"seat": -1}), json!([]), json!(null)] {
        app.post("/v1/participants").json(&body).await.refused(400, "invalid-json");
    }
}

#[tokio::test]
async fn other_origins_may_ask_and_read_refusals_too() {
    let app = TestApp::start().await;
    for (path, method) in [
        ("/v1/check-ins", "POST"),
        ("/v1/me", "DELETE"),
        ("/v1/routes", "GET"),
        ("/nowhere", "GET"),
        ("/v1/design/keys", "PUT"),
        ("/v1/design/keys", "PATCH"),
    ] {
        let call = app.call(Method::OPTIONS, path).header("origin", "https://example.org");
        let call = call.header("access-control-request-method", method);
        let preflight = call.header("access-control-request-headers", "authorization,content-type").await;
        assert_eq!(preflight.status, 200, "{preflight:?}");
        assert_eq!(preflight.header("access-control-allow-origin"), "*", "{preflight:?}");
        assert!(preflight.header("access-control-allow-methods").contains(method), "{preflight:?}");
        let headers = preflight.header("access-control-allow-headers").to_ascii_lowercase();
        for name in ["authorization", "content-type", "if-none-match", "if-match", "prefer", "accept-language"] {
            assert!(headers.contains(name), "{name}: {preflight:?}");
        }
    }
    let refused = app.get("/v1/me").header("origin", "https://example.org").await;
    let exposed = refused.header("access-control-expose-headers");
    assert!(["etag", "retry-after", "x-request-id"].iter().all(|name| exposed.contains(name)), "{refused:?}");
    refused.refused(401, "token-missing");
}

#[tokio::test]
async fn every_answer_names_its_request_and_keeps_a_clients_own_name() {
    let app = TestApp::start().await;
    for path in ["/v1/routes", "/healthz", "/nowhere", "/v1/me"] {
        let own = app.get(path).header("x-request-id", "phone-7_a").await;
        assert_eq!(own.header("x-request-id"), "phone-7_a", "{own:?}");
        assert_eq!(own.header("x-content-type-options"), "nosniff", "{own:?}");
        for bad in ["", "two words", "<script>", &"x".repeat(65)] {
            let given = app.get(path).header("x-request-id", bad).await.header("x-request-id");
            assert!(given.len() == 16 && given.bytes().all(|b| b.is_ascii_hexdigit()), "{bad}: {given}");
        }
    }
}

#[tokio::test]
async fn a_head_too_large_is_refused() {
    let app = TestApp::start().await;
    let with_head_of = |bytes: usize| app.get("/v1/routes").header("x-large", &"x".repeat(bytes));
    with_head_of(15_000).await.expect(200);
    with_head_of(17_000).await.refused(431, "head-too-large");
    // The door itself hangs up on more, without words.
    with_head_of(60_000).await.expect(431);
    app.get("/v1/routes").await.expect(200);
}
