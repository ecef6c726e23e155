//! Ids of participants: random, but for the week in which they were made, with which they begin. So what belongs to people of a week
//! lies together, and can be let go of together.
//!
//! Refuses to say more about when somebody was there: a week, and nothing finer.

use super::time::{self, Day};
use std::ops::Range;
use uuid::{Builder, Uuid};

/// A week from Monday to Sunday in Asia/Shanghai, counted from the one in which 1970 began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week(pub u16);

/// 1970 began on a Thursday.
const DAYS_BEFORE_1970: Day = 3;

impl Week {
    /// The week of a day; what lies before 1970 or after the year 3200 counts as the nearest.
    #[must_use]
    pub fn of_day(day: Day) -> Self {
        let weeks = (day + DAYS_BEFORE_1970).div_euclid(7).max(0);
        Self(u16::try_from(weeks).unwrap_or(u16::MAX))
    }

    /// The week of an instant.
    #[must_use]
    pub fn of(instant_ms: i64) -> Self {
        Self::of_day(time::local_hour(instant_ms).day)
    }

    /// The one after so many.
    #[must_use]
    pub fn plus(self, weeks: u16) -> Self {
        Self(self.0.saturating_add(weeks))
    }

    /// Its Monday.
    #[must_use]
    pub fn monday(self) -> Day {
        Day::from(self.0) * 7 - DAYS_BEFORE_1970
    }

    /// The instant at which the next week begins.
    #[must_use]
    pub fn ends_ms(self) -> i64 {
        time::day_begins_ms(self.monday() + 7)
    }

    /// The ids of those who were made in this week: from the first up to the one behind the last.
    #[must_use]
    pub fn ids(self) -> Range<Uuid> {
        let first = |week: Self| Uuid::from_u128(u128::from(week.0) << 112);
        first(self)..first(self.plus(1))
    }
}

/// A new id. UUID version 8, whose first 16 bits are the week; 106 others are chance.
#[must_use]
pub fn new_id(now_ms: i64, random: Uuid) -> Uuid {
    let mut bytes = random.into_bytes();
    bytes[..2].copy_from_slice(&Week::of(now_ms).0.to_be_bytes());
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_week_begins_and_ends_in_shanghai() {
        let at = |text: &str| time::parse_rfc3339(text).expect("a time");
        let week = Week::of(at("2026-11-29T23:59:59+08:00"));
        assert_eq!(Some(week.monday()), time::parse_date("2026-11-23"));
        assert_eq!(Week::of(at("2026-11-30T00:00:00+08:00")), week.plus(1));
        assert_eq!(week.ends_ms(), at("2026-11-30T00:00:00+08:00"));
        assert_eq!((Week::of(i64::MIN), Week::of_day(-3), Week::of_day(4)), (Week(0), Week(0), Week(1)));
    }

    proptest! {
        #[test]
        fn an_id_says_its_week_and_nothing_else(now_ms in 0_i64..4_102_444_800_000, bits: u128) {
            let id = new_id(now_ms, Uuid::from_u128(bits));
            prop_assert!(Week::of(now_ms).ids().contains(&id), "{id}");
            prop_assert_eq!(id.get_version_num(), 8);
            // Another moment of the week gives the same id.
            let last_ms = Week::of(now_ms).ends_ms() - 1;
            prop_assert_eq!(id, new_id(last_ms, Uuid::from_u128(bits)));
        }
    }
}
