//! What a turn of the server has written, as it stands in its log, cut into batches with the counter rows that belong to each.

use super::bulk::{Bulk, Column};
use std::collections::{BTreeMap, HashMap};
use studyroute::domain::check_in::Verdict;
use studyroute::domain::counts::{Changes, Entry, History, Scope};
use studyroute::domain::sums::{Cell, of_days, with_blocks};
use uuid::Uuid;

/// The log in the order in which it was received.
pub const LOG: &str =
    "select participant, id, seq, route_key, waypoint_key, revision, occurred_ms, received_ms, verdict, method,
        distance_m, accuracy_m, first_visit, seal from check_ins order by received_ms, seq";

#[derive(sqlx::FromRow)]
pub struct LogRow {
    participant: Uuid,
    id: String,
    seq: i64,
    route_key: i64,
    waypoint_key: i64,
    revision: i64,
    occurred_ms: i64,
    received_ms: i64,
    verdict: i64,
    method: String,
    distance_m: f64,
    accuracy_m: f64,
    first_visit: i64,
    seal: Vec<u8>,
}

/// What one commit writes: the log's rows, new scopes, sums of days, sums of returns.
pub struct Batch<'a>(pub [Bulk<'a>; 4]);

/// Cuts the log into batches; says also how many counter rows there are in all.
pub fn batches(log: &mut [LogRow], size: usize) -> (Vec<Batch<'_>>, usize) {
    let (mut histories, mut scopes, mut counter_rows) = (HashMap::new(), BTreeMap::new(), 0);
    let batches = log.chunks_mut(size).map(|rows| {
        let mut changes = Changes::new();
        for row in &*rows {
            let verdict = if row.verdict == 0 { Verdict::Inside } else { Verdict::Uncertain };
            let entry =
                Entry { occurred_ms: row.occurred_ms, route: row.route_key, waypoint: row.waypoint_key, verdict };
            let history: &mut History = histories.entry(row.participant).or_default();
            history.record(entry, &mut changes);
        }
        rows.sort_by_key(|row| (row.participant, row.seq));
        let [new, days, returns] = counters(&changes, &mut scopes);
        counter_rows += new.len() + days.len() + returns.len();
        Batch([check_ins(rows), bulk(&SCOPES, &new), bulk(&DAYS, &days), bulk(&RETURNS, &returns)])
    });
    (batches.collect(), counter_rows)
}

fn check_ins(rows: &[LogRow]) -> Bulk<'_> {
    let whole = |pick: fn(&LogRow) -> i64| Column::Whole(rows.iter().map(pick).collect());
    let real = |pick: fn(&LogRow) -> f64| Column::Real(rows.iter().map(pick).collect());
    Bulk {
        into: "check_ins",
        columns: vec![
            ("participant", Column::Id(rows.iter().map(|row| row.participant).collect())),
            ("id", Column::Text(rows.iter().map(|row| &*row.id).collect())),
            ("seq", whole(|row| row.seq)),
            ("route_key", whole(|row| row.route_key)),
            ("waypoint_key", whole(|row| row.waypoint_key)),
            ("revision", whole(|row| row.revision)),
            ("occurred_ms", whole(|row| row.occurred_ms)),
            ("received_ms", whole(|row| row.received_ms)),
            ("verdict", whole(|row| row.verdict)),
            ("method", Column::Text(rows.iter().map(|row| &*row.method).collect())),
            ("distance_m", real(|row| row.distance_m)),
            ("accuracy_m", real(|row| row.accuracy_m)),
            ("first_visit", whole(|row| row.first_visit)),
            ("seal", Column::Bytes(rows.iter().map(|row| &*row.seal).collect())),
        ],
        on_conflict: "on conflict do nothing",
    }
}

/// Rows of whole numbers: first the key, then what is added. A scope that has no number yet gets the next one.
fn counters(changes: &Changes, scopes: &mut BTreeMap<Scope, i64>) -> [Vec<Vec<i64>>; 3] {
    let [mut new, mut days, mut returns] = [const { Vec::new() }; 3];
    for ((scope, cell), figures) in with_blocks(of_days(changes)) {
        let next = i64::try_from(scopes.len() + 1).expect("few");
        let scope = *scopes.entry(scope).or_insert_with(|| {
            let (route, waypoint, hour) = (scope.route, scope.waypoint, scope.hour.map(i64::from));
            let kind = i64::from(route.is_some()) + 2 * i64::from(waypoint.is_some()) + 4 * i64::from(hour.is_some());
            let all = |key: Option<i64>| key.unwrap_or(-1);
            new.push(vec![next, kind, all(route), all(waypoint), all(hour)]);
            next
        });
        let mut day = |span, first| {
            let ([again, again_inside], [later, later_inside]) = (figures.again, figures.later);
            let people = [figures.people, figures.people_inside, figures.check_ins, figures.visits];
            days.push([&[scope, span, first][..], &people, &[again, again_inside, later, later_inside]].concat());
        };
        let mut again = |span, first, second| {
            returns.push(vec![scope, span, first, second, figures.people, figures.people_inside]);
        };
        match cell {
            Cell::Day(first) => day(0, first),
            Cell::Block(first) => day(1, first),
            Cell::Return(first, second) => again(0, first, second),
            Cell::ReturnToBlock(first, second) => again(1, first, second),
            Cell::ReturnInBlock(first, second) => again(2, first, second),
            Cell::ReturnOfBlocks(first, second) => again(3, first, second),
        }
    }
    [new, days, returns]
}

struct Counters {
    into: &'static str,
    columns: &'static [&'static str],
    on_conflict: &'static str,
}

const SCOPES: Counters = Counters {
    into: "count_scopes",
    columns: &["scope", "kind", "route_key", "waypoint_key", "hour"],
    on_conflict: "on conflict do nothing",
};

const DAYS: Counters = Counters {
    into: "day_counts",
    columns: &[
        "scope",
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
    on_conflict: "on conflict (scope, span, first) do update
         set people = day_counts.people + excluded.people,
             people_inside = day_counts.people_inside + excluded.people_inside,
             check_ins = day_counts.check_ins + excluded.check_ins, visits = day_counts.visits + excluded.visits,
             again = day_counts.again + excluded.again, again_inside = day_counts.again_inside + excluded.again_inside,
             later = day_counts.later + excluded.later, later_inside = day_counts.later_inside + excluded.later_inside",
};

const RETURNS: Counters = Counters {
    into: "return_counts",
    columns: &["scope", "span", "first", "second", "people", "people_inside"],
    on_conflict: "on conflict (scope, span, first, second) do update
         set people = return_counts.people + excluded.people,
             people_inside = return_counts.people_inside + excluded.people_inside",
};

fn bulk(table: &Counters, rows: &[Vec<i64>]) -> Bulk<'static> {
    let column = |at: usize| Column::Whole(rows.iter().map(|row| row[at]).collect());
    let columns = table.columns.iter().enumerate().map(|(at, name)| (*name, column(at))).collect();
    Bulk { into: table.into, columns, on_conflict: table.on_conflict }
}
