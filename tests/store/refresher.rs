//! Looking for what was published: nobody loads what another is loading already.

use crate::both::{Database, both};
use crate::fixtures::{publish, short_canal};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use studyroute::domain::crs::Crs;
use studyroute::domain::route::Lang;
use studyroute::index::{Current, Index, Stop};
use studyroute::tasks::refresher::Refresher;

both! {
    of_many_who_look_at_once_one_loads_and_all_are_served,
}

const STOPS: usize = 4;
/// What is counted is counted for both databases together, so one waits for the other.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static RENDERED: AtomicUsize = AtomicUsize::new(0);

fn count(_: Stop<'_>, _: Lang, _: Crs, _: &mut Vec<u8>) {
    RENDERED.fetch_add(1, Ordering::SeqCst);
}

async fn of_many_who_look_at_once_one_loads_and_all_are_served(database: Database) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let current = Arc::new(Current::new(Index::build(0, Vec::new(), count)));
    let refresher = Arc::new(Refresher::new(database.store.clone(), Arc::clone(&current), count));
    for generation in 1..4 {
        let mut route = short_canal("short", STOPS);
        route.title.en = generation.to_string();
        publish(&database, &route).await;
        let before = RENDERED.load(Ordering::SeqCst);
        let looks: Vec<_> = (0..16)
            .map(|_| {
                let (refresher, current) = (Arc::clone(&refresher), Arc::clone(&current));
                tokio::spawn(async move {
                    refresher.refresh().await.expect("a look");
                    current.load().generation()
                })
            })
            .collect();
        for look in looks {
            assert_eq!(look.await.expect("no panic"), generation, "served when the look is over");
        }
        let loads = (RENDERED.load(Ordering::SeqCst) - before) / (STOPS * Lang::ALL.len());
        assert_eq!(loads, 1, "one loaded what all were waiting for");
    }
    assert!(refresher.is_in_step());
}
