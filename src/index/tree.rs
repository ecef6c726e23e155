//! Nearest neighbours among fixed points, exact anywhere on the earth.
//!
//! The keys of the R-tree are earth-centred vectors in metres, not degrees, so squared Euclidean distance orders neighbours
//! rightly at the poles and across the date line. Immutable, bulk-loaded. Refuses to know what the points are.

use crate::domain::geodesy::{Enu, Frame, LatLon};
use rstar::RTree;
use rstar::primitives::GeomWithData;

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
pub struct PointTree {
    tree: RTree<GeomWithData<[f64; 3], u32>>,
}

/// Chords order like distances but for the ellipsoid's varying curvature, which at 100 km makes less than 2 cm. Points whose
/// chords are within this of the last one taken are looked at too before the final order is made.
const CHORD_SLACK_M: f64 = 0.05;

impl PointTree {
    /// Builds the tree over `points`; more than 2³² points are not kept.
    #[must_use]
    pub fn new(points: impl Iterator<Item = LatLon>) -> Self {
        let keys = points.zip(0u32..).map(|(place, number)| GeomWithData::new(place.ecef(), number)).collect();
        Self { tree: RTree::bulk_load(keys) }
    }

    /// How many points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.size()
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
        mut wanted: impl FnMut(u32) -> bool,
    ) -> Vec<Neighbour> {
        let mut found: Vec<Neighbour> = Vec::with_capacity(limit + 1);
        // The chord is never longer than the distance, so a chord beyond the radius ends the search.
        let mut reach_m = radius_m;
        for (point, chord2) in self.tree.nearest_neighbor_iter_with_distance_2(frame.origin()) {
            if chord2 > reach_m * reach_m {
                break;
            }
            if !wanted(point.data) {
                continue;
            }
            let enu = frame.enu(*point.geom());
            let distance_m = frame.distance_m(enu);
            if distance_m <= radius_m {
                found.push(Neighbour { point: point.data, distance_m, enu });
                if found.len() == limit {
                    reach_m = reach_m.min(chord2.sqrt() + CHORD_SLACK_M);
                }
            }
        }
        found.sort_unstable_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.point.cmp(&b.point)));
        found.truncate(limit);
        found
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
