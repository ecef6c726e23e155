//! One changed waypoint among a million: how long until visitors are served it, how long they wait meanwhile, and the memory that
//! two generations side by side take. The program has both cores here, as it would on such a machine, and shares one of them with
//! whatever asks: a publication is work beside answering, and one core alone would only show how the system divides it.

use crate::load;
use crate::nearby::Nearby;
use crate::open_loop;
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use crate::server::{self, Server, Setup};
use crate::start::{MANY, allowed_bytes};
use crate::{database, machine, places};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const SERVED_MOST_S: f64 = 3.0;
const P99_MOST: f64 = 2.0;
/// A span of quiet, and a span of publications: longer, up to a limit, where one publication takes longer.
const SPAN: Duration = Duration::from_secs(4);
const SPAN_MOST: Duration = Duration::from_secs(15);
const RADIUS_M: u32 = 50_000;
/// Longer than any publication.
const SERVED_WITHIN: Duration = Duration::from_mins(2);

pub fn measure(bench: &Bench, report: &mut Report) {
    let count = MANY.min(bench.options.most);
    // A few titles change; that is nothing to the parts before.
    let file = database::of(bench, count);
    let url = format!("sqlite:{}", file.display());
    let key = designer_key(&bench.options.binary, &url);
    let server = Setup { cores: "0,1", ..Setup::new(&bench.options.binary, &url) }.start(&bench.folder);
    publications(bench, report, &server, &key, count);
    server.stop();
}

fn publications(bench: &Bench, report: &mut Report, server: &Server, key: &str, count: usize) {
    let mut designer = Designer { address: server.address, key: key.into(), number: 0 };
    let mut visitors = Nearby::new(places::all(count), RADIUS_M, 20);
    open_loop::ask(server.address, &mut visitors, SPAN / 2);
    let allowed = allowed_bytes(server, count);
    let before = machine::resident_bytes(server.pid());
    machine::forget_peak(server.pid());
    let (changed_s, served_s) = designer.publish();
    let span = Duration::from_secs_f64(changed_s + served_s).mul_f64(1.2).clamp(SPAN, SPAN_MOST);
    let (mut served, mut changed, mut ratios, mut quiet_ms, mut busy_ms) = (vec![], vec![], vec![], vec![], vec![]);
    for pair in 0..bench.pairs() {
        bench.note(&format!("publications, pair {}", pair + 1));
        let quiet = open_loop::ask(server.address, &mut visitors, SPAN);
        let until = Instant::now() + span;
        let working = std::thread::spawn(move || {
            let mut took = Vec::new();
            while took.is_empty() || Instant::now() < until {
                took.push(designer.publish());
            }
            (designer, took)
        });
        let busy = open_loop::ask(server.address, &mut visitors, span);
        let (again, took) = working.join().expect("published");
        designer = again;
        served.extend(took.iter().map(|(_, served_s)| *served_s));
        changed.extend(took.iter().map(|(changed_s, _)| *changed_s));
        ratios.push(busy.p99 / quiet.p99);
        quiet_ms.push(quiet.p99);
        busy_ms.push(busy.p99);
    }
    let peak = machine::peak_bytes(server.pid());
    let middle = |values: &[f64]| crate::figures::Spread::of(values.to_vec()).median;
    let more = format!("the change itself before it: {:.2} s; {} publications", middle(&changed), served.len());
    let row =
        Row::new("publish-served", format!("one waypoint of {count} published, until it is served"), "a bound", served);
    report.add(row.unit("s").at_most(SERVED_MOST_S).more(more));
    let more = format!(
        "p99 {:.2} ms against {:.2}, {} questions a second",
        middle(&busy_ms),
        middle(&quiet_ms),
        open_loop::PER_S
    );
    let row = Row::new(
        "publish-p99",
        format!("p99 of nearby among {count} while waypoints are published"),
        "the same in quiet",
        ratios,
    );
    report.add(row.at_most(P99_MOST).more(more).part("busy_ms", middle(&busy_ms)).part("quiet_ms", middle(&quiet_ms)));
    let more = format!(
        "{:.0} MB at the peak, {:.0} MB before, {:.0} MB allowed for one generation",
        peak / 1e6,
        before / 1e6,
        allowed / 1e6
    );
    let row = Row::new(
        "memory-swap",
        format!("memory while {count} are swapped"),
        "what one generation may take",
        vec![peak / allowed],
    );
    report.add(row.at_most(2.0).more(more).part("peak_bytes", peak).part("allowed_bytes", allowed));
}

/// A new designer's key, as the program's own command prints it.
fn designer_key(binary: &Path, url: &str) -> String {
    let mut command = Command::new(binary);
    command.args(["key", "create", "--role", "designer", "--name", "Bench", "--database", url]);
    server::run(command, Duration::from_mins(1)).trim().to_string()
}

/// Somebody who gives waypoints other titles and publishes them.
struct Designer {
    address: SocketAddr,
    key: String,
    number: usize,
}

impl Designer {
    /// Seconds that the change took, and then its publication until it was served.
    fn publish(&mut self) -> (f64, f64) {
        self.number += 1;
        let (route, title) = (self.number % 7, format!("Changed {}", self.number));
        let path = format!("/v1/routes/line-{route}/waypoints?limit=1&lang=en");
        let waypoint = self.send("GET", &path, "", "")["items"][0]["id"].as_str().expect("an id").to_string();
        let (route, waypoint) = waypoint.split_once('/').expect("route and waypoint");
        let at = format!("/v1/design/routes/{route}");
        let started = Instant::now();
        let change = format!("{{\"title\":{{\"en\":\"{title}\"}}}}");
        self.send("PATCH", &format!("{at}/draft/waypoints/{waypoint}"), "application/merge-patch+json", &change);
        let changed = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let (status, said) = self.ask("POST", &format!("{at}/publish"), "application/json", "{}");
        let path = format!("/v1/routes/{route}/waypoints/{waypoint}?lang=en");
        let is_served = || self.send("GET", &path, "", "")["title"] == title.as_str();
        // An answer that took too long is a refusal, but what was begun goes on.
        assert!(status == 503 || is_served(), "what was published is served: {status}, {said}");
        while !is_served() {
            assert!(started.elapsed() < SERVED_WITHIN, "it is never served: {status}, {said}");
            std::thread::sleep(Duration::from_millis(20));
        }
        (changed, started.elapsed().as_secs_f64())
    }

    fn send(&self, method: &str, path: &str, media_type: &str, body: &str) -> Value {
        let (status, answer) = self.ask(method, path, media_type, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    fn ask(&self, method: &str, path: &str, media_type: &str, body: &str) -> (u16, Value) {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n", self.key);
        if !body.is_empty() {
            let length = body.len();
            let more = format!("if-match: *\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n");
            request.push_str(&more);
        }
        let (status, answer, _) = load::ask_once(self.address, format!("{request}\r\n{body}").as_bytes());
        (status, serde_json::from_slice(&answer).expect("JSON"))
    }
}
