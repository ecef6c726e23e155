//! The recorder while its PostgreSQL is killed and comes back, or does not answer.

use crate::both::{Database, connect_postgres, open, runtime};
use crate::fixtures::{at, audited, check_in, create, publish, recorded, short_canal};
use crate::recorder::{LIMITS, send, start};
use crate::support::postgres;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use studyroute::domain::route::Published;
use studyroute::store::{CountQuery, Outcome, Store};
use studyroute::tasks::recorder::{RecordError, Recorder};
use uuid::Uuid;

const PEOPLE: u128 = 8;
const CHECK_INS: i64 = 150;

/// A phone: sends each check-in, under its own name every time, until it is acknowledged.
struct Phone {
    who: Uuid,
    recorder: Recorder,
    route: Published,
    acknowledged: Arc<AtomicUsize>,
}

impl Phone {
    /// The ids that were acknowledged, and how often there was an error.
    async fn walk(self) -> (BTreeSet<String>, usize) {
        let (mut ids, mut errors) = (BTreeSet::new(), 0);
        for number in 0..CHECK_INS {
            let occurred_ms = at("2026-05-01T08:00") + number * 60_000;
            let new = check_in(self.who, &format!("walk-{number}"), &self.route, 0, occurred_ms);
            loop {
                match send(&self.recorder, new.clone()).await {
                    Ok(Outcome::Recorded(stored) | Outcome::Repeated(stored)) => {
                        assert_eq!(stored.id, new.id);
                        break;
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(RecordError::Full | RecordError::Unavailable | RecordError::OutcomeUnknown) => errors += 1,
                }
                // As a phone does: not again at once.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            ids.insert(new.id);
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        (ids, errors)
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_mins(1), "not yet: {what}");
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_server_killed_under_load_loses_nothing_that_was_acknowledged_and_counts_nothing_twice() {
    let Some(server) = postgres::start_own() else { return eprintln!("skipped: there is no PostgreSQL here") };
    runtime().block_on(async {
        let url = server.fresh_database();
        let store = open(&url).await;
        let route = publish(&store, &short_canal("short", 1)).await;
        let (recorder, _writer) = start(&store, LIMITS).await;
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let (mut phones, mut people) = (Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            let who = create(&store, number).await;
            let (recorder, route, acknowledged) = (recorder.clone(), route.clone(), Arc::clone(&acknowledged));
            people.push(who);
            phones.push(tokio::spawn(Phone { who, recorder, route, acknowledged }.walk()));
        }
        for (reached, crash) in
            [(150, postgres::Postgres::kill_hard as fn(&_)), (600, postgres::Postgres::stop_immediate)]
        {
            until("some are acknowledged", || acknowledged.load(Ordering::Relaxed) >= reached).await;
            tokio::task::block_in_place(|| crash(&server));
            assert!(store.ping().await.is_err(), "the server is down");
            tokio::task::block_in_place(|| server.start_again());
        }
        let mut errors = 0;
        // What another process sees, which has no connections from before.
        let store = open(&url).await;
        for (phone, who) in phones.into_iter().zip(people) {
            let (ids, more) = phone.await.expect("the phone is content");
            all_are_there_once(&store, who, ids).await;
            errors += more;
        }
        assert!(errors > 0, "the crash met somebody");
        totals_are_right(&store).await;
    });
}

async fn all_are_there_once(store: &Store, who: Uuid, ids: BTreeSet<String>) {
    let log = store.check_ins_of(who, 0, 10_000).await.expect("read");
    let kept: Vec<String> = log.iter().map(|stored| stored.id.clone()).collect();
    assert_eq!(kept.len(), ids.len(), "none is there twice");
    assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), ids);
    assert!(log.iter().zip(1..).all(|(stored, seq)| stored.seq == seq), "their numbers have no gap");
}

async fn totals_are_right(store: &Store) {
    let all = i64::try_from(PEOPLE).expect("small") * CHECK_INS;
    assert_eq!(i64::try_from(audited(store).await).expect("small"), all);
    let everything = CountQuery { from: 0, to: 100_000, ..CountQuery::default() };
    let counted = store.counts(everything).await.expect("counts")[0].counted;
    assert_eq!((counted.people, counted.people_uncertain), (8, 0));
    assert_eq!((counted.visits, counted.check_ins), (8, all));
}

#[test]
fn a_database_that_does_not_answer_leaves_the_outcome_unknown_and_the_same_id_is_safe() {
    runtime().block_on(async {
        let Some(database) = Database::postgres().await else { return eprintln!("skipped: no PostgreSQL here") };
        let route = publish(&database, &short_canal("short", 1)).await;
        let ann = create(&database, 1).await;
        let (recorder, _writer) = start(&database, LIMITS).await;
        let new = check_in(ann, "one", &route, 0, at("2026-05-01T08:00"));
        recorded(send(&recorder, check_in(ann, "before", &route, 0, new.occurred_ms)).await.expect("recorded"));
        // Not a lock, which is not waited for that long.
        for sql in [
            "create table held ()",
            "insert into held default values",
            "create function wait_while_held() returns trigger language plpgsql as $$
             begin while exists (select 1 from held) loop perform pg_sleep(0.02); end loop; return null; end $$",
            "create trigger wait_while_held before insert on check_ins for each statement execute function wait_while_held()",
        ] {
            database.execute(sql).await.expect("held");
        }
        let started = Instant::now();
        assert_eq!(send(&recorder, new.clone()).await, Err(RecordError::OutcomeUnknown));
        let waited = started.elapsed();
        assert!(waited > Duration::from_secs(9) && waited < Duration::from_secs(15), "{waited:?}");
        // The first attempt still waits when the second begins.
        let again = recorder.queue(vec![new]).expect("queued").remove(0);
        until("it is being written", || recorder.depth() == 0).await;
        database.execute("delete from held").await.expect("released");
        let answer = again.answer().await;
        assert!(matches!(answer, Ok(Outcome::Recorded(_) | Outcome::Repeated(_))), "{answer:?}");
        assert_eq!(audited(&database).await, 2);
    });
}

#[test]
fn whoever_waits_for_a_lock_hears_that_nothing_was_kept_before_its_time_is_over() {
    runtime().block_on(async {
        let Some(database) = Database::postgres().await else { return eprintln!("skipped: no PostgreSQL here") };
        let route = publish(&database, &short_canal("short", 1)).await;
        let ann = create(&database, 1).await;
        let (recorder, _writer) = start(&database, LIMITS).await;
        let new = check_in(ann, "one", &route, 0, at("2026-05-01T08:00"));
        let mut other = connect_postgres(&database.place.url).await;
        sqlx::query("begin").execute(&mut other).await.expect("begun");
        sqlx::query("lock table check_ins in exclusive mode").execute(&mut other).await.expect("locked");
        assert_eq!(send(&recorder, new.clone()).await, Err(RecordError::Unavailable));
        sqlx::query("rollback").execute(&mut other).await.expect("released");
        recorded(send(&recorder, new).await.expect("recorded"));
        assert_eq!(audited(&database).await, 1);
    });
}
