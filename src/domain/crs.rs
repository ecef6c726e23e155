//! Conversion between WGS 84 and the two obfuscated systems of Chinese maps.
//!
//! GCJ-02 (Amap, Tencent, and others) moves every WGS 84 point in China by some
//! hundreds of metres; BD-09 (Baidu) moves the GCJ-02 point once more. There is
//! no official formula: this module uses the reverse-engineered polynomial that
//! public libraries share (`eviltransform`, `coordtransform`, `gcoord`,
//! `prcoords`), and inverts it by iteration instead of by their closed forms,
//! which are off by metres (GCJ-02) and decimetres (BD-09).
//!
//! # Where it applies
//!
//! "In China" is the rectangle those libraries use, 72.004..=137.8347 E and
//! 0.8293..=55.8271 N, tested on the WGS 84 point. Outside it all three systems
//! are equal. The rectangle is no border: it holds Mongolia, the Koreas, Taiwan,
//! Hong Kong, Macao, and parts of Japan, India, Russia, and South-East Asia,
//! where real maps mostly show WGS 84. A caller that serves those places must
//! not ask for GCJ-02 or BD-09 there.
//!
//! # At the edge of the rectangle
//!
//! The public forward transform jumps at the edge, by up to 0.8 km (GCJ-02) or
//! 1.5 km (BD-09), so it has no perfect inverse there. The shift points north
//! and east along the whole edge, which leaves two kinds of strip:
//!
//! * North and east, just outside: a coordinate there has two WGS 84 origins, a
//!   shifted one inside the rectangle and itself. [`to_wgs84`] picks the one
//!   inside, so that every WGS 84 point of the rectangle survives the round trip.
//!   A WGS 84 point of the strip itself does not, but the shifted coordinate
//!   does: converting the answer again gives the same coordinate.
//! * South and west, just inside: no WGS 84 point maps to a coordinate there.
//!   [`to_wgs84`] continues the polynomial past the edge, so that neighbours stay
//!   neighbours; converting the answer again does not give the same coordinate.
//!
//! The strips are at most 0.010 (GCJ-02) or 0.016 (BD-09) degrees wide and more
//! than a degree away from any land of China. Everywhere else round trips close
//! to far less than 0.1 m, both ways.
//!
//! # What it refuses to do
//!
//! It does not validate. Coordinates that are not finite or not on the globe are
//! outside the rectangle and come back as they went in; rejecting them is the
//! caller's task. It does not guess a system from coordinates, and it converts
//! no projected coordinates (such as Baidu's or Web Mercator's metres).

use serde::Serialize;
use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

/// Coordinate reference systems that clients may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Crs {
    /// World Geodetic System 1984: GPS, OpenStreetMap.
    Wgs84,
    /// "Mars coordinates" of the Chinese surveying authority: Amap, Tencent.
    Gcj02,
    /// Baidu's system, on top of GCJ-02.
    Bd09,
}

impl Crs {
    /// Every system, in the order in which they build on each other.
    pub const ALL: [Self; 3] = [Self::Wgs84, Self::Gcj02, Self::Bd09];

    /// The name clients use, which [`FromStr`] reads back.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wgs84 => "wgs84",
            Self::Gcj02 => "gcj02",
            Self::Bd09 => "bd09",
        }
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Crs {
    type Err = UnknownCrs;

    /// Reads exactly the names of [`Crs::as_str`]: lower case, no spaces.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|crs| crs.as_str() == name).ok_or(UnknownCrs)
    }
}

/// The name given is not that of a [`Crs`].
///
/// It does not repeat the name, so that it is safe to show and to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCrs;

impl fmt::Display for UnknownCrs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("unknown coordinate reference system, expected one of")?;
        for (index, crs) in Crs::ALL.into_iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(formatter, "{separator}{crs}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownCrs {}

/// Latitude, then longitude, in degrees.
type LatLon = (f64, f64);

/// The public box of GCJ-02, in degrees, all four edges included.
const SOUTH: f64 = 0.8293;
const NORTH: f64 = 55.8271;
const WEST: f64 = 72.004;
const EAST: f64 = 137.8347;

/// How far past the box, in degrees, a shifted point may lie. The largest shift
/// of any point in the box is 0.0174 degrees.
const SHIFT_MARGIN: f64 = 0.05;

/// Distance in degrees (0.1 mm) at which an inverted point counts as on the edge:
/// far above what the iteration leaves, far below what a client can mean.
const EDGE_SNAP: f64 = 1e-9;

/// Semi-major axis in metres and squared eccentricity of the Krasovsky 1940
/// ellipsoid. The libraries write the latter as 0.00669342162296594323, which
/// is this same `f64`.
const KRASOVSKY_A: f64 = 6_378_245.0;
const KRASOVSKY_E2: f64 = 0.006_693_421_622_965_943;

/// Baidu's `x_pi`: turns degrees into the phase of its ripple.
const BD_PHASE: f64 = 3000.0 * PI / 180.0;
const BD_RADIUS_RIPPLE_DEG: f64 = 0.000_02;
const BD_ANGLE_RIPPLE_RAD: f64 = 0.000_003;
const BD_LAT_OFFSET_DEG: f64 = 0.006;
const BD_LON_OFFSET_DEG: f64 = 0.0065;

/// The inverse stops once a step moves the point by less than this, in degrees
/// (0.1 micrometre).
const INVERSE_TOLERANCE: f64 = 1e-12;

/// Each step shrinks the error at least 40-fold, so that 4 to 7 are enough; the
/// bound is there so that no input can loop.
const INVERSE_MAX_STEPS: usize = 20;

/// Converts a point of `crs` to WGS 84.
///
/// Takes and returns (latitude, longitude) in degrees. Inverts [`from_wgs84`]
/// by fixed-point iteration; the module text tells what happens at the edge of
/// the rectangle. Points outside it, and numbers that are not finite, are
/// returned unchanged.
#[must_use]
pub fn to_wgs84(crs: Crs, lat: f64, lon: f64) -> (f64, f64) {
    let given = (lat, lon);
    // Far from the box the polynomial means nothing and may not converge.
    if !is_in_box(given, SHIFT_MARGIN) {
        return given;
    }
    let candidate = match crs {
        Crs::Wgs84 => return given,
        Crs::Gcj02 => invert(gcj02_from_wgs84, given),
        Crs::Bd09 => invert(gcj02_from_wgs84, invert(bd09_from_gcj02, given)),
    };
    let candidate = snap_to_box(candidate);
    // What counts is whether the forward transform would have shifted the
    // candidate, not where the shifted point lies. It shifts nothing outside the
    // box, so there `given` is its own origin, if `given` is outside as well.
    if is_in_box(candidate, 0.0) || is_in_box(given, 0.0) { candidate } else { given }
}

/// Converts a WGS 84 point to `crs`.
///
/// Takes and returns (latitude, longitude) in degrees. The formulas are the
/// public reverse-engineered ones (see `eviltransform`, `coordtransform`).
/// Points outside the rectangle of the module text, and numbers that are not
/// finite, are returned unchanged.
#[must_use]
pub fn from_wgs84(crs: Crs, lat: f64, lon: f64) -> (f64, f64) {
    let wgs84 = (lat, lon);
    if !is_in_box(wgs84, 0.0) {
        return wgs84;
    }
    match crs {
        Crs::Wgs84 => wgs84,
        Crs::Gcj02 => gcj02_from_wgs84(wgs84),
        Crs::Bd09 => bd09_from_gcj02(gcj02_from_wgs84(wgs84)),
    }
}

/// Whether the point lies in the public box widened by `margin` degrees. NaN and
/// infinities do not.
fn is_in_box((lat, lon): LatLon, margin: f64) -> bool {
    (SOUTH - margin..=NORTH + margin).contains(&lat) && (WEST - margin..=EAST + margin).contains(&lon)
}

/// Moves a point that rounding has put just outside the box onto its edge.
///
/// Without it a WGS 84 point exactly on the edge could come back as one outside,
/// which the forward transform would treat quite differently.
fn snap_to_box((lat, lon): LatLon) -> LatLon {
    let snap = |degrees: f64, low: f64, high: f64| {
        let inside = degrees.clamp(low, high);
        if (inside - degrees).abs() < EDGE_SNAP { inside } else { degrees }
    };
    (snap(lat, SOUTH, NORTH), snap(lon, WEST, EAST))
}

/// Finds the point that `forward` moves to `target`.
///
/// Both transforms move points by a shift that hardly changes over the length of
/// the shift itself, so taking off the error again and again converges fast.
fn invert(forward: fn(LatLon) -> LatLon, target: LatLon) -> LatLon {
    let mut origin = target;
    for _ in 0..INVERSE_MAX_STEPS {
        let reached = forward(origin);
        let lat_error = reached.0 - target.0;
        let lon_error = reached.1 - target.1;
        origin = (origin.0 - lat_error, origin.1 - lon_error);
        if lat_error.abs().max(lon_error.abs()) < INVERSE_TOLERANCE {
            break;
        }
    }
    origin
}

/// The GCJ-02 shift, without the test for the box.
fn gcj02_from_wgs84((lat, lon): LatLon) -> LatLon {
    let (north_metres, east_metres) = gcj02_shift_metres(lat - 35.0, lon - 105.0);
    let lat_rad = lat.to_radians();
    let curvature = 1.0 - KRASOVSKY_E2 * lat_rad.sin().powi(2);
    let meridian_radius = KRASOVSKY_A * (1.0 - KRASOVSKY_E2) / (curvature * curvature.sqrt());
    let parallel_radius = KRASOVSKY_A / curvature.sqrt() * lat_rad.cos();
    (lat + (north_metres / meridian_radius).to_degrees(), lon + (east_metres / parallel_radius).to_degrees())
}

/// The public polynomial: metres north and east by which GCJ-02 moves a point
/// that lies `north` and `east` degrees from 35 N, 105 E.
fn gcj02_shift_metres(north: f64, east: f64) -> (f64, f64) {
    let wave = |amplitude: f64, half_periods: f64| amplitude * (half_periods * PI).sin();
    let shared_waves = wave(20.0, 6.0 * east) + wave(20.0, 2.0 * east);
    let north_waves = shared_waves
        + wave(20.0, north)
        + wave(40.0, north / 3.0)
        + wave(160.0, north / 12.0)
        + wave(320.0, north / 30.0);
    let east_waves =
        shared_waves + wave(20.0, east) + wave(40.0, east / 3.0) + wave(150.0, east / 12.0) + wave(300.0, east / 30.0);
    let north_trend =
        -100.0 + 2.0 * east + 3.0 * north + 0.2 * north * north + 0.1 * east * north + 0.2 * east.abs().sqrt();
    let east_trend = 300.0 + east + 2.0 * north + 0.1 * east * east + 0.1 * east * north + 0.1 * east.abs().sqrt();
    (north_trend + north_waves * 2.0 / 3.0, east_trend + east_waves * 2.0 / 3.0)
}

/// Baidu's shift: treats the degrees as plane coordinates, adds a ripple to
/// radius and angle, and then a constant offset.
fn bd09_from_gcj02((lat, lon): LatLon) -> LatLon {
    let radius = lon.hypot(lat) + BD_RADIUS_RIPPLE_DEG * (lat * BD_PHASE).sin();
    let angle = lat.atan2(lon) + BD_ANGLE_RIPPLE_RAD * (lon * BD_PHASE).cos();
    (radius * angle.sin() + BD_LAT_OFFSET_DEG, radius * angle.cos() + BD_LON_OFFSET_DEG)
}

#[cfg(test)]
mod tests;
