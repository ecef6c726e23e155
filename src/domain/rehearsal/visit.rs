//! One walker at one stop: where they stop, what they do while the phone says no, and when the rule lets them in.
//! The rule itself is [`check_in::judge`]; nothing of it is repeated here but the distance a wider circle would have to bridge.

use super::figures::{
    FIX_EVERY_S, LATE_MEDIAN_H, LATE_SHARE, LATE_SPREAD, PATIENCE_S, RADIUS_STEP_M, RESEND_S, RESEND_SHARE,
    RESENDS_MAX, STOP_WITHIN_M,
};
use super::phone::{Chance, Noise, Phone};
use crate::domain::check_in::{self, ACCURACY_CAP_M, Judged, Refusal, Report, Site, Verdict};
use crate::domain::crs::Crs;
use crate::domain::geodesy::{Frame, LatLon};
use crate::domain::zone::Zone;
use rand::RngExt;
use rand_distr::StandardNormal;

/// Fixes until patience ends.
pub const FIXES_MAX: u32 = PATIENCE_S / FIX_EVERY_S + 1;
/// Tries to find a place to stop in a polygon before its waypoint's own position is taken.
const PLACES_MAX: u32 = 64;

/// The ground round a waypoint: metres east and north of it to degrees.
#[derive(Debug)]
pub struct Ground {
    site: Site,
    lat_per_m: f64,
    lon_per_m: f64,
}

impl Ground {
    /// The ground round a site.
    #[must_use]
    pub fn of(site: Site) -> Self {
        const STEP_DEG: f64 = 0.001;
        let (at, frame) = (site.position, Frame::at(site.position));
        let inward = |x: f64| if x > 0.0 { -STEP_DEG } else { STEP_DEG };
        let per_m = |lat_step: f64, lon_step: f64| {
            let moved = LatLon::new(at.lat() + lat_step, at.lon() + lon_step).unwrap_or(at);
            let enu = frame.enu(moved.ecef());
            STEP_DEG / enu.east.hypot(enu.north).max(f64::EPSILON)
        };
        let (lat_per_m, lon_per_m) = (per_m(inward(at.lat()), 0.0), per_m(0.0, inward(at.lon())));
        Self { site, lat_per_m, lon_per_m }
    }

    /// The site of this ground.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The place so many metres east and north of the waypoint.
    #[must_use]
    pub fn place(&self, [east_m, north_m]: [f64; 2]) -> LatLon {
        let at = self.site.position;
        let lat = (at.lat() + north_m * self.lat_per_m).clamp(-90.0, 90.0);
        let lon = (at.lon() + east_m * self.lon_per_m + 180.0).rem_euclid(360.0) - 180.0;
        LatLon::new(lat, lon).unwrap_or(at)
    }

    /// Where a walker stops: near the middle of a circle, anywhere in a polygon.
    pub fn stop(&self, chance: &mut Chance) -> [f64; 2] {
        let Zone::Polygon { .. } = self.site.zone else { return in_disc(STOP_WITHIN_M, chance) };
        let reach_m = self.site.zone.reach_m(self.site.position);
        let mut tries = (0..PLACES_MAX).map(|_| in_disc(reach_m, chance));
        tries.find(|&spot| self.site.zone.contains(self.site.position, self.place(spot))).unwrap_or([0.0; 2])
    }
}

/// Uniform over a disc.
fn in_disc(radius_m: f64, chance: &mut Chance) -> [f64; 2] {
    let (r, angle) = (radius_m * chance.random::<f64>().sqrt(), std::f64::consts::TAU * chance.random::<f64>());
    [r * angle.cos(), r * angle.sin()]
}

/// When a walker's phone finds a network: milliseconds after each check-in, 0 with a network on the way.
#[must_use]
pub fn upload_delay_ms(chance: &mut Chance) -> i64 {
    let late = chance.random::<f64>() < LATE_SHARE;
    let spread: f64 = chance.sample(StandardNormal);
    let hours = LATE_MEDIAN_H * (LATE_SPREAD * spread).exp();
    #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest number there is")]
    if late { (hours * 3_600_000.0) as i64 } else { 0 }
}

/// What comes of one visit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visit {
    /// When the walker got in, if at all.
    pub entry: Option<Entry>,
    /// The upload came after the last day on which the rule takes it.
    pub too_old: bool,
    /// Smallest radius of a circle that would have let this walker in. It is not looked for below
    /// [`RADIUS_STEP_M`], and not for polygons.
    pub needed_m: f64,
}

/// A check-in that counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Which fix did it, from 1.
    pub fix: u32,
    /// From the tap to the answer.
    pub wait_s: u32,
    /// What the rule says of it.
    pub verdict: Verdict,
    /// When, on the walker's clock.
    pub occurred_ms: i64,
}

/// How a visit goes, apart from chance.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How the phone errs.
    pub noise: Noise,
    /// When the walker taps.
    pub tapped_ms: i64,
    /// How long the upload waits for a network.
    pub delay_ms: i64,
}

/// Goes through one visit.
#[must_use]
pub fn visit(ground: &Ground, manner: &Manner, mut chance: Chance) -> Visit {
    let spot = ground.stop(&mut chance);
    stay(ground, manner, spot, chance)
}

/// Taps at `spot`, metres east and north of the waypoint, and waits there for an entry.
///
/// What happens at a fix does not depend on the zone, only whether it is the last one does. So the fixes after the entry show
/// what a narrower circle would have asked for, and those of who never got in, what a wider one would.
#[must_use]
pub fn stay(ground: &Ground, manner: &Manner, spot: [f64; 2], mut chance: Chance) -> Visit {
    let repeat_s = repeat_s(&mut chance);
    let circle = matches!(ground.site.zone, Zone::Circle { .. });
    let mut phone = Phone::start(manner.noise, chance);
    let mut visit = Visit { entry: None, too_old: false, needed_m: f64::INFINITY };
    for fix in 1..=FIXES_MAX {
        let waited_s = (fix - 1) * FIX_EVERY_S;
        let measured = phone.fix();
        let place = ground.place([spot[0] + measured.error_m[0], spot[1] + measured.error_m[1]]);
        if visit.entry.is_none() {
            let occurred_ms = manner.tapped_ms + i64::from(waited_s) * 1_000;
            let report = report(place, measured.accuracy_m, occurred_ms);
            match check_in::judge(&ground.site, &report, occurred_ms.saturating_add(manner.delay_ms)) {
                Ok(Judged { verdict, .. }) => {
                    visit.entry = Some(Entry { fix, wait_s: waited_s + repeat_s, verdict, occurred_ms });
                }
                Err(Refusal::TooOld) => return Visit { too_old: true, ..visit },
                Err(_) => {}
            }
        }
        if circle {
            let bridged_m = measured.accuracy_m.min(ACCURACY_CAP_M);
            visit.needed_m = visit.needed_m.min(place.distance_m(ground.site.position) - bridged_m);
        }
        if visit.entry.is_some() && (!circle || visit.needed_m <= RADIUS_STEP_M) {
            break;
        }
    }
    visit
}

/// How long lost requests hold the answer up.
fn repeat_s(chance: &mut Chance) -> u32 {
    (0..RESENDS_MAX).take_while(|_| chance.random::<f64>() < RESEND_SHARE).map(|_| RESEND_S).sum()
}

fn report(place: LatLon, accuracy_m: f64, occurred_ms: i64) -> Report {
    Report { lat: place.lat(), lon: place.lon(), crs: Crs::Wgs84, accuracy_m, occurred_ms }
}
