//! Partitions of weeks on PostgreSQL: where check-ins lie, how a week is let go of, and whether participants can be spread over shards.

use crate::both::{Database, connect_postgres, on_postgres};
use crate::fixtures::{NOW_MS, at, audited, check_in, create, publish, record, record_new, recorded, short_canal};
use studyroute::domain::participant::{Week, new_id};
use studyroute::store::{CountQuery, KeptSince, Outcome, Participant, Pasts, Store, StoreError};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

async fn make_all(store: &Store, now_ms: i64) -> usize {
    let mut made = 0;
    while store.make_week(now_ms).await.expect("made") {
        made += 1;
    }
    made
}

/// People as the service makes them at this moment, with one check-in each.
async fn people(database: &Database, now_ms: i64, numbers: std::ops::Range<u128>) -> Vec<Uuid> {
    let canal = database.snapshot().await.expect("a snapshot").1.remove(0);
    let mut people = Vec::new();
    for number in numbers {
        // As random as they come: the bits that the week and the version leave are spread.
        let id = new_id(now_ms, Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)));
        let participant = Participant { id, token_hash: vec![1; 32], created_ms: now_ms };
        database.create_participant(&participant).await.expect("created");
        record_new(database, &check_in(id, "first", &canal, usize::from(number % 2 == 0), now_ms)).await;
        people.push(id);
    }
    people
}

async fn lies_in(database: &Database, table: &str) -> i64 {
    database.number(&format!("select count(*) from {table}")).await
}

async fn figures(store: &Store) -> String {
    let query = CountQuery { from: 20_000, to: 22_000, by_day: true, by_waypoint: true, ..CountQuery::default() };
    format!("{:?}", store.counts_with_total(query).await.expect("counts"))
}

#[test]
fn check_ins_lie_with_those_of_their_week_wherever_they_were_before() {
    on_postgres(|database| async move {
        publish(&database, &short_canal("short", 2)).await;
        let before = people(&database, NOW_MS, 0..3).await;
        let old = create(&database, 1).await;
        assert_eq!(lies_in(&database, "check_ins_other").await, 3);
        assert_eq!(make_all(&database, NOW_MS).await, 9, "this week and eight to come");
        assert_eq!(make_all(&database, NOW_MS).await, 0);
        let monday = studyroute::domain::time::date_of(Week::of(NOW_MS).monday()).to_string().replace('-', "_");
        let this = format!("check_ins_{monday}");
        assert_eq!((lies_in(&database, &this).await, lies_in(&database, "check_ins_other").await), (3, 0));
        let canal = database.snapshot().await.expect("a snapshot").1.remove(0);
        record_new(&database, &check_in(before[0], "second", &canal, 1, NOW_MS + 1)).await;
        record_new(&database, &check_in(old, "from before", &canal, 1, NOW_MS + 1)).await;
        people(&database, NOW_MS + 7 * DAY_MS, 3..4).await;
        assert_eq!((lies_in(&database, &this).await, lies_in(&database, "check_ins_other").await), (4, 1));
        assert_eq!(audited(&database).await, 6);
        let again = record(&database, &[check_in(before[1], "first", &canal, 0, NOW_MS)]).await;
        assert!(matches!(again[..], [Outcome::Repeated(_) | Outcome::IdReused]), "{again:?}");
    });
}

#[test]
fn a_week_goes_whole_and_whoever_came_back_stays_and_everybody_stays_counted() {
    on_postgres(|database| async move {
        publish(&database, &short_canal("short", 2)).await;
        make_all(&database, NOW_MS).await;
        let all = people(&database, NOW_MS, 0..60).await;
        let canal = database.snapshot().await.expect("a snapshot").1.remove(0);
        let again = check_in(all[7], "again", &canal, 1, NOW_MS + 80 * DAY_MS);
        record_new(&database, &again).await;
        let before = figures(&database).await;
        let since = |days: i64| {
            let ms = NOW_MS + days * DAY_MS;
            KeptSince { now_ms: ms, tokens_ms: i64::MIN, participants_ms: ms - 90 * DAY_MS, entries_ms: i64::MIN }
        };
        assert_eq!(database.retire_week(since(90)).await.expect("a week"), None, "the week was not over 90 days ago");
        assert_eq!(database.retire_week(since(98)).await.expect("a week"), Some(59));
        assert_eq!(database.retire_week(since(98)).await.expect("a week"), None);
        assert_eq!(database.number("select count(*) from participants").await, 1);
        assert_eq!(audited(&database).await, 2, "both of the one who came back, and every counter is right");
        assert_eq!(figures(&database).await, before);
        let repeated = record(&database, std::slice::from_ref(&again)).await.remove(0);
        assert!(matches!(repeated, Outcome::Repeated(_)), "{repeated:?}");
        // Later that one goes alone, and the empty table with it.
        assert_eq!(database.retire(since(80 + 98)).await.expect("a step").participants, 1);
        let tables = "select count(*) from pg_inherits where inhparent = 'check_ins'::regclass";
        let there = database.number(tables).await;
        assert_eq!(database.retire_week(since(80 + 98)).await.expect("a week"), None);
        assert!(database.number(tables).await < there);
        assert_eq!((audited(&database).await, figures(&database).await), (0, before));
        // Whoever comes with such an old id all the same finds a place.
        let late = people(&database, NOW_MS, 100..101).await;
        assert_eq!(lies_in(&database, "check_ins_other").await, 1);
        assert!(database.check_in(late[0], "first").await.expect("read").is_some());
    });
}

#[test]
fn weeks_are_made_and_retired_while_people_check_in() {
    on_postgres(|database| async move {
        publish(&database, &short_canal("short", 2)).await;
        let other = database.again().await;
        let canal = other.snapshot().await.expect("a snapshot").1.remove(0);
        // One whose partition is made meanwhile, and one who has none.
        let both = [people(&database, NOW_MS, 1..2).await[0], create(&database, 1).await];
        let writing = tokio::spawn(async move {
            let mut kept = 0;
            for number in 0..150_i64 {
                let when = at("2026-05-01T08:00") + number * 600_000;
                let new = check_in(both[usize::from(number % 3 == 0)], &format!("{number}"), &canal, 0, when);
                loop {
                    match other.record(std::slice::from_ref(&new), Pasts::new(), &|_, _| false).await {
                        Ok((mut outcomes, _)) => {
                            recorded(outcomes.remove(0));
                            kept += 1;
                            break;
                        }
                        Err(StoreError::Conflict) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
            kept
        });
        let made = make_all(&database, NOW_MS).await;
        assert_eq!((made, writing.await.expect("every one is kept")), (9, 150));
        assert_eq!(audited(&database).await, 151);
    });
}

#[test]
fn every_unique_key_about_a_person_begins_with_the_participant() {
    on_postgres(|database| async move {
        make_all(&database, NOW_MS).await;
        let mut connection = connect_postgres(&database.place.url).await;
        // Every table with a participant in it, every unique index on it, and its first column.
        let first: Vec<(String, String, String)> = sqlx::query_as(
            "select t.relname::text, i.relname::text, f.attname::text
             from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
             join pg_attribute p on p.attrelid = t.oid and p.attname = 'participant' and not p.attisdropped
             join pg_attribute f on f.attrelid = t.oid and f.attnum = x.indkey[0]
             where x.indisunique and t.relnamespace = 'public'::regnamespace",
        )
        .fetch_all(&mut connection)
        .await
        .expect("a catalogue");
        assert!(first.len() >= 20, "participants, check_ins and its partitions: {first:?}");
        for (table, index, column) in &first {
            assert_eq!(column, "participant", "{table} {index}");
        }
    });
}

/// A join or a key that lacks the participant would have to look at every shard.
#[test]
fn every_statement_that_puts_people_and_check_ins_together_does_so_by_the_participant() {
    let mut seen = 0;
    for (name, text) in Store::statements() {
        let both = text.contains("participants p") && text.contains("check_ins c");
        seen += usize::from(both);
        assert!(!both || text.contains("c.participant = p.participant"), "{name}: {text}");
    }
    assert!(seen >= 3, "{seen} statements");
}

/// Citus itself is not here; what it would be told is.
#[test]
fn with_citus_people_and_their_check_ins_lie_on_one_shard() {
    on_postgres(|database| async move {
        for sql in [
            "create table told (place serial, call text)",
            "create function create_reference_table(name regclass) returns void language sql as
             $$ insert into told (call) values ('reference ' || name) $$",
            "create function create_distributed_table(name regclass, by_column text, colocate_with text default '')
             returns void language sql as
             $$ insert into told (call) values ('distributed ' || name || ' by ' || by_column || ' ' || colocate_with) $$",
            "call distribute_by_participant()",
        ] {
            database.execute(sql).await.expect(sql);
        }
        let mut connection = connect_postgres(&database.place.url).await;
        let told: Vec<String> =
            sqlx::query_scalar("select call from told order by place").fetch_all(&mut connection).await.expect("told");
        let expected = [
            "reference study_routes",
            "reference waypoints",
            "distributed participants by participant ",
            "distributed check_ins by participant participants",
        ];
        assert_eq!(told, expected);
    });
}
