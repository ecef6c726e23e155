//! Asks a whole server over one connection: every kind of question about how many, over ranges drawn anew each time, and what
//! participants ask about themselves.

use super::fill::Filled;
use crate::server::Setup;
use fastrand::Rng;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use studyroute::ambient::Ambient;
use studyroute::domain::time::date_of;
use studyroute::domain::token::{Holder, Secret};
use studyroute::store::{Deed, NewKey, Role, Store, Who};

/// Questions by name: what follows the range.
pub const QUESTIONS: [(&str, &str); 14] = [
    ("people of a range", ""),
    ("of a route", "&route=confucius-mencius"),
    ("by route", "&by=route"),
    ("by hour", "&by=hour"),
    ("by waypoint", "&by=waypoint"),
    ("by waypoint, of a route", "&by=waypoint&route=confucius-mencius"),
    ("by route and hour", "&by=route&by=hour"),
    ("by waypoint and hour", "&by=waypoint&by=hour"),
    ("by day", "&by=day"),
    ("by day, of a route", "&by=day&route=confucius-mencius"),
    ("by day and route", "&by=day&by=route"),
    ("by day and hour", "&by=day&by=hour"),
    ("by day and waypoint", "&by=day&by=waypoint"),
    ("by day, waypoint and hour, within 60 days", "&by=day&by=waypoint&by=hour"),
];

/// Waiting times of one kind of question.
pub struct Asked {
    pub name: String,
    pub median_ms: f64,
    pub largest_ms: f64,
    pub median_bytes: usize,
}

/// Starts the program on the filled database and asks every question `rounds` times.
pub async fn ask(setup: &Setup<'_>, filled: &Filled, rounds: usize, seed: u64) -> Vec<Asked> {
    let key = operator(setup.database).await;
    let folder = tempfile::tempdir().expect("a folder");
    let server = setup.start(folder.path());
    let days = (filled.first_day, filled.last_day);
    let asking = Asking { line: Line::open(server.address), random: Rng::with_seed(seed), days, rounds };
    let asked = asking.all(&key, &filled.tokens);
    server.stop();
    asked
}

async fn operator(url: &str) -> String {
    let (store, ambient) = (Store::open(url).await.expect("filled"), Ambient::system());
    let id = ambient.random_id().expect("chance");
    let secret = Secret::new(Holder::Staff, id, &ambient.random_256().expect("chance"));
    let (created_ms, secret_hash) = (ambient.now_ms(), secret.hash());
    let (name, role, routes) = ("An operator".into(), Role::Operator, Vec::new());
    let key = NewKey { id, name, role, routes, secret_hash, created_ms, expires_ms: None };
    let deed = Deed::done(created_ms, &Who::command_line(), "key create", id.to_string());
    store.create_key(&key, &deed).await.expect("kept");
    store.close().await;
    secret.reveal().to_owned()
}

struct Asking {
    line: Line,
    random: Rng,
    days: (i32, i32),
    rounds: usize,
}

impl Asking {
    fn all(mut self, key: &str, tokens: &[String]) -> Vec<Asked> {
        while self.line.ask("/readyz", None).0 != 200 {
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut asked = Vec::new();
        for (name, by) in QUESTIONS {
            for (who, key) in [("operator", Some(key)), ("public", None)] {
                let range = |random: &mut Rng, days: (i32, i32)| {
                    let short = name.contains("within 60 days");
                    let (a, b) = (random.i32(days.0..=days.1), random.i32(days.0..=days.1));
                    let b = if short { (a + random.i32(0..60)).min(days.1) } else { b };
                    format!("/v1/counts?from={}&to={}{by}", date_of(a.min(b)), date_of(a.max(b)))
                };
                asked.push(self.measure(&format!("{name}, {who}"), |asking| {
                    (range(&mut asking.random, asking.days), key.map(str::to_owned))
                }));
            }
        }
        for (name, path) in
            [("progress", "/v1/me/progress"), ("history", "/v1/me/check-ins?limit=1000"), ("me", "/v1/me")]
        {
            asked.push(
                self.measure(name, |asking| {
                    (path.to_owned(), Some(tokens[asking.random.usize(0..tokens.len())].clone()))
                }),
            );
        }
        asked
    }

    fn measure(&mut self, name: &str, mut question: impl FnMut(&mut Self) -> (String, Option<String>)) -> Asked {
        let (mut waited, mut bytes) = (Vec::new(), Vec::new());
        // Two that are not measured, as whoever asks has asked something before.
        for round in 0..self.rounds + 2 {
            let (path, key) = question(self);
            let started = Instant::now();
            let (status, answer) = self.line.ask(&path, key.as_deref());
            let took_ms = started.elapsed().as_secs_f64() * 1e3;
            assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(answer));
            if round >= 2 {
                waited.push(took_ms);
                bytes.push(answer.len());
            }
        }
        waited.sort_by(f64::total_cmp);
        bytes.sort_unstable();
        Asked {
            name: name.to_owned(),
            median_ms: waited[waited.len() / 2],
            largest_ms: waited[waited.len() - 1],
            median_bytes: bytes[bytes.len() / 2],
        }
    }
}

/// A kept-alive connection.
struct Line {
    stream: BufReader<TcpStream>,
    answer: Vec<u8>,
}

impl Line {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_nodelay(true).expect("set");
        Self { stream: BufReader::new(stream), answer: Vec::new() }
    }

    /// Asks, and gives the status and the answer.
    fn ask(&mut self, path: &str, key: Option<&str>) -> (u16, &[u8]) {
        let key = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{key}\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("received");
            let line = line.trim_end().to_ascii_lowercase();
            if status == 0 {
                status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
            } else if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            } else if line.is_empty() {
                break;
            }
        }
        self.answer.resize(length, 0);
        self.stream.read_exact(&mut self.answer).expect("received");
        (status, &self.answer)
    }
}
