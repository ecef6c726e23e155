//! Seeded visitors over three years, shaped like schools: classes of forty that walk one route in a day, families who come again
//! in holidays, neighbours who come again and again.

use fastrand::Rng;
use std::collections::HashMap;
use studyroute::domain::check_in::Verdict;
use studyroute::domain::counts::Entry;
use studyroute::domain::time::{Day, date_of, day_begins_ms};
use uuid::Uuid;

/// The days that are filled, up to the last.
pub const DAYS: i32 = 1_095;
/// Check-ins of one participant, on average: 10,000,000 are of 400,000.
pub const CHECK_INS_EACH: usize = 25;
const CLASS: usize = 40;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// From half past eight to half past four.
const OPEN_MS: i64 = 17 * HOUR_MS / 2;
const CLOSED_MS: i64 = 33 * HOUR_MS / 2;

/// The stops of a study route in visiting order, by the store's numbers.
#[derive(Clone)]
pub struct Stops {
    pub route: i64,
    pub revision: i64,
    pub waypoints: Vec<i64>,
}

/// One participant and its check-ins in the order they arrive.
pub struct Visitor {
    pub id: Uuid,
    pub secret_bits: [u8; 32],
    /// When each arrived, and what it is.
    pub check_ins: Vec<(i64, Entry)>,
}

/// Draws visitors until there are enough check-ins.
pub struct School {
    random: Rng,
    routes: Vec<Stops>,
    last_day: Day,
    number: u64,
    expected: u64,
    left: usize,
    /// Those who come together and have not been given out yet.
    waiting: Vec<Vec<Entry>>,
}

impl School {
    pub fn new(routes: Vec<Stops>, last_day: Day, check_ins: usize, seed: u64) -> Self {
        let expected = (check_ins / CHECK_INS_EACH) as u64;
        Self {
            random: Rng::with_seed(seed),
            routes,
            last_day,
            number: 0,
            expected,
            left: check_ins,
            waiting: Vec::new(),
        }
    }

    /// The revisions of the study routes.
    pub fn revisions(&self) -> HashMap<i64, i64> {
        self.routes.iter().map(|stops| (stops.route, stops.revision)).collect()
    }

    /// Out of a hundred drawings, so that 85 of 100 participants are pupils, ten family members and five neighbours.
    fn group(&mut self) -> Vec<Vec<Entry>> {
        // A class is forty at once, a family four.
        match self.random.u32(0..965) {
            0..425 => self.class(),
            425..925 if self.random.u32(0..10) == 0 => self.neighbour(),
            425..925 => self.family(),
            _ => self.neighbour(),
        }
    }

    fn class(&mut self) -> Vec<Vec<Entry>> {
        let (day, route) = (self.school_day(), self.route());
        let starts = self.random.i64(0..HOUR_MS);
        (0..CLASS).map(|_| self.walk(day, &route, starts, 10)).collect()
    }

    fn family(&mut self) -> Vec<Vec<Entry>> {
        let days: Vec<Day> = (0..self.random.usize(1..6)).map(|_| self.free_day()).collect();
        let walks: Vec<_> = days.iter().map(|&day| (day, self.route(), self.random.i64(0..4 * HOUR_MS))).collect();
        let member = |school: &mut Self| {
            walks.iter().flat_map(|(day, route, starts)| school.walk(*day, route, *starts, 60)).collect()
        };
        (0..4).map(|_| member(self)).collect()
    }

    fn neighbour(&mut self) -> Vec<Vec<Entry>> {
        let route = self.route();
        let days = self.random.usize(15..56);
        let visits = (0..days).flat_map(|_| {
            let (day, starts) = (self.day(), self.random.i64(0..7 * HOUR_MS));
            self.walk(day, &route, starts, 88)
        });
        vec![visits.collect()]
    }

    /// One walk in visiting order; of a hundred stops some are left out.
    fn walk(&mut self, day: Day, route: &Stops, starts: i64, left_out: u32) -> Vec<Entry> {
        let walked = (CLOSED_MS - OPEN_MS - HOUR_MS).min(CLOSED_MS - OPEN_MS - starts);
        let step = walked / i64::try_from(route.waypoints.len()).expect("small");
        let mut entries = Vec::new();
        for (place, &waypoint) in (0i64..).zip(&route.waypoints) {
            if self.random.u32(0..100) < left_out {
                continue;
            }
            let at = OPEN_MS + starts + place * step + self.random.i64(0..5 * MINUTE_MS).min(step);
            let verdict = if self.random.u32(0..100) < 6 { Verdict::Uncertain } else { Verdict::Inside };
            entries.push(Entry { occurred_ms: day_begins_ms(day) + at, route: route.route, waypoint, verdict });
        }
        entries
    }

    fn route(&mut self) -> Stops {
        let at = self.random.usize(0..self.routes.len());
        self.routes[at].clone()
    }

    fn day(&mut self) -> Day {
        self.last_day - self.random.i32(0..DAYS)
    }

    /// Of a term, few at week-ends.
    fn school_day(&mut self) -> Day {
        loop {
            let day = self.day();
            let weekend = (day + 3).rem_euclid(7) >= 5;
            if !is_holiday(day) && (!weekend || self.random.u32(0..20) == 0) {
                return day;
            }
        }
    }

    fn free_day(&mut self) -> Day {
        loop {
            let day = self.day();
            if is_holiday(day) || (day + 3).rem_euclid(7) >= 5 {
                return day;
            }
        }
    }

    /// Each arrives at once, or with a few others when there is a network again, up to thirteen days later.
    fn arrivals(&mut self, mut entries: Vec<Entry>) -> Vec<(i64, Entry)> {
        entries.sort();
        let arrived = entries.into_iter().map(|entry| {
            let late_ms = if self.random.u32(0..100) < 3 { self.random.i64(0..13 * 24 * HOUR_MS) } else { 1_500 };
            (entry.occurred_ms + late_ms, entry)
        });
        let mut arrived: Vec<_> = arrived.collect();
        arrived.sort_by_key(|(arrived_ms, _)| *arrived_ms);
        arrived
    }
}

/// January, February, July and August, the first week of October and of May.
fn is_holiday(day: Day) -> bool {
    let date = date_of(day);
    matches!(date.month(), 1 | 2 | 7 | 8) || (matches!(date.month(), 5 | 10) && date.day() <= 7)
}

impl Iterator for School {
    type Item = Visitor;

    fn next(&mut self) -> Option<Visitor> {
        if self.left == 0 {
            return None;
        }
        let mut entries = loop {
            match self.waiting.pop() {
                Some(entries) if !entries.is_empty() => break entries,
                Some(_) => {}
                None => self.waiting = self.group(),
            }
        };
        entries.truncate(self.left);
        self.left -= entries.len();
        // In the order of the keys, so that filling is fast; twice as many fit as are expected.
        let spaced = u64::MAX / (2 * self.expected.max(1) + 1_000) * self.number;
        self.number += 1;
        let mut secret_bits = [0; 32];
        self.random.fill(&mut secret_bits);
        let id = Uuid::from_u64_pair(spaced, self.random.u64(..));
        Some(Visitor { id, secret_bits, check_ins: self.arrivals(entries) })
    }
}
