//! Random commands, given to the store and to a model of plain maps, which must agree after each of them.

use crate::both::{Database, runtime};
use crate::fixtures::{at, audited, check_in, create, publish, short_canal};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use studyroute::domain::check_in::Verdict;
use studyroute::domain::counts::Entry;
use studyroute::domain::route::Published;
use studyroute::domain::time::local_hour;
use studyroute::store::{CountQuery, CountRow, Counted, NewCheckIn, Outcome, Pasts, Store, StoreError, StoredCheckIn};
use uuid::Uuid;

const HOUR_MS: i64 = 3_600_000;

#[derive(Clone, Debug)]
enum Command {
    Create,
    Record { attempts: Vec<Attempt>, with_cache: bool },
    Erase(usize),
    Reopen,
    Count(Ask),
}

/// Small numbers, so that ids, people, places and hours meet.
#[derive(Clone, Debug)]
struct Attempt {
    who: usize,
    id: u8,
    stop: usize,
    half_hours: i64,
    inside: bool,
    seal: u8,
}

/// Which route, first day and number of days, and by what.
type Ask = (Option<bool>, i32, i32, [bool; 4]);

fn attempt() -> impl Strategy<Value = Attempt> {
    (0..6usize, 0..12u8, 0..4usize, 0..160i64, any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |(who, id, stop, half_hours, inside, other)| Attempt {
            who,
            id,
            stop,
            half_hours,
            inside,
            seal: u8::from(other),
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let attempts = prop::collection::vec(attempt(), 1..10);
    prop_oneof![
        2 => Just(Command::Create),
        8 => (attempts, any::<bool>()).prop_map(|(attempts, with_cache)| Command::Record { attempts, with_cache }),
        1 => (0..6usize).prop_map(Command::Erase),
        1 => Just(Command::Reopen),
        5 => (any::<Option<bool>>(), -1..5i32, -1..5i32, any::<[bool; 4]>()).prop_map(Command::Count),
    ]
}

/// What has been counted, of people who are still there and of those who are not.
struct Counting {
    who: Uuid,
    route: String,
    waypoint: String,
    route_key: i64,
    occurred_ms: i64,
    verdict: Verdict,
}

/// What the store should be like.
#[derive(Default)]
struct Model {
    people: Vec<Uuid>,
    logs: BTreeMap<Uuid, Vec<StoredCheckIn>>,
    counted: Vec<Counting>,
}

/// Any rule will do, if the model's and the store's are one.
fn is_too_fast(way: (i64, i64), time_ms: (i64, i64)) -> bool {
    way.0 != way.1 && (time_ms.0 - time_ms.1).abs() < HOUR_MS
}

impl Model {
    fn record(&mut self, new: &NewCheckIn, routes: &[Published]) -> Outcome {
        let Some(log) = self.logs.get_mut(&new.participant) else { return Outcome::Gone };
        if let Some(first) = log.iter().find(|stored| stored.id == new.id) {
            let same = first.seal == new.seal;
            return if same { Outcome::Repeated(first.clone()) } else { Outcome::IdReused };
        }
        let mut by_time: Vec<&StoredCheckIn> = log.iter().collect();
        by_time.sort_by_key(|stored| (stored.occurred_ms, stored.seq));
        let after = by_time.partition_point(|stored| stored.occurred_ms <= new.occurred_ms);
        let neighbours = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|i| by_time.get(i));
        let hurried =
            neighbours.into_iter().any(|n| is_too_fast((n.waypoint, new.waypoint), (n.occurred_ms, new.occurred_ms)));
        let stored = StoredCheckIn {
            id: new.id.clone(),
            waypoint: new.waypoint,
            occurred_ms: new.occurred_ms,
            received_ms: new.received_ms,
            verdict: if hurried { Verdict::Uncertain } else { new.verdict },
            distance_m: new.distance_m,
            first_visit: log.iter().all(|earlier| earlier.waypoint != new.waypoint),
            seq: i64::try_from(log.len()).expect("small") + 1,
            seal: new.seal.to_vec(),
        };
        log.push(stored.clone());
        self.counted.push(counting(new, stored.verdict, routes));
        Outcome::Recorded(stored)
    }

    fn count(&self, query: CountQuery) -> Vec<CountRow> {
        type Part = (Option<String>, Option<String>, Option<i8>, Option<i32>);
        let mut parts: BTreeMap<Part, Vec<&Counting>> = BTreeMap::new();
        for counting in &self.counted {
            let at = local_hour(counting.occurred_ms);
            if (query.from..=query.to).contains(&at.day) && query.route.is_none_or(|key| key == counting.route_key) {
                let route = (query.by_route || query.by_waypoint).then(|| counting.route.clone());
                let waypoint = query.by_waypoint.then(|| counting.waypoint.clone());
                let part = (route, waypoint, query.by_hour.then_some(at.hour), query.by_day.then_some(at.day));
                parts.entry(part).or_default().push(counting);
            }
        }
        let row = |((route, waypoint, hour, day), of): (Part, Vec<&Counting>)| CountRow {
            route,
            waypoint,
            hour,
            day,
            counted: by_hand(&of, query.by_hour),
        };
        parts.into_iter().map(row).collect()
    }
}

fn counting(new: &NewCheckIn, verdict: Verdict, routes: &[Published]) -> Counting {
    let published = routes.iter().find(|route| route.key == new.route).expect("published");
    let place = published.waypoint_keys.iter().position(|key| *key == new.waypoint).expect("of this route");
    let route = published.route.slug.clone();
    let waypoint = format!("{route}/{}", published.route.waypoints[place].id);
    Counting { who: new.participant, route, waypoint, route_key: new.route, occurred_ms: new.occurred_ms, verdict }
}

fn by_hand(of: &[&Counting], by_hour: bool) -> Counted {
    let people: BTreeSet<Uuid> = of.iter().map(|c| c.who).collect();
    let sure: BTreeSet<Uuid> = of.iter().filter(|c| c.verdict == Verdict::Inside).map(|c| c.who).collect();
    let visits: BTreeSet<_> = of
        .iter()
        .map(|c| {
            let at = local_hour(c.occurred_ms);
            (c.who, &c.waypoint, at.day, by_hour.then_some(at.hour))
        })
        .collect();
    let number = |length: usize| i64::try_from(length).expect("small");
    Counted {
        people: number(people.len()),
        people_uncertain: number(people.len() - sure.len()),
        visits: number(visits.len()),
        check_ins: number(of.len()),
    }
}

/// One run: the store, the model, and the cache that a recorder would have.
struct Run {
    database: Database,
    routes: Vec<Published>,
    model: Model,
    cache: Pasts,
}

impl Run {
    async fn new(database: Database) -> Self {
        let mut routes = Vec::new();
        for slug in ["r", "s"] {
            routes.push(publish(&database, &short_canal(slug, 2)).await);
        }
        Self { database, routes, model: Model::default(), cache: Pasts::new() }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Create => {
                let id = create(&self.database, self.model.people.len() as u128).await;
                self.model.people.push(id);
                self.model.logs.insert(id, Vec::new());
            }
            Command::Record { attempts, with_cache } => self.record(&attempts, with_cache).await,
            Command::Erase(who) => {
                let Some(&id) = self.model.people.get(who) else { return };
                let was_there = self.model.logs.remove(&id).is_some();
                assert_eq!(self.database.erase_participant(id).await.expect("erased"), was_there);
            }
            Command::Reopen => {
                self.database.close().await;
                self.database.store = self.database.again().await;
                self.cache.clear();
            }
            Command::Count(ask) => self.count(ask).await,
        }
    }

    async fn record(&mut self, attempts: &[Attempt], with_cache: bool) {
        let batch: Vec<NewCheckIn> = attempts.iter().map(|attempt| self.new_check_in(attempt)).collect();
        let expected: Vec<Outcome> = batch.iter().map(|new| self.model.record(new, &self.routes)).collect();
        let too_fast = |earlier: &Entry, new: &NewCheckIn| {
            is_too_fast((earlier.waypoint, new.waypoint), (earlier.occurred_ms, new.occurred_ms))
        };
        let cache = if with_cache { self.cache.clone() } else { Pasts::new() };
        let mut written = self.database.record(&batch, cache, &too_fast).await;
        if let Err(StoreError::Conflict) = written {
            // Somebody who is remembered was erased.
            assert!(with_cache, "what was just read is never out of date");
            written = self.database.record(&batch, Pasts::new(), &too_fast).await;
        }
        let (outcomes, pasts) = written.expect("recorded");
        assert_eq!(outcomes, expected);
        self.cache.extend(pasts);
    }

    fn new_check_in(&self, attempt: &Attempt) -> NewCheckIn {
        let nobody = Uuid::from_u128(404);
        let who = self.model.people.get(attempt.who).copied().unwrap_or(nobody);
        let occurred_ms = at("2026-05-01T20:00") + attempt.half_hours * HOUR_MS / 2;
        let id = format!("id-{}", attempt.id);
        NewCheckIn {
            verdict: if attempt.inside { Verdict::Inside } else { Verdict::Uncertain },
            seal: [attempt.seal; 16],
            ..check_in(who, &id, &self.routes[attempt.stop / 2], attempt.stop % 2, occurred_ms)
        }
    }

    async fn count(&self, (route, first, days, by): Ask) {
        let from = local_hour(at("2026-05-01T20:00")).day + first;
        let [by_route, by_waypoint, by_hour, by_day] = by;
        let route = route.map(|second| self.routes[usize::from(second)].key);
        let query = CountQuery { from, to: from + days, route, by_route, by_waypoint, by_hour, by_day };
        let mut rows = self.database.counts(query).await.expect("counts");
        let part = |row: &CountRow| (row.route.clone(), row.waypoint.clone(), row.hour, row.day);
        rows.sort_by_key(part);
        assert_eq!(rows, self.model.count(query), "{query:?}");
    }

    async fn logs_are_equal(&self) {
        for who in &self.model.people {
            let log = self.model.logs.get(who).cloned().unwrap_or_default();
            assert_eq!(self.database.check_ins_of(*who, 0, 1_000).await.expect("read"), log);
        }
        let kept: usize = self.model.logs.values().map(Vec::len).sum();
        assert_eq!(audited(&self.database).await, kept);
    }
}

async fn agree(database: Database, commands: Vec<Command>) -> Store {
    let mut run = Run::new(database).await;
    for _ in 0..3 {
        run.obey(Command::Create).await;
    }
    for command in commands {
        run.obey(command).await;
    }
    run.logs_are_equal().await;
    run.database.store
}

fn forty_runs(database: impl AsyncFn() -> Option<Database>) {
    let runtime = runtime();
    let config = Config {
        cases: 40,
        failure_persistence: None,
        max_shrink_iters: 400,
        max_shrink_time: 10_000,
        ..Config::default()
    };
    let commands = prop::collection::vec(command(), 20..40);
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
fn random_commands_do_to_sqlite_what_they_do_to_plain_maps() {
    forty_runs(async || Some(Database::sqlite().await));
}

#[test]
fn random_commands_do_to_postgres_what_they_do_to_plain_maps() {
    forty_runs(Database::postgres);
}
