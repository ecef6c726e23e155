//! `PostGIS` by itself, behind Express, and behind tipg: one server with one table of all places and their texts.

use super::geo::{Asked, lon_lat, node};
use super::{ITEMS, Ours, RADIUS_M, has, installed, not_installed, row};
use crate::load::{Questions, Shot};
use crate::nearby::Nearby;
use crate::report::Report;
use crate::server::{Process, Server};
use crate::{machine, places};
use sqlx::postgres::{PgConnection, PgPoolCopyExt, PgPoolOptions};
use sqlx::{Connection, PgPool};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const NODE: (&str, &str, f64) = ("peer-node-postgis", "Express before PostGIS", 50.0);
const TIPG: (&str, &str, f64) = ("peer-tipg", "tipg before PostGIS", 200.0);
const ALONE: (&str, &str) = ("peer-postgis", "PostGIS, no HTTP");
/// Clients of `PostGIS` by itself.
const CLIENTS: u32 = 8;
const SPAN: Duration = Duration::from_millis(1_500);
/// Half a side of the box that tipg is asked for, degrees: some 2 km.
const BOX: f64 = 0.02;
const NEARBY: &str =
    "select id, waypoint::text, st_distance(place, st_setsrid(st_makepoint($1, $2), 4326)::geography) from places
     where st_dwithin(place, st_setsrid(st_makepoint($1, $2), 4326)::geography, $3)
     order by place <-> st_setsrid(st_makepoint($1, $2), 4326)::geography limit $4";

/// What is compressed would have to be unpacked for every answer.
const FILL: &str = "create unlogged table places (id int primary key, place geography(point, 4326), waypoint json);
     alter table places alter waypoint set storage external;
     insert into places select id, st_setsrid(st_makepoint(lon, lat), 4326)::geography, waypoint
       from raw join kinds on kind = id % (select count(*) from kinds);
     create index on places using gist (place);
     analyze places; drop table raw; drop table kinds";

pub fn measure(ours: &mut Ours<'_>, report: &mut Report) {
    let Some(database) = Database::start(ours) else {
        report.add(not_installed(ALONE.0, ALONE.1, "PostgreSQL with PostGIS"));
        report.add(not_installed(NODE.0, NODE.1, "PostgreSQL with PostGIS").at_least(NODE.2));
        report.add(not_installed(TIPG.0, TIPG.1, "PostgreSQL with PostGIS").at_least(TIPG.2));
        return;
    };
    report.guarded(ALONE.0, |report| {
        let pairs = alone(ours, &database);
        report.add(row(ALONE.0, ALONE.1, &pairs, "prepared statements over 8 connections"));
    });
    report.guarded(NODE.0, |report| behind_node(ours, &database, report));
    report.guarded(TIPG.0, |report| behind_tipg(ours, &database, report));
}

fn behind_node(ours: &mut Ours<'_>, database: &Database, report: &mut Report) {
    if !has("node") || installed("node_modules/pg").is_none() {
        return report.add(not_installed(NODE.0, NODE.1, "node, express, pg").at_least(NODE.2));
    }
    let peer = node("postgis.cjs", &[&database.url, &ITEMS.to_string()], ours);
    let mut asked = Asked(ours.questions.clone());
    let pairs = behind(ours, &peer, database, &mut asked);
    report.add(row(NODE.0, NODE.1, &pairs, "the time of both, Node and PostgreSQL").at_least(NODE.2));
}

fn behind_tipg(ours: &mut Ours<'_>, database: &Database, report: &mut Report) {
    let Some(python) = python() else {
        return report.add(not_installed(TIPG.0, TIPG.1, "tipg").at_least(TIPG.2));
    };
    let mut command = machine::on_cores(&machine::SERVER_CORE.to_string(), &python);
    let script = Path::new("benches/peers/tipg_serve.py").canonicalize().expect("a script");
    command.arg(script).arg(&database.url);
    let peer = Server::start(command, &ours.bench.folder, Duration::from_mins(1));
    let mut asked = Boxed(ours.questions.clone());
    let pairs = behind(ours, &peer, database, &mut asked);
    let more = "it is asked for any 20 places in a box of 2 km each way, as it knows no nearest";
    report.add(row(TIPG.0, TIPG.1, &pairs, more).at_least(TIPG.2));
}

/// The Python that has tipg. Its path must not be made canonical: it is what tells Python where its packages are.
fn python() -> Option<PathBuf> {
    let python = installed("venv")?.join("bin/python3");
    let said = machine::says(&python.display().to_string(), &["-c", "import tipg, uvicorn; print('here')"]);
    (said == "here").then_some(python)
}

/// An HTTP server and the database behind it: the time of both.
fn behind(ours: &mut Ours<'_>, peer: &Server, database: &Database, asked: &mut impl Questions) -> Vec<[Shot; 2]> {
    let mut load = crate::load::Load::open(peer.address, CLIENTS as usize * 2);
    let pids = || [machine::family(peer.pid()), machine::family(database.process.pid())].concat();
    load.shoot(&pids(), asked, SPAN * 2);
    ours.in_turn(|| load.shoot(&pids(), asked, SPAN))
}

fn alone(ours: &mut Ours<'_>, database: &Database) -> Vec<[Shot; 2]> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pool = runtime.block_on(database.pool());
    let mut questions = ours.questions.clone();
    runtime.block_on(shoot(&pool, &mut questions, database));
    let pairs = ours.in_turn(|| runtime.block_on(shoot(&pool, &mut questions, database)));
    runtime.block_on(pool.close());
    pairs
}

async fn shoot(pool: &PgPool, questions: &mut Nearby, database: &Database) -> Shot {
    let pids = machine::family(database.process.pid());
    let (started, cpu) = (Instant::now(), machine::cpu(&pids));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (pool, mut random) = (pool.clone(), questions.random.fork());
            let eyes: Vec<_> = (0..50_000).map(|_| places::visitor(&questions.places, &mut random)).collect();
            tokio::spawn(async move {
                let mut answered = 0_u32;
                for eye in eyes {
                    if started.elapsed() > SPAN {
                        break;
                    }
                    let (lon, lat) = lon_lat(eye);
                    let ask = sqlx::query_as::<_, (i32, String, f64)>(NEARBY).bind(lon).bind(lat);
                    let ask = ask.bind(f64::from(RADIUS_M)).bind(i32::try_from(ITEMS).expect("small"));
                    let found = ask.fetch_all(&pool).await.expect("answered");
                    assert!(!found.is_empty() && found.is_sorted_by(nearest_first), "nearest first: {found:?}");
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    let mut answered = 0;
    for client in clients {
        answered += client.await.expect("joined");
    }
    let (wall, cpu) = (started.elapsed(), machine::cpu(&pids).saturating_sub(cpu));
    Shot::of(answered, wall, cpu)
}

/// The index orders on a sphere, the distances are those of the ellipsoid.
fn nearest_first(a: &(i32, String, f64), b: &(i32, String, f64)) -> bool {
    a.2 <= b.2 * 1.01 + 1.0
}

/// A PostgreSQL of its own with all places in it.
struct Database {
    process: Process,
    url: String,
}

impl Database {
    /// None where PostgreSQL or `PostGIS` is not installed.
    fn start(ours: &Ours<'_>) -> Option<Self> {
        let mut command = machine::on_cores(&machine::SERVER_CORE.to_string(), Path::new("scripts/with-postgres"));
        command.args(["--keep", "fast"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command);
        let mut line = String::new();
        BufReader::new(process.output()).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("ready ").map(|url| format!("{url}postgres"));
        let Some(url) = url else {
            eprintln!("{line}");
            return None;
        };
        let database = Self { process, url };
        ours.bench.note("filling PostGIS");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(database.fill(ours)).then_some(database)
    }

    async fn pool(&self) -> PgPool {
        let options = PgPoolOptions::new().max_connections(CLIENTS).min_connections(CLIENTS);
        options.connect(&self.url).await.expect("connected")
    }

    /// Says whether there is `PostGIS`.
    async fn fill(&self, ours: &Ours<'_>) -> bool {
        let mut connection = PgConnection::connect(&self.url).await.expect("connected");
        if sqlx::raw_sql("create extension postgis").execute(&mut connection).await.is_err() {
            return false;
        }
        let pool = self.pool().await;
        let setup = "create unlogged table raw (id int, lon float8, lat float8)";
        sqlx::raw_sql(setup).execute(&mut connection).await.expect("made");
        let mut copy = pool.copy_in_raw("copy raw from stdin").await.expect("begun");
        for (chunk, first) in ours.questions.places.chunks(10_000).zip((0..).step_by(10_000)) {
            let mut rows = Vec::new();
            for (place, id) in chunk.iter().zip(first..) {
                let id: i32 = id;
                writeln!(rows, "{id}\t{}\t{}", place.lon(), place.lat()).expect("memory");
            }
            copy.send(rows).await.expect("sent");
        }
        copy.finish().await.expect("copied");
        sqlx::raw_sql("create unlogged table kinds (kind int, waypoint json)")
            .execute(&mut connection)
            .await
            .expect("made");
        for (kind, waypoint) in (0_i32..).zip(&ours.kinds) {
            let insert = sqlx::query("insert into kinds values ($1, $2::json)").bind(kind).bind(waypoint.to_string());
            insert.execute(&mut connection).await.expect("inserted");
        }
        sqlx::raw_sql(FILL).execute(&mut connection).await.expect("filled");
        pool.close().await;
        true
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The end of its input ends the keeper, which takes the server and its folder away.
        self.process.end_input();
        let _ended = self.process.wait(Duration::from_secs(20));
    }
}

/// What tipg can be asked: some places in a box.
struct Boxed(Nearby);

impl Questions for Boxed {
    fn next(&mut self, out: &mut Vec<u8>) {
        let (lon, lat) = lon_lat(places::visitor(&self.0.places, &mut self.0.random));
        write!(
            out,
            "GET /collections/public.places/items?bbox={:.6},{:.6},{:.6},{:.6}&limit={ITEMS} HTTP/1.1\r\nhost: bench\r\naccept: application/geo+json\r\n\r\n",
            lon - BOX, lat - BOX, lon + BOX, lat + BOX
        )
        .expect("memory");
    }

    fn check(&self, status: u16, body: &[u8]) {
        let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        let found = body["features"].as_array().expect("features").len();
        assert!(status == 200 && (1..=ITEMS).contains(&found), "{status}: {found} features");
    }
}
