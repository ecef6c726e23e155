//! A database with many published waypoints, written row by row past the store: what it holds is the same, and a million of them
//! take a minute and not ten. The tables' shape is the migrations'.

use crate::places;
use crate::sample::{Length, Pattern};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite};
use std::path::{Path, PathBuf};
use studyroute::domain::lint;
use studyroute::domain::route::{StudyRoute, Waypoint};
use studyroute::store::{Head, Store, content_hash};

/// Rows of one statement.
const TOGETHER: usize = 100;
/// When everything was published.
const PUBLISHED_MS: i64 = 1_777_600_800_000;

/// Where the database of so many waypoints lies; it is written when it is first asked for.
pub fn of(bench: &crate::options::Bench, count: usize) -> PathBuf {
    let file = bench.folder.join(format!("waypoints-{count}.db"));
    if !file.exists() {
        bench.note(&format!("writing a database of {count} waypoints"));
        crate::server::step(&["database", &count.to_string(), &file.display().to_string()], 600);
        let megabytes = file.metadata().expect("a file").len() / 1_000_000;
        bench.note(&format!("it weighs {megabytes} MB"));
    }
    file
}

/// Writes one.
#[tokio::main(flavor = "current_thread")]
pub async fn write(count: usize, file: &str) {
    Store::open(&format!("sqlite:{file}")).await.expect("the database opens").close().await;
    // Nothing here has to outlive a failure: then the run is over.
    let options = SqliteConnectOptions::new().filename(Path::new(file)).journal_mode(SqliteJournalMode::Off);
    let options = options.synchronous(SqliteSynchronous::Off).foreign_keys(false);
    let mut connection = options.connect().await.expect("a connection");
    let mut transaction = connection.begin().await.expect("begun");
    let (pattern, places) = (Pattern::new(Length::Real), places::all(count));
    let mut first = 1;
    for (key, route) in (1..).zip(pattern.routes(&places)) {
        put_head(&mut transaction, key, &route).await;
        for (chunk, ordinal) in route.waypoints.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
            put_waypoints(&mut transaction, key, (first, ordinal), chunk).await;
            first += i64::try_from(chunk.len()).expect("small");
        }
    }
    sqlx::query("update generation set value = 1").execute(&mut *transaction).await.expect("written");
    transaction.commit().await.expect("kept");
    connection.close().await.expect("closed");
}

async fn put_head(connection: &mut SqliteConnection, key: i64, route: &StudyRoute) {
    let insert = "insert into study_routes (route_key, slug, revision, file_hash) values ($1, $2, 1, '')";
    sqlx::query(insert).bind(key).bind(&route.slug).execute(&mut *connection).await.expect("written");
    let head = serde_json::to_string(&Head::of(route)).expect("JSON");
    let insert =
        "insert into revisions (route_key, revision, published_ms, content_hash, head) values ($1, 1, $2, '', $3)";
    sqlx::query(insert).bind(key).bind(PUBLISHED_MS).bind(head).execute(connection).await.expect("written");
}

async fn put_waypoints(connection: &mut SqliteConnection, route: i64, from: (i64, i64), waypoints: &[Waypoint]) {
    let rows = || (from.0..).zip(from.1..).zip(waypoints);
    let mut names = QueryBuilder::<Sqlite>::new("insert into waypoints (waypoint_key, route_key, slug) ");
    names.push_values(rows(), |mut row, ((key, _), waypoint)| {
        row.push_bind(key).push_bind(route).push_bind(&waypoint.id);
    });
    names.build().execute(&mut *connection).await.expect("written");
    let mut versions = QueryBuilder::<Sqlite>::new(
        "insert into waypoint_versions
           (waypoint_key, first_revision, ordinal, content_hash, document, route_key, spot, answer_key) ",
    );
    versions.push_values(rows(), |mut row, ((key, ordinal), waypoint)| {
        let mut waypoint = waypoint.clone();
        waypoint.body.order = 0;
        let hash = content_hash(&waypoint).expect("a digest");
        let document = serde_json::to_string(&waypoint).expect("JSON");
        row.push_bind(key).push_bind(1_i64).push_bind(ordinal).push_bind(hash).push_bind(document);
        row.push_bind(route).push_bind(lint::cell_of(&waypoint)).push_bind(lint::answer_key(&waypoint));
    });
    versions.build().execute(connection).await.expect("written");
}
