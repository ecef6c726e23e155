//! The program on a free port, and some visitors to it.

use crate::started::started;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::{Child, Command};
use tempfile::TempDir;

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub address: String,
    client: Client,
    _folder: TempDir,
}

impl Server {
    /// Returns when it is ready.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("x.db").display());
        Self::on(&database, folder, "ready")
    }

    /// Returns when it has said this.
    fn on(database: &str, folder: TempDir, said: &str) -> Self {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_studyroute"));
        serve.args(["serve", "--listen", "127.0.0.1:0", "--database", database, "--access-log", "false"]);
        let (child, address) = started(&mut serve, said, drop);
        Self { child, address, client: crate::client(), _folder: folder }
    }

    pub fn get(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.address)).send().expect("an answer")
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> Response {
        self.client
            .post(format!("http://{}{path}", self.address))
            .bearer_auth(token)
            .json(body)
            .send()
            .expect("an answer")
    }

    /// Does a little of what visitors do.
    pub fn is_visited(&self) {
        let made: Value = self.post("/v1/participants", "", &json!({})).json().expect("JSON");
        let token = made["token"].as_str().expect("a token");
        let now = at(&self.get("/metrics").text().expect("text"));
        let check_in = json!({"id": "1", "waypoint": "confucius-mencius/dacheng-hall", "occurred_at": now,
            "position": {"lat": 35.5976, "lon": 116.9842, "accuracy_m": 12}});
        assert_eq!(self.post("/v1/check-ins", token, &check_in).status(), 201);
        let mut second = check_in;
        second["id"] = "2".into();
        assert_eq!(self.post("/v1/check-ins/batch", token, &json!({"check_ins": [second]})).status(), 200);
        assert_eq!(self.get("/v1/nearby?lat=35.5976&lon=116.9842").status(), 200);
        assert_eq!(self.get("/v1/routes/atlantis").status(), 404);
        assert_eq!(self.get("/readyz").status(), 200);
        let erased = self.client.delete(format!("http://{}/v1/me", self.address)).bearer_auth(token).send();
        assert_eq!(erased.expect("an answer").status(), 204);
    }
}

/// The server's clock as check-ins write it; it tells it among its figures.
fn at(figures: &str) -> String {
    let line = figures.lines().find_map(|line| line.strip_prefix("studyroute_clock_seconds ")).expect("its clock");
    let seconds = line.split('.').next().and_then(|whole| whole.parse().ok()).expect("a number");
    jiff::Timestamp::from_second(seconds).expect("an instant").to_string()
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn ask_ready(listen: &str) -> (Option<i32>, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_studyroute")).args(["ready", "--listen", listen]).output().expect("it runs");
    (output.status.code(), crate::said(&output))
}

#[test]
fn ready_asks_the_server_and_says_what_it_said() {
    let server = Server::start();
    let (code, said) = ask_ready(&server.address);
    assert!(code == Some(0) && said.contains(&format!("{}  ready", server.address)), "{code:?} {said}");
    let figures = server.get("/metrics").text().expect("text");
    assert!(
        figures.contains("\nstudyroute_ready 1\n") && figures.contains("\nstudyroute_database_answers 1\n"),
        "{figures}"
    );
    let port = server.address.rsplit_once(':').expect("a port").1;
    assert_eq!(ask_ready(&format!("0.0.0.0:{port}")).0, Some(0), "a server that listens everywhere is asked here");
    let address = server.address.clone();
    drop(server);
    let (code, said) = ask_ready(&address);
    assert!(code == Some(1) && said.contains("no server answers"), "{code:?} {said}");
}

#[test]
fn a_server_whose_database_is_silent_says_so_in_its_figures_and_to_ready() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let database = format!("postgres://nobody@{}/nothing", silent.local_addr().expect("an address"));
    let server = Server::on(&database, tempfile::tempdir().expect("a folder"), "listening");
    let (code, said) = ask_ready(&server.address);
    assert!(code == Some(1) && said.contains("the content is being loaded"), "{code:?} {said}");
    let figures = server.get("/metrics").text().expect("text");
    assert!(
        figures.contains("\nstudyroute_ready 0\n") && figures.contains("\nstudyroute_database_answers 0\n"),
        "{figures}"
    );
}
