//! Counters as sums: a database of an earlier release keeps every figure, and whatever somebody does to a sum is found.

use crate::both::{Database, both};
use crate::fixtures::{at, audited, check_in, create, publish, record, short_canal, uncertain, who};
use studyroute::domain::counts::{Changes, Counter, Entry, Evidence, History};
use studyroute::domain::time::parse_date;
use studyroute::store::{CountQuery, NewCheckIn, Store};

both! {
    a_sum_that_is_wrong_is_found_whatever_it_sums,
    a_database_of_an_earlier_release_keeps_every_figure,
}

/// Two people over four months, who come again, also twice a day, also out of order.
async fn log(store: &Store) -> Vec<NewCheckIn> {
    let route = publish(store, &short_canal("r", 2)).await;
    let (ann, bob) = (create(store, 1).await, create(store, 2).await);
    let days = ["2026-05-01", "2026-07-03", "2026-05-02", "2026-08-30", "2026-05-01", "2026-06-15"];
    let mut log = Vec::new();
    for (i, day) in days.iter().enumerate() {
        let hour = 9 + i % 3;
        log.push(check_in(ann, &format!("{i}"), &route, i % 2, at(&format!("{day}T{hour:02}:00"))));
        if i % 2 == 0 {
            log.push(uncertain(check_in(bob, &format!("{i}"), &route, 0, at(&format!("{day}T{hour:02}:30")))));
        }
    }
    log
}

async fn a_sum_that_is_wrong_is_found_whatever_it_sums(database: Database) {
    record(&database, &log(&database).await).await;
    assert!(database.erase_participant(who(2)).await.expect("erased"));
    assert_eq!(audited(&database).await, 6);
    for (table, spans) in [("day_counts", 0..=2), ("return_counts", 0..=4)] {
        for span in spans {
            let one = format!(
                "where span = {span} and (scope, first) = (select scope, max(first) from {table}
                               where span = {span} group by scope order by scope limit 1)"
            );
            let change = async |by: i64| {
                let changed = database.execute(&format!("update {table} set people = people + {by} {one}")).await;
                assert!(changed.expect("changed") > 0, "{table} has span {span}");
            };
            change(1).await;
            assert_ne!(database.audit().await.expect("an audit").differences, Vec::<String>::new(), "{table} {span}");
            change(-1).await;
            audited(&database).await;
        }
    }
}

/// What the earlier release kept of this log, of which the second has been erased.
fn rows_of_before(log: &[NewCheckIn]) -> Vec<String> {
    let mut rows = Vec::new();
    for participant in [who(1), who(2)] {
        let (mut history, mut changes) = (History::default(), Changes::new());
        for new in log.iter().filter(|new| new.participant == participant) {
            let NewCheckIn { occurred_ms, route, waypoint, verdict, .. } = *new;
            history.record(Entry { occurred_ms, route, waypoint, verdict }, &mut changes);
        }
        let gone = i64::from(participant == who(2));
        rows.extend(changes.iter().map(|(counter, amount)| {
            row_of_before(counter, gone, [amount.people, amount.check_ins, amount.visits, amount.hour_visits])
        }));
    }
    rows
}

fn row_of_before(counter: &Counter, gone: i64, [people, check_ins, visits, hour_visits]: [i64; 4]) -> String {
    let key = |key: Option<i64>| key.unwrap_or(-1);
    match *counter {
        Counter::Step { scope, evidence, day, previous } => {
            let is_one = |key: Option<i64>| i64::from(key.is_some());
            let hour = scope.hour.map(i64::from);
            let kind = is_one(scope.route) + 2 * is_one(scope.waypoint) + 4 * is_one(hour);
            let (route, waypoint, hour) = (key(scope.route), key(scope.waypoint), key(hour));
            let evidence = i64::from(evidence == Evidence::Inside);
            format!(
                "insert into people_steps values ({kind}, {route}, {waypoint}, {hour}, {evidence}, {day}, {previous},
                     {people}, {})
                     on conflict (kind, route_key, waypoint_key, hour, evidence, day, previous_day) do update
                     set people = people_steps.people + excluded.people,
                         erased_people = people_steps.erased_people + excluded.erased_people",
                people * gone
            )
        }
        Counter::Tally { route, waypoint, at } => {
            format!(
            "insert into tallies values ({}, {route}, {waypoint}, {}, {check_ins}, {visits}, {hour_visits}, {}, {}, {})
             on conflict (day, route_key, waypoint_key, hour) do update
             set check_ins = tallies.check_ins + excluded.check_ins, visits = tallies.visits + excluded.visits,
                 hour_visits = tallies.hour_visits + excluded.hour_visits,
                 erased_check_ins = tallies.erased_check_ins + excluded.erased_check_ins,
                 erased_visits = tallies.erased_visits + excluded.erased_visits,
                 erased_hour_visits = tallies.erased_hour_visits + excluded.erased_hour_visits",
            at.day, at.hour, check_ins * gone, visits * gone, hour_visits * gone
        )
        }
    }
}

/// All of the figures that somebody may have looked at before.
async fn figures(store: &Store) -> Vec<String> {
    let day = |date| parse_date(date).expect("a date");
    let mut figures = Vec::new();
    for (from, to) in [("2026-05-01", "2026-08-30"), ("2026-05-02", "2026-08-29"), ("2026-06-01", "2026-07-31")] {
        for by in 0..16 {
            let by = |bit: u32| by >> bit & 1 == 1;
            let query = CountQuery {
                from: day(from),
                to: day(to),
                route: None,
                by_route: by(0),
                by_waypoint: by(1),
                by_hour: by(2),
                by_day: by(3),
            };
            figures.push(format!("{:?}", store.counts(query).await.expect("counts")));
        }
    }
    figures
}

/// Gives the database the counters of the release before sums, as that one would have kept them.
async fn turn_back(database: &Database, log: &[NewCheckIn]) {
    let sqlite = matches!(database.store, Store::Sqlite(_));
    let file = format!("migrations/{}/0001_core.sql", if sqlite { "sqlite" } else { "postgres" });
    let text = std::fs::read_to_string(file).expect("readable");
    let table = |name: &str| {
        let (_, rest) = text.split_once(&format!("create table {name} (")).expect("it was made there");
        format!("create table {name} ({}", rest.split(';').next().expect("an end"))
    };
    let undo = ["count_scopes", "day_counts", "return_counts"].map(|name| format!("drop table {name}"));
    let undo = undo.into_iter().chain(["delete from _sqlx_migrations where version = 5".to_owned()]);
    let made = [table("people_steps"), table("tallies")];
    for sql in undo.chain(made).chain(rows_of_before(log)) {
        database.execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

async fn a_database_of_an_earlier_release_keeps_every_figure(mut database: Database) {
    let log = log(&database).await;
    record(&database, &log).await;
    assert!(database.erase_participant(who(2)).await.expect("erased"));
    let before = figures(&database).await;
    database.close().await;
    turn_back(&database, &log).await;
    database.store = database.again().await;
    assert_eq!(figures(&database).await, before);
    assert_eq!(audited(&database).await, 6);
}
