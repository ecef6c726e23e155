//! What is said of good and of odd routes.

mod mistakes;

use super::journey::{Span, spans};
use super::*;
use crate::domain::route::{
    Altitude, Asset, Choice, Confidence, Coordinate, Exhibit, ExhibitKind, Fact, GeoPose, HeightDatum, Heritage,
    OpeningHours, PosePosition, Quaternion, Question, Text, WaypointBody,
};
use crate::domain::sample::published;
use crate::domain::zone::Zone;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// One degree of latitude at the equator, metres.
const NORTH_M: f64 = 110_574.3;

fn both(words: &str) -> Text {
    Text { zh_cn: format!("字{words}"), en: words.into() }
}

fn circle(radius_m: f64) -> Zone {
    Zone::Circle { radius_m, to_be_surveyed: false }
}

fn square(lat: f64, lon: f64, half: f64) -> Zone {
    let (w, e, s, n) = (lon - half, lon + half, lat - half, lat + half);
    let ring = vec![[w, s], [e, s], [e, n], [w, n], [w, s]];
    Zone::Polygon { coordinates: vec![ring], to_be_surveyed: false }
}

fn exhibit(lat: f64, lon: f64) -> Exhibit {
    Exhibit {
        id: "gate".into(),
        kind: ExhibitKind::Text,
        title: both("gate"),
        alt: both("a gate"),
        text: both("a gate"),
        geopose: GeoPose {
            position: PosePosition { lat, lon, h: 0.0 },
            quaternion: Quaternion { x: 0.0, y: 0.0, z: 0.0, w: 1.0 },
        },
        height_datum: HeightDatum::Ground,
        scale: 1.0,
        trigger_m: 30.0,
        assets: Vec::new(),
    }
}

fn asset(role: &str, bytes: u64) -> Asset {
    Asset {
        role: role.into(),
        href: format!("/{role}.glb"),
        media_type: "model/gltf-binary".into(),
        bytes,
        sha256: "ab".repeat(32),
        source: "own work".into(),
        license: "CC0-1.0".into(),
    }
}

fn question(key: &str) -> Question {
    let options = ["a", "b", "c"].map(|id| Choice { id: id.into(), text: both(id) });
    let (prompt, explanation) = (both("why"), both("because"));
    Question { id: "q1".into(), prompt, options: options.into(), key: key.into(), explanation, source: "a book".into() }
}

fn waypoint(i: usize, lat: f64, lon: f64) -> Waypoint {
    let fact = Fact { date: both("1904"), text: both("built"), source: "a book".into() };
    let body = WaypointBody {
        order: u32::try_from(i + 1).expect("few"),
        title: both("stop"),
        summary: both("a stop"),
        zone: circle(50.0),
        themes: vec!["hydraulics".into()],
        county: both("county"),
        period: both("period"),
        heritage: Heritage { status: both("none"), unesco_whc: None },
        altitude: None,
        facts: vec![fact; 3],
        questions: vec![question(["a", "b"][i % 2])],
        exhibits: vec![exhibit(lat, lon)],
        coordinate: Coordinate { source: "a map".into(), precision_m: 20.0, ..Coordinate::default() },
        opening_hours: None,
    };
    Waypoint { id: format!("stop-{i}"), position: LatLon::new(lat, lon).expect("on earth"), height_m: None, body }
}

/// A straight line of stops towards the north, so many metres apart.
fn line(stops: usize, apart_m: f64) -> StudyRoute {
    let waypoints = (0..stops)
        .map(|i| waypoint(i, 0.123_456_7 + apart_m / NORTH_M * f64::from(u32::try_from(i).expect("few")), 0.123_456_7));
    StudyRoute {
        slug: "line".into(),
        title: both("line"),
        summary: both("a line"),
        line: vec![[0.0, 0.0], [0.0, 1.0]],
        waypoints: waypoints.collect(),
    }
}

fn good() -> StudyRoute {
    line(6, 500.0)
}

fn move_to(route: &mut StudyRoute, i: usize, lat: f64, lon: f64) {
    route.waypoints[i].position = LatLon::new(lat, lon).expect("on earth");
    route.waypoints[i].body.exhibits.clear();
}

/// The warnings of `now` that were not there `before`, as plainly as it can be said: only they have to be acknowledged. A finding is known again by its rule,
/// its waypoint and its property; one finding before covers one now.
fn new_since(before: &[Finding], now: Vec<Finding>) -> Vec<Finding> {
    fn key(finding: &Finding) -> (Rule, &Option<String>, &str) {
        (finding.rule, &finding.waypoint, &finding.property)
    }
    let mut known: HashMap<_, usize> = HashMap::new();
    for finding in before {
        *known.entry(key(finding)).or_default() += 1;
    }
    let is_new = |finding: &Finding, known: &mut usize| {
        let covered = *known > 0;
        *known = known.saturating_sub(1);
        !covered && finding.rule.level() == Level::Warning
    };
    let fresh: Vec<bool> = now.iter().map(|finding| is_new(finding, known.entry(key(finding)).or_default())).collect();
    now.into_iter().zip(fresh).filter_map(|(finding, new)| new.then_some(finding)).collect()
}

fn of(rule: Rule, findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.rule == rule).collect()
}

#[test]
fn what_only_the_circumstances_tell_is_found_with_them() {
    let mut route = good();
    route.waypoints[1].body.exhibits[0].assets = vec![asset("full", 1_000)];
    route.waypoints[2].body.opening_hours = Some(OpeningHours { text: both("08:00–17:30"), source: "a sign".into() });
    assert_eq!(check(&route), []);
    let facts = |bytes, triangles| AssetFacts { bytes, media_type: "model/gltf-binary".into(), triangles };
    let with = |planned_hour, facts: Option<AssetFacts>| {
        check_with(&route, &Circumstances { planned_hour, asset: &|_| facts.clone() })
    };
    assert_eq!(with(Some(17), Some(facts(1_000, Some(100_000)))), []);
    for (hour, facts, rule, expected) in [
        (None, None, Rule::MissingAsset, "the file of /full.glb is not kept here"),
        (None, Some(facts(1_001, None)), Rule::AssetDiffers, "is 1000 but the file has 1001"),
        (None, Some(facts(1_000, Some(100_001))), Rule::HeavyAsset, "100001 triangles"),
        (
            Some(18),
            Some(facts(1_000, None)),
            Rule::ClosedAtPlannedHour,
            "says 08:00–17:30, but the visit is planned at 18:00",
        ),
        (Some(7), Some(facts(1_000, None)), Rule::ClosedAtPlannedHour, "planned at 07:00"),
    ] {
        let found = with(hour, facts);
        assert!(matches!(&found[..], [only] if only.rule == rule && only.message.contains(expected)), "{found:#?}");
    }
}

#[test]
fn a_file_is_refused_for_errors_and_content_but_not_for_advice() {
    let blocks = |mistake: fn(&mut StudyRoute)| {
        let mut route = good();
        mistake(&mut route);
        let found = check(&route);
        assert!(!found.is_empty());
        found.iter().any(blocks_file_import)
    };
    assert!(blocks(|r| r.waypoints[1].body.order = 9));
    assert!(blocks(|r| r.waypoints[1].body.title.en.clear()));
    assert!(!blocks(|r| r.waypoints[1].body.zone = circle(24.0)));
}

#[test]
fn the_routes_that_come_with_the_service_have_nothing_wrong_and_no_flood_of_advice() {
    for route in published() {
        let found = check(&route);
        assert!(!found.iter().any(blocks_file_import), "{found:#?}");
        assert_eq!(of(Rule::Detour, &found), Vec::<&Finding>::new());
        for waypoint in &route.waypoints {
            let own = found.iter().filter(|f| f.waypoint.as_ref() == Some(&waypoint.id)).count();
            assert!(own <= 6, "{} has {own}", waypoint.id);
        }
        let surveyed = route.waypoints.iter().filter(|w| w.body.zone.to_be_surveyed()).count();
        assert_eq!(of(Rule::ToBeSurveyed, &found).len(), surveyed);
    }
}

#[test]
fn opening_hours_are_read_out_of_free_text() {
    for (text, expected) in [
        ("周二至周日09:00—16:00（周一闭馆）", vec![Span(540, 960)]),
        ("约09:30—16:30或17:00", vec![Span(570, 990)]),
        ("夏季08:20—18:00，冬季08:20—17:30", vec![Span(500, 1080), Span(500, 1050)]),
        ("8：00 至 17：00", vec![Span(480, 1020)]),
        ("8:30-16:30, from 18:00 to 02:00", vec![Span(510, 990), Span(1080, 120)]),
        ("00:00–24:00", vec![Span(0, 1440)]),
        ("9:00 am – 5:00 pm", vec![]),
        ("25:00–26:00, 8:75–9:00, tel. 0537-4412345, 123:00–14:00", vec![]),
        ("08:00—", vec![]),
        ("08:0字", vec![]),
    ] {
        assert_eq!(spans(text), expected, "{text}");
    }
}

#[test]
fn a_place_that_is_open_past_midnight_is_open_past_midnight() {
    let mut route = good();
    route.waypoints[0].body.opening_hours = Some(OpeningHours { text: both("18:00–02:00"), source: "a sign".into() });
    let closed = |hour| {
        let nothing = |_: &str| None;
        !check_with(&route, &Circumstances { planned_hour: Some(hour), asset: &nothing }).is_empty()
    };
    assert_eq!((0..24).filter(|&hour| closed(hour)).collect::<Vec<_>>(), (2..18).collect::<Vec<_>>());
}

#[test]
fn two_neighbours_in_the_wrong_order_are_one_detour() {
    let mut route = line(8, 2_000.0);
    route.waypoints.swap(3, 6);
    route.waypoints.swap(4, 5);
    let found = check(&route);
    let named: Vec<&str> = of(Rule::Detour, &found).iter().filter_map(|f| f.waypoint.as_deref()).collect();
    assert!(!named.is_empty() && named.len() <= 2, "{found:#?}");
    assert_eq!(of(Rule::Detour, &check(&line(8, 2_000.0))), Vec::<&Finding>::new());
}

#[test]
fn overlaps_are_found_in_a_long_line_and_only_there() {
    let mut route = line(20_000, 101.0);
    assert_eq!(of(Rule::ZonesOverlap, &check(&route)), Vec::<&Finding>::new());
    route.waypoints.iter_mut().for_each(|w| w.body.zone = circle(60.0));
    let found = check(&route);
    let overlaps = of(Rule::ZonesOverlap, &found);
    assert_eq!(overlaps.len(), 19_999, "every stop but the last overlaps the next");
    assert!(overlaps.iter().all(|f| f.message.contains("by 19 m")), "{}", overlaps[0].message);
}

#[test]
fn a_crowd_in_one_spot_is_told_in_few_words() {
    let route = line(1_000, 0.01);
    let found = check(&route);
    let overlaps = of(Rule::ZonesOverlap, &found);
    assert!(overlaps.len() <= 3 * 1_000);
    let first: Vec<_> = overlaps.iter().filter(|f| f.waypoint.as_deref() == Some("stop-0")).collect();
    assert_eq!(first.len(), 3);
    assert!(first[2].message.contains("and 297 more zones"), "{}", first[2].message);
}

#[test]
fn polygons_overlap_by_as_much_as_one_reaches_into_the_other() {
    let step = 100.0 / NORTH_M;
    let bar = |lat: f64, lon: f64| {
        let (w, e, s, n) = (lon - 3.0 * step, lon + 3.0 * step, lat - 0.5 * step, lat + 0.5 * step);
        let ring = vec![[w, s], [e, s], [e, n], [w, n], [w, s]];
        Zone::Polygon { coordinates: vec![ring], to_be_surveyed: false }
    };
    let cases = [
        ("squares that share 20 m", square(0.5, 0.5, step), square(0.5, 0.5 + 1.8 * step, step), Some(19.0..21.0)),
        ("squares beside each other", square(0.5, 0.5, step), square(0.5, 0.5 + 2.1 * step, step), None),
        ("a square in a square", square(0.5, 0.5, 2.0 * step), square(0.5, 0.5, step), Some(99.0..101.0)),
        ("the same square", square(0.5, 0.5, step), square(0.5, 0.5, step), Some(99.0..101.0)),
        ("two bars that cross", bar(0.5, 0.5), square(0.5, 0.5, step), Some(49.0..51.0)),
        ("a circle at an edge", circle(30.0), square(0.5, 0.5 + 1.2 * step, step), Some(9.0..11.0)),
        ("a circle in a square", circle(30.0), square(0.5, 0.5, step), Some(129.0..131.0)),
        ("a circle beside a square", circle(30.0), square(0.5, 0.5 + 1.4 * step, step), None),
    ];
    for (what, a, b, expected) in cases {
        for (a, b) in [(&a, &b), (&b, &a)] {
            let mut route = line(2, 1.0);
            for (waypoint, zone) in route.waypoints.iter_mut().zip([a, b]) {
                waypoint.position = LatLon::new(0.5, 0.5).expect("on earth");
                waypoint.body.zone = zone.clone();
            }
            let shared = overlap::shared_m(&route);
            match &expected {
                Some(range) => assert!(matches!(shared[..], [m] if range.contains(&m)), "{what}: {shared:?}"),
                None => assert!(shared.is_empty(), "{what}: {shared:?}"),
            }
        }
    }
}

proptest! {
    #[test]
    fn the_grid_finds_the_same_circles_as_looking_at_every_pair(
        spots in prop::collection::vec((-0.02..0.02f64, -0.02..0.02f64, 1.0..1_500.0f64), 2..60),
        lat in -89.0..89.0f64,
        far in any::<bool>(),
    ) {
        let mut route = line(spots.len(), 1.0);
        for (waypoint, (dlat, dlon, radius_m)) in route.waypoints.iter_mut().zip(&spots) {
            let lon = if far { 180.0 + dlon } else { *dlon };
            let lon = if lon > 180.0 { lon - 360.0 } else { lon };
            waypoint.position = LatLon::new(lat + dlat, lon).expect("on earth");
            waypoint.body.zone = circle(*radius_m);
        }
        let all = &route.waypoints;
        let pairs = (0..all.len()).flat_map(|i| (i + 1..all.len()).map(move |j| (i, j)));
        let expected = pairs.filter(|&(i, j)| {
            spots[i].2 + spots[j].2 - all[i].position.distance_m(all[j].position) > 1.0
        });
        prop_assert_eq!(overlap::shared_m(&route).len(), expected.count());
    }
}

#[test]
fn only_warnings_that_were_not_there_before_are_new() {
    let mut before = good();
    before.waypoints[1].body.zone = circle(24.0);
    let mut now = before.clone();
    now.waypoints[1].body.zone = circle(23.0);
    now.waypoints[2].body.zone = circle(22.0);
    now.waypoints[3].body.order = 9;
    let fresh = new_since(&check(&before), check(&now));
    assert!(matches!(&fresh[..], [only] if only.waypoint.as_deref() == Some("stop-2")), "{fresh:#?}");
    assert_eq!(new_since(&check(&now), check(&now)), []);
    let twice = [check(&before), check(&before)].concat();
    assert_eq!(new_since(&check(&before), twice).len(), 1, "one before covers one now");
}

#[test]
fn findings_are_listed_up_to_a_bound_and_counted_beyond() {
    let mut route = line(0, 1.0);
    // An empty waypoint has these errors: order, title, source, precision and zone.
    let empty = |i: usize| Waypoint { id: format!("w{i}"), body: WaypointBody::default(), ..waypoint(i, 0.0, 0.0) };
    route.waypoints = (0..FINDINGS_MAX / 5 + 2).map(empty).collect();
    let found = check(&route);
    let errors: Vec<_> = found.iter().filter(|f| f.rule.level() == Level::Error).collect();
    assert_eq!(errors.len(), FINDINGS_MAX + 1);
    assert_eq!(errors[FINDINGS_MAX].message, "10 more findings are not listed; mend these first");
}

#[test]
fn a_finding_is_written_with_the_name_and_the_level_of_its_rule() {
    let mut route = good();
    route.waypoints[1].body.title.en.clear();
    let found = check(&route);
    let expected = serde_json::json!([{
        "rule": "missing-language", "level": "warning", "waypoint": "stop-1", "feature": "feature 2 (stop-1)",
        "property": "title.en", "message": "is missing; write this text in both languages",
    }]);
    assert_eq!(serde_json::to_value(&found).expect("JSON"), expected);
    assert_eq!(found[0].to_string(), "feature 2 (stop-1): title.en: is missing; write this text in both languages");
}
