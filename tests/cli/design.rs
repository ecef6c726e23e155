//! A designer's work from the first file to what visitors get, and back.

use super::{Desk, text};
use serde_json::{Value, json};
use studyroute::ambient::Ambient;
use studyroute::domain::time;

const CANAL: &str = "peoples-canal";

/// A desk with a published route.
fn canal() -> Desk {
    let desk = Desk::new();
    desk.json(&["import", "routes-data/peoples-canal"]);
    desk
}

/// A desk with a draft of three stops that nobody has written about.
fn bare() -> Desk {
    let desk = Desk::new();
    let table = "name,lat,lon\nDaicun Dam,35.89619,116.551672\nShili Lock,35.608292,116.354099\n";
    let file = desk.file("stops.csv", table);
    desk.json(&["import", &file, "--route", "walk"]);
    desk
}

fn rename(desk: &Desk, title: &str) {
    desk.says(&["draft", "title", CANAL, "--en", title]);
}

fn revisions(desk: &Desk, route: &str) -> Vec<(String, String, String)> {
    let rows = desk.json(&["history", route]);
    let cell = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_string();
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| (cell(row, "revision"), cell(row, "what"), cell(row, "note"))).collect()
}

fn next_month() -> String {
    time::rfc3339(Ambient::system().now_ms() + 30 * 86_400_000)
}

fn row(revision: &str, what: &str, note: &str) -> (String, String, String) {
    (revision.into(), what.into(), note.into())
}

#[test]
fn a_draft_with_mistakes_is_not_published_and_the_way_on_is_named() {
    let desk = bare();
    let lint = desk.refuses(&["lint", "walk"]);
    for part in ["no-title", "Mend the errors", "studyroute draft title walk --zh … --en …"] {
        assert!(lint.contains(part), "{part}: {lint}");
    }
    let said = desk.refuses(&["publish", "walk"]);
    for part in ["walk cannot be published: 1 mistake must be mended first: no-title (1).", "studyroute lint walk"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let refusal = desk.refusal(&["publish", "walk"]);
    assert_eq!((&refusal["code"], &refusal["errors"]), (&json!("lint-errors"), &json!({"no-title": 1})));
    assert_eq!(revisions(&desk, "walk"), []);
}

#[test]
fn warnings_are_shown_by_rule_and_what_the_refusal_names_is_what_lets_the_draft_through() {
    let desk = bare();
    desk.says(&["draft", "title", "walk", "--zh", "运河走读", "--en", "A canal walk"]);
    let said = desk.refuses(&["publish", "walk", "--acknowledge", "no-summary,few-facts"]);
    assert!(said.contains("no-county (2)") && said.contains("… and "), "{said}");
    let rules = said.trim_end().rsplit_once("--acknowledge ").expect("the way on").1.to_string();
    assert!(rules.contains("few-facts"), "what was said already is said again: {rules}");
    let lint = desk.json(&["lint", "walk"]);
    let named: Vec<&str> = lint["to_acknowledge"].as_object().expect("rules").keys().map(String::as_str).collect();
    assert_eq!(rules, named.join(","), "the lint names the same");
    let said = desk.says(&["publish", "walk", "--acknowledge", &rules, "--note", "第一版"]);
    assert!(said.contains("walk is published as revision 1, with 2 waypoints added"), "{said}");
    assert_eq!(revisions(&desk, "walk"), [row("1", "publish", "第一版")]);
    let said = desk.refuses(&["publish", "walk"]);
    assert!(said.contains("walk has no draft"), "{said}");
}

#[test]
fn a_file_can_be_taken_and_published_in_one_go_and_a_refusal_keeps_it_in_the_draft() {
    let desk = canal();
    let file = desk.file("title.csv", "id,title.en\ndaicun-dam,The Daicun Dam\n");
    let args = ["import", &file, "--route", CANAL, "--publish", "--note", "a name"];
    let done = desk.json(&args);
    assert_eq!((&done["publication"]["revision"], &done["publication"]["changed"]), (&json!(2), &json!(1)), "{done}");
    assert_eq!(revisions(&desk, CANAL)[0], row("2", "publish", "a name"));
    let file = desk.file("facts.csv", "id,summary.en\ndaicun-dam,\n");
    let refused = desk.refusal(&["import", &file, "--route", CANAL, "--publish"]);
    assert_eq!(refused["files"][0]["report"]["changed"], 1, "{refused}");
    assert_eq!(refused["publication"]["code"], "lint-warnings", "{refused}");
    let wrong = desk.file("wrong.csv", "id,lat,lon\ndaicun-dam,x,y\n");
    let said = desk.refuses(&["import", &wrong, "--route", CANAL, "--publish"]);
    assert!(said.contains("Nothing was published, because not every file was taken."), "{said}");
    assert_eq!(revisions(&desk, CANAL).len(), 2);
}

#[test]
fn a_route_is_renamed_compared_published_restored_and_taken_back() {
    let desk = canal();
    rename(&desk, "The Other Canal");
    let english = desk.says(&["diff", CANAL]);
    assert!(english.starts_with("Route: title.en:") && english.contains("The Other Canal"), "{english}");
    assert!(desk.says(&["diff", CANAL, "--lang", "zh-CN"]).starts_with("路线："));
    assert_eq!(desk.json(&["diff", CANAL])["fields"][0]["path"], "title.en");
    desk.says(&["publish", CANAL]);
    assert_eq!(desk.says(&["diff", CANAL, "--from", "2"]).lines().count(), 1);
    let said = desk.says(&["restore", CANAL, "1", "--note", "as it was"]);
    assert!(said.contains("published as revision 3"), "{said}");
    assert!(desk.says(&["restore", CANAL, "1"]).contains("nothing differs from revision 3"));
    let said = desk.says(&["unpublish", CANAL, "--note", "works on the dam"]);
    assert!(said.contains("no longer served; what it held is its draft"), "{said}");
    assert!(desk.refuses(&["unpublish", CANAL]).contains("is not published"));
    let expected = [
        row("4", "withdraw", "works on the dam"),
        row("3", "restore of revision 1", "as it was"),
        row("2", "publish", ""),
        row("1", "import", ""),
    ];
    assert_eq!(revisions(&desk, CANAL), expected);
    assert_eq!(desk.json(&["draft", "list"])[0]["published"], "taken back with revision 4");
    let log = desk.json(&["audit", "--route", CANAL]);
    let log = log.as_array().expect("rows").iter();
    let actions: Vec<&str> = log.clone().filter_map(|row| row["action"].as_str()).collect();
    assert_eq!(actions, ["withdraw", "restore", "publish", "change route", "import"]);
    assert!(log.clone().all(|row| row["who"] == "command line" && row["outcome"] == "done"));
}

#[test]
fn a_dropped_draft_leaves_what_is_published() {
    let desk = canal();
    rename(&desk, "The Other Canal");
    desk.says(&["draft", "drop", CANAL]);
    assert!(desk.refuses(&["draft", "drop", CANAL]).contains("has no draft to drop"));
    assert_ne!(desk.json(&["draft", "show", CANAL])["title"]["en"], "The Other Canal");
    assert_eq!(revisions(&desk, CANAL).len(), 1);
}

#[test]
fn a_rehearsal_is_drawn_told_and_written_as_a_page_and_the_same_seed_gives_the_same() {
    let desk = canal();
    let page = desk.path("report.html");
    let args = ["rehearse", CANAL, "--walkers", "40", "--seed", "7"];
    let first = desk.says(&[&args[..], &["--html", &page, "--lang", "zh-CN"]].concat());
    assert!(first.contains("戴村坝") && first.contains("40人中"), "{first}");
    assert!(std::fs::read_to_string(&page).expect("a page").contains("<svg"));
    let english = desk.says(&args);
    assert!(english.contains("Daicun") && english.contains("Of 40 walkers, "), "{english}");
    assert_eq!(desk.says(&args), english);
    let told = desk.json(&args);
    assert_eq!((&told["seed"], told["waypoints"].as_array().map(Vec::len)), (&json!(7), Some(26)));
    assert!(desk.refuses(&["rehearse", CANAL, "--walkers", "0"]).contains("walkers must be from 1"));
}

#[test]
fn a_scheduled_draft_stands_still_until_its_time_is_taken_back() {
    let desk = canal();
    assert!(desk.refuses(&["schedule", CANAL, "--at", "2100-01-01T00:00:00Z"]).contains("at most a year from now"));
    rename(&desk, "The Other Canal");
    assert!(desk.refuses(&["schedule", CANAL, "--at", "2020-01-01T00:00:00Z"]).contains("a time in the future"));
    let at = next_month();
    let set = desk.json(&["schedule", CANAL, "--at", &at, "--note", "holiday"]);
    assert_eq!((&set["at"], &set["note"]), (&json!(at), &json!("holiday")));
    assert_eq!(desk.json(&["draft", "list"])[0]["schedule"], at);
    let said = desk.refuses(&["draft", "title", CANAL, "--en", "x"]);
    assert!(said.contains(&at) && said.contains("studyroute schedule peoples-canal --cancel"), "{said}");
    assert_eq!(desk.json(&["schedule", CANAL, "--cancel"])["cancelled"], true);
    assert_eq!(desk.json(&["schedule", CANAL, "--cancel"])["cancelled"], false);
    rename(&desk, "x");
    assert_eq!(revisions(&desk, CANAL).len(), 1);
}

#[test]
fn wrong_usage_by_designers_exits_with_2_and_says_what_is_right() {
    let desk = Desk::new();
    let file = desk.file("stops.csv", "name,lat,lon\n");
    for (args, said) in [
        (&["import", &file, "--publish"][..], "--route"),
        (&["import", &file, "--route", "Big Walk"], "lower-case letters"),
        (&["import", &file, "--route", "walk", "--partial", "--replace"], "cannot be used with"),
        (&["import", &file, &file, "--route", "walk", "--replace"], "--replace takes one file"),
        (&["import", &file, "--route", "walk", "--radius-m", "0"], "from 1 to 100000"),
        (&["import", &file, "--route", "walk", "--source", " "], "1 to 500 characters"),
        (&["import", &file, "--route", "walk", "--dry-run", "--publish"], "cannot be used with"),
        (&["publish", "walk", "--acknowledge", "no-title"], "is not the name of a warning"),
        (&["publish", "walk", "--note", &"x".repeat(1_001)], "at most 1000 characters"),
        (&["export", "walk", "--format", "docx"], "geojson, gpx, kml, kmz, csv, tsv or xlsx"),
        (&["export", "walk", "--of", "0"], "must be draft, published or the number of a revision"),
        (&["diff", "walk", "--lang", "fr"], "zh-CN or en"),
        (&["lint", "walk", "--planned-hour", "24"], "24"),
        (&["schedule", "walk"], "--cancel"),
        (&["schedule", "walk", "--at", "tomorrow"], "a time with its zone"),
        (&["draft", "title", "walk"], "--summary-en"),
    ] {
        let output = desk.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{args:?}: {}", text(&output.stderr));
    }
    assert_eq!(desk.json(&["draft", "list"]), json!([]));
}

#[test]
fn a_route_that_is_not_there_is_named_with_how_to_begin_it() {
    let desk = Desk::new();
    for args in [
        &["lint", "walk"][..],
        &["diff", "walk"],
        &["rehearse", "walk"],
        &["publish", "walk"],
        &["unpublish", "walk"],
        &["restore", "walk", "1"],
        &["history", "walk"],
        &["schedule", "walk", "--at", &next_month()],
        &["schedule", "walk", "--cancel"],
        &["draft", "show", "walk"],
        &["draft", "drop", "walk"],
        &["draft", "title", "walk", "--en", "x"],
    ] {
        let said = desk.refuses(args);
        assert!(said.contains("studyroute import FILE --route walk begins one"), "{args:?}: {said}");
    }
}
