//! The way of all walkers along the whole route: classes go together, wait for their slowest, walk or ride to the next stop.

use super::figures::{BOARDING_S, DETOUR, PHONES, RIDE_M_S, WALK_LEG_MAX_M, WALK_M_S, WALK_SPREAD_M_S};
use super::outcome::{self, Tally};
use super::phone::{self, Noise};
use super::visit::{self, Entry, Ground, Manner, Visit};
use super::{Plan, Setting, Spread, Totals};
use crate::domain::check_in::{self, Site, Verdict};
use crate::domain::geodesy::LatLon;
use crate::domain::route::{StudyRoute, Waypoint};
use rand::RngExt;
use rand_distr::StandardNormal;

/// The stream for what a walker brings along; stops have the numbers below.
const OWN_STREAM: u32 = u32::MAX;
/// Slowest and fastest class, metres a second.
pub const PACE_RANGE_M_S: (f64, f64) = (0.5, 2.0);

struct Walker {
    factor: f64,
    delay_ms: i64,
    class: usize,
    /// The last check-in that counted: at which stop, and when.
    last: Option<(usize, i64)>,
    everywhere: bool,
    everywhere_at_once: bool,
}

struct Class {
    pace_m_s: f64,
    clock_s: f64,
}

/// Walks the route; the tallies are in the order of its waypoints.
#[must_use]
pub fn walk(route: &StudyRoute, plan: &Plan, settings: &[Setting]) -> (Vec<Tally>, Totals) {
    let (mut walkers, mut classes) = gather(plan);
    let mut tallies = Vec::with_capacity(route.waypoints.len());
    let grounds: Vec<Ground> = route.waypoints.iter().map(ground).collect();
    let (mut way_m, mut driven_m) = (0.0, 0.0);
    for (stop, (here, &setting)) in (0u32..).zip(grounds.iter().zip(settings)) {
        let before = tallies.len().checked_sub(1).and_then(|previous| grounds.get(previous));
        if let Some(before) = before {
            let leg = Leg::between(before.site().position, here.site().position);
            (way_m, driven_m) = (way_m + leg.way_m, driven_m + if leg.driven { leg.way_m } else { 0.0 });
            for class in &mut classes {
                class.clock_s += leg.takes_s(class.pace_m_s);
            }
        }
        let mut tally = Tally::default();
        let mut held_up_s = vec![0u32; classes.len()];
        for (number, walker) in (0u32..).zip(&mut walkers) {
            let tapped_ms = classes.get(walker.class).map_or(0, |class| milliseconds(class.clock_s));
            let noise = Noise::of(setting, walker.factor);
            let manner = Manner { noise, tapped_ms, delay_ms: walker.delay_ms };
            let visit = visit::visit(here, &manner, phone::stream(plan.seed, number, stop));
            tally.add(&visit, walker.note(&visit, tallies.len(), &grounds));
            if let Some(held_up_s) = held_up_s.get_mut(walker.class) {
                *held_up_s = (*held_up_s).max(outcome::held_up_s(&visit));
            }
        }
        classes.iter_mut().zip(held_up_s).for_each(|(class, held_up_s)| class.clock_s += f64::from(held_up_s));
        tallies.push(tally);
    }
    (tallies, totals(&walkers, &classes, way_m, driven_m))
}

fn gather(plan: &Plan) -> (Vec<Walker>, Vec<Class>) {
    let mut classes: Vec<Class> = Vec::new();
    let mut walkers = Vec::new();
    for number in 0..plan.walkers {
        let mut chance = phone::stream(plan.seed, number, OWN_STREAM);
        let pace: f64 = chance.sample(StandardNormal);
        if number.is_multiple_of(plan.group_size) {
            let (slowest, fastest) = PACE_RANGE_M_S;
            let pace_m_s = (WALK_M_S + WALK_SPREAD_M_S * pace).clamp(slowest, fastest);
            classes.push(Class { pace_m_s, clock_s: 0.0 });
        }
        walkers.push(Walker {
            factor: phone_factor(chance.random()),
            delay_ms: visit::upload_delay_ms(&mut chance),
            class: classes.len().saturating_sub(1),
            last: None,
            everywhere: true,
            everywhere_at_once: true,
        });
    }
    (walkers, classes)
}

/// The class of phone that stands at this place when all phones are lined up.
#[must_use]
pub fn phone_factor(mut place: f64) -> f64 {
    for (factor, share) in PHONES {
        place -= share;
        if place < 0.0 {
            return factor;
        }
    }
    1.0
}

fn ground(waypoint: &Waypoint) -> Ground {
    Ground::of(Site { position: waypoint.position, zone: waypoint.body.zone.clone() })
}

impl Walker {
    /// Keeps what a visit was to the walker; gives the verdict that stands after the speed rule.
    fn note(&mut self, visit: &Visit, stop: usize, grounds: &[Ground]) -> Option<Verdict> {
        self.everywhere &= visit.entry.is_some();
        self.everywhere_at_once &= visit.entry.is_some_and(|entry| entry.fix == 1);
        let Entry { verdict, occurred_ms, .. } = visit.entry?;
        let last = self.last.replace((stop, occurred_ms));
        let hurried = last.is_some_and(|(earlier, earlier_ms)| {
            let sites = grounds.get(earlier).zip(grounds.get(stop));
            sites.is_some_and(|(from, to)| check_in::too_fast(from.site(), to.site(), occurred_ms - earlier_ms))
        });
        Some(if hurried { Verdict::Uncertain } else { verdict })
    }
}

/// The way from one stop to the next.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    way_m: f64,
    driven: bool,
}

impl Leg {
    /// From here to there.
    #[must_use]
    pub fn between(from: LatLon, to: LatLon) -> Self {
        let line_m = from.distance_m(to);
        Self { way_m: line_m * DETOUR, driven: line_m > WALK_LEG_MAX_M }
    }

    /// How long it takes at this pace on foot.
    #[must_use]
    pub fn takes_s(&self, pace_m_s: f64) -> f64 {
        if self.driven { self.way_m / RIDE_M_S + BOARDING_S } else { self.way_m / pace_m_s }
    }
}

fn totals(walkers: &[Walker], classes: &[Class], way_m: f64, driven_m: f64) -> Totals {
    let count = |which: fn(&Walker) -> bool| {
        let counted = walkers.iter().filter(|walker| which(walker)).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    };
    let clock = |walker: &Walker| classes.get(walker.class).map_or(0, |class| seconds(class.clock_s));
    let mut times_s: Vec<u32> = walkers.iter().map(clock).collect();
    Totals {
        everywhere: count(|walker| walker.everywhere),
        everywhere_at_once: count(|walker| walker.everywhere_at_once),
        uploaded_later: count(|walker| walker.delay_ms > 0),
        way_m: way_m.round(),
        driven_m: driven_m.round(),
        under_way_s: outcome::spread(&mut times_s).unwrap_or(Spread { median: 0, p90: 0, max: 0 }),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest number there is"
)]
fn seconds(s: f64) -> u32 {
    s.round() as u32
}

fn milliseconds(s: f64) -> i64 {
    i64::from(seconds(s)) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::zone::Zone;

    #[test]
    fn who_would_have_to_fly_is_uncertain() {
        let at = |lat| Site {
            position: LatLon::new(lat, 117.0).expect("in range"),
            zone: Zone::Circle { radius_m: 50.0, to_be_surveyed: false },
        };
        let grounds = [Ground::of(at(35.0)), Ground::of(at(36.0))];
        for (minutes, verdict) in [(10, Verdict::Uncertain), (120, Verdict::Inside)] {
            let mut walker = Walker {
                factor: 1.0,
                delay_ms: 0,
                class: 0,
                last: Some((0, 0)),
                everywhere: true,
                everywhere_at_once: true,
            };
            let entry = Entry { fix: 2, wait_s: 5, verdict: Verdict::Inside, occurred_ms: minutes * 60_000 };
            let visit = Visit { entry: Some(entry), too_old: false, needed_m: 0.0 };
            assert_eq!(walker.note(&visit, 1, &grounds), Some(verdict), "111 km in {minutes} minutes");
            assert!(walker.everywhere && !walker.everywhere_at_once);
        }
    }
}
