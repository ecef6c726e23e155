//! Where somebody is when: straight lines between dated places.

use crate::domain::geodesy::LatLon;

/// Dated places in the order of time, at least one.
#[derive(Clone, Debug)]
pub struct Way(Vec<(i64, LatLon)>);

impl Way {
    /// A way through these places.
    #[must_use]
    pub fn through(places: Vec<(i64, LatLon)>) -> Self {
        Self(places)
    }

    /// Where at this time; before the first place and after the last, there.
    #[must_use]
    pub fn place_at(&self, at_ms: i64) -> Option<LatLon> {
        let next = self.0.partition_point(|(ms, _)| *ms <= at_ms);
        let (Some(&(from_ms, from)), Some(&(to_ms, to))) =
            (next.checked_sub(1).and_then(|before| self.0.get(before)), self.0.get(next))
        else {
            return if next == 0 { self.0.first() } else { self.0.last() }.map(|(_, place)| *place);
        };
        Some(between(from, to, share(at_ms - from_ms, to_ms - from_ms)))
    }

    /// When a phone asks again that asked at `from_ms` and was told to after so many metres or seconds; `None` after the end.
    #[must_use]
    pub fn asks_again(&self, from_ms: i64, distance_m: f64, after_s: u32) -> Option<i64> {
        let last_ms = self.0.last()?.0;
        let by_time_ms = from_ms.saturating_add(i64::from(after_s.max(1)) * 1_000);
        let mut walked_m = 0.0;
        let mut here = (from_ms, self.place_at(from_ms)?);
        for &(ms, place) in self.0.iter().filter(|(ms, _)| *ms > from_ms) {
            let leg_m = here.1.distance_m(place);
            if leg_m > 0.0 && walked_m + leg_m >= distance_m {
                let by_way_ms = here.0 + part(ms - here.0, (distance_m - walked_m) / leg_m);
                // Never at the same instant again, however short the way.
                return Some(by_way_ms.max(from_ms + 1_000).min(by_time_ms)).filter(|ms| *ms <= last_ms);
            }
            if ms >= by_time_ms {
                break;
            }
            walked_m += leg_m;
            here = (ms, place);
        }
        Some(by_time_ms).filter(|ms| *ms <= last_ms)
    }
}

#[expect(clippy::cast_precision_loss, reason = "times of a day are exact in f64")]
fn share(of_ms: i64, whole_ms: i64) -> f64 {
    if whole_ms <= 0 { 0.0 } else { of_ms as f64 / whole_ms as f64 }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "times of a day are exact in f64")]
fn part(of_ms: i64, share: f64) -> i64 {
    (of_ms as f64 * share) as i64
}

/// Within a study route no line crosses a pole or the date line; where one does, the walker jumps.
fn between(from: LatLon, to: LatLon, share: f64) -> LatLon {
    let on = |a: f64, b: f64| a + (b - a) * share;
    LatLon::new(on(from.lat(), to.lat()), on(from.lon(), to.lon())).unwrap_or(from)
}
