//! The counters: added to in the transaction of the check-ins they count, as rows of whole numbers. Where something is counted is
//! a scope; rows name it by a number of its own, which it keeps for ever and which is therefore remembered.
//!
//! Refuses to read them: that is [`super::counts`] for questions and [`super::audit`] for a recount.

use super::bulk::{Bulk, Column};
use super::sql::{Sql, statements};
use super::{Result, StoreError};
use crate::domain::counts::{Changes, Scope};
use crate::domain::sums::{self, Cell, Figures, Sums};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

statements! {
    /// Every writer adds in the order of the keys, else two could wait for each other.
    ADD_SCOPES = Sql::pair(
        "insert into count_scopes (kind, route_key, waypoint_key, hour)
         select value ->> 'kind', value ->> 'route_key', value ->> 'waypoint_key', value ->> 'hour'
         from json_each($1) where true on conflict do nothing",
        "insert into count_scopes (kind, route_key, waypoint_key, hour)
         select s.kind, s.route_key, s.waypoint_key, s.hour
         from jsonb_to_recordset($1::jsonb) as s(kind bigint, route_key bigint, waypoint_key bigint, hour bigint)
         order by 1, 2, 3, 4
         on conflict do nothing",
    );
    NUMBERS = Sql::pair(
        "select c.scope, c.kind, c.route_key, c.waypoint_key, c.hour
         from json_each($1) s
         cross join count_scopes c on c.kind = s.value ->> 'kind' and c.route_key = s.value ->> 'route_key'
                                  and c.waypoint_key = s.value ->> 'waypoint_key' and c.hour = s.value ->> 'hour'",
        "select c.scope, c.kind, c.route_key, c.waypoint_key, c.hour
         from jsonb_to_recordset($1::jsonb) as s(kind bigint, route_key bigint, waypoint_key bigint, hour bigint)
         join count_scopes c using (kind, route_key, waypoint_key, hour)",
    );
}

/// What happens to a day's or a block's row that is there already.
const MORE_OF_DAYS: &str = "on conflict (scope, span, first) do update
    set people = day_counts.people + excluded.people,
        people_inside = day_counts.people_inside + excluded.people_inside,
        check_ins = day_counts.check_ins + excluded.check_ins, visits = day_counts.visits + excluded.visits,
        again = day_counts.again + excluded.again, again_inside = day_counts.again_inside + excluded.again_inside,
        later = day_counts.later + excluded.later, later_inside = day_counts.later_inside + excluded.later_inside";
const MORE_RETURNS: &str = "on conflict (scope, span, first, second) do update
    set people = return_counts.people + excluded.people,
        people_inside = return_counts.people_inside + excluded.people_inside";

/// Scopes whose numbers are remembered: some ten megabytes.
const KNOWN_MAX: usize = 200_000;

/// "All" as a key.
pub(super) const ALL_KEY: i64 = -1;

/// The part of a day that rests on an erased log, beside the spans of [`place`].
pub(super) const ERASED_DAYS: i64 = 2;
/// The same of returns.
pub(super) const ERASED_RETURNS: i64 = 4;

/// A scope as the store knows it.
#[derive(Serialize, sqlx::FromRow)]
pub(super) struct ScopeRow {
    #[serde(skip)]
    scope: i64,
    kind: i64,
    route_key: i64,
    waypoint_key: i64,
    hour: i64,
}

impl ScopeRow {
    fn new(scope: Scope) -> Self {
        Self {
            scope: 0,
            kind: kind_code(scope.route.is_some(), scope.waypoint.is_some(), scope.hour.is_some()),
            route_key: scope.route.unwrap_or(ALL_KEY),
            waypoint_key: scope.waypoint.unwrap_or(ALL_KEY),
            hour: scope.hour.map_or(ALL_KEY, i64::from),
        }
    }

    /// The scope, and its number.
    pub fn numbered(&self) -> (Scope, i64) {
        let key = |key| (key != ALL_KEY).then_some(key);
        let hour = key(self.hour).and_then(|hour| i8::try_from(hour).ok());
        (Scope { route: key(self.route_key), waypoint: key(self.waypoint_key), hour }, self.scope)
    }
}

/// The store's numbers of scopes.
pub(super) type Numbers = HashMap<Scope, i64>;

/// The numbers that were read or made by transactions which are committed.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<RwLock<Numbers>>);

impl Known {
    /// The known numbers of the rows' scopes, and the scopes that have none yet.
    pub fn look_up(&self, rows: &Rows) -> (Numbers, Vec<ScopeRow>) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (mut numbers, mut unknown) = (Numbers::new(), Vec::new());
        for scope in rows.scopes() {
            match known.get(&scope) {
                Some(number) => drop(numbers.insert(scope, *number)),
                None => unknown.push(ScopeRow::new(scope)),
            }
        }
        (numbers, unknown)
    }

    /// Asks for them anew.
    pub fn forget(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Remembers them, once they are committed.
    pub fn learn(&self, numbers: Numbers) {
        let lacks = |known: &Numbers| numbers.keys().any(|scope| !known.contains_key(scope));
        if !lacks(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() + numbers.len() > KNOWN_MAX {
            known.clear();
        }
        known.extend(numbers);
    }
}

/// The numbers of the scopes of some rows, made in this transaction where there are none yet.
macro_rules! numbers {
    ($tx:ident, $dialect:ident, $pools:ident, $rows:expr) => {{
        let (mut numbers, unknown) = $pools.scopes.look_up($rows);
        if !unknown.is_empty() {
            let unknown = $crate::store::json(&unknown)?;
            sqlx::query($crate::store::counters::ADD_SCOPES.on($dialect)).bind(&unknown).execute(&mut *$tx).await?;
            let found: Vec<$crate::store::counters::ScopeRow> =
                sqlx::query_as($crate::store::counters::NUMBERS.on($dialect))
                    .bind(&unknown)
                    .fetch_all(&mut *$tx)
                    .await?;
            numbers.extend(found.iter().map($crate::store::counters::ScopeRow::numbered));
        }
        numbers
    }};
}
pub(super) use numbers;

/// Sums on their way into the counters, by scope.
#[derive(Default)]
pub(super) struct Rows {
    days: Vec<(Scope, [i64; 10])>,
    returns: Vec<(Scope, [i64; 5])>,
}

/// What check-ins add.
pub(super) fn added(changes: &Changes) -> Rows {
    rows(&sums::with_blocks(sums::of_days(changes)), place)
}

/// What counters lack, beside what a recount gives.
pub(super) fn lacking(sums: &Sums) -> Rows {
    rows(sums, place)
}

/// What of the counters rests on an erased log from now on. The sums of blocks follow from those of days.
pub(super) fn erased(changes: &Changes) -> Rows {
    rows(&sums::of_days(changes), |cell| match place(cell) {
        Place::Days { first, .. } => Place::Days { span: ERASED_DAYS, first },
        Place::Returns { first, second, .. } => Place::Returns { span: ERASED_RETURNS, first, second },
    })
}

fn rows(sums: &Sums, place: impl Fn(Cell) -> Place) -> Rows {
    let mut rows = Rows::default();
    for (&(scope, cell), figures) in sums {
        let Figures { people, people_inside, check_ins, visits, again: [again, again_inside], .. } = *figures;
        let [later, later_inside] = figures.later;
        match place(cell) {
            Place::Days { span, first } => {
                let row =
                    [span, first, people, people_inside, check_ins, visits, again, again_inside, later, later_inside];
                rows.days.push((scope, row));
            }
            Place::Returns { span, first, second } => {
                rows.returns.push((scope, [span, first, second, people, people_inside]));
            }
        }
    }
    rows
}

impl Rows {
    fn scopes(&self) -> impl Iterator<Item = Scope> {
        let mut scopes: Vec<Scope> = self.days.iter().map(|(scope, _)| *scope).collect();
        scopes.extend(self.returns.iter().map(|(scope, _)| *scope));
        // By scope they come in order, so this leaves one of each but for those that have both.
        scopes.sort_unstable();
        scopes.dedup();
        scopes.into_iter()
    }

    /// The rows as they are written: in the order of their keys, else two writers could wait for each other.
    pub fn bulk(&self, numbers: &Numbers) -> Result<[Bulk<'static>; 2]> {
        let days = bulk(
            "day_counts",
            [
                "span",
                "first",
                "people",
                "people_inside",
                "check_ins",
                "visits",
                "again",
                "again_inside",
                "later",
                "later_inside",
            ],
            &keyed(&self.days, numbers)?,
            MORE_OF_DAYS,
        );
        let returns = ["span", "first", "second", "people", "people_inside"];
        Ok([days, bulk("return_counts", returns, &keyed(&self.returns, numbers)?, MORE_RETURNS)])
    }
}

fn keyed<const WIDTH: usize>(rows: &[(Scope, [i64; WIDTH])], numbers: &Numbers) -> Result<Vec<(i64, [i64; WIDTH])>> {
    let keyed = rows.iter().map(|(scope, row)| Some((*numbers.get(scope)?, *row)));
    let mut keyed: Vec<_> = keyed.collect::<Option<_>>().ok_or(StoreError::Corrupt { table: "count_scopes" })?;
    keyed.sort_unstable();
    Ok(keyed)
}

fn bulk<const WIDTH: usize>(
    into: &'static str,
    names: [&'static str; WIDTH],
    rows: &[(i64, [i64; WIDTH])],
    on_conflict: &'static str,
) -> Bulk<'static> {
    let scopes = ("scope", Column::Whole(rows.iter().map(|(scope, _)| *scope).collect()));
    let others = names.into_iter().enumerate();
    let others = others.map(|(at, name)| (name, Column::Whole(rows.iter().map(|(_, row)| row[at]).collect())));
    Bulk { into, columns: std::iter::once(scopes).chain(others).collect(), on_conflict }
}

/// Where a cell is kept.
pub(super) enum Place {
    /// In `day_counts`.
    Days { span: i64, first: i64 },
    /// In `return_counts`.
    Returns { span: i64, first: i64, second: i64 },
}

pub(super) fn place(cell: Cell) -> Place {
    match cell {
        Cell::Day(first) => Place::Days { span: 0, first },
        Cell::Block(first) => Place::Days { span: 1, first },
        Cell::Return(first, second) => Place::Returns { span: 0, first, second },
        Cell::ReturnToBlock(first, second) => Place::Returns { span: 1, first, second },
        Cell::ReturnInBlock(first, second) => Place::Returns { span: 2, first, second },
        Cell::ReturnOfBlocks(first, second) => Place::Returns { span: 3, first, second },
    }
}

/// The cell of a row of `day_counts` or `return_counts`, also of the part whose log was erased; `None` for a span that is not ours.
pub(super) fn cell(is_days: bool, span: i64, first: i64, second: i64) -> Option<Cell> {
    match (is_days, span) {
        (true, 0 | ERASED_DAYS) => Some(Cell::Day(first)),
        (true, 1) => Some(Cell::Block(first)),
        (false, 0 | ERASED_RETURNS) => Some(Cell::Return(first, second)),
        (false, 1) => Some(Cell::ReturnToBlock(first, second)),
        (false, 2) => Some(Cell::ReturnInBlock(first, second)),
        (false, 3) => Some(Cell::ReturnOfBlocks(first, second)),
        _ => None,
    }
}

/// The kind of a scope: which of route, waypoint and hour are one and not all.
pub(super) fn kind_code(route: bool, waypoint: bool, hour: bool) -> i64 {
    i64::from(route) + 2 * i64::from(waypoint) + 4 * i64::from(hour)
}
