//! Counts the log again and compares it with the counters: the proof that a stated number of participants is right.

use super::check_ins::verdict;
use super::counters::{self, ALL_KEY, ERASED_DAYS, ERASED_RETURNS};
use super::sql::{Sql, on, statements};
use super::{Result, Store};
use crate::domain::counts::{Changes, Entry, History, Scope};
use crate::domain::sums::{self, Cell, Figures, Sums};
use futures_util::TryStreamExt;
use sqlx::FromRow;
use uuid::Uuid;

statements! {
    DAYS = Sql::both(
        "select s.route_key, s.waypoint_key, s.hour, d.span, d.first, cast(0 as bigint) as second, d.people, d.people_inside,
                d.check_ins, d.visits, d.again, d.again_inside, d.later, d.later_inside
         from day_counts d join count_scopes s on s.scope = d.scope",
    );
    RETURNS = Sql::both(
        "select s.route_key, s.waypoint_key, s.hour, r.span, r.first, r.second, r.people, r.people_inside,
                cast(0 as bigint) as check_ins, cast(0 as bigint) as visits, cast(0 as bigint) as again,
                cast(0 as bigint) as again_inside, cast(0 as bigint) as later, cast(0 as bigint) as later_inside
         from return_counts r join count_scopes s on s.scope = r.scope",
    );
    LOG = Sql::both("select participant, occurred_ms, route_key, waypoint_key, verdict from check_ins order by participant, seq");
}

/// participant, time, route, waypoint, verdict
pub(super) type LogRow = (Uuid, i64, i64, i64, i64);

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
        on!(self, |pools, dialect| {
            let mut tx = pools.read.begin().await?;
            let (mut recount, mut kept) = (Recount::default(), Kept::default());
            let mut log = sqlx::query_as(LOG.on(dialect)).fetch(&mut *tx);
            while let Some(row) = log.try_next().await? {
                recount.add(row);
            }
            drop(log);
            for (is_days, statement) in [(true, DAYS), (false, RETURNS)] {
                let mut rows = sqlx::query_as(statement.on(dialect)).fetch(&mut *tx);
                while let Some(row) = rows.try_next().await? {
                    kept.add(&row, is_days);
                }
            }
            tx.rollback().await?;
            Ok(recount.compared_with(kept))
        })
    }
}

/// The log, counted again participant by participant: it comes in their order, and only one history is held.
#[derive(Default)]
pub(super) struct Recount {
    check_ins: usize,
    participants: usize,
    current: Option<Uuid>,
    history: History,
    changes: Changes,
}

impl Recount {
    pub(super) fn add(&mut self, (participant, occurred_ms, route, waypoint, code): LogRow) {
        let entry = Entry { occurred_ms, route, waypoint, verdict: verdict(code) };
        if self.current != Some(participant) {
            self.current = Some(participant);
            self.history = History::default();
            self.participants += 1;
        }
        self.check_ins += 1;
        self.history.record(entry, &mut self.changes);
    }

    /// What the log has added to the counters.
    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }

    fn compared_with(self, kept: Kept) -> Audit {
        let mut log = sums::with_blocks(sums::of_days(&self.changes));
        // What rests on erased logs cannot be counted again: it is expected beside what can.
        for (key, figures) in sums::with_blocks(kept.erased) {
            log.entry(key).or_default().add(figures, 1);
        }
        log.retain(|_, figures| !figures.is_zero());
        let differences = differences(&log, &kept.sums).into_iter().chain(kept.unknown).collect();
        Audit { check_ins: self.check_ins, participants: self.participants, differences }
    }
}

/// A counter as it is kept.
#[derive(FromRow)]
struct CounterRow {
    route_key: i64,
    waypoint_key: i64,
    hour: i64,
    span: i64,
    first: i64,
    second: i64,
    people: i64,
    people_inside: i64,
    check_ins: i64,
    visits: i64,
    again: i64,
    again_inside: i64,
    later: i64,
    later_inside: i64,
}

/// What the counters say.
#[derive(Default)]
struct Kept {
    sums: Sums,
    erased: Sums,
    unknown: Vec<String>,
}

impl Kept {
    fn add(&mut self, row: &CounterRow, is_days: bool) {
        let some = |key: i64| (key != ALL_KEY).then_some(key);
        let hour = some(row.hour).map(|hour| i8::try_from(hour).unwrap_or(i8::MAX));
        let scope = Scope { route: some(row.route_key), waypoint: some(row.waypoint_key), hour };
        let CounterRow { span, first, second, people, people_inside, check_ins, visits, .. } = *row;
        let (again, later) = ([row.again, row.again_inside], [row.later, row.later_inside]);
        let figures = Figures { people, people_inside, check_ins, visits, again, later };
        let sums = match (is_days, span) {
            (true, ERASED_DAYS) | (false, ERASED_RETURNS) => &mut self.erased,
            _ => &mut self.sums,
        };
        match counters::cell(is_days, span, first, second) {
            Some(cell) => sums.entry((scope, cell)).or_default().add(figures, 1),
            None => self.unknown.push(format!("{scope:?}: a counter of span {span} is none of ours")),
        }
    }
}

fn differences(log: &Sums, kept: &Sums) -> Vec<String> {
    let none = Figures::default();
    let names: std::collections::BTreeSet<&(Scope, Cell)> = log.keys().chain(kept.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (log, kept) = (log.get(name).unwrap_or(&none), kept.get(name).unwrap_or(&none));
            (log != kept).then(|| format!("{name:?}: the log gives {log:?}, the counter says {kept:?}"))
        })
        .collect()
}
