//! What a phone keeps of its check-ins, and what it was told of them: the side of the visitor, against which the service is held.

use crate::domain::time;
use crate::domain::visitors::Tap;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// A check-in as the service gives it back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Kept {
    /// The phone's name for it.
    pub id: String,
    waypoint: String,
    verdict: String,
    distance_m: f64,
    first_visit: bool,
    occurred_at: String,
    received_at: String,
}

/// What became of a check-in, as far as the phone knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Not acknowledged yet.
    Waiting,
    /// Acknowledged.
    Kept(Kept),
    /// Refused for good, with this code.
    Refused(String),
}

/// A check-in that a phone holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The phone's name for it.
    pub id: String,
    /// `route/waypoint`.
    pub waypoint: String,
    /// Where and how exactly.
    pub tap: Tap,
    /// When it was made.
    pub at_ms: i64,
    /// How often it was sent.
    pub tries: u32,
    /// An answer that the network lost: the next one has to be the same.
    pub unheard: Option<Kept>,
    /// What became of it.
    pub fate: Fate,
    /// When that was known.
    pub settled: Option<Instant>,
    /// An answer that differed from an earlier one to the same check-in, or was about another one.
    pub contradicted: bool,
}

#[derive(Serialize)]
struct Sent<'a> {
    id: &'a str,
    waypoint: &'a str,
    occurred_at: String,
    position: Position,
}

#[derive(Serialize)]
struct Position {
    lat: f64,
    lon: f64,
    accuracy_m: f64,
}

impl Held {
    /// Made at this moment, not sent yet.
    #[must_use]
    pub fn new(id: String, waypoint: String, tap: Tap, at_ms: i64) -> Self {
        let (unheard, fate, settled) = (None, Fate::Waiting, None);
        Self { id, waypoint, tap, at_ms, tries: 0, unheard, fate, settled, contradicted: false }
    }

    /// Whether it waits to be acknowledged.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.fate == Fate::Waiting
    }

    fn sent(&self) -> Sent<'_> {
        let Tap { lat, lon, accuracy_m, .. } = self.tap;
        let position = Position { lat, lon, accuracy_m };
        Sent { id: &self.id, waypoint: &self.waypoint, occurred_at: time::rfc3339(self.at_ms), position }
    }

    /// The service answered with this status and, if it keeps the check-in, with this; the phone may not have heard it.
    pub fn answered(&mut self, status: u16, kept: Option<Kept>, code: Option<String>, is_heard: bool) {
        match kept {
            Some(kept) => {
                self.contradicted |= !self.is_mine(&kept);
                if let Some(first) = &self.unheard {
                    self.contradicted |= *first != kept || status != 200;
                }
                if is_heard {
                    self.settle(Fate::Kept(kept));
                } else {
                    self.unheard = Some(kept);
                }
            }
            None if is_heard => self.settle(Fate::Refused(code.unwrap_or_else(|| format!("status {status}")))),
            None => {}
        }
    }

    fn settle(&mut self, fate: Fate) {
        (self.fate, self.settled) = (fate, Some(Instant::now()));
    }

    fn is_mine(&self, kept: &Kept) -> bool {
        let same_time = time::parse_rfc3339(&kept.occurred_at) == Some(self.at_ms);
        kept.id == self.id && kept.waypoint == self.waypoint && same_time
    }
}

/// The body for a lone check-in.
#[must_use]
pub fn lone(held: &Held) -> Option<Vec<u8>> {
    serde_json::to_vec(&held.sent()).ok()
}

/// The body for several.
#[must_use]
pub fn batch<'a>(held: impl Iterator<Item = &'a Held>) -> Option<Vec<u8>> {
    #[derive(Serialize)]
    struct Batch<'a> {
        check_ins: Vec<Sent<'a>>,
    }
    serde_json::to_vec(&Batch { check_ins: held.map(Held::sent).collect() }).ok()
}

/// Whether every check-in was acknowledged and is kept exactly once as acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// Check-ins that phones made.
    pub held: u64,
    /// Of those, acknowledged.
    pub acknowledged: u64,
    /// Not acknowledged when the time was over.
    pub waiting: u64,
    /// Refused for good.
    pub refused: u64,
    /// Acknowledged, but not among what the service keeps.
    pub lost: u64,
    /// Kept more than once.
    pub twice: u64,
    /// Kept otherwise than acknowledged, or answered differently when sent again.
    pub changed: u64,
    /// Kept, but never made.
    pub unknown: u64,
    /// Phones whose check-ins could not be read at the end.
    pub unread: u64,
}

impl Completeness {
    /// Nothing is missing and nothing is wrong.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let Self { held, acknowledged, waiting, refused, lost, twice, changed, unknown, unread } = self;
        held == acknowledged
            && [waiting, refused, lost, twice, changed, unknown, unread].iter().all(|&&wrong| wrong == 0)
    }

    /// Holds what one phone has against what the service keeps of it; `None` when that could not be read.
    pub fn compare(&mut self, held: &[Held], kept: Option<&[Kept]>) {
        self.held += held.len() as u64;
        self.unread += u64::from(kept.is_none());
        for one in held {
            self.changed += u64::from(one.contradicted);
            let times = kept.map_or(1, |kept| kept.iter().filter(|kept| kept.id == one.id).count());
            self.twice += u64::from(times > 1);
            match &one.fate {
                Fate::Waiting => self.waiting += 1,
                Fate::Refused(_) => {
                    self.refused += 1;
                    // Refused and kept all the same.
                    self.changed += u64::from(kept.is_some() && times > 0);
                }
                Fate::Kept(told) => {
                    self.acknowledged += 1;
                    self.lost += u64::from(times == 0);
                    let differs = |kept: &[Kept]| kept.iter().any(|kept| kept.id == told.id && kept != told);
                    self.changed += u64::from(kept.is_some_and(differs));
                }
            }
        }
        let is_unknown = |kept: &&Kept| !held.iter().any(|one| one.id == kept.id);
        self.unknown += kept.map_or(0, |kept| kept.iter().filter(is_unknown).count() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_MS: i64 = 1_790_000_000_000;

    type Case<'a> = (&'a [Held], Option<&'a [Kept]>, Completeness);

    fn held(id: &str) -> Held {
        Held::new(id.into(), "r/w".into(), Tap { stop: 0, lat: 1.0, lon: 2.0, accuracy_m: 3.0 }, AT_MS)
    }

    fn kept(id: &str, distance_m: f64) -> Kept {
        Kept {
            id: id.into(),
            waypoint: "r/w".into(),
            verdict: "inside".into(),
            distance_m,
            first_visit: true,
            occurred_at: time::rfc3339(AT_MS),
            received_at: time::rfc3339(AT_MS + 5),
        }
    }

    fn acknowledged(id: &str) -> Held {
        let mut held = held(id);
        held.answered(201, Some(kept(id, 1.0)), None, true);
        held
    }

    fn compared(held: &[Held], kept: Option<&[Kept]>) -> Completeness {
        let mut completeness = Completeness::default();
        completeness.compare(held, kept);
        completeness
    }

    #[test]
    fn what_is_kept_once_as_acknowledged_is_complete() {
        let completeness = compared(&[acknowledged("a"), acknowledged("b")], Some(&[kept("b", 1.0), kept("a", 1.0)]));
        assert_eq!(completeness, Completeness { held: 2, acknowledged: 2, ..Completeness::default() });
        assert!(completeness.is_complete());
    }

    #[test]
    fn whatever_is_wrong_has_a_name_and_is_not_complete() {
        let none = Completeness { held: 1, acknowledged: 1, ..Completeness::default() };
        let cases: [Case<'_>; 7] = [
            (&[acknowledged("a")], Some(&[]), Completeness { lost: 1, ..none.clone() }),
            (&[acknowledged("a")], Some(&[kept("a", 1.0), kept("a", 1.0)]), Completeness { twice: 1, ..none.clone() }),
            (&[acknowledged("a")], Some(&[kept("a", 9.0)]), Completeness { changed: 1, ..none.clone() }),
            (
                &[acknowledged("a")],
                Some(&[kept("a", 1.0), kept("x", 1.0)]),
                Completeness { unknown: 1, ..none.clone() },
            ),
            (&[acknowledged("a")], None, Completeness { unread: 1, ..none.clone() }),
            (&[held("a")], Some(&[]), Completeness { waiting: 1, acknowledged: 0, ..none.clone() }),
            (&[refused("a")], Some(&[]), Completeness { refused: 1, acknowledged: 0, ..none }),
        ];
        for (held, kept, expected) in cases {
            let seen = compared(held, kept);
            assert_eq!(seen, expected);
            assert!(!seen.is_complete());
        }
    }

    fn refused(id: &str) -> Held {
        let mut held = held(id);
        held.answered(422, None, Some("outside-zone".into()), true);
        assert_eq!(held.fate, Fate::Refused("outside-zone".into()));
        held
    }

    #[test]
    fn an_answer_that_was_lost_has_to_be_given_again() {
        for (status, distance_m, contradicted) in [(200, 1.0, false), (201, 1.0, true), (200, 1.5, true)] {
            let mut held = held("a");
            held.answered(201, Some(kept("a", 1.0)), None, false);
            assert!(held.is_waiting());
            held.answered(status, Some(kept("a", distance_m)), None, true);
            assert_eq!((held.contradicted, held.is_waiting()), (contradicted, false));
        }
        let mut held = held("a");
        held.answered(201, Some(kept("b", 1.0)), None, true);
        assert!(held.contradicted, "about another one");
    }
}
