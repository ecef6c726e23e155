//! Which counts may be said in public. A child must not be found by a small number, nor by subtracting one table from another.
//!
//! A row that rests on fewer than [`SMALL`] people is hidden whole (its visits and check-ins would betray them too), and every
//! figure under [`SMALL`] by itself. Whatever is shown is rounded to [`ROUND_TO`]. Where in some total exactly one part would be
//! hidden, the smallest shown part is hidden with it, so that no total minus the shown parts gives a hidden one.
//!
//! Limit, on purpose: totals themselves are shown rounded, so a reader of many overlapping ranges can narrow a change down to
//! a few people, never to one certain child. Operators see exact figures and bypass this module.

use std::collections::HashMap;

/// Figures under this are not said.
pub const SMALL: i64 = 10;
/// The rest are rounded to a multiple of this.
pub const ROUND_TO: i64 = 5;

/// A figure that may be said, if at all.
#[must_use]
pub fn figure(exact: i64) -> Option<i64> {
    (exact >= SMALL).then(|| (exact + ROUND_TO / 2) / ROUND_TO * ROUND_TO)
}

/// One row of a broken-down table: the value of every dimension, and its people.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The row's place in every dimension.
    pub keys: &'a [String],
    /// Distinct participants.
    pub people: i64,
}

/// Says of each row whether it may be shown.
#[must_use]
pub fn shown(rows: &[Row<'_>]) -> Vec<bool> {
    let mut shown: Vec<bool> = rows.iter().map(|row| row.people >= SMALL).collect();
    let totals = totals(rows);
    loop {
        let mut changed = false;
        for parts in &totals {
            changed |= protect(rows, &mut shown, parts);
        }
        if !changed {
            return shown;
        }
    }
}

/// Every total that somebody can ask for, as the rows it adds up: those that agree in some of the dimensions, not in all.
fn totals(rows: &[Row<'_>]) -> Vec<Vec<usize>> {
    let dimensions = rows.first().map_or(0, |row| row.keys.len());
    // Values are compared often, so they become numbers first.
    let mut numbers: Vec<HashMap<&str, u32>> = vec![HashMap::new(); dimensions];
    let places: Vec<Vec<u32>> = rows
        .iter()
        .map(|row| {
            let numbered = row.keys.iter().zip(&mut numbers).map(|(key, known)| {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                *known.entry(key).or_insert(next)
            });
            numbered.collect()
        })
        .collect();
    let mut totals = Vec::new();
    for kept in 0..(1usize << dimensions) - usize::from(dimensions > 0) {
        let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
        for (i, place) in places.iter().enumerate() {
            let key = place.iter().enumerate().filter(|(d, _)| kept >> d & 1 == 1).map(|(_, &number)| number).collect();
            let total = *known.entry(key).or_insert(totals.len());
            if total == totals.len() {
                totals.push(Vec::new());
            }
            totals[total].push(i);
        }
    }
    totals
}

/// In a total: if one part alone is hidden, hides the smallest shown one too.
fn protect(rows: &[Row<'_>], shown: &mut [bool], parts: &[usize]) -> bool {
    if parts.iter().filter(|&&i| !shown[i]).take(2).count() != 1 {
        return false;
    }
    let Some(&i) = parts.iter().filter(|&&i| shown[i]).min_by_key(|&&i| rows[i].people) else { return false };
    shown[i] = false;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_figures_are_not_said_and_others_are_rounded() {
        assert_eq!(
            [0, 9, 10, 12, 13, 17, 18, 25_003].map(figure),
            [None, None, Some(10), Some(10), Some(15), Some(15), Some(20), Some(25_005)]
        );
    }

    fn table(cells: &[(&str, &str, i64)]) -> (Vec<Vec<String>>, Vec<i64>) {
        cells.iter().map(|(a, b, n)| (vec![(*a).to_string(), (*b).to_string()], *n)).unzip()
    }

    fn judge(cells: &[(&str, &str, i64)]) -> Vec<bool> {
        let (keys, people) = table(cells);
        let rows: Vec<Row<'_>> = keys.iter().zip(people).map(|(keys, people)| Row { keys, people }).collect();
        shown(&rows)
    }

    #[test]
    fn a_lone_hidden_part_takes_the_smallest_shown_one_with_it() {
        let keys: Vec<Vec<String>> = ["a", "b", "c"].iter().map(|k| vec![(*k).to_string()]).collect();
        let rows: Vec<Row<'_>> = keys.iter().zip([100, 40, 3]).map(|(keys, people)| Row { keys, people }).collect();
        assert_eq!(shown(&rows), [true, false, false]);
        let open: Vec<Row<'_>> = keys.iter().zip([100, 40, 30]).map(|(keys, people)| Row { keys, people }).collect();
        assert_eq!(shown(&open), [true, true, true]);
    }

    #[test]
    fn margins_of_both_dimensions_are_protected() {
        let cells =
            [("mon", "x", 3), ("mon", "y", 50), ("mon", "z", 60), ("tue", "x", 70), ("tue", "y", 80), ("tue", "z", 90)];
        let shown = judge(&cells);
        assert_eq!(shown, [false, false, true, false, false, true]);
    }

    proptest! {
        #[test]
        fn no_total_has_exactly_one_hidden_part(people in prop::collection::vec(1..60i64, 1..20)) {
            let cells: Vec<(String, String, i64)> = people.iter().enumerate().map(|(i, &n)| (format!("d{}", i / 4), format!("w{}", i % 4), n)).collect();
            let view: Vec<(&str, &str, i64)> = cells.iter().map(|(a, b, n)| (a.as_str(), b.as_str(), *n)).collect();
            let shown = judge(&view);
            for (i, n) in people.iter().enumerate() {
                prop_assert!(*n >= SMALL || !shown[i]);
            }
            for line in 0..5 {
                for by_day in [true, false] {
                    let part: Vec<usize> = (0..people.len()).filter(|i| if by_day { i / 4 } else { i % 4 } == line).collect();
                    let hidden = part.iter().filter(|&&i| !shown[i]).count();
                    prop_assert!(hidden != 1 || part.len() == 1, "{people:?} {shown:?}");
                }
            }
        }
    }
}
