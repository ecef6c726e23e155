//! Positions on the WGS 84 ellipsoid and the vectors between them.
//!
//! Everything is metres and degrees. A position becomes an earth-centred vector once; distance, bearing and the
//! east-north-up offset an AR client places content with all come from the same vector difference.
//! Refuses to know other reference systems (see [`super::crs`]) and to measure heights.

use serde::{Deserialize, Serialize};

/// Semi-major axis of WGS 84, metres (NIMA TR 8350.2).
const SEMI_MAJOR_M: f64 = 6_378_137.0;
/// First eccentricity squared of WGS 84, from the flattening 1/298.257223563.
const ECCENTRICITY_2: f64 = 6.694_379_990_141_316e-3;

/// A position in WGS 84 degrees. Built only by [`LatLon::new`], so it is finite and in range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawLatLon")]
pub struct LatLon {
    lat: f64,
    lon: f64,
}

#[derive(Deserialize)]
struct RawLatLon {
    lat: f64,
    lon: f64,
}

/// A latitude or longitude that is not a number or out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPosition {
    /// Latitude outside −90…90.
    #[error("latitude must be a number from -90 to 90 degrees")]
    Lat,
    /// Longitude outside −180…180.
    #[error("longitude must be a number from -180 to 180 degrees")]
    Lon,
}

impl TryFrom<RawLatLon> for LatLon {
    type Error = BadPosition;
    fn try_from(raw: RawLatLon) -> Result<Self, BadPosition> {
        Self::new(raw.lat, raw.lon)
    }
}

impl LatLon {
    /// Checks and keeps a position in degrees.
    ///
    /// # Errors
    /// When either number is not finite or out of range.
    pub fn new(lat: f64, lon: f64) -> Result<Self, BadPosition> {
        if !(-90.0..=90.0).contains(&lat) {
            return Err(BadPosition::Lat);
        }
        if !(-180.0..=180.0).contains(&lon) {
            return Err(BadPosition::Lon);
        }
        // Adding zero turns -0.0 into 0.0, so that equal places print and compare alike.
        Ok(Self { lat: lat + 0.0, lon: lon + 0.0 })
    }

    /// Latitude and longitude 0.
    #[must_use]
    pub fn origin() -> Self {
        Self { lat: 0.0, lon: 0.0 }
    }

    /// Latitude, degrees.
    #[must_use]
    pub fn lat(self) -> f64 {
        self.lat
    }

    /// Longitude, degrees.
    #[must_use]
    pub fn lon(self) -> f64 {
        self.lon
    }

    /// Earth-centred, earth-fixed vector of this position on the ellipsoid (height 0), metres.
    #[must_use]
    pub fn ecef(self) -> [f64; 3] {
        let (sin_lat, cos_lat) = self.lat.to_radians().sin_cos();
        let (sin_lon, cos_lon) = self.lon.to_radians().sin_cos();
        let normal = SEMI_MAJOR_M / (1.0 - ECCENTRICITY_2 * sin_lat * sin_lat).sqrt();
        [normal * cos_lat * cos_lon, normal * cos_lat * sin_lon, normal * (1.0 - ECCENTRICITY_2) * sin_lat]
    }

    /// Distance to `other` along the ellipsoid, metres: within 1 mm of the geodesic up to 100 km, within 1 % anywhere.
    #[must_use]
    pub fn distance_m(self, other: LatLon) -> f64 {
        let frame = Frame::at(self);
        frame.distance_m(frame.enu(other.ecef()))
    }
}

/// East, north and up of one place as seen from another, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Enu {
    /// Metres towards the east.
    pub east: f64,
    /// Metres towards the north.
    pub north: f64,
    /// Metres along the ellipsoid's normal; far places lie below (the curvature of the earth).
    pub up: f64,
}

/// The local tangent frame of an observer on the ellipsoid.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    origin: [f64; 3],
    east: [f64; 3],
    north: [f64; 3],
    up: [f64; 3],
    /// Curvature (1/m) of the meridian and of the prime vertical at the observer.
    meridian_curvature: f64,
    normal_curvature: f64,
}

impl Frame {
    /// The frame of an observer at `place`.
    #[must_use]
    pub fn at(place: LatLon) -> Self {
        let (sin_lat, cos_lat) = place.lat.to_radians().sin_cos();
        let (sin_lon, cos_lon) = place.lon.to_radians().sin_cos();
        let w2 = 1.0 - ECCENTRICITY_2 * sin_lat * sin_lat;
        let normal = SEMI_MAJOR_M / w2.sqrt();
        Self {
            origin: place.ecef(),
            east: [-sin_lon, cos_lon, 0.0],
            north: [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            up: [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
            meridian_curvature: w2 / (normal * (1.0 - ECCENTRICITY_2)),
            normal_curvature: 1.0 / normal,
        }
    }

    /// The observer's earth-centred vector, metres.
    #[must_use]
    pub fn origin(&self) -> [f64; 3] {
        self.origin
    }

    /// Offset of an earth-centred point from the observer.
    #[must_use]
    pub fn enu(&self, point: [f64; 3]) -> Enu {
        let d = [point[0] - self.origin[0], point[1] - self.origin[1], point[2] - self.origin[2]];
        Enu { east: dot(d, self.east), north: dot(d, self.north), up: dot(d, self.up) }
    }

    /// Distance along the ellipsoid to a point at `enu`, metres.
    ///
    /// The chord is bent back onto the circle that has the ellipsoid's curvature in that direction (Euler's theorem);
    /// at 50 km this adds 0.13 m and leaves less than a tenth of a millimetre.
    #[must_use]
    pub fn distance_m(&self, enu: Enu) -> f64 {
        let flat2 = enu.east * enu.east + enu.north * enu.north;
        let chord = (flat2 + enu.up * enu.up).sqrt();
        if flat2 == 0.0 {
            return chord;
        }
        let curvature =
            (enu.north * enu.north * self.meridian_curvature + enu.east * enu.east * self.normal_curvature) / flat2;
        let half_angle = (0.5 * chord * curvature).min(1.0);
        2.0 / curvature * half_angle.asin()
    }
}

impl Enu {
    /// Initial bearing, degrees clockwise from true north, 0 up to 360; 0 for the very same place.
    #[must_use]
    pub fn bearing_deg(self) -> f64 {
        if self.east == 0.0 && self.north == 0.0 {
            return 0.0;
        }
        let bearing = self.east.atan2(self.north).to_degrees();
        if bearing < 0.0 { bearing + 360.0 } else { bearing + 0.0 }
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Bearing, Distance, Geodesic, Point};
    use proptest::prelude::*;

    fn offset(from: LatLon, bearing: f64, metres: f64) -> LatLon {
        use geo::Destination;
        let p = Geodesic.destination(Point::new(from.lon, from.lat), bearing, metres);
        LatLon::new(p.y().clamp(-90.0, 90.0), p.x().clamp(-180.0, 180.0)).expect("in range")
    }

    proptest! {
        #[test]
        fn distances_agree_with_the_geodesic(lat in -90.0..=90.0, lon in -180.0..=180.0, bearing in 0.0..360.0, metres in 0.0..100_000.0) {
            let a = LatLon::new(lat, lon).expect("in range");
            let b = offset(a, bearing, metres);
            let truth = Geodesic.distance(Point::new(a.lon, a.lat), Point::new(b.lon, b.lat));
            let got = a.distance_m(b);
            prop_assert!((got - truth).abs() < 0.001, "{got} against {truth}");
        }

        #[test]
        fn bearing_and_offsets_agree_with_the_geodesic(lat in -89.0..=89.0, lon in -180.0..=180.0, bearing in 0.0..360.0, metres in 1.0..10_000.0) {
            let a = LatLon::new(lat, lon).expect("in range");
            let b = offset(a, bearing, metres);
            let truth = Geodesic.bearing(Point::new(a.lon, a.lat), Point::new(b.lon, b.lat));
            let enu = Frame::at(a).enu(b.ecef());
            let off = (enu.bearing_deg() - truth + 540.0).rem_euclid(360.0) - 180.0;
            let sideways_m = off.to_radians() * metres;
            let tolerance_m = if metres <= 1_000.0 { 0.001 } else { 0.01 };
            prop_assert!(sideways_m.abs() < tolerance_m, "{sideways_m} m at {metres} m");
            let (sin, cos) = truth.to_radians().sin_cos();
            prop_assert!((enu.east - metres * sin).abs() < tolerance_m);
            prop_assert!((enu.north - metres * cos).abs() < tolerance_m);
        }
    }

    #[test]
    fn a_place_is_at_no_distance_from_itself_whatever_the_sign_of_zero() {
        let a = LatLon::new(0.0, -0.0).expect("in range");
        let b = LatLon::new(-0.0, 0.0).expect("in range");
        assert!(a.distance_m(b).abs() < f64::EPSILON);
        assert!(a.lon().is_sign_positive() && b.lat().is_sign_positive());
        assert!(Frame::at(a).enu(b.ecef()).bearing_deg().abs() < f64::EPSILON);
    }

    #[test]
    fn the_date_line_and_the_poles_are_ordinary_places() {
        let west = LatLon::new(10.0, -179.999).expect("in range");
        let east = LatLon::new(10.0, 179.999).expect("in range");
        assert!((west.distance_m(east) - 219.27).abs() < 1.0);
        let pole = LatLon::new(90.0, 0.0).expect("in range");
        let same = LatLon::new(90.0, 123.0).expect("in range");
        assert!(pole.distance_m(same) < 1e-6);
    }

    #[test]
    fn numbers_that_are_no_position_are_refused() {
        assert_eq!(LatLon::new(f64::NAN, 0.0), Err(BadPosition::Lat));
        assert_eq!(LatLon::new(90.000_001, 0.0), Err(BadPosition::Lat));
        assert_eq!(LatLon::new(0.0, f64::INFINITY), Err(BadPosition::Lon));
        assert_eq!(LatLon::new(0.0, -180.000_001), Err(BadPosition::Lon));
    }
}
