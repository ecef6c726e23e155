//! The rehearsal against probabilities computed by hand, and against itself with another seed and other zones.

use super::figures::{RADIUS_68_SIGMA, STOP_WITHIN_M};
use super::outcome::wilson;
use super::phone::{Noise, Phone, stream};
use super::visit::{Ground, Manner, Visit, stay, visit};
use super::*;
use crate::domain::check_in::{AGE_MAX_MS, Site, Verdict};
use crate::domain::geodesy::{Frame, LatLon};
use crate::domain::route::{Lang, WaypointBody};
use rand::Rng;
use std::f64::consts::TAU;

const SIGMA_M: f64 = 20.0;
const MANY: u32 = 20_000;

fn circle(radius_m: f64) -> Zone {
    Zone::Circle { radius_m, to_be_surveyed: false }
}

fn temple() -> LatLon {
    LatLon::new(35.596_67, 116.984_17).expect("in range")
}

/// Nothing but white noise, and a phone that states its true 68 % radius.
fn white() -> Noise {
    Noise {
        drift_sigma_m: 0.0,
        white_sigma_m: SIGMA_M,
        reflection_sigma_m: 0.0,
        stepping_out_gain: 0.0,
        coarse_share: 0.0,
        stated_spread: 0.0,
    }
}

fn stays(walkers: u32, zone: Zone, noise: Noise, east_m: f64, delay_ms: i64) -> Vec<Visit> {
    let ground = Ground::of(Site { position: temple(), zone });
    let manner = Manner { noise, tapped_ms: 0, delay_ms };
    (0..walkers).map(|walker| stay(&ground, &manner, [east_m, 0.0], stream(7, walker, 0))).collect()
}

/// The share of visits is within four sigmas of what was expected.
fn assert_share(visits: &[Visit], expected: f64, which: impl Fn(&Visit) -> bool) {
    let n = f64::from(MANY);
    let share = f64::from(u32::try_from(visits.iter().filter(|visit| which(visit)).count()).expect("few")) / n;
    let tolerance = 4.0 * (expected * (1.0 - expected) / n).sqrt();
    assert!((share - expected).abs() <= tolerance, "{share} against {expected} ± {tolerance}");
}

fn first_fix(visit: &Visit) -> bool {
    visit.entry.is_some_and(|entry| entry.fix == 1)
}

fn first_fix_inside(visit: &Visit) -> bool {
    visit.entry.is_some_and(|entry| entry.fix == 1 && entry.verdict == Verdict::Inside)
}

#[test]
fn in_the_middle_the_shares_are_those_of_the_rayleigh_distribution() {
    for radius_m in [10.0, 25.0, 40.0] {
        let within = |m: f64| 1.0 - (-m * m / (2.0 * SIGMA_M * SIGMA_M)).exp();
        let visits = stays(MANY, circle(radius_m), white(), 0.0, 0);
        assert_share(&visits, within(radius_m), first_fix_inside);
        // The accuracy circle reaches 68 % of the errors further.
        assert_share(&visits, within(radius_m + RADIUS_68_SIGMA * SIGMA_M), first_fix);
    }
}

/// Probability that a round Gaussian error leads from `off_m` off the centre to within `radius_m` of it: the density of the
/// error, summed over the circle.
fn rice(radius_m: f64, off_m: f64) -> f64 {
    let (rings, sectors) = (400, 400);
    let (dr, da) = (radius_m / f64::from(rings), TAU / f64::from(sectors));
    let cells = (0..rings).flat_map(|i| (0..sectors).map(move |j| (f64::from(i) + 0.5, f64::from(j) + 0.5)));
    let density = |x: f64, y: f64| (-(x * x + y * y) / (2.0 * SIGMA_M * SIGMA_M)).exp() / (TAU * SIGMA_M * SIGMA_M);
    cells.map(|(i, j)| ((i * dr), (j * da))).map(|(r, a)| density(r * a.cos() - off_m, r * a.sin()) * r * dr * da).sum()
}

#[test]
fn off_the_middle_the_shares_are_those_of_the_rice_distribution() {
    assert!((rice(25.0, 0.0) - (1.0 - (-25.0f64 * 25.0 / 800.0).exp())).abs() < 1e-4, "the sum is the integral");
    for off_m in [15.0, 30.0, 60.0] {
        let visits = stays(MANY, circle(25.0), white(), off_m, 0);
        assert_share(&visits, rice(25.0, off_m), first_fix_inside);
        assert_share(&visits, rice(25.0 + RADIUS_68_SIGMA * SIGMA_M, off_m), first_fix);
    }
}

#[test]
fn drift_keeps_its_size_and_forgets_itself_in_45_seconds() {
    let noise = Noise { drift_sigma_m: 10.0, white_sigma_m: 0.0, ..white() };
    let pairs: Vec<(f64, f64)> = (0..MANY)
        .map(|walker| {
            let mut phone = Phone::start(noise, stream(3, walker, 0));
            let first = phone.fix().error_m[0];
            // Nine fixes later 45 s have gone by.
            (first, (0..9).map(|_| phone.fix()).last().expect("nine").error_m[0])
        })
        .collect();
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / f64::from(MANY);
    assert!((mean(&|p| p.0 * p.0) - 100.0).abs() < 4.0);
    assert!((mean(&|p| p.1 * p.1) - 100.0).abs() < 4.0);
    assert!((mean(&|p| p.0 * p.1) - 100.0 / std::f64::consts::E).abs() < 3.2);
}

#[test]
fn phones_err_as_the_sources_say() {
    let errors = |setting, factor| -> Vec<f64> {
        let noise = Noise { coarse_share: 0.0, ..Noise::of(setting, factor) };
        let error = |walker| Phone::start(noise, stream(5, walker, 0)).fix().error_m;
        (0..MANY).map(|walker| error(walker)[0].hypot(error(walker)[1])).collect()
    };
    let open = errors(Setting::OpenSky, 1.0);
    let within = u32::try_from(open.iter().filter(|&&m| m <= 4.9).count()).expect("few");
    assert!((f64::from(within) / f64::from(MANY) - 0.95).abs() < 0.01, "4.9 m hold 95 % under open sky");
    for (factor, mean_m) in [(0.7, 7.0), (1.3, 13.0)] {
        let mean = errors(Setting::Courtyard, factor).iter().sum::<f64>() / f64::from(MANY);
        assert!((mean - mean_m).abs() < 0.2, "{mean} m in town");
    }
}

#[test]
fn streams_are_the_same_on_every_machine_and_neighbours_are_strangers() {
    assert_eq!(stream(1, 2, 3).next_u64(), 2_672_196_276_041_129_360);
    let first = |walker| Phone::start(white(), stream(1, walker, 0)).fix().error_m[0] / SIGMA_M;
    let together = (0..MANY).map(|walker| first(walker) * first(walker + 1)).sum::<f64>() / f64::from(MANY);
    assert!(together.abs() < 4.0 / f64::from(MANY).sqrt(), "{together}");
}

#[test]
fn an_upload_after_fourteen_days_is_too_old_and_an_earlier_one_is_not() {
    assert!(
        stays(MANY, circle(50.0), white(), 0.0, AGE_MAX_MS).iter().all(|visit| visit.entry.is_some() && !visit.too_old)
    );
    let late = stays(MANY, circle(50.0), white(), 0.0, AGE_MAX_MS + 1);
    assert!(late.iter().all(|visit| visit.too_old && visit.entry.is_none() && visit.needed_m.is_infinite()));
}

#[test]
fn who_is_let_in_later_has_waited_for_the_fixes_before() {
    let visits = stays(MANY, circle(25.0), white(), 60.0, 0);
    let entries: Vec<_> = visits.iter().filter_map(|visit| visit.entry).collect();
    assert!(entries.iter().all(|entry| entry.wait_s >= (entry.fix - 1) * 5 && entry.wait_s <= 120 + 15));
    assert!(entries.iter().any(|entry| entry.fix > 2));
}

/// A route of circles, so many metres north of the temple.
fn route(stops: &[(f64, Zone)]) -> StudyRoute {
    let waypoint = |(i, (north_m, zone)): (usize, &(f64, Zone))| Waypoint {
        id: format!("stop-{i}"),
        position: LatLon::new(temple().lat() + north_m / 110_950.0, temple().lon()).expect("in range"),
        height_m: None,
        body: WaypointBody {
            order: u32::try_from(i + 1).expect("few"),
            title: Text { zh_cn: format!("第{i}站"), en: format!("Stop {i}") },
            zone: zone.clone(),
            ..WaypointBody::default()
        },
    };
    StudyRoute {
        slug: "test".into(),
        title: Text::default(),
        summary: Text::default(),
        line: Vec::new(),
        waypoints: stops.iter().enumerate().map(waypoint).collect(),
    }
}

fn plan(walkers: u32, seed: u64) -> Plan {
    Plan { walkers, seed, group_size: 40, settings: BTreeMap::new() }
}

fn tight() -> StudyRoute {
    route(&[(0.0, circle(1.0)), (40.0, circle(5.0)), (3_000.0, circle(1.0)), (3_500.0, circle(50.0))])
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_the_same_shares() {
    let run = |seed| rehearse(&tight(), &plan(2_000, seed)).expect("fit");
    let text = |rehearsal: &Rehearsal| serde_json::to_string(rehearsal).expect("JSON");
    let (one, other) = (run(1), run(2));
    assert_eq!(text(&one), text(&run(1)));
    assert_ne!(text(&one), text(&other));
    for (a, b) in one.waypoints.iter().zip(&other.waypoints) {
        assert_eq!(a.at_once + a.after_second_fix + a.later + a.failed, 2_000);
        for (a, b) in [(a.at_once, b.at_once), (a.later, b.later), (a.failed, b.failed), (a.uncertain, b.uncertain)] {
            let pooled = (f64::from(a) + f64::from(b)) / 4_000.0;
            let sigma = (2_000.0 * 2.0 * pooled * (1.0 - pooled)).sqrt();
            assert!((f64::from(a) - f64::from(b)).abs() <= 4.0 * sigma, "{a} against {b}");
        }
    }
}

#[test]
fn a_known_seed_gives_the_known_figures() {
    let rehearsal = rehearse(&tight(), &plan(1_000, 42)).expect("fit");
    let figures: Vec<_> =
        rehearsal.waypoints.iter().map(|o| [o.at_once, o.after_second_fix, o.later, o.failed, o.uncertain]).collect();
    assert_eq!(
        figures,
        [[397, 138, 292, 173, 822], [639, 122, 188, 51, 850], [160, 49, 152, 639, 357], [1000, 0, 0, 0, 25]]
    );
}

#[test]
fn a_visit_knows_the_very_radius_that_lets_it_in() {
    let noise = Noise { stated_spread: 0.3, ..Noise::of(Setting::Courtyard, 1.3) };
    let wide = stays(1_000, circle(1_000.0), noise, 40.0, 0);
    for radius_m in [5.0, 12.5, 30.0] {
        let visits = stays(1_000, circle(radius_m), noise, 40.0, 0);
        for (visit, wide) in visits.iter().zip(&wide) {
            assert_eq!(visit.entry.is_some(), wide.needed_m <= radius_m, "{visit:?} {wide:?}");
        }
        assert!(visits.iter().any(|visit| visit.entry.is_some()) && visits.iter().any(|visit| visit.entry.is_none()));
    }
}

#[test]
fn the_suggested_radius_is_enough_when_walked_again_and_the_next_smaller_is_not() {
    let mut shown = 0;
    for outcome in rehearse(&tight(), &plan(800, 9)).expect("fit").waypoints {
        let enough_m = outcome.radius_for_1_percent_m.expect("some circle is wide enough");
        let again = |radius_m: f64| {
            let mut route = tight();
            for waypoint in route.waypoints.iter_mut().filter(|waypoint| waypoint.id == outcome.id) {
                waypoint.body.zone = circle(radius_m);
            }
            let waypoints = rehearse(&route, &plan(800, 9)).expect("fit").waypoints;
            waypoints.into_iter().find(|again| again.id == outcome.id).expect("the same stop")
        };
        let (enough, narrower) = (again(enough_m), again((enough_m - 5.0).max(1.0)));
        assert!(enough.fails_rarely() && enough.advised_radius_m().is_none(), "{enough_m} m: {enough:?}");
        assert_eq!(enough.radius_for_1_percent_m, Some(enough_m), "the answer does not depend on the zone of today");
        if enough_m > 5.0 {
            shown += 1;
            assert!(!narrower.fails_rarely(), "{narrower:?}");
            assert_eq!(narrower.advised_radius_m(), Some(enough_m));
        }
    }
    assert!(shown > 0, "some circle was too narrow");
}

#[test]
fn what_happens_at_one_stop_does_not_depend_on_the_others() {
    let all = rehearse(&tight(), &plan(500, 4)).expect("fit");
    let mut shorter = tight();
    shorter.waypoints.pop();
    assert_eq!(rehearse(&shorter, &plan(500, 4)).expect("fit").waypoints, all.waypoints[..3]);
    let settings = BTreeMap::from([("stop-2".to_string(), Setting::Riverside)]);
    let other = rehearse(&tight(), &Plan { settings, ..plan(500, 4) }).expect("fit");
    let changed: Vec<bool> = all.waypoints.iter().zip(&other.waypoints).map(|(a, b)| a != b).collect();
    assert_eq!(changed, [false, false, true, false]);
}

#[test]
fn settings_come_from_the_plan_the_neighbours_and_the_themes() {
    let mut route = tight();
    route.waypoints[3].body.themes = vec!["hydraulics".into()];
    let settings = BTreeMap::from([("stop-0".to_string(), Setting::OpenSky)]);
    let found = rehearse(&route, &Plan { settings, ..plan(10, 1) }).expect("fit").waypoints;
    let found: Vec<Setting> = found.iter().map(|outcome| outcome.setting).collect();
    assert_eq!(found, [Setting::OpenSky, Setting::Courtyard, Setting::OpenSky, Setting::Riverside]);
}

#[test]
fn in_a_polygon_people_stop_anywhere_in_it() {
    let (lat, lon) = (temple().lat(), temple().lon());
    let strip = [[lon, lat], [lon + 0.002, lat], [lon + 0.002, lat + 0.0002], [lon, lat + 0.0002], [lon, lat]];
    let zone = Zone::Polygon { coordinates: vec![strip.to_vec()], to_be_surveyed: false };
    let site = Site { position: temple(), zone: zone.clone() };
    let (ground, exact) = (Ground::of(site), Noise { white_sigma_m: 0.0, ..white() });
    let manner = Manner { noise: exact, tapped_ms: 0, delay_ms: 0 };
    let all = (0..500).map(|walker| visit(&ground, &manner, stream(1, walker, 0)));
    assert!(all.into_iter().all(|visit| first_fix_inside(&visit)), "without an error everybody is where they stand");
    let outcome = rehearse(&route(&[(0.0, zone)]), &plan(100, 1)).expect("fit").waypoints.remove(0);
    assert_eq!((outcome.radius_for_1_percent_m, outcome.advised_radius_m()), (None, None));
}

#[test]
fn circles_are_entered_from_near_their_middle_wherever_on_earth_they_are() {
    for (lat, lon) in [(0.0, 0.0), (35.6, 117.0), (60.0, 180.0), (-60.0, -180.0), (89.99, 10.0)] {
        let position = LatLon::new(lat, lon).expect("in range");
        let ground = Ground::of(Site { position, zone: circle(STOP_WITHIN_M + 0.1) });
        let manner = Manner { noise: Noise { white_sigma_m: 0.0, ..white() }, tapped_ms: 0, delay_ms: 0 };
        let visits: Vec<Visit> = (0..500).map(|walker| visit(&ground, &manner, stream(1, walker, 0))).collect();
        assert!(visits.iter().all(first_fix_inside), "{lat} {lon}");
    }
}

#[test]
fn a_class_waits_for_its_slowest_and_drives_long_legs() {
    let route = route(&[(0.0, circle(100.0)), (2_000.0, circle(100.0)), (12_000.0, circle(100.0))]);
    let totals = rehearse(&route, &plan(80, 1)).expect("fit").totals;
    let line_m = |a: usize, b: usize| {
        let enu = Frame::at(route.waypoints[a].position).enu(route.waypoints[b].position.ecef());
        enu.east.hypot(enu.north)
    };
    let (walked_m, driven_m) = (line_m(0, 1) * 1.3, line_m(1, 2) * 1.3);
    assert!((totals.way_m - walked_m - driven_m).abs() < 1.0 && (totals.driven_m - driven_m).abs() < 1.0);
    let least_s = walked_m / 2.0 + driven_m / (40.0 / 3.6) + 300.0;
    let most_s = walked_m / 0.5 + driven_m / (40.0 / 3.6) + 300.0 + 3.0 * 135.0;
    assert!((least_s..most_s).contains(&f64::from(totals.under_way_s.median)), "{totals:?}");
    assert_eq!(totals.everywhere, 80);
}

#[test]
fn plans_that_cannot_be_carried_out_are_refused_with_what_to_do() {
    let one = route(&[(0.0, circle(50.0))]);
    let long = |stops: usize| route(&vec![(0.0, circle(50.0)); stops]);
    let elsewhere = Plan { settings: BTreeMap::from([("nowhere".into(), Setting::OpenSky)]), ..plan(10, 1) };
    for (route, plan, told) in [
        (&one, plan(0, 1), "walkers must be from 1 to 10000"),
        (&one, plan(10_001, 1), "walkers must be"),
        (&one, Plan { group_size: 0, ..plan(10, 1) }, "group_size must be"),
        (&route(&[]), plan(10, 1), "add at least one"),
        (&long(2_001), plan(1, 1), "rehearse it in parts"),
        (&long(2_000), plan(501, 1), "at most 500 walkers"),
        (&route(&[(0.0, Zone::default())]), plan(10, 1), "stop-0: zone: radius_m is 0"),
        (&one, elsewhere, "no waypoint \"nowhere\""),
    ] {
        let refused = rehearse(route, &plan).expect_err(told).to_string();
        assert!(refused.contains(told), "{refused}");
    }
    assert!(rehearse(&one, &plan(10_000, u64::MAX)).is_ok());
}

#[test]
fn the_range_of_the_share_is_wilsons() {
    // Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (hits, of, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let range = wilson(hits, of);
        assert!((range.low - low).abs() < 0.000_2 && (range.high - high).abs() < 0.000_2, "{hits}/{of}: {range:?}");
    }
}

#[test]
fn the_chart_aligns_chinese_and_shows_even_one_who_failed() {
    let mut rehearsal = rehearse(&tight(), &plan(1_000, 1)).expect("fit");
    rehearsal.waypoints[0].title =
        Text { zh_cn: "泗\u{1b}水泉林泉群（泗河之源）与卞桥".into(), en: "Quanlin".into() };
    let last = &mut rehearsal.waypoints[3];
    (last.at_once, last.after_second_fix, last.later, last.failed) = (999, 0, 0, 1);
    let columns = |line: &str| line.chars().map(|c| if c >= '\u{3000}' { 2 } else { 1 }).sum::<usize>();
    for (width, lang) in [(40, Lang::ZhCn), (80, Lang::ZhCn), (80, Lang::En), (10_000, Lang::En), (0, Lang::ZhCn)] {
        let chart = chart(&rehearsal, width, lang);
        let lines: Vec<&str> = chart.lines().collect();
        assert_eq!(lines.len(), 5);
        for line in &lines[..4] {
            assert_eq!(columns(line), width.clamp(40, 200), "{line}");
            assert!(!line.contains('\u{1b}'));
        }
        assert!(lines[3].contains("999/1000") && lines[3].ends_with("█░"), "{}", lines[3]);
        assert!(lines[4].contains(if lang == Lang::En { "░ not at all" } else { "░ 未成功" }));
    }
}
