//! The check-in rule: does one participant's fix count as presence at one waypoint?
//!
//! Pure: the clock is an argument, the fix is dropped by the caller once judged. Doubt is never a punishment: a doubtful
//! check-in is `uncertain`, accepted and counted, and operators see how many people rest on such evidence alone.

use super::crs::{self, Crs};
use super::geodesy::LatLon;
use super::zone::Zone;

/// A fix that says it is less exact than this counts as this exact.
pub const ACCURACY_CAP_M: f64 = 100.0;
/// Oldest event time that is still taken: phones come home from a trip and upload.
pub const AGE_MAX_MS: i64 = 14 * 24 * 3_600_000;
/// A phone's clock may run ahead this far without a word.
pub const AHEAD_NORMAL_MS: i64 = 2 * 60_000;
/// A phone's clock may run ahead this far at the price of an uncertain verdict.
pub const AHEAD_MAX_MS: i64 = 48 * 3_600_000;
/// Faster than this between two check-ins (126 km/h) is uncertain; coaches and trains to the site are not.
pub const SPEED_MAX_M_S: f64 = 35.0;
/// Below this way the speed rule says nothing: short hops are all error.
pub const SPEED_WAY_MIN_M: f64 = 1_000.0;

/// Where presence is judged.
#[derive(Clone, Debug)]
pub struct Site {
    /// The waypoint's position.
    pub position: LatLon,
    /// Its zone.
    pub zone: Zone,
}

/// What a phone reports.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Latitude in `crs`, degrees; in range.
    pub lat: f64,
    /// Longitude in `crs`, degrees; in range.
    pub lon: f64,
    /// What the phone says its numbers are.
    pub crs: Crs,
    /// Radius of doubt the phone gives, metres; finite, not negative.
    pub accuracy_m: f64,
    /// When the phone says it was there.
    pub occurred_ms: i64,
}

/// Accepted evidence of presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The fix lies in the zone.
    Inside,
    /// Something is doubtful: only the accuracy circle reaches in, the clock runs ahead, or the way was too fast.
    Uncertain,
}

impl Verdict {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Uncertain => "uncertain",
        }
    }
}

/// An accepted check-in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The verdict so far; the speed rule may still lower it.
    pub verdict: Verdict,
    /// From the fix to the waypoint's position, metres.
    pub distance_m: f64,
}

/// Why a check-in is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// Neither the fix nor its accuracy circle touches the zone.
    Outside {
        /// To the waypoint's position.
        distance_m: f64,
        /// The zone's radius.
        radius_m: f64,
        /// To the edge of the zone.
        zone_distance_m: f64,
    },
    /// The numbers would lie in the zone if they were of another reference system.
    WrongCrs {
        /// What the phone said.
        declared: Crs,
        /// What it seems to be.
        suspected: Crs,
    },
    /// Older than [`AGE_MAX_MS`].
    TooOld,
    /// More than [`AHEAD_MAX_MS`] in the future.
    TooFarAhead,
}

/// Judges one report against one waypoint.
///
/// # Errors
/// The reason why this is no presence.
pub fn judge(site: &Site, report: &Report, now_ms: i64) -> Result<Judged, Refusal> {
    let ahead_ms = report.occurred_ms.saturating_sub(now_ms);
    if ahead_ms < -AGE_MAX_MS {
        return Err(Refusal::TooOld);
    }
    if ahead_ms > AHEAD_MAX_MS {
        return Err(Refusal::TooFarAhead);
    }
    let Some(fix) = place(report, report.crs) else { return Err(outside(site, None)) };
    let zone_distance_m = site.zone.distance_m(site.position, fix);
    if zone_distance_m > report.accuracy_m.min(ACCURACY_CAP_M) {
        return Err(suspect_crs(site, report).unwrap_or_else(|| outside(site, Some(fix))));
    }
    let sure = zone_distance_m <= 0.0 && ahead_ms <= AHEAD_NORMAL_MS;
    Ok(Judged {
        verdict: if sure { Verdict::Inside } else { Verdict::Uncertain },
        distance_m: fix.distance_m(site.position),
    })
}

fn place(report: &Report, crs: Crs) -> Option<LatLon> {
    let (lat, lon) = crs::to_wgs84(crs, report.lat, report.lon);
    LatLon::new(lat, lon).ok()
}

fn outside(site: &Site, fix: Option<LatLon>) -> Refusal {
    Refusal::Outside {
        distance_m: fix.map_or(f64::MAX, |fix| fix.distance_m(site.position)),
        radius_m: site.zone.reach_m(site.position),
        zone_distance_m: fix.map_or(f64::MAX, |fix| site.zone.distance_m(site.position, fix)),
    }
}

/// Of the other reference systems the one that would put the fix inside, the nearest to the waypoint if several would.
fn suspect_crs(site: &Site, report: &Report) -> Option<Refusal> {
    Crs::ALL
        .into_iter()
        .filter(|&crs| crs != report.crs)
        .filter_map(|crs| Some((crs, place(report, crs)?)))
        .filter(|&(_, fix)| site.zone.contains(site.position, fix))
        .min_by(|a, b| a.1.distance_m(site.position).total_cmp(&b.1.distance_m(site.position)))
        .map(|(suspected, _)| Refusal::WrongCrs { declared: report.crs, suspected })
}

/// Whether nobody travels from one site to the other in that time.
///
/// The way is measured between the zones' nearest edges, because that is the least anybody must have travelled: two wide zones
/// side by side never accuse a child. Sites, not fixes: earlier fixes are not kept.
#[must_use]
pub fn too_fast(one: &Site, other: &Site, between_ms: i64) -> bool {
    let centres_m = one.position.distance_m(other.position);
    let way_m = centres_m - one.zone.reach_m(one.position) - other.zone.reach_m(other.position);
    #[expect(clippy::cast_precision_loss, reason = "a duration of days is exact in f64")]
    let seconds = between_ms.unsigned_abs() as f64 / 1_000.0;
    way_m > SPEED_WAY_MIN_M && way_m > SPEED_MAX_M_S * seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    fn at(lat: f64, lon: f64) -> LatLon {
        LatLon::new(lat, lon).expect("in range")
    }

    fn temple(radius_m: f64) -> Site {
        Site { position: at(35.596_67, 116.984_17), zone: Zone::Circle { radius_m, to_be_surveyed: false } }
    }

    fn north_of(site: &Site, metres: f64) -> Report {
        Report {
            lat: site.position.lat() + metres / 110_950.0,
            lon: site.position.lon(),
            crs: Crs::Wgs84,
            accuracy_m: 10.0,
            occurred_ms: NOW_MS,
        }
    }

    fn verdict(site: &Site, report: &Report) -> Option<Verdict> {
        judge(site, report, NOW_MS).ok().map(|judged| judged.verdict)
    }

    #[test]
    fn a_fix_in_the_zone_is_inside_however_inaccurate_the_phone_says_it_is() {
        let site = temple(50.0);
        for accuracy_m in [0.0, 10.0, 5_000.0] {
            assert_eq!(verdict(&site, &Report { accuracy_m, ..north_of(&site, 49.0) }), Some(Verdict::Inside));
        }
    }

    #[test]
    fn only_the_accuracy_circle_reaching_in_is_uncertain_and_its_radius_is_capped() {
        let site = temple(50.0);
        let near = |accuracy_m| Report { accuracy_m, ..north_of(&site, 70.0) };
        assert_eq!(verdict(&site, &near(25.0)), Some(Verdict::Uncertain));
        assert_eq!(verdict(&site, &near(10.0)), None);
        let far = Report { accuracy_m: 10_000.0, ..north_of(&site, 160.0) };
        assert!(matches!(judge(&site, &far, NOW_MS), Err(Refusal::Outside { .. })));
        let reached = Report { accuracy_m: 10_000.0, ..north_of(&site, 145.0) };
        assert_eq!(verdict(&site, &reached), Some(Verdict::Uncertain));
    }

    #[test]
    fn outside_says_how_far() {
        let site = temple(50.0);
        let Err(Refusal::Outside { distance_m, radius_m, zone_distance_m }) =
            judge(&site, &north_of(&site, 400.0), NOW_MS)
        else {
            panic!("should be outside")
        };
        assert!((distance_m - 400.0).abs() < 1.0 && (zone_distance_m - 350.0).abs() < 1.0);
        assert!((radius_m - 50.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_clock_rule_has_its_edges_where_the_constants_say() {
        let site = temple(50.0);
        let when = |shift_ms| judge(&site, &Report { occurred_ms: NOW_MS + shift_ms, ..north_of(&site, 0.0) }, NOW_MS);
        assert_eq!(when(-AGE_MAX_MS).map(|j| j.verdict), Ok(Verdict::Inside));
        assert_eq!(when(-AGE_MAX_MS - 1), Err(Refusal::TooOld));
        assert_eq!(when(AHEAD_NORMAL_MS).map(|j| j.verdict), Ok(Verdict::Inside));
        assert_eq!(when(AHEAD_NORMAL_MS + 1).map(|j| j.verdict), Ok(Verdict::Uncertain));
        assert_eq!(when(AHEAD_MAX_MS).map(|j| j.verdict), Ok(Verdict::Uncertain));
        assert_eq!(when(AHEAD_MAX_MS + 1), Err(Refusal::TooFarAhead));
        assert_eq!(when(i64::MIN), Err(Refusal::TooOld));
        assert_eq!(when(i64::MAX - NOW_MS), Err(Refusal::TooFarAhead));
    }

    #[test]
    fn numbers_of_another_reference_system_are_recognised_and_named() {
        let site = temple(100.0);
        for (said, meant) in
            [(Crs::Wgs84, Crs::Gcj02), (Crs::Wgs84, Crs::Bd09), (Crs::Gcj02, Crs::Wgs84), (Crs::Bd09, Crs::Gcj02)]
        {
            let (lat, lon) = crs::from_wgs84(meant, site.position.lat(), site.position.lon());
            let report = Report { lat, lon, crs: said, ..north_of(&site, 0.0) };
            let expected = Err(Refusal::WrongCrs { declared: said, suspected: meant });
            assert_eq!(judge(&site, &report, NOW_MS), expected);
            assert!(judge(&site, &Report { crs: meant, ..report }, NOW_MS).is_ok());
        }
    }

    #[test]
    fn a_coach_is_not_too_fast_and_a_teleport_is() {
        let here = temple(100.0);
        let there = Site { position: at(35.4010, 116.9730), ..temple(300.0) };
        let way_m = here.position.distance_m(there.position) - 400.0;
        #[expect(clippy::cast_possible_truncation, reason = "some minutes")]
        let limit_ms = (way_m / SPEED_MAX_M_S * 1_000.0) as i64;
        assert!(!too_fast(&here, &there, limit_ms + 10));
        assert!(too_fast(&here, &there, limit_ms - 10));
        assert!(too_fast(&there, &here, 10 - limit_ms), "order does not matter");
        assert!(!too_fast(&here, &there, HOUR_MS));
        let neighbour = Site { position: at(35.605, 116.984_17), ..temple(100.0) };
        assert!(!too_fast(&here, &neighbour, 0), "under a kilometre of way nothing is too fast");
    }
}
