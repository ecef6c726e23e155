//! One changed waypoint of a large route, from its publication until it is served, beside a bare load of the same content.

use crate::figures::{Meter, say};
use crate::import::{NOW_MS, database, open};
use crate::sample::SLUG;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use studyroute::design::publish::{PublishError, publish};
use studyroute::http::wire;
use studyroute::index::{Current, Index};
use studyroute::store::{Edit, Publication, Store, Who};
use studyroute::tasks::refresher::Refresher;

#[tokio::main]
pub async fn measure(pairs: usize, folder: &Path) {
    let store = open(&database(folder)).await;
    let acknowledged = release_all(&store).await;
    let current = Arc::new(Current::new(Index::build(0, Vec::new(), wire::render)));
    let refresher = Refresher::new(store.clone(), Arc::clone(&current), wire::render);
    refresher.refresh().await.expect("served");
    for pair in 0..pairs {
        let meter = Meter::start();
        let started = Instant::now();
        change(&store, pair).await;
        let edit_s = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let outcome = publish(&store, SLUG, None, &acknowledged, &publication()).await.expect("published");
        let publish_s = started.elapsed().as_secs_f64();
        refresher.refresh().await.expect("served");
        let ours_s = started.elapsed().as_secs_f64();
        let grown_mb = meter.grown_mb();
        assert_eq!(
            (outcome.changed, current.load().generation()),
            (1, outcome.generation),
            "one waypoint, and it is served"
        );
        let started = Instant::now();
        let (generation, routes) = store.snapshot().await.expect("read");
        black_box(Index::build(generation, routes, wire::render));
        let bare_s = started.elapsed().as_secs_f64();
        say(&[
            ("ratio", ours_s / bare_s),
            ("publish_s", publish_s),
            ("refresh_s", ours_s - publish_s),
            ("bare_s", bare_s),
            ("edit_s", edit_s),
            ("grown_mb", grown_mb),
        ]);
    }
    store.close().await;
}

fn publication() -> Publication {
    Publication { who: Who::command_line(), note: String::new(), now_ms: NOW_MS }
}

/// Publishes the draft with all its warnings, and says which.
async fn release_all(store: &Store) -> Vec<String> {
    match publish(store, SLUG, None, &[], &publication()).await {
        Err(PublishError::Unacknowledged(rules, _)) => {
            let rules: Vec<String> = rules.into_keys().map(String::from).collect();
            publish(store, SLUG, None, &rules, &publication()).await.expect("published");
            rules
        }
        other => panic!("so many waypoints have warnings and no mistakes: {other:?}"),
    }
}

/// Another title for a waypoint in the middle.
async fn change(store: &Store, pair: usize) {
    let state = store.route_state(SLUG).await.expect("answered").expect("there");
    let middle = i64::try_from(store.route_len(&state).await.expect("answered") / 2).expect("small");
    let mut waypoint = store.route_page(&state, middle, 1).await.expect("answered").remove(0);
    waypoint.body.title.en = format!("Changed {pair}");
    let edit = Edit::Change(&waypoint, None);
    store.edit_draft(SLUG, None, &edit, &Who::command_line(), NOW_MS).await.expect("kept").expect("changed");
}
