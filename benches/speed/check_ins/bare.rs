//! The bare loop: transactions that add rows made beforehand, one after the other, over one connection of the same driver with the
//! server's settings, in the very form in which the server adds them. Nothing else.

use super::base::Base;
use super::bulk::AddRows;
use super::pool::Lender;
use super::rows::{LOG, LogRow, batches};
use super::server::cpu_us;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::time::Instant;

/// What the bare loop took.
pub struct Bare {
    pub rows: f64,
    pub wall_s: f64,
    /// Of this process, per row.
    pub cpu_us: f64,
    pub median_ms: f64,
    /// Per row of the log.
    pub counter_rows: f64,
}

impl Bare {
    pub fn per_s(&self) -> f64 {
        self.rows / self.wall_s
    }

    /// Writes what stands in `served` into a fresh copy, in batches of this size, on the server's core.
    pub fn measure(base: &Base, served: &str, batch: f64) -> Self {
        let (place, size) = (base.copy(), format!("{:.0}", batch.max(1.0)));
        let program = std::env::current_exe().expect("a program");
        let mut command = super::pinned(super::SERVER_CORE, program);
        let output = command
            .args([crate::figures::STEP, "check-ins-bare", served, &place, &size])
            .stderr(std::process::Stdio::inherit())
            .output();
        let output = output.expect("it starts");
        assert!(output.status.success(), "{}", output.status);
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let figures: Vec<f64> = said.split_whitespace().map(|figure| figure.parse().expect("a number")).collect();
        let [rows, wall_s, cpu_us, median_ms, counter_rows] = figures[..] else { panic!("{said}") };
        #[expect(clippy::cast_precision_loss, reason = "some thousand")]
        let kept = Base::audited(&place) as f64;
        assert!((kept - rows).abs() < 0.5, "every row is there, and every counter is right");
        Self { rows, wall_s, cpu_us, median_ms, counter_rows }
    }
}

/// One body for both drivers.
macro_rules! commit_all {
    ($lender:ident, $log:ident, $size:ident) => {{
        let rows = $log.len();
        let (batches, counter_rows) = batches(&mut $log, $size);
        let mut waited_ms = Vec::with_capacity(batches.len());
        let (started, before_us) = (Instant::now(), cpu_us("/proc/self/task"));
        for batch in &batches {
            let began = Instant::now();
            let mut tx = $lender.begin().await.expect("begun");
            assert!(tx.add_rows(&batch.0).await.expect("added"), "every row is new");
            tx.commit().await.expect("committed");
            waited_ms.push(began.elapsed().as_secs_f64() * 1e3);
        }
        say(rows, started, before_us, waited_ms, counter_rows);
    }};
}

/// The step of its own process: source, target, rows of a batch.
#[tokio::main(flavor = "current_thread")]
pub async fn run(args: &[String]) {
    let [source, target, size] = args else { panic!("source, target and size") };
    let size = size.parse().expect("a number");
    if let (Some(source), Some(target)) = (source.strip_prefix("sqlite:"), target.strip_prefix("sqlite:")) {
        let mut from = sqlite(source).connect().await.expect("opened");
        let mut log: Vec<LogRow> = sqlx::query_as(LOG).fetch_all(&mut from).await.expect("read");
        from.close().await.expect("closed");
        let one = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        let lender = Lender::new(one.connect_with(sqlite(target)).await.expect("opened"), "begin immediate", false);
        commit_all!(lender, log, size);
    } else {
        let mut from = PgConnection::connect(source).await.expect("connected");
        let mut log: Vec<LogRow> = sqlx::query_as(LOG).fetch_all(&mut from).await.expect("read");
        from.close().await.expect("closed");
        let one = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
        let lender = Lender::new(one.connect(target).await.expect("connected"), "begin", false);
        commit_all!(lender, log, size);
    }
}

/// As the server opens it.
fn sqlite(file: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("secure_delete", "on")
        .pragma("temp_store", "memory")
        .pragma("mmap_size", "0")
        .pragma("wal_autocheckpoint", "4096")
        .pragma("cache_size", "-32768")
}

fn say(rows: usize, started: Instant, before_us: f64, mut waited_ms: Vec<f64>, counter_rows: usize) {
    let (wall_s, spent_us) = (started.elapsed().as_secs_f64(), cpu_us("/proc/self/task") - before_us);
    waited_ms.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "some thousand")]
    let (rows, counter_rows) = (rows as f64, counter_rows as f64);
    println!("{rows} {wall_s} {} {} {}", spent_us / rows, waited_ms[waited_ms.len() / 2], counter_rows / rows);
}
