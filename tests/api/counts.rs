//! What operators count: one example worked out by hand, over midnight in Shanghai.
//!
//! | who | 1 May | 2 May |
//! |---|---|---|
//! | Anna | 23:50 temple | 00:10 temple, 00:20 hall |
//! | Ben | 23:59:59.999 temple | 09:00 tower |
//! | Cheng | | 00:00 tower, 00:30 and 09:30 tower again |
//! | Dora | | 09:00 tower, but only her accuracy circle reaches in |

use crate::app::{DAY, HOUR, MINUTE, START_MS, TestApp};
use serde_json::{Value, json};
use studyroute::design::keys;
use studyroute::store::{Role, Who};

const TEMPLE: &str = "confucius-mencius/confucius-temple";
const HALL: &str = "confucius-mencius/dacheng-hall";
const TOWER: &str = "peoples-canal/taibai-tower";
const MIDNIGHT: i64 = START_MS + 14 * HOUR;

async fn walk(app: &TestApp) {
    app.set_clock(MIDNIGHT + 10 * HOUR);
    let phones = app.participants(4).await;
    let [anna, ben, cheng, dora] = &phones[..] else { panic!("four phones") };
    for (phone, waypoint, when_ms) in [
        (anna, TEMPLE, -10 * MINUTE),
        (anna, TEMPLE, 10 * MINUTE),
        (anna, HALL, 20 * MINUTE),
        (ben, TOWER, 9 * HOUR),
        (ben, TEMPLE, -1),
        (cheng, TOWER, 0),
        (cheng, TOWER, 30 * MINUTE),
        (cheng, TOWER, 9 * HOUR + 30 * MINUTE),
    ] {
        assert_eq!(phone.check_in(waypoint).when(MIDNIGHT + when_ms).kept().await["verdict"], "inside");
    }
    let doubtful = dora.check_in(TOWER).north(850.0).accuracy(100.0).when(MIDNIGHT + 9 * HOUR).kept().await;
    assert_eq!(doubtful["verdict"], "uncertain");
}

/// People, visits, check-ins, people on uncertain evidence alone.
fn figures(part: &Value) -> [i64; 4] {
    assert_eq!(part["batches"], 0, "no group has come: {part}");
    ["people", "visits", "check_ins", "people_uncertain"]
        .map(|name| part[name].as_i64().unwrap_or_else(|| panic!("no {name}: {part}")))
}

/// The rows of a table by their keys.
fn rows(table: &Value, keys: &[&str]) -> Vec<(String, [i64; 4])> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let name = |row: &Value| keys.iter().map(|key| text(&row[*key])).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<_> =
        table["rows"].as_array().expect("rows").iter().map(|row| (name(row), figures(row))).collect();
    rows.sort();
    rows
}

fn expected(rows: &[(&str, [i64; 4])]) -> Vec<(String, [i64; 4])> {
    rows.iter().map(|(name, figures)| ((*name).to_string(), *figures)).collect()
}

#[tokio::test]
async fn the_example_adds_up_in_every_direction_on_sqlite() {
    adds_up(TestApp::start().await).await;
}

#[tokio::test]
async fn the_example_adds_up_in_every_direction_on_postgresql() {
    let Some(app) = TestApp::on_postgres().await else { return };
    adds_up(app).await;
}

async fn adds_up(app: TestApp) {
    walk(&app).await;
    let operator = app.operator().await;
    let all = operator.counts("").await;
    assert_eq!(
        (&all["time_zone"], &all["from"], &all["to"]),
        (&json!("Asia/Shanghai"), &json!("2026-05-01"), &json!("2026-05-02"))
    );
    assert_eq!((figures(&all), &all["exact"], &all["rows"]), ([4, 7, 9, 1], &json!(true), &json!([])));
    let by = async |keys: &[&str]| {
        let query = keys.iter().map(|key| format!("by={key}")).collect::<Vec<_>>().join("&");
        let table = operator.counts(&query).await;
        assert_eq!(figures(&table), [4, 7, 9, 1], "the total does not depend on the rows: {table}");
        rows(&table, keys)
    };
    let days = by(&["day"]).await;
    assert_eq!(days, expected(&[("2026-05-01", [2, 2, 2, 0]), ("2026-05-02", [4, 5, 7, 1])]), "6 people are 4");
    let routes = by(&["route"]).await;
    assert_eq!(routes, expected(&[("confucius-mencius", [2, 4, 4, 0]), ("peoples-canal", [3, 3, 5, 1])]));
    let waypoints = by(&["waypoint"]).await;
    assert_eq!(waypoints, expected(&[(TEMPLE, [2, 3, 3, 0]), (HALL, [1, 1, 1, 0]), (TOWER, [3, 3, 5, 1])]));
    let hours = by(&["hour"]).await;
    assert_eq!(hours, expected(&[("0", [2, 3, 4, 0]), ("23", [2, 2, 2, 0]), ("9", [3, 3, 3, 1])]));
    let pairs = by(&["day", "route"]).await;
    let of_pairs = [
        ("2026-05-01 confucius-mencius", [2, 2, 2, 0]),
        ("2026-05-02 confucius-mencius", [1, 2, 2, 0]),
        ("2026-05-02 peoples-canal", [3, 3, 5, 1]),
    ];
    assert_eq!(pairs, expected(&of_pairs));
    let by_hour = by(&["route", "hour"]).await;
    let of_hours = [
        ("confucius-mencius 0", [1, 2, 2, 0]),
        ("confucius-mencius 23", [2, 2, 2, 0]),
        ("peoples-canal 0", [1, 1, 2, 0]),
        ("peoples-canal 9", [3, 3, 3, 1]),
    ];
    assert_eq!(by_hour, expected(&of_hours));
}

#[tokio::test]
async fn a_range_and_a_route_narrow_every_figure() {
    let app = TestApp::start().await;
    walk(&app).await;
    let operator = app.operator().await;
    for (query, expected) in [
        ("from=2026-05-01&to=2026-05-01", [2, 2, 2, 0]),
        ("from=2026-05-02&to=2026-05-02", [4, 5, 7, 1]),
        ("from=2026-05-02", [4, 5, 7, 1]),
        ("to=2026-05-01", [2, 2, 2, 0]),
        ("from=2026-05-03&to=2026-05-09", [0, 0, 0, 0]),
        ("route=confucius-mencius", [2, 4, 4, 0]),
        ("route=peoples-canal", [3, 3, 5, 1]),
        ("route=confucius-mencius&from=2026-05-02", [1, 2, 2, 0]),
        ("route=peoples-canal&to=2026-05-01", [0, 0, 0, 0]),
    ] {
        assert_eq!(figures(&operator.counts(query).await), expected, "{query}");
    }
    let by_day = operator.counts("route=confucius-mencius&by=day&by=waypoint").await;
    let parts = rows(&by_day, &["day", "waypoint"]);
    let of = |day: &str, waypoint: &str| format!("{day} {waypoint}");
    let expected = [
        (of("2026-05-01", TEMPLE), [2, 2, 2, 0]),
        (of("2026-05-02", TEMPLE), [1, 1, 1, 0]),
        (of("2026-05-02", HALL), [1, 1, 1, 0]),
    ];
    assert_eq!(parts, expected);
}

#[tokio::test]
async fn somebody_surely_seen_later_no_longer_rests_on_doubt() {
    let app = TestApp::start().await;
    let (phone, operator) = (app.participant().await, app.operator().await);
    phone.check_in(TOWER).north(850.0).accuracy(100.0).kept().await;
    assert_eq!(figures(&operator.counts("").await), [1, 1, 1, 1]);
    app.pass(DAY);
    phone.check_in(TOWER).kept().await;
    assert_eq!(figures(&operator.counts("").await), [1, 2, 2, 0]);
    let days = rows(&operator.counts("by=day").await, &["day"]);
    assert_eq!(days, expected(&[("2026-05-01", [1, 1, 1, 1]), ("2026-05-02", [1, 1, 1, 0])]));
}

#[tokio::test]
async fn the_csv_says_what_the_json_says_and_ends_with_the_totals() {
    let app = TestApp::start().await;
    walk(&app).await;
    let operator = app.operator().await;
    for query in ["", "by=day", "by=day&by=waypoint", "by=hour&route=peoples-canal"] {
        let answer = operator.get(&format!("/v1/counts.csv?{query}")).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8", "{answer:?}");
        let text = answer.text();
        let body = text.strip_prefix('\u{feff}').unwrap_or_else(|| panic!("no BOM: {answer:?}"));
        assert!(body.ends_with("\r\n") && body.matches('\n').count() == body.matches("\r\n").count(), "{answer:?}");
        let mut lines = body.trim_end().split("\r\n").map(|line| line.split(',').collect::<Vec<_>>());
        let head = lines.next().expect("a head");
        let table = operator.counts(query).await;
        let mut parts = table["rows"].as_array().expect("rows").clone();
        parts.push(table.clone());
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), parts.len(), "{answer:?}");
        for (line, part) in lines.iter().zip(&parts) {
            assert_eq!(line.len(), head.len(), "{answer:?}");
            for (name, cell) in head.iter().zip(line) {
                let value = part.get(*name).or_else(|| table.get(*name)).cloned().unwrap_or(json!("all"));
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
                assert_eq!(*cell, value, "{name}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn ranges_and_parts_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    for (query, parameter) in [
        ("from=2026-05-02&to=2026-05-01", "from"),
        ("from=2016-01-01&to=2026-05-01", "to"),
        ("from=2026-02-30", "from"),
        ("to=20260501", "to"),
        ("from=", "from"),
        ("from=2026-05-01T00:00:00Z", "from"),
        ("by=month", "by"),
        ("by=", "by"),
        ("by=day,route", "by"),
        ("route=atlantis", "route"),
        ("from=2026-05-01&from=2026-05-01", "from"),
    ] {
        for path in ["/v1/counts", "/v1/counts.csv"] {
            let problem = app.get(&format!("{path}?{query}")).await.refused(400, "invalid-parameter");
            assert_eq!(problem["parameter"], parameter, "{query}");
        }
    }
    app.get("/v1/counts?group=day").await.refused(400, "unknown-parameter");
    app.get("/v1/counts?from=2016-05-01&to=2026-05-01").await.expect(200);
}

#[tokio::test]
async fn a_key_that_no_longer_holds_is_refused_and_not_shown_the_public_figures() {
    let app = TestApp::start().await;
    let operator = app.operator().await;
    let short = app.staff(Role::Admin, Some(app.now() + HOUR)).await;
    assert_eq!(operator.counts("").await["exact"], true);
    assert_eq!(short.counts("").await["exact"], true);
    app.pass(HOUR);
    short.get("/v1/counts").await.refused(401, "token-invalid");
    let store = app.store().await;
    assert!(keys::revoke(&store, operator.id, &Who::command_line(), app.now()).await.expect("the database"));
    store.close().await;
    for path in ["/v1/counts", "/v1/counts.csv", "/v1/counts?by=day"] {
        operator.get(path).await.refused(401, "token-invalid");
    }
    app.get("/v1/counts").bearer("srk_garbage").await.refused(401, "token-invalid");
}
