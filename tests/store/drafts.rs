//! Drafts and publications of one route: what begins, stands still, is refused, and who is noted to have done it.

use crate::both::{Database, both};
use crate::fixtures::{NOW_MS, at, audited, check_in, create, publish, record_new, short_canal};
use studyroute::domain::route::Waypoint;
use studyroute::store::{
    ContentKey, DeedFilter, Edit, Head, NewSchedule, NotEdited, NotReleased, Publication, PublishOutcome, Release,
    Role, RouteState, Store, Version, Who,
};
use uuid::Uuid;

both! {
    the_first_change_begins_a_draft_from_what_is_published,
    a_change_gives_back_the_state_it_made,
    a_version_never_comes_twice_also_after_a_draft_was_dropped,
    whoever_is_late_keeps_nothing_and_hears_what_happened,
    a_dropped_or_taken_back_draft_says_so_to_whoever_is_late,
    a_draft_that_waits_for_its_time_stands_still,
    a_schedule_that_failed_goes_with_its_draft,
    a_draft_that_changes_nothing_makes_no_revision_and_is_gone,
    an_empty_route_can_be_taken_back,
    a_file_that_is_imported_leaves_the_draft_and_makes_its_base_older,
    a_draft_is_not_published_over_what_came_after_it_was_checked,
    two_nodes_that_publish_one_draft_at_once_make_one_revision,
    two_nodes_that_edit_at_once_lose_nothing,
    a_publication_that_fails_in_the_middle_leaves_nothing,
    a_route_that_is_taken_back_keeps_its_counts_and_becomes_its_draft,
    every_change_is_noted_with_who_made_it,
    sweeping_takes_what_belongs_to_nobody_and_nothing_else,
    a_long_order_is_kept,
    a_change_of_a_long_route_is_all_that_its_draft_holds,
    a_draft_stays_as_it_is_whatever_is_published_meanwhile,
}

const SLUG: &str = "short";

fn ann() -> Who {
    Who {
        key_id: Some(Uuid::from_u128(0xa)),
        name: "Ann".into(),
        role: Some(Role::Designer),
        request_id: "req-1".into(),
    }
}

fn ben() -> Who {
    Who { name: "Ben".into(), ..ann() }
}

fn publication() -> Publication {
    Publication { who: ann(), note: "for the spring".into(), now_ms: NOW_MS + 1 }
}

fn titled(mut waypoint: Waypoint, title: &str) -> Waypoint {
    title.clone_into(&mut waypoint.body.title.en);
    waypoint
}

fn stop(number: usize) -> Waypoint {
    short_canal(SLUG, 6).waypoints.remove(number)
}

async fn state(store: &Store) -> RouteState {
    store.route_state(SLUG).await.expect("an answer").expect("the route")
}

async fn edit(store: &Store, edit: &Edit<'_>) -> RouteState {
    store.edit_draft(SLUG, None, edit, &ann(), NOW_MS).await.expect("the database takes it").expect("it is taken")
}

async fn release(store: &Store, release: &Release<'_>) -> Result<PublishOutcome, NotReleased> {
    store.release(SLUG, release, &publication()).await.expect("the database takes it")
}

/// Publishes the draft as it is now.
async fn publish_draft(store: &Store) -> PublishOutcome {
    let state = state(store).await;
    release(store, &Release::Draft(state.version(), state.revision)).await.expect("published")
}

/// A set of its own with what a route's next publication would have.
async fn copied(store: &Store, state: &RouteState, now_ms: i64) -> ContentKey {
    let content = store.begin_beside_route(state, now_ms).await.expect("a set");
    store.fill_from_route(content, state).await.expect("filled");
    content
}

async fn ids(store: &Store) -> Vec<String> {
    let stops = store.route_page(&state(store).await, 0, 100).await.expect("a page");
    stops.into_iter().map(|stop| stop.id).collect()
}

async fn the_first_change_begins_a_draft_from_what_is_published(database: Database) {
    let published = publish(&database, &short_canal(SLUG, 4)).await;
    let before = state(&database).await;
    assert_eq!((before.version(), before.draft.is_none()), (Version::Published(1), true));
    let changed = titled(stop(1), "Another title");
    let state = edit(&database, &Edit::Change(&changed, None)).await;
    let draft = state.draft.as_ref().expect("a draft");
    assert_eq!((draft.version, draft.base_revision, &*draft.author), (1, 1, "Ann"));
    assert_eq!(draft.head, Head::of(&published.route));
    let mut expected = published.route.clone();
    expected.waypoints[1] = titled(expected.waypoints[1].clone(), "Another title");
    assert_eq!(database.route_page(&state, 0, 100).await.expect("a page"), expected.waypoints);
    assert_eq!(database.snapshot().await.expect("a snapshot"), (1, vec![published]), "visitors get what they got");
}

async fn a_change_gives_back_the_state_it_made(database: Database) {
    publish(&database, &short_canal(SLUG, 2)).await;
    let other = database.again().await;
    let mut made = Vec::new();
    for _ in 0..20 {
        let one = titled(stop(0), "One");
        let change = Edit::Change(&one, None);
        let (first, third) = tokio::join!(edit(&database, &change), edit(&other, &change));
        made.extend([first, third].map(|state| state.draft.expect("a draft").version));
    }
    made.sort_unstable();
    assert_eq!(made, (1..=40).collect::<Vec<_>>(), "nobody is told of a later state as theirs");
}

async fn a_version_never_comes_twice_also_after_a_draft_was_dropped(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        for _ in 0..2 {
            seen.push(edit(&database, &Edit::Change(&stop(0), None)).await.version());
        }
        let dropped = database.drop_draft(SLUG, seen.last().copied(), &ann(), NOW_MS).await.expect("taken");
        assert!(dropped.is_ok(), "{dropped:?}");
        assert_eq!(state(&database).await.version(), Version::Published(1));
    }
    edit(&database, &Edit::Change(&titled(stop(0), "Published"), None)).await;
    assert!(publish_draft(&database).await.published);
    seen.push(edit(&database, &Edit::Remove(&stop(0).id)).await.version());
    let versions = seen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(versions, "d1 d2 d3 d4 d5 d6 d8");
    let gone = database.drop_draft("never-seen", None, &ann(), NOW_MS).await.expect("an answer");
    assert!(matches!(gone, Err(NotEdited::NoRoute)), "{gone:?}");
}

async fn whoever_is_late_keeps_nothing_and_hears_what_happened(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let seen = state(&database).await.version();
    let by_ben = database.edit_draft(SLUG, Some(seen), &Edit::Remove(&stop(2).id), &ben(), NOW_MS + 5).await;
    by_ben.expect("taken").expect("the first one wins");
    let late = titled(stop(0), "Late");
    let refused = database.edit_draft(SLUG, Some(seen), &Edit::Change(&late, None), &ann(), NOW_MS + 6).await;
    let Err(NotEdited::Stale(now)) = refused.expect("an answer") else { panic!("it is late") };
    assert_eq!(now.version(), Version::Draft(1));
    let changes = database.changes_since(SLUG, seen).await.expect("changes");
    let [change] = &changes[..] else { panic!("one change: {changes:?}") };
    assert_eq!((change.at_ms, &*change.who, &*change.action), (NOW_MS + 5, "Ben", "remove waypoint"));
    assert_eq!(change.subject, stop(2).id);
    assert_eq!(state(&database).await.version(), Version::Draft(1));
    assert_eq!(database.route_waypoints(&now, &[stop(0).id]).await.expect("read")[0].body.title, stop(0).body.title);
    assert!(database.changes_since(SLUG, Version::Draft(1)).await.expect("changes").is_empty(), "nothing since");
}

async fn a_dropped_or_taken_back_draft_says_so_to_whoever_is_late(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let seen = edit(&database, &Edit::Remove(&stop(2).id)).await.version();
    database.drop_draft(SLUG, Some(seen), &ben(), NOW_MS).await.expect("taken").expect("dropped");
    let actions = async |seen| {
        let changes = database.changes_since(SLUG, seen).await.expect("changes");
        changes.into_iter().map(|change| change.action).collect::<Vec<_>>()
    };
    assert_eq!(actions(seen).await, ["drop draft"]);
    release(&database, &Release::Withdraw).await.expect("taken back");
    let begun = state(&database).await.version();
    assert_eq!(begun, Version::Draft(2));
    edit(&database, &Edit::Remove(&stop(1).id)).await;
    assert_eq!(actions(begun).await, ["remove waypoint"], "not all that ever happened");
    assert_eq!(actions(Version::Published(1)).await, ["remove waypoint", "withdraw", "drop draft", "remove waypoint"]);
}

fn in_an_hour() -> NewSchedule {
    NewSchedule { at_ms: NOW_MS + 3_600_000, note: "for May".into(), acknowledged: vec!["to-be-surveyed".into()] }
}

async fn a_draft_that_waits_for_its_time_stands_still(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let refused = database.schedule(SLUG, None, Some(&in_an_hour()), &ann(), NOW_MS).await.expect("an answer");
    assert!(refused.is_err(), "there is no draft");
    let draft = edit(&database, &Edit::Remove(&stop(2).id)).await;
    let set = database.schedule(SLUG, Some(draft.version()), Some(&in_an_hour()), &ann(), NOW_MS).await;
    set.expect("taken").expect("set");
    let content = copied(&database, &draft, NOW_MS).await;
    let (head, one) = (Head::default(), stop(0));
    let order = [stop(1).id, stop(0).id];
    for change in [
        Edit::Head(&head),
        Edit::Add(&stop(4), None),
        Edit::Change(&one, Some(1)),
        Edit::Remove(&one.id),
        Edit::Order(&order),
        Edit::Adopt(content, None),
    ] {
        let refused = database.edit_draft(SLUG, None, &change, &ann(), NOW_MS).await.expect("an answer");
        assert!(
            matches!(refused, Err(NotEdited::Scheduled(at)) if at == in_an_hour().at_ms),
            "{change:?}: {refused:?}"
        );
    }
    let dropped = database.drop_draft(SLUG, None, &ann(), NOW_MS).await.expect("an answer");
    assert!(matches!(dropped, Err(NotEdited::Scheduled(_))), "{dropped:?}");
    assert_eq!(state(&database).await.version(), draft.version());
    assert!(database.due_schedules(in_an_hour().at_ms - 1).await.expect("none").is_empty());
    assert_eq!(database.due_schedules(in_an_hour().at_ms).await.expect("one"), [SLUG]);
    database.schedule(SLUG, None, None, &ann(), NOW_MS).await.expect("taken").expect("taken back");
    assert!(database.due_schedules(i64::MAX).await.expect("none").is_empty());
    edit(&database, &Edit::Remove(&stop(1).id)).await;
}

async fn a_schedule_that_failed_goes_with_its_draft(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    edit(&database, &Edit::Remove(&stop(2).id)).await;
    database.schedule(SLUG, None, Some(&in_an_hour()), &ann(), NOW_MS).await.expect("taken").expect("set");
    let schedule = state(&database).await.schedule.expect("a schedule");
    assert_eq!(
        (&schedule.note, &schedule.acknowledged, &*schedule.who.name),
        (&in_an_hour().note, &in_an_hour().acknowledged, "Ann")
    );
    let now_ms = in_an_hour().at_ms;
    database.fail_schedule(SLUG, "it has mistakes", "lint-errors", &schedule, now_ms).await.expect("noted");
    assert_eq!(state(&database).await.schedule.expect("it is shown").failure.as_deref(), Some("it has mistakes"));
    assert!(database.due_schedules(now_ms).await.expect("none").is_empty(), "it is not tried again");
    edit(&database, &Edit::Remove(&stop(1).id)).await;
    database.drop_draft(SLUG, None, &ann(), NOW_MS).await.expect("taken").expect("it may be changed again");
    assert!(state(&database).await.schedule.is_none(), "a new draft does not begin with an old failure");
}

async fn a_draft_that_changes_nothing_makes_no_revision_and_is_gone(database: Database) {
    let published = publish(&database, &short_canal(SLUG, 3)).await;
    edit(&database, &Edit::Change(&titled(stop(1), "There"), None)).await;
    edit(&database, &Edit::Change(&stop(1), None)).await;
    database.schedule(SLUG, None, Some(&in_an_hour()), &ann(), NOW_MS).await.expect("taken").expect("set");
    let outcome = publish_draft(&database).await;
    assert_eq!((outcome.published, outcome.revision, outcome.generation, outcome.changed), (false, 1, 1, 0));
    let state = state(&database).await;
    assert_eq!((state.version(), state.schedule.is_none()), (Version::Published(1), true));
    assert_eq!(database.snapshot().await.expect("a snapshot"), (1, vec![published]));
    assert!(database.due_schedules(i64::MAX).await.expect("none").is_empty(), "it does not wait for ever");
    let restored = release(&database, &Release::Restore(1)).await.expect("it is there");
    assert_eq!((restored.published, restored.revision, restored.generation), (false, 1, 1));
}

async fn an_empty_route_can_be_taken_back(database: Database) {
    publish(&database, &short_canal(SLUG, 0)).await;
    let outcome = release(&database, &Release::Withdraw).await.expect("taken back");
    assert_eq!((outcome.published, outcome.revision, outcome.generation), (true, 2, 2));
    assert_eq!(database.snapshot().await.expect("a snapshot"), (2, Vec::new()));
}

async fn a_file_that_is_imported_leaves_the_draft_and_makes_its_base_older(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let version = edit(&database, &Edit::Remove(&stop(0).id)).await.version();
    publish(&database, &short_canal(SLUG, 5)).await;
    let state = state(&database).await;
    assert_eq!((state.version(), state.revision), (version, 2));
    assert_eq!(state.draft.as_ref().map(|draft| draft.base_revision), Some(1));
    assert_eq!(ids(&database).await, [stop(1).id, stop(2).id]);
}

async fn a_draft_is_not_published_over_what_came_after_it_was_checked(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let checked = edit(&database, &Edit::Remove(&stop(0).id)).await;
    let imported = publish(&database, &short_canal(SLUG, 5)).await;
    let late = release(&database, &Release::Draft(checked.version(), checked.revision)).await;
    assert!(matches!(late, Err(NotReleased::Stale(_))), "{late:?}");
    let other = release(&database, &Release::Draft(Version::Draft(99), 2)).await;
    assert!(matches!(other, Err(NotReleased::Stale(_))), "{other:?}");
    assert_eq!(database.snapshot().await.expect("a snapshot"), (2, vec![imported]));
    assert_eq!(publish_draft(&database).await.revision, 3);
}

async fn two_nodes_that_publish_one_draft_at_once_make_one_revision(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let other = database.again().await;
    for revision in 2..10 {
        let state = edit(&database, &Edit::Change(&titled(stop(1), &revision.to_string()), None)).await;
        let one = Release::Draft(state.version(), state.revision);
        let (first, second) = tokio::join!(release(&database, &one), release(&other, &one));
        let (made, refused) = if first.is_ok() { (first, second) } else { (second, first) };
        let made = made.expect("one of them");
        assert_eq!((made.revision, made.generation, made.changed), (revision, revision, 1));
        assert!(matches!(refused, Err(NotReleased::NoDraft)), "{refused:?}");
    }
}

/// Changes one stop again and again, each time on what was last seen; says how often that was taken.
async fn insist(store: Store, number: usize) -> usize {
    let mut taken = 0;
    for round in 0..30 {
        let seen = state(&store).await.version();
        let changed = titled(stop(number), &round.to_string());
        let edit = Edit::Change(&changed, None);
        match store.edit_draft(SLUG, Some(seen), &edit, &ann(), NOW_MS).await.expect("the database answers") {
            Ok(_) => taken += 1,
            Err(NotEdited::Stale(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    taken
}

async fn two_nodes_that_edit_at_once_lose_nothing(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let other = tokio::spawn(insist(database.again().await, 0));
    let taken = insist(database.again().await, 1).await + other.await.expect("no panic");
    assert_eq!(state(&database).await.version(), Version::Draft(i64::try_from(taken).expect("small")));
    let noted = database.number("select count(*) from audit_log where action = 'change waypoint'").await;
    assert_eq!(usize::try_from(noted), Ok(taken));
    assert!(taken >= 30, "{taken} were taken");
}

async fn a_publication_that_fails_in_the_middle_leaves_nothing(database: Database) {
    let published = publish(&database, &short_canal(SLUG, 4)).await;
    edit(&database, &Edit::Remove(&stop(0).id)).await;
    let draft = edit(&database, &Edit::Add(&stop(5), None)).await;
    let before = ids(&database).await;
    // The last thing a publication writes: everything else has been written by then.
    let refuse = match database.store {
        Store::Sqlite(_) => {
            vec!["create trigger refuse before insert on audit_log begin select raise(abort, 'no'); end"]
        }
        Store::Postgres(_) => vec![
            "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$",
            "create trigger refuse before insert on audit_log for each row execute function refuse()",
        ],
    };
    for sql in refuse {
        database.execute(sql).await.expect("a trigger");
    }
    for failing in [Release::Draft(draft.version(), 1), Release::Withdraw] {
        database.release(SLUG, &failing, &publication()).await.expect_err("nobody would know who did it");
    }
    let edited = database.edit_draft(SLUG, None, &Edit::Remove(&stop(1).id), &ann(), NOW_MS).await;
    edited.expect_err("nobody would know who did it");
    assert_eq!(database.snapshot().await.expect("a snapshot"), (1, vec![published]));
    assert_eq!(state(&database).await.version(), draft.version());
    assert_eq!(ids(&database).await, before);
    assert_eq!(database.number("select count(*) from revisions").await, 1);
    assert_eq!(database.number("select count(*) from waypoints").await, 4);
    let undo = match database.store {
        Store::Sqlite(_) => "drop trigger refuse",
        Store::Postgres(_) => "drop trigger refuse on audit_log",
    };
    database.execute(undo).await.expect("the trigger is gone");
    assert_eq!(publish_draft(&database).await.revision, 2, "the writer works on");
}

async fn a_route_that_is_taken_back_keeps_its_counts_and_becomes_its_draft(database: Database) {
    let published = publish(&database, &short_canal(SLUG, 3)).await;
    let ann_walks = create(&database, 1).await;
    let stored = record_new(&database, &check_in(ann_walks, "one", &published, 1, at("2026-05-01T09:30"))).await;
    let outcome = release(&database, &Release::Withdraw).await.expect("taken back");
    assert_eq!((outcome.revision, outcome.changed, outcome.published), (2, 3, true));
    assert_eq!(database.snapshot().await.expect("a snapshot"), (2, Vec::new()));
    assert_eq!(database.check_in(ann_walks, "one").await.expect("read"), Some(stored));
    assert_eq!(audited(&database).await, 1);
    let now = state(&database).await;
    assert_eq!((now.withdrawn, now.revision, now.version()), (true, 2, Version::Draft(1)));
    assert_eq!(database.route_page(&now, 0, 100).await.expect("a page"), published.route.waypoints);
    let again = release(&database, &Release::Withdraw).await;
    assert!(matches!(again, Err(NotReleased::NotPublished)), "{again:?}");
    let same_file = database.publish(&short_canal(SLUG, 3), NOW_MS).await.expect("taken");
    assert!(!same_file.published, "a restart does not bring back what somebody took back");
    assert_eq!(publish_draft(&database).await.revision, 3);
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    assert_eq!((&routes[0].route, &routes[0].waypoint_keys), (&published.route, &published.waypoint_keys));
    let history = database.revisions(SLUG, i64::MAX, 10).await.expect("a history");
    let told: Vec<_> = history.iter().map(|one| (one.revision, &*one.kind, &*one.author, one.waypoints)).collect();
    assert_eq!(told, [(3, "publish", "Ann", 3), (2, "withdraw", "Ann", 0), (1, "import", "command line", 3)]);
    assert_eq!(history[0].note, "for the spring");
}

async fn every_change_is_noted_with_who_made_it(database: Database) {
    publish(&database, &short_canal(SLUG, 3)).await;
    let order = [stop(2).id, stop(0).id, stop(1).id];
    edit(&database, &Edit::Order(&order)).await;
    edit(&database, &Edit::Add(&stop(4), Some(0))).await;
    edit(&database, &Edit::Head(&Head::default())).await;
    publish_draft(&database).await;
    release(&database, &Release::Restore(1)).await.expect("restored");
    let deeds = database.deeds(&DeedFilter { route: Some(SLUG.into()), ..DeedFilter::default() }, 100).await;
    let deeds: Vec<_> = deeds.expect("deeds").into_iter().rev().map(|stored| stored.deed).collect();
    let told: Vec<_> = deeds.iter().map(|d| (&*d.action, &*d.subject, d.revision, d.draft_version)).collect();
    let added = stop(4).id;
    assert_eq!(
        told,
        [
            ("import", "1", Some(1), None),
            ("order waypoints", "", None, Some(1)),
            ("add waypoint", &*added, None, Some(2)),
            ("change route", "", None, Some(3)),
            ("publish", "2", Some(2), None),
            ("restore", "3", Some(3), None),
        ]
    );
    assert!(deeds.iter().skip(1).all(|deed| deed.who == ann() && deed.outcome == "done"), "{deeds:#?}");
    assert_eq!((&*deeds[4].detail, deeds[0].who.name.as_str()), ("for the spring", "command line"));
}

async fn sweeping_takes_what_belongs_to_nobody_and_nothing_else(database: Database) {
    publish(&database, &short_canal(SLUG, 4)).await;
    let state = edit(&database, &Edit::Remove(&stop(0).id)).await;
    let given_up = copied(&database, &state, NOW_MS).await;
    let fresh = copied(&database, &state, NOW_MS).await;
    let left = copied(&database, &state, NOW_MS - 25 * 3_600_000).await;
    database.drop_content(given_up).await.expect("given up");
    while database.sweep_contents(NOW_MS).await.expect("swept") {}
    let lengths = async |content| database.content_len(content).await.expect("a number");
    assert_eq!((lengths(given_up).await, lengths(fresh).await, lengths(left).await), (0, 3, 0));
    assert_eq!(database.number("select count(*) from draft_waypoints").await, 8, "the draft's and the fresh one's");
    while database.sweep_contents(NOW_MS + 1_000 * 24 * 3_600_000).await.expect("swept") {}
    assert_eq!(ids(&database).await, [stop(1).id, stop(2).id, stop(3).id], "a draft is never too old");
    assert_eq!(lengths(fresh).await, 0);
    publish_draft(&database).await;
    while database.sweep_contents(NOW_MS).await.expect("swept") {}
    assert_eq!(database.number("select count(*) from draft_waypoints").await, 0);
    assert_eq!(database.number("select count(*) from contents").await, 0);
}

async fn a_change_of_a_long_route_is_all_that_its_draft_holds(database: Database) {
    let mut route = short_canal(SLUG, 1);
    let pattern = route.waypoints.remove(0);
    // More than are written in one step.
    route.waypoints = (0..1_203).map(|n| Waypoint { id: format!("stop-{n}"), ..pattern.clone() }).collect();
    let route = route.numbered();
    publish(&database, &route).await;
    while database.sweep_contents(NOW_MS).await.expect("swept") {}
    let other = database.again().await;
    let (one, two) = (titled(route.waypoints[7].clone(), "One"), titled(route.waypoints[1_202].clone(), "Two"));
    let (one, two) = (Edit::Change(&one, None), Edit::Change(&two, None));
    let (first, second) = tokio::join!(edit(&database, &one), edit(&other, &two));
    assert_eq!(first.draft.expect("a draft").content, second.draft.expect("a draft").content);
    let mut expected = route.waypoints.clone();
    "One".clone_into(&mut expected[7].body.title.en);
    "Two".clone_into(&mut expected[1_202].body.title.en);
    assert!(database.route_page(&state(&database).await, 0, 2_000).await.expect("a page") == expected);
    assert_eq!(database.number("select count(*) from draft_waypoints").await, 2);
    edit(&database, &Edit::Remove("stop-1201")).await;
    // The last one moves up: it is named, and the one before it is gone.
    assert_eq!(database.number("select count(*) from draft_waypoints").await, 3);
    let outcome = publish_draft(&database).await;
    assert_eq!(outcome.changed, 3);
    assert_eq!(database.number("select count(*) from waypoint_versions").await, 1_203 + 2);
}

async fn a_draft_stays_as_it_is_whatever_is_published_meanwhile(database: Database) {
    publish(&database, &short_canal(SLUG, 6)).await;
    edit(&database, &Edit::Change(&titled(stop(1), "Mine"), None)).await;
    edit(&database, &Edit::Remove(&stop(4).id)).await;
    let drafted = database.route_page(&state(&database).await, 0, 10).await.expect("a page");
    let mut file = short_canal(SLUG, 5);
    file.waypoints.rotate_left(2);
    file.waypoints[1] = titled(file.waypoints[1].clone(), "Theirs");
    let theirs = publish(&database, &file.numbered()).await;
    let now = state(&database).await;
    assert_eq!(database.route_page(&now, 0, 10).await.expect("a page"), drafted);
    // Looking at what it changes puts the draft on the new revision, which changes nothing.
    database.put_draft_on_last(&now).await.expect("put");
    assert_eq!(state(&database).await.version(), now.version());
    assert_eq!(database.route_page(&now, 0, 10).await.expect("a page"), drafted);
    let mut changed: Vec<String> =
        database.changed_page(&now, "", 10).await.expect("a page").into_iter().map(|(id, ..)| id).collect();
    let mut expected: Vec<String> = (0..6).map(|n| stop(n).id).collect();
    // Databases order names as they like.
    changed.sort();
    expected.sort();
    assert_eq!(changed, expected, "every stop has another place, is new or is gone");
    publish_draft(&database).await;
    let (_, routes) = database.snapshot().await.expect("a snapshot");
    assert_eq!(routes[0].route.waypoints, drafted);
    release(&database, &Release::Restore(2)).await.expect("restored");
    assert_eq!(database.snapshot().await.expect("a snapshot").1[0].route, theirs.route);
}

async fn a_long_order_is_kept(database: Database) {
    let content = database.begin_content(NOW_MS).await.expect("a set");
    let pattern = stop(0);
    let named = |i: usize| Waypoint { id: format!("stop-{i}"), ..pattern.clone() };
    let all: Vec<_> = (0..1_201).map(|i| (i, named(i))).collect();
    database.put_content(content, &all).await.expect("filled");
    edit(&database, &Edit::Adopt(content, None)).await;
    let backwards: Vec<String> = (0..1_201).rev().map(|i| format!("stop-{i}")).collect();
    let state = edit(&database, &Edit::Order(&backwards)).await;
    let page = database.route_page(&state, 1_199, 10).await.expect("a page");
    let told: Vec<_> = page.iter().map(|stop| (&*stop.id, stop.body.order)).collect();
    assert_eq!(told, [("stop-1", 1_200), ("stop-0", 1_201)]);
    assert_eq!(database.route_len(&state).await.expect("a number"), 1_201);
}
