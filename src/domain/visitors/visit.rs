//! One visitor's day: the way, what they do on it, and where their phone is deaf.

use super::arrivals::{Kind, Party, Stay, drawn, milliseconds};
use super::figures::{CLASS_TAPS_WITHIN_S, DEAF_SHARE, HOME_BY_H, PROGRESS_EVERY, RECONNECT_S, REOPEN_EVERY};
use super::{DayPlan, Known, Link, Span, Way};
use crate::domain::check_in::{self, Report};
use crate::domain::crs::Crs;
use crate::domain::rehearsal::Setting;
use crate::domain::rehearsal::figures::FIX_EVERY_S;
use crate::domain::rehearsal::phone::{self, Chance, Noise, Phone};
use crate::domain::rehearsal::visit::{FIXES_MAX, upload_delay_ms};
use crate::domain::rehearsal::walk::phone_factor;
use crate::domain::time::day_begins_ms;
use rand::RngExt;

/// Streams of a visitor beside those of the stops, whose numbers are below.
const OWN_STREAM: u32 = u32::MAX;
const LINK_STREAM: u32 = u32::MAX - 1;
/// A phone that has no network on the way had one when the page was opened, for so long.
const DEAF_AFTER_MS: i64 = 120_000;

/// What somebody does with the phone, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// When.
    pub at_ms: i64,
    /// What.
    pub what: What,
}

/// What somebody does with the phone.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Opens the page: the routes, the route, its stops.
    Open,
    /// Reads about a stop.
    Read(usize),
    /// Checks in.
    Tap(Tap),
    /// Asks how far they have come.
    Progress,
}

/// A check-in as the phone makes it: the page lets nobody press who is outside by its own reckoning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// Which stop of the trail.
    pub stop: usize,
    /// Measured, WGS 84 degrees.
    pub lat: f64,
    /// Measured.
    pub lon: f64,
    /// What the phone says of it.
    pub accuracy_m: f64,
}

/// One visitor's day.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Where they are when.
    pub way: Way,
    /// What they do, in the order of time.
    pub deeds: Vec<Deed>,
    /// When the phone reaches nobody: in order, apart from each other.
    pub offline: Vec<Span>,
    /// The network the rest of the time.
    pub link: Link,
}

impl Visit {
    /// The first instant from this one on at which the phone reaches the service.
    #[must_use]
    pub fn online_from(&self, at_ms: i64) -> i64 {
        let deaf = self.offline.iter().find(|span| (span.from_ms..span.until_ms).contains(&at_ms));
        deaf.map_or(at_ms, |span| span.until_ms)
    }
}

impl DayPlan {
    /// The day of the visitor in this seat of a party.
    #[must_use]
    pub fn visit(&self, party: &Party, seat: u32) -> Visit {
        let number = party.first_visitor + seat;
        let mut own = phone::stream(self.plan.seed, number, OWN_STREAM);
        let factor = phone_factor(own.random());
        let trail = self.trails.get(party.trail).map_or(&[][..], Vec::as_slice);
        let (mut places, mut deeds, mut offline) = (Vec::new(), Vec::new(), Vec::new());
        deeds.push(Deed { at_ms: party.arrives_ms, what: What::Open });
        let mut taps = 0;
        for (stays, (stay, here)) in
            party.stays.iter().filter_map(|stay| Some((stay, trail.get(stay.stop)?))).enumerate()
        {
            let mut chance = phone::stream(self.plan.seed, number, u32::try_from(stay.stop).unwrap_or(OWN_STREAM - 2));
            let spot = here.ground.stop(&mut chance);
            let stands = here.ground.place(spot);
            places.extend([(stay.from_ms, stands), (stay.until_ms, stands)]);
            if here.setting == Setting::Courtyard && chance.random::<f64>() < DEAF_SHARE {
                offline.push(Span { from_ms: stay.from_ms, until_ms: stay.until_ms });
            }
            if stays > 0 && stays % REOPEN_EVERY == 0 {
                deeds.push(Deed { at_ms: stay.from_ms, what: What::Open });
            }
            deeds.push(Deed { at_ms: stay.from_ms + chance.random_range(1_000..30_000), what: What::Read(stay.stop) });
            let tap = tap(here, stay, party.kind, Noise::of(here.setting, factor), spot, chance);
            taps += usize::from(tap.is_some());
            let asks = tap.as_ref().filter(|_| taps.is_multiple_of(PROGRESS_EVERY));
            let asks = asks.map(|tap| Deed { at_ms: tap.at_ms + 10_000, what: What::Progress });
            deeds.extend(tap.into_iter().chain(asks));
        }
        deeds.push(Deed { at_ms: party.leaves_ms(), what: What::Progress });
        deeds.sort_by_key(|deed| deed.at_ms);
        self.add_deafness(party, &mut offline, &mut own);
        let link = Link::new(phone::stream(self.plan.seed, number, LINK_STREAM));
        Visit { way: Way::through(places), deeds, offline: merged(offline), link }
    }

    /// Phones that have no network until they are at home, and the outage that all share.
    fn add_deafness(&self, party: &Party, offline: &mut Vec<Span>, own: &mut Chance) {
        let late_ms = upload_delay_ms(own);
        if late_ms > 0 {
            let home_ms = day_begins_ms(self.plan.dated) + milliseconds(3_600.0 * HOME_BY_H);
            let from_ms = party.arrives_ms + DEAF_AFTER_MS;
            offline.push(Span { from_ms, until_ms: (party.leaves_ms() + late_ms).min(home_ms).max(from_ms) });
        }
        if let Some(outage) = self.outage() {
            let noticed_ms = milliseconds(RECONNECT_S * own.random::<f64>());
            offline.push(Span { until_ms: outage.until_ms + noticed_ms, ..outage });
        }
    }
}

/// The first fix, from the moment somebody wants to check in, that the rule takes; `None` when there is none before they go.
fn tap(here: &Known, stay: &Stay, kind: Kind, noise: Noise, spot: [f64; 2], mut chance: Chance) -> Option<Deed> {
    let stays_s = f64::from(u32::try_from(stay.until_ms - stay.from_ms).unwrap_or(u32::MAX)) / 1_000.0;
    let wanted_s = match kind {
        Kind::Class => stays_s * 0.5 + CLASS_TAPS_WITHIN_S * chance.random::<f64>(),
        _ => drawn((stays_s * 0.4, stays_s * 0.1), (0.0, stays_s), &mut chance),
    };
    let mut phone = Phone::start(noise, chance);
    let site = here.ground.site();
    (0..i64::from(FIXES_MAX)).find_map(|waited| {
        let fix = phone.fix();
        let at_ms = stay.from_ms + milliseconds(wanted_s) + waited * i64::from(FIX_EVERY_S) * 1_000;
        let place = here.ground.place([spot[0] + fix.error_m[0], spot[1] + fix.error_m[1]]);
        let tap = Tap {
            stop: stay.stop,
            lat: rounded(place.lat()),
            lon: rounded(place.lon()),
            accuracy_m: fix.accuracy_m.round(),
        };
        let report =
            Report { lat: tap.lat, lon: tap.lon, crs: Crs::Wgs84, accuracy_m: tap.accuracy_m, occurred_ms: at_ms };
        let taken = at_ms < stay.until_ms && check_in::judge(site, &report, at_ms).is_ok();
        taken.then_some(Deed { at_ms, what: What::Tap(tap) })
    })
}

/// To the centimetre, as phones write it.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

/// Spans in order, those that touch as one.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| span.from_ms);
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.from_ms <= last.until_ms => last.until_ms = last.until_ms.max(span.until_ms),
            _ => merged.push(span),
        }
    }
    merged
}
