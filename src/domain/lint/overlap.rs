//! Zones that overlap, for any number of waypoints: every zone is hashed into a grid of earth-centred cells that suits its size,
//! and meets only those of its neighbourhood. Where very many crowd in one spot, not every pair is looked at.

use super::{Findings, Rule, metres};
use crate::domain::geodesy::{Frame, LatLon};
use crate::domain::route::{StudyRoute, Waypoint};
use crate::domain::zone::{self, Edge, Zone};
use std::collections::{BTreeSet, HashMap};

/// A shared strip narrower than this is nothing.
const OVERLAP_MIN_M: f64 = 1.0;
/// Most overlaps that are told one by one for a waypoint.
const SHOWN_MAX: usize = 3;
/// Most zones in the neighbourhood of a waypoint that are looked at.
const NEIGHBOURS_MAX: usize = 3_000;
/// Most of them that are measured because they are near enough.
const TOUCHING_MAX: usize = 300;
/// Most pairs of polygon edges that are compared for a route.
const EDGE_PAIRS_MAX: usize = 100_000_000;

struct Area<'a> {
    id: &'a str,
    centre: LatLon,
    ecef: [f64; 3],
    zone: &'a Zone,
    reach_m: f64,
    level: i32,
}

/// Where two zones share ground, the smaller one says so.
pub(super) fn check<'a>(out: &mut Findings<'a>, route: &'a StudyRoute) {
    let finished = each(route, |i, area, mut found| {
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let more = found.len().saturating_sub(SHOWN_MAX);
        found.truncate(SHOWN_MAX);
        out.turn_to(i, &route.waypoints[i]);
        for (n, (shared_m, other)) in found.iter().enumerate() {
            let more = if n + 1 == found.len() { more } else { 0 };
            out.add(Rule::ZonesOverlap, "zone", area.message(*shared_m, other, more));
        }
    });
    if !finished {
        out.turn_to_route();
        let message = "the polygons have so many corners that not all of them were compared; simplify them";
        out.add(Rule::ZonesOverlap, "zone", message);
    }
}

/// Gives every zone those that it overlaps and by how much; false when there were too many corners to compare.
fn each<'a>(route: &'a StudyRoute, mut take: impl FnMut(usize, &Area<'a>, Vec<(f64, &Area<'a>)>)) -> bool {
    let areas: Vec<Option<Area<'a>>> = route.waypoints.iter().map(Area::of).collect();
    let grid = Grid::new(&areas);
    let mut edge_pairs_left = EDGE_PAIRS_MAX;
    for (i, area) in areas.iter().enumerate() {
        let Some(area) = area else { continue };
        let frame = Frame::at(area.centre);
        let near = grid.near(i, area).take(NEIGHBOURS_MAX).filter_map(|j| areas.get(j)?.as_ref());
        let touching = near.filter(|other| chord_2(area.ecef, other.ecef) < (area.reach_m + other.reach_m).powi(2));
        let shared =
            touching.take(TOUCHING_MAX).map(|other| (area.overlap_m(&frame, other, &mut edge_pairs_left), other));
        let found: Vec<_> = shared.filter(|(shared_m, _)| *shared_m > OVERLAP_MIN_M).collect();
        if !found.is_empty() {
            take(i, area, found);
        }
    }
    edge_pairs_left > 0
}

/// The metres of every overlap.
#[cfg(test)]
pub(super) fn shared_m(route: &StudyRoute) -> Vec<f64> {
    let mut all = Vec::new();
    each(route, |_, _, found| all.extend(found.iter().map(|(metres, _)| *metres)));
    all
}

impl<'a> Area<'a> {
    fn of(waypoint: &'a Waypoint) -> Option<Self> {
        let (zone, centre) = (&waypoint.body.zone, waypoint.position);
        if zone.fault().is_some() {
            return None;
        }
        let reach_m = zone.reach_m(centre).max(1.0);
        // Cells of this level are at least four times as wide as the zone reaches.
        #[expect(clippy::cast_possible_truncation, reason = "a zone is smaller than the earth")]
        let level = (4.0 * reach_m).log2().ceil() as i32;
        Some(Self { id: &waypoint.id, centre, ecef: centre.ecef(), zone, reach_m, level })
    }

    /// By how many metres one of them would have to move for them to part; 0 or less when they do not overlap.
    fn overlap_m(&self, frame: &Frame, other: &Self, edge_pairs_left: &mut usize) -> f64 {
        match (self.zone, other.zone) {
            (Zone::Circle { radius_m: a, .. }, Zone::Circle { radius_m: b, .. }) => {
                a + b - frame.distance_m(frame.enu(other.ecef))
            }
            (Zone::Circle { radius_m, .. }, Zone::Polygon { coordinates, .. }) => {
                radius_m + zone::depth_m(zone::edges(frame, coordinates))
            }
            (Zone::Polygon { coordinates, .. }, Zone::Circle { radius_m, .. }) => {
                radius_m + zone::depth_m(zone::edges(&Frame::at(other.centre), coordinates))
            }
            (Zone::Polygon { coordinates: a, .. }, Zone::Polygon { coordinates: b, .. }) => {
                let (a, b): (Vec<Edge>, Vec<Edge>) = (zone::edges(frame, a).collect(), zone::edges(frame, b).collect());
                *edge_pairs_left = edge_pairs_left.saturating_sub((a.len() + b.len()).pow(2));
                if *edge_pairs_left == 0 { 0.0 } else { polygons_overlap_m(&a, &b) }
            }
        }
    }

    fn message(&self, shared_m: f64, other: &Area<'_>, more: usize) -> String {
        let id = other.id;
        let how = if shared_m >= 2.0 * self.reach_m {
            format!("lies wholly inside the zone of {id}")
        } else if shared_m >= 2.0 * other.reach_m {
            format!("holds the whole zone of {id}")
        } else {
            format!("overlaps the zone of {id} by {}", metres(shared_m))
        };
        let more = match more {
            0 => String::new(),
            1 => ", and 1 more zone".into(),
            more => format!(", and {more} more zones"),
        };
        format!("{how}{more}; who stands in both may check in at either. Tighten the zones, or draw them as polygons")
    }
}

/// How deep one reaches into the other: its corners, the middles of its edges, or where both only cross, the middle of the
/// crossing. Polygons with the same edges are known by the points between two corners of one that lie in both.
fn polygons_overlap_m(a: &[Edge], b: &[Edge]) -> f64 {
    let depth = |polygon: &[Edge], [x, y]: [f64; 2]| {
        zone::depth_m(polygon.iter().map(|&[p, q]| [[p[0] - x, p[1] - y], [q[0] - x, q[1] - y]]))
    };
    let middle = |p: [f64; 2], q: [f64; 2]| [f64::midpoint(p[0], q[0]), f64::midpoint(p[1], q[1])];
    let reach = |of: &[Edge], into: &[Edge]| {
        let outline = of.iter().flat_map(|&[p, q]| [p, middle(p, q)]).map(|point| depth(into, point));
        let within = of.windows(2).map(|pair| middle(pair[0][0], pair[1][1]));
        outline.chain(within.map(|point| depth(of, point).min(depth(into, point)))).fold(0.0, f64::max)
    };
    let crossing = a.iter().filter_map(|edge| middle_of_crossing(edge, b)).map(|point| depth(b, point));
    reach(a, b).max(reach(b, a)).max(crossing.fold(0.0, f64::max))
}

/// The point midway between the first and the last place where an edge crosses a polygon.
fn middle_of_crossing(&[p, q]: &Edge, polygon: &[Edge]) -> Option<[f64; 2]> {
    let d = [q[0] - p[0], q[1] - p[1]];
    let side = |[x, y]: [f64; 2]| d[0] * (y - p[1]) - d[1] * (x - p[0]);
    let places = polygon.iter().filter_map(|&[u, v]| {
        let (su, sv) = (side(u), side(v));
        if (su > 0.0) == (sv > 0.0) {
            return None;
        }
        let share = su / (su - sv);
        let meeting = [u[0] + share * (v[0] - u[0]), u[1] + share * (v[1] - u[1])];
        let t = ((meeting[0] - p[0]) * d[0] + (meeting[1] - p[1]) * d[1]) / (d[0] * d[0] + d[1] * d[1]);
        (0.0..=1.0).contains(&t).then_some(t)
    });
    let (first, last) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), t| (t.min(lo), t.max(hi)));
    let t = f64::midpoint(first, last);
    (first < last).then_some([p[0] + t * d[0], p[1] + t * d[1]])
}

/// The square of the straight distance, which is never longer than the way on the ground.
fn chord_2(a: [f64; 3], b: [f64; 3]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

/// Level and cell.
type Cell = (i32, [i64; 3]);

struct Grid {
    cells: HashMap<Cell, Vec<usize>>,
    levels: BTreeSet<i32>,
}

impl Grid {
    fn new(areas: &[Option<Area<'_>>]) -> Self {
        let mut grid = Self { cells: HashMap::new(), levels: BTreeSet::new() };
        for (i, area) in areas.iter().enumerate() {
            let Some(area) = area else { continue };
            grid.levels.insert(area.level);
            grid.cells.entry((area.level, area.ecef.map(|x| cell(x, area.level)))).or_default().push(i);
        }
        grid
    }

    /// Zones that may overlap this one: those of its own size that come later, and all larger ones.
    fn near(&self, i: usize, area: &Area<'_>) -> impl Iterator<Item = usize> {
        self.levels.range(area.level..).flat_map(move |&level| {
            // A zone of this level reaches a quarter of a cell.
            let reach_m = area.reach_m + 0.25 * 2f64.powi(level);
            let from = area.ecef.map(|x| cell(x - reach_m, level));
            let to = area.ecef.map(|x| cell(x + reach_m, level));
            let cells = (from[0]..=to[0])
                .flat_map(move |x| (from[1]..=to[1]).flat_map(move |y| (from[2]..=to[2]).map(move |z| [x, y, z])));
            cells.filter_map(move |key| self.cells.get(&(level, key))).flat_map(move |members| {
                let start = if level == area.level { members.partition_point(|&j| j <= i) } else { 0 };
                members.iter().skip(start).copied()
            })
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the earth has fewer cells")]
fn cell(metres: f64, level: i32) -> i64 {
    (metres / 2f64.powi(level)).floor() as i64
}
