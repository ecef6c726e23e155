//! A generation that came about by many small changes answers as one that was built whole.

use super::*;
use crate::domain::geodesy::LatLon;
use crate::domain::published::RouteHead;
use crate::domain::route::{Published, StudyRoute, Text, Waypoint, WaypointBody};
use crate::domain::zone::Zone;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

/// A waypoint in few words: where it stands on a small grid, which themes it has, and what it says.
type Few = (i8, u8, u8);

/// What is published: per route its revision, and its stops' numbers in order with what they are.
type World = BTreeMap<u8, (i64, Vec<(u8, Few)>)>;

fn waypoint(id: u8, (at, themes, text): Few) -> Waypoint {
    // Places that meet, and places on both sides of one that are equally far.
    let lat = 35.0 + f64::from(at % 5) * 0.001;
    let themes = ["botany", "hydraulics", "optics"].iter().zip(0..).filter(|(_, bit)| themes >> bit & 1 == 1);
    let body = WaypointBody {
        title: Text { zh_cn: format!("题{text}"), en: format!("Title {text}") },
        zone: Zone::Circle { radius_m: f64::from(text) + 1.0, to_be_surveyed: false },
        themes: themes.map(|(theme, _)| (*theme).to_string()).collect(),
        ..WaypointBody::default()
    };
    let position = LatLon::new(lat, 117.0 + f64::from(at / 5) * 0.001).expect("on earth");
    Waypoint { id: format!("stop-{id}"), position, height_m: None, body }
}

fn slug(route: u8) -> String {
    format!("route-{}", (b'z' - route) as char)
}

fn key(route: u8, id: u8) -> i64 {
    i64::from(route) * 1_000 + i64::from(id) + 1
}

fn render(route: &str, waypoint: &Waypoint, lang: Lang, out: &mut Vec<u8>) {
    let order = waypoint.body.order;
    out.extend_from_slice(format!("{route}/{} {order} {}", waypoint.id, waypoint.body.title.get(lang)).as_bytes());
}

fn head(route: u8, revision: i64) -> RouteHead {
    let title = Text { zh_cn: format!("线{revision}"), en: format!("Route {revision}") };
    let (key, published_ms) = (i64::from(route) + 1, revision * 7);
    RouteHead { key, slug: slug(route), revision, published_ms, title, summary: Text::default(), line: Vec::new() }
}

fn whole(generation: i64, world: &World) -> Index {
    let published = world.iter().map(|(route, (revision, stops))| {
        let RouteHead { key: route_key, slug, revision, published_ms, title, summary, line } = head(*route, *revision);
        let waypoints = stops.iter().map(|(id, few)| waypoint(*id, *few)).collect();
        let waypoint_keys = stops.iter().map(|(id, _)| key(*route, *id)).collect();
        let route = StudyRoute { slug, title, summary, line, waypoints }.numbered();
        Published { key: route_key, revision, published_ms, route, waypoint_keys }
    });
    Index::build(generation, published.collect(), render)
}

/// As the store tells it: what differs, stop by stop, or everything of a route that was not served.
fn change(generation: i64, before: &World, now: &World) -> Change {
    let mut change = Change { generation, ..Change::default() };
    change.gone = before.keys().filter(|route| !now.contains_key(route)).map(|route| i64::from(*route) + 1).collect();
    for (route, (revision, stops)) in now {
        let old = before.get(route);
        if old.is_some_and(|(old, _)| old == revision) {
            continue;
        }
        change.routes.push(head(*route, *revision));
        if old.is_none() {
            change.whole.insert(i64::from(*route) + 1);
        }
        let old: Vec<_> = old.map(|(_, stops)| stops.iter().enumerate().collect()).unwrap_or_default();
        let mut shelf = Shelf::default();
        for stop in stops.iter().enumerate().filter(|stop| !old.contains(stop)) {
            let (place, (id, few)) = stop;
            let mut waypoint = waypoint(*id, *few);
            waypoint.body.order = u32::try_from(place).expect("small") + 1;
            shelf.put(i64::from(*route) + 1, &slug(*route), key(*route, *id), &waypoint, render);
        }
        change.shelves.push(shelf);
        let gone = old.iter().filter(|(_, (id, _))| !stops.iter().any(|(other, _)| other == id));
        change.removed.extend(gone.map(|(_, (id, _))| key(*route, *id)));
    }
    change
}

/// Everything that can be asked.
fn answers(index: &Index) -> Vec<String> {
    let mut answers = vec![format!("{} {} {:?}", index.generation(), index.len(), index.themes().collect::<Vec<_>>())];
    for route in index.routes() {
        answers.push(format!("{:?} {:?} {:?}", &***route, route.waypoint_keys, route.themes().collect::<Vec<_>>()));
        assert!(index.route(&route.slug).is_some_and(|found| found.key == route.key));
        for key in &route.waypoint_keys {
            let stop = index.by_key(*key).expect("a stop");
            assert_eq!(index.waypoint(&stop.name()).map(|stop| stop.key), Some(*key));
            let told = Lang::ALL.map(|lang| index.fragment_by_key(*key, lang).map(String::from_utf8_lossy));
            answers.push(format!("{} {} {:?} {told:?}", stop.name(), stop.ordinal, stop.site));
        }
    }
    let routes: Vec<String> = (0..4).map(slug).collect();
    let routes = routes.iter().map(|route| Some(route.as_str())).chain([None]);
    for (route, theme) in routes.flat_map(|route| [None, Some("optics"), Some("botany")].map(|theme| (route, theme))) {
        for (lat, lon, radius_m, limit) in
            [(35.002, 117.0, 100_000.0, 4), (35.001, 117.001, 150.0, 30), (35.0, 117.0, 1.0, 2)]
        {
            let frame = Frame::at(LatLon::new(lat, lon).expect("on earth"));
            let found = index.nearby(&frame, radius_m, limit, Wanted { route, theme });
            answers.extend(found.iter().map(|seen| {
                let told = String::from_utf8_lossy(index.fragment(seen.point, Lang::En));
                format!("{route:?} {theme:?} {told} {:?} {:?}", seen.distance_m, seen.enu)
            }));
            assert!(found.windows(2).all(|two| two[0].distance_m <= two[1].distance_m));
        }
    }
    answers
}

#[derive(Clone, Debug)]
enum Event {
    /// A route gets other stops: some anew, some moved, some gone.
    Publish(u8, Vec<(u8, Few)>),
    /// One stop of a route says something else or stands elsewhere.
    Touch(u8, u8, Few),
    /// A head alone is new.
    Rename(u8),
    Withdraw(u8),
}

fn event() -> impl Strategy<Value = Event> {
    let few = || (-10..10i8, 0..8u8, 0..4u8);
    prop_oneof![
        2 => (0..3u8, prop::collection::vec((0..60u8, few()), 0..60)).prop_map(|(route, stops)| Event::Publish(route, stops)),
        6 => (0..4u8, any::<u8>(), few()).prop_map(|(route, stop, few)| Event::Touch(route, stop, few)),
        1 => (0..4u8).prop_map(Event::Rename),
        1 => (0..3u8).prop_map(Event::Withdraw),
    ]
}

fn happens(world: &mut World, revisions: &mut [i64; 4], event: Event) {
    let (Event::Publish(route, _) | Event::Touch(route, ..) | Event::Rename(route) | Event::Withdraw(route)) = event;
    revisions[usize::from(route)] += 1;
    let revision = revisions[usize::from(route)];
    match event {
        Event::Publish(_, stops) => {
            let mut seen = HashSet::new();
            let stops = stops.into_iter().filter(|(id, _)| seen.insert(*id)).collect();
            world.insert(route, (revision, stops));
        }
        Event::Withdraw(_) => drop(world.remove(&route)),
        Event::Touch(..) | Event::Rename(_) => {
            let Some((served, stops)) = world.get_mut(&route) else { return };
            *served = revision;
            if let (Event::Touch(_, stop, few), 1..) = (event, stops.len()) {
                let place = usize::from(stop) % stops.len();
                stops[place].1 = few;
            }
        }
    }
}

/// A route so long that a few changes stand beside the base.
fn long() -> World {
    let stops = (0..250u8).map(|id| (id, ((id % 20).cast_signed() - 10, id % 8, id % 4))).collect();
    BTreeMap::from([(3, (1, stops))])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_generation_made_by_changes_answers_as_one_built_whole(
        events in prop::collection::vec((event(), any::<bool>()), 1..25)
    ) {
        let (mut world, mut revisions) = (long(), [1; 4]);
        let mut served = world.clone();
        let mut index = whole(1, &world);
        for ((event, looks), generation) in events.into_iter().zip(2..) {
            happens(&mut world, &mut revisions, event);
            // Somebody who does not look at every generation sees several changes at once.
            if looks {
                index = index.changed(change(generation, &served, &world)).expect("it fits");
                served = world.clone();
                prop_assert_eq!(answers(&index), answers(&whole(generation, &world)));
            }
        }
    }
}

#[test]
fn a_small_change_shares_the_base_and_a_large_one_makes_a_new_one() {
    let before = long();
    let index = whole(1, &before);
    let mut now = before.clone();
    now.get_mut(&3).expect("there").0 = 2;
    now.get_mut(&3).expect("there").1[7].1 = (0, 0, 9);
    let small = index.changed(change(2, &before, &now)).expect("it fits");
    assert!(Arc::ptr_eq(&index.base, &small.base) && small.fresh.len() == 1 && small.gone.len() == 1);
    assert_eq!(answers(&small), answers(&whole(2, &now)));
    let renamed = BTreeMap::from([(3, (3, now[&3].1.clone()))]);
    let same = small.changed(change(3, &now, &renamed)).expect("it fits");
    assert!(Arc::ptr_eq(&small.base, &same.base) && Arc::ptr_eq(&small.fresh, &same.fresh));
    let mut other = renamed.clone();
    other.insert(1, (1, (0..20).map(|id| (id, (0, 1, 1))).collect()));
    let large = same.changed(change(4, &renamed, &other)).expect("it fits");
    assert!(large.base.len() == 270 && large.fresh.len() == 0 && large.gone.len() == 0);
    assert_eq!(answers(&large), answers(&whole(4, &other)));
}

#[test]
fn a_change_that_does_not_fit_is_refused() {
    let before = long();
    let index = whole(1, &before);
    let fits = |change: Change| index.changed(change).is_some();
    let mut now = before.clone();
    now.get_mut(&3).expect("there").0 = 2;
    now.get_mut(&3).expect("there").1.push((250, (0, 0, 0)));
    assert!(fits(change(2, &before, &now)));
    let without_its_stop = Change { shelves: Vec::new(), removed: vec![key(3, 3)], ..change(2, &before, &now) };
    assert!(fits(without_its_stop), "one stop less");
    let without_its_route = Change { routes: Vec::new(), ..change(2, &before, &now) };
    assert!(!fits(without_its_route));
    let of_nobody = Change { whole: HashSet::new(), ..change(2, &World::new(), &BTreeMap::from([(0, (1, vec![]))])) };
    assert!(!fits(of_nobody), "only what differs, of a route that is not served");
    now.get_mut(&3).expect("there").1.push((251, (0, 0, 0)));
    let mut gap = change(2, &before, &now);
    let mut shelf = Shelf::default();
    let mut last = waypoint(251, (0, 0, 0));
    last.body.order = 252;
    shelf.put(4, &slug(3), key(3, 251), &last, render);
    gap.shelves = vec![shelf];
    assert!(!fits(gap), "a place that nobody takes");
}
