//! Traces: told to a collector that the settings name, with nothing in them that logs may not know, and to nobody else.

mod collector;
#[path = "../support/started.rs"]
mod started;

use collector::{Collector, Told};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use started::started;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

const PROGRAM: &str = env!("CARGO_BIN_EXE_studyroute");
/// From the example of the W3C's Trace Context.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// The program on a free port.
struct Server {
    child: Child,
    base: String,
    database: String,
    log: Arc<Mutex<String>>,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("studyroute.db").display());
        let mut serve = Command::new(PROGRAM);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--database", &database]);
        serve.args(flags).envs(environment.iter().copied());
        let log = Arc::new(Mutex::new(String::new()));
        let copy = Arc::clone(&log);
        let told = move |line: String| copy.lock().expect("a log").push_str(&(line + "\n"));
        let (child, address) = started(&mut serve, "ready", told);
        let base = format!("http://{address}");
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { child, base, database, log, client, _folder: folder }
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.get(format!("{}{path}", self.base));
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().expect("an answer")
    }

    fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Response {
        let request = self.client.post(format!("{}{path}", self.base)).json(body);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().expect("an answer")
    }

    /// A participant that has checked in; gives the token.
    fn checked_in(&self) -> String {
        let made: Value = self.post("/v1/participants", None, &json!({})).json().expect("JSON");
        let token = made["token"].as_str().expect("a token").to_string();
        let body = json!({"id": "secret-id-of-a-child", "waypoint": "confucius-mencius/dacheng-hall",
            "occurred_at": "2026-11-23T10:15:00+08:00", "position": {"lat": 35.597_612_3, "lon": 116.984_212_3, "accuracy_m": 12}});
        let answer = self.post("/v1/check-ins", Some(&token), &body);
        // Whenever this runs: too old is an answer too.
        assert!(matches!(answer.status().as_u16(), 201 | 422), "{answer:?}");
        token
    }

    fn key(&self, role: &str) -> String {
        let args = ["key", "create", "--role", role, "--name", "traces", "--database", &self.database];
        let output = Command::new(PROGRAM).args(args).output().expect("the program starts");
        String::from_utf8(output.stdout).expect("text").trim().to_string()
    }

    /// Stops it in order; gives what it logged.
    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        let status = self.child.wait().expect("an end");
        let log = self.log.lock().expect("a log").clone();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn now() -> String {
    let output = Command::new("date").args(["-u", "+%FT%TZ"]).output().expect("date");
    String::from_utf8(output.stdout).expect("text").trim().to_string()
}

#[test]
fn a_request_is_told_by_its_template_within_the_callers_trace_and_nothing_else_of_it() {
    let collector = Collector::start();
    let server = Server::start(&["--traces", &collector.endpoint], &[]);
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let path = "/v1/nearby?lat=35.5976123&lon=116.9842123";
    assert_eq!(server.get(path, &[("traceparent", &traceparent)]).status(), 200);
    let made: Value = server.post("/v1/participants", None, &json!({})).json().expect("JSON");
    let token = made["token"].as_str().expect("a token");
    let body = json!({"id": "secret-id-of-a-child", "waypoint": "confucius-mencius/dacheng-hall", "occurred_at": now(),
        "position": {"lat": 35.597_612_3, "lon": 116.984_212_3, "accuracy_m": 12}});
    assert_eq!(server.post("/v1/check-ins", Some(token), &body).status(), 201);
    assert_eq!(server.get("/v1/routes/no-such-route-at-all", &[]).status(), 404);
    let log = server.stop();

    // Those that waited were sent when the program ended.
    let told = collector.told();
    let nearby = told.span("GET /v1/nearby");
    assert_eq!((nearby.trace.as_str(), nearby.parent.as_str(), nearby.is_server), (TRACE, PARENT, true));
    assert_eq!(nearby.attributes["http.route"], "/v1/nearby");
    assert_eq!(nearby.attributes["http.request.method"], "GET");
    assert_eq!(nearby.attributes["http.response.status_code"], "200");
    assert_eq!(told.span("GET /v1/routes/{route}").attributes["http.response.status_code"], "404");
    assert_eq!(told.span("POST /v1/check-ins").attributes["http.response.status_code"], "201");
    assert_eq!(told.span("commit check-ins").attributes["check_ins"], "1");
    assert!(told.span("refresh").attributes.contains_key("generation"));
    assert_eq!(told.service, "studyroute");
    assert_nothing_forbidden(&told, &[token, "35.597", "116.984", "secret-id", "no-such-route", "lat="]);
    assert!(!log.contains("commit check-ins"), "spans are no lines of the log: {log}");
}

/// Attributes that may be told; and none of these words anywhere in what was sent.
fn assert_nothing_forbidden(told: &Told, words: &[&str]) {
    const ALLOWED: [&str; 5] =
        ["http.request.method", "http.route", "http.response.status_code", "check_ins", "generation"];
    for span in &told.spans {
        let strange: Vec<_> = span.attributes.keys().filter(|name| !ALLOWED.contains(&name.as_str())).collect();
        assert!(strange.is_empty() && span.events == 0, "{strange:?} in {span:?}");
    }
    let sent = String::from_utf8_lossy(&told.bytes);
    assert!(sent.contains("/v1/nearby"), "the bytes are those that were sent");
    for word in words {
        assert!(!sent.contains(word), "{word} was told");
    }
}

#[test]
fn a_publication_is_told() {
    let collector = Collector::start();
    let server = Server::start(&["--traces", &collector.endpoint], &[]);
    let key = server.key("admin");
    let base = "/v1/design/routes/peoples-canal";
    let withdrawn = server.post(&format!("{base}/unpublish"), Some(&key), &json!({}));
    assert!(withdrawn.status().is_success(), "{}", withdrawn.text().unwrap_or_default());
    server.stop();
    let told = collector.told();
    let (request, publish) = (told.span("POST /v1/design/routes/{route}/unpublish"), told.span("publish"));
    assert_eq!((&publish.trace, &publish.parent), (&request.trace, &request.id), "it is part of the request");
}

#[test]
fn without_the_setting_nothing_is_told_whatever_the_environment_says() {
    let collector = Collector::start();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.base.as_str()),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &collector.endpoint),
    ];
    let server = Server::start(&[], &environment);
    server.checked_in();
    server.get("/v1/nearby?lat=35.6&lon=117", &[("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]);
    server.stop();
    assert_eq!(collector.told().spans.len(), 0);
    assert_eq!(collector.told().bytes.len(), 0);
}

#[test]
fn of_traces_that_begin_here_the_share_is_told_and_of_others_what_the_caller_says() {
    let collector = Collector::start();
    let server = Server::start(&["--traces", &collector.endpoint, "--traces-sample", "0"], &[]);
    for _ in 0..20 {
        server.get("/v1/routes", &[]);
    }
    server.get("/v1/nearby?lat=35.6&lon=117", &[("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]);
    server.get("/healthz", &[("traceparent", &format!("00-{TRACE}-{PARENT}-00"))]);
    server.get("/readyz", &[("traceparent", "00-nonsense")]);
    server.stop();
    let told = collector.told();
    let names: Vec<&str> = told.spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /v1/nearby"]);
}

#[test]
fn a_collector_that_is_not_there_disturbs_nobody() {
    let gone = Collector::start().endpoint.clone();
    let server = Server::start(&["--traces", &gone], &[]);
    for _ in 0..50 {
        assert_eq!(server.get("/v1/nearby?lat=35.6&lon=117", &[]).status(), 200);
    }
    server.checked_in();
    let log = server.stop();
    assert_eq!(log.matches("the collector takes no traces").count(), 1, "{log}");
    assert!(log.contains("\"stopped\""), "{log}");
}

#[test]
fn what_is_no_address_and_no_share_is_refused() {
    for flags in [["--traces", "collector:4318"], ["--traces-sample", "2"], ["--traces-sample", "half"]] {
        let output = Command::new(PROGRAM).arg("config").args(flags).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("traces"), "{said}");
    }
}
