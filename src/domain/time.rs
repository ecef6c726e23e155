//! Instants and calendar days. An instant is milliseconds since 1970 UTC; a day is always one in Asia/Shanghai, whatever the
//! machine's own zone is. Refuses to read a clock: instants come in as arguments.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::sync::OnceLock;

/// The zone every calendar day belongs to.
pub const TIME_ZONE: &str = "Asia/Shanghai";
/// A day, milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// Days since 1970-01-01 in [`TIME_ZONE`].
pub type Day = i32;

/// A calendar hour in [`TIME_ZONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalHour {
    /// The day.
    pub day: Day,
    /// 0 to 23.
    pub hour: i8,
}

fn zone() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    // The zone's rules are compiled in, so the fixed offset is only what the type system asks for.
    ZONE.get_or_init(|| TimeZone::get(TIME_ZONE).unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8))))
}

fn epoch() -> Date {
    Date::constant(1970, 1, 1)
}

/// The hour of an instant; instants outside the years −9999…9999 count as the nearest.
#[must_use]
pub fn local_hour(instant_ms: i64) -> LocalHour {
    let instant =
        Timestamp::from_millisecond(instant_ms).unwrap_or(if instant_ms < 0 { Timestamp::MIN } else { Timestamp::MAX });
    let local = zone().to_datetime(instant);
    LocalHour { day: day_of(local.date()), hour: local.hour() }
}

/// The day number of a date.
#[must_use]
pub fn day_of(date: Date) -> Day {
    epoch().until(date).map_or(0, |span| span.get_days())
}

/// The date of a day number.
#[must_use]
pub fn date_of(day: Day) -> Date {
    epoch().saturating_add(day.days())
}

/// The instant at which a day begins.
#[must_use]
pub fn day_begins_ms(day: Day) -> i64 {
    let midnight = date_of(day).at(0, 0, 0, 0);
    zone().to_timestamp(midnight).map_or(i64::from(day) * 86_400_000, Timestamp::as_millisecond)
}

/// Reads `2026-05-01`.
#[must_use]
pub fn parse_date(text: &str) -> Option<Day> {
    // Exactly ten characters: jiff would also accept a whole time stamp.
    (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten().map(day_of)
}

/// Writes an instant as RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn rfc3339(instant_ms: i64) -> String {
    Timestamp::from_millisecond(instant_ms).map_or_else(|_| String::new(), |t| format!("{t:.3}"))
}

/// Writes an instant as HTTP headers have it (RFC 9110 §5.6.7), to the second.
#[must_use]
pub fn http_date(instant_ms: i64) -> String {
    let written = |instant: Timestamp| instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    Timestamp::from_millisecond(instant_ms).map_or_else(|_| String::new(), written)
}

/// Reads RFC 3339 with an offset, to the millisecond.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    // jiff also reads time-zone annotations in brackets; the contract does not.
    if text.len() > 40 || text.contains('[') {
        return None;
    }
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let before = parse_rfc3339("2026-05-01T15:59:59.999Z").expect("valid");
        let after = parse_rfc3339("2026-05-01T16:00:00Z").expect("valid");
        assert_eq!(date_of(local_hour(before).day).to_string(), "2026-05-01");
        assert_eq!(local_hour(before).hour, 23);
        assert_eq!(date_of(local_hour(after).day).to_string(), "2026-05-02");
        assert_eq!(local_hour(after).hour, 0);
        assert_eq!(local_hour(after).day, local_hour(before).day + 1);
        assert_eq!(day_begins_ms(local_hour(after).day), after);
    }

    #[test]
    fn dates_and_days_are_two_names_of_one_thing() {
        for text in ["1970-01-01", "1999-12-31", "2024-02-29", "2026-11-23"] {
            assert_eq!(date_of(parse_date(text).expect("valid")).to_string(), text);
        }
        assert_eq!(parse_date("1970-01-02"), Some(1));
        for text in ["2026-13-01", "2026-02-30", "20260501", "2026-05-01T00:00:00Z", "", "二〇二六"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn headers_have_their_own_way_to_write_an_instant() {
        assert_eq!(http_date(784_111_777_999), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn instants_are_written_as_they_were_read() {
        let ms = parse_rfc3339("2026-05-01T08:30:00.250+08:00").expect("valid");
        assert_eq!(rfc3339(ms), "2026-05-01T00:30:00.250Z");
        assert_eq!(parse_rfc3339(&rfc3339(ms)), Some(ms));
        for text in ["2026-05-01", "2026-05-01T08:30:00", "yesterday", "2026-05-01T08:30:00+08:00[Asia/Shanghai]"] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
