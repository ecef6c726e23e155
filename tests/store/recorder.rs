//! The recorder: what it acknowledges is durable, what it cannot take it refuses at once, and trouble passes.

use crate::both::{Database, Place, both, connect_postgres, connect_sqlite, open, runtime};
use crate::fixtures::{at, audited, check_in, create, publish, recorded, short_canal};
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use studyroute::domain::check_in::Verdict;
use studyroute::domain::route::Published;
use studyroute::index::{Current, Index};
use studyroute::store::{NewCheckIn, Outcome, Store, StoreError};
use studyroute::tasks::recorder::{RecordError, Recorder, RecorderLimits, Waiting};
use tokio::task::JoinHandle;
use uuid::Uuid;

both! {
    what_is_acknowledged_can_be_read_by_another_process,
    a_full_queue_refuses_at_once_and_takes_all_or_none,
    a_batch_is_answered_in_order,
    a_waypoint_that_does_not_exist_costs_nobody_else,
    a_number_that_no_row_can_hold_costs_nobody_else,
    the_queue_is_drained_when_the_last_handle_is_dropped,
    a_client_that_goes_away_loses_nothing,
    another_node_that_wrote_meanwhile_costs_nobody_an_answer,
    whoever_was_erased_meanwhile_costs_nobody_else,
    what_another_node_recorded_is_answered_as_its_repeat,
    the_speed_rule_knows_where_the_waypoints_are,
}

pub const LIMITS: RecorderLimits = RecorderLimits { queue_max: 100, batch_max: 20 };

/// A recorder on a store.
pub async fn start(store: &Store, limits: RecorderLimits) -> (Recorder, JoinHandle<()>) {
    let (generation, routes) = store.snapshot().await.expect("a snapshot");
    let index = Index::build(generation, routes, |_, _, _, _| {});
    Recorder::start(store, Arc::new(Current::new(index)), limits).expect("a thread")
}

/// Queues one check-in and waits for its answer.
pub async fn send(recorder: &Recorder, new: NewCheckIn) -> Result<Outcome, RecordError> {
    let waiting = recorder.queue(vec![new])?.pop().expect("one was queued");
    waiting.answer().await
}

async fn answers(waiting: Vec<Waiting>) -> Vec<Result<Outcome, RecordError>> {
    let mut answers = Vec::new();
    for one in waiting {
        answers.push(one.answer().await);
    }
    answers
}

/// A route and somebody who walks it.
async fn scene(store: &Store) -> (Published, Uuid) {
    (publish(store, &short_canal("short", 4)).await, create(store, 1).await)
}

fn numbered(who: Uuid, route: &Published, numbers: std::ops::Range<i64>) -> Vec<NewCheckIn> {
    numbers.map(|n| check_in(who, &n.to_string(), route, 0, at("2026-05-01T08:00") + n * 1_000)).collect()
}

/// Holds what the writer needs; as long as this lives it is stuck.
enum Lock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Lock {
    async fn take(database: &Database) -> Self {
        if let Store::Sqlite(_) = database.store {
            let mut connection = connect_sqlite(&database.place.url).await;
            sqlx::query("begin immediate").execute(&mut connection).await.expect("the write lock");
            return Self::Sqlite(connection);
        }
        let mut connection = connect_postgres(&database.place.url).await;
        sqlx::query("begin").execute(&mut connection).await.expect("begun");
        sqlx::query("lock table check_ins in exclusive mode").execute(&mut connection).await.expect("the lock");
        Self::Postgres(connection)
    }

    async fn release(self) {
        let released = match self {
            Self::Sqlite(mut connection) => sqlx::query("rollback").execute(&mut connection).await.err(),
            Self::Postgres(mut connection) => sqlx::query("rollback").execute(&mut connection).await.err(),
        };
        assert!(released.is_none(), "{released:?}");
    }
}

/// Lets others work until the writer has taken everything out of the queue.
async fn until_taken(recorder: &Recorder) {
    let started = Instant::now();
    while recorder.depth() > 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "the writer takes nothing");
        tokio::task::yield_now().await;
    }
}

async fn what_is_acknowledged_can_be_read_by_another_process(database: Database) {
    let (route, ann) = scene(&database).await;
    let (recorder, _writer) = start(&database, LIMITS).await;
    for new in numbered(ann, &route, 0..5) {
        let stored = recorded(send(&recorder, new.clone()).await.expect("recorded"));
        let other = match database.store {
            // The files as they are at this moment: what a machine finds that starts again.
            Store::Sqlite(_) => copied(&database.place).await,
            Store::Postgres(_) => Database { store: database.again().await, place: database.place.same() },
        };
        assert_eq!(other.check_in(ann, &new.id).await.expect("read"), Some(stored));
    }
}

async fn copied(place: &Place) -> Database {
    let copy = Place::sqlite();
    for extension in ["db", "db-wal"] {
        let file = place.file().with_extension(extension);
        std::fs::copy(file, copy.file().with_extension(extension)).expect("copied");
    }
    Database { store: open(&copy.url).await, place: copy }
}

async fn a_full_queue_refuses_at_once_and_takes_all_or_none(database: Database) {
    let (route, ann) = scene(&database).await;
    let (recorder, _writer) = start(&database, RecorderLimits { queue_max: 4, batch_max: 4 }).await;
    let lock = Lock::take(&database).await;
    let mut waiting = recorder.queue(numbered(ann, &route, 0..1)).expect("queued");
    until_taken(&recorder).await;
    waiting.extend(recorder.queue(numbered(ann, &route, 1..4)).expect("queued"));
    let started = Instant::now();
    assert_eq!(recorder.queue(numbered(ann, &route, 4..6)).err(), Some(RecordError::Full));
    assert_eq!(recorder.depth(), 3, "nothing of what did not fit is queued");
    waiting.extend(recorder.queue(numbered(ann, &route, 6..7)).expect("one more fits"));
    assert_eq!(recorder.queue(numbered(ann, &route, 7..8)).err(), Some(RecordError::Full));
    assert_eq!(recorder.queue(numbered(ann, &route, 0..5)).err(), Some(RecordError::Full), "more than it ever holds");
    assert!(started.elapsed() < Duration::from_millis(500), "at once");
    lock.release().await;
    for answer in answers(waiting).await {
        recorded(answer.expect("recorded"));
    }
    assert_eq!(audited(&database).await, 5);
    recorded(send(&recorder, numbered(ann, &route, 8..9).remove(0)).await.expect("there is room again"));
}

async fn a_batch_is_answered_in_order(database: Database) {
    let (route, ann) = scene(&database).await;
    let (recorder, _writer) = start(&database, LIMITS).await;
    let mut batch = numbered(ann, &route, 0..60);
    batch.push(batch[0].clone());
    batch.push(NewCheckIn { seal: [9; 16], ..batch[1].clone() });
    batch.push(NewCheckIn { participant: Uuid::from_u128(404), ..batch[2].clone() });
    let mut answers = answers(recorder.queue(batch).expect("queued")).await;
    assert_eq!(answers.split_off(61), [Ok(Outcome::IdReused), Ok(Outcome::Gone)]);
    let first = recorded(answers[0].clone().expect("recorded"));
    assert_eq!(answers.pop(), Some(Ok(Outcome::Repeated(first))));
    let seqs: Vec<i64> = answers.into_iter().map(|answer| recorded(answer.expect("recorded")).seq).collect();
    assert_eq!(seqs, (1..=60).collect::<Vec<_>>());
    assert_eq!(audited(&database).await, 60);
}

/// Sends good rows about a bad one in one batch, and another good one after it.
async fn only_the_bad_one_suffers(database: Database, spoil: impl Fn(&mut NewCheckIn)) {
    let (route, ann) = scene(&database).await;
    let bob = create(&database, 2).await;
    let (recorder, _writer) = start(&database, LIMITS).await;
    // One that holds up the writer, so that the others become one batch.
    let lock = Lock::take(&database).await;
    let mut waiting = recorder.queue(numbered(bob, &route, 0..1)).expect("queued");
    until_taken(&recorder).await;
    let mut batch = numbered(ann, &route, 0..9);
    batch.extend(numbered(bob, &route, 1..2));
    spoil(&mut batch[4]);
    waiting.extend(recorder.queue(batch).expect("queued"));
    lock.release().await;
    let mut answers = answers(waiting).await;
    assert_eq!(answers.remove(5), Err(RecordError::Unavailable));
    for answer in answers {
        recorded(answer.expect("the others are recorded"));
    }
    assert_eq!(database.check_in(ann, "4").await.expect("read"), None);
    recorded(send(&recorder, numbered(ann, &route, 4..5).remove(0)).await.expect("the good one of that name"));
    assert_eq!(audited(&database).await, 11);
}

async fn a_waypoint_that_does_not_exist_costs_nobody_else(database: Database) {
    only_the_bad_one_suffers(database, |new| new.waypoint = 987_654).await;
}

async fn a_number_that_no_row_can_hold_costs_nobody_else(database: Database) {
    only_the_bad_one_suffers(database, |new| new.accuracy_m = f64::NAN).await;
}

async fn the_queue_is_drained_when_the_last_handle_is_dropped(database: Database) {
    let (route, ann) = scene(&database).await;
    let (recorder, writer) = start(&database, LIMITS).await;
    let waiting = recorder.queue(numbered(ann, &route, 0..100)).expect("queued");
    let other_handle = recorder.clone();
    drop(recorder);
    assert!(!writer.is_finished());
    drop(other_handle);
    writer.await.expect("the writer ends by itself");
    assert_eq!(database.again().await.check_ins_of(ann, 0, 1_000).await.expect("read").len(), 100);
    for answer in answers(waiting).await {
        recorded(answer.expect("recorded"));
    }
    assert_eq!(audited(&database).await, 100);
}

async fn a_client_that_goes_away_loses_nothing(database: Database) {
    let (route, ann) = scene(&database).await;
    let (recorder, writer) = start(&database, LIMITS).await;
    drop(recorder.queue(numbered(ann, &route, 0..10)).expect("queued"));
    drop(recorder);
    writer.await.expect("the writer ends by itself");
    assert_eq!(audited(&database).await, 10);
}

async fn another_node_that_wrote_meanwhile_costs_nobody_an_answer(database: Database) {
    let (route, ann) = scene(&database).await;
    let (one, _writer) = start(&database, LIMITS).await;
    let (two, _other_writer) = start(&database.again().await, LIMITS).await;
    for n in 0..20 {
        let recorder = if n % 2 == 0 { &one } else { &two };
        let batch = numbered(ann, &route, n * 3..n * 3 + 3);
        for answer in answers(recorder.queue(batch).expect("queued")).await {
            recorded(answer.expect("recorded"));
        }
    }
    assert_eq!(audited(&database).await, 60);
}

async fn whoever_was_erased_meanwhile_costs_nobody_else(database: Database) {
    let (route, ann) = scene(&database).await;
    let bob = create(&database, 2).await;
    let (recorder, _writer) = start(&database, LIMITS).await;
    recorded(send(&recorder, numbered(bob, &route, 0..1).remove(0)).await.expect("recorded"));
    assert!(database.again().await.erase_participant(bob).await.expect("erased"));
    let mut batch = numbered(ann, &route, 0..3);
    batch.insert(1, numbered(bob, &route, 1..2).remove(0));
    let mut answers = answers(recorder.queue(batch).expect("queued")).await;
    assert_eq!(answers.remove(1), Ok(Outcome::Gone));
    for answer in answers {
        recorded(answer.expect("recorded"));
    }
    assert_eq!(audited(&database).await, 3);
}

async fn what_another_node_recorded_is_answered_as_its_repeat(database: Database) {
    let (route, ann) = scene(&database).await;
    let (one, _writer) = start(&database, LIMITS).await;
    let (two, _other_writer) = start(&database.again().await, LIMITS).await;
    let mut batch = numbered(ann, &route, 0..3);
    recorded(send(&one, batch.remove(0)).await.expect("recorded"));
    let first = recorded(send(&two, batch[0].clone()).await.expect("recorded"));
    let mut answers = answers(one.queue(batch).expect("queued")).await;
    assert_eq!(recorded(answers.pop().expect("two").expect("recorded")).seq, 3);
    assert_eq!(answers, [Ok(Outcome::Repeated(first))]);
    assert_eq!(audited(&database).await, 3);
}

async fn the_speed_rule_knows_where_the_waypoints_are(database: Database) {
    let (route, ann) = scene(&database).await;
    let (recorder, _writer) = start(&database, LIMITS).await;
    let eight = at("2026-05-01T08:00");
    let new = |id: &str, stop, seconds: i64| check_in(ann, id, &route, stop, eight + seconds * 1_000);
    let mut verdicts = Vec::new();
    // From the first stop to the second it is kilometres: in a minute, then back in a day, then the same again.
    for new in [new("1", 0, 0), new("2", 1, 60), new("3", 1, 86_400), new("4", 1, 86_401)] {
        verdicts.push(recorded(send(&recorder, new).await.expect("recorded")).verdict);
    }
    assert_eq!(verdicts, [Verdict::Inside, Verdict::Uncertain, Verdict::Inside, Verdict::Inside]);
}

#[test]
fn a_locked_sqlite_is_unavailable_in_time_and_works_again_without_a_restart() {
    runtime().block_on(async {
        let database = Database::sqlite().await;
        let (route, ann) = scene(&database).await;
        let (recorder, _writer) = start(&database, LIMITS).await;
        let lock = Lock::take(&database).await;
        for n in 0..2 {
            let started = Instant::now();
            let answer = send(&recorder, numbered(ann, &route, n..n + 1).remove(0)).await;
            assert_eq!(answer, Err(RecordError::Unavailable));
            let waited = started.elapsed();
            assert!(waited > Duration::from_millis(1_500) && waited < Duration::from_secs(5), "{waited:?}");
        }
        assert_eq!(database.check_ins_of(ann, 0, 10).await.expect("reading goes on"), []);
        lock.release().await;
        for new in numbered(ann, &route, 0..3) {
            recorded(send(&recorder, new).await.expect("recorded"));
        }
        assert_eq!(audited(&database).await, 3);
    });
}

#[test]
fn a_database_that_refuses_every_row_is_unavailable_and_works_again_without_a_restart() {
    runtime().block_on(async {
        let database = Database::sqlite().await;
        let (route, ann) = scene(&database).await;
        let (recorder, _writer) = start(&database, LIMITS).await;
        let mut other = connect_sqlite(&database.place.url).await;
        let mut run = async |sql: &str| sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut other).await.map(drop);
        let trigger = "create trigger refuse before insert on check_ins begin select raise(abort, 'no'); end";
        run(trigger).await.expect("refused from now on");
        for answer in answers(recorder.queue(numbered(ann, &route, 0..3)).expect("queued")).await {
            assert_eq!(answer, Err(RecordError::Unavailable));
        }
        run("drop trigger refuse").await.expect("taken from now on");
        recorded(send(&recorder, numbered(ann, &route, 0..1).remove(0)).await.expect("recorded"));
        assert_eq!(audited(&database).await, 1);
        let closed = {
            database.close().await;
            send(&recorder, numbered(ann, &route, 1..2).remove(0)).await
        };
        assert_eq!(closed, Err(RecordError::Unavailable));
        assert!(matches!(database.generation().await, Err(StoreError::Unavailable(_))));
    });
}
