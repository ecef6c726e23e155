//! Random edits and publications of one route, given to the store and to a model that keeps every state as a plain list: they must
//! agree after each of them, and every revision must read back for ever as it was.

use crate::both::{Database, runtime};
use crate::fixtures::{NOW_MS, short_canal};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::HashMap;
use std::sync::LazyLock;
use studyroute::domain::route::{StudyRoute, Waypoint};
use studyroute::store::{
    Edit, Head, NotEdited, NotReleased, Publication, PublishOutcome, Release, RouteState, Store, Version, Who,
};

const SLUG: &str = "walk";

/// One route is enough: its stops are copied often.
static PATTERN: LazyLock<StudyRoute> = LazyLock::new(|| StudyRoute { line: Vec::new(), ..short_canal(SLUG, 1) });

/// Few ids, few texts and few places, so that they meet.
#[derive(Clone, Debug)]
enum Command {
    Head(u8),
    Add(u8, Option<usize>, u8),
    Change(u8, Option<usize>, u8),
    Remove(u8),
    /// By these keys.
    Order(Vec<u8>),
    OrderOfOthers,
    Adopt(Vec<u8>),
    Stale(u8),
    Drop,
    Import(Vec<u8>, u8),
    Publish,
    Restore(i64),
    Withdraw,
    Sweep,
}

fn command() -> impl Strategy<Value = Command> {
    let place = || prop::option::of(0..8usize);
    let ids = || prop::collection::vec(0..7u8, 0..6);
    prop_oneof![
        2 => (0..3u8).prop_map(Command::Head),
        6 => (0..7u8, place(), 0..3u8).prop_map(|(id, place, text)| Command::Add(id, place, text)),
        6 => (0..7u8, place(), 0..3u8).prop_map(|(id, place, text)| Command::Change(id, place, text)),
        3 => (0..7u8).prop_map(Command::Remove),
        2 => prop::collection::vec(any::<u8>(), 7).prop_map(Command::Order),
        1 => Just(Command::OrderOfOthers),
        2 => ids().prop_map(Command::Adopt),
        1 => (0..7u8).prop_map(Command::Stale),
        1 => Just(Command::Drop),
        1 => (ids(), 0..3u8).prop_map(|(ids, head)| Command::Import(ids, head)),
        5 => Just(Command::Publish),
        2 => (0..8i64).prop_map(Command::Restore),
        1 => Just(Command::Withdraw),
        1 => Just(Command::Sweep),
    ]
}

/// One state: the number in the title, and every stop with the number in its title.
type Content = (u8, Vec<(u8, u8)>);

fn head((number, _): &Content) -> Head {
    let mut head = Head::of(&PATTERN);
    head.title.en = format!("Walk {number}");
    head
}

fn stop(id: u8, text: u8) -> Waypoint {
    let mut stop = PATTERN.waypoints[0].clone();
    stop.id = format!("stop-{id}");
    stop.body.title.en = format!("Text {text}");
    stop.body.order = 0;
    stop
}

fn route(content: &Content) -> StudyRoute {
    let stops = content.1.iter().map(|(id, text)| stop(*id, *text)).collect();
    head(content).with(SLUG, stops).numbered()
}

/// Each id once, with a text of its own.
fn distinct(ids: &[u8]) -> Vec<(u8, u8)> {
    let mut stops: Vec<(u8, u8)> = Vec::new();
    for id in ids {
        if stops.iter().all(|(known, _)| known != id) {
            stops.push((*id, id % 3));
        }
    }
    stops
}

#[derive(Default)]
struct Model {
    is_there: bool,
    /// Every revision; none where it took the route back.
    revisions: Vec<Option<Content>>,
    /// The revision it was begun from, and its content.
    draft: Option<(usize, Content)>,
    version: i64,
    last_file: Option<Content>,
    /// Rows of `waypoint_versions` that all publications should have written.
    written: usize,
}

impl Model {
    fn published(&self) -> Option<&Content> {
        self.revisions.last().and_then(Option::as_ref)
    }

    fn now(&self) -> Content {
        let published = || self.published().cloned();
        let taken_back = || self.revisions.iter().rev().find_map(Clone::clone).map(|(head, _)| (head, Vec::new()));
        let draft = self.draft.as_ref().map(|(_, content)| content.clone());
        draft.or_else(published).or_else(taken_back).unwrap_or_default()
    }

    fn edited(&mut self, content: Content) {
        let base = self.draft.as_ref().map_or(self.revisions.len(), |(base, _)| *base);
        self.draft = Some((base, content));
        self.version += 1;
        self.is_there = true;
    }

    fn release(&mut self, content: Option<Content>) {
        let at = |content: &Content| content.1.iter().copied().enumerate().collect::<Vec<_>>();
        let before = self.published().map(at).unwrap_or_default();
        let stays = |stop: &(usize, (u8, u8))| before.contains(stop);
        self.written += content.as_ref().map(at).unwrap_or_default().iter().filter(|stop| !stays(stop)).count();
        self.revisions.push(content);
        self.is_there = true;
    }
}

struct Run {
    database: Database,
    model: Model,
    keys: HashMap<String, i64>,
}

fn designer() -> Who {
    Who { name: "Ann".into(), ..Who::command_line() }
}

fn publication() -> Publication {
    Publication { who: designer(), note: "why".into(), now_ms: NOW_MS }
}

impl Run {
    async fn state(&self) -> Option<RouteState> {
        self.database.route_state(SLUG).await.expect("a state")
    }

    fn version(&self) -> Version {
        match (&self.model.draft, self.model.revisions.len()) {
            (Some(_), _) => Version::Draft(self.model.version),
            (None, 0) => Version::Nothing,
            (None, revision) => Version::Published(i64::try_from(revision).expect("small")),
        }
    }

    async fn edit(&self, edit: &Edit<'_>) -> Result<RouteState, NotEdited> {
        let seen = Some(self.version());
        self.database.edit_draft(SLUG, seen, edit, &designer(), NOW_MS).await.expect("the database takes it")
    }

    /// One that must be taken.
    async fn edited(&mut self, edit: &Edit<'_>, expected: Content) {
        let state = self.edit(edit).await.expect("it is taken");
        self.model.edited(expected);
        assert_eq!(state.version(), self.version(), "the answer is of the state that was made");
    }

    async fn release(&mut self, release: &Release<'_>) -> Result<PublishOutcome, NotReleased> {
        self.database.release(SLUG, release, &publication()).await.expect("the database takes it")
    }

    async fn obey(&mut self, command: Command) {
        let now = self.model.now();
        match command {
            Command::Head(number) => {
                let next = (number, now.1.clone());
                self.edited(&Edit::Head(&head(&next)), next).await;
            }
            Command::Adopt(ids) => {
                let next = (now.0, distinct(&ids));
                let placed: Vec<_> = next.1.iter().map(|(id, text)| stop(*id, *text)).enumerate().collect();
                let content = self.database.begin_content(NOW_MS).await.expect("a set");
                self.database.put_content(content, &placed).await.expect("filled");
                let named = head(&next);
                self.edited(&Edit::Adopt(content, Some(&named)), next).await;
            }
            // A route is made with its head.
            _ if !self.model.is_there && !matches!(command, Command::Import(..) | Command::Sweep) => {
                let refused = self.edit(&Edit::Remove("stop-0")).await;
                assert!(matches!(refused, Err(NotEdited::NoRoute)), "{refused:?}");
            }
            Command::Add(..) | Command::Change(..) | Command::Remove(_) => self.edit_stop(command, now).await,
            Command::Order(_) | Command::OrderOfOthers => self.order(command, now).await,
            Command::Stale(id) => self.come_too_late(id).await,
            Command::Drop => {
                let dropped = self.database.drop_draft(SLUG, Some(self.version()), &designer(), NOW_MS).await;
                assert_eq!(dropped.expect("the database takes it").is_ok(), self.model.draft.take().is_some());
                self.model.is_there = !self.model.revisions.is_empty();
            }
            Command::Import(ids, number) => {
                let file = (number, distinct(&ids));
                let outcome = self.database.publish(&route(&file), NOW_MS).await.expect("published");
                assert_eq!(outcome.published, self.model.last_file.as_ref() != Some(&file));
                if outcome.published {
                    self.model.release(Some(file.clone()));
                    self.model.last_file = Some(file);
                }
            }
            Command::Publish => self.publish().await,
            Command::Restore(revision) => self.restore(revision).await,
            Command::Withdraw => self.withdraw().await,
            Command::Sweep => while self.database.sweep_contents(NOW_MS).await.expect("swept") {},
        }
    }

    async fn edit_stop(&mut self, command: Command, now: Content) {
        let find = |id: u8| now.1.iter().position(|(known, _)| *known == id);
        match command {
            Command::Add(id, place, text) => {
                let (new, mut next) = (stop(id, text), now.clone());
                if find(id).is_some() {
                    let refused = self.edit(&Edit::Add(&new, place)).await;
                    return assert!(matches!(refused, Err(NotEdited::WaypointExists)), "{refused:?}");
                }
                next.1.insert(place.unwrap_or(next.1.len()).min(next.1.len()), (id, text));
                self.edited(&Edit::Add(&new, place), next).await;
            }
            Command::Change(id, place, text) => {
                let (new, mut next) = (stop(id, text), now.clone());
                let Some(from) = find(id) else {
                    let refused = self.edit(&Edit::Change(&new, place)).await;
                    return assert!(matches!(refused, Err(NotEdited::NoWaypoint)), "{refused:?}");
                };
                next.1.remove(from);
                next.1.insert(place.unwrap_or(from).min(next.1.len()), (id, text));
                self.edited(&Edit::Change(&new, place), next).await;
            }
            Command::Remove(id) => {
                let (name, mut next) = (format!("stop-{id}"), now.clone());
                let Some(from) = find(id) else {
                    let refused = self.edit(&Edit::Remove(&name)).await;
                    return assert!(matches!(refused, Err(NotEdited::NoWaypoint)), "{refused:?}");
                };
                next.1.remove(from);
                self.edited(&Edit::Remove(&name), next).await;
            }
            other => unreachable!("{other:?}"),
        }
    }

    async fn order(&mut self, command: Command, now: Content) {
        match command {
            Command::Order(keys) => {
                let mut next = now.clone();
                next.1.sort_by_key(|(id, _)| keys[usize::from(*id)]);
                let names: Vec<String> = next.1.iter().map(|(id, _)| format!("stop-{id}")).collect();
                self.edited(&Edit::Order(&names), next).await;
            }
            Command::OrderOfOthers => {
                let names: Vec<String> = now.1.iter().map(|(id, _)| format!("stop-{id}")).collect();
                let twice = [names.clone(), names.iter().take(1).cloned().collect()].concat();
                let others: Vec<String> = names.iter().map(|name| format!("{name}-x")).collect();
                let fewer: Vec<String> = names.iter().skip(1).cloned().collect();
                for wrong in [twice, others, fewer].into_iter().filter(|wrong| *wrong != names) {
                    let refused = self.edit(&Edit::Order(&wrong)).await;
                    assert!(matches!(refused, Err(NotEdited::NotThisOrder)), "{wrong:?}: {refused:?}");
                }
            }
            other => unreachable!("{other:?}"),
        }
    }

    async fn come_too_late(&mut self, id: u8) {
        let late = stop(id, 2);
        for seen in [Version::Nothing, Version::Draft(self.model.version + 1), Version::Published(99)] {
            if seen == self.version() {
                continue;
            }
            let edit = Edit::Add(&late, None);
            let refused = self.database.edit_draft(SLUG, Some(seen), &edit, &designer(), NOW_MS).await;
            match refused.expect("the database answers") {
                Err(NotEdited::Stale(state)) => assert_eq!(state.version(), self.version()),
                other => panic!("{seen}: {other:?}"),
            }
        }
    }

    async fn publish(&mut self) {
        let last = i64::try_from(self.model.revisions.len()).expect("small");
        let outcome = self.release(&Release::Draft(self.version(), last)).await;
        let Some((_, content)) = self.model.draft.take() else {
            return assert!(matches!(outcome, Err(NotReleased::NoDraft)), "{outcome:?}");
        };
        let outcome = outcome.expect("published");
        assert_eq!(outcome.published, self.model.published() != Some(&content), "{content:?}");
        if outcome.published {
            self.model.release(Some(content));
        }
        assert_eq!(outcome.revision, i64::try_from(self.model.revisions.len()).expect("small"));
    }

    async fn restore(&mut self, revision: i64) {
        let outcome = self.release(&Release::Restore(revision)).await;
        let place = usize::try_from(revision - 1).ok();
        let Some(old) = place.and_then(|place| self.model.revisions.get(place).cloned()).flatten() else {
            return assert!(matches!(outcome, Err(NotReleased::NoRevision)), "{revision}: {outcome:?}");
        };
        let outcome = outcome.expect("restored");
        assert_eq!(outcome.published, self.model.published() != Some(&old));
        if outcome.published {
            self.model.release(Some(old));
        }
    }

    async fn withdraw(&mut self) {
        let outcome = self.release(&Release::Withdraw).await;
        let Some(content) = self.model.published().cloned() else {
            return assert!(matches!(outcome, Err(NotReleased::NotPublished)), "{outcome:?}");
        };
        assert!(outcome.expect("taken back").published);
        self.model.release(None);
        if self.model.draft.is_none() {
            self.model.draft = Some((self.model.revisions.len(), content));
            self.model.version += 1;
        }
    }

    async fn agree(&mut self) {
        let Some(state) = self.state().await else { return assert!(!self.model.is_there) };
        assert_eq!(state.version(), self.version());
        assert_eq!(self.database.route_slugs().await.expect("names").len(), usize::from(self.model.is_there));
        assert_eq!(usize::try_from(state.revision).expect("small"), self.model.revisions.len());
        let base = state.draft.as_ref().map(|draft| usize::try_from(draft.base_revision).expect("small"));
        assert_eq!(base, self.model.draft.as_ref().map(|(base, _)| *base));
        let now = route(&self.model.now());
        let stops = self.database.route_page(&state, 0, 100).await.expect("a page");
        // The numbers are those of the places: a gap or a double place would show.
        assert_eq!(stops, now.waypoints);
        assert_eq!(self.database.route_len(&state).await.expect("a number"), now.waypoints.len());
        let from = self.database.route_page(&state, 2, 2).await.expect("a page");
        assert_eq!(from, now.waypoints.iter().skip(2).take(2).cloned().collect::<Vec<_>>());
        assert!(!self.model.is_there || state.next_head() == &Head::of(&now), "{:?}", state.next_head());
        let (generation, routes) = self.database.snapshot().await.expect("a snapshot");
        assert_eq!(usize::try_from(generation).expect("small"), self.model.revisions.len());
        let served: Vec<&StudyRoute> = routes.iter().map(|published| &published.route).collect();
        let expected = self.model.published().map(route);
        assert_eq!(served, expected.iter().collect::<Vec<_>>());
        for published in &routes {
            for (key, stop) in published.waypoint_keys.iter().zip(&published.route.waypoints) {
                assert_eq!(self.keys.entry(stop.id.clone()).or_insert(*key), key, "{} keeps its key", stop.id);
            }
        }
        let written = self.database.number("select count(*) from waypoint_versions").await;
        assert_eq!(usize::try_from(written).expect("small"), self.model.written, "only what changed is written");
    }

    async fn every_revision_reads_as_it_was(&self) {
        let Some(state) = self.state().await else { return };
        for (number, content) in (1..).zip(&self.model.revisions) {
            let read = self.database.revision_content(&state, number).await.expect("content");
            assert_eq!(read, content.as_ref().map(route), "revision {number}");
        }
        let after = i64::try_from(self.model.revisions.len()).expect("small") + 1;
        assert_eq!(self.database.revision_content(&state, after).await.expect("an answer"), None);
    }
}

async fn agree(database: Database, commands: Vec<Command>) -> Store {
    let mut run = Run { database, model: Model::default(), keys: HashMap::new() };
    for command in commands {
        run.obey(command).await;
        run.agree().await;
    }
    run.every_revision_reads_as_it_was().await;
    run.database.store
}

fn runs(cases: u32, database: impl AsyncFn() -> Option<Database>) {
    let runtime = runtime();
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 400,
        max_shrink_time: 20_000,
        ..Config::default()
    };
    let commands = prop::collection::vec(command(), 20..50);
    let agreed = TestRunner::new(config).run(&commands, |commands| {
        runtime.block_on(async {
            match database().await {
                Some(database) => agree(database, commands).await.close().await,
                None => eprintln!("skipped: there is no PostgreSQL here"),
            }
        });
        Ok(())
    });
    agreed.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn random_edits_and_publications_do_to_sqlite_what_they_do_to_plain_lists() {
    runs(30, async || Some(Database::sqlite().await));
}

#[test]
fn random_edits_and_publications_do_to_postgres_what_they_do_to_plain_lists() {
    runs(15, Database::postgres);
}
