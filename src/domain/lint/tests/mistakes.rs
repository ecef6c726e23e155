//! Every rule broken once, and what is said then.

use super::*;

type Mistake = (Rule, &'static str, &'static str, fn(&mut StudyRoute));

/// Rule, property, part of the message, and how to break it.
const MISTAKES: &[Mistake] = &[
    (Rule::BadId, "id", "cannot be used in an address", |r| r.waypoints[1].id = "Big Gate".into()),
    (Rule::BadId, "themes[0]", "cannot be used", |r| r.waypoints[1].body.themes[0] = "Water!".into()),
    (Rule::DuplicateId, "id", "stands twice", |r| r.waypoints[1].id = "stop-0".into()),
    (Rule::DuplicateId, "exhibits[1].id", "stands twice", |r| {
        let twin = r.waypoints[1].body.exhibits[0].clone();
        r.waypoints[1].body.exhibits.push(twin);
    }),
    (Rule::NoWaypoint, "", "no waypoint", |r| r.waypoints.clear()),
    (Rule::NoTitle, "title", "is missing", |r| r.waypoints[1].body.title = Text::default()),
    (Rule::WrongOrder, "order", "is 9 but this is stop 2", |r| r.waypoints[1].body.order = 9),
    (Rule::BadLine, "geometry", "at least two positions", |r| r.line.truncate(1)),
    (Rule::BadLine, "geometry", "not [longitude, latitude]", |r| r.line[0] = [0.0, 91.0]),
    (Rule::LegTooLong, "geometry", "more than 100 km", |r| move_to(r, 5, 1.123_456, 0.123_456)),
    (Rule::BadZone, "zone", "give a radius", |r| r.waypoints[1].body.zone = circle(0.0)),
    (Rule::ZoneBelowPrecision, "zone", "reaches 50 m but", |r| r.waypoints[1].body.coordinate.precision_m = 60.0),
    (Rule::BadPrecision, "coordinate.precision_m", "above 0", |r| r.waypoints[1].body.coordinate.precision_m = 0.0),
    (Rule::CoordinateWithoutSource, "coordinate.source", "is missing", |r| {
        r.waypoints[1].body.coordinate.source.clear();
    }),
    (Rule::NoDerivation, "coordinate.derivation", "how it was derived", |r| {
        r.waypoints[1].body.coordinate.confidence = Confidence::Derived;
    }),
    (Rule::FactWithoutSource, "facts[2].source", "is missing", |r| r.waypoints[1].body.facts[2].source = "  ".into()),
    (Rule::QuestionOptions, "questions[0].options", "has 2", |r| {
        r.waypoints[1].body.questions[0].options.truncate(2);
    }),
    (Rule::QuestionOptions, "questions[0].options[2].id", "stands twice", |r| {
        r.waypoints[1].body.questions[0].options[2].id = "a".into();
    }),
    (Rule::QuestionKey, "questions[0].key", "\"z\" is not", |r| r.waypoints[1].body.questions[0].key = "z".into()),
    (Rule::QuestionWithoutSource, "questions[0].source", "is missing", |r| {
        r.waypoints[1].body.questions[0].source.clear();
    }),
    (Rule::BadPose, "exhibits[0].geopose.quaternion", "length 1", |r| {
        r.waypoints[1].body.exhibits[0].geopose.quaternion.w = 0.5;
    }),
    (Rule::BadPose, "exhibits[0].geopose.position", "needs lat and lon", |r| {
        r.waypoints[1].body.exhibits[0].geopose.position.lat = 117.0;
    }),
    (Rule::BadScale, "exhibits[0].scale", "above 0", |r| r.waypoints[1].body.exhibits[0].scale = -1.0),
    (Rule::BadTrigger, "exhibits[0].trigger_m", "above 0", |r| r.waypoints[1].body.exhibits[0].trigger_m = f64::NAN),
    (Rule::ExhibitTooFar, "exhibits[0].geopose.position", "more than 2 km", |r| {
        r.waypoints[1].body.exhibits[0].geopose.position.lat += 0.02;
    }),
    (Rule::NoLine, "geometry", "no line is drawn", |r| r.line.clear()),
    (Rule::MissingLanguage, "facts[0].text.en", "both languages", |r| r.waypoints[1].body.facts[0].text.en.clear()),
    (Rule::MissingText, "facts[0].date", "is missing", |r| r.waypoints[1].body.facts[0].date = Text::default()),
    (Rule::NoSummary, "summary", "is missing", |r| r.summary = Text::default()),
    (Rule::NoCounty, "county", "is missing", |r| r.waypoints[1].body.county = Text::default()),
    (Rule::NoPeriod, "period", "is missing", |r| r.waypoints[1].body.period = Text::default()),
    (Rule::NoHeritage, "heritage.status", "is missing", |r| r.waypoints[1].body.heritage = Heritage::default()),
    (Rule::FewFacts, "facts", "has 2", |r| r.waypoints[1].body.facts.truncate(2)),
    (Rule::NoTheme, "themes", "is empty", |r| r.waypoints[1].body.themes.clear()),
    (Rule::MissingAlt, "exhibits[0].alt", "is missing", |r| r.waypoints[1].body.exhibits[0].alt = Text::default()),
    (Rule::MissingExplanation, "questions[0].explanation", "is missing", |r| {
        r.waypoints[1].body.questions[0].explanation = Text::default();
    }),
    (Rule::HoursWithoutSource, "opening_hours.source", "is missing", |r| {
        r.waypoints[1].body.opening_hours = Some(OpeningHours { text: both("daily"), source: String::new() });
    }),
    (Rule::AltitudeWithoutSource, "altitude.source", "is missing", |r| {
        r.waypoints[1].body.altitude = Some(Altitude { metres: 3.0, source: String::new() });
    }),
    (Rule::ZonesOverlap, "zone", "overlaps the zone of stop-3 by 10 m", |r| {
        r.waypoints[2].body.zone = circle(255.0);
        r.waypoints[3].body.zone = circle(255.0);
    }),
    (Rule::ZonesOverlap, "zone", "lies wholly inside the zone of stop-0", |r| r.waypoints[0].body.zone = circle(551.0)),
    (Rule::ZoneBelowPhoneError, "zone", "has a radius of 24 m", |r| r.waypoints[1].body.zone = circle(24.0)),
    (Rule::ToBeSurveyed, "zone", "reaches 60 m because nobody has measured", |r| {
        r.waypoints[1].body.zone = Zone::Circle { radius_m: 60.0, to_be_surveyed: true };
    }),
    (Rule::CoarseCoordinate, "geometry", "to 3 decimal places, which leaves 111 m open", |r| {
        move_to(r, 1, 0.128, 0.123);
    }),
    (Rule::CoarseCoordinate, "geometry", "in whole arc minutes, which leaves 1.9 km open", |r| {
        move_to(r, 1, 8.0 / 60.0, 7.0 / 60.0);
    }),
    (Rule::SamePosition, "geometry", "the very position of stop-0", |r| {
        r.waypoints[1].position = r.waypoints[0].position;
    }),
    (Rule::LegNeedsVehicle, "geometry", "lies 2.6 km in a straight line", |r| {
        *r = line(6, 2_600.0);
    }),
    (Rule::LegLongRide, "geometry", "is a long ride", |r| move_to(r, 5, 0.423_456, 0.123_456)),
    (Rule::Detour, "order", "visited after stop-5 (stop 6)", |r| move_to(r, 2, 0.163_456, 0.123_456)),
    (Rule::SameKey, "questions", "all 6 questions have the key \"c\"", |r| {
        r.waypoints.iter_mut().for_each(|w| w.body.questions[0].key = "c".into());
    }),
    (Rule::SameKey, "questions", "all 4 questions have the key \"c\"", |r| {
        let twins = ["q1", "q2", "q3", "q4"].map(|id| Question { id: id.into(), ..question("c") });
        r.waypoints[1].body.questions = twins.into();
    }),
    (Rule::ExhibitOutOfReach, "exhibits[0].trigger_m", "stands 61 m outside the zone", |r| {
        r.waypoints[1].body.exhibits[0].geopose.position.lat += 0.001;
    }),
    (Rule::ExhibitWithoutAsset, "exhibits[0].assets", "there is no film", |r| {
        r.waypoints[1].body.exhibits[0].kind = ExhibitKind::Video;
    }),
    (Rule::HeavyAsset, "exhibits[0].assets[0].bytes", "has 6.0 MiB; over 10 Mbit/s it comes after 6 s", |r| {
        r.waypoints[1].body.exhibits[0].kind = ExhibitKind::Model;
        r.waypoints[1].body.exhibits[0].assets = vec![asset("full", 6 << 20)];
    }),
    (Rule::MissingVariant, "exhibits[0].assets", "no variant preview (for lists), ios (for iPhones)", |r| {
        r.waypoints[1].body.exhibits[0].kind = ExhibitKind::Model;
        r.waypoints[1].body.exhibits[0].assets = vec![asset("full", 1_000)];
    }),
    (Rule::AssetWithoutSource, "exhibits[0].assets[0].source", "is missing", |r| {
        r.waypoints[1].body.exhibits[0].assets = vec![Asset { source: String::new(), ..asset("full", 1) }];
    }),
    (Rule::AssetWithoutLicence, "exhibits[0].assets[0].license", "is missing", |r| {
        r.waypoints[1].body.exhibits[0].assets = vec![Asset { license: String::new(), ..asset("full", 1) }];
    }),
    (Rule::TextTooLong, "title.en", "has 61 characters", |r| r.waypoints[1].body.title.en = "x".repeat(61)),
    (Rule::TextTooLong, "summary.zh-CN", "has 401 characters", |r| {
        r.waypoints[1].body.summary.zh_cn = "字".repeat(401);
    }),
    (Rule::HiddenCharacters, "title.en", "U+202E", |r| r.waypoints[1].body.title.en.push('\u{202e}')),
    (Rule::HiddenCharacters, "title.zh-CN", "U+200B", |r| r.waypoints[1].body.title.zh_cn.push('\u{200b}')),
    (Rule::MixedScript, "title.en", "\"Gаte\" mixes", |r| r.waypoints[1].body.title.en = "The Gаte".into()),
];

#[test]
fn every_mistake_is_named_with_its_rule_and_property_and_what_to_do() {
    assert_eq!(check(&good()), []);
    for (rule, property, expected, mistake) in MISTAKES {
        let mut route = good();
        mistake(&mut route);
        let found = check(&route);
        let named = of(*rule, &found).iter().any(|f| f.property == *property && f.message.contains(expected));
        assert!(named, "{}: {property}: «{expected}» is not in {found:#?}", rule.name());
        let by_the_way = found.iter().filter(|f| f.rule.level() == Level::Error && f.rule != *rule).count();
        assert_eq!(by_the_way, 0, "{}: {found:#?}", rule.name());
    }
}

#[test]
fn every_rule_is_broken_by_some_test_and_has_a_name_of_its_own() {
    let elsewhere = [Rule::Unreadable, Rule::MissingAsset, Rule::AssetDiffers, Rule::ClosedAtPlannedHour];
    let tested: BTreeSet<Rule> = MISTAKES.iter().map(|(rule, ..)| *rule).chain(elsewhere).collect();
    assert_eq!(tested, Rule::ALL.iter().copied().collect());
    let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
    assert!(Rule::ALL.iter().all(|rule| is_slug(rule.name()) && rule.title().ends_with('.')));
}
