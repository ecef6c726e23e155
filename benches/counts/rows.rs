//! How many rows of counters a crowd's check-ins touch, in transactions of 512 on the busiest days.

use crate::school::{School, Stops};
use std::collections::HashMap;
use studyroute::domain::counts::{Changes, Entry, History};
use studyroute::domain::sums::{of_days, with_blocks};
use studyroute::domain::time::local_hour;
use uuid::Uuid;

/// As many as the server puts into one transaction.
const BATCH: usize = 512;
/// Days that are looked at.
const DAYS: i32 = 3;

/// Rows a check-in, over the last days of so many check-ins: steps and tallies as the domain names them, and sums as the store
/// keeps them.
pub fn touched(check_ins: usize, seed: u64) -> (f64, f64) {
    let stops = |route: i64| Stops { route, revision: 1, waypoints: (route * 100..route * 100 + 27).collect() };
    let last_day = 20_000;
    let since = |received_ms: i64| local_hour(received_ms).day > last_day - DAYS;
    let mut arrivals: Vec<(i64, Uuid, Entry)> = Vec::new();
    for visitor in School::new(vec![stops(1), stops(2)], last_day, check_ins, seed) {
        if visitor.check_ins.iter().any(|&(received_ms, _)| since(received_ms)) {
            arrivals.extend(visitor.check_ins.iter().map(|&(received_ms, entry)| (received_ms, visitor.id, entry)));
        }
    }
    arrivals.sort_by_key(|(received_ms, ..)| *received_ms);
    let mut histories: HashMap<Uuid, History> = HashMap::new();
    let (mut changes, mut batch, mut counted, mut names, mut sums) = (Changes::new(), 0, 0usize, 0usize, 0usize);
    for (received_ms, who, entry) in arrivals {
        if !since(received_ms) {
            histories.entry(who).or_default().record(entry, &mut Changes::new());
            continue;
        }
        histories.entry(who).or_default().record(entry, &mut changes);
        batch += 1;
        if batch == BATCH {
            counted += BATCH;
            names += changes.len();
            sums += with_blocks(of_days(&changes)).len();
            (changes, batch) = (Changes::new(), 0);
        }
    }
    (names as f64 / counted as f64, sums as f64 / counted as f64)
}
