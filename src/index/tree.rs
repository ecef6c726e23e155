//! Nearest neighbours among fixed points, exact anywhere on the earth.
//!
//! The keys are earth-centred vectors in metres, not degrees, so squared Euclidean distance orders neighbours rightly at the poles
//! and across the date line. A balanced k-d tree packed into three arrays: points that are near each other lie side by side, in
//! leaves of a fixed size, so a leaf is a few lines of memory and its place is arithmetic. Immutable. Refuses to know what the
//! points are.

use crate::domain::geodesy::{Enu, Frame, LatLon};

/// One point as seen from the query's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The point's number: its place in the list the tree was built from.
    pub point: u32,
    /// Along the ellipsoid, metres.
    pub distance_m: f64,
    /// East, north, up, metres.
    pub enu: Enu,
}

/// The tree.
#[derive(Default)]
pub struct PointTree {
    /// Leaf by leaf.
    keys: Vec<[f64; 3]>,
    /// The number of the point at each place; empty when that is the place itself.
    numbers: Vec<u32>,
    /// Where the leaves before the n-th are parted from it and those after: a node of the tree is a range of leaves, and is parted
    /// in its middle, so every middle belongs to one node.
    splits: Vec<Split>,
}

#[derive(Clone, Copy, Default)]
struct Split {
    at: f64,
    axis: usize,
}

type Numbered = ([f64; 3], u32);

/// Points in a leaf.
const LEAF: usize = 16;

/// Chords order like distances but for the ellipsoid's varying curvature, which at 100 km makes less than 2 cm. Points whose
/// chords are within this of the last one taken are looked at too before the final order is made.
const CHORD_SLACK_M: f64 = 0.05;

impl PointTree {
    /// Builds the tree over `points`; more than 2³² points are not kept.
    #[must_use]
    pub fn new(points: impl Iterator<Item = LatLon>) -> Self {
        let mut points: Vec<Numbered> = points.map(LatLon::ecef).zip(0u32..).collect();
        let leaves = points.len().div_ceil(LEAF);
        let mut splits = vec![Split::default(); leaves];
        part(&mut points, 0, leaves, &mut splits);
        let (keys, numbers) = points.into_iter().unzip();
        Self { keys, numbers, splits }
    }

    /// Numbers the points anew, by their places in the tree: near ones get near numbers. Gives the number that each had.
    pub fn renumber(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.numbers)
    }

    /// How many points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most `limit` wanted points within `radius_m` (up to 100 km) of the frame's place, nearest first; equally near ones
    /// in the order of their numbers.
    pub fn nearby(
        &self,
        frame: &Frame,
        radius_m: f64,
        limit: usize,
        wanted: impl FnMut(u32) -> bool,
    ) -> Vec<Neighbour> {
        let mut found = self.candidates(frame, radius_m, limit, wanted);
        found.sort_unstable_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.point.cmp(&b.point)));
        found.truncate(limit);
        found
    }

    /// The same in any order, with all that are as near as the last of them, and perhaps some that are not: for who knows better
    /// which of equally near points comes first.
    pub fn candidates(
        &self,
        frame: &Frame,
        radius_m: f64,
        limit: usize,
        wanted: impl FnMut(u32) -> bool,
    ) -> Vec<Neighbour> {
        let mut search = Search {
            tree: self,
            eye: frame.origin(),
            limit,
            wanted,
            // The chord is never longer than the distance, so nothing beyond the radius is within it.
            reach2: radius_m * radius_m,
            nearest2: Vec::with_capacity(limit + 1),
            found: Vec::with_capacity(2 * limit),
        };
        search.node(0, self.splits.len(), [0.0; 3]);
        let within = search.found.iter().filter(|(_, chord2)| *chord2 <= search.reach2);
        let seen = within.map(|&(place, _)| {
            let enu = frame.enu(self.keys[place]);
            Neighbour { point: self.number(place), distance_m: frame.distance_m(enu), enu }
        });
        seen.filter(|neighbour| neighbour.distance_m <= radius_m).collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "places were counted in u32 when the tree was built")]
    fn number(&self, place: usize) -> u32 {
        self.numbers.get(place).copied().unwrap_or(place as u32)
    }
}

/// Orders points so that those of earlier leaves lie on one side of a split and those of later leaves on the other.
fn part(points: &mut [Numbered], first: usize, end: usize, splits: &mut [Split]) {
    if end - first < 2 {
        return;
    }
    let middle = first.midpoint(end);
    let at = (middle - first) * LEAF;
    let axis = widest(points);
    let (before, (key, _), _) = points.select_nth_unstable_by(at, |a, b| a.0[axis].total_cmp(&b.0[axis]));
    splits[middle] = Split { at: key[axis], axis };
    debug_assert_eq!(before.len(), at);
    let (before, after) = points.split_at_mut(at);
    part(before, first, middle, splits);
    part(after, middle, end, splits);
}

/// The axis along which points lie farthest apart.
fn widest(points: &[Numbered]) -> usize {
    let mut bounds = [[f64::INFINITY, f64::NEG_INFINITY]; 3];
    for (key, _) in points {
        for (bound, &value) in bounds.iter_mut().zip(key) {
            *bound = [bound[0].min(value), bound[1].max(value)];
        }
    }
    let width = |axis: &usize| bounds[*axis][1] - bounds[*axis][0];
    (0..3).max_by(|a, b| width(a).total_cmp(&width(b))).unwrap_or(0)
}

/// One walk through the tree, the nearer side of every split first.
struct Search<'a, W> {
    tree: &'a PointTree,
    eye: [f64; 3],
    limit: usize,
    wanted: W,
    /// Square of the chord beyond which nothing is looked for.
    reach2: f64,
    /// The smallest squared chords so far, ascending.
    nearest2: Vec<f64>,
    /// Places and squared chords of what was within reach when it was seen.
    found: Vec<(usize, f64)>,
}

impl<W: FnMut(u32) -> bool> Search<'_, W> {
    /// Looks at a range of leaves, which are at least `off` away along each axis.
    fn node(&mut self, first: usize, end: usize, off: [f64; 3]) {
        if end - first < 2 {
            return self.leaf(first);
        }
        let middle = first.midpoint(end);
        let Split { at, axis } = self.tree.splits[middle];
        let beyond = self.eye[axis] - at;
        let (near, far) =
            if beyond < 0.0 { ((first, middle), (middle, end)) } else { ((middle, end), (first, middle)) };
        self.node(near.0, near.1, off);
        let mut off = off;
        off[axis] = beyond;
        if off[0] * off[0] + off[1] * off[1] + off[2] * off[2] <= self.reach2 {
            self.node(far.0, far.1, off);
        }
    }

    fn leaf(&mut self, leaf: usize) {
        let first = leaf * LEAF;
        let end = (first + LEAF).min(self.tree.keys.len());
        for (place, key) in (first..end).zip(&self.tree.keys[first..end]) {
            let d = [key[0] - self.eye[0], key[1] - self.eye[1], key[2] - self.eye[2]];
            let chord2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
            if chord2 <= self.reach2 && (self.wanted)(self.tree.number(place)) {
                self.take(place, chord2);
            }
        }
    }

    fn take(&mut self, place: usize, chord2: f64) {
        self.found.push((place, chord2));
        let rank = self.nearest2.partition_point(|other| *other <= chord2);
        if rank < self.limit {
            self.nearest2.truncate(self.limit - 1);
            self.nearest2.insert(rank, chord2);
            if let Some(last2) = self.nearest2.get(self.limit - 1) {
                let reach_m = last2.sqrt() + CHORD_SLACK_M;
                self.reach2 = self.reach2.min(reach_m * reach_m);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Destination, Distance, Geodesic, Point};
    use proptest::prelude::*;

    fn at(lat: f64, lon: f64) -> LatLon {
        LatLon::new(lat.clamp(-90.0, 90.0), lon.clamp(-180.0, 180.0)).expect("in range")
    }

    /// Places where careless code goes wrong, and a real one.
    fn hub() -> impl Strategy<Value = LatLon> {
        prop_oneof![
            Just(at(35.596_67, 116.984_17)),
            Just(at(90.0, 0.0)),
            Just(at(-90.0, 45.0)),
            Just(at(89.999_9, -170.0)),
            Just(at(0.0, 180.0)),
            Just(at(-0.0, -180.0)),
            Just(at(66.0, 179.999_99)),
            (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| at(lat, lon)),
        ]
    }

    fn around(hub: LatLon, bearing: f64, metres: f64) -> LatLon {
        let p = Geodesic.destination(Point::new(hub.lon(), hub.lat()), bearing, metres);
        at(p.y(), p.x())
    }

    fn truth_m(a: LatLon, b: LatLon) -> f64 {
        Geodesic.distance(Point::new(a.lon(), a.lat()), Point::new(b.lon(), b.lat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn nearest_first_as_the_geodesic_brute_force_says(
            hub in hub(),
            spread in prop::collection::vec((0.0..360.0, prop_oneof![Just(0.0), Just(1_000.0), 0.0..500.0, 0.0..120_000.0]), 0..120),
            eye in (0.0..360.0, 0.0..60_000.0),
            radius_m in prop_oneof![Just(1.0), 1.0..2_000.0, 1.0..100_000.0],
            limit in 1..30usize,
            modulus in 1..3u32,
        ) {
            let points: Vec<LatLon> = spread.iter().map(|&(bearing, metres)| around(hub, bearing, metres)).collect();
            let eye = around(hub, eye.0, eye.1);
            let tree = PointTree::new(points.iter().copied());
            let found = tree.nearby(&Frame::at(eye), radius_m, limit, |n| n % modulus == 0);
            let mut truth: Vec<(f64, u32)> = points.iter().zip(0u32..).filter(|(_, n)| n % modulus == 0).map(|(&p, n)| (truth_m(eye, p), n)).collect();
            truth.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            // A millimetre either way may decide who is inside the radius.
            let sure = truth.iter().filter(|(d, _)| *d <= radius_m - 0.001).count().min(limit);
            let possible = truth.iter().filter(|(d, _)| *d <= radius_m + 0.001).count().min(limit);
            prop_assert!((sure..=possible).contains(&found.len()), "{} found, {sure} sure", found.len());
            for (got, (distance, _)) in found.iter().zip(&truth) {
                prop_assert!((got.distance_m - distance).abs() < 0.001);
                prop_assert!((truth_m(eye, points[got.point as usize]) - got.distance_m).abs() < 0.001);
            }
            prop_assert!(found.windows(2).all(|w| (w[0].distance_m, w[0].point) < (w[1].distance_m, w[1].point)));
        }
    }

    #[test]
    fn equally_near_points_come_in_the_order_of_their_numbers() {
        let place = at(35.0, 117.0);
        let tree = PointTree::new(std::iter::repeat_n(place, 50));
        let found = tree.nearby(&Frame::at(at(35.001, 117.0)), 1_000.0, 7, |_| true);
        assert_eq!(found.iter().map(|n| n.point).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn one_point_and_none() {
        let place = at(-0.0, 0.0);
        let none = PointTree::new(std::iter::empty());
        assert!(none.is_empty() && none.nearby(&Frame::at(place), 100_000.0, 100, |_| true).is_empty());
        let one = PointTree::new(std::iter::once(at(0.0, -0.0)));
        let found = one.nearby(&Frame::at(place), 1.0, 100, |_| true);
        assert_eq!((one.len(), found.len()), (1, 1));
        assert!(found[0].distance_m.abs() < 1e-9 && found[0].enu.bearing_deg().abs() < 1e-9);
    }
}
