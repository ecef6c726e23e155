//! The real program as a child process, and a service as clients know it.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use crate::support::plain_routes::plain_routes;
use reqwest::blocking::{Client, Response};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_studyroute");
/// Longest wait for anything that must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How to start it.
#[derive(Clone)]
pub struct Setup {
    program: PathBuf,
    database: String,
    flags: Vec<String>,
    env: Vec<(&'static str, PathBuf)>,
}

impl Setup {
    /// On this database, otherwise as delivered.
    pub fn new(database: impl Into<String>) -> Self {
        Self { program: PROGRAM.into(), database: database.into(), flags: Vec::new(), env: Vec::new() }
    }

    /// On a SQLite file in this folder.
    pub fn sqlite(folder: &Path) -> Self {
        Self::new(format!("sqlite:{}", folder.join("studyroute.db").display()))
    }

    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.to_string(), value.to_string()]);
        self
    }

    pub fn env(mut self, name: &'static str, value: impl Into<PathBuf>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Another build of it.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Runs a chore beside the server and gives what it printed.
    pub fn chore(&self, args: &[&str]) -> String {
        let output = Command::new(&self.program).args(args).args(["--database", &self.database]).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "studyroute {args:?}: {}\n{out}{err}", output.status);
        out.trim().to_string()
    }

    /// A key that sees exact counts.
    pub fn operator_key(&self) -> String {
        self.chore(&["key", "create", "--role", "operator", "--name", "crash tests"])
    }

    /// Starts the server and returns when it says that it is ready.
    pub fn start(&self) -> Server {
        let started = Instant::now();
        let mut child = self.command().spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log: Arc<Mutex<String>> = Arc::default();
        let (sender, said) = channel();
        let copy = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let json: Value = serde_json::from_str(&line).unwrap_or_default();
                // Nobody listens any more once the server is up.
                sender.send(json).unwrap_or_default();
                let mut log = copy.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let service = Service { base: String::new(), client: client(Connections::Kept) };
        let mut server = Server { child, log, service, ready_after: Duration::ZERO };
        server.service.base = format!("http://{}", server.hear(&said, "listening")["address"].as_str().unwrap());
        server.hear(&said, "ready");
        assert_eq!(server.status("/readyz"), Some(200));
        server.ready_after = started.elapsed();
        server
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", &self.database]);
        command.arg("--routes-data").arg(plain_routes());
        command.args(["--participants-burst", "100000"]);
        if !self.flags.iter().any(|flag| flag == "--access-log") {
            command.args(["--access-log", "false"]);
        }
        command.args(&self.flags).envs(self.env.iter().cloned()).stderr(Stdio::piped());
        command
    }
}

/// Whether a client sends the next request on the connection of the last one.
#[derive(Clone, Copy)]
pub enum Connections {
    Kept,
    /// Every request may come to another node.
    Fresh,
}

/// A client as patient as the tests are.
pub fn client(connections: Connections) -> Client {
    client_within(PATIENCE, connections)
}

pub fn client_within(patience: Duration, connections: Connections) -> Client {
    // The program's own choice of cryptography is made when it needs one; a client asks at once.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = Client::builder().timeout(patience).no_proxy();
    match connections {
        Connections::Kept => builder,
        Connections::Fresh => builder.pool_max_idle_per_host(0),
    }
    .build()
    .unwrap()
}

/// What answers at an address: one node, or several behind a proxy.
#[derive(Clone)]
pub struct Service {
    pub base: String,
    pub client: Client,
}

impl Service {
    pub fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.client.get(format!("{}{path}", self.base)).send()
    }

    /// The status of a GET, or None when nobody answers.
    pub fn status(&self, path: &str) -> Option<u16> {
        self.get(path).ok().map(|response| response.status().as_u16())
    }

    pub fn post(&self, path: &str, token: &str, body: &Value) -> reqwest::Result<Response> {
        self.client.post(format!("{}{path}", self.base)).bearer_auth(token).json(body).send()
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    log: Arc<Mutex<String>>,
    service: Service,
    /// From its start until it was ready.
    pub ready_after: Duration,
}

impl Server {
    fn hear(&mut self, said: &Receiver<Value>, message: &str) -> Value {
        loop {
            match said.recv_timeout(PATIENCE) {
                Ok(line) if line["message"] == message => return line,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("the server never said \"{message}\":\n{}", self.log())
                }
            }
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// As somebody who does not want to be known any more.
    pub fn erase(&self, token: &str) {
        let asked = self.client.delete(format!("{}/v1/me", self.base)).bearer_auth(token);
        assert_eq!(asked.send().unwrap().status(), 204);
    }

    /// SIGTERM; returns when it has ended in order.
    pub fn stop(mut self) {
        self.terminate();
        assert!(self.ends_within(PATIENCE).is_some_and(|status| status.success()));
    }

    /// SIGKILL; returns when it is no more.
    pub fn kill9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal, such as STOP or CONT.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// How it ended, if it does within the time.
    pub fn ends_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + time;
        loop {
            match self.child.try_wait().unwrap() {
                None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                ended => return ended,
            }
        }
    }
}

impl Deref for Server {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("the server's last lines, newest first:\n{}", tail.join("\n"));
        }
    }
}
