//! A dress rehearsal: simulated walkers with phones that err as phones do walk a study route, and the real check-in rule says
//! at each stop who gets in at once, after a second fix, later, or not at all, and what radius would do.
//!
//! Pure and repeatable: the seed is an argument, and every walker has a stream of chance of its own at every stop. It takes a
//! waypoint's coordinate as right; whether it is, only a survey says.

mod assumptions;
mod chart;
pub(super) mod figures;
mod outcome;
pub(super) mod phone;
#[cfg(test)]
mod tests;
pub(super) mod visit;
pub(super) mod walk;

pub use chart::chart;

use super::geodesy::LatLon;
use super::route::{StudyRoute, Text, Waypoint};
use super::zone::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most walkers of one rehearsal.
pub const WALKERS_MAX: u32 = 10_000;
/// Most stops of a route that can be rehearsed.
pub const STOPS_MAX: usize = 2_000;
/// Most visits of one rehearsal; at a polygon each corner counts as one, because each is measured.
pub const VISITS_MAX: usize = 1_000_000;
/// Two stops nearer to each other than this stand in one courtyard.
pub const COURTYARD_M: f64 = 60.0;
/// The theme of stops by water.
const WATER_THEME: &str = "hydraulics";

/// What the sky over a stop is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SkySetting)]
pub enum Setting {
    /// Free on all sides.
    OpenSky,
    /// Between walls, in arcades, in lanes.
    Courtyard,
    /// One side open, banks and trees on the other.
    Riverside,
}

impl Setting {
    /// All settings.
    pub const ALL: [Setting; 3] = [Self::OpenSky, Self::Courtyard, Self::Riverside];

    /// The setting's name.
    #[must_use]
    pub fn name(self) -> Text {
        let (zh_cn, en) = match self {
            Self::OpenSky => ("开阔地", "open sky"),
            Self::Courtyard => ("庭院廊下", "courtyard"),
            Self::Riverside => ("水边", "riverside"),
        };
        Text { zh_cn: zh_cn.into(), en: en.into() }
    }
}

/// Who walks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RehearsalPlan)]
pub struct Plan {
    /// How many, at most [`WALKERS_MAX`].
    pub walkers: u32,
    /// The same seed gives the same rehearsal.
    pub seed: u64,
    /// Walkers of one class: they go together and wait for the slowest.
    pub group_size: u32,
    /// Settings of stops by waypoint id, where the designer knows better than what is derived.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
}

/// Why a plan cannot be carried out, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nobody, or too many.
    #[error("walkers must be from 1 to {WALKERS_MAX}")]
    Walkers,
    /// No class, or a larger one than there are walkers at most.
    #[error("group_size must be from 1 to {WALKERS_MAX}")]
    GroupSize,
    /// Nothing to walk.
    #[error("the route has no waypoint; add at least one")]
    NoStop,
    /// Too long a route.
    #[error(
        "the route has {0} waypoints, more than {STOPS_MAX}; rehearse it in parts: split the route by day or by area"
    )]
    TooManyStops(usize),
    /// Walkers times stops.
    #[error("so many walkers at so many stops take too long; rehearse this route with at most {walkers_max} walkers")]
    TooManyVisits {
        /// How many would do.
        walkers_max: usize,
    },
    /// A setting for a stop that the route does not have.
    #[error("settings: the route has no waypoint \"{0}\"; use the ids of the route")]
    UnknownStop(String),
    /// A zone nobody can be in.
    #[error("{id}: zone: {fault}")]
    Zone {
        /// The waypoint.
        id: String,
        /// What is wrong with its zone.
        fault: String,
    },
}

/// What came of a rehearsal.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Rehearsal {
    /// The route's name.
    pub route: String,
    /// How many walked.
    pub walkers: u32,
    /// Walkers of one class.
    pub group_size: u32,
    /// The seed.
    pub seed: u64,
    /// Stop by stop, in the route's order.
    pub waypoints: Vec<WaypointOutcome>,
    /// Over all stops.
    pub totals: Totals,
    /// What all this rests on, in words.
    pub assumptions: Vec<Text>,
}

/// What came of one stop. `at_once`, `after_second_fix`, `later` and `failed` add up to `walkers`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WaypointOutcome {
    /// The waypoint.
    pub id: String,
    /// Place in the visiting order.
    pub order: u32,
    /// Its name.
    pub title: Text,
    /// What its sky was taken to be.
    pub setting: Setting,
    /// How many came.
    pub walkers: u32,
    /// In with the first fix.
    pub at_once: u32,
    /// In with the second.
    pub after_second_fix: u32,
    /// In with a later one.
    pub later: u32,
    /// Not in at all.
    pub failed: u32,
    /// Of the failed, those whose upload came too late.
    pub too_old: u32,
    /// Of those who got in, those whose check-in counts as uncertain.
    pub uncertain: u32,
    /// Where the true share of failures lies, with 95 % (Wilson).
    pub failed_95: Range,
    /// How long those who got in waited; nothing if nobody did.
    pub wait_s: Option<Spread>,
    /// Radius of the zone; of a polygon, of the smallest circle round the position that holds it.
    pub radius_m: f64,
    /// Smallest radius, in steps of 5 m up to 300 m, at which fewer than 1 % fail. Nothing for polygons, and where no radius
    /// does it. It supposes that the coordinate is exact.
    pub radius_for_1_percent_m: Option<f64>,
    /// What the coordinate is worth: no zone should be narrower.
    pub precision_m: f64,
}

impl WaypointOutcome {
    /// Whether fewer than one in a hundred failed.
    #[must_use]
    pub fn fails_rarely(&self) -> bool {
        u64::from(self.failed) * 100 < u64::from(self.walkers)
    }

    /// The radius to be advised where too many fail: never narrower than the coordinate is exact.
    #[must_use]
    pub fn advised_radius_m(&self) -> Option<f64> {
        let enough_m = self.radius_for_1_percent_m.filter(|_| !self.fails_rarely())?;
        Some(enough_m.max(self.precision_m))
    }
}

/// A share lies between these.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ShareRange)]
pub struct Range {
    /// At least.
    pub low: f64,
    /// At most.
    pub high: f64,
}

/// Half, nine tenths and all are no more than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WaitSpread)]
pub struct Spread {
    /// Half.
    pub median: u32,
    /// Nine tenths.
    pub p90: u32,
    /// All.
    pub max: u32,
}

/// Over all stops of a route.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RehearsalTotals)]
pub struct Totals {
    /// Walkers who got in everywhere.
    pub everywhere: u32,
    /// Walkers who got in everywhere with the first fix.
    pub everywhere_at_once: u32,
    /// Walkers whose phones uploaded later.
    pub uploaded_later: u32,
    /// From stop to stop, with detours.
    pub way_m: f64,
    /// Of that, driven.
    pub driven_m: f64,
    /// From the first stop to the end of the last: ways and waiting for check-ins, without the time to look at anything.
    pub under_way_s: Spread,
}

/// Walks `route` as `plan` says.
///
/// # Errors
/// When the plan or the route cannot be rehearsed.
pub fn rehearse(route: &StudyRoute, plan: &Plan) -> Result<Rehearsal, Unfit> {
    check(route, plan)?;
    let settings = settings(route, plan);
    let (tallies, totals) = walk::walk(route, plan, &settings);
    let stops = route.waypoints.iter().zip(&settings).zip(tallies);
    let waypoints: Vec<_> = stops.map(|((waypoint, &setting), tally)| tally.outcome(waypoint, setting)).collect();
    Ok(Rehearsal {
        route: route.slug.clone(),
        walkers: plan.walkers,
        group_size: plan.group_size,
        seed: plan.seed,
        assumptions: assumptions::assumptions(&waypoints, route),
        waypoints,
        totals,
    })
}

fn check(route: &StudyRoute, plan: &Plan) -> Result<(), Unfit> {
    if !(1..=WALKERS_MAX).contains(&plan.walkers) {
        return Err(Unfit::Walkers);
    }
    if !(1..=WALKERS_MAX).contains(&plan.group_size) {
        return Err(Unfit::GroupSize);
    }
    match route.waypoints.len() {
        0 => return Err(Unfit::NoStop),
        many if many > STOPS_MAX => return Err(Unfit::TooManyStops(many)),
        _ => {}
    }
    for waypoint in &route.waypoints {
        if let Some(fault) = waypoint.body.zone.fault() {
            return Err(Unfit::Zone { id: waypoint.id.clone(), fault });
        }
    }
    // Zones without fault have corners by the thousand at most.
    let walkers_max = VISITS_MAX / route.waypoints.iter().map(weight).sum::<usize>().max(1);
    if usize::try_from(plan.walkers).is_ok_and(|walkers| walkers > walkers_max) {
        return Err(Unfit::TooManyVisits { walkers_max });
    }
    let known = |id: &String| route.waypoints.iter().any(|waypoint| waypoint.id == *id);
    match plan.settings.keys().find(|id| !known(id)) {
        Some(id) => Err(Unfit::UnknownStop(id.clone())),
        None => Ok(()),
    }
}

/// How many visits' worth of work a visit here is.
fn weight(waypoint: &Waypoint) -> usize {
    match &waypoint.body.zone {
        Zone::Circle { .. } => 1,
        Zone::Polygon { coordinates, .. } => coordinates.iter().map(Vec::len).sum(),
    }
}

/// The sky over each stop: what the plan says, else what can be derived.
fn settings(route: &StudyRoute, plan: &Plan) -> Vec<Setting> {
    let stops = route.waypoints.iter().map(|waypoint| (waypoint.position, waypoint.body.themes.as_slice()));
    let derived = derived_settings(stops);
    let stops = route.waypoints.iter().zip(derived);
    stops.map(|(waypoint, derived)| plan.settings.get(&waypoint.id).copied().unwrap_or(derived)).collect()
}

/// The sky over each stop of a route: by the theme of water, else a courtyard where another stop is near.
#[must_use]
pub fn derived_settings<'a>(stops: impl Iterator<Item = (LatLon, &'a [String])>) -> Vec<Setting> {
    // Over so short a way the chord is the distance.
    let places: Vec<([f64; 3], &[String])> = stops.map(|(position, themes)| (position.ecef(), themes)).collect();
    let apart2 = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let near = |a: &[f64; 3]| places.iter().filter(|(b, _)| apart2(a, b) <= COURTYARD_M * COURTYARD_M).count() > 1;
    let setting = |(place, themes): &([f64; 3], &[String])| {
        if themes.iter().any(|theme| theme == WATER_THEME) {
            Setting::Riverside
        } else if near(place) {
            Setting::Courtyard
        } else {
            Setting::OpenSky
        }
    };
    places.iter().map(setting).collect()
}
