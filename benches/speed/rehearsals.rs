//! A rehearsal: simulated walkers on a real route. No limit stands beside it; its time is told.

use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use crate::sample;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;
use studyroute::domain::rehearsal::{Plan, rehearse};

const WALKERS: u32 = 1_000;

pub fn measure(bench: &Bench, report: &mut Report) {
    let route = sample::routes().into_iter().find(|route| route.slug == "peoples-canal").expect("the canal");
    let plan = Plan { walkers: WALKERS, seed: 7, group_size: 40, settings: BTreeMap::new() };
    let times = (0..bench.pairs()).map(|_| {
        let started = Instant::now();
        black_box(rehearse(&route, &plan).expect("fit"));
        started.elapsed().as_secs_f64()
    });
    report.add(
        Row::new("rehearsal", format!("rehearsal of {WALKERS} walkers on the canal"), "", times.collect()).unit("s"),
    );
}
