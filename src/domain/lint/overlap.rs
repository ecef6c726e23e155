//! Zones that overlap, for any number of waypoints: every zone lies in a cell that suits its size, and meets only those of its
//! neighbourhood. Where very many crowd in one spot, not every pair is looked at.

use super::cells::{Level, Reach};
use super::spots::Spot;
use super::{Findings, Rule, metres};
use crate::domain::geodesy::Frame;
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

/// A zone, and which spot has it.
struct Area {
    spot: u32,
    reach: Reach,
}

/// Two zones, one seen from the other.
struct Pair<'a> {
    frame: Frame,
    own: (&'a Spot, &'a Area),
}

/// Where two zones share ground, the smaller one says so.
pub(super) fn check<'a>(out: &mut Findings<'_, 'a>, spots: &'a [Spot]) {
    let finished = each(spots, |spot, pair, mut found| {
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let more = found.len().saturating_sub(SHOWN_MAX);
        found.truncate(SHOWN_MAX);
        out.turn_to(spot.place, &spot.id);
        for (n, (shared_m, other)) in found.iter().enumerate() {
            let more = if n + 1 == found.len() { more } else { 0 };
            out.add(Rule::ZonesOverlap, "zone", pair.message(*shared_m, *other, more));
        }
    });
    if !finished {
        out.turn_to_route();
        let message = "the polygons have so many corners that not all of them were compared; simplify them";
        out.add(Rule::ZonesOverlap, "zone", message);
    }
}

type Found<'a> = (f64, (&'a Spot, &'a Area));

/// Gives every zone those that it overlaps and by how much; false when there were too many corners to compare.
fn each<'a>(spots: &'a [Spot], mut take: impl FnMut(&'a Spot, &Pair<'_>, Vec<Found<'_>>)) -> bool {
    let area = |(i, spot): (usize, &Spot)| {
        Some(Area { spot: u32::try_from(i).ok()?, reach: Reach::of(spot.position, &spot.zone)? })
    };
    let areas: Vec<Area> = spots.iter().enumerate().filter_map(area).collect();
    let spot_of = |area: &Area| spots.get(usize::try_from(area.spot).unwrap_or(usize::MAX));
    let grid = Grid::new(&areas);
    let mut edge_pairs_left = EDGE_PAIRS_MAX;
    for (i, area) in areas.iter().enumerate() {
        let Some(spot) = spot_of(area) else { continue };
        let own = &area.reach;
        let near = grid.near(i, own).take(NEIGHBOURS_MAX).filter_map(|j| areas.get(j));
        let touching =
            near.filter(|other| chord_2(own.ecef, other.reach.ecef) < (own.reach_m + other.reach.reach_m).powi(2));
        let touching: Vec<&Area> = touching.take(TOUCHING_MAX).collect();
        if touching.is_empty() {
            continue;
        }
        let pair = Pair { frame: Frame::at(spot.position), own: (spot, area) };
        let others = touching.into_iter().filter_map(|other| Some((spot_of(other)?, other)));
        let shared = others.map(|other| (pair.overlap_m(other, &mut edge_pairs_left), other));
        let found: Vec<_> = shared.filter(|(shared_m, _)| *shared_m > OVERLAP_MIN_M).collect();
        if !found.is_empty() {
            take(spot, &pair, found);
        }
    }
    edge_pairs_left > 0
}

/// The metres of every overlap.
#[cfg(test)]
pub(super) fn shared_m(route: &crate::domain::route::StudyRoute) -> Vec<f64> {
    let mut all = Vec::new();
    let spots: Vec<Spot> = route.waypoints.iter().enumerate().map(|(i, stop)| Spot::of(i, stop)).collect();
    each(&spots, |_, _, found| all.extend(found.iter().map(|(metres, _)| *metres)));
    all
}

impl Pair<'_> {
    /// By how many metres one of them would have to move for them to part; 0 or less when they do not overlap.
    fn overlap_m(&self, (spot, area): (&Spot, &Area), edge_pairs_left: &mut usize) -> f64 {
        let frame = &self.frame;
        match (&self.own.0.zone, &spot.zone) {
            (Zone::Circle { radius_m: a, .. }, Zone::Circle { radius_m: b, .. }) => {
                a + b - frame.distance_m(frame.enu(area.reach.ecef))
            }
            (Zone::Circle { radius_m, .. }, Zone::Polygon { coordinates, .. }) => {
                radius_m + zone::depth_m(zone::edges(frame, coordinates))
            }
            (Zone::Polygon { coordinates, .. }, Zone::Circle { radius_m, .. }) => {
                radius_m + zone::depth_m(zone::edges(&Frame::at(spot.position), coordinates))
            }
            (Zone::Polygon { coordinates: a, .. }, Zone::Polygon { coordinates: b, .. }) => {
                let (a, b): (Vec<Edge>, Vec<Edge>) = (zone::edges(frame, a).collect(), zone::edges(frame, b).collect());
                *edge_pairs_left = edge_pairs_left.saturating_sub((a.len() + b.len()).pow(2));
                if *edge_pairs_left == 0 { 0.0 } else { polygons_overlap_m(&a, &b) }
            }
        }
    }

    fn message(&self, shared_m: f64, (other, area): (&Spot, &Area), more: usize) -> String {
        let id = &other.id;
        let how = if shared_m >= 2.0 * self.own.1.reach.reach_m {
            format!("lies wholly inside the zone of {id}")
        } else if shared_m >= 2.0 * area.reach.reach_m {
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

/// Which areas lie in which cell.
struct Grid {
    /// Areas, cell by cell, in their order.
    members: Vec<u32>,
    cells: HashMap<i64, (u32, u32)>,
    levels: BTreeSet<Level>,
}

impl Grid {
    fn new(areas: &[Area]) -> Self {
        let mut placed: Vec<(i64, u32)> = (0..).zip(areas).map(|(i, area)| (area.reach.cell(), i)).collect();
        placed.sort_unstable();
        let (mut cells, mut from) = (HashMap::new(), 0);
        for run in placed.chunk_by(|a, b| a.0 == b.0) {
            let to = from + u32::try_from(run.len()).unwrap_or(u32::MAX);
            cells.insert(run[0].0, (from, to));
            from = to;
        }
        let members = placed.into_iter().map(|(_, i)| i).collect();
        Self { members, cells, levels: areas.iter().map(|area| area.reach.level).collect() }
    }

    fn members(&self, cell: i64) -> &[u32] {
        let range = self.cells.get(&cell).map(|&(from, to)| from as usize..to as usize);
        range.and_then(|range| self.members.get(range)).unwrap_or_default()
    }

    /// Zones that may overlap this one: those of its own size that come later, and all larger ones.
    fn near(&self, i: usize, reach: &Reach) -> impl Iterator<Item = usize> {
        let reach = *reach;
        self.levels.range(reach.level..).flat_map(move |&level| {
            reach.near(level).flat_map(move |cell| {
                let members = self.members(cell);
                let start = if level == reach.level { members.partition_point(|&j| j as usize <= i) } else { 0 };
                members.iter().skip(start).map(|&j| j as usize)
            })
        })
    }
}
