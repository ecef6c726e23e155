//! The audit log through the front door: what was done and what was refused, who it was, and nothing that is secret.

use crate::app::{DAY, MINUTE, TestApp};
use crate::client::Operator;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection;
use studyroute::store::Role;

const KEYS: &str = "/v1/design/keys";
const AUDIT: &str = "/v1/design/audit";

async fn log(admin: &Operator, query: &str) -> Vec<Value> {
    let page = admin.get(&format!("{AUDIT}?limit=1000&{query}")).await.expect(200).json();
    page["items"].as_array().expect("items").clone()
}

async fn done_and_refused(app: TestApp) {
    let admin = app.staff(Role::Admin, None).await;
    let operator = app.operator().await;
    let wish = json!({"name": "安", "role": "designer", "routes": ["peoples-canal"]});
    let made = admin.post(KEYS).json(&wish).header("x-request-id", "req-made").await.expect(201).json();
    operator.post(KEYS).json(&wish).header("x-request-id", "req-refused").await.refused(403, "forbidden");
    admin.post(KEYS).json(&json!({"name": "", "role": "designer"})).await.refused(400, "invalid-json");
    operator.get(AUDIT).await.refused(403, "forbidden");
    let (begin, last) = admin.key.split_at(admin.key.len() - 1);
    let forged = format!("{begin}{}", if last == "0" { "1" } else { "0" });
    app.post(KEYS).bearer(&forged).json(&wish).await;
    let stale = app.staff(Role::Admin, Some(app.now())).await;
    app.call(Method::DELETE, &format!("{KEYS}/{}", admin.id)).bearer(&stale.key).await.refused(401, "token-invalid");
    let entries = log(&admin, "").await;
    let done_here = entries.iter().rev().filter(|entry| entry["action"] != "import");
    let short: Vec<String> = done_here.map(short).collect();
    assert_eq!(
        short,
        [
            "command line: key create → done",
            "command line: key create → done",
            "A test: key create → done",
            "A test: POST /v1/design/keys → forbidden",
            "A test: POST /v1/design/keys → invalid-json",
            "A test: GET /v1/design/audit → forbidden",
            "unknown key: POST /v1/design/keys → token-invalid",
            "command line: key create → done",
            "unknown key: DELETE /v1/design/keys/{id} → token-invalid",
        ]
    );
    let [revoke, _, _, _, _, refused, done, ..] = &entries[..] else { panic!("{entries:#?}") };
    assert_eq!((&done["request_id"], &done["subject"]), (&"req-made".into(), &made["id"]));
    assert_eq!((&done["key_id"], &done["role"]), (&admin.id.to_string().into(), &"admin".into()));
    assert_eq!(done["detail"], "designer 安: peoples-canal");
    assert_eq!((&refused["request_id"], &refused["role"]), (&"req-refused".into(), &"operator".into()));
    assert_eq!(revoke["key_id"], stale.id.to_string(), "the id of a key is no secret");
    assert_eq!(revoke["subject"], admin.id.to_string());
    let text = format!("{entries:?}{}", admin.get("/v1/design/audit.csv").await.expect(200).text());
    for secret in [&admin.key, &operator.key, &stale.key, &forged, &made["secret"].as_str().expect("text").to_string()]
    {
        assert!(!text.contains(&secret[36..68]) && !text.contains("srk_"), "a part of a secret is in the log");
    }
}

fn short(entry: &Value) -> String {
    let [who, action, outcome] = ["who", "action", "outcome"].map(|member| entry[member].as_str().expect("text"));
    format!("{who}: {action} → {outcome}")
}

/// A server without content, so that nothing is in the log but what a test does.
async fn start() -> TestApp {
    TestApp::start_with(|config| config.routes_data = "migrations".into()).await
}

#[tokio::test]
async fn what_was_done_and_what_was_refused_is_in_the_log() {
    done_and_refused(start().await).await;
}

#[tokio::test]
async fn what_was_done_and_what_was_refused_is_in_the_log_on_postgres() {
    if let Some(app) = TestApp::on_postgres().await {
        done_and_refused(app).await;
    }
}

#[tokio::test]
async fn the_log_names_a_request_as_its_answer_does() {
    let app = start().await;
    let admin = app.staff(Role::Admin, None).await;
    for own in [None, Some("=1+1,\"x\""), Some("own-1")] {
        let call = app.post(KEYS);
        let answer = if let Some(own) = own { call.header("x-request-id", own) } else { call }.await;
        assert_eq!(log(&admin, "").await[0]["request_id"], answer.header("x-request-id"), "{own:?}");
    }
}

#[tokio::test]
async fn reading_in_vain_and_what_is_no_business_of_designers_is_not_noted() {
    let app = start().await;
    let admin = app.staff(Role::Admin, None).await;
    admin.get(&format!("{KEYS}?limit=0")).await.expect(400);
    app.get("/v1/design/nothing").await.expect(404);
    app.get("/v1/counts").bearer("srk_x").await.expect(401);
    app.post("/v1/check-ins").json(&json!({})).await.expect(401);
    assert_eq!(log(&admin, "").await.len(), 1, "the admin's own key alone");
    app.call(Method::PUT, KEYS).await.refused(405, "method-not-allowed");
    assert_eq!(short(&log(&admin, "").await[0]), "unknown key: PUT /v1/design/keys → method-not-allowed");
}

#[tokio::test]
async fn a_flood_of_strangers_is_counted_and_does_not_fill_the_disk() {
    let app = start().await;
    let admin = app.staff(Role::Admin, None).await;
    let knock = async |times: usize| {
        for _ in 0..times {
            app.post(KEYS).bearer("srk_x").await.refused(401, "token-invalid");
        }
    };
    knock(75).await;
    app.operator().await.post(KEYS).await.refused(403, "forbidden");
    assert_eq!(log(&admin, "outcome=token-invalid").await.len(), 60);
    assert_eq!(log(&admin, "outcome=forbidden").await.len(), 1, "strangers do not drown a person with a key");
    let counted = log(&admin, "who=studyroute").await;
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert_eq!(counted[0]["detail"], "15 more attempts were refused than are noted in a minute");
    knock(5).await;
    app.pass(MINUTE);
    knock(1).await;
    let counted = log(&admin, "who=studyroute").await;
    assert_eq!(counted[0]["subject"], "5", "what was left out later is counted in the next minute");
    assert_eq!(log(&admin, "outcome=token-invalid").await.len(), 61);
}

/// Writes many deeds at once, as years would.
async fn many(app: &TestApp, count: i64) {
    let fill = "with recursive n(i) as (select 1 union all select i + 1 from n where i < $1)
        insert into audit_log (at_ms, who, action, route, subject, outcome, detail, request_id)
        select $2 + i, '=cmd|calc', 'edit', case i % 2 when 0 then 'even' else 'odd' end, i, 'done', 'a, \"b\"', '' from n";
    let mut connection = sqlx::SqliteConnection::connect(&app.config.database).await.expect("a connection");
    sqlx::query(fill).bind(count).bind(app.now()).execute(&mut connection).await.expect("filled");
}

#[tokio::test]
async fn the_log_is_paged_and_filtered() {
    let app = start().await;
    let admin = app.staff(Role::Admin, None).await;
    many(&app, 25).await;
    let (mut subjects, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("{AUDIT}?route=odd&limit=5{cursor}")).await.expect(200).json();
        subjects.extend(page["items"].as_array().expect("items").iter().map(|item| item["subject"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let odd: Vec<Value> = (1..=25).rev().filter(|i| i % 2 == 1).map(|i: i64| i.to_string().into()).collect();
    assert_eq!(subjects, odd);
    for (query, expected) in [
        ("who=command+line", 1),
        ("who=nobody", 0),
        ("outcome=done&route=even", 12),
        ("outcome=forbidden", 0),
        ("from=2026-05-01&to=2026-05-01", 26),
        ("from=2026-05-02", 0),
        ("to=2026-04-30", 0),
    ] {
        assert_eq!(log(&admin, query).await.len(), expected, "{query}");
    }
    app.set_clock(app.now() + DAY);
    for query in
        ["from=today", "from=2026-05-02&to=2026-05-01", "route=No+Slug", "limit=0", "cursor=x", "rout=x", "to=1"]
    {
        let answer = admin.get(&format!("{AUDIT}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
}

#[tokio::test]
async fn the_csv_holds_the_whole_log_and_no_cell_runs() {
    let app = start().await;
    let admin = app.staff(Role::Admin, None).await;
    many(&app, 2_500).await;
    let answer = admin.get("/v1/design/audit.csv?from=2026-05-01").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let text = answer.text();
    let mut lines = text.split_terminator("\r\n");
    let head = "\u{feff}entry,at,who,key_id,role,action,route,subject,revision,draft_version,outcome,detail,request_id";
    assert_eq!(lines.next(), Some(head));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 2_501);
    assert_eq!(lines[0], "2501,2026-05-01T02:00:02.500Z,'=cmd|calc,,,edit,even,2500,,,done,\"a, \"\"b\"\"\",");
    let entries: Vec<i64> = lines.iter().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(entries, (1..=2_501).rev().collect::<Vec<i64>>(), "each once, newest first");
    let even = admin.get("/v1/design/audit.csv?route=even").await.expect(200).text();
    assert_eq!(even.split_terminator("\r\n").count(), 1_251);
    admin.get("/v1/design/audit.csv?limit=5").await.refused(400, "unknown-parameter");
}
