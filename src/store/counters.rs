//! The counters: added to in the transaction of the check-ins they count. A transaction binds one JSON parameter to each of the
//! statements of [`ADD`], in turn.
//!
//! Refuses to read them: that is [`super::counts`] for questions and [`super::audit`] for a recount.

use super::sql::{Sql, statements};
use super::{Result, json};
use crate::domain::counts::{Changes, Scope};
use crate::domain::sums::{self, Cell, Figures, Sums};
use serde::Serialize;
use std::collections::BTreeMap;

statements! {
    ADD_SCOPES = Sql::pair(
        "insert into count_scopes (kind, route_key, waypoint_key, hour)
         select value ->> 'kind', value ->> 'route_key', value ->> 'waypoint_key', value ->> 'hour'
         from json_each($1) where true on conflict do nothing",
        "insert into count_scopes (kind, route_key, waypoint_key, hour)
         select s.kind, s.route_key, s.waypoint_key, s.hour
         from jsonb_to_recordset($1::jsonb) as s(kind bigint, route_key bigint, waypoint_key bigint, hour bigint)
         on conflict do nothing",
    );
    /// Every writer adds in the order of the keys, else two could wait for each other.
    ADD_DAYS = Sql::pair(
        "insert into day_counts (scope, span, first, people, people_inside, check_ins, visits, again, again_inside, later,
                later_inside)
         select c.scope, d.value ->> 0, d.value ->> 1, d.value ->> 2, d.value ->> 3, d.value ->> 4, d.value ->> 5,
                d.value ->> 6, d.value ->> 7, d.value ->> 8, d.value ->> 9
         from json_each($1) s
         cross join count_scopes c on c.kind = s.value ->> 'kind' and c.route_key = s.value ->> 'route_key'
                                  and c.waypoint_key = s.value ->> 'waypoint_key' and c.hour = s.value ->> 'hour'
         cross join json_each(s.value, '$.days') d
         where true on conflict (scope, span, first) do update
         set people = people + excluded.people, people_inside = people_inside + excluded.people_inside,
             check_ins = check_ins + excluded.check_ins, visits = visits + excluded.visits,
             again = again + excluded.again, again_inside = again_inside + excluded.again_inside,
             later = later + excluded.later, later_inside = later_inside + excluded.later_inside",
        "insert into day_counts as t (scope, span, first, people, people_inside, check_ins, visits, again, again_inside, later,
                later_inside)
         select c.scope, (d ->> 0)::bigint, (d ->> 1)::bigint, (d ->> 2)::bigint, (d ->> 3)::bigint, (d ->> 4)::bigint,
                (d ->> 5)::bigint, (d ->> 6)::bigint, (d ->> 7)::bigint, (d ->> 8)::bigint, (d ->> 9)::bigint
         from jsonb_to_recordset($1::jsonb) as s(kind bigint, route_key bigint, waypoint_key bigint, hour bigint, days jsonb)
         join count_scopes c using (kind, route_key, waypoint_key, hour)
         cross join lateral jsonb_array_elements(s.days) d
         order by 1, 2, 3
         on conflict (scope, span, first) do update
         set people = t.people + excluded.people, people_inside = t.people_inside + excluded.people_inside,
             check_ins = t.check_ins + excluded.check_ins, visits = t.visits + excluded.visits,
             again = t.again + excluded.again, again_inside = t.again_inside + excluded.again_inside,
             later = t.later + excluded.later, later_inside = t.later_inside + excluded.later_inside",
    );
    ADD_RETURNS = Sql::pair(
        "insert into return_counts (scope, span, first, second, people, people_inside)
         select c.scope, r.value ->> 0, r.value ->> 1, r.value ->> 2, r.value ->> 3, r.value ->> 4
         from json_each($1) s
         cross join count_scopes c on c.kind = s.value ->> 'kind' and c.route_key = s.value ->> 'route_key'
                                  and c.waypoint_key = s.value ->> 'waypoint_key' and c.hour = s.value ->> 'hour'
         cross join json_each(s.value, '$.returns') r
         where true on conflict (scope, span, first, second) do update
         set people = people + excluded.people, people_inside = people_inside + excluded.people_inside",
        "insert into return_counts as t (scope, span, first, second, people, people_inside)
         select c.scope, (r ->> 0)::bigint, (r ->> 1)::bigint, (r ->> 2)::bigint, (r ->> 3)::bigint, (r ->> 4)::bigint
         from jsonb_to_recordset($1::jsonb) as s(kind bigint, route_key bigint, waypoint_key bigint, hour bigint, returns jsonb)
         join count_scopes c using (kind, route_key, waypoint_key, hour)
         cross join lateral jsonb_array_elements(s.returns) r
         order by 1, 2, 3, 4
         on conflict (scope, span, first, second) do update
         set people = t.people + excluded.people, people_inside = t.people_inside + excluded.people_inside",
    );
}

/// What adds one JSON of [`added`] or [`erased`], in this order.
pub(super) const ADD: [Sql; 3] = [ADD_SCOPES, ADD_DAYS, ADD_RETURNS];

/// "All" as a key.
pub(super) const ALL_KEY: i64 = -1;

/// The part of a day that rests on an erased log, beside the spans of [`place`].
pub(super) const ERASED_DAYS: i64 = 2;
/// The same of returns.
pub(super) const ERASED_RETURNS: i64 = 4;

/// One scope and what is added there.
#[derive(Serialize)]
struct ScopeRow {
    kind: i64,
    route_key: i64,
    waypoint_key: i64,
    hour: i64,
    days: Vec<[i64; 10]>,
    returns: Vec<[i64; 5]>,
}

impl ScopeRow {
    fn new(scope: Scope) -> Self {
        Self {
            kind: kind_code(scope.route.is_some(), scope.waypoint.is_some(), scope.hour.is_some()),
            route_key: scope.route.unwrap_or(ALL_KEY),
            waypoint_key: scope.waypoint.unwrap_or(ALL_KEY),
            hour: scope.hour.map_or(ALL_KEY, i64::from),
            days: Vec::new(),
            returns: Vec::new(),
        }
    }
}

/// What check-ins add.
pub(super) fn added(changes: &Changes) -> Result<String> {
    rows(&sums::with_blocks(sums::of_days(changes)), place)
}

/// What of the counters rests on an erased log from now on. The sums of blocks follow from those of days.
pub(super) fn erased(changes: &Changes) -> Result<String> {
    rows(&sums::of_days(changes), |cell| match place(cell) {
        Place::Days { first, .. } => Place::Days { span: ERASED_DAYS, first },
        Place::Returns { first, second, .. } => Place::Returns { span: ERASED_RETURNS, first, second },
    })
}

fn rows(sums: &Sums, place: impl Fn(Cell) -> Place) -> Result<String> {
    let mut rows: BTreeMap<Scope, ScopeRow> = BTreeMap::new();
    for (&(scope, cell), figures) in sums {
        let row = rows.entry(scope).or_insert_with(|| ScopeRow::new(scope));
        let Figures { people, people_inside, check_ins, visits, again: [again, again_inside], .. } = *figures;
        let [later, later_inside] = figures.later;
        match place(cell) {
            Place::Days { span, first } => {
                row.days.push([
                    span,
                    first,
                    people,
                    people_inside,
                    check_ins,
                    visits,
                    again,
                    again_inside,
                    later,
                    later_inside,
                ]);
            }
            Place::Returns { span, first, second } => row.returns.push([span, first, second, people, people_inside]),
        }
    }
    json(&rows.into_values().collect::<Vec<_>>())
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
