//! A day of visitors, planned: who comes when, by bus or alone, how they walk along a study route, when their phones look and
//! check in, and where they have no network.
//!
//! Pure and repeatable: the seed is an argument, and every visitor has streams of chance of their own. Phones err as in
//! [`super::rehearsal`], and each check-in is one that [`super::check_in::judge`] takes. Nothing is sent here.

mod arrivals;
pub mod figures;
mod link;
#[cfg(test)]
mod tests;
mod visit;
mod way;

pub use arrivals::{Kind, Party, Stay, milliseconds};
pub use link::{Fate, Link, Trip};
pub use visit::{Deed, Tap, Visit, What};
pub use way::Way;

use super::check_in::Site;
use super::rehearsal::visit::Ground;
use super::rehearsal::{self, Setting};
use super::time::{Day, day_begins_ms};

/// Most visitors of one day.
pub const VISITORS_MAX: u32 = 200_000;

/// A study route as a client knows it.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Its name.
    pub slug: String,
    /// Its stops, in the visiting order.
    pub stops: Vec<Stop>,
}

/// One stop.
#[derive(Clone, Debug)]
pub struct Stop {
    /// `route/waypoint`.
    pub id: String,
    /// Where presence counts.
    pub site: Site,
    /// Its themes.
    pub themes: Vec<String>,
}

/// From an instant up to another, milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first of it.
    pub from_ms: i64,
    /// The first after it.
    pub until_ms: i64,
}

/// What day it is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many come, at most [`VISITORS_MAX`].
    pub visitors: u32,
    /// The day whose weekday tells who comes.
    pub day: Day,
    /// The day that everything is dated.
    pub dated: Day,
    /// The same seed gives the same day.
    pub seed: u64,
    /// When nobody reaches the service, since midnight.
    pub outage: Option<Span>,
}

/// Why there is no such day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nobody, or too many.
    #[error("visitors must be from 1 to {VISITORS_MAX}")]
    Visitors,
    /// Nowhere to go.
    #[error("the service has no study route with a stop; publish one first")]
    NoStop,
    /// An end before the beginning, or none of that day.
    #[error("an outage begins on the day and lasts at least a second and less than a day")]
    Outage,
}

struct Known {
    ground: Ground,
    setting: Setting,
}

/// The day, planned.
pub struct DayPlan {
    plan: Plan,
    trails: Vec<Vec<Known>>,
    parties: Vec<Party>,
}

impl DayPlan {
    /// Plans a day on these study routes; those without a stop are left out by the caller.
    ///
    /// # Errors
    /// When nobody can come.
    pub fn new(plan: Plan, trails: &[Trail]) -> Result<Self, Unfit> {
        if !(1..=VISITORS_MAX).contains(&plan.visitors) {
            return Err(Unfit::Visitors);
        }
        if trails.is_empty() || trails.iter().any(|trail| trail.stops.is_empty()) {
            return Err(Unfit::NoStop);
        }
        let day_ms = super::time::DAY_MS;
        let fits = |outage: &Span| {
            (0..day_ms).contains(&outage.from_ms) && (1_000..day_ms).contains(&(outage.until_ms - outage.from_ms))
        };
        if plan.outage.is_some_and(|outage| !fits(&outage)) {
            return Err(Unfit::Outage);
        }
        let trails: Vec<Vec<Known>> = trails.iter().map(known).collect();
        let parties = arrivals::gather(&plan, &trails);
        Ok(Self { plan, trails, parties })
    }

    /// Who comes, in the order of their arrival.
    #[must_use]
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// When nobody reaches the service.
    #[must_use]
    pub fn outage(&self) -> Option<Span> {
        let begins_ms = day_begins_ms(self.plan.dated);
        self.plan
            .outage
            .map(|outage| Span { from_ms: begins_ms + outage.from_ms, until_ms: begins_ms + outage.until_ms })
    }

    /// How many are there at once, when most are.
    #[must_use]
    pub fn most_at_once(&self) -> u32 {
        let mut turns: Vec<(i64, i64)> = Vec::with_capacity(2 * self.parties.len());
        for party in &self.parties {
            turns.extend([(party.arrives_ms, i64::from(party.size)), (party.leaves_ms(), -i64::from(party.size))]);
        }
        // At the same instant those who leave are counted first.
        turns.sort_unstable();
        let there = turns.iter().scan(0, |there, (_, change)| {
            *there += change;
            Some(*there)
        });
        there.max().and_then(|most| u32::try_from(most).ok()).unwrap_or(0)
    }

    /// When the first party arrives and the last leaves.
    #[must_use]
    pub fn span(&self) -> Span {
        let from_ms = self.parties.iter().map(|party| party.arrives_ms).min().unwrap_or(0);
        let until_ms = self.parties.iter().map(Party::leaves_ms).max().unwrap_or(0);
        Span { from_ms, until_ms }
    }
}

fn known(trail: &Trail) -> Vec<Known> {
    let stops = trail.stops.iter().map(|stop| (stop.site.position, stop.themes.as_slice()));
    let settings = rehearsal::derived_settings(stops);
    let grounds = trail.stops.iter().map(|stop| Ground::of(stop.site.clone()));
    grounds.zip(settings).map(|(ground, setting)| Known { ground, setting }).collect()
}
