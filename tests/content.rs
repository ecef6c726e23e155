//! The two study routes that come with the service, held to what was promised of them.

use std::collections::BTreeSet;
use std::path::Path;
use studyroute::domain::route::{StudyRoute, Text};
use studyroute::domain::zone::Zone;
use studyroute::formats::geojson;

/// A tighter zone than this is usable without a survey.
const SURVEY_ABOVE_M: f64 = 150.0;

fn routes() -> Vec<StudyRoute> {
    let files = studyroute::app::route_files(Path::new("routes-data"));
    assert!(!files.is_empty(), "routes-data holds route files");
    files
        .iter()
        .map(|file| {
            let bytes = std::fs::read(file).expect("readable");
            let route = geojson::read(&bytes).unwrap_or_else(|findings| panic!("{}: {findings:#?}", file.display()));
            let folder = file.parent().and_then(Path::file_name).expect("a folder").to_string_lossy();
            assert_eq!(route.slug, folder, "the folder has the route's name");
            route
        })
        .collect()
}

#[test]
fn every_route_file_is_fit_to_be_published_and_whole() {
    let found: Vec<(String, usize)> = routes().into_iter().map(|r| (r.slug, r.waypoints.len())).collect();
    assert_eq!(found, [("confucius-mencius".to_string(), 28), ("peoples-canal".to_string(), 26)]);
}

#[test]
fn every_waypoint_has_one_question_one_exhibit_and_facts_with_sources() {
    for waypoint in routes().iter().flat_map(|r| &r.waypoints) {
        let body = &waypoint.body;
        assert_eq!((body.questions.len(), body.exhibits.len()), (1, 1), "{}", waypoint.id);
        assert!(body.facts.iter().all(|fact| fact.source.len() > 3), "{}", waypoint.id);
        assert!(body.exhibits[0].trigger_m <= body.zone.reach_m(waypoint.position), "{}", waypoint.id);
    }
}

#[test]
fn wide_zones_say_that_they_wait_for_a_survey() {
    for waypoint in routes().iter().flat_map(|r| &r.waypoints) {
        let Zone::Circle { radius_m, to_be_surveyed } = waypoint.body.zone else {
            panic!("{} is no circle", waypoint.id)
        };
        assert_eq!(to_be_surveyed, radius_m > SURVEY_ABOVE_M, "{}", waypoint.id);
        assert!(radius_m >= waypoint.body.coordinate.precision_m, "{}", waypoint.id);
    }
}

#[test]
fn right_answers_do_not_always_have_the_same_letter_or_the_most_words() {
    for route in routes() {
        let questions: Vec<_> = route.waypoints.iter().flat_map(|w| &w.body.questions).collect();
        for letter in ["a", "b", "c", "d"] {
            let share = questions.iter().filter(|q| q.key == letter).count() * 100 / questions.len();
            assert!((10..=40).contains(&share), "{}: {share} % of the keys are {letter}", route.slug);
        }
        let longest = questions.iter().filter(|q| {
            let length = |id: &str| q.options.iter().find(|o| o.id == id).map_or(0, |o| o.text.zh_cn.chars().count());
            q.options.iter().all(|o| o.id == q.key || length(&o.id) < length(&q.key))
        });
        assert!(longest.count() * 100 / questions.len() < 40, "{}", route.slug);
    }
}

#[test]
fn chinese_is_chinese_and_english_is_english() {
    let han = |text: &str| text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
    let check = |id: &str, text: &Text| {
        assert!(han(&text.zh_cn) * 3 > text.zh_cn.chars().count(), "{id}: {}", text.zh_cn);
        assert_eq!(han(&text.en), 0, "{id}: {}", text.en);
    };
    for route in routes() {
        check(&route.slug, &route.summary);
        for waypoint in &route.waypoints {
            check(&waypoint.id, &waypoint.body.summary);
            for exhibit in &waypoint.body.exhibits {
                check(&waypoint.id, &exhibit.alt);
                check(&waypoint.id, &exhibit.text);
            }
        }
    }
}

#[test]
fn names_are_unique_over_both_routes() {
    let routes = routes();
    let all: Vec<&str> = routes.iter().flat_map(|r| r.waypoints.iter().map(|w| w.id.as_str())).collect();
    let exhibits: Vec<&str> =
        routes.iter().flat_map(|r| &r.waypoints).map(|w| w.body.exhibits[0].id.as_str()).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert_eq!(exhibits.iter().collect::<BTreeSet<_>>().len(), exhibits.len());
}
