//! How long visitors wait while somebody publishes: a whole server in this process, 64 connections over loopback that ask at a
//! steady pace, and spans of quiet and of publications in turn. Client and server share the machine's cores.

use crate::figures::say;
use crate::sample;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;
use studyroute::ambient::Ambient;
use studyroute::config::Config;
use studyroute::domain::token::{Holder, Secret};
use studyroute::store::{Deed, NewKey, Role, Who};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

const CONNECTIONS: u32 = 64;
/// Together the connections ask 2,000 times a second.
const EVERY: Duration = Duration::from_millis(32);
const SPAN: Duration = Duration::from_secs(3);
/// Publications of one span.
const PUBLICATIONS: u32 = 10;
const ASK: &str = "GET /v1/nearby?lat=35.5955&lon=116.984&radius_m=50000&limit=20 HTTP/1.1\r\nhost: bench\r\n\r\n";

/// Starts the server and asks it from a thread of its own.
#[tokio::main]
pub async fn measure(pairs: usize, folder: &Path) {
    let config = config(folder);
    let store = crate::import::open(&folder.join("visitors.db")).await;
    let ambient = Ambient::system();
    let id = ambient.random_id().expect("chance");
    let secret = Secret::new(Holder::Staff, id, &ambient.random_256().expect("chance"));
    let (created_ms, routes) = (ambient.now_ms(), Vec::new());
    let (name, role, secret_hash) = ("A designer".into(), Role::Designer, secret.hash());
    let key = NewKey { id, name, role, routes, secret_hash, created_ms, expires_ms: None };
    let deed = Deed::done(created_ms, &Who::command_line(), "key create", id.to_string());
    store.create_key(&key, &deed).await.expect("kept");
    store.close().await;
    let listener = TcpListener::bind(config.listen).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let server = tokio::spawn(studyroute::app::serve_on(listener, config, ambient, stop.clone()));
    let key = secret.reveal().to_string();
    let asked = tokio::task::spawn_blocking(move || ask_all(address, &key, pairs));
    asked.await.expect("asked");
    stop.cancel();
    server.await.expect("joined").expect("in order");
}

/// Spans of quiet and of publications in turn.
#[tokio::main(flavor = "current_thread")]
async fn ask_all(address: SocketAddr, key: &str, pairs: usize) {
    let mut designer = Line::open(address).await;
    while designer.ask("GET /readyz HTTP/1.1\r\nhost: bench\r\n\r\n").await.0 != 200 {
        sleep(Duration::from_millis(20)).await;
    }
    let routes = sample::routes();
    let stops: Vec<String> = routes
        .iter()
        .flat_map(|route| route.waypoints.iter().map(|stop| format!("{}/{}", route.slug, stop.id)))
        .collect();
    span(address).await;
    for pair in 0..pairs {
        let quiet_ms = span(address).await;
        let visitors = tokio::spawn(span(address));
        let (begun, mut spent) = (Instant::now(), Duration::ZERO);
        for i in 0..PUBLICATIONS {
            sleep_until(begun + SPAN / PUBLICATIONS * i).await;
            let stop = &stops[(pair * 10 + i as usize) % stops.len()];
            let started = Instant::now();
            designer.publish(key, stop, &format!("Changed {pair} {i}")).await;
            spent += started.elapsed();
        }
        let busy_ms = visitors.await.expect("joined");
        let publish_ms = spent.as_secs_f64() * 1e3 / f64::from(PUBLICATIONS);
        let ratio = busy_ms / quiet_ms;
        say(&[("ratio", ratio), ("quiet_ms", quiet_ms), ("busy_ms", busy_ms), ("publish_ms", publish_ms)]);
    }
}

/// All visitors for one span: the 99th of a hundred waiting times, milliseconds.
async fn span(address: SocketAddr) -> f64 {
    let begun = Instant::now() + Duration::from_millis(200);
    let visitors =
        (0..CONNECTIONS).map(|i| tokio::spawn(visitor(address, begun + EVERY / CONNECTIONS * i, begun + SPAN)));
    let mut waited = Vec::new();
    for visitor in visitors.collect::<Vec<_>>() {
        waited.extend(visitor.await.expect("joined"));
    }
    waited.sort_by(f64::total_cmp);
    waited[waited.len() * 99 / 100]
}

/// One connection. Whoever must wait for the answer before asks late, and that counts as waiting.
async fn visitor(address: SocketAddr, first: Instant, until: Instant) -> Vec<f64> {
    let (mut line, mut waited, mut due) = (Line::open(address).await, Vec::new(), first);
    while due < until {
        let late = Instant::now() > due;
        sleep_until(due).await;
        let asked = if late { due } else { Instant::now() };
        let (status, bytes) = line.ask(ASK).await;
        assert!(status == 200 && bytes > 5_000, "{status}, {bytes} bytes");
        waited.push(asked.elapsed().as_secs_f64() * 1e3);
        due += EVERY;
    }
    waited
}

/// A kept-alive connection.
struct Line {
    stream: BufReader<TcpStream>,
    answer: Vec<u8>,
}

impl Line {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        Self { stream: BufReader::new(stream), answer: Vec::new() }
    }

    /// Asks, and gives status and length of the answer.
    async fn ask(&mut self, request: &str) -> (u16, usize) {
        self.stream.get_mut().write_all(request.as_bytes()).await.expect("sent");
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await.expect("received");
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
        self.stream.read_exact(&mut self.answer).await.expect("received");
        (status, length)
    }

    /// Gives a waypoint another title and publishes it.
    async fn publish(&mut self, key: &str, stop: &str, title: &str) {
        let (route, waypoint) = stop.split_once('/').expect("route and waypoint");
        let at = format!("/v1/design/routes/{route}");
        let title = format!("{{\"title\":{{\"en\":\"{title}\"}}}}");
        self.send(key, "PATCH", &format!("{at}/draft/waypoints/{waypoint}"), "application/merge-patch+json", &title)
            .await;
        self.send(key, "POST", &format!("{at}/publish"), "application/json", "{}").await;
    }

    async fn send(&mut self, key: &str, method: &str, path: &str, media_type: &str, body: &str) {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\nif-match: *\r\n");
        let length = body.len();
        let request = format!("{head}content-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}");
        let (status, _) = self.ask(&request).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&self.answer));
    }
}

fn config(folder: &Path) -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        database: format!("sqlite:{}", folder.join("visitors.db").display()),
        assets: String::new(),
        routes_data: "routes-data".into(),
        trusted_proxies: Vec::new(),
        log: "info".into(),
        access_log: true,
        connections_max: 1_000,
        connections_per_address_max: 256,
        participants_burst: NonZeroU32::MIN,
        participants_per_minute: NonZeroU32::MIN,
        queue_max: 8_192,
        batch_max: 512,
        drain: Duration::from_secs(10),
    }
}
