//! The audit log: what is in it stays as it is, and it is read back page by page.

use crate::both::{Database, both};
use crate::fixtures::NOW_MS;
use studyroute::store::{DONE, Deed, DeedFilter, Role, Store, StoredDeed, Who};
use uuid::Uuid;

both! {
    a_deed_reads_back_as_it_was_written,
    nothing_in_the_log_can_be_changed_or_removed_by_any_statement,
    deeds_are_paged_newest_first,
    deeds_are_found_by_route_person_time_and_outcome,
}

fn ann() -> Who {
    let key_id = Some(Uuid::from_u128(0xa11a_5000_0000_4000_8000_0000_0000_0001));
    Who { key_id, name: "Ann 安".into(), role: Some(Role::Designer), request_id: "req-1".into() }
}

async fn all(database: &Database) -> Vec<StoredDeed> {
    database.deeds(&DeedFilter::default(), 1_000).await.expect("deeds")
}

async fn a_deed_reads_back_as_it_was_written(database: Database) {
    let bare = Deed::done(NOW_MS, &Who::command_line(), "key create", "x");
    let full = Deed {
        at_ms: NOW_MS + 1,
        who: ann(),
        action: "publish \"it\"".into(),
        route: Some("peoples-canal".into()),
        subject: "人民的运河'; drop table audit_log; --".into(),
        revision: Some(7),
        draft_version: Some(i64::MAX),
        outcome: "forbidden".into(),
        detail: "two\nlines \u{1f600}".into(),
    };
    database.note_deed(&bare).await.expect("noted");
    database.note_deed(&full).await.expect("noted");
    let read: Vec<Deed> = all(&database).await.into_iter().map(|stored| stored.deed).collect();
    assert_eq!(read, [full, bare]);
    assert_eq!(read[1].outcome, DONE);
}

async fn nothing_in_the_log_can_be_changed_or_removed_by_any_statement(database: Database) {
    for subject in ["one", "two"] {
        database.note_deed(&Deed::done(NOW_MS, &ann(), "publish", subject)).await.expect("noted");
    }
    let before = all(&database).await;
    let columns = "at_ms, who, action, subject, outcome, detail, request_id";
    let values = "0, 'nobody', 'a', 's', 'done', '', ''";
    let replace = match database.store {
        Store::Sqlite(_) => vec![format!("insert or replace into audit_log (entry, {columns}) values (1, {values})")],
        Store::Postgres(_) => vec![
            "truncate audit_log".into(),
            format!(
                "insert into audit_log (entry, {columns}) overriding system value values (1, {values})
                 on conflict (entry) do update set who = 'nobody'"
            ),
        ],
    };
    let more =
        ["update audit_log set who = 'nobody'", "delete from audit_log", "delete from audit_log where entry = 1"];
    for sql in more.into_iter().map(String::from).chain(replace) {
        let refused = database.execute(&sql).await.expect_err(&sql);
        assert!(refused.contains("the audit log is only ever added to"), "{sql}: {refused}");
    }
    assert_eq!(all(&database).await, before);
    // The same hands may add to it, so it is not the connection that is refused.
    assert_eq!(database.execute(&format!("insert into audit_log ({columns}) values ({values})")).await, Ok(1));
    assert_eq!(all(&database).await.len(), 3);
}

async fn deeds_are_paged_newest_first(database: Database) {
    for number in 0..25 {
        // Clocks of two nodes differ; the log's order is that of its entries.
        let at_ms = NOW_MS - number % 3;
        database.note_deed(&Deed::done(at_ms, &ann(), "edit", number.to_string())).await.expect("noted");
    }
    let (mut filter, mut seen) = (DeedFilter::default(), Vec::new());
    loop {
        let page = database.deeds(&filter, 10).await.expect("a page");
        let Some(last) = page.last() else { break };
        filter.after = Some(last.entry);
        seen.extend(page.into_iter().map(|stored| stored.deed.subject));
    }
    let expected: Vec<String> = (0..25).rev().map(|number: i64| number.to_string()).collect();
    assert_eq!(seen, expected);
}

async fn deeds_are_found_by_route_person_time_and_outcome(database: Database) {
    for (number, route) in [Some("a"), Some("b"), None, Some("a")].into_iter().enumerate() {
        let number = i64::try_from(number).expect("small");
        let who = if number == 3 { Who::command_line() } else { ann() };
        let route = route.map(String::from);
        let outcome = if number == 1 { "forbidden" } else { DONE }.to_string();
        let deed = Deed { route, outcome, ..Deed::done(NOW_MS + number, &who, "edit", number.to_string()) };
        database.note_deed(&deed).await.expect("noted");
    }
    let all = DeedFilter::default;
    let text = |text: &str| Some(text.to_string());
    for (filter, expected) in [
        (all(), "3210"),
        (DeedFilter { route: text("a"), ..all() }, "30"),
        (DeedFilter { route: text("a"), who: text("Ann 安"), ..all() }, "0"),
        (DeedFilter { who: text("command line"), ..all() }, "3"),
        (DeedFilter { outcome: text("forbidden"), ..all() }, "1"),
        (DeedFilter { route: text("b"), outcome: text("done"), ..all() }, ""),
        (DeedFilter { since_ms: Some(NOW_MS + 1), until_ms: Some(NOW_MS + 3), ..all() }, "21"),
        (DeedFilter { route: text("nowhere"), ..all() }, ""),
    ] {
        let found = database.deeds(&filter, 10).await.expect("deeds");
        let found: String = found.into_iter().map(|stored| stored.deed.subject).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}
