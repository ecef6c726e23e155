//! What a turn of the server has written, as it stands in its log, cut into batches with the counter rows that belong to each.

use super::bulk::{Bulk, Column};
use std::collections::HashMap;
use studyroute::domain::check_in::Verdict;
use studyroute::domain::counts::{Changes, Counter, Entry, Evidence, History};
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

/// What one commit writes: the log's rows, the steps, the tallies.
pub struct Batch<'a>(pub [Bulk<'a>; 3]);

/// Cuts the log into batches; says also how many counter rows there are in all.
pub fn batches(log: &mut [LogRow], size: usize) -> (Vec<Batch<'_>>, usize) {
    let (mut histories, mut counter_rows) = (HashMap::new(), 0);
    let batches = log.chunks_mut(size).map(|rows| {
        let mut changes = Changes::new();
        for row in &*rows {
            let verdict = if row.verdict == 0 { Verdict::Inside } else { Verdict::Uncertain };
            let entry =
                Entry { occurred_ms: row.occurred_ms, route: row.route_key, waypoint: row.waypoint_key, verdict };
            let history: &mut History = histories.entry(row.participant).or_default();
            history.record(entry, &mut changes);
        }
        counter_rows += changes.len();
        rows.sort_by_key(|row| (row.participant, row.seq));
        let [steps, tallies] = counters(&changes);
        Batch([check_ins(rows), steps, tallies])
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

/// All counters of one table: whole numbers, first the key, then what is added.
fn counters(changes: &Changes) -> [Bulk<'static>; 2] {
    let all = |key: Option<i64>| key.unwrap_or(-1);
    let (mut steps, mut tallies) = (Vec::new(), Vec::new());
    for (counter, amount) in changes {
        match *counter {
            Counter::Step { scope, evidence, day, previous } => {
                let (route, waypoint, hour) = (scope.route, scope.waypoint, scope.hour.map(i64::from));
                let kind =
                    i64::from(route.is_some()) + 2 * i64::from(waypoint.is_some()) + 4 * i64::from(hour.is_some());
                let inside = i64::from(evidence == Evidence::Inside);
                let key = [kind, all(route), all(waypoint), all(hour), inside, day.into(), previous.into()];
                steps.push([&key[..], &[amount.people, 0]].concat());
            }
            Counter::Tally { route, waypoint, at } => {
                let key = [at.day.into(), route, waypoint, at.hour.into()];
                tallies.push([&key[..], &[amount.check_ins, amount.visits, amount.hour_visits, 0, 0, 0]].concat());
            }
        }
    }
    [bulk(&STEPS, &steps), bulk(&TALLIES, &tallies)]
}

struct Counters {
    into: &'static str,
    columns: &'static [&'static str],
    on_conflict: &'static str,
}

const STEPS: Counters = Counters {
    into: "people_steps",
    columns: &[
        "kind",
        "route_key",
        "waypoint_key",
        "hour",
        "evidence",
        "day",
        "previous_day",
        "people",
        "erased_people",
    ],
    on_conflict: "on conflict (kind, route_key, waypoint_key, hour, evidence, day, previous_day) do update
         set people = people_steps.people + excluded.people,
             erased_people = people_steps.erased_people + excluded.erased_people",
};

const TALLIES: Counters = Counters {
    into: "tallies",
    columns: &[
        "day",
        "route_key",
        "waypoint_key",
        "hour",
        "check_ins",
        "visits",
        "hour_visits",
        "erased_check_ins",
        "erased_visits",
        "erased_hour_visits",
    ],
    on_conflict: "on conflict (day, route_key, waypoint_key, hour) do update
         set check_ins = tallies.check_ins + excluded.check_ins, visits = tallies.visits + excluded.visits,
             hour_visits = tallies.hour_visits + excluded.hour_visits,
             erased_check_ins = tallies.erased_check_ins + excluded.erased_check_ins,
             erased_visits = tallies.erased_visits + excluded.erased_visits,
             erased_hour_visits = tallies.erased_hour_visits + excluded.erased_hour_visits",
};

fn bulk(table: &Counters, rows: &[Vec<i64>]) -> Bulk<'static> {
    let column = |at: usize| Column::Whole(rows.iter().map(|row| row[at]).collect());
    let columns = table.columns.iter().enumerate().map(|(at, name)| (*name, column(at))).collect();
    Bulk { into: table.into, columns, on_conflict: table.on_conflict }
}
