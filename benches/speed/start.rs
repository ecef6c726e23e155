//! From the start of the program until it is ready, beside reading every row with the same driver and bulk-loading the R-tree;
//! and the memory that it takes then.

use crate::figures::say;
use crate::load;
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use crate::server::{self, Server, Setup};
use crate::{database, machine, places};
use futures_util::TryStreamExt;
use rstar::RTree;
use rstar::primitives::GeomWithData;
use serde::Deserialize;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::hint::black_box;
use std::time::{Duration, Instant};
use studyroute::domain::geodesy::LatLon;

const MOST: f64 = 3.0;
/// What every waypoint may take beside twice its prepared texts.
const BYTES_EACH: f64 = 100.0;
/// Routes whose texts are added up.
const ROUTES: usize = 20;
pub const MANY: usize = 1_000_000;
const SOME: usize = 100_000;

/// Rows of a hundred thousand, in five pairs.
pub fn measure(bench: &Bench, report: &mut Report) {
    ready(bench, report, SOME.min(bench.options.most), bench.pairs());
}

/// Rows of a million; a start takes so long that there are fewer pairs.
pub fn measure_many(bench: &Bench, report: &mut Report) {
    ready(bench, report, MANY.min(bench.options.most), 3);
}

fn ready(bench: &Bench, report: &mut Report, count: usize, pairs: usize) {
    let file = database::of(bench, count);
    let url = format!("sqlite:{}", file.display());
    let (mut ratios, mut ours, mut limits, mut resident) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for pair in 0..pairs {
        let server = Setup::new(&bench.options.binary, &url).start(&bench.folder);
        ours.push(server.ready_after.as_secs_f64());
        resident.push(machine::resident_bytes(server.pid()));
        if pair + 1 == pairs {
            memory(report, &server, count, &resident);
        }
        server.stop();
        let limit = server::step(&["read", &file.display().to_string()], 300);
        ratios.push(ours[pair] / limit["all_s"]);
        limits.push(limit);
    }
    let limit = limits.remove(pairs / 2);
    let more = format!(
        "{:.2} s against {:.2} (rows {:.2}, positions out of them {:.2}, bulk load {:.2})",
        ours[pairs / 2],
        limit["all_s"],
        limit["rows_s"],
        limit["positions_s"],
        limit["load_s"]
    );
    let work = format!("ready after start, {count} waypoints, wall time");
    let row = Row::new(format!("start-{count}"), work, "reading every row and position, and a bulk load", ratios);
    report.add(row.at_most(MOST).more(more).part("ready_s", ours[pairs / 2]).part("limit_s", limit["all_s"]));
}

fn memory(report: &mut Report, server: &Server, count: usize, resident: &[f64]) {
    let allowed = allowed_bytes(server, count);
    let ratios: Vec<f64> = resident.iter().map(|resident| resident / allowed).collect();
    let more = format!("{:.0} MB resident, {:.0} MB allowed", resident[0] / 1e6, allowed / 1e6);
    let against = format!("2 × prepared content + {BYTES_EACH} bytes a waypoint");
    let row = Row::new(format!("memory-{count}"), format!("memory after start, {count} waypoints"), against, ratios);
    report.add(row.at_most(1.0).more(more).part("resident_bytes", resident[0]).part("allowed_bytes", allowed));
}

/// Twice what the waypoints' parts of answers weigh in both languages, and so much for each: from the lists of some routes.
pub fn allowed_bytes(server: &Server, count: usize) -> f64 {
    let (mut waypoints, mut bytes) = (0.0, 0.0);
    let routes = count.div_ceil(places::ROUTE_STOPS);
    for route in (0..routes).step_by(routes.div_ceil(ROUTES)) {
        for lang in ["zh-CN", "en"] {
            let path = format!("/v1/routes/line-{route}/waypoints?limit=1000&lang={lang}");
            let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n");
            let (status, body, _) = load::ask_once(server.address, request.as_bytes());
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            let list: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            let items = list["items"].as_array().expect("items").len();
            waypoints += 0.5 * f64::from(u32::try_from(items).expect("small"));
            bytes += f64::from(u32::try_from(body.len()).expect("small"));
        }
    }
    f64::from(u32::try_from(count).expect("small")) * (2.0 * bytes / waypoints + BYTES_EACH)
}

/// What has to be read of a waypoint to find it again.
#[derive(Deserialize)]
struct Placed {
    position: LatLon,
}

/// Reads every published row, then the position in each, then loads the tree; says how long each took.
#[tokio::main(flavor = "current_thread")]
pub async fn read(file: &str) {
    let started = Instant::now();
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = options.connect().await.expect("a connection");
    let rows = sqlx::query_as::<_, (i64, i64, String)>(
        "select w.route_key, v.waypoint_key, v.document from waypoint_versions v
         join waypoints w on w.waypoint_key = v.waypoint_key where v.last_revision is null",
    );
    let mut rows = rows.fetch(&mut connection);
    let (mut keys, mut position_time) = (Vec::new(), Duration::ZERO);
    while let Some((_, key, document)) = rows.try_next().await.expect("a row") {
        let began = Instant::now();
        let placed: Placed = serde_json::from_str(&document).expect("a waypoint");
        keys.push(GeomWithData::new(placed.position.ecef(), key));
        position_time += began.elapsed();
    }
    drop(rows);
    connection.close().await.expect("closed");
    let read = started.elapsed();
    let tree: RTree<GeomWithData<[f64; 3], i64>> = RTree::bulk_load(keys);
    let all = started.elapsed();
    black_box(tree.size());
    say(&[
        ("all_s", all.as_secs_f64()),
        ("rows_s", read.checked_sub(position_time).unwrap().as_secs_f64()),
        ("positions_s", position_time.as_secs_f64()),
        ("load_s", all.checked_sub(read).unwrap().as_secs_f64()),
    ]);
}
