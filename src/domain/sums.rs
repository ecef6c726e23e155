//! The counters as they are kept: sums along days, so that a question over any range reads few of them.
//!
//! People of a range are the people of each of its days, less those who came back within it: the steps of [`super::counts`]
//! whose previous day is not before the range and whose day is not after it. The people of days are a sum along one line; the
//! returns are a sum over a corner of the plane of (day, previous day). Both are kept per day and once more per block of
//! [`BLOCK_DAYS`] days, the returns in every pairing of the two. A range is then whole blocks, with the days between its ends
//! and the nearest bounds of blocks added or taken away, however many check-ins there are.
//!
//! The returns within a range may also be found from outside: those from its days on, less those to a day after it, plus those
//! that leap over it. The first two are sums along days, so each day also knows how many of its people have been before and
//! how many came later. Short ranges are read from inside and long ones from outside; both say the same.
//!
//! Pure: [`Changes`] in, [`Sums`] out, and the parts that make up a range. Refuses to store.

use super::counts::{Amount, Changes, Counter, Evidence, NEVER, Scope};
use super::time::Day;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Days of a block; its number is that of its first day over this.
pub const BLOCK_DAYS: i64 = 1 << BLOCK_BITS;
const BLOCK_BITS: u32 = 5;

/// What one sum adds up, as numbers of days or of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// Everything of a day.
    Day(i64),
    /// Everything of a block.
    Block(i64),
    /// Returns by day and previous day.
    Return(i64, i64),
    /// Returns by day and block of the previous day.
    ReturnToBlock(i64, i64),
    /// Returns by previous day and block of the day: the narrow side first, as a question reads it.
    ReturnInBlock(i64, i64),
    /// Returns by block of the day and block of the previous day.
    ReturnOfBlocks(i64, i64),
}

/// What is summed. For returns, people alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Participants.
    pub people: i64,
    /// Participants with an `inside` verdict.
    pub people_inside: i64,
    /// Check-ins.
    pub check_ins: i64,
    /// Distinct (participant, waypoint, day), where the scope is one hour (participant, waypoint, hour).
    pub visits: i64,
    /// Participants who have been on an earlier day; every evidence, and `inside` alone.
    pub again: [i64; 2],
    /// Participants who came on a later day.
    pub later: [i64; 2],
}

impl Figures {
    /// Adds `more`, `sign` times.
    pub fn add(&mut self, more: Self, sign: i64) {
        self.people += sign * more.people;
        self.people_inside += sign * more.people_inside;
        self.check_ins += sign * more.check_ins;
        self.visits += sign * more.visits;
        for evidence in 0..2 {
            self.again[evidence] += sign * more.again[evidence];
            self.later[evidence] += sign * more.later[evidence];
        }
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Sums by where and of what, in the order in which every writer must touch them.
pub type Sums = BTreeMap<(Scope, Cell), Figures>;

/// What changes add to the finest sums: those of single days.
#[must_use]
pub fn of_days(changes: &Changes) -> Sums {
    let mut sums = Sums::new();
    let mut add = |scope, cell, more| sums.entry((scope, cell)).or_default().add(more, 1);
    for (&counter, &amount) in changes {
        match counter {
            Counter::Step { scope, evidence, day, previous } => {
                let (day, previous, is_return) = (i64::from(day), i64::from(previous), previous != NEVER);
                let of = match evidence {
                    Evidence::Any => [amount.people, 0],
                    Evidence::Inside => [0, amount.people],
                };
                let more = Figures { people: of[0], people_inside: of[1], ..Figures::default() };
                if is_return {
                    add(scope, Cell::Day(day), Figures { again: of, ..more });
                    add(scope, Cell::Day(previous), Figures { later: of, ..Figures::default() });
                    add(scope, Cell::Return(day, previous), more);
                } else {
                    add(scope, Cell::Day(day), more);
                }
            }
            Counter::Tally { route, waypoint, at } => {
                let Amount { check_ins, visits, hour_visits, .. } = amount;
                for place in [(None, None), (Some(route), None), (Some(route), Some(waypoint))] {
                    for (hour, visits) in [(None, visits), (Some(at.hour), hour_visits)] {
                        let scope = Scope { route: place.0, waypoint: place.1, hour };
                        add(scope, Cell::Day(at.day.into()), Figures { check_ins, visits, ..Figures::default() });
                    }
                }
            }
        }
    }
    sums.retain(|_, figures| !figures.is_zero());
    sums
}

/// The same with the sums of blocks.
#[must_use]
pub fn with_blocks(of_days: Sums) -> Sums {
    let mut sums = of_days.clone();
    for ((scope, cell), figures) in of_days {
        let coarser: &[Cell] = match cell {
            Cell::Day(day) => &[Cell::Block(block(day))],
            Cell::Return(day, previous) => &[
                Cell::ReturnToBlock(day, block(previous)),
                Cell::ReturnInBlock(previous, block(day)),
                Cell::ReturnOfBlocks(block(day), block(previous)),
            ],
            _ => &[],
        };
        for &cell in coarser {
            sums.entry((scope, cell)).or_default().add(figures, 1);
        }
    }
    sums.retain(|_, figures| !figures.is_zero());
    sums
}

fn block(day: i64) -> i64 {
    day >> BLOCK_BITS
}

/// Cells that a sum adds or takes away: all between two corners, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// 1, 0 or -1: what becomes of the figures.
    pub sign: i64,
    /// What becomes of `again`, among the people.
    pub again: i64,
    /// What becomes of `later`, among the people.
    pub later: i64,
    /// The cell with the least numbers.
    pub first: Cell,
    /// The cell of the same kind with the greatest numbers.
    pub last: Cell,
}

impl Part {
    fn new(sign: i64, first: Cell, last: Cell) -> Self {
        Self { sign, again: 0, later: 0, first, last }
    }
}

/// What makes up a range: the sum of `days` less the sum of `returns`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Sums of days and of blocks.
    pub days: Vec<Part>,
    /// Sums of returns.
    pub returns: Vec<Part>,
}

/// Days beside a bound of blocks that belong to a range (sign 1) or do not (sign -1).
#[derive(Clone, Copy)]
struct Edge {
    sign: i64,
    first: i64,
    last: i64,
}

impl Edge {
    /// From `a` until before `b`; the other way round it is taken away.
    fn between(a: i64, b: i64) -> Option<Self> {
        let edge = Self { sign: if a < b { 1 } else { -1 }, first: a.min(b), last: a.max(b) - 1 };
        (a != b).then_some(edge)
    }
}

/// Whole blocks, and the days by which a range is more or less than these.
#[derive(Clone, Copy)]
struct Blocks {
    first: i64,
    last: i64,
    head: Option<Edge>,
    tail: Option<Edge>,
}

impl Blocks {
    /// The blocks nearest to a range; none when it is short.
    fn nearest(from: i64, to: i64) -> Option<Self> {
        let nearest = |day: i64| block(day + BLOCK_DAYS / 2);
        let (first, end) = (nearest(from), nearest(to + 1));
        let head = Edge::between(from, first << BLOCK_BITS);
        let tail = Edge::between(end << BLOCK_BITS, to + 1);
        (first < end).then_some(Self { first, last: end - 1, head, tail })
    }

    /// Whether fewer blocks lie beside each other in the range than before and after it.
    fn are_few(&self, counted: (Day, Day)) -> bool {
        let (inside, before) = (self.last - self.first + 1, self.first - block(counted.0.into()));
        let after = block(counted.1.into()) - self.last;
        inside * inside / 2 <= before.max(0) * after.max(0)
    }
}

/// What makes up `from..=to`, where something was counted between the days `counted`. Those only decide which way is shorter.
#[must_use]
pub fn parts(from: Day, to: Day, counted: (Day, Day)) -> Parts {
    let (from, to) = (i64::from(from), i64::from(to));
    match Blocks::nearest(from, to) {
        None => Parts {
            days: vec![Part::new(1, Cell::Day(from), Cell::Day(to))],
            returns: by_day(1, (from, to), (from, to)).collect(),
        },
        Some(blocks) if blocks.are_few(counted) => from_inside(blocks),
        Some(blocks) => from_outside(blocks),
    }
}

/// The returns with both days in the range.
fn from_inside(blocks: Blocks) -> Parts {
    let Blocks { first, last, head, tail } = blocks;
    let edges = [head, tail].into_iter().flatten();
    let edges = edges.map(|Edge { sign, first, last }| Part::new(sign, Cell::Day(first), Cell::Day(last)));
    let days = std::iter::once(Part::new(1, Cell::Block(first), Cell::Block(last))).chain(edges).collect();
    let mut returns: Vec<Part> = by_block(first..=last, (first, last)).collect();
    // Nobody's previous day is after the day, so a bound on one side is enough.
    if let Some(Edge { sign, first: day, last: until }) = tail {
        let (least, most) = (Cell::ReturnToBlock(day, first), Cell::ReturnToBlock(until, i64::MAX));
        returns.push(Part::new(sign, least, most));
    }
    if let Some(Edge { sign, first: previous, last: until }) = head {
        let (least, most) = (Cell::ReturnInBlock(previous, i64::MIN), Cell::ReturnInBlock(until, last));
        returns.push(Part::new(sign, least, most));
    }
    returns.extend(corner(blocks));
    Parts { days, returns }
}

/// The returns from the range's days on, less those to a day after it, plus those that leap over it.
fn from_outside(blocks: Blocks) -> Parts {
    let Blocks { first, last, head, tail } = blocks;
    let after = Part { again: 1, later: -1, ..Part::new(0, Cell::Block(last + 1), Cell::Block(i64::MAX)) };
    let mut days = vec![Part { later: -1, ..Part::new(1, Cell::Block(first), Cell::Block(last)) }, after];
    let leaps = Part::new(1, Cell::ReturnOfBlocks(last + 1, i64::MIN), Cell::ReturnOfBlocks(i64::MAX, first - 1));
    let mut returns = vec![leaps];
    if let Some(Edge { sign, first: day, last: until }) = tail {
        // These days come to the range, and leave what is after it.
        days.push(Part { again: -sign, ..Part::new(sign, Cell::Day(day), Cell::Day(until)) });
        let (least, most) = (Cell::ReturnToBlock(day, i64::MIN), Cell::ReturnToBlock(until, first - 1));
        returns.push(Part::new(-sign, least, most));
    }
    if let Some(Edge { sign, first: previous, last: until }) = head {
        days.push(Part { later: -sign, ..Part::new(sign, Cell::Day(previous), Cell::Day(until)) });
        let (least, most) = (Cell::ReturnInBlock(previous, last + 1), Cell::ReturnInBlock(until, i64::MAX));
        returns.push(Part::new(-sign, least, most));
    }
    returns.extend(corner(blocks));
    Parts { days, returns }
}

/// The days of one edge beside those of the other.
fn corner(blocks: Blocks) -> impl Iterator<Item = Part> {
    let edges = blocks.head.zip(blocks.tail).into_iter();
    edges.flat_map(|(head, tail)| by_day(head.sign * tail.sign, (tail.first, tail.last), (head.first, head.last)))
}

/// Single days beside single days, day by day: else everything of the days between would be read to find these.
fn by_day(sign: i64, days: (i64, i64), previous: (i64, i64)) -> impl Iterator<Item = Part> {
    (days.0..=days.1).map(move |day| Part::new(sign, Cell::Return(day, previous.0), Cell::Return(day, previous.1)))
}

/// The same of blocks.
fn by_block(blocks: RangeInclusive<i64>, previous: (i64, i64)) -> impl Iterator<Item = Part> {
    blocks.map(move |block| {
        Part::new(1, Cell::ReturnOfBlocks(block, previous.0), Cell::ReturnOfBlocks(block, previous.1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check_in::Verdict;
    use crate::domain::counts::{Entry, History};
    use crate::domain::time::local_hour;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const DAY_MS: i64 = 86_400_000;
    const START_MS: i64 = 1_790_000_000_000;

    /// Numbers of the same kind of cell within two corners.
    #[expect(clippy::many_single_char_names, reason = "corners have no better names")]
    fn holds(part: &Part, cell: Cell) -> bool {
        let within = |a: i64, x: i64, b: i64| (a..=b).contains(&x);
        match (part.first, cell, part.last) {
            (Cell::Day(a), Cell::Day(x), Cell::Day(b)) | (Cell::Block(a), Cell::Block(x), Cell::Block(b)) => {
                within(a, x, b)
            }
            (Cell::Return(a, c), Cell::Return(x, y), Cell::Return(b, d))
            | (Cell::ReturnToBlock(a, c), Cell::ReturnToBlock(x, y), Cell::ReturnToBlock(b, d))
            | (Cell::ReturnInBlock(a, c), Cell::ReturnInBlock(x, y), Cell::ReturnInBlock(b, d))
            | (Cell::ReturnOfBlocks(a, c), Cell::ReturnOfBlocks(x, y), Cell::ReturnOfBlocks(b, d)) => {
                within(a, x, b) && within(c, y, d)
            }
            _ => false,
        }
    }

    fn total(sums: &Sums, scope: Scope, parts: &[Part]) -> Figures {
        let mut total = Figures::default();
        for part in parts {
            for (_, figures) in sums.iter().filter(|((at, cell), _)| *at == scope && holds(part, *cell)) {
                total.add(*figures, part.sign);
                total.people += part.again * figures.again[0] + part.later * figures.later[0];
                total.people_inside += part.again * figures.again[1] + part.later * figures.later[1];
            }
        }
        total
    }

    /// What one counts by hand in one scope: the log entry by entry.
    fn by_hand(log: &[(usize, Entry)], (from, to): (Day, Day), hour: Option<i8>) -> Figures {
        let of: Vec<_> = log.iter().map(|(who, entry)| (*who, *entry, local_hour(entry.occurred_ms))).collect();
        let of =
            || of.iter().filter(|(.., at)| (from..=to).contains(&at.day) && hour.is_none_or(|hour| hour == at.hour));
        let number = |length: usize| i64::try_from(length).expect("small");
        let sure = of().filter(|(_, entry, _)| entry.verdict == Verdict::Inside);
        let visits = of().map(|(who, entry, at)| (*who, entry.waypoint, at.day));
        Figures {
            people: number(of().map(|(who, ..)| who).collect::<BTreeSet<_>>().len()),
            people_inside: number(sure.map(|(who, ..)| who).collect::<BTreeSet<_>>().len()),
            check_ins: number(of().count()),
            visits: number(visits.collect::<BTreeSet<_>>().len()),
            ..Figures::default()
        }
    }

    fn entry() -> impl Strategy<Value = Entry> {
        (0..150i64, 0..3i64, 0..2i64, any::<bool>()).prop_map(|(day, hour, waypoint, inside)| Entry {
            occurred_ms: START_MS + day * DAY_MS + hour * 3_600_000,
            route: 1,
            waypoint,
            verdict: if inside { Verdict::Inside } else { Verdict::Uncertain },
        })
    }

    proptest! {
        #[test]
        fn the_parts_of_any_range_add_up_to_what_one_counts_by_hand(
            log in prop::collection::vec((0..4usize, entry()), 0..120),
            start in -40..150i32, days in 0..190i32, in_hour in any::<bool>(),
        ) {
            let mut histories = vec![History::default(); 4];
            let mut changes = Changes::new();
            for &(who, entry) in &log {
                histories[who].record(entry, &mut changes);
            }
            let sums = with_blocks(of_days(&changes));
            let hour = in_hour.then(|| local_hour(START_MS).hour);
            let scope = Scope { route: None, waypoint: None, hour };
            let from = local_hour(START_MS).day + start;
            let range = (from, from + days);
            let first = local_hour(START_MS).day;
            for counted in [(first, first + 150), (range.0, range.1), (first - 400, first + 600)] {
                let parts = parts(range.0, range.1, counted);
                let mut found = total(&sums, scope, &parts.days);
                found.add(total(&sums, scope, &parts.returns), -1);
                (found.again, found.later) = ([0; 2], [0; 2]);
                prop_assert_eq!(found, by_hand(&log, range, hour), "{:?}", parts);
            }
        }
    }

    #[test]
    fn long_ranges_are_read_from_outside_and_short_ones_from_inside() {
        let day = local_hour(START_MS).day;
        let from_outside = |from, to| parts(from, to, (day, day + 1_095)).days.iter().any(|part| part.later != 0);
        assert!(from_outside(day, day + 1_095) && from_outside(day + 100, day + 1_000));
        assert!(!from_outside(day + 500, day + 600) && !from_outside(day + 500, day + 500));
    }
}
