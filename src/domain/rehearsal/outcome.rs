//! What the visits at one stop come to: shares, waits, how sure the share of failures is, and what radius would do.

use super::figures::{PATIENCE_S, RADIUS_STEP_M};
use super::visit::Visit;
use super::{Range, Spread, WaypointOutcome};
use crate::domain::check_in::Verdict;
use crate::domain::route::Waypoint;
use crate::domain::zone::Zone;

/// Largest radius that is suggested, in steps.
pub const RADIUS_STEPS_MAX: u32 = 60;

/// The visits at one stop, added up.
#[derive(Debug, Default)]
pub struct Tally {
    first: u32,
    second: u32,
    later: u32,
    failed: u32,
    too_old: u32,
    uncertain: u32,
    waits_s: Vec<u32>,
    needed_m: Vec<f64>,
}

impl Tally {
    /// Adds one visit, with the verdict that stands after the speed rule.
    pub fn add(&mut self, visit: &Visit, verdict: Option<Verdict>) {
        match visit.entry.map(|entry| entry.fix) {
            Some(1) => self.first += 1,
            Some(2) => self.second += 1,
            Some(_) => self.later += 1,
            None => self.failed += 1,
        }
        self.too_old += u32::from(visit.too_old);
        self.uncertain += u32::from(verdict == Some(Verdict::Uncertain));
        self.waits_s.extend(visit.entry.map(|entry| entry.wait_s));
        self.needed_m.push(visit.needed_m);
    }

    /// What a designer is told of the stop.
    #[must_use]
    pub fn outcome(mut self, waypoint: &Waypoint, setting: super::Setting) -> WaypointOutcome {
        let walkers = self.first + self.second + self.later + self.failed;
        let zone = &waypoint.body.zone;
        let wait_s = spread(&mut self.waits_s);
        let circle = matches!(zone, Zone::Circle { .. });
        WaypointOutcome {
            id: waypoint.id.clone(),
            order: waypoint.body.order,
            title: waypoint.body.title.clone(),
            setting,
            walkers,
            at_once: self.first,
            after_second_fix: self.second,
            later: self.later,
            failed: self.failed,
            too_old: self.too_old,
            uncertain: self.uncertain,
            failed_95: wilson(self.failed, walkers),
            wait_s,
            radius_m: zone.reach_m(waypoint.position),
            radius_for_1_percent_m: if circle { radius_for_1_percent(&self.needed_m) } else { None },
            precision_m: waypoint.body.coordinate.precision_m,
        }
    }
}

/// The smallest radius of the grid at which fewer than one in a hundred stay outside.
fn radius_for_1_percent(needed_m: &[f64]) -> Option<f64> {
    let radii = (1..=RADIUS_STEPS_MAX).map(|step| f64::from(step) * RADIUS_STEP_M);
    let outside = |radius_m: f64| needed_m.iter().filter(|&&needed| needed > radius_m).count();
    radii.into_iter().find(|&radius_m| outside(radius_m).saturating_mul(100) < needed_m.len())
}

/// Median, nine tenths and the longest, by nearest rank; `None` of nothing. Sorts.
#[must_use]
pub fn spread(values_s: &mut [u32]) -> Option<Spread> {
    values_s.sort_unstable();
    let rank = |percent: usize| (values_s.len() * percent).div_ceil(100).saturating_sub(1);
    Some(Spread { median: *values_s.get(rank(50))?, p90: *values_s.get(rank(90))?, max: *values_s.last()? })
}

/// The range that holds the true share with 95 % (Wilson 1927), rounded to a tenth of a per mille.
#[must_use]
pub fn wilson(hits: u32, of: u32) -> Range {
    const Z: f64 = 1.959_963_984_540_054;
    let n = f64::from(of.max(1));
    let share = f64::from(hits) / n;
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let round = |x: f64| (x.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0;
    Range { low: round((middle - half) / scale), high: round((middle + half) / scale) }
}

/// How long a visit held its class up.
#[must_use]
pub fn held_up_s(visit: &Visit) -> u32 {
    visit.entry.map_or(PATIENCE_S, |entry| entry.wait_s)
}
