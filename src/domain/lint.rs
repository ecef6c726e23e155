//! What a study route must fulfil before it may be published, in words a route designer understands.
//!
//! Each finding names the feature and the property and says what to do. Reading the file is the business of `formats`; this
//! module sees only a route that could be read.

use super::geodesy::LatLon;
use super::route::{Exhibit, Fact, Question, StudyRoute, Text, Waypoint};
use std::collections::HashSet;
use std::fmt;

/// Two stops that follow each other may not be farther apart than this.
pub const LEG_MAX_M: f64 = 100_000.0;
/// Fewest facts of a waypoint.
pub const FACTS_MIN: usize = 3;
/// Longest kebab-case name.
pub const SLUG_MAX: usize = 64;
/// Most waypoints of one study route.
pub const WAYPOINTS_MAX: usize = 1_000_000;

/// One mistake in a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
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

/// Checks a whole study route; no finding means it may be published.
#[must_use]
pub fn check(route: &StudyRoute) -> Vec<Finding> {
    let mut out = Findings { feature: "feature 0 (the line)".into(), list: Vec::new() };
    out.slug("id", &route.slug);
    out.text("title", &route.title);
    out.text("summary", &route.summary);
    if route.line.len() < 2 {
        out.add("geometry", "the line needs at least two positions; draw it through the waypoints");
    }
    if route.line.iter().any(|&[lon, lat]| LatLon::new(lat, lon).is_err()) {
        out.add("geometry", "a position of the line is not [longitude, latitude] in degrees");
    }
    if route.waypoints.is_empty() {
        out.add("", "the route has no waypoint; add at least one Point feature");
    }
    let mut seen = HashSet::new();
    for (i, waypoint) in route.waypoints.iter().enumerate() {
        out.feature = format!("feature {} ({})", i + 1, waypoint.id);
        if !seen.insert(waypoint.id.as_str()) {
            out.add("id", "this id stands twice in the file; every waypoint needs its own");
        }
        check_order(&mut out, i, waypoint);
        check_leg(&mut out, route, i);
        check_waypoint(&mut out, waypoint);
    }
    out.list
}

fn check_order(out: &mut Findings, i: usize, waypoint: &Waypoint) {
    if usize::try_from(waypoint.body.order).ok() != Some(i + 1) {
        let found = waypoint.body.order;
        out.add("order", &format!("is {found} but this is stop {}; number the stops 1, 2, 3 … in file order", i + 1));
    }
}

fn check_leg(out: &mut Findings, route: &StudyRoute, i: usize) {
    let Some(previous) = i.checked_sub(1).and_then(|p| route.waypoints.get(p)) else { return };
    let leg_m = previous.position.distance_m(route.waypoints[i].position);
    if leg_m > LEG_MAX_M {
        let km = leg_m / 1_000.0;
        out.add(
            "geometry",
            &format!(
                "lies {km:.0} km from the stop before ({}), more than 100 km; check that latitude and longitude are not \
                 swapped and the order is right",
                previous.id
            ),
        );
    }
}

fn check_waypoint(out: &mut Findings, waypoint: &Waypoint) {
    let body = &waypoint.body;
    out.slug("id", &waypoint.id);
    for (name, text) in [("title", &body.title), ("summary", &body.summary), ("county", &body.county)] {
        out.text(name, text);
    }
    out.text("period", &body.period);
    out.text("heritage.status", &body.heritage.status);
    if body.themes.is_empty() {
        out.add("themes", "is empty; name at least one, such as hydraulics");
    }
    for (i, theme) in body.themes.iter().enumerate() {
        out.slug(&format!("themes[{i}]"), theme);
    }
    if body.facts.len() < FACTS_MIN {
        out.add("facts", &format!("has {}; give at least {FACTS_MIN}, each with its source", body.facts.len()));
    }
    for (i, fact) in body.facts.iter().enumerate() {
        check_fact(out, i, fact);
    }
    for (i, question) in body.questions.iter().enumerate() {
        check_question(out, i, question);
    }
    for (i, exhibit) in body.exhibits.iter().enumerate() {
        check_exhibit(out, i, exhibit);
    }
    if let Some(hours) = &body.opening_hours {
        out.text("opening_hours.text", &hours.text);
        out.source("opening_hours.source", &hours.source);
    }
    if let Some(altitude) = &body.altitude {
        out.source("altitude.source", &altitude.source);
    }
    check_place(out, waypoint);
}

fn check_place(out: &mut Findings, waypoint: &Waypoint) {
    let (coordinate, zone) = (&waypoint.body.coordinate, &waypoint.body.zone);
    out.source("coordinate.source", &coordinate.source);
    if coordinate.confidence == super::route::Confidence::Derived
        && coordinate.derivation.as_deref().unwrap_or_default().trim().is_empty()
    {
        out.add("coordinate.derivation", "is missing; a derived point must say how it was derived");
    }
    if !(coordinate.precision_m > 0.0 && coordinate.precision_m.is_finite()) {
        out.add("coordinate.precision_m", "must be a number of metres above 0");
        return;
    }
    if let Some(fault) = zone.fault() {
        out.add("zone", &fault);
        return;
    }
    let reach = zone.reach_m(waypoint.position);
    // A corner of a polygon is computed, so a hair's breadth is no mistake.
    if reach < coordinate.precision_m - 0.001 {
        out.add(
            "zone",
            &format!(
                "reaches {reach:.0} m but the coordinate is only known to {:.0} m; widen the zone or survey the place",
                coordinate.precision_m
            ),
        );
    }
}

fn check_fact(out: &mut Findings, i: usize, fact: &Fact) {
    out.text(&format!("facts[{i}].date"), &fact.date);
    out.text(&format!("facts[{i}].text"), &fact.text);
    out.source(&format!("facts[{i}].source"), &fact.source);
}

fn check_question(out: &mut Findings, i: usize, question: &Question) {
    let at = |name: &str| format!("questions[{i}].{name}");
    out.text(&at("prompt"), &question.prompt);
    out.text(&at("explanation"), &question.explanation);
    out.source(&at("source"), &question.source);
    if !(3..=4).contains(&question.options.len()) {
        out.add(&at("options"), &format!("has {}; give three or four", question.options.len()));
    }
    let mut seen = HashSet::new();
    for (j, option) in question.options.iter().enumerate() {
        out.text(&at(&format!("options[{j}].text")), &option.text);
        if !seen.insert(option.id.as_str()) {
            out.add(&at(&format!("options[{j}].id")), "stands twice; each option needs its own");
        }
    }
    if !seen.contains(question.key.as_str()) {
        out.add(&at("key"), &format!("\"{}\" is not the id of an option", question.key));
    }
}

fn check_exhibit(out: &mut Findings, i: usize, exhibit: &Exhibit) {
    let at = |name: &str| format!("exhibits[{i}].{name}");
    out.slug(&at("id"), &exhibit.id);
    out.text(&at("title"), &exhibit.title);
    out.text(&at("alt"), &exhibit.alt);
    out.text(&at("text"), &exhibit.text);
    let pose = &exhibit.geopose;
    if LatLon::new(pose.position.lat, pose.position.lon).is_err() || !pose.position.h.is_finite() {
        out.add(&at("geopose.position"), "needs lat and lon in degrees and h in metres");
    }
    let q = pose.quaternion;
    let norm = (q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w).sqrt();
    if (norm - 1.0).is_nan() || (norm - 1.0).abs() > 0.001 {
        out.add(&at("geopose.quaternion"), "must have length 1; x=0 y=0 z=0 w=1 means unturned");
    }
    if !(exhibit.scale > 0.0 && exhibit.scale.is_finite()) {
        out.add(&at("scale"), "must be above 0; 1 means true size");
    }
    if !(exhibit.trigger_m > 0.0 && exhibit.trigger_m <= 100_000.0) {
        out.add(&at("trigger_m"), "must be above 0 and at most 100000 metres");
    }
}

struct Findings {
    feature: String,
    list: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, property: &str, message: &str) {
        self.list.push(Finding { feature: self.feature.clone(), property: property.into(), message: message.into() });
    }

    fn text(&mut self, property: &str, text: &Text) {
        for (lang, value) in [("zh-CN", &text.zh_cn), ("en", &text.en)] {
            if value.trim().is_empty() {
                self.add(&format!("{property}.{lang}"), "is missing; write this text in both languages");
            }
        }
    }

    fn source(&mut self, property: &str, source: &str) {
        if source.trim().is_empty() {
            self.add(property, "is missing; say where this comes from");
        }
    }

    fn slug(&mut self, property: &str, slug: &str) {
        if !is_slug(slug) {
            self.add(
                property,
                &format!(
                    "\"{slug}\" cannot be used in an address; use at most {SLUG_MAX} lower-case letters a–z, digits and single hyphens"
                ),
            );
        }
    }
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
