//! What the public is told of the counts: nothing small, nothing exact, and no way to subtract one figure from another.

use crate::app::TestApp;
use serde_json::{Value, json};
use studyroute::store::Role;

const TEMPLE: &str = "confucius-mencius/confucius-temple";
const HALL: &str = "confucius-mencius/dacheng-hall";
const TOWER: &str = "peoples-canal/taibai-tower";

/// As many people at each waypoint, everybody at one only.
async fn visit(app: &TestApp, parts: &[(&str, usize)]) {
    for (waypoint, people) in parts {
        for phone in app.participants(*people).await {
            phone.check_in(waypoint).kept().await;
        }
    }
}

async fn public(app: &TestApp, query: &str) -> Value {
    app.get(&format!("/v1/counts?{query}")).await.expect(200).json()
}

fn figures(part: &Value) -> Value {
    json!([part["people"], part["visits"], part["check_ins"]])
}

fn row<'a>(table: &'a Value, key: &str, name: &str) -> &'a Value {
    let rows = table["rows"].as_array().expect("rows");
    rows.iter().find(|row| row[key] == name).unwrap_or_else(|| panic!("no {name}: {table}"))
}

#[tokio::test]
async fn nine_people_are_not_told_and_ten_are() {
    let app = TestApp::start().await;
    visit(&app, &[(TEMPLE, 9)]).await;
    let nine = public(&app, "").await;
    assert_eq!(figures(&nine), json!([null, null, null]), "{nine}");
    assert_eq!((&nine["exact"], &nine["batches"], nine.get("people_uncertain")), (&json!(false), &json!(null), None));
    visit(&app, &[(TEMPLE, 1)]).await;
    assert_eq!(figures(&public(&app, "").await), json!([10, 10, 10]));
}

#[tokio::test]
async fn figures_are_rounded_to_five() {
    let app = TestApp::start().await;
    for (people, told) in [(12, 10), (13, 15), (17, 15), (18, 20)] {
        let so_far = app.operator().await.counts("").await["people"].as_u64().expect("a number");
        visit(&app, &[(HALL, people - usize::try_from(so_far).expect("small"))]).await;
        assert_eq!(figures(&public(&app, "").await), json!([told, told, told]), "{people} people");
    }
}

#[tokio::test]
async fn many_visits_of_few_people_are_hidden_with_them() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let items: Vec<Value> = (0..50).map(|_| phone.check_in(HALL).body).collect();
    phone.batch(&items).await.expect(200);
    visit(&app, &[(TEMPLE, 30), (TOWER, 3)]).await;
    let table = public(&app, "by=waypoint").await;
    assert_eq!(figures(&table), json!([35, 35, 85]), "34 people, 34 visits, 83 check-ins: {table}");
    assert_eq!(figures(row(&table, "waypoint", HALL)), json!([null, null, null]), "{table}");
    assert_eq!(figures(row(&table, "waypoint", TEMPLE)), json!([30, 30, 30]), "two parts are hidden, that is enough");
}

#[tokio::test]
async fn a_lone_hidden_part_takes_the_smallest_shown_one_with_it() {
    let app = TestApp::start().await;
    visit(&app, &[(TEMPLE, 12), (HALL, 33), (TOWER, 3)]).await;
    let table = public(&app, "by=waypoint").await;
    assert_eq!(figures(&table), json!([50, 50, 50]), "48 people: {table}");
    assert_eq!(figures(row(&table, "waypoint", HALL)), json!([35, 35, 35]), "{table}");
    for hidden in [TEMPLE, TOWER] {
        assert_eq!(figures(row(&table, "waypoint", hidden)), json!([null, null, null]), "{table}");
    }
    let routes = public(&app, "by=route").await;
    for hidden in ["confucius-mencius", "peoples-canal"] {
        assert_eq!(figures(row(&routes, "route", hidden)), json!([null, null, null]), "{routes}");
    }
    let csv = app.get("/v1/counts.csv?by=waypoint").await.expect(200).text();
    assert!(csv.contains(&format!("{TEMPLE},,,,\r\n")) && csv.ends_with("all,50,50,,50\r\n"), "{csv}");
}

#[tokio::test]
async fn a_route_with_few_people_is_hidden_when_asked_for_alone() {
    let app = TestApp::start().await;
    visit(&app, &[(TEMPLE, 25), (TOWER, 4)]).await;
    let canal = public(&app, "route=peoples-canal&by=day").await;
    assert_eq!(figures(&canal), json!([null, null, null]), "{canal}");
    assert_eq!(figures(&canal["rows"][0]), json!([null, null, null]), "{canal}");
}

#[tokio::test]
async fn only_operators_and_admins_see_exact_figures() {
    let app = TestApp::start().await;
    visit(&app, &[(TEMPLE, 3)]).await;
    let (designer, phone) = (app.staff(Role::Designer, None).await, app.participant().await);
    assert_eq!(designer.counts("").await, public(&app, "").await);
    assert_eq!(phone.get("/v1/counts").await.expect(200).json(), public(&app, "").await);
    for role in [Role::Operator, Role::Admin] {
        let answer = app.staff(role, None).await.get("/v1/counts").await.expect(200);
        assert_eq!(figures(&answer.json()), json!([3, 3, 3]));
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
        assert!(answer.header("vary").contains("authorization"), "{answer:?}");
    }
}
