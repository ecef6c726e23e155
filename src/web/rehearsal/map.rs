//! The map of a rehearsal as SVG: the route's own line, its stops with their numbers, zones to scale, north and a scale bar.
//! Nothing else is known of the ground and nothing else is drawn, least of all borders.

use super::layout::{self, Mark, Panel, View};
use super::{Class, say};
use crate::domain::geodesy::LatLon;
use crate::domain::rehearsal::{Rehearsal, WaypointOutcome};
use crate::domain::route::{Lang, StudyRoute, Waypoint};
use crate::domain::zone::Zone;
use maud::{Markup, html};
use std::fmt::Write;

/// A zone narrower than this on the drawing hides behind its number.
const ZONE_MIN: f64 = 16.0;
/// Longest scale bar.
const SCALE_MAX: f64 = 130.0;
/// Most pieces of the line on one panel.
const LINE_PIECES_MAX: usize = 4_000;

/// All panels with their captions.
pub fn map(route: &StudyRoute, rehearsal: &Rehearsal, lang: Lang) -> Markup {
    let stops: Vec<(&Waypoint, &WaypointOutcome)> = route.waypoints.iter().zip(&rehearsal.waypoints).collect();
    let places: Vec<LatLon> = stops.iter().map(|(waypoint, _)| waypoint.position).collect();
    let panels = layout::panels(&places);
    let unseen = |mark: &Mark| matches!(mark, Mark::Crowd { panel: None, .. });
    html! {
        div.map {
            @for (i, panel) in panels.iter().enumerate() {
                figure { (drawing(route, &stops, panel, lang)) figcaption { (caption(i, panel, &stops, lang)) } }
            }
        }
        @if panels.iter().flat_map(|panel| &panel.marks).any(unseen) {
            p.small { (say(lang, "站点过密，其余细部不再放大，请看下表。", "There are more crowded places than enlargements; see the table.")) }
        }
    }
}

fn caption(i: usize, panel: &Panel, stops: &[(&Waypoint, &WaypointOutcome)], lang: Lang) -> Markup {
    let named = panel.stops.iter().filter_map(|&stop| stops.get(stop));
    html! {
        @if i == 0 {
            (say(lang, "全线。数字是站号；字母处有多站，放大图在后。", "The whole route. Numbers are stops; letters are several stops, enlarged below."))
        } @else {
            b { (letter(i)) } " "
            @for (j, (_, outcome)) in named.enumerate() {
                @if j > 0 { (say(lang, "、", ", ")) }
                (outcome.order) " " (outcome.title.shown(lang))
            }
        }
    }
}

/// A, B … Z, AA, AB … for enlargements 1, 2 …
fn letter(panel: usize) -> String {
    let of = |i: usize| char::from(b'A' + u8::try_from(i % 26).unwrap_or(0));
    match panel.saturating_sub(1) {
        i if i < 26 => of(i).to_string(),
        i => [of(i / 26 - 1), of(i)].iter().collect(),
    }
}

fn drawing(route: &StudyRoute, stops: &[(&Waypoint, &WaypointOutcome)], panel: &Panel, lang: Lang) -> Markup {
    let view = &panel.view;
    let here = || panel.stops.iter().filter_map(|&stop| stops.get(stop).copied());
    let label = say(lang, "路线示意图", "Map of the route");
    html! {
        svg viewBox={ "0 0 " (n(view.width)) " " (n(view.height)) } role="img" aria-label=(label) {
            @for (waypoint, outcome) in here() { (zone(view, waypoint, Class::of(outcome))) }
            path.line d=(line(route, view)) {}
            @for mark in &panel.marks { (marked(mark, stops, lang)) }
            (north(view, lang))
            (scale(view, lang))
        }
    }
}

/// One decimal of a drawing unit is finer than any screen.
fn n(x: f64) -> String {
    format!("{x:.1}")
}

fn line(route: &StudyRoute, view: &View) -> String {
    let at = |&[lon, lat]: &[f64; 2]| LatLon::new(lat, lon).ok().map(|place| view.point(place));
    let points: Vec<[f64; 2]> = route.drawn_line().iter().filter_map(at).collect();
    let seen = points.windows(2).filter(|pair| view.shows(pair[0], pair[1]));
    let mut path = String::new();
    let mut end = [f64::NAN; 2];
    for pair in seen.take(LINE_PIECES_MAX) {
        let (a, b) = (pair[0], pair[1]);
        // Writing to a string cannot fail.
        if a.map(f64::to_bits) != end.map(f64::to_bits) {
            let _ = write!(path, "M{} {}", n(a[0]), n(a[1]));
        }
        let _ = write!(path, "L{} {}", n(b[0]), n(b[1]));
        end = b;
    }
    path
}

fn zone(view: &View, waypoint: &Waypoint, class: Class) -> Markup {
    let reach = waypoint.body.zone.reach_m(waypoint.position) * view.per_m;
    let name = if waypoint.body.zone.to_be_surveyed() { "zone vague" } else { "zone" };
    let at = view.point(waypoint.position);
    html! {
        @if reach >= ZONE_MIN {
            @match &waypoint.body.zone {
                Zone::Circle { .. } => { circle class=(name) data-class=(class.name()) cx=(n(at[0])) cy=(n(at[1])) r=(n(reach)) {} }
                Zone::Polygon { coordinates, .. } => { path class=(name) data-class=(class.name()) fill-rule="evenodd" d=(rings(view, coordinates)) {} }
            }
        }
    }
}

fn rings(view: &View, rings: &[Vec<[f64; 2]>]) -> String {
    let corner = |&[lon, lat]: &[f64; 2]| LatLon::new(lat, lon).ok().map(|place| view.point(place));
    let ring = |ring: &Vec<[f64; 2]>| {
        let corners: Vec<String> = ring.iter().filter_map(corner).map(|[x, y]| format!("{} {}", n(x), n(y))).collect();
        format!("M{}Z", corners.join("L"))
    };
    rings.iter().map(ring).collect()
}

fn marked(mark: &Mark, stops: &[(&Waypoint, &WaypointOutcome)], lang: Lang) -> Markup {
    let (text, class, at, crowd, title) = match mark {
        Mark::Stop { stop, at } => {
            let Some((_, outcome)) = stops.get(*stop) else { return html! {} };
            (outcome.order.to_string(), Class::of(outcome), at, false, outcome.title.shown(lang).to_string())
        }
        Mark::Crowd { stops: crowd, at, panel } => {
            let outcomes = crowd.iter().filter_map(|&stop| stops.get(stop)).map(|(_, outcome)| *outcome);
            let numbers: Vec<String> = outcomes.clone().map(|outcome| outcome.order.to_string()).collect();
            let worst = outcomes.map(Class::of).max().unwrap_or(Class::None);
            (panel.map_or_else(|| "…".to_string(), letter), worst, at, true, numbers.join(", "))
        }
    };
    html! {
        g.mark.crowd[crowd] data-class=(class.name()) transform={ "translate(" (n(at[0])) " " (n(at[1])) ")" } {
            title { (title) }
            (class.shape())
            text y=(if class == Class::Many { "6.5" } else { "4.5" }) { (text) }
        }
    }
}

fn north(view: &View, lang: Lang) -> Markup {
    html! {
        g.frame transform={ "translate(" (n(view.width - 22.0)) " 12)" } {
            path.arrow d="M0 0L6 18L0 14L-6 18Z" {}
            text y="30" { (say(lang, "北", "N")) }
        }
    }
}

fn scale(view: &View, lang: Lang) -> Markup {
    let metres = round_length_m(SCALE_MAX / view.per_m);
    let width = metres * view.per_m;
    let (left, y) = (14.0, view.height - 14.0);
    html! {
        g.frame {
            rect.ground x=(n(left - 5.0)) y=(n(y - 17.0)) width=(n(width + 10.0)) height="22" {}
            path.bar d={ "M" (n(left)) " " (n(y - 5.0)) "V" (n(y)) "H" (n(left + width)) "V" (n(y - 5.0)) } {}
            text.left x=(n(left + 4.0)) y=(n(y - 4.0)) { (super::length(metres, lang)) }
        }
    }
}

/// The largest of 1, 2, 5, 10, 20, 50 … metres that is not longer.
fn round_length_m(longest_m: f64) -> f64 {
    let mut found_m = 1.0;
    for exponent in 0..8 {
        for digit in [1.0, 2.0, 5.0] {
            let metres = digit * 10f64.powi(exponent);
            if metres <= longest_m {
                found_m = metres;
            }
        }
    }
    found_m
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_bars_are_round_and_fit() {
        for (longest_m, round_m) in [(1.5, 1.0), (4.9, 2.0), (130.0, 100.0), (5_000.0, 5_000.0), (49_999.0, 20_000.0)] {
            assert!((round_length_m(longest_m) - round_m).abs() < 1e-9, "{longest_m}");
        }
    }

    #[test]
    fn enlargements_are_lettered_like_the_columns_of_a_sheet() {
        let names: Vec<String> = [1, 2, 26, 27, 28, 53].into_iter().map(letter).collect();
        assert_eq!(names, ["A", "B", "Z", "AA", "AB", "BA"]);
    }
}
