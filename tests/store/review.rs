//! A publication is judged by what it changes alone. Random edits of a route, judged so and by looking at all of it, before and
//! after: the verdicts and what is said must be the same.

use crate::both::{Database, runtime};
use crate::fixtures::{NOW_MS, short_canal};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use studyroute::design::publish::{self, PublishError, State, by_rule};
use studyroute::domain::geodesy::LatLon;
use studyroute::domain::lint::{self, Circumstances, Finding, Level};
use studyroute::domain::route::{Question, StudyRoute, Waypoint};
use studyroute::domain::zone::Zone;
use studyroute::store::{Edit, Head, Publication, Release, RouteState, Store, Who};

const SLUG: &str = "walk";
/// More than is looked up around one change, in the order and on the ground.
const STOPS: usize = 330;
const TOWN: usize = 30;

/// A stop with nothing wrong.
static PATTERN: LazyLock<StudyRoute> = LazyLock::new(|| {
    let mut route = short_canal(SLUG, 1);
    let stop = &mut route.waypoints[0];
    stop.body.exhibits.clear();
    stop.body.questions.truncate(1);
    stop.body.coordinate.precision_m = 5.0;
    route
});

/// How the questions of the stops have their keys.
#[derive(Clone, Copy, Debug)]
enum Keys {
    None,
    One,
    Several,
}

/// What is done to one stop, by its number, with a number that says how.
#[derive(Clone, Debug)]
enum Change {
    Move(usize, usize),
    Zone(usize, usize),
    Title(usize, bool),
    Key(usize, bool),
    Remove(usize),
    Add(usize, usize),
    Place(usize, usize),
    Head(bool),
    Swap,
}

#[derive(Clone, Debug)]
enum Step {
    Edit(Change),
    Publish,
    /// Somebody else brings the first revision back.
    Restore,
}

fn change() -> impl Strategy<Value = Change> {
    let number = || 0..STOPS;
    prop_oneof![
        4 => (number(), number()).prop_map(|(i, to)| Change::Move(i, to)),
        4 => (number(), 0..6usize).prop_map(|(i, size)| Change::Zone(i, size)),
        2 => (number(), prop::bool::weighted(0.1)).prop_map(|(i, empty)| Change::Title(i, empty)),
        2 => (number(), any::<bool>()).prop_map(|(i, other)| Change::Key(i, other)),
        2 => number().prop_map(Change::Remove),
        2 => (number(), number()).prop_map(|(i, at)| Change::Add(i, at)),
        3 => (number(), number()).prop_map(|(i, to)| Change::Place(i, to)),
        1 => any::<bool>().prop_map(Change::Head),
        1 => Just(Change::Swap),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![9 => change().prop_map(Step::Edit), 3 => Just(Step::Publish), 1 => Just(Step::Restore)]
}

/// Towns along a line, houses in a row; some stand where others stand.
fn position(i: usize) -> LatLon {
    let whole = |n: usize| f64::from(u32::try_from(n).expect("small"));
    let (town, house) = (whole(i / TOWN), whole(i % TOWN / 2 * 2));
    LatLon::new(35.123_456 + town * 0.05, 116.123_456 + house * 0.000_4).expect("on earth")
}

fn zone(size: usize) -> Zone {
    let circle = |radius_m| Zone::Circle { radius_m, to_be_surveyed: false };
    match size {
        0 => circle(26.0),
        1 => circle(40.0),
        2 => circle(20.0),
        3 => circle(300.0),
        4 => circle(6_000.0),
        _ => Zone::Circle { radius_m: 50.0, to_be_surveyed: true },
    }
}

fn stop(i: usize, keys: Keys) -> Waypoint {
    let mut stop = PATTERN.waypoints[0].clone();
    (stop.id, stop.position) = (format!("stop-{i}"), position(i));
    stop.body.zone = zone(i % 2);
    stop.body.order = 0;
    let question = stop.body.questions[0].clone();
    let other = question.options.iter().find(|option| option.id != question.key).expect("two options").id.clone();
    match keys {
        Keys::None => stop.body.questions.clear(),
        Keys::One => {}
        Keys::Several if i.is_multiple_of(3) => stop.body.questions[0].key = other,
        Keys::Several => {
            let numbered = |n: usize| Question { id: format!("q-{n}"), ..question.clone() };
            stop.body.questions = (0..4).map(numbered).collect();
        }
    }
    stop
}

struct Run {
    store: Store,
    keys: Keys,
    added: usize,
}

fn publication() -> Publication {
    Publication { who: Who::command_line(), note: String::new(), now_ms: NOW_MS }
}

impl Run {
    async fn state(&self) -> RouteState {
        self.store.route_state(SLUG).await.expect("an answer").expect("a route")
    }

    async fn edit(&self, edit: &Edit<'_>) {
        let edited = self.store.edit_draft(SLUG, None, edit, &Who::command_line(), NOW_MS).await;
        edited.expect("the database takes it").expect("it is taken");
    }

    async fn change(&mut self, change: Change) {
        let state = self.state().await;
        let stops = self.store.route_page(&state, 0, 1_000).await.expect("a page");
        let named = |i: usize| stops.get(i % stops.len().max(1)).cloned();
        let changed = |stop: Option<Waypoint>, how: &dyn Fn(&mut Waypoint)| {
            stop.map(|mut stop| {
                how(&mut stop);
                stop
            })
        };
        let stop = match change {
            Change::Move(i, to) => changed(named(i), &|stop| stop.position = position(to)),
            Change::Zone(i, size) => changed(named(i), &|stop| stop.body.zone = zone(size)),
            Change::Title(i, empty) => changed(named(i), &|stop| {
                stop.body.title.en = format!("Title {i}");
                if empty {
                    (stop.body.title.en, stop.body.title.zh_cn) = (String::new(), String::new());
                }
            }),
            Change::Key(i, other) => changed(named(i), &|stop| {
                stop.body.questions.clone_from(&PATTERN.waypoints[0].body.questions);
                let question = &mut stop.body.questions[0];
                let options = question.options.iter().map(|option| option.id.clone());
                let key = options.filter(|id| *id != question.key).take(usize::from(other)).last();
                question.key = key.unwrap_or_else(|| question.key.clone());
            }),
            Change::Remove(i) => {
                if let Some(stop) = named(i) {
                    self.edit(&Edit::Remove(&stop.id)).await;
                }
                None
            }
            Change::Add(i, at) => {
                self.added += 1;
                let new = Waypoint { id: format!("new-{}", self.added), ..stop(i, self.keys) };
                return self.edit(&Edit::Add(&new, Some(at))).await;
            }
            Change::Place(i, to) => {
                let Some(stop) = named(i) else { return };
                return self.edit(&Edit::Change(&stop, Some(to))).await;
            }
            Change::Head(empty) => {
                let mut head = Head::of(&PATTERN);
                head.title.en = if empty { String::new() } else { "Another".into() };
                return self.edit(&Edit::Head(&head)).await;
            }
            Change::Swap => {
                let mut order: Vec<String> = stops.iter().map(|stop| stop.id.clone()).collect();
                let middle = order.len() / 2;
                order.rotate_left(middle);
                return self.edit(&Edit::Order(&order)).await;
            }
        };
        if let Some(stop) = stop {
            self.edit(&Edit::Change(&stop, None)).await;
        }
    }

    /// Publishes the draft if it can be, after both ways of judging it have said the same.
    async fn publish(&self) {
        let state = self.state().await;
        if state.draft.is_none() {
            return;
        }
        let content = async |which| publish::content(&self.store, &state, which).await.expect("an answer");
        let look =
            |route: StudyRoute| lint::check_with(&route, &Circumstances { planned_hour: None, asset: &|_| None });
        let before = content(State::Published).await.map(look).unwrap_or_default();
        let now = content(State::Draft).await.map(look).unwrap_or_default();
        let checked = publish::check(&self.store, &state, None).await.expect("an answer");
        assert_eq!(checked.findings, now, "page by page all is found in the same order");
        let fresh = new_since(&before, now.clone());
        let mut expected = by_rule(&fresh);
        if state.draft.as_ref().is_some_and(|draft| draft.base_revision != state.revision) {
            expected.insert(publish::PUBLISHED_MEANWHILE, 1);
        }
        assert_eq!(checked.to_acknowledge, expected);
        let errors: Vec<Finding> = now.into_iter().filter(|finding| finding.rule.level() == Level::Error).collect();
        let said = publish::publish(&self.store, SLUG, None, &[], &publication()).await;
        match said {
            Err(PublishError::Mistakes(found)) => assert_eq!(sorted(found), sorted(errors)),
            Err(PublishError::Unacknowledged(rules, about)) => {
                assert!(errors.is_empty(), "{errors:?}");
                assert_eq!((&rules, known(&about)), (&expected, known(&fresh)));
                let acknowledged: Vec<String> = rules.into_keys().map(String::from).collect();
                publish::publish(&self.store, SLUG, None, &acknowledged, &publication()).await.expect("published");
            }
            other => assert_eq!((errors, expected), (Vec::new(), BTreeMap::new()), "{other:?}"),
        }
    }
}

fn sorted(mut findings: Vec<Finding>) -> Vec<String> {
    findings.sort_by_key(ToString::to_string);
    findings.iter().map(|finding| format!("{finding:?}")).collect()
}

/// What they are known again by, and how often: which of several of a kind is the new one cannot be said.
fn known(findings: &[Finding]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(format!("{:?} {:?} {}", finding.rule, finding.waypoint, finding.property)).or_default() += 1;
    }
    counts
}

/// The warnings of `now` that were not there `before`, as plainly as it can be said; one before covers one now.
fn new_since(before: &[Finding], now: Vec<Finding>) -> Vec<Finding> {
    let key = |finding: &Finding| (finding.rule, finding.waypoint.clone(), finding.property.clone());
    let mut known: HashMap<_, usize> = HashMap::new();
    for finding in before {
        *known.entry(key(finding)).or_default() += 1;
    }
    let is_new = |finding: &Finding| {
        let left = known.entry(key(finding)).or_default();
        let covered = *left > 0;
        *left = left.saturating_sub(1);
        !covered && finding.rule.level() == Level::Warning
    };
    now.into_iter().filter(is_new).collect()
}

async fn judged_alike(database: Database, keys: Keys, steps: Vec<Step>) -> Store {
    let route = StudyRoute { waypoints: (0..STOPS).map(|i| stop(i, keys)).collect(), ..PATTERN.clone() };
    let route = route.numbered();
    assert!(lint::check(&route).iter().all(|finding| finding.rule.level() == Level::Warning), "it may be published");
    database.publish(&route, NOW_MS).await.expect("published");
    let mut run = Run { store: database.store.clone(), keys, added: 0 };
    for step in steps {
        match step {
            Step::Edit(change) => run.change(change).await,
            Step::Publish => run.publish().await,
            Step::Restore => {
                let restored = run.store.release(SLUG, &Release::Restore(1), &publication()).await;
                restored.expect("the database takes it").expect("it is there");
            }
        }
    }
    run.publish().await;
    database.store
}

fn runs(cases: u32, database: impl AsyncFn() -> Option<Database>) {
    let runtime = runtime();
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 60, max_shrink_time: 60_000, ..Config::default() };
    let keys = prop_oneof![Just(Keys::None), Just(Keys::One), Just(Keys::Several)];
    let steps = prop::collection::vec(step(), 1..12);
    let agreed = TestRunner::new(config).run(&(keys, steps), |(keys, steps)| {
        runtime.block_on(async {
            match database().await {
                Some(database) => judged_alike(database, keys, steps).await.close().await,
                None => eprintln!("skipped: there is no PostgreSQL here"),
            }
        });
        Ok(())
    });
    agreed.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn random_edits_are_judged_on_sqlite_as_by_looking_at_everything() {
    runs(24, async || Some(Database::sqlite().await));
}

#[test]
fn random_edits_are_judged_on_postgres_as_by_looking_at_everything() {
    runs(6, Database::postgres);
}
