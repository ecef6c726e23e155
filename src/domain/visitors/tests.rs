//! What a planned day promises, whatever the seed.

use super::figures::{CLASS_SIZE, CLOSES_H, OPENS_H, PAUSE_RANGE_MIN};
use super::*;
use crate::domain::check_in::{self, Report};
use crate::domain::crs::Crs;
use crate::domain::sample;
use proptest::prelude::*;

fn trails() -> Vec<Trail> {
    let trail = |route: &crate::domain::route::StudyRoute| Trail {
        slug: route.slug.clone(),
        stops: route.waypoints.iter().map(|waypoint| stop(&route.slug, waypoint)).collect(),
    };
    sample::published().iter().map(trail).collect()
}

fn stop(route: &str, waypoint: &crate::domain::route::Waypoint) -> Stop {
    let site = Site { position: waypoint.position, zone: waypoint.body.zone.clone() };
    Stop { id: format!("{route}/{}", waypoint.id), site, themes: waypoint.body.themes.clone() }
}

/// The same with zones that a phone misses now and then.
fn narrow() -> Vec<Trail> {
    let mut trails = trails();
    for stop in trails.iter_mut().flat_map(|trail| &mut trail.stops) {
        stop.site.zone = crate::domain::zone::Zone::Circle { radius_m: 15.0, to_be_surveyed: false };
    }
    trails
}

fn plan(visitors: u32, seed: u64, outage: Option<Span>) -> Plan {
    Plan { visitors, day: 20_000, dated: 20_000, seed, outage }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn as_many_come_as_were_asked_for_and_nobody_comes_when_the_gates_are_shut(visitors in 1u32..600, seed: u64) {
        let day = DayPlan::new(plan(visitors, seed, None), &trails()).expect("a day");
        let mut numbers: Vec<u32> =
            day.parties().iter().flat_map(|party| party.first_visitor..party.first_visitor + party.size).collect();
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (0..visitors).collect::<Vec<_>>());
        let hour = |ms: i64| {
            let since = u32::try_from(ms - day_begins_ms(20_000)).expect("of the day");
            f64::from(since) / 3_600_000.0
        };
        let there = |at_ms: i64| {
            let there = |party: &&Party| (party.arrives_ms..party.leaves_ms()).contains(&at_ms);
            day.parties().iter().filter(there).map(|party| party.size).sum::<u32>()
        };
        prop_assert_eq!(Some(day.most_at_once()), day.parties().iter().map(|party| there(party.arrives_ms)).max());
        for party in day.parties() {
            prop_assert!(party.size <= CLASS_SIZE.1 && !party.stays.is_empty());
            prop_assert!(hour(party.arrives_ms) >= OPENS_H);
            // The last pause that was begun in time is ended.
            prop_assert!(hour(party.leaves_ms()) <= CLOSES_H + PAUSE_RANGE_MIN.1 / 60.0);
            prop_assert!(party.stays.windows(2).all(|two| two[0].until_ms < two[1].from_ms && two[0].stop + 1 == two[1].stop));
        }
    }

    #[test]
    fn every_check_in_is_one_that_the_rule_takes_and_is_made_at_the_stop(visitors in 1u32..60, seed: u64) {
        let trails = narrow();
        let day = DayPlan::new(plan(visitors, seed, None), &trails).expect("a day");
        for party in day.parties() {
            for seat in 0..party.size {
                let visit = day.visit(party, seat);
                let taps: Vec<(i64, Tap)> = visit.deeds.iter().filter_map(|deed| match deed.what {
                    What::Tap(tap) => Some((deed.at_ms, tap)),
                    _ => None,
                }).collect();
                prop_assert!(taps.len() <= party.stays.len());
                for (at_ms, tap) in taps {
                    let stay = party.stays.iter().find(|stay| stay.stop == tap.stop).expect("they are there");
                    prop_assert!((stay.from_ms..stay.until_ms).contains(&at_ms));
                    let site = &trails[party.trail].stops[tap.stop].site;
                    let report = Report { lat: tap.lat, lon: tap.lon, crs: Crs::Wgs84, accuracy_m: tap.accuracy_m, occurred_ms: at_ms };
                    prop_assert!(check_in::judge(site, &report, at_ms).is_ok());
                    let stands = visit.way.place_at(at_ms).expect("somewhere");
                    prop_assert!(stands.distance_m(site.position) <= 15.1, "{} m off", stands.distance_m(site.position));
                }
            }
        }
    }

    #[test]
    fn deeds_are_in_order_and_deaf_stretches_apart(seed: u64, outage_h in 0i64..23) {
        let span = Span { from_ms: outage_h * 3_600_000, until_ms: outage_h * 3_600_000 + 1_800_000 };
        let day = DayPlan::new(plan(50, seed, Some(span)), &trails()).expect("a day");
        let outage = day.outage().expect("an outage");
        for party in day.parties() {
            let visit = day.visit(party, 0);
            prop_assert!(visit.deeds.windows(2).all(|two| two[0].at_ms <= two[1].at_ms));
            prop_assert!(visit.offline.windows(2).all(|two| two[0].until_ms < two[1].from_ms));
            for at_ms in (outage.from_ms..outage.until_ms).step_by(60_000) {
                let back_ms = visit.online_from(at_ms);
                prop_assert!(back_ms >= outage.until_ms && visit.online_from(back_ms) == back_ms);
            }
        }
    }

    #[test]
    fn a_phone_asks_again_when_it_was_told_to_and_not_before(seed: u64, distance_m in 20.0f64..1_000.0, after_s in 1u32..600) {
        let day = DayPlan::new(plan(1, seed, None), &trails()).expect("a day");
        let party = &day.parties()[0];
        let way = day.visit(party, 0).way;
        let mut asked_ms = party.arrives_ms;
        while let Some(next_ms) = way.asks_again(asked_ms, distance_m, after_s) {
            prop_assert!(next_ms >= asked_ms + 1_000, "time goes on");
            prop_assert!(next_ms <= asked_ms + i64::from(after_s) * 1_000);
            let (from, to) = (way.place_at(asked_ms).expect("a place"), way.place_at(next_ms).expect("a place"));
            // Within the second that always passes, a coach goes a dozen metres.
            prop_assert!(from.distance_m(to) <= distance_m + 20.0);
            asked_ms = next_ms;
        }
        prop_assert!(asked_ms + i64::from(after_s) * 1_000 > party.leaves_ms());
    }
}

#[test]
fn the_same_seed_gives_the_same_day_and_another_one_another() {
    let deeds = |seed| {
        let day = DayPlan::new(plan(200, seed, None), &trails()).expect("a day");
        let visits = day.parties().iter().map(|party| day.visit(party, 0));
        visits.map(|mut visit| (visit.deeds.clone(), visit.link.id())).collect::<Vec<_>>()
    };
    assert_eq!(deeds(7), deeds(7));
    assert_ne!(deeds(7), deeds(8));
}

#[test]
fn on_school_days_most_come_by_bus_and_on_weekends_fewer() {
    let by_bus = |day| {
        let plan = Plan { day, ..plan(20_000, 1, None) };
        let day = DayPlan::new(plan, &trails()).expect("a day");
        day.parties().iter().filter(|party| party.kind == Kind::Class).map(|party| party.size).sum::<u32>()
    };
    // 1970-01-05 was a Monday.
    for (day, expected) in [(4, 14_000), (8, 14_000), (9, 6_000), (10, 6_000)] {
        let seen = by_bus(day);
        assert!(seen.abs_diff(expected) < 1_000, "{seen} of 20000 by bus on day {day}");
    }
}

#[test]
fn about_as_much_gets_lost_as_the_figures_say() {
    let day = DayPlan::new(plan(2_000, 3, None), &trails()).expect("a day");
    let mut fates = [0u32; 4];
    for party in day.parties() {
        for seat in 0..party.size {
            let mut link = day.visit(party, seat).link;
            (0..50).for_each(|_| fates[link.trip().fate as usize] += 1);
        }
    }
    // 70 % of the phones lose 0.3 % and 30 % lose 3 %: 1.1 % of 100,000.
    let lost: u32 = fates[1..].iter().sum();
    assert!((900..1_350).contains(&lost), "{fates:?}");
    assert!(fates[1] > fates[2] && fates[2] > 150 && fates[3] > 150, "{fates:?}");
}

#[test]
fn what_is_no_day_is_refused() {
    let refused = |plan, trails: &[Trail]| DayPlan::new(plan, trails).err();
    assert_eq!(refused(plan(0, 1, None), &trails()), Some(Unfit::Visitors));
    assert_eq!(refused(plan(VISITORS_MAX + 1, 1, None), &trails()), Some(Unfit::Visitors));
    assert_eq!(refused(plan(1, 1, None), &[]), Some(Unfit::NoStop));
    assert_eq!(refused(plan(1, 1, None), &[Trail { slug: "x".into(), stops: Vec::new() }]), Some(Unfit::NoStop));
    for (from_ms, until_ms) in [(-1, 5_000), (86_400_000, 86_500_000), (10, 10), (10, 5)] {
        assert_eq!(refused(plan(1, 1, Some(Span { from_ms, until_ms })), &trails()), Some(Unfit::Outage));
    }
}
