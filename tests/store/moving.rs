//! Moving everything into another database: nothing is lost, added or changed, whatever happens meanwhile and wherever it is broken off.

use crate::both::{Database, both, on_postgres};
use crate::fixtures::{
    NOW_MS, at, audited, check_in, create, publish, record, record_new, short_canal, uncertain, who,
};
use crate::support::samples::png;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;
use studyroute::design::assets;
use studyroute::design::keys::{self, Drawn, KeyWish};
use studyroute::domain::route::StudyRoute;
use studyroute::store::{
    Blobs, Compared, DeedFilter, Edit, Move, MoveProgress, NewSchedule, NewUpload, Outcome, Role, Store, StoreError,
    TABLES, Who, compare,
};
use uuid::Uuid;

both! {
    everything_moves_and_works_on_the_other_side,
    what_changes_meanwhile_is_caught_up,
    there_and_back_is_the_same,
    a_move_that_was_broken_off_goes_on_and_is_seen_by_nobody_else,
    while_the_writers_are_held_others_read_and_nobody_writes,
    a_target_that_holds_something_else_is_left_alone,
    every_difference_is_found,
    numbers_that_were_given_never_come_again,
}

/// The other database: PostgreSQL for SQLite, SQLite for PostgreSQL; none where no PostgreSQL is installed.
async fn other(database: &Database) -> Option<Database> {
    match database.store {
        Store::Sqlite(_) => Database::postgres().await,
        Store::Postgres(_) => Some(Database::sqlite().await),
    }
}

fn drawn(number: u8) -> Drawn {
    Drawn { id: Uuid::from_bytes([number; 16]), bits: [number; 32] }
}

fn titled(mut route: StudyRoute, title: &str) -> StudyRoute {
    title.clone_into(&mut route.waypoints[0].body.title.en);
    route
}

/// Something in every table: two revisions, a draft that waits for its time, files, keys, people, one of them erased.
pub async fn furnish(store: &Store) {
    let who_ever = Who::command_line();
    let route = publish(store, &short_canal("short", 3)).await;
    publish(store, &titled(short_canal("short", 3), "Another title 改")).await;
    publish(store, &short_canal("long", 4)).await;
    let stop = titled(short_canal("short", 3), "In the draft").waypoints.remove(0);
    let edited = store.edit_draft("short", None, &Edit::Change(&stop, None), &who_ever, NOW_MS).await;
    edited.expect("the database takes it").expect("it is taken");
    let plan = NewSchedule { at_ms: NOW_MS + 9, note: "spring".into(), acknowledged: vec!["x".into()] };
    let scheduled = store.schedule("short", None, Some(&plan), &who_ever, NOW_MS).await.expect("taken");
    assert!(scheduled.is_ok(), "{scheduled:?}");
    let (ann, bob) = (create(store, 1).await, create(store, 2).await);
    create(store, 3).await;
    for (number, person) in [(1, ann), (2, ann), (3, bob), (4, ann)] {
        let new =
            check_in(person, &format!("id-{number}-é"), &route, number % 3, at(&format!("2026-05-{number:02}T09:30")));
        record_new(store, &if number == 4 { uncertain(new) } else { new }).await;
    }
    assert!(store.erase_participant(bob).await.expect("erased"));
    let wish =
        KeyWish { name: "Ann".into(), role: Role::Designer, routes: vec!["short".into()], expires_days: Some(9) };
    let made = keys::create(store, wish, &drawn(1), &who_ever, NOW_MS).await.expect("made");
    keys::rotate(store, made.key.id, 60, &drawn(2), &who_ever, NOW_MS).await.expect("rotated");
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::open(&folder.path().display().to_string()).expect("a place");
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&png(8, 8)).expect("written");
    assets::add(store, &blobs, file, "钟.png", &who_ever, NOW_MS).await.expect("kept");
    let upload = NewUpload {
        id: who(77),
        created_by: "Ann".into(),
        name: "bell.glb".into(),
        length: 9,
        created_ms: NOW_MS,
        expires_ms: NOW_MS + 1,
    };
    assert!(store.create_upload(&upload, 9).await.expect("begun"));
}

/// Moves while nobody writes, and makes sure that both sides are said to be the same.
async fn moved(source: &Store, target: &Store) -> Vec<Compared> {
    let progress = MoveProgress::default();
    let task = Move::begin(source, target, "the source", &progress).await.expect("begun");
    task.go_ahead().await.expect("copied");
    let mut held = task.hold().await.expect("held");
    let compared = task.catch_up(&mut held).await.expect("caught up");
    same(&compared);
    task.end().await.expect("ended");
    held.let_go().await.expect("let go");
    compared
}

pub fn same(compared: &[Compared]) {
    let other: Vec<&Compared> = compared.iter().filter(|table| !table.is_same()).collect();
    assert!(other.is_empty(), "{other:#?}");
    assert_eq!(compared.len(), TABLES.len());
}

/// All that is told about people.
async fn figures(store: &Store) -> String {
    let (from, to) = store.counted_days().await.expect("days").expect("something was counted");
    let query = studyroute::store::CountQuery {
        from,
        to,
        route: None,
        by_day: true,
        by_route: true,
        by_waypoint: true,
        by_hour: true,
    };
    format!("{:?}", store.counts_with_total(query).await.expect("counts"))
}

async fn everything_moves_and_works_on_the_other_side(source: Database) {
    furnish(&source).await;
    let Some(target) = other(&source).await else { return };
    let compared = moved(&source, &target).await;
    let bare: Vec<&str> = compared.iter().filter(|table| table.from.rows == 0).map(|table| table.table).collect();
    assert_eq!(bare, Vec::<&str>::new(), "something was in every table");

    let (before, after) = (source.snapshot().await.expect("content"), target.snapshot().await.expect("content"));
    assert_eq!(before, after, "the generation and all that is published");
    let deeds = DeedFilter::default();
    assert_eq!(source.deeds(&deeds, 100).await.expect("deeds"), target.deeds(&deeds, 100).await.expect("deeds"));
    assert_eq!(figures(&source).await, figures(&target).await);
    assert_eq!(audited(&target).await, 3);
    assert_eq!(target.participant(who(1)).await.expect("read").expect("there").token_hash, who(1).as_bytes());
    assert!(target.participant(who(2)).await.expect("read").is_none());

    let route = after.1.iter().find(|published| published.route.slug == "short").expect("published").clone();
    let again = check_in(who(1), "id-1-é", &route, 1, at("2026-05-01T09:30"));
    let first = source.check_in(who(1), "id-1-é").await.expect("read").expect("there");
    assert_eq!(record(&target, &[again]).await, [Outcome::Repeated(first)], "a repeat has its first answer");
    let new = record_new(&target, &check_in(who(1), "new", &route, 2, at("2026-05-09T10:00"))).await;
    assert_eq!(new.seq, 4);
    publish(&target, &titled(short_canal("long", 4), "After the move")).await;
    publish(&target, &short_canal("brand-new", 2)).await;
    assert_eq!(audited(&target).await, 4);
    assert!(target.erase_participant(who(1)).await.expect("erased"));
    assert_eq!(audited(&target).await, 0);
    let state = target.route_state("short").await.expect("an answer").expect("the route");
    assert!(state.draft.is_some() && state.schedule.is_some(), "{state:?}");
    assert!(target.key(drawn(2).id).await.expect("an answer").is_some());
}

async fn there_and_back_is_the_same(source: Database) {
    furnish(&source).await;
    let Some(middle) = other(&source).await else { return };
    let there = moved(&source, &middle).await;
    let back = match source.store {
        Store::Sqlite(_) => Database::sqlite().await,
        Store::Postgres(_) => Database::postgres().await.expect("it was there before"),
    };
    let again = moved(&middle, &back).await;
    let hashes = |compared: Vec<Compared>| compared.into_iter().map(|table| table.from).collect::<Vec<_>>();
    assert_eq!(hashes(there), hashes(again));
    same(&compare(&source, &back, &MoveProgress::default()).await.expect("compared"));
}

async fn what_changes_meanwhile_is_caught_up(source: Database) {
    furnish(&source).await;
    let Some(target) = other(&source).await else { return };
    let progress = MoveProgress::default();
    let task = Move::begin(&source, &target, "here", &progress).await.expect("begun");
    assert!(!task.is_ahead().await.expect("an answer"));
    task.go_ahead().await.expect("copied");
    assert!(task.is_ahead().await.expect("an answer"));

    // Somebody is erased, others come, a draft goes, a route is published anew, a file too.
    assert!(source.erase_participant(who(1)).await.expect("erased"));
    let (_, routes) = source.snapshot().await.expect("content");
    let dan = create(&source, 4).await;
    record_new(&source, &check_in(dan, "dan", &routes[0], 0, at("2026-06-01T10:00"))).await;
    record_new(&source, &check_in(who(3), "cid", &routes[0], 1, at("2026-06-01T10:00"))).await;
    let ended = source.schedule("short", None, None, &Who::command_line(), NOW_MS).await.expect("taken");
    assert!(ended.is_ok());
    let dropped = source.drop_draft("short", None, &Who::command_line(), NOW_MS).await.expect("taken");
    assert!(dropped.is_ok());
    publish(&source, &titled(short_canal("long", 2), "Meanwhile")).await;
    publish(&source, &short_canal("later", 2)).await;
    source.delete_upload(who(77)).await.expect("deleted");

    // A second try of a first pass takes everything anew, too.
    task.go_ahead().await.expect("copied again");
    assert!(source.erase_participant(dan).await.expect("erased"));
    let mut held = task.hold().await.expect("held");
    let compared = task.catch_up(&mut held).await.expect("caught up");
    same(&compared);
    held.let_go().await.expect("let go");
    task.end().await.expect("ended");
    for gone in [who(1), dan] {
        assert!(target.participant(gone).await.expect("read").is_none(), "erased there too");
    }
    assert_eq!(target.check_ins_of(who(3), 0, 9).await.expect("the log").len(), 1);
    assert_eq!(target.snapshot().await.expect("content"), source.snapshot().await.expect("content"));
    assert_eq!(audited(&target).await, 1);
}

/// Check-ins by the thousand, past the store: the log alone.
async fn fill(database: &Database, participants: u32, each: u32) {
    let route = publish(database, &short_canal("short", 3)).await;
    let (route, waypoint) = (route.key, route.waypoint_keys[0]);
    let (id, series, bytes) = match database.store {
        Store::Sqlite(_) => (
            "unhex(printf('%08x%024x', p.n * 48271 % 65521, p.n))",
            "with recursive c(n) as (select 1 union all select n + 1 from c where n < $N)",
            "zeroblob(16)",
        ),
        Store::Postgres(_) => (
            "(lpad(to_hex(p.n * 48271 % 65521), 8, '0') || lpad(to_hex(p.n), 24, '0'))::uuid",
            "with c(n) as (select generate_series(1, $N))",
            "decode(repeat('00', 16), 'hex')",
        ),
    };
    let people = series.replace("$N", &participants.to_string());
    let people = format!(
        "insert into participants (participant, token_hash, created_ms) {people} select {id}, {bytes}, 1 from c p"
    );
    database.execute(&people).await.expect("people");
    let times = series.replace("$N", &each.to_string()).replace(" c(", " t(").replace("from c ", "from t ");
    let people =
        series.replace("$N", &participants.to_string()).replace("with recursive ", ", ").replace("with ", ", ");
    let log = format!(
        "insert into check_ins (participant, id, seq, route_key, waypoint_key, revision, occurred_ms, received_ms, verdict,
             method, distance_m, accuracy_m, first_visit, seal)
         {times}{people} select {id}, 'id-' || t.n, t.n, {route}, {waypoint}, 1, 1790000000000 + t.n, 1790000000000 + p.n, 0,
             'position', t.n / 8.0, 12.5, 0, {bytes} from c p, t"
    );
    database.execute(&log).await.expect("check-ins");
}

async fn a_move_that_was_broken_off_goes_on_and_is_seen_by_nobody_else(source: Database) {
    fill(&source, 4_000, 10).await;
    let Some(target) = other(&source).await else { return };
    let progress = MoveProgress::default();
    // Twice in the middle of the log, as it were killed: what was not committed is gone.
    for part in [25_000, 30_000] {
        let task = Move::begin(&source, &target, "here", &progress).await.expect("begun");
        let come_so_far = async {
            while progress.table() != "check_ins" || progress.done.load(Ordering::Relaxed) < part {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = come_so_far => {}
            through = task.go_ahead() => panic!("it was to be broken off: {through:?}"),
        }
    }
    let copied = target.number("select count(*) from check_ins").await;
    assert!((1..40_000).contains(&copied), "{copied} were copied");
    let refused = Store::open(&target.place.url).await.err().expect("refused");
    assert!(refused.to_string().contains("a move from here into this database was begun"), "{refused}");
    let elsewhere = Move::begin(&source, &target, "elsewhere", &progress).await.err().expect("refused");
    assert!(elsewhere.to_string().contains("a move from here"), "{elsewhere}");

    // Whoever came and went meanwhile.
    let new = create(&source, 5).await;
    let gone = source.number("select count(*) from participants").await;
    source.execute("delete from participants where created_ms = 1 and participant in (select participant from participants where created_ms = 1 order by participant limit 1)").await.expect("erased");
    assert_eq!(source.number("select count(*) from participants").await, gone - 1);
    let progress = MoveProgress::default();
    let task = Move::begin(&source, &target, "here", &progress).await.expect("begun again");
    task.go_ahead().await.expect("gone on");
    assert!(progress.done.load(Ordering::Relaxed) < 40_000, "it began behind what was copied");
    let mut held = task.hold().await.expect("held");
    same(&task.catch_up(&mut held).await.expect("caught up"));
    task.end().await.expect("ended");
    assert_eq!(target.number("select count(*) from check_ins").await, 39_990);
    assert!(target.again().await.participant(new).await.expect("read").is_some());
}

async fn while_the_writers_are_held_others_read_and_nobody_writes(source: Database) {
    furnish(&source).await;
    let target = Database::sqlite().await;
    let progress = MoveProgress::default();
    let task = Move::begin(&source, &target, "here", &progress).await.expect("begun");
    let held = task.hold().await.expect("held");
    let beside = source.again().await;
    assert_eq!(beside.check_ins_of(who(1), 0, 9).await.expect("read").len(), 3);
    let write = match source.store {
        Store::Sqlite(_) => source.execute("insert into contents (created_ms) values (1)").await,
        Store::Postgres(_) => {
            let impatient =
                "do $$ begin set local lock_timeout = '50ms'; insert into contents (created_ms) values (1); end $$";
            source.execute(impatient).await
        }
    };
    let refused = write.expect_err("nobody writes");
    assert!(refused.contains("lock"), "{refused}");
    held.let_go().await.expect("let go");
    source.execute("insert into contents (created_ms) values (1)").await.expect("they go on");
}

async fn a_target_that_holds_something_else_is_left_alone(target: Database) {
    let source = Database::sqlite().await;
    let progress = MoveProgress::default();
    create(&target, 9).await;
    let refused = Move::begin(&source, &target, "here", &progress).await.err().expect("refused");
    assert!(refused.to_string().contains("not empty, and nothing in it is overwritten"), "{refused}");
    assert!(target.again().await.participant(who(9)).await.expect("read").is_some());
    assert!(target.erase_participant(who(9)).await.expect("erased"));
    Move::begin(&source, &target, "here", &progress).await.expect("begun");
}

async fn every_difference_is_found(source: Database) {
    furnish(&source).await;
    let target = Database::sqlite().await;
    moved(&source, &target).await;
    let progress = MoveProgress::default();
    let changes = [
        (
            "participants",
            "update participants set created_ms = created_ms + 1 where participant = (select min(participant) from participants)",
        ),
        ("check_ins", "update check_ins set distance_m = distance_m + 0.0000001 where seq = 2"),
        ("check_ins", "delete from check_ins where seq = 3"),
        ("waypoint_versions", "update waypoint_versions set last_revision = null where last_revision = 1"),
        ("day_counts", "update day_counts set later = later + 1 where scope = 1 and span = 1"),
        (
            "audit_log",
            "insert into audit_log (at_ms, who, action, subject, outcome, detail, request_id) values (1, '', '', '', '', '', '')",
        ),
        ("access_keys", "update access_keys set followed_by = null"),
        ("generation", "update generation set value = value + 1"),
    ];
    let mut expected = BTreeSet::new();
    for (table, change) in changes {
        assert!(target.execute(change).await.expect("changed") > 0, "{change}");
        expected.insert(table);
        let compared = compare(&source, &target, &progress).await.expect("compared");
        let found: BTreeSet<&str> = compared.iter().filter(|table| !table.is_same()).map(|table| table.table).collect();
        // A version that is opened again changes nothing else; its trigger writes for ended ones alone.
        assert_eq!(found, expected, "{change}");
    }
}

async fn numbers_that_were_given_never_come_again(source: Database) {
    furnish(&source).await;
    // The last set of waypoints is gone, but its number was given.
    source.execute("delete from draft_waypoints").await.expect("deleted");
    source.execute("insert into contents (created_ms) values (1)").await.expect("made");
    let last = source.number("select max(content_key) from contents").await;
    source.execute(&format!("delete from contents where content_key = {last}")).await.expect("deleted");
    let Some(target) = other(&source).await else { return };
    moved(&source, &target).await;
    target.execute("insert into contents (created_ms) values (1)").await.expect("made");
    assert_eq!(target.number("select max(content_key) from contents").await, last + 1);
    let entry = target.number("select max(entry) from audit_log").await;
    publish(&target, &short_canal("next", 1)).await;
    assert_eq!(target.number("select max(entry) from audit_log").await, entry + 1);
    let keys = "select count(*) - count(distinct route_key) from study_routes";
    assert_eq!(target.number(keys).await, 0);
}

#[test]
fn what_postgresql_cannot_keep_is_named() {
    on_postgres(|target| async move {
        let source = Database::sqlite().await;
        furnish(&source).await;
        source.execute("update uploads set name = 'a' || char(0) || 'b'").await.expect("changed");
        let progress = MoveProgress::default();
        let task = Move::begin(&source, &target, "here", &progress).await.expect("begun");
        let refused = task.go_ahead().await.expect_err("refused");
        assert!(matches!(refused, StoreError::Unfit(_)));
        let said = refused.to_string();
        assert!(said.contains("uploads.name") && said.contains("NUL"), "{said}");
        source.execute("update uploads set name = 'ab'").await.expect("mended");
        task.go_ahead().await.expect("copied");
    });
}
