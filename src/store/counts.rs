//! The counters: added to in the transaction of the check-ins they count, read without touching the log.

use super::bulk::{Bulk, Column};
use super::sql::{Sql, on, statements};
use super::{Result, Store, json};
use crate::domain::counts::{Amount, Changes, Counter, Evidence};
use crate::domain::time::Day;
use std::collections::{BTreeMap, HashMap};

statements! {
    /// $1, $2 first and last day; $3 the kind of scope; $4…$9 first and last key of route, waypoint and hour (-1 is "all");
    /// $10 whether by day.
    PEOPLE = Sql::both(
        "select route_key, waypoint_key, hour, case when $10 = 1 then day else 0 end, evidence, cast(sum(people) as bigint)
         from people_steps
         where kind = $3 and route_key between $4 and $5 and waypoint_key between $6 and $7 and hour between $8 and $9
           and day between $1 and $2 and previous_day < case when $10 = 1 then day else $1 end
         group by 1, 2, 3, 4, 5",
    );
    /// $1, $2 first and last day; $3, $4 first and last route; $5…$8 whether by route, waypoint, hour, day.
    TALLIES = Sql::both(
        "select case when $5 = 1 then route_key else -1 end, case when $6 = 1 then waypoint_key else -1 end,
                case when $7 = 1 then hour else -1 end, case when $8 = 1 then day else 0 end,
                cast(sum(check_ins) as bigint), cast(sum(visits) as bigint), cast(sum(hour_visits) as bigint)
         from tallies where day between $1 and $2 and route_key between $3 and $4
         group by 1, 2, 3, 4",
    );
    // People and tallies of one answer belong together.
    BEGIN_SNAPSHOT = Sql::pair("begin", "begin isolation level repeatable read read only");
    COUNTED_DAYS = Sql::both("select min(day), max(day) from tallies");
    ROUTE_NAMES = Sql::both("select route_key, slug from study_routes");
    WAYPOINT_NAMES = Sql::pair(
        "select w.waypoint_key, r.route_key, r.slug, w.slug from waypoints w join study_routes r on r.route_key = w.route_key
         where w.waypoint_key in (select value from json_each($1))",
        "select w.waypoint_key, r.route_key, r.slug, w.slug from waypoints w join study_routes r on r.route_key = w.route_key
         where w.waypoint_key in (select value::bigint from jsonb_array_elements_text($1::jsonb) value)",
    );
}

pub(super) const ALL_KEY: i64 = -1;

struct StepRow {
    kind: i64,
    route_key: i64,
    waypoint_key: i64,
    hour: i64,
    evidence: i64,
    day: Day,
    previous_day: Day,
    people: i64,
    erased_people: i64,
}

#[derive(Default)]
struct TallyRow {
    day: Day,
    route_key: i64,
    waypoint_key: i64,
    hour: i8,
    check_ins: i64,
    visits: i64,
    hour_visits: i64,
    erased_check_ins: i64,
    erased_visits: i64,
    erased_hour_visits: i64,
}

/// Changes as rows of the two counter tables, in the order of their keys.
#[derive(Default)]
pub(super) struct Rows {
    steps: Vec<StepRow>,
    tallies: Vec<TallyRow>,
}

impl Rows {
    /// What check-ins add.
    pub(super) fn added(changes: &Changes) -> Self {
        let mut rows = Self::default();
        for (&counter, &amount) in changes {
            rows.push(counter, amount, Amount::default());
        }
        rows
    }

    /// What of the counters rests on an erased log from now on.
    pub(super) fn erased(changes: &Changes) -> Self {
        let mut rows = Self::default();
        for (&counter, &amount) in changes {
            rows.push(counter, Amount::default(), amount);
        }
        rows
    }

    fn push(&mut self, counter: Counter, amount: Amount, erased: Amount) {
        match counter {
            Counter::Step { scope, evidence, day, previous } => self.steps.push(StepRow {
                kind: kind_code(scope.route.is_some(), scope.waypoint.is_some(), scope.hour.is_some()),
                route_key: scope.route.unwrap_or(ALL_KEY),
                waypoint_key: scope.waypoint.unwrap_or(ALL_KEY),
                hour: scope.hour.map_or(ALL_KEY, i64::from),
                evidence: evidence_code(evidence),
                day,
                previous_day: previous,
                people: amount.people,
                erased_people: erased.people,
            }),
            Counter::Tally { route, waypoint, at } => self.tallies.push(TallyRow {
                day: at.day,
                route_key: route,
                waypoint_key: waypoint,
                hour: at.hour,
                check_ins: amount.check_ins,
                visits: amount.visits,
                hour_visits: amount.hour_visits,
                erased_check_ins: erased.check_ins,
                erased_visits: erased.visits,
                erased_hour_visits: erased.hour_visits,
            }),
        }
    }

    /// What is to be added, table by table. Rows stand in the order of their keys, as every writer adds them.
    pub(super) fn tables(&self) -> [Bulk<'static>; 2] {
        [steps(&self.steps), tallies(&self.tallies)]
    }
}

fn steps(rows: &[StepRow]) -> Bulk<'static> {
    let whole = |pick: fn(&StepRow) -> i64| Column::Whole(rows.iter().map(pick).collect());
    Bulk {
        into: "people_steps",
        columns: vec![
            ("kind", whole(|row| row.kind)),
            ("route_key", whole(|row| row.route_key)),
            ("waypoint_key", whole(|row| row.waypoint_key)),
            ("hour", whole(|row| row.hour)),
            ("evidence", whole(|row| row.evidence)),
            ("day", whole(|row| row.day.into())),
            ("previous_day", whole(|row| row.previous_day.into())),
            ("people", whole(|row| row.people)),
            ("erased_people", whole(|row| row.erased_people)),
        ],
        on_conflict: "on conflict (kind, route_key, waypoint_key, hour, evidence, day, previous_day) do update
             set people = people_steps.people + excluded.people,
                 erased_people = people_steps.erased_people + excluded.erased_people",
    }
}

fn tallies(rows: &[TallyRow]) -> Bulk<'static> {
    let whole = |pick: fn(&TallyRow) -> i64| Column::Whole(rows.iter().map(pick).collect());
    Bulk {
        into: "tallies",
        columns: vec![
            ("day", whole(|row| row.day.into())),
            ("route_key", whole(|row| row.route_key)),
            ("waypoint_key", whole(|row| row.waypoint_key)),
            ("hour", whole(|row| row.hour.into())),
            ("check_ins", whole(|row| row.check_ins)),
            ("visits", whole(|row| row.visits)),
            ("hour_visits", whole(|row| row.hour_visits)),
            ("erased_check_ins", whole(|row| row.erased_check_ins)),
            ("erased_visits", whole(|row| row.erased_visits)),
            ("erased_hour_visits", whole(|row| row.erased_hour_visits)),
        ],
        on_conflict: "on conflict (day, route_key, waypoint_key, hour) do update
             set check_ins = tallies.check_ins + excluded.check_ins, visits = tallies.visits + excluded.visits,
                 hour_visits = tallies.hour_visits + excluded.hour_visits,
                 erased_check_ins = tallies.erased_check_ins + excluded.erased_check_ins,
                 erased_visits = tallies.erased_visits + excluded.erased_visits,
                 erased_hour_visits = tallies.erased_hour_visits + excluded.erased_hour_visits",
    }
}

/// The kind of a scope: which of route, waypoint and hour are one and not all.
fn kind_code(route: bool, waypoint: bool, hour: bool) -> i64 {
    i64::from(route) + 2 * i64::from(waypoint) + 4 * i64::from(hour)
}

fn evidence_code(evidence: Evidence) -> i64 {
    match evidence {
        Evidence::Any => 0,
        Evidence::Inside => 1,
    }
}

/// What is asked of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent dimensions")]
pub struct CountQuery {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// Only this study route.
    pub route: Option<i64>,
    /// Broken down by study route.
    pub by_route: bool,
    /// Broken down by waypoint (and its route).
    pub by_waypoint: bool,
    /// Broken down by hour of the day.
    pub by_hour: bool,
    /// Broken down by day.
    pub by_day: bool,
}

/// Exact figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Distinct participants.
    pub people: i64,
    /// Of them, those without a single `inside` verdict here.
    pub people_uncertain: i64,
    /// Distinct (participant, waypoint, day).
    pub visits: i64,
    /// Check-ins.
    pub check_ins: i64,
}

/// Exact figures of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountRow {
    /// Which study route, if broken down by it or by waypoint.
    pub route: Option<String>,
    /// Which waypoint, as `route/waypoint`.
    pub waypoint: Option<String>,
    /// Which hour of the day.
    pub hour: Option<i8>,
    /// Which day.
    pub day: Option<Day>,
    /// Its figures.
    pub counted: Counted,
}

type PeopleRow = (i64, i64, i64, i64, i64, i64);
type TalliesRow = (i64, i64, i64, i64, i64, i64, i64);
/// route, waypoint, hour, day
type Key = (i64, i64, i64, i64);

impl Store {
    /// The first and the last day that anything was counted on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn counted_days(&self) -> Result<Option<(Day, Day)>> {
        let (first, last): (Option<i64>, Option<i64>) =
            on!(self, |pools, dialect| sqlx::query_as(COUNTED_DAYS.on(dialect)).fetch_one(&pools.read).await?);
        let day = |day: Option<i64>| day.and_then(|day| Day::try_from(day).ok());
        Ok(day(first).zip(day(last)))
    }

    /// The store's number of a study route that is or was published.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_key(&self, slug: &str) -> Result<Option<i64>> {
        Ok(self.route_names().await?.into_iter().find(|(_, name)| name == slug).map(|(key, _)| key))
    }

    async fn route_names(&self) -> Result<HashMap<i64, String>> {
        let names: Vec<(i64, String)> =
            on!(self, |pools, dialect| sqlx::query_as(ROUTE_NAMES.on(dialect)).fetch_all(&pools.read).await?);
        Ok(names.into_iter().collect())
    }

    /// Exact figures, one row per part; without any `by`, one row at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn counts(&self, query: CountQuery) -> Result<Vec<CountRow>> {
        let mut parts: BTreeMap<Key, Counted> = BTreeMap::new();
        let (people, tallies) = self.read_counters(query).await?;
        for (route, waypoint, hour, day, evidence, people) in people {
            // A route that is only filtered by is no dimension of the answer.
            let route = if query.by_route || query.by_waypoint { route } else { ALL_KEY };
            let part = parts.entry((route, waypoint, hour, day)).or_default();
            if evidence == evidence_code(Evidence::Any) {
                part.people += people;
                part.people_uncertain += people;
            } else {
                part.people_uncertain -= people;
            }
        }
        for (route, waypoint, hour, day, check_ins, visits, hour_visits) in tallies {
            let part = parts.entry((route, waypoint, hour, day)).or_default();
            part.check_ins += check_ins;
            part.visits += if query.by_hour { hour_visits } else { visits };
        }
        self.name(query, parts).await
    }

    async fn read_counters(&self, query: CountQuery) -> Result<(Vec<PeopleRow>, Vec<TalliesRow>)> {
        let span = |by: bool, one: Option<i64>| match (one, by) {
            (Some(key), _) => (key, key),
            (None, true) => (0, i64::MAX),
            (None, false) => (ALL_KEY, ALL_KEY),
        };
        let by_route = query.by_route || query.by_waypoint;
        let routes = span(by_route, query.route);
        let waypoints = span(query.by_waypoint, None);
        let hours = span(query.by_hour, None);
        let kind = kind_code(by_route || query.route.is_some(), query.by_waypoint, query.by_hour);
        let only_route = query.route.map_or((0, i64::MAX), |key| (key, key));
        on!(self, |pools, dialect| {
            let mut tx = pools.read.begin_with(BEGIN_SNAPSHOT.on(dialect)).await?;
            let people = sqlx::query_as(PEOPLE.on(dialect))
                .bind(i64::from(query.from))
                .bind(i64::from(query.to))
                .bind(kind)
                .bind(routes.0)
                .bind(routes.1)
                .bind(waypoints.0)
                .bind(waypoints.1)
                .bind(hours.0)
                .bind(hours.1)
                .bind(i64::from(query.by_day))
                .fetch_all(&mut *tx)
                .await?;
            let tallies = sqlx::query_as(TALLIES.on(dialect))
                .bind(i64::from(query.from))
                .bind(i64::from(query.to))
                .bind(only_route.0)
                .bind(only_route.1)
                .bind(i64::from(by_route))
                .bind(i64::from(query.by_waypoint))
                .bind(i64::from(query.by_hour))
                .bind(i64::from(query.by_day))
                .fetch_all(&mut *tx)
                .await?;
            tx.rollback().await?;
            Ok((people, tallies))
        })
    }

    async fn name(&self, query: CountQuery, parts: BTreeMap<Key, Counted>) -> Result<Vec<CountRow>> {
        let routes = self.route_names().await?;
        let keys: Vec<i64> = if query.by_waypoint { parts.keys().map(|key| key.1).collect() } else { Vec::new() };
        let names: Vec<(i64, i64, String, String)> =
            on!(self, |pools, dialect| sqlx::query_as(WAYPOINT_NAMES.on(dialect))
                .bind(json(&keys)?)
                .fetch_all(&pools.read)
                .await?);
        let waypoints: HashMap<i64, String> =
            names.into_iter().map(|(key, _, route, waypoint)| (key, format!("{route}/{waypoint}"))).collect();
        Ok(parts
            .into_iter()
            .filter(|(_, counted)| counted.check_ins > 0)
            .map(|((route, waypoint, hour, day), counted)| CountRow {
                route: routes.get(&route).cloned(),
                waypoint: waypoints.get(&waypoint).cloned(),
                hour: query.by_hour.then_some(hour).and_then(|hour| i8::try_from(hour).ok()),
                day: query.by_day.then_some(day).and_then(|day| Day::try_from(day).ok()),
                counted,
            })
            .collect())
    }
}
