//! The rehearsal of the study routes that come with the service, and its report.

use std::collections::BTreeMap;
use std::path::Path;
use studyroute::domain::rehearsal::{Plan, Rehearsal, Setting, chart, rehearse};
use studyroute::domain::route::{Lang, StudyRoute};
use studyroute::domain::zone::Zone;
use studyroute::formats::geojson;
use studyroute::web::rehearsal::{STYLE, page};

fn routes() -> Vec<StudyRoute> {
    let files = studyroute::app::route_files(Path::new("routes-data"));
    let read = |file: &std::path::PathBuf| geojson::read(&std::fs::read(file).expect("readable")).expect("good");
    files.iter().map(read).collect()
}

fn plan() -> Plan {
    Plan { walkers: 400, seed: 20_261_124, group_size: 40, settings: BTreeMap::new() }
}

fn rehearsed(route: &StudyRoute) -> Rehearsal {
    rehearse(route, &plan()).expect("fit")
}

/// The same route with zones nobody can be sure to be in.
fn narrowed(mut route: StudyRoute, radius_m: f64) -> StudyRoute {
    for waypoint in &mut route.waypoints {
        waypoint.body.zone = Zone::Circle { radius_m, to_be_surveyed: false };
        waypoint.body.coordinate.precision_m = radius_m;
    }
    route
}

#[test]
fn both_routes_let_everybody_in_whose_upload_is_not_too_old() {
    let routes = routes();
    assert_eq!(routes.len(), 2);
    for route in &routes {
        for outcome in rehearsed(route).waypoints {
            assert_eq!(outcome.failed, outcome.too_old, "{}", outcome.id);
            assert!(outcome.fails_rarely() && outcome.advised_radius_m().is_none(), "{}", outcome.id);
        }
    }
}

#[test]
fn the_courtyards_of_the_temple_are_found() {
    let route = routes().into_iter().find(|route| route.slug == "confucius-mencius").expect("there");
    let found = rehearsed(&route).waypoints;
    let courtyards: Vec<&str> =
        found.iter().filter(|o| o.setting == Setting::Courtyard).map(|o| o.id.as_str()).collect();
    let temple =
        ["confucius-temple", "kuiwen-pavilion", "thirteen-stele-pavilions", "apricot-platform", "dacheng-hall"];
    assert_eq!(courtyards, temple);
}

#[test]
fn the_page_stands_alone_and_names_every_stop() {
    for route in routes() {
        for (lang, radius_m) in [(Lang::ZhCn, None), (Lang::En, None), (Lang::En, Some(5.0))] {
            let route = radius_m.map_or_else(|| route.clone(), |radius_m| narrowed(route.clone(), radius_m));
            let rehearsal = rehearsed(&route);
            let page = page(&route, &rehearsal, lang);
            assert!(page.starts_with(&format!("<!DOCTYPE html><html lang=\"{}\">", lang.tag())));
            assert_eq!(page.matches("<style>").count(), 1);
            assert!(page.contains(&format!("<style>{STYLE}</style>")));
            for foreign in ["<script", "http://", "https://", "url(", "@import", " style=", " src=", " href=", "<link"]
            {
                assert!(!page.contains(foreign), "{foreign}");
            }
            assert_eq!(page.matches("<tr>").count(), route.waypoints.len() + 1);
            for outcome in &rehearsal.waypoints {
                let title = outcome.title.get(lang).replace('&', "&amp;");
                // In the table, and on the map for who points at its number.
                assert!(page.matches(&title).count() >= 2, "{title}");
            }
            assert!(page.contains(if lang == Lang::En { "Seed 20261124" } else { "种子20261124" }));
            assert_eq!(
                page.matches("<figure").count() - 1,
                page.matches("<figcaption><b>").count(),
                "letters are explained"
            );
            assert!(page.contains("class=\"bar\"") && page.contains("class=\"arrow\""));
        }
    }
}

#[test]
fn the_page_says_first_what_to_do() {
    let route = routes().into_iter().find(|route| route.slug == "peoples-canal").expect("there");
    let good = page(&route, &rehearsed(&route), Lang::En);
    assert!(good.contains("at no stop do 1 % or more stay out") && !good.contains("widen the zone"));
    let all = narrowed(route.clone(), 2.0);
    let failing = rehearsed(&all).waypoints.iter().filter(|outcome| !outcome.fails_rarely()).count();
    let crowded = page(&all, &rehearsed(&all), Lang::En);
    assert_eq!(crowded.matches("widen the zone to").count(), 8, "what is most urgent");
    assert!(crowded.contains(&format!("and {} more, in the table.", failing - 8)));
    let mut narrow = route;
    narrow.waypoints[1] = all.waypoints[1].clone();
    let rehearsal = rehearsed(&narrow);
    let dam = &rehearsal.waypoints[1];
    let radius_m = dam.advised_radius_m().expect("too narrow");
    let told =
        format!("at stop 2, Daicun Dam, {} of 400 would not get in: widen the zone to {radius_m} m.", dam.failed);
    assert!(page(&narrow, &rehearsal, Lang::En).contains(&told), "{told}");
    let told = format!("在第2站戴村坝，400名中有{}名打不上卡：把范围加宽到{radius_m}米。", dam.failed);
    assert!(page(&narrow, &rehearsal, Lang::ZhCn).contains(&told), "{told}");
}

#[test]
fn names_cannot_break_out_of_the_page() {
    let mut route = routes().remove(0);
    let evil = "</title><script>alert(1)</script><b a=\"'&";
    route.title.en = evil.into();
    route.waypoints.iter_mut().for_each(|waypoint| waypoint.body.title.en = evil.into());
    let page = page(&route, &rehearsed(&route), Lang::En);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn the_chart_has_a_line_for_every_stop_and_a_legend() {
    for route in routes() {
        let chart = chart(&rehearsed(&route), 100, Lang::ZhCn);
        assert_eq!(chart.lines().count(), route.waypoints.len() + 1);
        assert!(chart.contains('█') && chart.ends_with("█ 一次成功  ▓ 第二次定位  ▒ 更晚  ░ 未成功\n"));
    }
}
