//! Who may do what: keys are made, followed and taken back, and open what they are for and nothing else.

use crate::app::{DAY, HOUR, MINUTE, TestApp};
use crate::client::{Answer, Operator};
use crate::openapi::{check_answer, document, operations};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use studyroute::store::Role;

const KEYS: &str = "/v1/design/keys";

fn holder(app: &TestApp, made: &Value) -> Operator {
    let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("no {name}: {made}"));
    Operator { id: text("id").parse().expect("an id"), key: text("secret").into(), door: app.door.clone() }
}

async fn make(app: &TestApp, admin: &Operator, wish: Value) -> Operator {
    holder(app, &admin.post(KEYS).json(&wish).await.expect(201).json())
}

/// Whether the key of an admin opens the list of keys.
async fn opens(holder: &Operator) -> bool {
    holder.get(KEYS).await.status == 200
}

async fn a_life_of_a_key(app: TestApp) {
    let admin = app.staff(Role::Admin, None).await;
    app.pass(1);
    let wish = json!({"name": " 安 ", "role": "admin", "expires_days": 10});
    let made = admin.post(KEYS).json(&wish).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store", "{made:?}");
    let made = made.json();
    assert_eq!((&made["name"], &made["role"], &made["state"]), (&"安".into(), &"admin".into(), &"valid".into()));
    assert_eq!(made["routes"], json!([]));
    let first = holder(&app, &made);
    assert!(opens(&first).await, "it may do what an admin may");
    let rotate = format!("{KEYS}/{}/rotate", first.id);
    app.pass(1);
    let second = holder(&app, &first.post(&rotate).json(&json!({"grace_s": 60})).await.expect(201).json());
    assert!(opens(&first).await && opens(&second).await, "both, for the grace");
    let again = admin.post(&rotate).json(&json!({})).await.refused(409, "key-not-valid");
    assert_eq!(again["followed_by"], second.id.to_string());
    app.pass(MINUTE);
    assert!(!opens(&first).await && opens(&second).await, "the grace is over");
    admin.post(&rotate).json(&json!({})).await.refused(409, "key-not-valid");
    let third = second.post(&format!("{KEYS}/{}/rotate", second.id)).json(&json!({})).await.expect(201).json();
    let third = holder(&app, &third);
    assert!(!opens(&second).await && opens(&third).await, "at once");
    let address = format!("{KEYS}/{}", third.id);
    for _ in 0..2 {
        admin.call(Method::DELETE, &address).await.expect(204);
    }
    assert!(!opens(&third).await);
    let list = admin.get(KEYS).await.expect(200);
    let states: Vec<String> = list.json()["items"].as_array().expect("items").iter().map(state_of).collect();
    assert_eq!(states, ["admin A test valid", "admin 安 expired", "admin 安 revoked", "admin 安 revoked"]);
    for secret in [&first.key, &second.key, &third.key, &admin.key] {
        assert!(!list.text().contains(secret.as_str()), "a secret is shown once");
    }
    assert!(!list.text().contains("hash"));
}

fn state_of(key: &Value) -> String {
    ["role", "name", "state"].map(|member| key[member].as_str().expect("text")).join(" ")
}

#[tokio::test]
async fn a_key_is_made_followed_and_taken_back() {
    a_life_of_a_key(TestApp::start().await).await;
}

#[tokio::test]
async fn a_key_is_made_followed_and_taken_back_on_postgres() {
    if let Some(app) = TestApp::on_postgres().await {
        a_life_of_a_key(app).await;
    }
}

#[tokio::test]
async fn a_wish_that_cannot_be_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let admin = app.staff(Role::Admin, None).await;
    let many: Vec<String> = (0..101).map(|number| format!("r{number}")).collect();
    for (wish, pointer) in [
        (json!({"role": "admin"}), ""),
        (json!({"name": "", "role": "admin"}), "/name"),
        (json!({"name": " \u{3000} ", "role": "admin"}), "/name"),
        (json!({"name": "a\nb", "role": "admin"}), "/name"),
        (json!({"name": "é".repeat(101), "role": "admin"}), "/name"),
        (json!({"name": "x", "role": "king"}), "/role"),
        (json!({"name": "x", "role": "Admin"}), "/role"),
        (json!({"name": "x", "role": "admin", "routes": ["a"]}), "/routes"),
        (json!({"name": "x", "role": "operator", "routes": ["a"]}), "/routes"),
        (json!({"name": "x", "role": "designer", "routes": ["a,b"]}), "/routes"),
        (json!({"name": "x", "role": "designer", "routes": ["a", ""]}), "/routes"),
        (json!({"name": "x", "role": "designer", "routes": many}), "/routes"),
        (json!({"name": "x", "role": "designer", "expires_days": 0}), "/expires_days"),
        (json!({"name": "x", "role": "designer", "expires_days": 3651}), "/expires_days"),
        (json!({"name": "x", "role": "designer", "expires_days": -1}), "/expires_days"),
        (json!({"name": "x", "role": "designer", "secret": "mine"}), "/secret"),
    ] {
        let problem = admin.post(KEYS).json(&wish).await.refused(400, "invalid-json");
        assert_eq!(problem["pointer"], pointer, "{wish}: {problem}");
    }
    let rotate = format!("{KEYS}/{}/rotate", admin.id);
    let problem = admin.post(&rotate).json(&json!({"grace_s": 604_801})).await.refused(400, "invalid-json");
    assert_eq!(problem["pointer"], "/grace_s");
    for id in ["00000000-0000-4000-8000-000000000000", "x", "%00", "'--"] {
        admin.post(&format!("{KEYS}/{id}/rotate")).json(&json!({})).await.refused(404, "unknown-key");
        admin.call(Method::DELETE, &format!("{KEYS}/{id}")).await.refused(404, "unknown-key");
    }
    assert_eq!(admin.get(KEYS).await.expect(200).json()["items"].as_array().map(Vec::len), Some(1));
    let longest = json!({"name": "é".repeat(100), "role": "designer", "routes": ["b", "a", "b"], "expires_days": 3650});
    let made = admin.post(KEYS).json(&longest).await.expect(201).json();
    assert_eq!(made["routes"], json!(["a", "b"]));
}

#[tokio::test]
async fn keys_are_listed_in_pages() {
    let app = TestApp::start().await;
    let admin = app.staff(Role::Admin, None).await;
    for number in 0..4 {
        app.pass(1);
        make(&app, &admin, json!({"name": format!("n{number}"), "role": "operator"})).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("{KEYS}?limit=2{cursor}")).await.expect(200).json();
        seen.extend(page["items"].as_array().expect("items").iter().map(|key| key["name"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["\"A test\"", "\"n0\"", "\"n1\"", "\"n2\"", "\"n3\""]);
}

/// Until the answer is 401; how long that took.
async fn time_until_refused(holder: &Operator, path: &str) -> Duration {
    let started = Instant::now();
    while holder.get(path).await.status != 401 {
        assert!(started.elapsed() < Duration::from_secs(10), "still let in");
    }
    started.elapsed()
}

#[tokio::test]
async fn a_key_that_was_taken_back_opens_nothing_here_at_once_and_soon_nothing_elsewhere() {
    let here = TestApp::start().await;
    let database = here.config.database.clone();
    let elsewhere = TestApp::start_with(|config| config.database = database).await;
    let admin = here.staff(Role::Admin, None).await;
    for path in [KEYS, "/v1/counts"] {
        let leaver = make(&here, &admin, json!({"name": "x", "role": "admin"})).await;
        let there = Operator { id: leaver.id, key: leaver.key.clone(), door: elsewhere.door.clone() };
        for holder in [&leaver, &there] {
            holder.get(path).await.expect(200);
        }
        admin.call(Method::DELETE, &format!("{KEYS}/{}", leaver.id)).await.expect(204);
        assert!(time_until_refused(&leaver, path).await < Duration::from_secs(1));
        assert!(time_until_refused(&there, path).await < Duration::from_secs(5));
    }
    let guest = make(&here, &admin, json!({"name": "x", "role": "admin", "expires_days": 1})).await;
    let there = Operator { id: guest.id, key: guest.key.clone(), door: elsewhere.door.clone() };
    for app in [&here, &elsewhere] {
        app.pass(DAY - 1);
    }
    assert!(opens(&guest).await && opens(&there).await);
    for app in [&here, &elsewhere] {
        app.pass(1);
    }
    assert!(!opens(&guest).await && !opens(&there).await);
}

#[tokio::test]
async fn an_admin_may_take_back_their_own_key_even_if_it_is_the_last() {
    let app = TestApp::start().await;
    let admin = app.staff(Role::Admin, None).await;
    admin.call(Method::DELETE, &format!("{KEYS}/{}", admin.id)).await.expect(204);
    admin.get(KEYS).await.refused(401, "token-invalid");
    assert!(opens(&app.staff(Role::Admin, None).await).await, "the command line always makes another");
}

/// An operation's address with everything filled in.
fn address(template: &str, route: &str) -> String {
    let part = |part: &str| match part {
        "{route}" => route.to_string(),
        "{waypoint}" => "dacheng-hall".into(),
        part if part.starts_with('{') => "1".into(),
        part => part.into(),
    };
    template.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What a key opens is asked of every operation of the document, so that one that is added is asked too.
#[tokio::test]
async fn every_call_of_designers_and_admins_is_closed_to_everybody_else() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let (phone, operator) = (app.participant().await, app.operator().await);
    let (expired, revoked) = (app.staff(Role::Admin, Some(app.now() + HOUR)).await, app.staff(Role::Admin, None).await);
    let (stranger, admin) = (app.designer_of(&["another-route"]).await, app.staff(Role::Admin, None).await);
    app.pass(HOUR);
    admin.call(Method::DELETE, &format!("{KEYS}/{}", revoked.id)).await.expect(204);
    let forged = format!("srk_{}", &phone.token[4..]);
    let mut asked = 0;
    for (method, template, operation) in operations(&document) {
        // Answers to HEAD have no words to look at; tests of uploads ask it.
        if !template.starts_with("/v1/design/") || method == Method::HEAD {
            continue;
        }
        let roles = operation["security"][0]["key"].as_array().unwrap_or_else(|| panic!("{template} needs no key"));
        let for_admins = *roles == ["admin"];
        assert!(for_admins || *roles == ["designer"], "{method} {template} names one role: {roles:?}");
        let mut problems = Vec::new();
        for route in ["confucius-mencius", "no-such-route"] {
            let path = address(&template, route);
            app.call(method.clone(), &path).await.refused(401, "token-missing");
            for token in [&phone.token, &forged, &expired.key, &revoked.key] {
                app.call(method.clone(), &path).bearer(token).await.refused(401, "token-invalid");
            }
            operator.call(method.clone(), &path).await.refused(403, "forbidden");
            let answer = stranger.call(method.clone(), &path).await;
            if for_admins || template.contains("{route}") {
                problems.push(answer.refused(403, "forbidden"));
            } else {
                assert!(answer.status != 401 && answer.status < 500, "{answer:?}");
            }
            let lets_in = |answer: &Answer| !matches!(answer.status, 401 | 403);
            let is_harmless = method == Method::GET;
            assert!(!is_harmless || lets_in(&admin.call(method.clone(), &path).await), "{path}: an admin is let in");
        }
        assert!(problems.windows(2).all(|two| two[0] == two[1]), "nobody learns which routes there are: {problems:#?}");
        asked += 1;
    }
    assert!(asked >= 6, "{asked} operations");
}

#[tokio::test]
async fn what_admins_are_answered_is_what_the_document_says() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let admin = app.staff(Role::Admin, None).await;
    let wish = document["components"]["schemas"]["KeyRequest"]["example"].clone();
    let made = admin.post(KEYS).json(&wish).await.expect(201);
    check_answer(&document, "post", KEYS, &made);
    let example = document["components"]["schemas"]["RotateRequest"]["example"].clone();
    let id = made.json()["id"].as_str().expect("an id").to_string();
    let rotate = |id: &str| admin.post(&format!("{KEYS}/{id}/rotate"));
    let by_id = format!("{KEYS}/{{id}}");
    let rotated = rotate(&id).json(&example).await.expect(201);
    check_answer(&document, "post", &format!("{by_id}/rotate"), &rotated);
    admin.call(Method::DELETE, &format!("{KEYS}/{id}")).await.expect(204);
    for (path, method, answer) in [
        (format!("{by_id}/rotate"), "post", rotate(&id).json(&json!({})).await.expect(409)),
        (format!("{by_id}/rotate"), "post", rotate("x").json(&json!({})).await.expect(404)),
        (by_id.clone(), "delete", admin.call(Method::DELETE, &format!("{KEYS}/x")).await.expect(404)),
        (KEYS.into(), "post", admin.post(KEYS).json(&json!({})).await.expect(400)),
        (KEYS.into(), "get", app.get(KEYS).await.expect(401)),
        (KEYS.into(), "get", app.operator().await.get(KEYS).await.expect(403)),
        (KEYS.into(), "get", admin.get(KEYS).await.expect(200)),
        ("/v1/design/audit".into(), "get", admin.get("/v1/design/audit?limit=2").await.expect(200)),
        ("/v1/design/audit".into(), "get", admin.get("/v1/design/audit?from=x").await.expect(400)),
    ] {
        check_answer(&document, method, &path, &answer);
    }
}
