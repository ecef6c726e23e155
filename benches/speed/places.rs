//! Where seeded waypoints lie: routes are lines, towns lie along them, and in every town a courtyard holds dozens of stops within
//! 200 m while the rest lies around. The same count gives the same places, in every process.

use std::f64::consts::TAU;
use studyroute::domain::geodesy::LatLon;

/// Stops of one route.
pub const ROUTE_STOPS: usize = 1_000;
/// Stops of one town, and those of them in its courtyard.
const TOWN_STOPS: usize = 50;
const COURTYARD_STOPS: usize = 24;
/// Metres.
const COURTYARD_REACH: f64 = 100.0;
const TOWN_REACH: f64 = 3_000.0;
const TOWN_STEP: f64 = 9_000.0;
/// How far a visitor stands from a stop, metres.
const VISITOR_REACH: f64 = 400.0;
const METRES_PER_DEGREE: f64 = 111_320.0;
/// The corner and the span of the country, degrees.
const SOUTH_WEST: (f64, f64) = (24.0, 102.0);
const SPAN: (f64, f64) = (15.0, 17.0);

/// All places in the order of their routes.
pub fn all(count: usize) -> Vec<LatLon> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut places = Vec::with_capacity(count);
    while places.len() < count {
        let begin = (SOUTH_WEST.0 + random.f64() * SPAN.0, SOUTH_WEST.1 + random.f64() * SPAN.1);
        let heading = random.f64() * TAU;
        for town in 0..ROUTE_STOPS / TOWN_STOPS {
            let along = TOWN_STEP * f64::from(u32::try_from(town).expect("small"));
            let centre = moved(begin, along * heading.cos(), along * heading.sin());
            for stop in 0..TOWN_STOPS {
                let reach = if stop < COURTYARD_STOPS { COURTYARD_REACH } else { TOWN_REACH };
                places.push(around(centre, reach, &mut random));
            }
        }
    }
    places.truncate(count);
    places
}

/// A visitor somewhere near one of these places, drawn anew every time.
pub fn visitor(places: &[LatLon], random: &mut fastrand::Rng) -> LatLon {
    let place = places[random.usize(..places.len())];
    around((place.lat(), place.lon()), VISITOR_REACH, random)
}

/// Somewhere in a circle, with six decimals: a tenth of a metre.
fn around(centre: (f64, f64), reach: f64, random: &mut fastrand::Rng) -> LatLon {
    let (distance, heading) = (reach * random.f64().sqrt(), random.f64() * TAU);
    let (lat, lon) = moved(centre, distance * heading.cos(), distance * heading.sin());
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    LatLon::new(rounded(lat), rounded(lon)).expect("on the earth")
}

fn moved((lat, lon): (f64, f64), north: f64, east: f64) -> (f64, f64) {
    (lat + north / METRES_PER_DEGREE, lon + east / METRES_PER_DEGREE / lat.to_radians().cos())
}
