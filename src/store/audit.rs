//! Counts the log again and compares it with the counters: the proof that a stated number of participants is right. Where they differ,
//! the counters can be mended; the log never is.

use super::audit_log::{Deed, INSERT_DEEDS, Who};
use super::bulk::AddRows;
use super::check_ins::verdict;
use super::counters::{self, ALL_KEY, ERASED_DAYS, ERASED_RETURNS, numbers};
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
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
    /// No week is emptied while the log is read: what was emptied after the moment as of which it is read would be read as empty.
    KEEP_WHOLE = Sql::pair("select 1", "lock table check_ins in access share mode");
    /// Whoever counts or erases waits; whoever reads does not. SQLite has one writer, which we are.
    HOLD_WRITERS = Sql::pair(
        "select 1",
        "lock table participants, count_scopes, check_ins, day_counts, return_counts in share row exclusive mode",
    );
    /// Scopes that no question finds, because their kind is not that of what they name.
    MISNAMED = Sql::both(
        "select count(*) from count_scopes
         where kind <> case when route_key = -1 then 0 else 1 end + case when waypoint_key = -1 then 0 else 2 end
                       + case when hour = -1 then 0 else 4 end",
    );
    NAME_RIGHT = Sql::both(
        "update count_scopes
         set kind = case when route_key = -1 then 0 else 1 end + case when waypoint_key = -1 then 0 else 2 end
                    + case when hour = -1 then 0 else 4 end
         where kind <> case when route_key = -1 then 0 else 1 end + case when waypoint_key = -1 then 0 else 2 end
                       + case when hour = -1 then 0 else 4 end",
    );
    DROP_UNKNOWN_DAYS = Sql::both("delete from day_counts where span not in (0, 1, 2)");
    DROP_UNKNOWN_RETURNS = Sql::both("delete from return_counts where span not in (0, 1, 2, 3, 4)");
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

/// Reads what the counters say.
macro_rules! kept {
    ($tx:ident, $dialect:ident) => {{
        let mut kept = Kept::default();
        for (is_days, statement) in [(true, DAYS), (false, RETURNS)] {
            let mut rows = sqlx::query_as(statement.on($dialect)).fetch(&mut *$tx);
            while let Some(row) = rows.try_next().await? {
                kept.add(&row, is_days);
            }
        }
        let misnamed: i64 = sqlx::query_scalar(MISNAMED.on($dialect)).fetch_one(&mut *$tx).await?;
        if misnamed > 0 {
            kept.unknown.push(format!("{misnamed} scopes are not found by what they name"));
        }
        kept
    }};
}

/// Counts the log again.
macro_rules! recounted {
    ($tx:ident, $dialect:ident) => {{
        let mut recount = Recount::default();
        let mut log = sqlx::query_as(LOG.on($dialect)).fetch(&mut *$tx);
        while let Some(row) = log.try_next().await? {
            recount.add(row);
        }
        drop(log);
        recount
    }};
}

impl Store {
    /// Counts the whole log again, as of one moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit(&self) -> Result<Audit> {
        on!(self, |pools, dialect| {
            let mut tx = pools.read.begin().await?;
            sqlx::query(KEEP_WHOLE.on(dialect)).execute(&mut *tx).await?;
            let recount = recounted!(tx, dialect);
            let kept = kept!(tx, dialect);
            tx.rollback().await?;
            Ok(recount.compared_with(&kept))
        })
    }

    /// Counts the whole log again while nobody can add to it, and makes every counter that differs what the log gives, in one transaction
    /// with an entry of the audit log. What rests on erased logs stays as it was noted. Gives what was found; afterwards nothing differs.
    ///
    /// # Errors
    /// When the database does not take it or something would differ all the same; then nothing has changed.
    pub async fn mend_counters(&self, now_ms: i64) -> Result<Audit> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            sqlx::query(HOLD_WRITERS.on(dialect)).execute(&mut *tx).await?;
            let recount = recounted!(tx, dialect);
            let kept = kept!(tx, dialect);
            let found = recount.compared_with(&kept);
            if found.differences.is_empty() {
                tx.rollback().await?;
                return Ok(found);
            }
            let lacking = counters::lacking(&recount.lacking(&kept));
            for statement in [DROP_UNKNOWN_DAYS, DROP_UNKNOWN_RETURNS, NAME_RIGHT] {
                sqlx::query(statement.on(dialect)).execute(&mut *tx).await?;
            }
            let numbers = numbers!(tx, dialect, pools, &lacking);
            tx.add_rows(&lacking.bulk(&numbers)?).await?;
            let kept = kept!(tx, dialect);
            if let Some(left) = recount.compared_with(&kept).differences.first() {
                return Err(StoreError::Unfit(format!("this cannot be mended, so nothing was: {left}")));
            }
            let count = format!("{} counters", found.differences.len());
            let deed = Deed::done(now_ms, &Who::service(), "recount mend", count);
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            pools.scopes.learn(numbers);
            Ok(found)
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

    fn compared_with(&self, kept: &Kept) -> Audit {
        let differences = differences(&self.expected(kept), &kept.sums).into_iter();
        let differences = differences.chain(kept.unknown.iter().cloned()).collect();
        Audit { check_ins: self.check_ins, participants: self.participants, differences }
    }

    /// What the counters should say.
    fn expected(&self, kept: &Kept) -> Sums {
        let mut log = sums::with_blocks(sums::of_days(&self.changes));
        // What rests on erased logs cannot be counted again: it is expected beside what can.
        for (key, figures) in sums::with_blocks(kept.erased.clone()) {
            log.entry(key).or_default().add(figures, 1);
        }
        log.retain(|_, figures| !figures.is_zero());
        log
    }

    /// What has to be added to the counters.
    fn lacking(&self, kept: &Kept) -> Sums {
        let mut lacking = self.expected(kept);
        for (key, figures) in &kept.sums {
            lacking.entry(*key).or_default().add(*figures, -1);
        }
        lacking.retain(|_, figures| !figures.is_zero());
        lacking
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
