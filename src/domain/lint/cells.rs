//! Cells of earth-centred space, as wide as a zone needs: whoever looks for the zones near one looks into a handful of cells, be it
//! in memory or in a table. There is no pole and no date line here. A cell is one number, which tables keep: it never changes.

use crate::domain::geodesy::LatLon;
use crate::domain::zone::Zone;
use std::collections::HashSet;

/// The smallest cells are 32 m wide; smaller ones would not find a place in one number.
const LEVEL_MIN: i32 = 5;
/// The earth fits into two cells of this level.
const LEVEL_MAX: i32 = 28;
const AXIS_BITS: u32 = 19;
const AXIS_HALF: i64 = 1 << (AXIS_BITS - 1);
/// A zone reaches at most a quarter of its cell.
const REACH_SHARE: f64 = 0.25;
/// Cells that are looked at around one zone: more are the business of who reads everything.
const CELLS_MAX: usize = 100_000;
/// Axes of the WGS 84 ellipsoid, squared, metres.
const SEMI_MAJOR_2: f64 = 6_378_137.0 * 6_378_137.0;
const SEMI_MINOR_2: f64 = 6_356_752.314_245 * 6_356_752.314_245;

/// The size of a cell: 2 to this many metres.
pub type Level = i32;

/// Where a zone is, as far as cells go.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Earth-centred, of the waypoint.
    pub ecef: [f64; 3],
    /// Of the smallest circle that holds the zone, metres.
    pub reach_m: f64,
    /// Of its cell.
    pub level: Level,
}

impl Reach {
    /// Of a zone that has no fault.
    #[must_use]
    pub fn of(position: LatLon, zone: &Zone) -> Option<Self> {
        if zone.fault().is_some() {
            return None;
        }
        let reach_m = zone.reach_m(position).max(1.0);
        #[expect(clippy::cast_possible_truncation, reason = "a zone is smaller than the earth")]
        let level = (reach_m / REACH_SHARE).log2().ceil() as Level;
        Some(Self { ecef: position.ecef(), reach_m, level: level.clamp(LEVEL_MIN, LEVEL_MAX) })
    }

    /// The cell that it lies in.
    #[must_use]
    pub fn cell(&self) -> i64 {
        packed(self.level, self.ecef.map(|x| axis(x, self.level)))
    }

    /// The cells of a level in which zones of that level may overlap this one.
    pub fn near(&self, level: Level) -> impl Iterator<Item = i64> + use<> {
        cells(self.ecef, self.reach_m + REACH_SHARE * width_m(level), level)
    }

    /// The cells of a level from which zones that are no larger look into the cell of this one; `None` when they are too many.
    #[must_use]
    pub fn seen_from(&self, level: Level) -> Option<Vec<i64>> {
        // A zone of the same level looks as far as its reach and a quarter of a cell, and then takes whole cells.
        let half_m = (1.0 + 2.0 * REACH_SHARE) * width_m(self.level);
        let along = 2.0 * half_m / width_m(level) + 1.0;
        #[expect(clippy::cast_precision_loss, reason = "a bound")]
        if along.powi(2) > CELLS_MAX as f64 {
            return None;
        }
        Some(cells(self.ecef, half_m, level).filter(|cell| is_on_earth(*cell, level)).take(CELLS_MAX).collect())
    }
}

/// All levels.
pub fn levels() -> impl Iterator<Item = Level> {
    LEVEL_MIN..=LEVEL_MAX
}

/// The first and the last number of a level's cells.
#[must_use]
pub fn numbers_of(level: Level) -> (i64, i64) {
    let first = i64::from(level) << (3 * AXIS_BITS);
    (first, first + (1 << (3 * AXIS_BITS)) - 1)
}

/// The cells into which any of these zones looks, those of the levels that there are.
#[must_use]
pub fn looked_into(reaches: &[Reach], levels: &[Level]) -> HashSet<i64> {
    let mut all = HashSet::new();
    for reach in reaches {
        for level in levels.iter().filter(|level| **level >= reach.level) {
            all.extend(reach.near(*level));
        }
    }
    all
}

fn width_m(level: Level) -> f64 {
    2f64.powi(level)
}

#[expect(clippy::cast_possible_truncation, reason = "the earth has fewer cells")]
fn axis(metres: f64, level: Level) -> i64 {
    (metres / width_m(level)).floor() as i64
}

fn packed(level: Level, at: [i64; 3]) -> i64 {
    let [x, y, z] = at.map(|x| (x + AXIS_HALF).clamp(0, 2 * AXIS_HALF - 1));
    numbers_of(level).0 + (x << (2 * AXIS_BITS)) + (y << AXIS_BITS) + z
}

/// The cells that a cube touches.
fn cells(centre: [f64; 3], half_m: f64, level: Level) -> impl Iterator<Item = i64> {
    let from = centre.map(|x| axis(x - half_m, level));
    let to = centre.map(|x| axis(x + half_m, level));
    (from[0]..=to[0]).flat_map(move |x| {
        (from[1]..=to[1]).flat_map(move |y| (from[2]..=to[2]).map(move |z| packed(level, [x, y, z])))
    })
}

/// Whether the ellipsoid goes through a cell: all others are empty.
#[expect(clippy::cast_precision_loss, reason = "an axis has 19 bits")]
fn is_on_earth(cell: i64, level: Level) -> bool {
    let width = width_m(level);
    let axis = |shift: u32| (((cell >> shift) & (2 * AXIS_HALF - 1)) - AXIS_HALF) as f64 * width;
    let span = |low: f64| {
        let (a, b) = (low.powi(2), (low + width).powi(2));
        (if low < 0.0 && low + width > 0.0 { 0.0 } else { a.min(b) }, a.max(b))
    };
    let [x, y, z] = [span(axis(2 * AXIS_BITS)), span(axis(AXIS_BITS)), span(axis(0))];
    let least = (x.0 + y.0) / SEMI_MAJOR_2 + z.0 / SEMI_MINOR_2;
    let most = (x.1 + y.1) / SEMI_MAJOR_2 + z.1 / SEMI_MINOR_2;
    least <= 1.000_001 && most >= 0.999_999
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn who_looks_into_a_cell_is_found_from_it(
            lat in -90.0..90.0f64, lon in -180.0..180.0f64,
            (north, east) in (-0.03..0.03f64, -0.03..0.03f64),
            (large_m, small_m) in (20.0..1_500.0f64, 20.0..1_500.0f64),
        ) {
            let circle = |radius_m| Zone::Circle { radius_m, to_be_surveyed: false };
            let (large_m, small_m) = (f64::max(large_m, small_m), f64::min(large_m, small_m));
            let large = Reach::of(LatLon::new(lat, lon).expect("on earth"), &circle(large_m)).expect("a zone");
            let beside = LatLon::new((lat + north).clamp(-90.0, 90.0), (lon + east).clamp(-180.0, 180.0));
            let small = Reach::of(beside.expect("on earth"), &circle(small_m)).expect("a zone");
            let looks = small.near(large.level).any(|cell| cell == large.cell());
            let found = large.seen_from(small.level).expect("few cells").contains(&small.cell());
            prop_assert!(!looks || found);
            let apart = (0..3).map(|i| (small.ecef[i] - large.ecef[i]).powi(2)).sum::<f64>().sqrt();
            prop_assert!(looks || apart >= large_m + small_m, "zones that touch are looked at");
        }
    }

    #[test]
    fn no_two_cells_have_one_number() {
        let mut seen = HashSet::new();
        for level in levels() {
            for step in [-190_000, -1, 0, 1, 190_000] {
                for other in [-1, 0, 7] {
                    assert!(seen.insert(packed(level, [step, other, 3])), "{level} {step} {other}");
                }
            }
            let (first, last) = numbers_of(level);
            assert!(first <= last && first > 0);
        }
    }
}
