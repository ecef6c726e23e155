//! Another program holds SQLite's write lock.

use crate::audit::{assert_counts, audit, more_participants, settle};
use crate::full_disk::{assert_refused_in_order, assert_taken_within};
use crate::load::Load;
use crate::process::Setup;
use crate::{say, seed};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::Path;
use std::time::{Duration, Instant};

/// What was refused, among the figures.
const UNSAVED: &str = "studyroute_check_ins_unsaved_total{reason=\"unavailable\"} ";

#[test]
fn while_another_program_locks_the_database_check_ins_are_refused_in_order_and_reads_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rng, setup, mut participants) = (seed("locked"), Setup::sqlite(folder.path()), Vec::new());
    let key = setup.operator_key();
    let server = setup.start();
    more_participants(&server, &mut participants);
    let load = Load::start(&server, &participants, &mut rng);
    load.wait_for_acks(60);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut other = runtime.block_on(lock(&folder.path().join("studyroute.db")));
    let sent = Instant::now();
    let mut ledger: Vec<_> = (0..2).map(|_| assert_refused_in_order(&server, &participants[0], &mut rng)).collect();
    say(&format!("locked: two check-ins one after the other were refused in {:?}", sent.elapsed()));
    assert!(server.log().contains("database is locked"), "the log says why");
    let figures = server.get("/metrics").unwrap().text().unwrap();
    let unsaved =
        figures.lines().find_map(|line| line.strip_prefix(UNSAVED)).and_then(|number| number.parse::<u64>().ok());
    assert!(unsaved.is_some_and(|check_ins| check_ins >= 2), "an operator hears of it: {unsaved:?}");
    assert!(audit(&server, &participants, &[]).lost.is_empty(), "own check-ins can be read");
    runtime.block_on(async {
        other.execute("rollback").await.unwrap();
        other.close().await.unwrap();
    });
    ledger.push(assert_taken_within(Duration::from_secs(3), &server, &participants[0], &mut rng));
    load.wait_for_new_acks(60);
    ledger.extend(load.finish());
    settle(&server, &participants, &mut ledger);
    assert_counts(&setup, &server, &key, &ledger);
}

async fn lock(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(10));
    let mut other = options.connect().await.unwrap();
    other.execute("begin immediate").await.unwrap();
    other
}
