//! Steps of the imports' part: an import into a draft on SQLite, and the least that any import must do: read the file with the bare
//! reader, and insert the same rows, made beforehand, with one prepared statement in transactions of the same size.

use crate::figures::Meter;
use crate::places;
use crate::sample::{Length, Pattern};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Lines, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use studyroute::design::import::{Import, Progress, run};
use studyroute::formats::Format;
use studyroute::store::{Store, Who, content_hash};

/// Rows that an import writes together.
const TOGETHER: usize = 250;
/// When everything happens.
const NOW_MS: i64 = 1_777_600_800_000;
const INSERT: &str =
    "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document) values (0, $1, $2, $3, $4)";

/// The route that is made.
const SLUG: &str = "seeded";

/// The file of a format, and the rows as the store keeps them.
pub fn file(format: &str, folder: &Path) -> PathBuf {
    folder.join(format!("route.{format}"))
}

/// Writes the files of one route and, beside them, its rows.
pub fn write(count: usize, length: Length, folder: &Path) {
    let route = Pattern::new(length).whole(SLUG, &places::all(count));
    let formats: &[Format] = if length == Length::Short { &[Format::GeoJson] } else { &[Format::Csv, Format::GeoJson] };
    for &format in formats {
        let mut out = BufWriter::new(File::create(file(format.as_str(), folder)).expect("writable"));
        studyroute::formats::write(format, &route, &mut out).expect("written");
        out.flush().expect("written");
    }
    let mut rows = BufWriter::new(File::create(file("rows", folder)).expect("writable"));
    for mut waypoint in route.waypoints {
        waypoint.body.order = 0;
        let hash = content_hash(&waypoint).expect("a digest");
        let document = serde_json::to_string(&waypoint).expect("JSON");
        writeln!(rows, "{}\t{hash}\t{document}", waypoint.id).expect("written");
    }
    rows.flush().expect("written");
}

/// Where the import goes.
fn database(folder: &Path) -> PathBuf {
    folder.join("ours.db")
}

/// Begins anew.
pub fn clear(folder: &Path) {
    for name in ["ours.db", "ours.db-wal", "ours.db-shm"] {
        drop(std::fs::remove_file(folder.join(name)));
    }
}

async fn open(file: &Path) -> Store {
    Store::open(&format!("sqlite:{}", file.display())).await.expect("the database opens")
}

/// Takes the file in.
#[tokio::main]
pub async fn ours(format: &str, folder: &Path) {
    let store = open(&database(folder)).await;
    let file = File::open(file(format, folder)).expect("the sample");
    let (import, progress, who) = (Import::default(), Arc::new(Progress::default()), Who::command_line());
    let meter = Meter::start();
    let report = run(&store, SLUG, None, file, &import, &progress, (&who, NOW_MS)).await.expect("taken in");
    assert!(report.accepted && report.refused == 0, "{:?}", report.results.first());
    let count = |count: u64| f64::from(u32::try_from(count).expect("small"));
    meter.say(&[("added", count(report.added)), ("unchanged", count(report.unchanged))]);
    store.close().await;
}

/// Reads the file bare and inserts the rows bare.
#[tokio::main]
pub async fn bare(format: &str, folder: &Path) {
    let scratch = tempfile::tempdir_in(folder).expect("a temporary folder");
    let database = scratch.path().join("bare.db");
    open(&database).await.close().await;
    let mut connection = SqliteConnectOptions::new()
        .filename(&database)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "on")
        .connect()
        .await
        .expect("a connection");
    let source = BufReader::new(File::open(file(format, folder)).expect("the sample"));
    let rows = BufReader::new(File::open(file("rows", folder)).expect("the sample")).lines();
    let meter = Meter::start();
    if format == "csv" {
        let mut reader = csv::Reader::from_reader(source);
        let mut record = csv::StringRecord::new();
        insert(&mut connection, rows, || reader.read_record(&mut record).expect("a row")).await;
    } else {
        // The first feature is the line.
        let features = geojson::FeatureReader::from_reader(source);
        let mut features = features.features().skip(1);
        let next = || features.next().map(|feature| std::hint::black_box(feature.expect("a feature"))).is_some();
        insert(&mut connection, rows, next).await;
    }
    meter.say(&[]);
    connection.close().await.expect("closed");
}

async fn insert(connection: &mut SqliteConnection, mut rows: Lines<BufReader<File>>, mut next: impl FnMut() -> bool) {
    let mut place = 0_i64;
    loop {
        let mut transaction = connection.begin().await.expect("begun");
        for _ in 0..TOGETHER {
            if !next() {
                transaction.commit().await.expect("kept");
                return;
            }
            let row = rows.next().expect("a row of every place").expect("readable");
            let mut row = row.splitn(3, '\t');
            let mut cell = || row.next().expect("three cells");
            let insert = sqlx::query(INSERT).bind(cell()).bind(place).bind(cell()).bind(cell());
            insert.execute(&mut *transaction).await.expect("inserted");
            place += 1;
        }
        transaction.commit().await.expect("kept");
    }
}
