//! Ratios within one run: what a whole nearby answer and a group commit cost beside the bare thing they stand on.
//!
//! Absolute times move with the machine; only the ratios mean something. `cargo bench -- --quick` takes fewer rounds.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use rstar::RTree;
use rstar::primitives::GeomWithData;
use std::hint::black_box;
use std::time::Instant;
use studyroute::domain::geodesy::{Frame, LatLon};
use studyroute::index::PointTree;

const POINTS: usize = 100_000;
const QUERIES: usize = 2_000;
const ITEMS: usize = 20;
const RADIUS_M: f64 = 50_000.0;

/// Towns along a line with courtyards full of waypoints, seeded.
fn places() -> Vec<LatLon> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..POINTS)
        .map(|i| {
            let town = f64::from(u32::try_from(i / 200).unwrap());
            let (lat, lon) = (25.0 + town * 0.03, 105.0 + (town * 0.7).sin() * 5.0);
            LatLon::new(lat + random.f64() * 0.01, lon + random.f64() * 0.01).unwrap()
        })
        .collect()
}

fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

/// Median of the ratios of interleaved pairs, with their spread.
fn compare(name: &str, rounds: usize, mut ours: impl FnMut(), mut bare: impl FnMut()) {
    let mut ratios: Vec<f64> = (0..rounds).map(|_| seconds(&mut ours) / seconds(&mut bare)).collect();
    ratios.sort_by(f64::total_cmp);
    let (least, median, most) = (ratios[0], ratios[rounds / 2], ratios[rounds - 1]);
    println!("{name}: {median:.2} × (from {least:.2} to {most:.2}, {rounds} pairs)");
}

fn main() {
    let rounds = if std::env::args().any(|arg| arg == "--quick") { 5 } else { 15 };
    let places = places();
    let eyes: Vec<Frame> = places.iter().step_by(POINTS / QUERIES).map(|&place| Frame::at(place)).collect();
    let tree = PointTree::new(places.iter().copied());
    let keys = places.iter().enumerate().map(|(i, p)| GeomWithData::new(p.ecef(), i)).collect();
    let bare: RTree<GeomWithData<[f64; 3], usize>> = RTree::bulk_load(keys);
    println!("{POINTS} points, {QUERIES} queries a round, {ITEMS} items within {RADIUS_M} m");
    compare(
        "index query with distance, bearing and order, over the bare R-tree",
        rounds,
        || {
            for eye in &eyes {
                black_box(tree.nearby(eye, RADIUS_M, ITEMS, |_| true));
            }
        },
        || {
            for eye in &eyes {
                let found: Vec<usize> =
                    bare.nearest_neighbor_iter(eye.origin()).take(ITEMS).map(|point| point.data).collect();
                black_box(found);
            }
        },
    );
}
