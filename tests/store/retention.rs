//! What is kept only for so long: who was counted stays counted, and nobody can delete what is not old.

use crate::both::{Database, both};
use crate::fixtures::{NOW_MS, at, audited, check_in, create, publish, record_new, short_canal};
use studyroute::store::{CountQuery, Deed, KeptSince, Retired, Who};

both! {
    tokens_end_and_check_ins_are_joined_no_more_once_they_are_old,
    old_entries_of_the_audit_log_may_go_and_no_others,
}

const DAY_MS: i64 = 86_400_000;
/// Nothing is older.
const NEVER: i64 = i64::MIN;

async fn counts(database: &Database) -> String {
    let (from, to) = database.counted_days().await.expect("an answer").expect("something was counted");
    let query = CountQuery { from, to, route: None, by_day: true, by_route: true, by_waypoint: true, by_hour: true };
    format!("{:?}", database.counts_with_total(query).await.expect("counts"))
}

async fn tokens_end_and_check_ins_are_joined_no_more_once_they_are_old(database: Database) {
    let route = publish(&database, &short_canal("short", 3)).await;
    let (ann, ben, cai) = (create(&database, 1).await, create(&database, 2).await, create(&database, 3).await);
    record_new(&database, &check_in(ann, "one", &route, 0, at("2026-05-02T09:00"))).await;
    record_new(&database, &check_in(ann, "two", &route, 1, at("2026-05-03T09:00"))).await;
    record_new(&database, &check_in(ben, "one", &route, 1, at("2026-06-20T09:00"))).await;
    let before = counts(&database).await;
    let since =
        |tokens_ms, participants_ms| KeptSince { now_ms: NOW_MS, tokens_ms, participants_ms, entries_ms: NEVER };

    let nothing = database.retire(since(NOW_MS, NOW_MS)).await.expect("a step");
    assert!(nothing.is_nothing(), "whoever was made at that very moment is not older: {nothing:?}");
    let june = at("2026-06-01T00:00");
    let step = database.retire(since(june, NEVER)).await.expect("a step");
    assert_eq!(step, Retired { tokens: 2, participants: 0, entries: 0 }, "Ann's and Cai's, who did nothing since");
    let token = |found: Option<studyroute::store::Participant>| found.expect("still there").token_hash.len();
    let left = [ann, ben, cai].map(|who| database.participant(who));
    let [ann_left, ben_left, cai_left] = left;
    assert_eq!(token(ann_left.await.expect("read")), 0);
    assert_eq!(token(ben_left.await.expect("read")), 16);
    assert_eq!(token(cai_left.await.expect("read")), 0);
    assert_eq!(database.check_ins_of(ann, 0, 10).await.expect("the log").len(), 2, "joined as before");
    assert!(database.retire(since(june, NEVER)).await.expect("a step").is_nothing(), "it is done once");

    let step = database.retire(since(june, june)).await.expect("a step");
    assert_eq!(step, Retired { tokens: 0, participants: 2, entries: 0 });
    assert!(database.participant(ann).await.expect("read").is_none());
    assert_eq!(database.check_ins_of(ben, 0, 10).await.expect("the log").len(), 1);
    assert_eq!(database.number("select count(*) from check_ins").await, 1);
    assert_eq!(counts(&database).await, before, "everybody stays counted");
    assert_eq!(audited(&database).await, 1);
}

async fn old_entries_of_the_audit_log_may_go_and_no_others(database: Database) {
    let who = Who::command_line();
    for days in [0, 1, 9, 10, 20] {
        let deed = Deed::done(NOW_MS + days * DAY_MS, &who, "test", days.to_string());
        database.note_deed(&deed).await.expect("noted");
    }
    let kept = |now_days: i64, days: i64| KeptSince {
        now_ms: NOW_MS + now_days * DAY_MS,
        tokens_ms: NEVER,
        participants_ms: NEVER,
        entries_ms: NOW_MS + (now_days - days) * DAY_MS,
    };
    assert!(database.retire(kept(200, 200)).await.expect("a step").is_nothing());
    assert!(database.retire(kept(200, 189)).await.is_err(), "the database itself keeps the last 190 days");
    assert!(database.execute("delete from audit_log").await.is_err());
    assert_eq!(database.number("select count(*) from audit_log").await, 5);
    // Nothing was done for half a year: what is old goes all the same, and that is written down.
    let step = database.retire(kept(200, 190)).await.expect("a step");
    assert_eq!(step, Retired { tokens: 0, participants: 0, entries: 3 });
    assert_eq!(database.number("select count(*) from audit_log").await, 3);
    assert_eq!(database.number("select count(*) from audit_log where action = 'audit forget'").await, 1);
    assert!(database.retire(kept(200, 190)).await.expect("a step").is_nothing(), "it is done once");
}
