//! The index query alone beside the bare R-tree with the same keys: twenty neighbours, and all within a radius.

use crate::figures::say;
use crate::options::Bench;
use crate::places;
use crate::report::Report;
use crate::row::Row;
use crate::server;
use rstar::RTree;
use rstar::primitives::GeomWithData;
use std::hint::black_box;
use std::time::Instant;
use studyroute::domain::geodesy::{Frame, LatLon};
use studyroute::index::PointTree;

const POINTS: usize = 1_000_000;
const POINTS_QUICK: usize = 100_000;
/// Questions of one span.
const QUERIES: usize = 20_000;
const ITEMS: usize = 20;
const WIDE_M: f64 = 50_000.0;
/// What the wire allows.
const ITEMS_MAX: usize = 100;
const RADIUS_M: f64 = 1_000.0;
const MOST: f64 = 1.2;

type Bare = RTree<GeomWithData<[f64; 3], u32>>;

pub fn measure(bench: &Bench, report: &mut Report) {
    let points = if bench.options.quick { POINTS_QUICK } else { POINTS }.min(bench.options.most);
    let pairs = bench.pairs();
    let figures = server::step_on("0", &["index", &points.to_string(), &pairs.to_string()], 120);
    let column = |name: &str| -> Vec<f64> { figures.iter().map(|figures| figures[name]).collect() };
    for (key, work) in [
        ("nearest", format!("the query alone: {ITEMS} nearest of {points}")),
        ("radius", format!("the query alone: within {RADIUS_M} m of {points}, at most {ITEMS_MAX}")),
    ] {
        let (ours, bare) = (column(&format!("{key}_us")), column(&format!("{key}_bare_us")));
        let ratios = ours.iter().zip(&bare).map(|(ours, bare)| ours / bare).collect();
        let more =
            format!("{:.2} µs with distances, bearings and order, against {:.2}", ours[pairs / 2], bare[pairs / 2]);
        let row = Row::new(format!("index-{key}"), work, "bare rstar with the same keys, its time", ratios);
        report.add(row.at_most(MOST).more(more).part("us", ours[pairs / 2]).part("limit_us", bare[pairs / 2]));
    }
}

/// One line of figures for every pair.
pub fn step(points: usize, pairs: usize) {
    let places = places::all(points);
    let mut random = fastrand::Rng::with_seed(17);
    let tree = PointTree::new(places.iter().copied());
    let keys = places.iter().zip(0..).map(|(place, i)| GeomWithData::new(place.ecef(), i)).collect();
    let bare: Bare = RTree::bulk_load(keys);
    for pair in 0..=pairs {
        let eyes: Vec<Frame> = (0..QUERIES).map(|_| Frame::at(places::visitor(&places, &mut random))).collect();
        let ours = |radius_m, limit| {
            us(&eyes, |eye| {
                black_box(tree.nearby(eye, radius_m, limit, |_| true));
            })
        };
        let figures = [
            ("nearest_us", ours(WIDE_M, ITEMS)),
            ("nearest_bare_us", us(&eyes, |eye| nearest(&bare, eye))),
            ("radius_us", ours(RADIUS_M, ITEMS_MAX)),
            ("radius_bare_us", us(&eyes, |eye| within(&bare, eye))),
        ];
        // The first one warms up.
        if pair > 0 {
            say(&figures);
        }
    }
}

fn nearest(bare: &Bare, eye: &Frame) {
    let found = bare.nearest_neighbor_iter(eye.origin()).take(ITEMS);
    black_box(found.map(|point| point.data).collect::<Vec<u32>>());
}

/// The nearest so many within the radius, in their order: without that it would not be the same question.
fn within(bare: &Bare, eye: &Frame) {
    let found = bare.nearest_neighbor_iter_with_distance_2(eye.origin()).take(ITEMS_MAX);
    let found = found.take_while(|(_, distance2)| *distance2 <= RADIUS_M * RADIUS_M);
    black_box(found.map(|(point, _)| point.data).collect::<Vec<u32>>());
}

/// Microseconds a question.
fn us(eyes: &[Frame], mut ask: impl FnMut(&Frame)) -> f64 {
    let started = Instant::now();
    eyes.iter().for_each(&mut ask);
    started.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(eyes.len()).expect("small"))
}

/// The same questions a fixed number of times, for a count of instructions.
pub fn counted(questions: usize) {
    let places: Vec<LatLon> = places::all(20_000);
    let tree = PointTree::new(places.iter().copied());
    let mut random = fastrand::Rng::with_seed(19);
    for _ in 0..questions {
        let eye = Frame::at(places::visitor(&places, &mut random));
        black_box(tree.nearby(&eye, WIDE_M, ITEMS, |_| true));
    }
}
