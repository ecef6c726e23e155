//! Where presence counts: a circle or a polygon around a waypoint. Both answer the same two questions, how far and whether
//! inside. Refuses to judge a visitor: that is [`super::check_in`].

use super::geodesy::{Frame, LatLon};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most corners a polygon zone may have, all rings together.
pub const POLYGON_CORNERS_MAX: usize = 1_000;

/// The zone of a waypoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = FileZone)]
pub enum Zone {
    /// Everything within `radius_m` of the waypoint's position.
    Circle {
        /// Radius, metres.
        radius_m: f64,
        /// The coordinate is too vague for a tighter zone until somebody surveys the place.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        to_be_surveyed: bool,
    },
    /// An area with corners, as GeoJSON rings of `[longitude, latitude]`: the outer ring, then holes.
    Polygon {
        /// Closed rings (first position repeated at the end).
        coordinates: Vec<Vec<[f64; 2]>>,
        /// As for a circle.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        to_be_surveyed: bool,
    },
}

impl Default for Zone {
    /// No zone yet: [`Zone::fault`] says so, and nobody is ever in it.
    fn default() -> Self {
        Self::Circle { radius_m: 0.0, to_be_surveyed: false }
    }
}

impl Zone {
    /// Metres from `place` to the zone of a waypoint at `centre`; 0 inside and on its edge.
    #[must_use]
    pub fn distance_m(&self, centre: LatLon, place: LatLon) -> f64 {
        match self {
            Self::Circle { radius_m, .. } => (place.distance_m(centre) - radius_m).max(0.0),
            Self::Polygon { coordinates, .. } => (-depth_m(edges(&Frame::at(place), coordinates))).max(0.0),
        }
    }

    /// Whether `place` lies in the zone of a waypoint at `centre` (the edge belongs to it).
    #[must_use]
    pub fn contains(&self, centre: LatLon, place: LatLon) -> bool {
        self.distance_m(centre, place) <= 0.0
    }

    /// Radius of the smallest circle round `centre` that holds the zone, metres.
    #[must_use]
    pub fn reach_m(&self, centre: LatLon) -> f64 {
        match self {
            Self::Circle { radius_m, .. } => *radius_m,
            Self::Polygon { coordinates, .. } => {
                let frame = Frame::at(centre);
                coordinates.iter().flatten().map(|&corner| length(flat(&frame, corner))).fold(0.0, f64::max)
            }
        }
    }

    /// Whether the zone waits for a survey.
    #[must_use]
    pub fn to_be_surveyed(&self) -> bool {
        match self {
            Self::Circle { to_be_surveyed, .. } | Self::Polygon { to_be_surveyed, .. } => *to_be_surveyed,
        }
    }

    /// What is wrong with this zone as such, in words for a route designer.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::Circle { radius_m, .. } if !(1.0..=100_000.0).contains(radius_m) => {
                Some(format!("radius_m is {radius_m}; give a radius from 1 to 100000 metres"))
            }
            Self::Circle { .. } => None,
            Self::Polygon { coordinates, .. } => polygon_fault(coordinates),
        }
    }
}

fn polygon_fault(rings: &[Vec<[f64; 2]>]) -> Option<String> {
    if rings.is_empty() {
        return Some("the polygon has no ring; give at least one ring of four positions".into());
    }
    if rings.iter().map(Vec::len).sum::<usize>() > POLYGON_CORNERS_MAX {
        return Some(format!("the polygon has more than {POLYGON_CORNERS_MAX} corners; simplify it"));
    }
    for ring in rings {
        if ring.len() < 4 || ring.first() != ring.last() {
            return Some("a polygon ring needs at least four positions, the last equal to the first".into());
        }
        if ring.iter().any(|&[lon, lat]| LatLon::new(lat, lon).is_err()) {
            return Some("a polygon corner is not [longitude, latitude] in degrees".into());
        }
    }
    None
}

/// Two corners that follow each other, metres east and north.
pub type Edge = [[f64; 2]; 2];

/// The edges of a polygon in the plane that touches the earth at the frame's place, which is the origin. For the few kilometres
/// of a zone the plane is right to millimetres, and the poles and the date line need no care.
pub fn edges<'a>(frame: &'a Frame, rings: &'a [Vec<[f64; 2]>]) -> impl Iterator<Item = Edge> + 'a {
    rings.iter().flat_map(|ring| ring.windows(2)).map(|pair| [flat(frame, pair[0]), flat(frame, pair[1])])
}

/// How deep the origin lies inside a polygon: metres to the nearest edge, negative outside.
#[must_use]
pub fn depth_m(edges: impl Iterator<Item = Edge>) -> f64 {
    let mut inside = false;
    let mut nearest = f64::INFINITY;
    for [a, b] in edges {
        nearest = nearest.min(segment_distance(a, b));
        // Even-odd rule: count the edges that a ray from the origin towards the east crosses.
        if (a[1] > 0.0) != (b[1] > 0.0) && a[0] - a[1] * (b[0] - a[0]) / (b[1] - a[1]) > 0.0 {
            inside = !inside;
        }
    }
    if inside { nearest } else { -nearest }
}

fn flat(frame: &Frame, [lon, lat]: [f64; 2]) -> [f64; 2] {
    // Corners were checked when the route was read; an impossible one is as good as infinitely far away.
    LatLon::new(lat, lon).map_or([f64::INFINITY; 2], |corner| {
        let enu = frame.enu(corner.ecef());
        [enu.east, enu.north]
    })
}

fn length([x, y]: [f64; 2]) -> f64 {
    x.hypot(y)
}

/// Distance from the origin to the segment a–b.
fn segment_distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    let d = [b[0] - a[0], b[1] - a[1]];
    let len2 = d[0] * d[0] + d[1] * d[1];
    if len2 == 0.0 {
        return length(a);
    }
    let t = (-(a[0] * d[0] + a[1] * d[1]) / len2).clamp(0.0, 1.0);
    length([a[0] + t * d[0], a[1] + t * d[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Contains, Destination, Geodesic, Point, Polygon};
    use proptest::prelude::*;

    fn at(lat: f64, lon: f64) -> LatLon {
        LatLon::new(lat, lon).expect("in range")
    }

    fn square(lat: f64, lon: f64, half_m: f64) -> Zone {
        let corner = |bearing: f64| {
            let p = Geodesic.destination(Point::new(lon, lat), bearing, half_m * 2f64.sqrt());
            [p.x(), p.y()]
        };
        let ring = vec![corner(45.0), corner(315.0), corner(225.0), corner(135.0), corner(45.0)];
        Zone::Polygon { coordinates: vec![ring], to_be_surveyed: false }
    }

    proptest! {
        #[test]
        fn circle_and_square_agree_on_far_and_near(lat in -89.0..89.0, lon in -180.0..180.0, bearing in 0.0..360.0, metres in 0.0..400.0) {
            let centre = at(lat, lon);
            let p = Geodesic.destination(Point::new(lon, lat), bearing, metres);
            let place = at(p.y(), p.x().clamp(-180.0, 180.0));
            let circle = Zone::Circle { radius_m: 100.0, to_be_surveyed: false };
            prop_assert!((circle.distance_m(centre, place) - (metres - 100.0).max(0.0)).abs() < 0.001);
            let (sin, cos) = bearing.to_radians().sin_cos();
            let (x, y) = ((metres * sin).abs() - 100.0, (metres * cos).abs() - 100.0);
            let expected = x.max(0.0).hypot(y.max(0.0));
            let got = square(lat, lon, 100.0).distance_m(centre, place);
            prop_assert!((got - expected).abs() < 0.02, "{got} against {expected}");
        }

        #[test]
        fn a_polygon_contains_what_geo_says_it_contains(points in prop::collection::vec((35.59..35.60f64, 116.98..116.99f64), 3..9), lat in 35.589..35.601f64, lon in 116.979..116.991f64) {
            let mut ring: Vec<[f64; 2]> = points.iter().map(|&(lat, lon)| [lon, lat]).collect();
            ring.push(ring[0]);
            let polygon = Polygon::new(ring.iter().map(|&[x, y]| (x, y)).collect(), vec![]);
            let zone = Zone::Polygon { coordinates: vec![ring], to_be_surveyed: false };
            let place = at(lat, lon);
            // Within a few centimetres of an edge the two planes may differ.
            let Zone::Polygon { coordinates, .. } = &zone else { unreachable!() };
            let frame = Frame::at(place);
            let edge = coordinates[0].windows(2).map(|p| segment_distance(flat(&frame, p[0]), flat(&frame, p[1]))).fold(f64::INFINITY, f64::min);
            if edge > 0.05 && geo::algorithm::validation::Validation::is_valid(&polygon) {
                prop_assert_eq!(zone.contains(place, place), polygon.contains(&Point::new(lon, lat)));
            }
        }
    }

    #[test]
    fn a_hole_is_outside_and_the_edge_is_inside() {
        let ring = |h: f64| vec![[-h, -h], [h, -h], [h, h], [-h, h], [-h, -h]];
        let zone = Zone::Polygon { coordinates: vec![ring(0.01), ring(0.005)], to_be_surveyed: false };
        assert!(!zone.contains(at(0.0, 0.0), at(0.0, 0.0)));
        assert!(zone.contains(at(0.0, 0.0), at(0.0, 0.007)));
        assert!(zone.distance_m(at(0.0, 0.0), at(0.0, 0.01)) < 0.001);
        assert!((zone.reach_m(at(0.0, 0.0)) - 1_569.0).abs() < 2.0);
    }

    #[test]
    fn a_zone_across_the_date_line_is_an_ordinary_zone() {
        let ring = vec![[179.99, -0.01], [-179.99, -0.01], [-179.99, 0.01], [179.99, 0.01], [179.99, -0.01]];
        let zone = Zone::Polygon { coordinates: vec![ring], to_be_surveyed: false };
        assert!(zone.contains(at(0.0, 180.0), at(0.0, -179.995)));
        assert!(!zone.contains(at(0.0, 180.0), at(0.0, 179.98)));
    }

    #[test]
    fn faults_are_named() {
        assert!(Zone::Circle { radius_m: 0.0, to_be_surveyed: false }.fault().is_some());
        assert!(Zone::Circle { radius_m: f64::NAN, to_be_surveyed: false }.fault().is_some());
        let open = Zone::Polygon {
            coordinates: vec![vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]],
            to_be_surveyed: false,
        };
        assert!(open.fault().is_some_and(|f| f.contains("last equal to the first")));
        assert!(square(35.0, 117.0, 50.0).fault().is_none());
    }
}
