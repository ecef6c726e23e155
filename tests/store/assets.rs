//! Files of exhibits and uploads on both databases: what documents name stays, also when somebody saves at the same moment.

use crate::both::{Database, both, connect_postgres, connect_sqlite};
use crate::fixtures::{NOW_MS, publish, short_canal};
use crate::support::samples::{glb, png};
use sqlx::AssertSqlSafe;
use std::io::Write;
use std::time::Duration;
use studyroute::design::assets::{self, AssetError};
use studyroute::design::uploads::{self, UploadError};
use studyroute::domain::asset::{AssetKind, AssetReport, Findings};
use studyroute::domain::route::{Asset as Named, StudyRoute};
use studyroute::store::{AssetUse, Blobs, Condemned, Content, Deed, DeedFilter, NewAsset, Put, Store, Who};
use uuid::Uuid;

both! {
    a_file_is_kept_once_and_every_change_is_a_deed,
    what_any_document_names_is_not_removed,
    a_removal_waits_for_whoever_is_saving_a_document,
    a_file_that_is_being_removed_cannot_be_put_until_it_is_gone,
    what_nothing_names_goes_after_its_grace,
    what_was_left_behind_is_collected,
    parts_that_come_at_once_meet_on_their_place,
    a_refused_upload_leaves_nothing_behind,
}

const DAY_MS: i64 = 86_400_000;

fn blobs() -> (Blobs, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (Blobs::open(&folder.path().display().to_string()).expect("a place"), folder)
}

fn file(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

async fn add(store: &Store, blobs: &Blobs, bytes: &[u8], now_ms: i64) -> (String, bool) {
    let added = assets::add(store, blobs, file(bytes), "a.png", &Who::command_line(), now_ms).await;
    let (asset, is_new) = added.expect("kept");
    (asset.sha256, is_new)
}

async fn remove(store: &Store, blobs: &Blobs, sha256: &str, now_ms: i64) -> Result<(), AssetError> {
    assets::remove(store, blobs, sha256, &Who::command_line(), now_ms).await
}

fn naming(mut route: StudyRoute, sha256: &str) -> StudyRoute {
    let named = Named {
        role: "full".into(),
        href: format!("/v1/assets/{sha256}"),
        media_type: "image/png".into(),
        bytes: 1,
        sha256: sha256.into(),
        source: String::new(),
        license: String::new(),
    };
    route.waypoints[0].body.exhibits[0].assets.push(named);
    route
}

fn draft(sha256: &str) -> String {
    format!(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document)
         values ((select max(content_key) from contents), 'drum-tower', 1, 'x', '{{\"sha256\":\"{sha256}\"}}')"
    )
}

async fn save_draft(database: &Database, sha256: &str) {
    database.begin_content(NOW_MS).await.expect("a set of waypoints");
    assert_eq!(database.execute(&draft(sha256)).await, Ok(1));
}

async fn a_file_is_kept_once_and_every_change_is_a_deed(database: Database) {
    let (blobs, _folder) = blobs();
    let (sha256, is_new) = add(&database, &blobs, &png(8, 8), NOW_MS).await;
    assert!(is_new && !add(&database, &blobs, &png(8, 8), NOW_MS + 1).await.1);
    let kept = database.asset(&sha256).await.expect("read").expect("there");
    assert_eq!(
        (kept.media_type.as_str(), kept.created_ms, kept.created_by.as_str()),
        ("image/png", NOW_MS, "command line")
    );
    let (other, _) = add(&database, &blobs, &glb(1, &[]), NOW_MS).await;
    let listed = |after, limit| async move {
        let page = database.assets(after, limit).await.expect("a page");
        (
            page.iter().map(|asset| asset.sha256.clone()).collect::<Vec<_>>(),
            page.last().map(|asset| asset.key),
            database,
        )
    };
    let (first, last, database) = listed(0, 1).await;
    assert_eq!(first, std::slice::from_ref(&sha256));
    let rest = database.assets(last.expect("one"), 10).await.expect("a page");
    assert_eq!(rest.into_iter().map(|asset| asset.sha256).collect::<Vec<_>>(), [other]);
    remove(&database, &blobs, &sha256, NOW_MS + 2).await.expect("removed");
    assert!(matches!(remove(&database, &blobs, &sha256, NOW_MS + 3).await, Err(AssetError::Unknown)));
    let deeds = database.deeds(&DeedFilter::default(), 10).await.expect("deeds");
    let actions: Vec<&str> = deeds.iter().map(|stored| stored.deed.action.as_str()).collect();
    assert_eq!(actions, ["asset remove", "asset add", "asset add"]);
}

async fn what_any_document_names_is_not_removed(database: Database) {
    let (blobs, _folder) = blobs();
    let (sha256, _) = add(&database, &blobs, &png(8, 8), NOW_MS).await;
    let plain = short_canal("short", 2);
    let named = naming(plain.clone(), &sha256);
    publish(&database, &named).await;
    let place = |route: Option<&str>, waypoint: &str, state: &str| AssetUse {
        route: route.map(str::to_string),
        waypoint: waypoint.into(),
        state: state.into(),
    };
    let stop = plain.waypoints[0].id.clone();
    let refused = remove(&database, &blobs, &sha256, NOW_MS).await;
    assert!(matches!(refused, Err(AssetError::InUse(uses)) if uses == [place(Some("short"), &stop, "published")]));
    publish(&database, &plain).await;
    save_draft(&database, &sha256).await;
    let uses = [place(Some("short"), &stop, "earlier"), place(None, "drum-tower", "draft")];
    assert_eq!(database.asset_uses(&sha256).await.expect("uses"), uses);
    let refused = remove(&database, &blobs, &sha256, NOW_MS).await;
    assert!(matches!(refused, Err(AssetError::InUse(found)) if found == uses));
    assert!(assets::read(&blobs, &sha256, 0..1).await.is_ok());
}

async fn a_removal_waits_for_whoever_is_saving_a_document(database: Database) {
    let (blobs, _folder) = blobs();
    let (sha256, _) = add(&database, &blobs, &png(8, 8), NOW_MS).await;
    let begin = if matches!(database.store, Store::Sqlite(_)) { "begin immediate" } else { "begin" };
    database.begin_content(NOW_MS).await.expect("a set of waypoints");
    let mut saving = Saving::connect(&database).await;
    saving.run(begin).await;
    saving.run(&draft(&sha256)).await;
    let waiting = tokio::spawn({
        let (store, blobs, sha256) = (database.again().await, blobs.clone(), sha256.clone());
        async move { remove(&store, &blobs, &sha256, NOW_MS).await }
    });
    // Time enough to go wrong; how long it takes decides nothing.
    tokio::time::sleep(Duration::from_millis(300)).await;
    saving.run("commit").await;
    let removed = waiting.await.expect("no panic");
    assert!(matches!(removed, Err(AssetError::InUse(_))), "{removed:?}");
    assert!(database.asset(&sha256).await.expect("read").is_some());
}

/// Somebody in the middle of a transaction.
enum Saving {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Saving {
    async fn connect(database: &Database) -> Self {
        match database.store {
            Store::Sqlite(_) => Self::Sqlite(connect_sqlite(&database.place.url).await),
            Store::Postgres(_) => Self::Postgres(connect_postgres(&database.place.url).await),
        }
    }

    async fn run(&mut self, sql: &str) {
        let query = AssertSqlSafe(sql.to_owned());
        let done = match self {
            Self::Sqlite(connection) => sqlx::query(query).execute(connection).await.map(drop),
            Self::Postgres(connection) => sqlx::query(query).execute(connection).await.map(drop),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

fn bare(sha256: &str) -> NewAsset {
    let findings = Findings { report: AssetReport::new(AssetKind::Picture), warnings: Vec::new() };
    NewAsset { sha256: sha256.into(), media_type: "image/png".into(), bytes: 1, name: "x".into(), findings }
}

async fn a_file_that_is_being_removed_cannot_be_put_until_it_is_gone(database: Database) {
    let sha256 = "ab".repeat(32);
    let deed = Deed::done(NOW_MS, &Who::command_line(), "asset add", sha256.clone());
    let new = bare(&sha256);
    let put = || database.put_asset(&new, &deed);
    assert_eq!(put().await.expect("put"), Put::New);
    assert_eq!(put().await.expect("put"), Put::Known);
    assert_eq!(database.condemn_asset(&sha256, &deed).await.expect("condemned"), Condemned::Yes);
    assert_eq!(database.asset(&sha256).await.expect("read"), None);
    assert_eq!(put().await.expect("put"), Put::BeingRemoved);
    assert_eq!(database.condemn_asset(&sha256, &deed).await.expect("asked"), Condemned::Unknown);
    assert!(!database.condemn_orphan(&sha256, NOW_MS).await.expect("asked"));
    database.forget_asset(&sha256, NOW_MS + 1).await.expect("another's mark");
    assert_eq!(put().await.expect("put"), Put::BeingRemoved);
    database.forget_asset(&sha256, NOW_MS).await.expect("forgotten");
    assert_eq!(put().await.expect("put"), Put::New);
}

async fn what_nothing_names_goes_after_its_grace(database: Database) {
    let (blobs, _folder) = blobs();
    let (unused, _) = add(&database, &blobs, &png(8, 8), NOW_MS).await;
    let (named, _) = add(&database, &blobs, &png(9, 9), NOW_MS).await;
    let (drafted, _) = add(&database, &blobs, &png(10, 10), NOW_MS).await;
    publish(&database, &naming(short_canal("short", 1), &named)).await;
    save_draft(&database, &drafted).await;
    let collect = |days: i64| assets::collect(&database, &blobs, 7 * DAY_MS, &WHO, NOW_MS + days * DAY_MS);
    assert_eq!(collect(0).await.expect("collected").assets, 0, "marked");
    assert_eq!(collect(6).await.expect("collected").assets, 0, "not yet");
    assert_eq!(database.asset(&unused).await.expect("read").expect("there").unused_since_ms, Some(NOW_MS));
    add(&database, &blobs, &png(8, 8), NOW_MS + 6 * DAY_MS).await;
    assert_eq!(collect(8).await.expect("collected").assets, 0, "put again, so the grace begins anew");
    assert_eq!(collect(15).await.expect("collected").assets, 1);
    assert_eq!(database.asset(&unused).await.expect("read"), None);
    for kept in [named, drafted] {
        assert!(database.asset(&kept).await.expect("read").is_some_and(|asset| asset.unused_since_ms.is_none()));
    }
}

async fn what_was_left_behind_is_collected(database: Database) {
    let (blobs, folder) = blobs();
    let (kept, _) = add(&database, &blobs, &png(8, 8), NOW_MS).await;
    let orphan = "cd".repeat(32);
    let place = format!("sha256/cd/{orphan}");
    blobs.put(&place, Content::Bytes("x".into())).await.expect("put");
    let (broken_off, _) = add(&database, &blobs, &png(9, 9), NOW_MS).await;
    let deed = Deed::done(NOW_MS, &Who::command_line(), "asset remove", broken_off.clone());
    assert_eq!(database.condemn_asset(&broken_off, &deed).await.expect("condemned"), Condemned::Yes);
    // The place's clock is the machine's, which is not this test's.
    let later = NOW_MS + 20 * 365 * DAY_MS;
    let collected =
        assets::collect(&database, &blobs, 7 * DAY_MS, &Who::command_line(), later).await.expect("collected");
    assert_eq!((collected.assets, collected.orphans), (0, 2));
    assert!(!blobs.has(&place).await.expect("an answer") && database.asset(&kept).await.expect("read").is_some());
    assert!(!folder.path().join(format!("sha256/{}/{broken_off}", &broken_off[..2])).exists());
    assert_eq!(database.number("select count(*) from assets").await, 1);
}

async fn parts_that_come_at_once_meet_on_their_place(database: Database) {
    let (blobs, folder) = blobs();
    let whole = png(8, 8);
    let id = Uuid::from_u128(7);
    let upload = uploads::begin(&database, id, "ann", "../a.png", whole.len() as u64, NOW_MS).await.expect("begun");
    assert_eq!(upload.name, "a.png");
    let part = |at: u128, bytes: &[u8]| (file(bytes), bytes.len() as u64, Uuid::from_u128(at));
    let one = uploads::append(&database, &blobs, upload.clone(), part(1, &whole[..9]), NOW_MS);
    let two = uploads::append(&database, &blobs, upload.clone(), part(2, &whole[..20]), NOW_MS);
    let (one, two) = tokio::join!(one, two);
    let (kept, turned_away) = if one.is_ok() { (one, two) } else { (two, one) };
    let kept = kept.expect("one is kept");
    assert!(matches!(turned_away, Err(UploadError::Offset(at)) if at == kept.received));
    assert!(matches!(uploads::find(&database, id, "bob", NOW_MS).await, Err(UploadError::Unknown)));
    let rest = &whole[usize::try_from(kept.received).expect("small")..];
    let done = uploads::append(&database, &blobs, kept, part(3, rest), NOW_MS).await.expect("kept");
    let again = database.again().await;
    let finish = |store| uploads::finish(store, &blobs, &done, &WHO, NOW_MS);
    let (one, two) = tokio::join!(finish(&database.store), finish(&again));
    let (one, two) = (one.expect("a file"), two.expect("the same file"));
    assert_eq!((one.sha256.clone(), one.bytes), (two.sha256, whole.len() as u64));
    let found = uploads::find(&database, id, "ann", NOW_MS).await.expect("there");
    assert_eq!(found.sha256, Some(one.sha256));
    assert_eq!(std::fs::read_dir(folder.path().join("uploads")).expect("a folder").count(), 0);
}

static WHO: std::sync::LazyLock<Who> = std::sync::LazyLock::new(Who::command_line);

async fn a_refused_upload_leaves_nothing_behind(database: Database) {
    let (blobs, folder) = blobs();
    let id = Uuid::from_u128(7);
    let upload = uploads::begin(&database, id, "ann", "", 6, NOW_MS).await.expect("begun");
    let part = (file(b"GIF89a"), 6, Uuid::from_u128(1));
    let whole = uploads::append(&database, &blobs, upload, part, NOW_MS).await.expect("kept");
    let refused = uploads::finish(&database, &blobs, &whole, &WHO, NOW_MS).await;
    assert!(matches!(refused, Err(UploadError::Asset(AssetError::Refused(_)))), "{refused:?}");
    assert_eq!(database.number("select count(*) from uploads").await, 0);
    assert_eq!(std::fs::read_dir(folder.path().join("uploads")).expect("a folder").count(), 0);
}
