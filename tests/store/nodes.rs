//! Several nodes on one database write at the same time.

use crate::both::{Database, Place, both};
use crate::fixtures::{at, audited, check_in, create, publish, short_canal};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use studyroute::domain::route::Published;
use studyroute::store::{CountQuery, NewCheckIn, Outcome, Pasts, Store, StoreError};
use tokio::sync::Barrier;
use uuid::Uuid;

both! {
    two_nodes_that_record_for_the_same_people_count_every_check_in_once,
    whoever_is_erased_while_checking_in_leaves_true_counts,
    the_figures_of_one_answer_are_of_one_moment,
    two_nodes_may_open_a_new_database_at_once,
}

const PEOPLE: u128 = 3;
const CHECK_INS: i64 = 40;

/// A node as the recorder is one: keeps what it read, and reads anew when it met another's key.
struct Node {
    store: Store,
    cache: Pasts,
    conflicts: usize,
}

impl Node {
    fn new(store: Store) -> Self {
        Self { store, cache: Pasts::new(), conflicts: 0 }
    }

    async fn record(&mut self, batch: &[NewCheckIn]) -> Vec<Outcome> {
        for _ in 0..500 {
            match self.store.record(batch, self.cache.clone(), &|_, _| false).await {
                Ok((outcomes, histories)) => {
                    self.cache.extend(histories);
                    return outcomes;
                }
                Err(StoreError::Conflict) => {
                    self.conflicts += 1;
                    self.cache.clear();
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("never without a conflict")
    }

    /// Sends one check-in per person at a time, some with an id that the other node sends too. Says how many were new.
    async fn work(mut self, name: &str, route: Published, people: Vec<Uuid>, round: Arc<Barrier>) -> (usize, usize) {
        let mut new = 0;
        for number in 0..CHECK_INS {
            round.wait().await;
            let shared = number % 2 == 0;
            let id = if shared { format!("both-{number}") } else { format!("{name}-{number}") };
            let stop = usize::try_from(number % 3).expect("small");
            let when = at("2026-05-01T22:00") + number * 600_000;
            let batch: Vec<NewCheckIn> = people.iter().map(|who| check_in(*who, &id, &route, stop, when)).collect();
            for outcome in self.record(&batch).await {
                match outcome {
                    Outcome::Recorded(_) => new += 1,
                    Outcome::Repeated(_) => assert!(shared, "{id} was sent once"),
                    other => panic!("{id}: {other:?}"),
                }
            }
        }
        (new, self.conflicts)
    }
}

async fn two_nodes_that_record_for_the_same_people_count_every_check_in_once(database: Database) {
    let route = publish(&database, &short_canal("short", 3)).await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(create(&database, number).await);
    }
    let one = Node::new(database.again().await);
    let two = Node::new(database.again().await);
    // Both begin every round at once, so that one of them always meets what the other wrote.
    let start = Arc::new(Barrier::new(2));
    let (r, p, round) = (route.clone(), people.clone(), Arc::clone(&start));
    let other = tokio::spawn(async move { two.work("two", r, p, round).await });
    let (new_one, conflicts) = one.work("one", route, people.clone(), start).await;
    let (new_two, more) = other.await.expect("no panic");
    // Half of the ids were sent by both.
    let ids = usize::try_from(CHECK_INS).expect("small") * 3 / 2;
    assert_eq!(new_one + new_two, ids * people.len(), "every id was new to one node only");
    assert_eq!(audited(&database).await, ids * people.len());
    assert!(conflicts + more > 0, "the nodes met");
    let everything = CountQuery { from: 0, to: 100_000, ..CountQuery::default() };
    let counted = database.counts(everything).await.expect("counts")[0].counted;
    assert_eq!((counted.people, counted.check_ins), (3, i64::try_from(ids * people.len()).expect("small")));
}

async fn whoever_is_erased_while_checking_in_leaves_true_counts(database: Database) {
    let route = publish(&database, &short_canal("short", 1)).await;
    for number in 0..20 {
        let leaver = create(&database, number).await;
        let mut node = Node::new(database.store.clone());
        let new = |id: &str| check_in(leaver, id, &route, 0, at("2026-05-01T09:30"));
        let before = recorded_count(&node.record(&[new("before")]).await);
        let batch = [new("while"), new("while too")];
        let (outcomes, erased) = tokio::join!(node.record(&batch), database.erase_participant(leaver));
        assert!(erased.expect("erased"));
        let during = recorded_count(&outcomes);
        assert!(before == 1 && (during == 0 || during == 2), "all or nothing: {outcomes:?}");
        assert_eq!(node.record(&[new("after")]).await, [Outcome::Gone]);
        assert_eq!(audited(&database).await, 0, "nothing of the person is left");
    }
}

fn recorded_count(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Recorded(_))).count()
}

async fn the_figures_of_one_answer_are_of_one_moment(database: Database) {
    let route = publish(&database, &short_canal("short", 1)).await;
    let mut node = Node::new(database.again().await);
    let looks = Arc::new(AtomicUsize::new(0));
    let looked = Arc::clone(&looks);
    let writer = tokio::spawn(async move {
        for number in 0..200 {
            let who = create(&node.store, number).await;
            node.record(&[check_in(who, "one", &route, 0, at("2026-05-01T09:30"))]).await;
            // Never so far ahead that nobody looks meanwhile.
            while looked.load(Ordering::Relaxed) < usize::try_from(number / 4).expect("small") {
                tokio::task::yield_now().await;
            }
        }
    });
    let everything = CountQuery { from: 0, to: 100_000, by_waypoint: true, ..CountQuery::default() };
    while !writer.is_finished() {
        for row in database.counts(everything).await.expect("counts") {
            assert_eq!(row.counted.people, row.counted.check_ins, "everybody checks in once");
        }
        looks.fetch_add(1, Ordering::Relaxed);
    }
    writer.await.expect("no panic");
}

async fn two_nodes_may_open_a_new_database_at_once(database: Database) {
    for _ in 0..8 {
        let new = match database.store {
            Store::Sqlite(_) => Place::sqlite(),
            Store::Postgres(_) => Place::postgres().expect("it was there"),
        };
        let (one, two) = tokio::join!(Store::open(&new.url), Store::open(&new.url));
        let (one, two) = (one.expect("one opened it"), two.expect("two opened it"));
        assert_eq!((one.generation().await.expect("a number"), two.generation().await.expect("a number")), (0, 0));
    }
}
