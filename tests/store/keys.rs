//! Keys are made, followed and taken back, each change together with its deed or not at all.

use crate::both::{Database, both};
use crate::fixtures::NOW_MS;
use studyroute::design::keys::{self, Drawn, KeyError, KeyWish, MadeKey};
use studyroute::store::{AccessKey, DeedFilter, Role, StoreError, Who};
use uuid::Uuid;

both! {
    every_change_of_a_key_is_in_the_audit_log,
    a_change_that_fails_leaves_no_deed_and_a_deed_that_fails_no_change,
    a_rotated_key_has_its_holder_and_its_span_of_life,
    an_old_key_works_for_its_grace_and_never_longer_than_it_would_have,
    only_a_valid_key_can_be_followed,
    two_that_rotate_a_key_at_once_make_one_successor,
    keys_are_listed_in_pages,
}

const DAY_MS: i64 = 86_400_000;

fn drawn(number: u8) -> Drawn {
    Drawn { id: Uuid::from_bytes([number; 16]), bits: [number; 32] }
}

async fn make(database: &Database, number: u8, expires_days: Option<u32>) -> MadeKey {
    let routes = vec!["b".into(), "a".into(), "b".into()];
    let wish = KeyWish { name: " Ann ".into(), role: Role::Designer, routes, expires_days };
    let made = keys::create(database, wish, &drawn(number), &Who::command_line(), NOW_MS).await;
    made.expect("the key is made")
}

async fn rotate(database: &Database, old: Uuid, grace_s: u32, number: u8, now_ms: i64) -> Result<MadeKey, KeyError> {
    keys::rotate(database, old, grace_s, &drawn(number), &Who::command_line(), now_ms).await
}

async fn key(database: &Database, id: Uuid) -> AccessKey {
    database.key(id).await.expect("an answer").expect("the key is kept")
}

async fn deeds(database: &Database) -> Vec<String> {
    let deeds = database.deeds(&DeedFilter::default(), 100).await.expect("deeds");
    deeds.into_iter().rev().map(|stored| format!("{} {}", stored.deed.action, stored.deed.detail)).collect()
}

async fn every_change_of_a_key_is_in_the_audit_log(database: Database) {
    let one = make(&database, 1, None).await.key.id;
    let two = rotate(&database, one, 60, 2, NOW_MS).await.expect("rotated").key.id;
    assert!(keys::revoke(&database, two, &Who::command_line(), NOW_MS).await.expect("revoked"));
    assert!(!keys::revoke(&database, two, &Who::command_line(), NOW_MS).await.expect("before"), "revoked once");
    assert_eq!(
        deeds(&database).await,
        [
            "key create designer Ann: a, b".to_string(),
            format!("key rotate designer Ann: a, b; follows {one}, which stops after 60 s"),
            "key revoke designer Ann".into(),
        ]
    );
    let log = format!("{:?}", database.deeds(&DeedFilter::default(), 100).await.expect("deeds"));
    assert!(!log.contains("srk_") && !log.contains(&hex_of(1)) && !log.contains(&hex_of(2)), "no secret: {log}");
}

fn hex_of(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

async fn a_change_that_fails_leaves_no_deed_and_a_deed_that_fails_no_change(database: Database) {
    let one = make(&database, 1, None).await;
    let wish = KeyWish { name: "Bob".into(), role: Role::Admin, routes: Vec::new(), expires_days: None };
    let again = keys::create(&database, wish, &drawn(1), &Who::command_line(), NOW_MS).await;
    assert!(matches!(again, Err(KeyError::Store(StoreError::Conflict))), "{again:?}");
    assert!(rotate(&database, one.key.id, 0, 1, NOW_MS).await.is_err(), "its successor has its id");
    assert!(key(&database, one.key.id).await.is_valid(NOW_MS), "still valid");
    assert_eq!(deeds(&database).await.len(), 1);
    database.execute("alter table audit_log rename to lost").await.expect("renamed");
    assert!(keys::revoke(&database, one.key.id, &Who::command_line(), NOW_MS).await.is_err());
    assert!(rotate(&database, one.key.id, 0, 2, NOW_MS).await.is_err());
    let wish = KeyWish { name: "Carl".into(), role: Role::Admin, routes: Vec::new(), expires_days: None };
    assert!(keys::create(&database, wish, &drawn(3), &Who::command_line(), NOW_MS).await.is_err());
    assert!(key(&database, one.key.id).await.is_valid(NOW_MS), "not noted, so not done");
    assert_eq!(database.keys(0, 10).await.expect("keys").len(), 1);
}

async fn a_rotated_key_has_its_holder_and_its_span_of_life(database: Database) {
    let old = make(&database, 1, Some(10)).await;
    let later = NOW_MS + 9 * DAY_MS;
    let new = rotate(&database, old.key.id, 0, 2, later).await.expect("rotated");
    assert_ne!(new.secret, old.secret);
    let (old, new) = (key(&database, old.key.id).await, key(&database, new.key.id).await);
    assert_eq!((&new.name, new.role, &new.routes), (&old.name, old.role, &old.routes));
    assert_eq!((new.created_ms, new.expires_ms), (later, Some(later + 10 * DAY_MS)));
    assert!(new.is_valid(later) && !old.is_valid(later), "the old one stops at once");
    assert_eq!(keys::state(&old, later), "revoked");
}

async fn an_old_key_works_for_its_grace_and_never_longer_than_it_would_have(database: Database) {
    for (number, days, grace_s, works_ms) in
        [(1, None, 60, 60_000), (3, Some(10), 60, 60_000), (5, Some(1), keys::GRACE_MAX_S, DAY_MS)]
    {
        let old = make(&database, number, days).await.key.id;
        rotate(&database, old, grace_s, number + 1, NOW_MS).await.expect("rotated");
        let old = key(&database, old).await;
        assert!(old.is_valid(NOW_MS + works_ms - 1), "{number}");
        assert!(!old.is_valid(NOW_MS + works_ms), "{number}");
    }
}

async fn only_a_valid_key_can_be_followed(database: Database) {
    let old = make(&database, 1, Some(1)).await.key.id;
    let too_long = rotate(&database, old, keys::GRACE_MAX_S + 1, 2, NOW_MS).await;
    assert!(matches!(too_long, Err(KeyError::Wish { part: "grace_s", .. })), "{too_long:?}");
    let expired = rotate(&database, old, 0, 2, NOW_MS + DAY_MS).await;
    assert!(matches!(expired, Err(KeyError::NotValid(_))), "{expired:?}");
    rotate(&database, old, 0, 2, NOW_MS).await.expect("rotated");
    let graced = make(&database, 5, None).await.key.id;
    let successor = rotate(&database, graced, 60, 6, NOW_MS).await.expect("rotated").key.id;
    let again = rotate(&database, graced, 0, 7, NOW_MS).await;
    assert!(matches!(again, Err(KeyError::Followed(_, by)) if by == successor), "{again:?}");
    let revoked = rotate(&database, old, 0, 3, NOW_MS).await;
    assert!(matches!(revoked, Err(KeyError::NotValid(_))), "{revoked:?}");
    let unknown = rotate(&database, Uuid::from_u128(7), 0, 4, NOW_MS).await;
    assert!(matches!(unknown, Err(KeyError::Unknown(_))), "{unknown:?}");
    assert_eq!(database.keys(0, 10).await.expect("keys").len(), 4, "no key was made for a refusal");
}

async fn two_that_rotate_a_key_at_once_make_one_successor(database: Database) {
    let other = database.again().await;
    for number in 0..10 {
        let old = make(&database, 10 * number + 1, None).await.key.id;
        let (one, two) = (drawn(10 * number + 2), drawn(10 * number + 3));
        let who = Who::command_line();
        let (here, there) = tokio::join!(
            keys::rotate(&database, old, 60, &one, &who, NOW_MS),
            keys::rotate(&other, old, 60, &two, &who, NOW_MS)
        );
        let made: Vec<Uuid> = [here, there].into_iter().flatten().map(|made| made.key.id).collect();
        assert_eq!(made.len(), 1, "one of them");
        assert_eq!(key(&database, old).await.followed_by, Some(made[0]));
    }
    assert_eq!(database.keys(0, 100).await.expect("keys").len(), 20);
}

async fn keys_are_listed_in_pages(database: Database) {
    for number in 1..=5 {
        make(&database, number, None).await;
    }
    let mut seen = Vec::new();
    loop {
        let page = database.keys(i64::try_from(seen.len()).expect("small"), 2).await.expect("a page");
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|key| key.id));
    }
    assert_eq!(seen, (1..=5).map(|number| drawn(number).id).collect::<Vec<_>>());
}
