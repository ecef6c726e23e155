//! Starts and stops the server that a test talks to: its own port, its own database, a clock that the test moves.

use crate::client::{Call, Door, Operator, Phone};
use crate::support::plain_routes::plain_routes;
use crate::support::postgres;
use reqwest::Method;
use serde_json::json;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use studyroute::ambient::Ambient;
use studyroute::config::Config;
use studyroute::domain::token::{Holder, Secret};
use studyroute::store::{Deed, NewKey, Role, Store, Who};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Every test begins at 2026-05-01 10:00 in Shanghai.
pub const START_MS: i64 = 1_777_600_800_000;
/// Milliseconds.
pub const MINUTE: i64 = 60_000;
/// Milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds.
pub const DAY: i64 = 24 * HOUR;
/// A server that is not there after this never will be.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// A server and what a test needs to move it. Dropping it tells the server to stop; [`TestApp::stop`] also waits for it.
pub struct TestApp {
    pub door: Door,
    pub config: Config,
    clock: Arc<AtomicI64>,
    stop: CancellationToken,
    server: Option<JoinHandle<anyhow::Result<()>>>,
    folder: Arc<TempDir>,
}

impl TestApp {
    /// On a fresh SQLite file.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn start_with(edit: impl FnOnce(&mut Config)) -> Self {
        let mut app = Self::launch_with(edit).await;
        app.wait_until_ready().await;
        app
    }

    /// On a fresh PostgreSQL database; `None` where there is no PostgreSQL (under CI that is a failure).
    pub async fn on_postgres() -> Option<Self> {
        let url = tokio::task::spawn_blocking(|| postgres::shared().map(postgres::Postgres::fresh_database)).await;
        let Some(url) = url.expect("asking for a database") else {
            eprintln!("skipped: there is no PostgreSQL");
            return None;
        };
        Some(Self::start_with(|config| config.database = url).await)
    }

    /// Started, but perhaps not ready.
    pub async fn launch_with(edit: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        let mut config = config(folder.path());
        edit(&mut config);
        Self::launch(config, folder, Arc::new(AtomicI64::new(START_MS))).await
    }

    async fn launch(config: Config, folder: Arc<TempDir>, clock: Arc<AtomicI64>) -> Self {
        let listener = TcpListener::bind(config.listen).await.expect("a free port");
        let door = Door::new(listener.local_addr().expect("an address"), Arc::clone(&clock));
        let stop = CancellationToken::new();
        let server = studyroute::app::serve_on(listener, config.clone(), ambient(&clock), stop.clone());
        let server = Some(tokio::spawn(server));
        Self { door, config, clock, stop, server, folder }
    }

    async fn wait_until_ready(&mut self) {
        let started = Instant::now();
        loop {
            let answer = self.get("/readyz").try_once().await;
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return;
            }
            let ended = self.server.as_ref().is_some_and(JoinHandle::is_finished);
            assert!(!ended, "the server ended: {:?}", self.server.take().expect("a server").await);
            assert!(started.elapsed() < READY_WITHIN, "the server is not ready: {answer:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops in order and says how that went.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.end().await
    }

    /// Waits for a server that ends by itself.
    pub async fn ended(mut self) -> anyhow::Result<()> {
        self.server.take().expect("a server").await.expect("the server panicked")
    }

    async fn end(&mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.server.take().expect("a server").await.expect("the server panicked")
    }

    /// Another process on the same database, at the same time of the same clock.
    pub async fn restart(mut self) -> Self {
        self.end().await.expect("the server did not stop in order");
        let mut next = Self::launch(self.config.clone(), Arc::clone(&self.folder), Arc::clone(&self.clock)).await;
        next.wait_until_ready().await;
        next
    }

    /// Where its SQLite files lie; there as long as somebody holds it.
    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// The server's time.
    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// Sets the server's clock.
    pub fn set_clock(&self, now_ms: i64) {
        self.clock.store(now_ms, Ordering::SeqCst);
    }

    /// Moves the server's clock on.
    pub fn pass(&self, span_ms: i64) {
        self.clock.fetch_add(span_ms, Ordering::SeqCst);
    }

    pub fn get(&self, path: &str) -> Call {
        self.door.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.door.call(Method::POST, path)
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        self.door.call(method, path)
    }

    /// A new participant's phone.
    pub async fn participant(&self) -> Phone {
        let created = self.post("/v1/participants").json(&json!({})).await.expect(201).json();
        Phone::new(self.door.clone(), &created)
    }

    /// As many.
    pub async fn participants(&self, count: usize) -> Vec<Phone> {
        let mut phones = Vec::with_capacity(count);
        for _ in 0..count {
            phones.push(self.participant().await);
        }
        phones
    }

    /// The store beside the server, as a command line beside it has it.
    pub async fn store(&self) -> Store {
        studyroute::app::open(&self.config.database).await.expect("the database opens")
    }

    pub async fn operator(&self) -> Operator {
        self.staff(Role::Operator, None).await
    }

    /// A person with a key for all routes.
    pub async fn staff(&self, role: Role, expires_ms: Option<i64>) -> Operator {
        self.holder(role, &[], expires_ms).await
    }

    /// A designer of these routes only.
    pub async fn designer_of(&self, routes: &[&str]) -> Operator {
        self.holder(Role::Designer, routes, None).await
    }

    /// A person with a key, made as `studyroute key create` makes it.
    async fn holder(&self, role: Role, routes: &[&str], expires_ms: Option<i64>) -> Operator {
        let ambient = ambient(&self.clock);
        let id = ambient.random_id().expect("chance");
        let secret = Secret::new(Holder::Staff, id, &ambient.random_256().expect("chance"));
        let (name, created_ms) = ("A test".to_string(), ambient.now_ms());
        let routes = routes.iter().map(ToString::to_string).collect();
        let key = NewKey { id, name, role, routes, secret_hash: secret.hash(), created_ms, expires_ms };
        let store = self.store().await;
        let deed = Deed::done(created_ms, &Who::command_line(), "key create", id.to_string());
        store.create_key(&key, &deed).await.expect("the key is kept");
        store.close().await;
        Operator { id, key: secret.reveal().to_string(), door: self.door.clone() }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn ambient(clock: &Arc<AtomicI64>) -> Ambient {
    let clock = Arc::clone(clock);
    Ambient::with_clock(move || clock.load(Ordering::SeqCst))
}

/// What the settings are without being told, but for the port, the database, and a burst that no test meets by accident.
fn config(folder: &Path) -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        database: format!("sqlite:{}", folder.join("studyroute.db").display()),
        database_replica: String::new(),
        assets: String::new(),
        routes_data: plain_routes().into(),
        trusted_proxies: Vec::new(),
        log: "info".into(),
        access_log: true,
        map_tiles: None,
        connections_max: 1_000,
        connections_per_address_max: 256,
        participants_burst: NonZeroU32::new(10_000).expect("not zero"),
        participants_per_minute: NonZeroU32::MIN,
        failed_keys_per_minute: NonZeroU32::MAX,
        queue_max: 8_192,
        batch_max: 512,
        retention: studyroute::config::Retention { tokens_days: 30, participants_days: 90, audit_days: 190 },
        drain: Duration::from_secs(10),
    }
}
