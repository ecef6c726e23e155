//! The way from stop to stop: the order, the legs, and whether a place is open when one comes.

use super::spots::{Around, Spot};
use super::{Findings, LEG_MAX_M, Rule, metres};
use crate::domain::route::{Lang, Waypoint};

/// A class does not walk farther from one stop to the next.
const WALK_MAX_M: f64 = 2_500.0;
/// A ride between two stops that takes no more than half an hour or so.
const RIDE_MAX_M: f64 = 30_000.0;
/// How many stops before and behind are tried as a better place in the order.
pub(super) const DETOUR_STOPS: usize = 50;
/// What another place in the order must save to be worth a word.
const DETOUR_MIN_M: f64 = 2_000.0;
/// The same, as a share of the way to the stop and on from it.
const DETOUR_MIN_SHARE: f64 = 0.3;
const DAY_MINUTES: u16 = 24 * 60;

pub(super) fn check(out: &mut Findings<'_, '_>, i: usize, waypoint: &Waypoint) {
    if usize::try_from(waypoint.body.order).ok() != Some(i + 1) {
        let found = waypoint.body.order;
        let message = format!("is {found} but this is stop {}; number the stops 1, 2, 3 … in file order", i + 1);
        out.add(Rule::WrongOrder, "order", message);
    }
}

/// The way from each stop to the next.
pub(super) fn check_legs<'a>(out: &mut Findings<'_, 'a>, around: Around<'a>) {
    let legs = around.spots.windows(2).filter(|pair| pair[0].place + 1 == pair[1].place);
    for pair in legs {
        out.turn_to(pair[1].place, &pair[1].id);
        check_leg(out, &pair[0], &pair[1]);
    }
}

fn check_leg(out: &mut Findings<'_, '_>, previous: &Spot, waypoint: &Spot) {
    let leg_m = previous.position.distance_m(waypoint.position);
    let (id, km) = (&previous.id, leg_m / 1_000.0);
    if leg_m > LEG_MAX_M {
        let message = format!(
            "lies {km:.0} km from the stop before ({id}), more than 100 km; check that latitude and longitude are not \
             swapped and the order is right"
        );
        out.add(Rule::LegTooLong, "geometry", message);
    } else if leg_m > RIDE_MAX_M {
        let message = format!(
            "lies {km:.1} km in a straight line from the stop before ({id}); more than 30 km is a long ride: plan the time, or \
             part the route in two"
        );
        out.add(Rule::LegLongRide, "geometry", message);
    } else if leg_m > WALK_MAX_M {
        let message = format!(
            "lies {km:.1} km in a straight line from the stop before ({id}); a class needs a vehicle here: say so in the summary"
        );
        out.add(Rule::LegNeedsVehicle, "geometry", message);
    }
}

/// A stop that another place in the order would suit better. Only stops near by in the order are tried: this finds the slip of
/// a hand, not the shortest tour.
pub(super) fn check_detours<'a>(out: &mut Findings<'_, 'a>, around: Around<'a>) {
    let way = Way { around, ecef: around.spots.iter().map(|spot| spot.position.ecef()).collect() };
    // The first stop is where people arrive.
    let found: Vec<Option<Detour>> =
        around.spots.iter().map(|spot| if spot.place == 0 { None } else { way.detour(spot.place) }).collect();
    let saving = |place: Option<usize>| {
        let detour = place.and_then(|place| around.index(place)).and_then(|i| found.get(i));
        detour.and_then(Option::as_ref).map_or(0.0, |detour| detour.saving_m)
    };
    for (spot, detour) in around.spots.iter().zip(&found) {
        let Some(detour) = detour else { continue };
        // Two neighbours in the wrong order are both out of the way; the one that saves more is named.
        if saving(spot.place.checked_sub(1)) >= detour.saving_m || saving(Some(spot.place + 1)) > detour.saving_m {
            continue;
        }
        let Some(after) = around.index(detour.after).and_then(|i| around.spots.get(i)) else { continue };
        let message = format!(
            "is stop {}, but visited after {} (stop {}) the way would be {} shorter in straight lines; consider moving it there",
            spot.place + 1,
            after.id,
            detour.after + 1,
            metres(detour.saving_m)
        );
        out.turn_to(spot.place, &spot.id);
        out.add(Rule::Detour, "order", message);
    }
}

struct Detour {
    after: usize,
    saving_m: f64,
}

/// The way through the stops, as far as it is known.
struct Way<'a> {
    around: Around<'a>,
    ecef: Vec<[f64; 3]>,
}

impl Way<'_> {
    /// From one place to another; behind the last stop there is no way. `None` when one of them is not known.
    fn leg(&self, from: usize, to: usize) -> Option<f64> {
        if to >= self.around.count {
            return Some(0.0);
        }
        let spot = |place: usize| self.around.index(place).and_then(|i| self.ecef.get(i));
        let (a, b) = (spot(from)?, spot(to)?);
        Some((a[0] - b[0]).hypot(a[1] - b[1]).hypot(a[2] - b[2]))
    }

    fn detour(&self, i: usize) -> Option<Detour> {
        let (before, count) = (i.checked_sub(1)?, self.around.count);
        let spent_m = self.leg(before, i)? + self.leg(i, i + 1)?;
        let bridge_m = if i + 1 < count { self.leg(before, i + 1)? } else { 0.0 };
        let least_m = DETOUR_MIN_M.max(DETOUR_MIN_SHARE * spent_m);
        if spent_m - bridge_m <= least_m {
            return None;
        }
        let last = (i + DETOUR_STOPS).min(count.saturating_sub(1));
        let best = (i.saturating_sub(DETOUR_STOPS)..=last)
            .filter(|&after| after != before && after != i)
            .filter_map(|after| {
                let broken_m = self.leg(after, after + 1)?;
                let onward_m = if after + 1 < count { self.leg(i, after + 1)? } else { 0.0 };
                let inserted_m = self.leg(after, i)? + onward_m;
                Some(Detour { after, saving_m: spent_m - bridge_m - (inserted_m - broken_m) })
            })
            .max_by(|a, b| a.saving_m.total_cmp(&b.saving_m))?;
        (best.saving_m > least_m).then_some(best)
    }
}

/// Opening hours are free text; only what looks like `08:00–17:30` in it is understood.
pub(super) fn check_hours(out: &mut Findings<'_, '_>, waypoint: &Waypoint, hour: u8) {
    let Some(hours) = &waypoint.body.opening_hours else { return };
    let spans: Vec<Span> = Lang::ALL.iter().flat_map(|&lang| spans(hours.text.get(lang))).collect();
    if spans.is_empty() || spans.iter().any(|span| span.is_open_in(hour)) {
        return;
    }
    let mut printed: Vec<String> = spans.iter().map(Span::to_string).collect();
    printed.dedup();
    printed.truncate(4);
    let message = format!(
        "says {}, but the visit is planned at {hour:02}:00; change the plan, or look the hours up again",
        printed.join(", ")
    );
    out.add(Rule::ClosedAtPlannedHour, "opening_hours.text", message);
}

/// From and to, minutes of the day.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Span(pub(super) u16, pub(super) u16);

impl Span {
    /// Whether any part of the hour is open; a span that ends before it begins goes on past midnight.
    fn is_open_in(&self, hour: u8) -> bool {
        let from = u16::from(hour) * 60;
        let to = from + 60;
        let meets = |a: u16, b: u16| a < to && b > from;
        if self.0 < self.1 { meets(self.0, self.1) } else { meets(self.0, DAY_MINUTES) || meets(0, self.1) }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(from, to) = self;
        write!(f, "{:02}:{:02}–{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// Every `8:30-16:30`, `08:00—17:30`, `8：00至17：00` or `8:00 to 17:00` in a text.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        rest = &rest[start..];
        if let Some((span, behind)) = span(rest) {
            found.push(span);
            rest = behind;
        } else {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    found
}

fn span(text: &str) -> Option<(Span, &str)> {
    let dash = |c: char| matches!(c, '-' | '~' | '～' | '〜' | '−' | '至' | '到' | '\u{2010}'..='\u{2015}');
    let (from, rest) = clock(text)?;
    let rest = rest.trim_start();
    let behind = rest.trim_start_matches(dash);
    let behind = if behind.len() < rest.len() { behind } else { rest.strip_prefix("to ")? };
    let (to, rest) = clock(behind.trim_start())?;
    Some((Span(from, to), rest))
}

fn clock(text: &str) -> Option<(u16, &str)> {
    let (hours, rest) = text.split_once([':', '：'])?;
    let minutes = rest.get(..2)?;
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?;
    let (hour, minute) = (number(hours).filter(|_| hours.len() <= 2)?, number(minutes)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= DAY_MINUTES).then_some((total, &rest[2..]))
}
