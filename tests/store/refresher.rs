//! Looking for what was published: nobody loads what another is loading already, only what changed is loaded, and what is served
//! is what a node that has just started serves.

use crate::both::{Database, both};
use crate::fixtures::{NOW_MS, publish, short_canal};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use studyroute::domain::geodesy::{Frame, LatLon};
use studyroute::domain::route::{Lang, StudyRoute, Waypoint};
use studyroute::domain::zone::Zone;
use studyroute::http::wire;
use studyroute::index::{Current, Index, Render, Wanted};
use studyroute::store::{Publication, Release, Store, Who};
use studyroute::tasks::refresher::Refresher;

both! {
    of_many_who_look_at_once_one_loads_and_all_are_served,
    only_waypoints_that_changed_are_loaded,
    what_is_served_is_what_a_new_node_serves,
    a_route_with_another_history_is_loaded_whole,
}

const STOPS: usize = 4;
/// What is counted is counted for all tests together, so one waits for the other.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static RENDERED: AtomicUsize = AtomicUsize::new(0);

fn count(_: &str, _: &Waypoint, _: Lang, _: &mut Vec<u8>) {
    RENDERED.fetch_add(1, Ordering::SeqCst);
}

/// Waypoints that were loaded since the last call.
fn loaded() -> usize {
    RENDERED.swap(0, Ordering::SeqCst) / Lang::ALL.len()
}

fn node(store: &Store, render: Render) -> (Arc<Current>, Arc<Refresher>) {
    let current = Arc::new(Current::new(Index::default()));
    (Arc::clone(&current), Arc::new(Refresher::new(store.clone(), current, render)))
}

fn titled(mut route: StudyRoute, title: &str) -> StudyRoute {
    title.clone_into(&mut route.title.en);
    route
}

async fn of_many_who_look_at_once_one_loads_and_all_are_served(database: Database) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let (current, refresher) = node(&database, count);
    loaded();
    for generation in 1..4 {
        let mut route = titled(short_canal("short", STOPS), &generation.to_string());
        for waypoint in &mut route.waypoints {
            waypoint.body.title.en = generation.to_string();
        }
        publish(&database, &route).await;
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
        assert_eq!(loaded(), STOPS, "one loaded what all were waiting for");
    }
    assert!(refresher.is_in_step());
}

async fn only_waypoints_that_changed_are_loaded(database: Database) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let (current, refresher) = node(&database, count);
    let mut route = short_canal("short", 6);
    publish(&database, &short_canal("other", STOPS)).await;
    publish(&database, &route).await;
    loaded();
    refresher.refresh().await.expect("a look");
    assert_eq!(loaded(), STOPS + 6, "at first all");
    publish(&database, &titled(route.clone(), "Another title")).await;
    refresher.refresh().await.expect("a look");
    assert_eq!((loaded(), current.load().route("short").expect("there").title.en.as_str()), (0, "Another title"));
    route.waypoints[2].body.title.en = "Another title".into();
    route.waypoints.swap(4, 5);
    route.waypoints.remove(3);
    publish(&database, &route.clone().numbered()).await;
    refresher.refresh().await.expect("a look");
    assert_eq!(
        (loaded(), current.load().len()),
        (2, STOPS + 5),
        "one changed, one moved, one gone; the last stands where it stood"
    );
    publish(&database, &short_canal("third", 2)).await;
    refresher.refresh().await.expect("a look");
    assert_eq!((loaded(), current.load().len()), (2, STOPS + 7), "all of a new route");
    let publication = Publication { who: Who::command_line(), note: String::new(), now_ms: NOW_MS };
    database.release("short", &Release::Withdraw, &publication).await.expect("answered").expect("withdrawn");
    refresher.refresh().await.expect("a look");
    assert_eq!((loaded(), current.load().len()), (0, STOPS + 2), "nothing of one that went");
}

/// Everything that is served.
fn served(index: &Index) -> Vec<String> {
    let mut served = vec![format!("{} {} {:?}", index.generation(), index.len(), index.themes().collect::<Vec<_>>())];
    for route in index.routes() {
        served.push(format!("{:?} {:?} {:?}", &***route, route.waypoint_keys, route.themes().collect::<Vec<_>>()));
        for key in &route.waypoint_keys {
            let stop = index.by_key(*key).expect("a stop");
            assert_eq!(index.waypoint(&stop.name()).map(|stop| stop.key), Some(*key));
            let told = Lang::ALL.map(|lang| index.fragment_by_key(*key, lang).map(String::from_utf8_lossy));
            served.push(format!("{} {} {:?} {told:?}", stop.name(), stop.ordinal, stop.site));
        }
    }
    let eye = LatLon::new(35.4, 116.6).expect("on earth");
    for theme in [None, Some("hydraulics"), Some("none")] {
        let found = index.nearby(&Frame::at(eye), 100_000.0, 100, Wanted { route: None, theme });
        served.extend(found.iter().map(|seen| {
            let name = index.stop(seen.point).map(|stop| stop.name());
            format!("{theme:?} {name:?} {} {:?}", seen.distance_m, index.fragment(seen.point, Lang::En).len())
        }));
    }
    served
}

/// A file of a route with some of the canal's stops, in some order, some of them changed.
fn file(chance: &mut fastrand::Rng, slug: &str) -> StudyRoute {
    let mut route = titled(short_canal(slug, 20), &chance.u8(..).to_string());
    chance.shuffle(&mut route.waypoints[..]);
    route.waypoints.truncate(chance.usize(0..20));
    route.waypoints.sort_by(|a, b| if chance.u8(..) < 40 { b.id.cmp(&a.id) } else { a.id.cmp(&b.id) });
    for waypoint in &mut route.waypoints {
        match chance.u8(0..10) {
            0 => waypoint.body.title.en = format!("Title {}", chance.u8(..)),
            1 => waypoint.body.themes = vec!["hydraulics".into()],
            2 => waypoint.position = LatLon::new(35.4 + chance.f64(), 116.6).expect("on earth"),
            3 => waypoint.body.zone = Zone::Circle { radius_m: 77.0, to_be_surveyed: true },
            _ => {}
        }
    }
    route.numbered()
}

async fn happens(database: &Database, chance: &mut fastrand::Rng) {
    let slug = ["a-route", "b-route", "c-route"][chance.usize(0..3)];
    let publication = Publication { who: Who::command_line(), note: String::new(), now_ms: NOW_MS + chance.i64(0..9) };
    let release = match chance.u8(0..8) {
        0 => Release::Withdraw,
        1 => Release::Restore(chance.i64(1..6)),
        _ => {
            database.publish(&file(chance, slug), publication.now_ms).await.expect("published");
            return;
        }
    };
    // There may be nothing to take back or to restore yet.
    drop(database.release(slug, &release, &publication).await.expect("answered"));
}

async fn what_is_served_is_what_a_new_node_serves(database: Database) {
    let mut chance = fastrand::Rng::with_seed(20_261_127);
    let (current, refresher) = node(&database, wire::render);
    for _ in 0..60 {
        for _ in 0..chance.u8(1..4) {
            happens(&database, &mut chance).await;
        }
        refresher.refresh().await.expect("a look");
        let (new, its) = node(&database, wire::render);
        its.refresh().await.expect("a look");
        assert_eq!(served(&current.load()), served(&new.load()));
    }
    let generation = database.generation().await.expect("a number");
    assert!(generation > 60 && current.load().generation() == generation, "{generation}");
}

async fn a_route_with_another_history_is_loaded_whole(database: Database) {
    let mut route = short_canal("short", STOPS);
    publish(&database, &route).await;
    let (current, refresher) = node(&database, wire::render);
    refresher.refresh().await.expect("a look");
    // As if the database had been put back to an older state, from which it went on in another way.
    let (title, other) = (route.waypoints[1].body.title.en.clone(), "Of another history");
    database.execute("update revisions set published_ms = published_ms - 1").await.expect("changed");
    let documents = format!("update waypoint_versions set document = replace(document, '{title}', '{other}')");
    database.execute(&documents).await.expect("changed");
    route.waypoints[2].body.title.en = "Of this one".into();
    database.publish(&route, NOW_MS).await.expect("published");
    refresher.refresh().await.expect("a look");
    let index = current.load();
    let told: Vec<_> = index.route("short").expect("there").waypoint_keys.clone();
    let told = told.iter().map(|key| String::from_utf8_lossy(index.fragment_by_key(*key, Lang::En).expect("told")));
    let told: Vec<_> = told.collect();
    assert!(told[2].contains("Of this one"), "{told:?}");
    let (new, its) = node(&database, wire::render);
    its.refresh().await.expect("a look");
    assert_eq!(served(&index), served(&new.load()));
}
