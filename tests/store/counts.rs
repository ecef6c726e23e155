//! Counting: an example worked out by hand, across midnight in Shanghai, and what erasing somebody leaves of it.

use crate::both::{Database, both};
use crate::fixtures::{at, audited, check_in, create, publish, record, record_new, short_canal, uncertain, who};
use studyroute::domain::route::Published;
use studyroute::domain::time::{Day, parse_date, parse_rfc3339};
use studyroute::store::{CountQuery, CountRow, Counted, NewCheckIn, Store};

both! {
    every_figure_is_what_one_counts_by_hand,
    a_day_ends_at_midnight_in_shanghai_to_the_millisecond,
    the_order_of_arrival_changes_no_figure,
    erasing_somebody_changes_no_figure_and_leaves_no_row,
    whoever_comes_after_an_erasure_is_counted_on_top,
    nothing_is_counted_before_the_first_check_in,
}

#[test]
fn what_was_erased_is_not_in_the_files_of_sqlite_any_more() {
    crate::both::on_sqlite(erased_from_the_files);
}

fn day(date: &str) -> Day {
    parse_date(date).expect("a date")
}

/// Ann, Bob and Cid on two routes, about midnight between the first and the second of May.
async fn example(store: &Store) -> Vec<NewCheckIn> {
    let r = publish(store, &short_canal("r", 2)).await;
    let s = publish(store, &short_canal("s", 1)).await;
    for number in 1..=3 {
        create(store, number).await;
    }
    let (ann, bob, cid) = (who(1), who(2), who(3));
    let last_ms = parse_rfc3339("2026-05-01T15:59:59.999Z").expect("an instant");
    let new = |who, id: &str, route: &Published, stop, local: &str| check_in(who, id, route, stop, at(local));
    vec![
        check_in(ann, "1", &r, 0, last_ms),
        new(ann, "2", &r, 0, "2026-05-02T00:00"),
        new(ann, "3", &r, 0, "2026-05-02T00:30"),
        uncertain(new(ann, "4", &r, 1, "2026-05-02T09:00")),
        uncertain(new(bob, "1", &r, 0, "2026-05-01T23:10")),
        uncertain(new(bob, "2", &r, 0, "2026-05-02T00:10")),
        new(cid, "1", &s, 0, "2026-05-02T00:05"),
        new(bob, "3", &r, 0, "2026-05-02T13:00"),
    ]
}

/// `[people, people_uncertain, visits, check_ins]`
type Figures = [i64; 4];

fn figures(counted: Counted) -> Figures {
    [counted.people, counted.people_uncertain, counted.visits, counted.check_ins]
}

/// The rows of an answer as text: the parts that a row names, and its figures.
async fn answer(store: &Store, query: CountQuery) -> Vec<(String, Figures)> {
    let stops = short_canal("r", 2).waypoints;
    let name = |row: &CountRow| {
        let route = row.route.clone();
        let stop = row.waypoint.clone().map(|w| w.replace(&stops[0].id, "0").replace(&stops[1].id, "1"));
        let hour = row.hour.map(|hour| format!("{hour}h"));
        let day = row.day.map(|at| format!("May {}", at - day("2026-04-30")));
        [route, stop, hour, day].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let mut rows: Vec<(String, Figures)> =
        store.counts(query).await.expect("counts").iter().map(|row| (name(row), figures(row.counted))).collect();
    rows.sort();
    rows
}

fn both_days() -> CountQuery {
    CountQuery { from: day("2026-05-01"), to: day("2026-05-02"), ..CountQuery::default() }
}

fn expect(rows: &[(&str, Figures)]) -> Vec<(String, Figures)> {
    rows.iter().map(|(name, figures)| ((*name).to_owned(), *figures)).collect()
}

async fn every_figure_is_what_one_counts_by_hand(database: Database) {
    record(&database, &example(&database).await).await;
    every_figure_is_right(&database).await;
    assert_eq!(database.counted_days().await.expect("days").map(|days| days.0), Some(day("2026-05-01")));
    assert_eq!(audited(&database).await, 8);
}

async fn every_figure_is_right(store: &Store) {
    let q = both_days();
    let r = store.route_key("r").await.expect("a key");
    let s = store.route_key("s").await.expect("a key");
    let first = CountQuery { to: q.from, ..q };
    let second = CountQuery { from: q.to, ..q };
    let cases: [(CountQuery, &[(&str, Figures)]); 8] = [
        (q, &[("", [3, 0, 6, 8])]),
        (first, &[("", [2, 1, 2, 2])]),
        (second, &[("", [3, 0, 4, 6])]),
        (CountQuery { by_day: true, ..q }, &[("May 1", [2, 1, 2, 2]), ("May 2", [3, 0, 4, 6])]),
        (CountQuery { by_route: true, ..q }, &[("r", [2, 0, 5, 7]), ("s", [1, 0, 1, 1])]),
        (CountQuery { route: r, ..q }, &[("", [2, 0, 5, 7])]),
        (CountQuery { route: s, ..first }, &[]),
        (CountQuery { route: r, by_route: true, by_day: true, ..second }, &[("r May 2", [2, 0, 3, 5])]),
    ];
    all_are(store, &cases).await;
    every_finer_figure_is_right(store, q, r, s).await;
}

async fn every_finer_figure_is_right(store: &Store, q: CountQuery, r: Option<i64>, s: Option<i64>) {
    let by_all = CountQuery { by_waypoint: true, by_hour: true, by_day: true, route: r, ..q };
    let cases: [(CountQuery, &[(&str, Figures)]); 5] = [
        (
            CountQuery { by_waypoint: true, ..q },
            &[("r r/0", [2, 0, 4, 6]), ("r r/1", [1, 1, 1, 1]), ("s s/0", [1, 0, 1, 1])],
        ),
        (
            CountQuery { by_hour: true, ..q },
            &[("0h", [3, 1, 3, 4]), ("13h", [1, 0, 1, 1]), ("23h", [2, 1, 2, 2]), ("9h", [1, 1, 1, 1])],
        ),
        (
            CountQuery { by_waypoint: true, by_day: true, route: r, ..q },
            &[("r r/0 May 1", [2, 1, 2, 2]), ("r r/0 May 2", [2, 0, 2, 4]), ("r r/1 May 2", [1, 1, 1, 1])],
        ),
        (CountQuery { by_hour: true, route: s, ..q }, &[("0h", [1, 0, 1, 1])]),
        (
            by_all,
            &[
                ("r r/0 0h May 2", [2, 1, 2, 3]),
                ("r r/0 13h May 2", [1, 0, 1, 1]),
                ("r r/0 23h May 1", [2, 1, 2, 2]),
                ("r r/1 9h May 2", [1, 1, 1, 1]),
            ],
        ),
    ];
    all_are(store, &cases).await;
}

async fn all_are(store: &Store, cases: &[(CountQuery, &[(&str, Figures)])]) {
    for (query, expected) in cases {
        assert_eq!(answer(store, *query).await, expect(expected), "{query:?}");
    }
}

async fn a_day_ends_at_midnight_in_shanghai_to_the_millisecond(database: Database) {
    let route = publish(&database, &short_canal("r", 1)).await;
    let ann = create(&database, 1).await;
    let midnight_ms = at("2026-05-02T00:00");
    record_new(&database, &check_in(ann, "before", &route, 0, midnight_ms - 1)).await;
    let by_day = CountQuery { by_day: true, ..both_days() };
    assert_eq!(answer(&database, by_day).await, expect(&[("May 1", [1, 0, 1, 1])]));
    record_new(&database, &check_in(ann, "after", &route, 0, midnight_ms)).await;
    assert_eq!(answer(&database, by_day).await, expect(&[("May 1", [1, 0, 1, 1]), ("May 2", [1, 0, 1, 1])]));
    assert_eq!(answer(&database, both_days()).await, expect(&[("", [1, 0, 2, 2])]));
}

async fn the_order_of_arrival_changes_no_figure(database: Database) {
    let mut log = example(&database).await;
    log.reverse();
    for new in &log {
        record_new(&database, new).await;
    }
    every_figure_is_right(&database).await;
    assert_eq!(audited(&database).await, 8);
}

async fn erasing_somebody_changes_no_figure_and_leaves_no_row(database: Database) {
    record(&database, &example(&database).await).await;
    assert!(database.erase_participant(who(2)).await.expect("erased"));
    every_figure_is_right(&database).await;
    assert_eq!(audited(&database).await, 5);
    assert_eq!(database.number("select count(*) from check_ins").await, 5);
    assert_eq!(database.number("select count(*) from participants").await, 2);
    assert!(database.participant(who(2)).await.expect("asked").is_none());
    assert_eq!(database.check_ins_of(who(2), 0, 10).await.expect("asked"), []);
    assert!(!database.erase_participant(who(2)).await.expect("asked"), "there is nobody left to erase");
    for other in [1, 3] {
        assert!(database.erase_participant(who(other)).await.expect("erased"));
    }
    every_figure_is_right(&database).await;
    assert_eq!(audited(&database).await, 0);
}

async fn whoever_comes_after_an_erasure_is_counted_on_top(database: Database) {
    record(&database, &example(&database).await).await;
    assert!(database.erase_participant(who(1)).await.expect("erased"));
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    let dan = create(&database, 4).await;
    record_new(&database, &check_in(dan, "1", &routes[0], 0, at("2026-05-01T23:30"))).await;
    let by_day = CountQuery { by_day: true, ..both_days() };
    assert_eq!(answer(&database, by_day).await, expect(&[("May 1", [3, 1, 3, 3]), ("May 2", [3, 0, 4, 6])]));
    assert_eq!(answer(&database, both_days()).await, expect(&[("", [4, 0, 7, 9])]));
    assert_eq!(audited(&database).await, 5);
}

async fn nothing_is_counted_before_the_first_check_in(database: Database) {
    assert_eq!(database.counted_days().await.expect("no days"), None);
    assert_eq!(answer(&database, both_days()).await, []);
    record(&database, &example(&database).await).await;
    let before = CountQuery { from: 0, to: day("2026-04-30"), ..both_days() };
    let after = CountQuery { from: day("2026-05-03"), to: Day::MAX, ..both_days() };
    let backwards = CountQuery { from: both_days().to, to: both_days().from, ..both_days() };
    for empty in [before, after, backwards] {
        assert_eq!(answer(&database, empty).await, [], "{empty:?}");
    }
    let everything = CountQuery { from: Day::MIN + 1, to: Day::MAX, ..both_days() };
    assert_eq!(answer(&database, everything).await, expect(&[("", [3, 0, 6, 8])]));
}

async fn erased_from_the_files(database: Database) {
    const TRACE: &str = "trace-of-somebody-8d1f";
    let route = publish(&database, &short_canal("r", 1)).await;
    let ann = create(&database, 1).await;
    record_new(&database, &check_in(ann, TRACE, &route, 0, at("2026-05-01T09:30"))).await;
    let found = || {
        let file = database.place.file();
        let files = [file.clone(), file.with_extension("db-wal")].map(|file| std::fs::read(file).expect("readable"));
        files.concat().windows(TRACE.len()).any(|window| window == TRACE.as_bytes())
    };
    assert!(found(), "this looks in the right files");
    assert!(database.erase_participant(ann).await.expect("erased"));
    assert!(!found());
}
