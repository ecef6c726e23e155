//! Publishing routes and reading them back.

use crate::both::{Database, both};
use crate::fixtures::{NOW_MS, canal, publish, short_canal};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use studyroute::domain::route::{Published, StudyRoute};
use studyroute::store::{Store, StoreError};

both! {
    a_published_route_is_read_back_as_it_was,
    the_same_file_again_changes_nothing,
    a_changed_waypoint_alone_is_written_again,
    a_new_order_is_shown_in_the_snapshot,
    a_waypoint_that_comes_back_keeps_its_key,
    two_routes_stand_side_by_side,
    a_route_longer_than_one_batch_keeps_its_order,
    a_snapshot_never_mixes_two_publications,
    a_publication_that_fails_in_the_middle_leaves_nothing,
    two_nodes_that_import_one_file_at_once_make_one_revision,
}

async fn a_published_route_is_read_back_as_it_was(database: Database) {
    assert_eq!(database.snapshot().await.expect("a snapshot"), (0, Vec::new()));
    let outcome = database.publish(&canal(), NOW_MS).await.expect("published");
    assert_eq!((outcome.slug.as_str(), outcome.revision, outcome.generation), ("peoples-canal", 1, 1));
    assert_eq!((outcome.changed, outcome.published), (canal().waypoints.len(), true));
    let (generation, routes) = database.snapshot().await.expect("a snapshot");
    let [published] = &routes[..] else { panic!("one route: {routes:?}") };
    assert_eq!((generation, published.revision, published.published_ms), (1, 1, NOW_MS));
    assert_eq!(published.route, canal());
    assert_eq!(published.waypoint_keys.len(), canal().waypoints.len());
    assert_eq!(database.route_key("peoples-canal").await.expect("a key"), Some(published.key));
    assert_eq!(database.route_key("nowhere").await.expect("no key"), None);
    let names = database.waypoint_names(&published.waypoint_keys).await.expect("names");
    let first = format!("peoples-canal/{}", canal().waypoints[0].id);
    assert_eq!(names.get(&published.waypoint_keys[0]), Some(&first));
}

async fn the_same_file_again_changes_nothing(database: Database) {
    let before = publish(&database, &canal()).await;
    let outcome = database.publish(&canal(), NOW_MS + 1).await.expect("taken");
    assert_eq!((outcome.revision, outcome.changed, outcome.published, outcome.generation), (1, 0, false, 1));
    assert_eq!(database.snapshot().await.expect("a snapshot"), (1, vec![before]));
}

async fn a_changed_waypoint_alone_is_written_again(database: Database) {
    let before = publish(&database, &canal()).await;
    let mut route = canal();
    route.waypoints[3].body.title.en = "Another title".into();
    let outcome = database.publish(&route, NOW_MS + 1).await.expect("published");
    assert_eq!((outcome.revision, outcome.changed, outcome.published, outcome.generation), (2, 1, true, 2));
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    let expected = Published { revision: 2, published_ms: NOW_MS + 1, route, ..before };
    assert_eq!(routes, vec![expected]);
    let written = database.number("select count(*) from waypoint_versions where first_revision = 2").await;
    let ended = database.number("select count(*) from waypoint_versions where last_revision = 1").await;
    assert_eq!((written, ended), (1, 1));
}

async fn a_new_order_is_shown_in_the_snapshot(database: Database) {
    let mut route = short_canal("short", 4);
    let before = publish(&database, &route).await;
    route.waypoints.swap(1, 2);
    let route = route.numbered();
    assert_eq!(database.publish(&route, NOW_MS).await.expect("published").changed, 2);
    let mut keys = before.waypoint_keys;
    keys.swap(1, 2);
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    assert_eq!((&routes[0].route, &routes[0].waypoint_keys), (&route, &keys));
}

async fn a_waypoint_that_comes_back_keeps_its_key(database: Database) {
    let whole = short_canal("short", 4);
    let before = publish(&database, &whole).await;
    let mut shorter = whole.clone();
    shorter.waypoints.pop();
    let outcome = database.publish(&shorter, NOW_MS).await.expect("published");
    assert_eq!((outcome.revision, outcome.changed), (2, 1));
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    assert_eq!((&routes[0].route, &routes[0].waypoint_keys[..]), (&shorter, &before.waypoint_keys[..3]));
    let withdrawn = database.waypoint_names(&before.waypoint_keys[3..]).await.expect("names");
    assert_eq!(withdrawn.len(), 1, "its name is known all the same");
    assert_eq!(database.publish(&whole, NOW_MS).await.expect("published").changed, 1);
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    assert_eq!(routes, vec![Published { revision: 3, ..before }]);
}

async fn two_routes_stand_side_by_side(database: Database) {
    let second = publish(&database, &short_canal("b-route", 5)).await;
    let first = publish(&database, &short_canal("a-route", 3)).await;
    assert_eq!(database.snapshot().await.expect("a snapshot"), (2, vec![first.clone(), second.clone()]));
    assert_ne!(first.key, second.key);
    assert!(first.waypoint_keys.iter().all(|key| !second.waypoint_keys.contains(key)), "stops of one name are two");
}

async fn a_route_longer_than_one_batch_keeps_its_order(database: Database) {
    let mut route = short_canal("long", 1);
    let pattern = route.waypoints.remove(0);
    // Numbers that do not sort as text, and more than twice what travels in one parameter.
    for number in 0..4_001 {
        let mut waypoint = pattern.clone();
        waypoint.id = format!("stop-{number}");
        route.waypoints.push(waypoint);
    }
    let mut route = route.numbered();
    let published = publish(&database, &route).await;
    assert!(published.route == route, "the stops are there in their order");
    route.waypoints.clear();
    assert_eq!(database.publish(&route, NOW_MS).await.expect("published").changed, 4_001);
    assert!(database.snapshot().await.expect("a snapshot").1[0].route.waypoints.is_empty());
}

fn numbered(number: i64) -> StudyRoute {
    let mut route = short_canal("short", 6);
    route.title.en = number.to_string();
    for waypoint in &mut route.waypoints {
        waypoint.body.title.en = number.to_string();
    }
    route
}

/// Publishes, and is never more than five publications ahead of who looks.
async fn publish_fifty(store: Store, seen: Arc<AtomicI64>) {
    for number in 1..=50 {
        let outcome = store.publish(&numbered(number), NOW_MS).await.expect("published");
        assert_eq!(outcome.generation, number);
        while seen.load(Ordering::Relaxed) < number - 5 {
            tokio::task::yield_now().await;
        }
    }
}

async fn a_snapshot_never_mixes_two_publications(database: Database) {
    let seen = Arc::new(AtomicI64::new(0));
    let publisher = tokio::spawn(publish_fifty(database.again().await, Arc::clone(&seen)));
    while seen.load(Ordering::Relaxed) < 50 {
        let (generation, routes) = database.snapshot().await.expect("a snapshot");
        let content: Vec<&StudyRoute> = routes.iter().map(|published| &published.route).collect();
        let expected = numbered(generation);
        assert_eq!(content, if generation == 0 { vec![] } else { vec![&expected] });
        assert!(routes.iter().all(|published| published.revision == generation));
        seen.store(generation, Ordering::Relaxed);
    }
    publisher.await.expect("all fifty were published");
}

async fn a_publication_that_fails_in_the_middle_leaves_nothing(database: Database) {
    publish(&database, &short_canal("short", 4)).await;
    let before = database.snapshot().await.expect("a snapshot");
    for slug in ["short", "never-seen"] {
        let mut broken = short_canal(slug, 5);
        broken.title.en = "Another title".into();
        broken.waypoints[4] = broken.waypoints[0].clone();
        let error = database.publish(&broken, NOW_MS).await.expect_err("two stops of one name");
        assert!(matches!(error, StoreError::Conflict), "{error:?}");
    }
    assert_eq!(database.snapshot().await.expect("a snapshot"), before);
    assert_eq!(database.route_key("never-seen").await.expect("no key"), None);
    assert_eq!(database.number("select count(*) from waypoints").await, 4);
    assert_eq!(database.number("select count(*) from waypoint_versions where last_revision is not null").await, 0);
    let outcome = database.publish(&short_canal("short", 5), NOW_MS).await.expect("the writer works on");
    assert_eq!((outcome.revision, outcome.changed, outcome.generation), (2, 1, 2));
}

async fn two_nodes_that_import_one_file_at_once_make_one_revision(database: Database) {
    let other = database.again().await;
    for revision in 1..=10 {
        let route = numbered(revision);
        let (one, two) = tokio::join!(database.publish(&route, NOW_MS), other.publish(&route, NOW_MS));
        let (one, two) = (one.expect("published"), two.expect("published"));
        assert_eq!((one.revision, two.revision), (revision, revision));
        assert!(one.published != two.published, "{one:?} {two:?}");
    }
    assert_eq!(database.generation().await.expect("a generation"), 10);
}
