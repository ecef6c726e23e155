//! Notices numbers that are not what they are said to be: shifted coordinates of Chinese maps (GCJ-02, BD-09) and latitude and
//! longitude in each other's place. It compares places with what is known under the same name. Converts nothing by itself.

use crate::domain::crs::{self, Crs};
use crate::domain::geodesy::LatLon;
use serde::Serialize;
use utoipa::ToSchema;

/// As near as this to the place of the same name, a position is right as it is written.
const NEAR_M: f64 = 150.0;
/// GCJ-02 shifts places around Jining by some 500 m, BD-09 by more than a kilometre; anything from here on may be a shift.
const SHIFTED_MIN_M: f64 = 200.0;
/// A reading that brings places as near as this explains the shift.
const EXPLAINED_M: f64 = 80.0;

/// What would mend a file, and why it looks as if it needed mending.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Suggestion {
    /// The parameter to send.
    pub parameter: &'static str,
    /// Its value.
    pub value: String,
    /// What was noticed.
    pub reason: String,
}

/// How else a pair of numbers could be read.
const READINGS: [(Crs, bool); 5] =
    [(Crs::Gcj02, false), (Crs::Bd09, false), (Crs::Wgs84, true), (Crs::Gcj02, true), (Crs::Bd09, true)];

/// What the places of a file say together.
#[derive(Debug, Default)]
pub struct Suspicion {
    near: u32,
    votes: [u32; READINGS.len()],
    off_m: [f64; READINGS.len()],
    /// Latitudes that are none, but would be longitudes.
    impossible: u32,
    compared: u32,
}

impl Suspicion {
    /// Compares a position as written with the place that is known under its name.
    pub fn compare(&mut self, lat: f64, lon: f64, known: LatLon) {
        self.compared += 1;
        let off_m = |(system, swapped): (Crs, bool)| {
            let (lat, lon) = if swapped { (lon, lat) } else { (lat, lon) };
            let (lat, lon) = crs::to_wgs84(system, lat, lon);
            LatLon::new(lat, lon).ok().map(|place| place.distance_m(known))
        };
        let as_written_m = off_m((Crs::Wgs84, false));
        if as_written_m.is_some_and(|m| m <= NEAR_M) {
            self.near += 1;
            return;
        }
        if as_written_m.is_some_and(|m| m < SHIFTED_MIN_M) {
            return;
        }
        let explained = READINGS.iter().enumerate().filter_map(|(i, reading)| Some((i, off_m(*reading)?)));
        let best = explained.filter(|(_, m)| *m <= EXPLAINED_M).min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((best, _)) = best {
            self.votes[best] += 1;
            self.off_m[best] += as_written_m.unwrap_or_default();
        }
    }

    /// Notes a position that is not on the earth, and whether it would be with its numbers the other way round.
    pub fn impossible(&mut self, swapped: bool) {
        self.impossible += u32::from(swapped);
    }

    /// How many places have been compared.
    pub fn compared(&self) -> u32 {
        self.compared
    }

    /// What most of them say, when it is not that all is well. `swap_axes` is what the sender has said of that already.
    pub fn verdict(&self, rows: u64, swap_axes: bool) -> Vec<Suggestion> {
        let best = (0..READINGS.len()).max_by_key(|&i| (self.votes[i], std::cmp::Reverse(i))).unwrap_or_default();
        let votes = self.votes[best];
        let swap = |reason| Suggestion { parameter: "swap_axes", value: (!swap_axes).to_string(), reason };
        if votes <= self.near {
            let reason = format!("{} latitudes are beyond 90 degrees and would do as longitudes", self.impossible);
            return (u64::from(self.impossible) * 2 > rows).then(|| swap(reason)).into_iter().collect();
        }
        let (system, swapped) = READINGS[best];
        let compared = self.compared;
        let mut suggestions = Vec::new();
        if swapped {
            suggestions.push(swap(format!(
                "{votes} of {compared} places are where those of the same name are, if latitude and longitude are the other way round"
            )));
        }
        if system != Crs::Wgs84 {
            let mean_m = self.off_m[best] / f64::from(votes);
            let reason = if swapped {
                format!("{votes} of {compared} places are on those of the same name, if the numbers are {system}")
            } else {
                format!(
                    "{votes} of {compared} places lie about {mean_m:.0} m off those of the same name, and on them if the numbers are {system} \
                     (if they are right as they are, name the crs wgs84)"
                )
            };
            suggestions.push(Suggestion { parameter: "crs", value: system.as_str().into(), reason });
        }
        suggestions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(reading: (Crs, bool), places: u32) -> Suspicion {
        let mut suspicion = Suspicion::default();
        for step in 0..places {
            let known = LatLon::new(35.59 + f64::from(step) * 0.01, 116.98).expect("a place");
            let (lat, lon) = crs::from_wgs84(reading.0, known.lat(), known.lon());
            let (lat, lon) = if reading.1 { (lon, lat) } else { (lat, lon) };
            suspicion.compare(lat, lon, known);
        }
        suspicion
    }

    #[test]
    fn shifted_and_swapped_numbers_are_noticed_and_named() {
        assert_eq!(looked_at((Crs::Wgs84, false), 5).verdict(5, false), []);
        let gcj = looked_at((Crs::Gcj02, false), 5).verdict(5, false).swap_remove(0);
        assert_eq!((gcj.parameter, gcj.value.as_str()), ("crs", "gcj02"));
        let bd = looked_at((Crs::Bd09, false), 1).verdict(1, false).swap_remove(0);
        assert_eq!((bd.parameter, bd.value.as_str()), ("crs", "bd09"));
        let swapped = looked_at((Crs::Wgs84, true), 3).verdict(3, false).swap_remove(0);
        assert_eq!((swapped.parameter, swapped.value.as_str()), ("swap_axes", "true"));
        let taken_back = looked_at((Crs::Wgs84, true), 3).verdict(3, true).swap_remove(0);
        assert_eq!((taken_back.parameter, taken_back.value.as_str()), ("swap_axes", "false"));
        let both = looked_at((Crs::Gcj02, true), 3).verdict(3, false);
        let both: Vec<_> = both.iter().map(|one| (one.parameter, one.value.as_str())).collect();
        assert_eq!(both, [("swap_axes", "true"), ("crs", "gcj02")]);
    }

    #[test]
    fn a_place_that_was_moved_by_half_a_kilometre_northward_is_no_shift() {
        let mut suspicion = Suspicion::default();
        suspicion.compare(35.595, 116.98, LatLon::new(35.59, 116.98).expect("a place"));
        assert_eq!(suspicion.verdict(1, false), []);
    }

    #[test]
    fn one_odd_place_among_many_right_ones_is_no_reason() {
        let mut suspicion = looked_at((Crs::Wgs84, false), 9);
        let known = LatLon::new(35.0, 117.0).expect("a place");
        let (lat, lon) = crs::from_wgs84(Crs::Gcj02, 35.0, 117.0);
        suspicion.compare(lat, lon, known);
        assert_eq!(suspicion.verdict(10, false), []);
    }
}
