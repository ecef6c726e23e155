//! The first publication of a long route: what is written beforehand is seen by nobody, and only what is published counts.

use crate::both::{Database, both};
use crate::fixtures::{NOW_MS, short_canal};
use std::sync::Arc;
use studyroute::domain::route::{StudyRoute, Waypoint};
use studyroute::http::wire;
use studyroute::index::{Current, Index};
use studyroute::store::{Edit, Head, Publication, Release, RouteState, Store, Who};
use studyroute::tasks::refresher::Refresher;

both! {
    what_is_written_beforehand_is_seen_by_nobody,
    a_draft_that_changed_after_it_was_prepared_is_published_as_it_is,
    what_was_prepared_for_nothing_is_swept,
}

const SLUG: &str = "long";
const STOPS: usize = 2_100;

fn long() -> StudyRoute {
    let mut route = short_canal(SLUG, 1);
    let pattern = route.waypoints.remove(0);
    route.waypoints = (0..STOPS).map(|n| Waypoint { id: format!("stop-{n}"), ..pattern.clone() }).collect();
    route.numbered()
}

fn publication() -> Publication {
    Publication { who: Who::command_line(), note: String::new(), now_ms: NOW_MS }
}

async fn state(store: &Store) -> RouteState {
    store.route_state(SLUG).await.expect("an answer").expect("the route")
}

async fn edit(store: &Store, edit: &Edit<'_>) {
    let edited = store.edit_draft(SLUG, None, edit, &Who::command_line(), NOW_MS).await;
    edited.expect("the database takes it").expect("it is taken");
}

/// A draft of a route that was never published.
async fn drafted(store: &Store) -> StudyRoute {
    let route = long();
    let content = store.begin_content(NOW_MS).await.expect("a set");
    let placed: Vec<_> = route.waypoints.iter().cloned().enumerate().collect();
    store.put_content(content, &placed).await.expect("filled");
    edit(store, &Edit::Adopt(content, Some(&Head::of(&route)))).await;
    route
}

async fn prepared(store: &Store) -> bool {
    let release = Release::Draft(state(store).await.version(), 0);
    store.prepare(SLUG, &release).await.expect("the database takes it").is_some()
}

async fn versions(database: &Database) -> i64 {
    database.number("select count(*) from waypoint_versions").await
}

/// What a node serves that starts now: generation and number of waypoints.
async fn served(store: &Store) -> (i64, usize) {
    let current = Arc::new(Current::new(Index::build(0, Vec::new(), wire::render)));
    Refresher::new(store.clone(), Arc::clone(&current), wire::render).refresh().await.expect("served");
    let index = current.load();
    (index.generation(), index.len())
}

async fn publish(store: &Store) -> (usize, i64) {
    let state = state(store).await;
    let release = Release::Draft(state.version(), state.revision);
    let outcome = store.release(SLUG, &release, &publication()).await.expect("an answer").expect("published");
    assert!(outcome.published);
    (outcome.changed, outcome.revision)
}

async fn what_is_written_beforehand_is_seen_by_nobody(database: Database) {
    // Another route, so that there is something to serve.
    database.publish(&short_canal("short", 3), NOW_MS).await.expect("published");
    let route = drafted(&database).await;
    assert!(prepared(&database).await);
    assert_eq!(versions(&database).await, 3 + i64::try_from(STOPS).expect("small"));
    assert_eq!(served(&database).await, (1, 3));
    assert_eq!(database.snapshot().await.expect("a snapshot").1.len(), 1);
    assert_eq!(state(&database).await.revision, 0);
    assert!(database.route_page(&state(&database).await, 0, 3_000).await.expect("a page") == route.waypoints);
    assert!(database.changed_page(&state(&database).await, "", 10).await.expect("a page").len() == 10, "all is new");
    assert_eq!(publish(&database).await, (STOPS, 1));
    assert_eq!(served(&database).await, (2, 3 + STOPS));
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    assert!(routes[0].route == route, "all of it, in its order");
}

async fn a_draft_that_changed_after_it_was_prepared_is_published_as_it_is(database: Database) {
    let mut route = drafted(&database).await;
    assert!(prepared(&database).await);
    let mut changed = route.waypoints[7].clone();
    changed.body.title.en = "Another".into();
    edit(&database, &Edit::Change(&changed, None)).await;
    edit(&database, &Edit::Remove("stop-9")).await;
    edit(&database, &Edit::Remove("stop-2098")).await;
    route.waypoints[7].body.title.en = "Another".into();
    route.waypoints.retain(|stop| stop.id != "stop-9" && stop.id != "stop-2098");
    assert_eq!(publish(&database).await, (STOPS - 2, 1));
    assert_eq!(versions(&database).await, i64::try_from(STOPS - 2).expect("small"));
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    assert!(routes[0].route == route.numbered(), "as it is now, not as it was prepared");
}

async fn what_was_prepared_for_nothing_is_swept(database: Database) {
    drafted(&database).await;
    assert!(prepared(&database).await);
    while database.sweep_contents(NOW_MS).await.expect("swept") {}
    assert_eq!(versions(&database).await, i64::try_from(STOPS).expect("small"), "it may still be published");
    database.drop_draft(SLUG, None, &Who::command_line(), NOW_MS).await.expect("taken").expect("dropped");
    while database.sweep_contents(NOW_MS).await.expect("swept") {}
    assert_eq!(versions(&database).await, 0);
    assert_eq!(served(&database).await, (0, 0));
}
