//! Recording check-ins and reading them back.

use crate::both::{Database, both};
use crate::fixtures::{
    at, audited, check_in, create, publish, record, record_new, recorded, short_canal, uncertain, who,
};
use std::collections::BTreeSet;
use std::sync::Mutex;
use studyroute::domain::check_in::Verdict;
use studyroute::domain::counts::Entry;
use studyroute::store::{NewCheckIn, Outcome, Pasts, Progress, StoreError};

both! {
    a_check_in_is_kept_as_it_was_answered,
    numbers_come_back_to_the_last_bit,
    a_repeat_gets_the_first_answer,
    an_id_names_one_check_in_for_ever,
    two_participants_may_use_one_id,
    the_same_id_twice_in_a_batch_is_recorded_once,
    the_first_visit_is_the_first_at_its_waypoint,
    who_is_not_there_is_gone_and_costs_nobody_else,
    whoever_was_erased_meanwhile_is_a_conflict_and_then_gone,
    an_empty_batch_changes_nothing,
    the_log_is_read_in_pages,
    progress_is_the_surest_and_the_earliest,
    the_speed_rule_is_asked_about_the_neighbours_in_time,
    the_speed_rule_sees_what_came_earlier_in_the_batch,
    a_stale_cache_is_a_conflict_and_never_a_wrong_count,
}

async fn a_check_in_is_kept_as_it_was_answered(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let ann = create(&database, 1).await;
    let new = check_in(ann, "七 \"one\" \\ /", &route, 1, at("2026-05-01T09:30"));
    let stored = record_new(&database, &new).await;
    assert_eq!((stored.id.as_str(), stored.waypoint, stored.seq), (new.id.as_str(), new.waypoint, 1));
    assert_eq!((stored.occurred_ms, stored.received_ms), (new.occurred_ms, new.received_ms));
    assert_eq!((stored.verdict, &stored.seal[..], stored.first_visit), (Verdict::Inside, &new.seal[..], true));
    assert_eq!(database.check_in(ann, &new.id).await.expect("read"), Some(stored.clone()));
    assert_eq!(database.check_ins_of(ann, 0, 10).await.expect("read"), vec![stored]);
    assert_eq!(database.check_in(ann, "another").await.expect("read"), None);
    assert_eq!(database.check_in(who(2), &new.id).await.expect("read"), None);
}

async fn numbers_come_back_to_the_last_bit(database: Database) {
    let route = publish(&database, &short_canal("short", 1)).await;
    let ann = create(&database, 1).await;
    let mut random = fastrand::Rng::with_seed(42);
    let numbers = (0..2_000).map(|i| if i == 0 { 0.1 + 0.2 } else { random.f64() * 10f64.powi(random.i32(-6..6)) });
    let batch: Vec<NewCheckIn> = numbers
        .enumerate()
        .map(|(i, distance_m)| NewCheckIn {
            distance_m,
            ..check_in(ann, &i.to_string(), &route, 0, at("2026-05-01T09:30"))
        })
        .collect();
    let answered: Vec<_> = record(&database, &batch).await.into_iter().map(recorded).collect();
    let read = database.check_ins_of(ann, 0, 5_000).await.expect("read");
    let differ = answered.iter().zip(&read).filter(|(a, b)| a.distance_m.to_bits() != b.distance_m.to_bits());
    let differ: Vec<(f64, f64)> = differ.map(|(a, b)| (a.distance_m, b.distance_m)).collect();
    assert!(differ.is_empty() && read.len() == 2_000, "{} differ: {:?}", differ.len(), differ.first());
}

async fn a_repeat_gets_the_first_answer(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let ann = create(&database, 1).await;
    let new = check_in(ann, "one", &route, 0, at("2026-05-01T09:30"));
    let first = record_new(&database, &new).await;
    record_new(&database, &check_in(ann, "two", &route, 0, at("2026-05-01T09:31"))).await;
    let late = NewCheckIn { received_ms: new.received_ms + 90_000, ..new };
    assert_eq!(record(&database, &[late]).await, [Outcome::Repeated(first)]);
    assert_eq!(audited(&database).await, 2);
}

async fn an_id_names_one_check_in_for_ever(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let ann = create(&database, 1).await;
    let new = check_in(ann, "one", &route, 0, at("2026-05-01T09:30"));
    let first = record_new(&database, &new).await;
    let other = NewCheckIn { seal: [8; 16], ..check_in(ann, "one", &route, 1, at("2026-05-01T11:30")) };
    assert_eq!(record(&database, &[other]).await, [Outcome::IdReused]);
    assert_eq!(database.check_ins_of(ann, 0, 10).await.expect("read"), [first]);
    assert_eq!(audited(&database).await, 1);
}

async fn two_participants_may_use_one_id(database: Database) {
    let route = publish(&database, &short_canal("short", 1)).await;
    let (ann, bob) = (create(&database, 1).await, create(&database, 2).await);
    let batch = [bob, ann].map(|who| check_in(who, "one", &route, 0, at("2026-05-01T09:30")));
    for outcome in record(&database, &batch).await {
        assert_eq!(recorded(outcome).seq, 1);
    }
    assert_eq!(audited(&database).await, 2);
}

async fn the_same_id_twice_in_a_batch_is_recorded_once(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let ann = create(&database, 1).await;
    let one = check_in(ann, "one", &route, 0, at("2026-05-01T09:30"));
    let other = NewCheckIn { seal: [8; 16], ..one.clone() };
    let outcomes = record(&database, &[one.clone(), one, other]).await;
    let first = recorded(outcomes[0].clone());
    assert_eq!(outcomes[1..], [Outcome::Repeated(first.clone()), Outcome::IdReused]);
    assert_eq!(database.check_ins_of(ann, 0, 10).await.expect("read"), [first]);
    assert_eq!(audited(&database).await, 1);
}

async fn the_first_visit_is_the_first_at_its_waypoint(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let (ann, bob) = (create(&database, 1).await, create(&database, 2).await);
    let visit = |who, id, stop| check_in(who, id, &route, stop, at("2026-05-01T09:30"));
    let batch = [visit(ann, "1", 0), visit(ann, "2", 1), visit(ann, "3", 0), visit(bob, "1", 0)];
    let firsts: Vec<bool> = record(&database, &batch).await.into_iter().map(|o| recorded(o).first_visit).collect();
    assert_eq!(firsts, [true, true, false, true]);
    assert!(!record_new(&database, &visit(bob, "2", 0)).await.first_visit);
    assert!(record_new(&database, &visit(bob, "3", 1)).await.first_visit);
}

async fn who_is_not_there_is_gone_and_costs_nobody_else(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let (ann, bob) = (create(&database, 1).await, create(&database, 2).await);
    let new = |who, id| check_in(who, id, &route, 0, at("2026-05-01T09:30"));
    record_new(&database, &new(bob, "1")).await;
    assert!(database.erase_participant(bob).await.expect("erased"));
    let batch = [new(bob, "1"), new(ann, "1"), new(who(99), "1"), new(bob, "2")];
    let outcomes = record(&database, &batch).await;
    assert_eq!(recorded(outcomes[1].clone()).seq, 1);
    for gone in [0, 2, 3] {
        assert_eq!(outcomes[gone], Outcome::Gone);
    }
    assert_eq!(audited(&database).await, 1);
}

async fn whoever_was_erased_meanwhile_is_a_conflict_and_then_gone(database: Database) {
    let route = publish(&database, &short_canal("short", 1)).await;
    let (ann, bob) = (create(&database, 1).await, create(&database, 2).await);
    let new = |who, id| check_in(who, id, &route, 0, at("2026-05-01T09:30"));
    let (_, remembered) = database.record(&[new(bob, "1")], Pasts::new(), &|_, _| false).await.expect("recorded");
    assert!(database.erase_participant(bob).await.expect("erased"));
    for id in ["1", "2"] {
        let batch = [new(ann, id), new(bob, id)];
        let error = database.record(&batch, remembered.clone(), &|_, _| false).await.expect_err("Bob is not there");
        assert!(matches!(error, StoreError::Conflict), "{error:?}");
        assert_eq!(audited(&database).await, 0, "nothing of the batch was kept");
    }
    assert_eq!(record(&database, &[new(bob, "1"), new(bob, "2")]).await, [Outcome::Gone, Outcome::Gone]);
}

async fn an_empty_batch_changes_nothing(database: Database) {
    assert_eq!(record(&database, &[]).await, []);
    assert_eq!(audited(&database).await, 0);
}

async fn the_log_is_read_in_pages(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let (ann, bob) = (create(&database, 1).await, create(&database, 2).await);
    let new = |who, n: i64| check_in(who, &format!("{:02}", 50 - n), &route, 0, at("2026-05-01T09:30") - n * 60_000);
    let batch: Vec<NewCheckIn> = (0..25).flat_map(|n| [new(ann, n), new(bob, n)]).collect();
    record(&database, &batch).await;
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let page = database.check_ins_of(ann, after, 10).await.expect("read");
        let Some(last) = page.last() else { break };
        after = last.seq;
        seen.push(page.iter().map(|c| (c.seq, c.id.clone())).collect::<Vec<_>>());
    }
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    let expected: Vec<(i64, String)> = (1..=25).map(|seq| (seq, (51 - seq).to_string())).collect();
    assert_eq!(seen.concat(), expected);
}

async fn progress_is_the_surest_and_the_earliest(database: Database) {
    let route = publish(&database, &short_canal("short", 3)).await;
    let (ann, bob) = (create(&database, 1).await, create(&database, 2).await);
    let new = |who, id, stop, hour: &str| check_in(who, id, &route, stop, at(&format!("2026-05-01T{hour}:00")));
    let batch = [
        new(ann, "1", 0, "10"),
        uncertain(new(ann, "2", 0, "08")),
        uncertain(new(ann, "3", 2, "12")),
        new(bob, "1", 1, "07"),
    ];
    record(&database, &batch).await;
    let mut progress = database.progress(ann).await.expect("progress");
    progress.sort_by_key(|progress| progress.waypoint);
    let expected = [(0, "08", Verdict::Inside, 2), (2, "12", Verdict::Uncertain, 1)].map(|(stop, hour, verdict, n)| {
        let first_ms = at(&format!("2026-05-01T{hour}:00"));
        Progress { waypoint: route.waypoint_keys[stop], first_ms, verdict, check_ins: n }
    });
    assert_eq!(progress, expected);
    assert_eq!(database.progress(who(99)).await.expect("progress"), []);
}

async fn the_speed_rule_is_asked_about_the_neighbours_in_time(database: Database) {
    let route = publish(&database, &short_canal("short", 5)).await;
    let ann = create(&database, 1).await;
    let new = |id: &str, stop, hour: &str| check_in(ann, id, &route, stop, at(&format!("2026-05-01T{hour}:00")));
    // By arrival 14, 08, 12, 10; by time the neighbours of 11 are 10 and 12.
    record(&database, &[new("1", 0, "14"), new("2", 1, "08"), new("3", 2, "12"), new("4", 3, "10")]).await;
    let asked = Mutex::new(BTreeSet::new());
    let too_fast = |earlier: &Entry, new: &NewCheckIn| {
        asked.lock().expect("not poisoned").insert((earlier.occurred_ms, new.occurred_ms));
        earlier.waypoint == route.waypoint_keys[2]
    };
    let (outcomes, _) = database.record(&[new("5", 4, "11")], Pasts::new(), &too_fast).await.expect("recorded");
    let stored = recorded(outcomes[0].clone());
    assert_eq!(stored.verdict, Verdict::Uncertain, "fast towards the later one is fast too");
    let pair = |hour: &str| (at(&format!("2026-05-01T{hour}:00")), at("2026-05-01T11:00"));
    assert_eq!(asked.into_inner().expect("not poisoned"), BTreeSet::from([pair("10"), pair("12")]));
    assert_eq!(database.check_in(ann, "5").await.expect("read"), Some(stored));
    assert_eq!(audited(&database).await, 5);
}

async fn the_speed_rule_sees_what_came_earlier_in_the_batch(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let (ann, bob) = (create(&database, 1).await, create(&database, 2).await);
    let new = |who, id, stop| check_in(who, id, &route, stop, at("2026-05-01T09:30"));
    let batch = [new(ann, "1", 0), new(ann, "2", 1), new(bob, "1", 1)];
    let (outcomes, _) = database.record(&batch, Pasts::new(), &|_, _| true).await.expect("recorded");
    let verdicts: Vec<Verdict> = outcomes.into_iter().map(|outcome| recorded(outcome).verdict).collect();
    assert_eq!(verdicts, [Verdict::Inside, Verdict::Uncertain, Verdict::Inside]);
}

async fn a_stale_cache_is_a_conflict_and_never_a_wrong_count(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let (ann, bob) = (create(&database, 1).await, create(&database, 2).await);
    let new = |who, id| check_in(who, id, &route, 0, at("2026-05-01T09:30"));
    let (_, stale) = database.record(&[new(ann, "1")], Pasts::new(), &|_, _| false).await.expect("recorded");
    record_new(&database, &new(ann, "written by another node")).await;
    let batch = [new(bob, "1"), new(ann, "2")];
    let error = database.record(&batch, stale.clone(), &|_, _| false).await.expect_err("the cache is stale");
    assert!(matches!(error, StoreError::Conflict), "{error:?}");
    assert_eq!(database.check_ins_of(bob, 0, 10).await.expect("read"), [], "nothing of the batch was kept");
    assert_eq!(audited(&database).await, 2);
    let (outcomes, _) = database.record(&[new(ann, "1")], stale, &|_, _| false).await.expect("answered");
    assert!(matches!(outcomes[0], Outcome::Repeated(_)), "a repeat is known by its name");
    let (outcomes, fresh) = database.record(&batch, Pasts::new(), &|_, _| false).await.expect("recorded");
    assert_eq!(recorded(outcomes[1].clone()).seq, 3);
    database.record(&[new(ann, "3")], fresh, &|_, _| false).await.expect("a fresh cache is right");
    assert_eq!(audited(&database).await, 5);
}
