//! Counters that somebody has spoilt are found by counting the log again, and mended from it.

use crate::both::{Database, both};
use crate::fixtures::{NOW_MS, at, audited, check_in, create, publish, record, short_canal, uncertain, who};
use studyroute::store::{CountQuery, DeedFilter, Store};

both! {
    whatever_was_done_to_counters_is_mended_from_the_log,
    counters_that_are_gone_come_back_but_for_what_was_erased,
    what_cannot_be_mended_is_left_as_it_is,
}

/// Three people over some months, one of them erased again.
async fn counted(database: &Database) {
    let route = publish(database, &short_canal("r", 2)).await;
    let mut batch = Vec::new();
    for number in 1..=3 {
        let person = create(database, number).await;
        for (i, day) in ["2026-05-01", "2026-07-03", "2026-05-02", "2026-08-30"].iter().enumerate() {
            let new = check_in(person, &format!("{i}"), &route, i % 2, at(&format!("{day}T09:30")));
            batch.push(if number == 2 { uncertain(new) } else { new });
        }
    }
    record(database, &batch).await;
    assert!(database.erase_participant(who(3)).await.expect("erased"));
}

async fn figures(store: &Store) -> String {
    let (from, to) = store.counted_days().await.expect("days").expect("something was counted");
    let query = CountQuery { from, to, route: None, by_route: true, by_waypoint: true, by_hour: true, by_day: false };
    format!("{:?}", store.counts_with_total(query).await.expect("counts"))
}

/// The deeds of mending.
async fn deeds(store: &Store) -> Vec<String> {
    let deeds = store.deeds(&DeedFilter::default(), 100).await.expect("deeds");
    let deeds = deeds.into_iter().map(|stored| stored.deed).filter(|deed| deed.action == "recount mend");
    deeds.map(|deed| format!("{}: {}", deed.who.name, deed.subject)).collect()
}

async fn whatever_was_done_to_counters_is_mended_from_the_log(database: Database) {
    counted(&database).await;
    let before = figures(&database).await;
    let right = database.mend_counters(NOW_MS).await.expect("counted");
    assert_eq!((right.check_ins, right.participants, right.differences.len()), (8, 2, 0));
    assert_eq!(deeds(&database).await, Vec::<String>::new(), "nothing was done");
    let spoilt = [
        "update day_counts set people = people + 1 where span = 0 and scope = 1",
        "update day_counts set visits = 0, check_ins = -7 where span = 1",
        "update return_counts set people_inside = people_inside + 3 where span = 3",
        "delete from day_counts where span = 0 and scope = 2",
        "insert into day_counts values (1, 0, 99, 1, 1, 1, 1, 0, 0, 0, 0)",
        "insert into day_counts values (1, 9, 1, 1, 1, 1, 1, 0, 0, 0, 0)",
        "insert into return_counts values (1, 9, 1, 1, 1, 1)",
        "update count_scopes set kind = kind + 8 where scope = 3",
    ];
    for (number, sql) in spoilt.iter().enumerate() {
        assert!(database.execute(sql).await.expect("spoilt") > 0, "{sql}");
        let found = database.audit().await.expect("counted").differences;
        assert!(!found.is_empty(), "{sql}");
        let mended = database.mend_counters(NOW_MS).await.expect("mended");
        assert_eq!(mended.differences, found, "{sql}");
        assert_eq!(audited(&database).await, 8, "{sql}");
        assert_eq!(figures(&database).await, before, "{sql}");
        let deeds = deeds(&database).await;
        assert_eq!(deeds.len(), number + 1);
        assert_eq!(deeds[0], format!("studyroute: {} counters", found.len()));
    }
}

async fn counters_that_are_gone_come_back_but_for_what_was_erased(database: Database) {
    counted(&database).await;
    let before = figures(&database).await;
    database.execute("delete from day_counts where span < 2").await.expect("deleted");
    database.execute("delete from return_counts where span < 4").await.expect("deleted");
    database.mend_counters(NOW_MS).await.expect("mended");
    assert_eq!(figures(&database).await, before, "whoever was erased stays counted");
    database.execute("delete from day_counts").await.expect("deleted");
    database.execute("delete from return_counts").await.expect("deleted");
    database.execute("delete from count_scopes").await.expect("deleted");
    // The numbers of scopes are remembered, so this is another process.
    let again = database.again().await;
    again.mend_counters(NOW_MS).await.expect("mended");
    assert_eq!(audited(&again).await, 8);
    assert_ne!(figures(&again).await, before, "what rested on an erased log alone cannot be counted again");
}

async fn what_cannot_be_mended_is_left_as_it_is(database: Database) {
    counted(&database).await;
    let twin = "insert into count_scopes (scope, kind, route_key, waypoint_key, hour)
                select 99, kind + 8, route_key, waypoint_key, hour from count_scopes where scope = 2";
    database.execute(twin).await.expect("spoilt");
    database.execute("update day_counts set people = 77 where scope = 1 and span = 0").await.expect("spoilt");
    let found = database.audit().await.expect("counted");
    assert!(database.mend_counters(NOW_MS).await.is_err(), "two rows of one place cannot both be named right");
    assert_eq!(database.audit().await.expect("counted"), found, "nothing has changed");
    assert_eq!(deeds(&database).await, Vec::<String>::new());
}
