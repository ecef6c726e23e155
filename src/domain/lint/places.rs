//! Where the stops are and how well that is known.

use super::spots::Spot;
use super::{Findings, Rule, metres};
use crate::domain::route::{Confidence, Waypoint};
use crate::domain::zone::Zone;

/// Below this radius more than 2 % of those who stand in a zone are turned away when their phone is 30 m off.
const PHONE_ERROR_RADIUS_M: f64 = 25.0;
/// Decimals of degrees after which nobody asks: 11 m.
const DECIMALS_ENOUGH: i32 = 4;
/// One degree of latitude, roughly.
const DEGREE_M: f64 = 111_000.0;

pub(super) fn check(out: &mut Findings<'_, '_>, waypoint: &Waypoint) {
    let (coordinate, zone) = (&waypoint.body.coordinate, &waypoint.body.zone);
    out.source(Rule::CoordinateWithoutSource, "coordinate.source", &coordinate.source);
    if coordinate.confidence == Confidence::Derived
        && coordinate.derivation.as_deref().unwrap_or_default().trim().is_empty()
    {
        let message = "is missing; a derived point must say how it was derived";
        out.add(Rule::NoDerivation, "coordinate.derivation", message);
    }
    if coordinate.precision_m > 0.0 && coordinate.precision_m.is_finite() {
        check_digits(out, waypoint);
    } else {
        out.add(Rule::BadPrecision, "coordinate.precision_m", "must be a number of metres above 0");
    }
    if let Some(fault) = zone.fault() {
        out.add(Rule::BadZone, "zone", fault);
    } else {
        check_zone(out, waypoint);
    }
}

fn check_zone(out: &mut Findings<'_, '_>, waypoint: &Waypoint) {
    let (zone, precision_m) = (&waypoint.body.zone, waypoint.body.coordinate.precision_m);
    let reach_m = zone.reach_m(waypoint.position);
    // A corner of a polygon is computed, so a hair's breadth is no mistake.
    if reach_m < precision_m - 0.001 {
        let message = format!(
            "reaches {reach_m:.0} m but the coordinate is only known to {precision_m:.0} m; widen the zone or survey the place"
        );
        out.add(Rule::ZoneBelowPrecision, "zone", message);
    }
    if let Zone::Circle { radius_m, .. } = *zone
        && radius_m < PHONE_ERROR_RADIUS_M
    {
        let message = format!(
            "has a radius of {radius_m:.0} m; with a phone that is 30 m off, more than 2 % of those who stand here are turned \
             away. Give it at least {PHONE_ERROR_RADIUS_M:.0} m, better 50 m"
        );
        out.add(Rule::ZoneBelowPhoneError, "zone", message);
    }
    if zone.to_be_surveyed() {
        let message = format!(
            "reaches {} because nobody has measured the place; survey it, tighten the zone and take to_be_surveyed away",
            metres(reach_m)
        );
        out.add(Rule::ToBeSurveyed, "zone", message);
    }
}

/// A coordinate with few digits may be honest about it: only one that claims more than its digits can say is suspicious.
fn check_digits(out: &mut Findings<'_, '_>, waypoint: &Waypoint) {
    let (lat, lon) = (waypoint.position.lat(), waypoint.position.lon());
    let precision_m = waypoint.body.coordinate.precision_m;
    let whole = |value: f64| (value - value.round()).abs() < 1e-6;
    // Minutes are written with five decimals of degrees at best.
    let whole_minute = |degrees: f64| (degrees * 60.0 - (degrees * 60.0).round()).abs() < 0.000_6;
    let decimals = (0..DECIMALS_ENOUGH).find(|&n| whole(lat * 10f64.powi(n)) && whole(lon * 10f64.powi(n)));
    let (written, step_m) = match decimals {
        Some(0) => ("in whole degrees".into(), DEGREE_M),
        Some(1) => ("to 1 decimal place".into(), DEGREE_M / 10.0),
        Some(n) => (format!("to {n} decimal places"), DEGREE_M / 10f64.powi(n)),
        None if whole_minute(lat) && whole_minute(lon) => ("in whole arc minutes".to_string(), DEGREE_M / 60.0),
        None => return,
    };
    if step_m > precision_m {
        let message = format!(
            "[{lon}, {lat}] is written {written}, which leaves {} open, but claims to be right to {}; look the place up again, or give \
             a larger precision_m",
            metres(step_m),
            metres(precision_m)
        );
        out.add(Rule::CoarseCoordinate, "geometry", message);
    }
}

/// Two stops on one spot: one of them has probably been copied.
pub(super) fn check_same<'a>(out: &mut Findings<'_, 'a>, spots: &'a [Spot]) {
    let at = |spot: &Spot| (spot.position.lat().to_bits(), spot.position.lon().to_bits());
    let mut sorted: Vec<&Spot> = spots.iter().collect();
    sorted.sort_by_key(|spot| (at(spot), spot.place));
    for run in sorted.chunk_by(|a, b| at(a) == at(b)) {
        for spot in run.iter().filter(|spot| spot.id != run[0].id) {
            out.turn_to(spot.place, &spot.id);
            let message = format!("is the very position of {}; look up where each of them is", run[0].id);
            out.add(Rule::SamePosition, "geometry", message);
        }
    }
}
