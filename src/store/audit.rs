//! Counts the log again and compares it with the counters: the proof that a stated number of participants is right.

use super::check_ins::EntryRow;
use super::counts::ALL_KEY;
use super::sql::{Sql, on, statements};
use super::{Result, Store};
use crate::domain::counts::{Amount, Changes, Counter, Evidence, History, Scope, merge};
use crate::domain::time::{Day, LocalHour};
use std::collections::HashMap;
use uuid::Uuid;

statements! {
    BEGIN_SNAPSHOT = Sql::pair("begin", "begin isolation level repeatable read read only");
    // What rests on erased logs cannot be counted again and is taken out.
    STEPS = Sql::both(
        "select route_key, waypoint_key, hour, evidence, day, previous_day, people - erased_people from people_steps",
    );
    TALLIES = Sql::both(
        "select day, route_key, waypoint_key, hour, check_ins - erased_check_ins, visits - erased_visits,
                hour_visits - erased_hour_visits
         from tallies",
    );
    LOG = Sql::both("select participant, seq, occurred_ms, route_key, waypoint_key, verdict from check_ins order by participant, seq");
}

/// What a recount found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Check-ins in the log.
    pub check_ins: usize,
    /// Participants with a check-in in the log.
    pub participants: usize,
    /// Counters that differ from the recount, in words; empty when every figure is right.
    pub differences: Vec<String>,
}

impl Store {
    /// Counts the whole log again, as of one moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit(&self) -> Result<Audit> {
        let (log, counters) = on!(self, |pools, dialect| {
            let mut tx = pools.read.begin_with(BEGIN_SNAPSHOT.on(dialect)).await?;
            let log: Vec<EntryRow> = sqlx::query_as(LOG.on(dialect)).fetch_all(&mut *tx).await?;
            let steps = sqlx::query_as(STEPS.on(dialect)).fetch_all(&mut *tx).await?;
            let tallies = sqlx::query_as(TALLIES.on(dialect)).fetch_all(&mut *tx).await?;
            tx.rollback().await?;
            (log, as_changes(steps, tallies))
        });
        let mut histories: HashMap<Uuid, History> = HashMap::new();
        let mut recount = Changes::new();
        let check_ins = log.len();
        for row in log {
            let (participant, entry) = row.entry();
            histories.entry(participant).or_default().record(entry, &mut recount);
        }
        Ok(Audit { check_ins, participants: histories.len(), differences: differences(&recount, &counters) })
    }
}

fn differences(recount: &Changes, counters: &Changes) -> Vec<String> {
    let none = Amount::default();
    let names: std::collections::BTreeSet<&Counter> = recount.keys().chain(counters.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (log, kept) = (recount.get(name).unwrap_or(&none), counters.get(name).unwrap_or(&none));
            (log != kept).then(|| format!("{name:?}: the log gives {log:?}, the counter says {kept:?}"))
        })
        .collect()
}

type StepRow = (i64, i64, i64, i64, i64, i64, i64);
type TallyRow = (i64, i64, i64, i64, i64, i64, i64);

fn as_changes(steps: Vec<StepRow>, tallies: Vec<TallyRow>) -> Changes {
    let mut changes = Changes::new();
    let some = |key: i64| (key != ALL_KEY).then_some(key);
    let day = |day: i64| Day::try_from(day).unwrap_or(Day::MAX);
    let hour = |hour: i64| i8::try_from(hour).unwrap_or(i8::MAX);
    for (route, waypoint, at_hour, evidence, at, previous, people) in steps {
        let scope = Scope { route: some(route), waypoint: some(waypoint), hour: some(at_hour).map(hour) };
        let evidence = if evidence == 0 { Evidence::Any } else { Evidence::Inside };
        let counter = Counter::Step { scope, evidence, day: day(at), previous: day(previous) };
        merge(&mut changes, &Changes::from([(counter, Amount { people, ..Amount::default() })]));
    }
    for (at, route, waypoint, at_hour, check_ins, visits, hour_visits) in tallies {
        let at = LocalHour { day: day(at), hour: hour(at_hour) };
        let amount = Amount { check_ins, visits, hour_visits, ..Amount::default() };
        merge(&mut changes, &Changes::from([(Counter::Tally { route, waypoint, at }, amount)]));
    }
    changes
}
