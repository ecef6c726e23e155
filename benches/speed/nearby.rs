//! Nearby, the whole answer with everything on, beside the bare endpoint that sends as many bytes: among the real waypoints and
//! among seeded ones.

use crate::figures::Spread;
use crate::load::{CONNECTIONS, Load, Questions, Shot};
use crate::open_loop::{self, Waited};
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use crate::server::{Server, Setup};
use crate::{database, machine, places, sample};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use studyroute::domain::geodesy::LatLon;

/// One span of a pair, and of the open loop.
const SPAN: Duration = Duration::from_secs(2);
const SPAN_QUICK: Duration = Duration::from_millis(700);
const OPEN_SPAN: Duration = Duration::from_secs(4);
/// Answers whose lengths the bare endpoint's bodies have.
const SAMPLE: usize = 512;
/// Questions that are also answered by looking at every place.
const EXACT: usize = 8;
pub const PATH: &str = "/v1/nearby";

/// Where visitors are asked for, and what they want.
#[derive(Clone)]
pub struct Nearby {
    pub places: Vec<LatLon>,
    pub random: fastrand::Rng,
    pub radius_m: u32,
    pub limit: usize,
}

impl Nearby {
    pub fn new(places: Vec<LatLon>, radius_m: u32, limit: usize) -> Self {
        Self { places, random: fastrand::Rng::with_seed(11), radius_m, limit }
    }

    fn write(&self, eye: LatLon, out: &mut Vec<u8>) {
        let (lat, lon, radius_m, limit) = (eye.lat(), eye.lon(), self.radius_m, self.limit);
        write!(
            out,
            "GET {PATH}?lat={lat:.6}&lon={lon:.6}&radius_m={radius_m}&limit={limit} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n\r\n"
        )
        .expect("memory");
    }

    /// Some questions, answered once more by looking at every place.
    fn check_exactly(&mut self, server: &Server) {
        for _ in 0..EXACT {
            let eye = places::visitor(&self.places, &mut self.random);
            let mut request = Vec::new();
            self.write(eye, &mut request);
            let (status, body, _) = crate::load::ask_once(server.address, &request);
            self.check(status, &body);
            let radius_m = f64::from(self.radius_m);
            let mut truth: Vec<f64> = self.places.iter().map(|place| eye.distance_m(*place)).collect();
            truth.retain(|distance_m| *distance_m <= radius_m);
            truth.sort_by(f64::total_cmp);
            truth.truncate(self.limit);
            let found = distances(&body);
            assert_eq!(found.len(), truth.len(), "as many as there are");
            let right = found.iter().zip(&truth).all(|(found, truth)| (found - truth).abs() < 0.002);
            assert!(right, "{found:?} are the nearest, which are {truth:?}");
        }
    }
}

fn distances(body: &[u8]) -> Vec<f64> {
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let items = body["items"].as_array().expect("items");
    items.iter().map(|item| item["distance_m"].as_f64().expect("a distance")).collect()
}

impl Questions for Nearby {
    fn next(&mut self, out: &mut Vec<u8>) {
        let eye = places::visitor(&self.places, &mut self.random);
        self.write(eye, out);
    }

    fn check(&self, status: u16, body: &[u8]) {
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(body));
        let found = distances(body);
        assert!(found.len() <= self.limit && found.is_sorted(), "nearest first: {found:?}");
        assert!(found.iter().all(|distance_m| *distance_m <= f64::from(self.radius_m)), "within: {found:?}");
    }
}

/// What the bare endpoint is asked: the same, and any answer is right.
struct Unread<'a, Q>(&'a mut Q);

impl<Q: Questions> Questions for Unread<'_, Q> {
    fn next(&mut self, out: &mut Vec<u8>) {
        self.0.next(out);
    }

    fn check(&self, _: u16, _: &[u8]) {}
}

/// A row of this part.
struct Case {
    key: &'static str,
    count: usize,
    radius_m: u32,
    least: f64,
}

const CASES: [Case; 6] = [
    Case { key: "nearby-54", count: 54, radius_m: 1_000, least: 0.90 },
    Case { key: "nearby-1k", count: 1_000, radius_m: 1_000, least: 0.90 },
    Case { key: "nearby-100k", count: 100_000, radius_m: 1_000, least: 0.65 },
    Case { key: "nearby-100k-50km", count: 100_000, radius_m: 50_000, least: 0.65 },
    Case { key: "nearby-1m", count: 1_000_000, radius_m: 50_000, least: 0.50 },
    Case { key: "nearby-1m-2km", count: 1_000_000, radius_m: 2_000, least: 0.50 },
];
const ITEMS: usize = 20;
const MANY: usize = 1_000_000;

/// All rows but those of a million.
pub fn measure(bench: &Bench, report: &mut Report) {
    measure_cases(bench, report, |count| count < MANY);
}

/// The rows of a million.
pub fn measure_many(bench: &Bench, report: &mut Report) {
    measure_cases(bench, report, |count| count >= MANY);
}

fn measure_cases(bench: &Bench, report: &mut Report, wanted: impl Fn(usize) -> bool) {
    let cases: Vec<&Case> = CASES.iter().filter(|case| wanted(case.count)).collect();
    for of_count in cases.chunk_by(|a, b| a.count == b.count) {
        let count = of_count[0].count;
        if count > bench.options.most {
            continue;
        }
        let places = if count == 54 { sample::real_places() } else { places::all(count) };
        let binaries = [Some(&bench.options.binary), bench.options.other.as_ref()];
        let servers: Vec<Server> = binaries.into_iter().flatten().map(|binary| start(bench, binary, count)).collect();
        for case in of_count {
            let questions = Nearby::new(places.clone(), case.radius_m, ITEMS);
            report.guarded(case.key, |report| row(bench, report, case, questions, &servers));
        }
        servers.into_iter().for_each(Server::stop);
    }
}

/// The program with so many waypoints.
pub fn start(bench: &Bench, binary: &Path, count: usize) -> Server {
    if count == 54 {
        let database = format!("sqlite:{}", bench.fresh("real.db").display());
        let setup = Setup { routes_data: "routes-data", ..Setup::new(binary, &database) };
        return setup.start(&bench.folder);
    }
    let database = format!("sqlite:{}", database::of(bench, count).display());
    Setup::new(binary, &database).start(&bench.folder)
}

fn row(bench: &Bench, report: &mut Report, case: &Case, mut questions: Nearby, servers: &[Server]) {
    let work = match case.count {
        54 => format!("nearby among the {} real waypoints, {} m", questions.places.len(), case.radius_m),
        count => format!("nearby among {count}, {} m, {ITEMS} items", case.radius_m),
    };
    for server in servers {
        questions.check_exactly(server);
    }
    let measured = beside_bare(bench, PATH, servers, &mut questions);
    let row = Row::new(case.key, work, "the bare endpoint of the same bytes", measured.economy(0));
    report.add(measured.told(row).at_least(case.least));
    if servers.len() > 1 {
        let row = Row::new(
            format!("{}-other", case.key),
            format!("{}: the other build", case.key),
            "the bare endpoint",
            measured.economy(1),
        );
        report.add(measured.told_of(1, row));
        let ratios = measured.shots.iter().map(|shots| shots[0].cpu_us / shots[1].cpu_us).collect();
        report.add(Row::new(
            format!("{}-ab", case.key),
            format!("{}: CPU a request", case.key),
            "the other build",
            ratios,
        ));
    }
}

/// What interleaved spans gave: of each server, and last of the bare endpoint.
pub struct Measured {
    pub shots: Vec<Vec<Shot>>,
    pub waited: Vec<Waited>,
    pub resident_mb: Vec<f64>,
    pub bytes: usize,
}

/// Asks the servers and a bare endpoint in turn.
pub fn beside_bare(bench: &Bench, path: &str, servers: &[Server], questions: &mut impl Questions) -> Measured {
    let lengths = Load::open(servers[0].address, CONNECTIONS).sample(questions, SAMPLE);
    let bare = Server::bare(path, &lengths, &bench.folder);
    let all: Vec<&Server> = servers.iter().chain([&bare]).collect();
    let mut loads: Vec<Load> = all.iter().map(|server| Load::open(server.address, CONNECTIONS)).collect();
    let span = if bench.options.quick { SPAN_QUICK } else { SPAN };
    let mut turn = |span: Duration, questions: &mut _| -> Vec<Shot> {
        let mut shoot = |(i, load): (usize, &mut Load)| {
            let pids = [all[i].pid()];
            if i == servers.len() {
                load.shoot(&pids, &mut Unread(&mut *questions), span)
            } else {
                load.shoot(&pids, questions, span)
            }
        };
        loads.iter_mut().enumerate().map(&mut shoot).collect()
    };
    turn(span / 2, questions);
    let shots = (0..bench.pairs()).map(|_| turn(span, questions)).collect();
    let resident_mb = all.iter().map(|server| machine::resident_bytes(server.pid()) / 1e6).collect();
    drop(loads);
    let open_span = if bench.options.quick { OPEN_SPAN / 4 } else { OPEN_SPAN };
    let waited = all.iter().map(|server| open_loop::ask(server.address, questions, open_span)).collect();
    Measured { shots, waited, resident_mb, bytes: lengths.iter().sum::<usize>() / lengths.len() }
}

impl Measured {
    /// The bare endpoint's CPU time over a server's, pair by pair.
    pub fn economy(&self, server: usize) -> Vec<f64> {
        self.shots.iter().map(|shots| shots[shots.len() - 1].cpu_us / shots[server].cpu_us).collect()
    }

    fn median(&self, server: usize, figure: impl Fn(&Shot) -> f64) -> f64 {
        Spread::of(self.shots.iter().map(|shots| figure(&shots[server])).collect()).median
    }

    /// The row with all that was seen of the first server.
    pub fn told(&self, row: Row) -> Row {
        self.told_of(0, row)
    }

    fn told_of(&self, server: usize, row: Row) -> Row {
        let bare = self.waited.len() - 1;
        let cpu = [server, bare].map(|i| self.median(i, |shot| shot.cpu_us));
        let per_s = [server, bare].map(|i| self.median(i, |shot| shot.per_s));
        let (ours, limit) = (self.waited[server], self.waited[bare]);
        let more = format!(
            "{:.1} µs against {:.1}; {:.0}/s against {:.0}; p50 {:.2} ms against {:.2}, p99 {:.2} against {:.2}; {} bytes; {:.0} MB resident",
            cpu[0],
            cpu[1],
            per_s[0],
            per_s[1],
            ours.p50,
            limit.p50,
            ours.p99,
            limit.p99,
            self.bytes,
            self.resident_mb[server]
        );
        let row = row.more(more).part("cpu_us", cpu[0]).part("limit_cpu_us", cpu[1]);
        let row = row.part("per_s", per_s[0]).part("limit_per_s", per_s[1]);
        let row = row.part("p50_ms", ours.p50).part("p99_ms", ours.p99);
        row.part("limit_p50_ms", limit.p50)
            .part("limit_p99_ms", limit.p99)
            .part("resident_mb", self.resident_mb[server])
    }
}
