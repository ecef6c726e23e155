//! What a study route must fulfil before it may be published, and what would make it better, in words a route designer
//! understands.
//!
//! Each finding names the feature and the property and says what to do. Reading the file is the business of `formats`; this
//! module sees only a route that could be read. It judges the route alone: neither the clock nor the store is asked, what they
//! know comes as [`Circumstances`].

pub mod cells;
mod changes;
mod exhibits;
mod journey;
mod overlap;
mod places;
mod questions;
mod rule;
mod spots;
#[cfg(test)]
mod tests;
mod texts;

pub use changes::{Changes, OtherKeys, Review};
pub use questions::answer_key;
pub use rule::{Level, Rule};
pub use spots::{Around, Side, Spot};

use super::geodesy::LatLon;
use super::route::{StudyRoute, Waypoint};
use rule::Weight;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::collections::HashMap;
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

/// The cell that a waypoint's zone lies in; none when the zone has a fault.
#[must_use]
pub fn cell_of(waypoint: &Waypoint) -> Option<i64> {
    cells::Reach::of(waypoint.position, &waypoint.body.zone).map(|reach| reach.cell())
}

/// Whether a route file with this finding is refused: it has to be right and to hold everything promised to visitors.
#[must_use]
pub fn blocks_file_import(finding: &Finding) -> bool {
    finding.rule.weight() != Weight::Advice
}

fn all(route: &StudyRoute, circumstances: Option<&Circumstances<'_>>) -> Vec<Finding> {
    let mut whole = Whole::default();
    whole.head(route);
    for waypoint in &route.waypoints {
        whole.stop(waypoint, circumstances);
    }
    whole.finish()
}

/// A whole route, looked at stop by stop: only what the rules about several stops need is kept.
pub struct Whole {
    listed: Listed,
    side: Side,
}

impl Default for Whole {
    fn default() -> Self {
        Self::listing(|_| true)
    }
}

impl Whole {
    /// Nothing seen yet; only some findings are to be listed.
    #[must_use]
    pub fn listing(keep: fn(&Finding) -> bool) -> Self {
        Self { listed: Listed { keep, ..Listed::new(FINDINGS_MAX) }, side: Side::default() }
    }

    /// Looks at the route's own texts and line.
    pub fn head(&mut self, route: &StudyRoute) {
        check_head(&mut Findings::new(&mut |number, finding| self.listed.add(number, finding)), route);
    }

    /// Looks at the next stop.
    pub fn stop(&mut self, waypoint: &Waypoint, circumstances: Option<&Circumstances<'_>>) {
        let place = self.side.len();
        let mut take = |number, finding| self.listed.add(number, finding);
        let mut out = Findings::new(&mut take);
        check_stop(&mut out, place, waypoint, circumstances);
        let keys: Vec<&str> = questions::keys_of(waypoint).collect();
        self.side.add(Spot::of(place, waypoint), keys.iter().copied());
    }

    /// Everything that was found, in the order of the file, whatever was looked at first.
    #[must_use]
    pub fn finish(self) -> Vec<Finding> {
        let Self { mut listed, side, .. } = self;
        let mut take = |number, finding| listed.add(number, finding);
        let mut out = Findings::new(&mut take);
        if side.is_empty() {
            out.add(Rule::NoWaypoint, "", "the route has no waypoint; add at least one Point feature");
        }
        side.check_ids(&mut out);
        side.check(&mut out);
        listed.finish()
    }
}

/// What one stop says by itself.
fn check_stop<'a>(
    out: &mut Findings<'_, 'a>,
    place: usize,
    waypoint: &'a Waypoint,
    circumstances: Option<&Circumstances<'_>>,
) {
    out.turn_to(place, &waypoint.id);
    out.slug("id", &waypoint.id);
    journey::check(out, place, waypoint);
    texts::check(out, waypoint);
    questions::check(out, waypoint);
    exhibits::check(out, waypoint, circumstances);
    places::check(out, waypoint);
    if let Some(hour) = circumstances.and_then(|known| known.planned_hour) {
        journey::check_hours(out, waypoint, hour);
    }
}

fn check_head(out: &mut Findings<'_, '_>, route: &StudyRoute) {
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
}

/// Takes a finding and the number of its feature.
type Take<'s> = dyn FnMut(usize, Finding) + 's;

/// Hands on what is found, and knows which waypoint is looked at.
struct Findings<'s, 'a> {
    /// Place and id of the waypoint; none for the head of the route.
    at: Option<(usize, &'a str)>,
    take: &'s mut Take<'s>,
}

impl<'s, 'a> Findings<'s, 'a> {
    fn new(take: &'s mut Take<'s>) -> Self {
        Self { at: None, take }
    }

    fn turn_to(&mut self, place: usize, id: &'a str) {
        self.at = Some((place, id));
    }

    fn turn_to_route(&mut self) {
        self.at = None;
    }

    fn add(&mut self, rule: Rule, property: &str, message: impl Into<String>) {
        let (number, feature) = match self.at {
            None => (0, "feature 0 (the line)".into()),
            Some((i, id)) => (i + 1, format!("feature {} ({id})", i + 1)),
        };
        let waypoint = self.at.map(|(_, id)| id.to_string());
        (self.take)(number, Finding { rule, waypoint, feature, property: property.into(), message: message.into() });
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
}

/// Findings up to a bound, of each weight; what comes after is only counted.
struct Listed {
    most: usize,
    keep: fn(&Finding) -> bool,
    /// Each with the number of its feature.
    list: Vec<(usize, Finding)>,
    counted: HashMap<Weight, usize>,
    unlisted: HashMap<Weight, (Rule, usize)>,
}

impl Listed {
    fn new(most: usize) -> Self {
        Self { most, keep: |_| true, list: Vec::new(), counted: HashMap::new(), unlisted: HashMap::new() }
    }

    fn add(&mut self, number: usize, finding: Finding) {
        if !(self.keep)(&finding) {
            return;
        }
        let listed = self.counted.entry(finding.rule.weight()).or_default();
        if *listed == self.most {
            self.unlisted.entry(finding.rule.weight()).or_insert((finding.rule, 0)).1 += 1;
            return;
        }
        *listed += 1;
        self.list.push((number, finding));
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
