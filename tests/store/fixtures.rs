//! Routes, participants and check-ins to test with.

use studyroute::domain::check_in::Verdict;
use studyroute::domain::route::{Published, StudyRoute};
use studyroute::domain::time::parse_rfc3339;
use studyroute::formats::geojson;
use studyroute::store::{NewCheckIn, Outcome, Participant, Pasts, Store, StoredCheckIn};
use uuid::Uuid;

pub const NOW_MS: i64 = 1_777_600_000_000;

/// A real route file.
pub fn canal() -> StudyRoute {
    let file = std::fs::read("routes-data/peoples-canal/route.geojson").expect("the route file");
    geojson::read(&file).unwrap_or_else(|findings| panic!("{findings:?}"))
}

/// Its first stops under another name.
pub fn short_canal(slug: &str, stops: usize) -> StudyRoute {
    let mut route = canal();
    slug.clone_into(&mut route.slug);
    route.waypoints.truncate(stops);
    assert_eq!(route.waypoints.len(), stops, "the canal is long enough");
    route
}

/// Publishes a route and gives it back as it is published.
pub async fn publish(store: &Store, route: &StudyRoute) -> Published {
    store.publish(route, NOW_MS).await.expect("published");
    let (_, routes) = store.snapshot().await.expect("a snapshot");
    routes.into_iter().find(|published| published.route.slug == route.slug).expect("it is published")
}

/// The one who has this number.
pub fn who(number: u128) -> Uuid {
    Uuid::from_u128(0xb0b0_0000_0000_4000_8000_0000_0000_0000 + number)
}

/// Creates the participant with this number.
pub async fn create(store: &Store, number: u128) -> Uuid {
    let id = who(number);
    let participant = Participant { id, token_hash: id.as_bytes().to_vec(), created_ms: NOW_MS };
    store.create_participant(&participant).await.expect("created");
    id
}

/// An instant of the clock in Shanghai, such as `2026-05-01T08:00`.
pub fn at(local: &str) -> i64 {
    parse_rfc3339(&format!("{local}:00+08:00")).expect("an instant")
}

/// A check-in with verdict `inside` at a stop of a route.
pub fn check_in(participant: Uuid, id: &str, route: &Published, stop: usize, occurred_ms: i64) -> NewCheckIn {
    NewCheckIn {
        participant,
        id: id.to_owned(),
        route: route.key,
        waypoint: route.waypoint_keys[stop],
        revision: route.revision,
        occurred_ms,
        received_ms: occurred_ms + 1_500,
        verdict: Verdict::Inside,
        distance_m: 12.25,
        accuracy_m: 8.5,
        seal: [7; 16],
    }
}

/// The same, but not sure.
pub fn uncertain(check_in: NewCheckIn) -> NewCheckIn {
    NewCheckIn { verdict: Verdict::Uncertain, ..check_in }
}

/// Records a batch without a cache and without the speed rule.
pub async fn record(store: &Store, batch: &[NewCheckIn]) -> Vec<Outcome> {
    let (outcomes, _) = store.record(batch, Pasts::new(), &|_, _| false).await.expect("recorded");
    assert_eq!(outcomes.len(), batch.len(), "every check-in has its outcome");
    outcomes
}

/// Records one check-in that must be new.
pub async fn record_new(store: &Store, new: &NewCheckIn) -> StoredCheckIn {
    recorded(record(store, std::slice::from_ref(new)).await.pop().expect("one outcome"))
}

/// What was recorded anew.
pub fn recorded(outcome: Outcome) -> StoredCheckIn {
    match outcome {
        Outcome::Recorded(stored) => stored,
        other => panic!("not recorded anew: {other:?}"),
    }
}

/// Asserts that the counters are what the log gives, and says how many check-ins that has.
pub async fn audited(store: &Store) -> usize {
    let audit = store.audit().await.expect("an audit");
    assert_eq!(audit.differences, Vec::<String>::new());
    audit.check_ins
}
