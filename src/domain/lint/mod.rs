//! What a study route must fulfil before it may be published, and what would make it better, in words a route designer
//! understands.
//!
//! Each finding names the feature and the property and says what to do. Reading the file is the business of `formats`; this
//! module sees only a route that could be read. It judges the route alone: neither the clock nor the store is asked, what they
//! know comes as [`Circumstances`].

mod exhibits;
mod journey;
mod overlap;
mod places;
mod questions;
mod rule;
#[cfg(test)]
mod tests;
mod texts;

pub use rule::{Level, Rule};

use super::geodesy::LatLon;
use super::route::{StudyRoute, Waypoint};
use rule::Weight;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// Two stops that follow each other may not be farther apart than this.
pub const LEG_MAX_M: f64 = 100_000.0;
/// Fewest facts of a waypoint.
pub const FACTS_MIN: usize = 3;
/// Longest kebab-case name.
pub const SLUG_MAX: usize = 64;
/// Most waypoints of one study route.
pub const WAYPOINTS_MAX: usize = 1_000_000;
/// Most findings of one weight that are listed; what comes after is only counted.
pub const FINDINGS_MAX: usize = 100_000;

/// One thing to mend or to think about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is not kept.
    pub rule: Rule,
    /// The id of the waypoint; none for the route as a whole.
    pub waypoint: Option<String>,
    /// Which feature, such as `feature 3 (dacheng-hall)`; empty for the whole file.
    pub feature: String,
    /// Which property, such as `facts[1].source`.
    pub property: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.feature.is_empty() {
            write!(f, "{}: ", self.feature)?;
        }
        if !self.property.is_empty() {
            write!(f, "{}: ", self.property)?;
        }
        f.write_str(&self.message)
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Finding", 6)?;
        out.serialize_field("rule", &self.rule)?;
        out.serialize_field("level", &self.rule.level())?;
        out.serialize_field("waypoint", &self.waypoint)?;
        out.serialize_field("feature", &self.feature)?;
        out.serialize_field("property", &self.property)?;
        out.serialize_field("message", &self.message)?;
        out.end()
    }
}

/// What the route itself does not know.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// The hour of day in Asia/Shanghai at which the stops are to be visited, 0 to 23.
    pub planned_hour: Option<u8>,
    /// What is known of a kept file, by its SHA-256 in hex; nothing when it is not kept.
    pub asset: &'a dyn Fn(&str) -> Option<AssetFacts>,
}

/// What is known of a kept file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetFacts {
    /// Its size.
    pub bytes: u64,
    /// Its IANA media type.
    pub media_type: String,
    /// Of a model, how many triangles are drawn.
    pub triangles: Option<u64>,
}

/// Checks what a route says by itself.
#[must_use]
pub fn check(route: &StudyRoute) -> Vec<Finding> {
    all(route, None)
}

/// Checks a route, its files, and whether its places are open when they are to be visited.
#[must_use]
pub fn check_with(route: &StudyRoute, circumstances: &Circumstances<'_>) -> Vec<Finding> {
    all(route, Some(circumstances))
}

/// Whether a route file with this finding is refused: it has to be right and to hold everything promised to visitors.
#[must_use]
pub fn blocks_file_import(finding: &Finding) -> bool {
    finding.rule.weight() != Weight::Advice
}

/// The warnings of `now` that were not there `before`: only they have to be acknowledged. A finding is known again by its rule,
/// its waypoint and its property; one finding before covers one now.
#[must_use]
pub fn new_since(before: &[Finding], now: Vec<Finding>) -> Vec<Finding> {
    fn key(finding: &Finding) -> (Rule, &Option<String>, &str) {
        (finding.rule, &finding.waypoint, &finding.property)
    }
    let mut known: HashMap<_, usize> = HashMap::new();
    for finding in before {
        *known.entry(key(finding)).or_default() += 1;
    }
    let is_new = |finding: &Finding, known: &mut usize| {
        let covered = *known > 0;
        *known = known.saturating_sub(1);
        !covered && finding.rule.level() == Level::Warning
    };
    let fresh: Vec<bool> = now.iter().map(|finding| is_new(finding, known.entry(key(finding)).or_default())).collect();
    now.into_iter().zip(fresh).filter_map(|(finding, new)| new.then_some(finding)).collect()
}

fn all(route: &StudyRoute, circumstances: Option<&Circumstances<'_>>) -> Vec<Finding> {
    let mut out = Findings::default();
    check_head(&mut out, route);
    let mut ids = HashSet::new();
    for (i, waypoint) in route.waypoints.iter().enumerate() {
        out.turn_to(i, waypoint);
        if !ids.insert(waypoint.id.as_str()) {
            out.add(Rule::DuplicateId, "id", "this id stands twice in the file; every waypoint needs its own");
        }
        out.slug("id", &waypoint.id);
        journey::check(&mut out, route, i);
        texts::check(&mut out, waypoint);
        questions::check(&mut out, waypoint);
        exhibits::check(&mut out, waypoint, circumstances);
        places::check(&mut out, waypoint);
        if let Some(hour) = circumstances.and_then(|known| known.planned_hour) {
            journey::check_hours(&mut out, waypoint, hour);
        }
    }
    questions::check_keys(&mut out, route);
    places::check_same(&mut out, route);
    journey::check_detours(&mut out, route);
    overlap::check(&mut out, route);
    out.finish()
}

fn check_head(out: &mut Findings<'_>, route: &StudyRoute) {
    out.slug("id", &route.slug);
    texts::check_head(out, route);
    if route.line.is_empty() {
        out.add(
            Rule::NoLine,
            "geometry",
            "no line is drawn; draw it along the way, or it runs straight through the stops",
        );
    } else if route.line.len() < 2 {
        out.add(Rule::BadLine, "geometry", "the line needs at least two positions; draw it through the waypoints");
    }
    if route.line.iter().any(|&[lon, lat]| LatLon::new(lat, lon).is_err()) {
        out.add(Rule::BadLine, "geometry", "a position of the line is not [longitude, latitude] in degrees");
    }
    if route.waypoints.is_empty() {
        out.add(Rule::NoWaypoint, "", "the route has no waypoint; add at least one Point feature");
    }
}

/// What was found so far, and which waypoint is looked at.
#[derive(Default)]
struct Findings<'a> {
    /// Index and id of the waypoint; none for the head of the route.
    at: Option<(usize, &'a str)>,
    /// Each with the number of its feature.
    list: Vec<(usize, Finding)>,
    listed: HashMap<Weight, usize>,
    unlisted: HashMap<Weight, (Rule, usize)>,
}

impl<'a> Findings<'a> {
    fn turn_to(&mut self, i: usize, waypoint: &'a Waypoint) {
        self.at = Some((i, &waypoint.id));
    }

    fn turn_to_route(&mut self) {
        self.at = None;
    }

    fn add(&mut self, rule: Rule, property: &str, message: impl Into<String>) {
        let listed = self.listed.entry(rule.weight()).or_default();
        if *listed == FINDINGS_MAX {
            self.unlisted.entry(rule.weight()).or_insert((rule, 0)).1 += 1;
            return;
        }
        *listed += 1;
        let (number, feature) = match self.at {
            None => (0, "feature 0 (the line)".into()),
            Some((i, id)) => (i + 1, format!("feature {} ({id})", i + 1)),
        };
        let waypoint = self.at.map(|(_, id)| id.to_string());
        self.list
            .push((number, Finding { rule, waypoint, feature, property: property.into(), message: message.into() }));
    }

    fn source(&mut self, rule: Rule, property: &str, source: &str) {
        if source.trim().is_empty() {
            self.add(rule, property, "is missing; say where this comes from");
        }
    }

    fn slug(&mut self, property: &str, slug: &str) {
        if !is_slug(slug) {
            let allowed = format!("at most {SLUG_MAX} lower-case letters a–z, digits and single hyphens");
            self.add(Rule::BadId, property, format!("\"{slug}\" cannot be used in an address; use {allowed}"));
        }
    }

    /// In the order of the file, whatever was looked at first.
    fn finish(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|(number, _)| *number);
        let rest = self.unlisted.into_values().map(|(rule, count)| Finding {
            rule,
            waypoint: None,
            feature: String::new(),
            property: String::new(),
            message: format!("{count} more findings are not listed; mend these first"),
        });
        self.list.into_iter().map(|(_, finding)| finding).chain(rest).collect()
    }
}

/// Metres in a designer's words: `850 m`, `12.3 km`.
fn metres(metres: f64) -> String {
    if metres < 1_000.0 { format!("{metres:.0} m") } else { format!("{:.1} km", metres / 1_000.0) }
}

/// Whether a name is kebab-case: lower-case letters, digits and single hyphens inside.
#[must_use]
pub fn is_slug(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= SLUG_MAX
        && name
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}
