//! Published content that is the same for everybody, and the question "has it changed?": beside the bare endpoint with as many
//! bytes, or with none.

use crate::load::{self, Questions};
use crate::nearby::{Nearby, beside_bare, start};
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use crate::sample;
use crate::server::Server;
use std::io::Write;

const LEAST: f64 = 0.90;
/// Where the bare endpoint answers; what is asked of it stands behind.
const ROOT: &str = "/v1/routes/{*rest}";
const TAGS: [&str; 2] = ["zh-CN", "en"];

/// Fixed requests, one of them drawn every time.
struct Drawn {
    requests: Vec<Vec<u8>>,
    status: u16,
    random: fastrand::Rng,
}

impl Questions for Drawn {
    fn next(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.requests[self.random.usize(..self.requests.len())]);
    }

    fn check(&self, status: u16, body: &[u8]) {
        assert_eq!((status, body.is_empty()), (self.status, self.status == 304), "{}", String::from_utf8_lossy(body));
    }
}

pub fn measure(bench: &Bench, report: &mut Report) {
    let server = [start(bench, &bench.options.binary, 54)];
    let stops: Vec<String> = sample::routes()
        .iter()
        .flat_map(|route| route.waypoints.iter().map(|stop| format!("{}/waypoints/{}", route.slug, stop.id)))
        .collect();
    let routes: Vec<String> = sample::routes().iter().map(|route| format!("{}/waypoints", route.slug)).collect();
    for (key, what, paths) in [("page", "a waypoint's own page", &stops), ("list", "all waypoints of a route", &routes)]
    {
        let addresses: Vec<String> =
            paths.iter().flat_map(|path| TAGS.map(|tag| format!("/v1/routes/{path}?lang={tag}"))).collect();
        let plain = Drawn::new(200, addresses.iter().map(|address| request(address, "")));
        row(bench, report, &format!("static-{key}"), what.into(), &server, plain);
        let tagged = addresses
            .iter()
            .map(|address| request(address, &format!("if-none-match: {}\r\n", tag(&server[0], address))));
        row(bench, report, &format!("304-{key}"), format!("304 for {what}"), &server, Drawn::new(304, tagged));
    }
    posts(bench, report, &server);
    let [server] = server;
    server.stop();
}

impl Drawn {
    fn new(status: u16, requests: impl Iterator<Item = Vec<u8>>) -> Self {
        Self { requests: requests.collect(), status, random: fastrand::Rng::with_seed(13) }
    }
}

fn request(address: &str, more: &str) -> Vec<u8> {
    format!("GET {address} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n{more}\r\n").into_bytes()
}

/// The ETag that the server gives for an address.
fn tag(server: &Server, address: &str) -> String {
    let (_, _, head) = load::ask_once(server.address, &request(address, ""));
    let line = head.lines().find_map(|line| line.strip_prefix("etag: "));
    line.unwrap_or_else(|| panic!("{address} has no ETag: {head}")).to_string()
}

fn row(bench: &Bench, report: &mut Report, key: &str, work: String, server: &[Server], mut questions: Drawn) {
    let measured = beside_bare(bench, ROOT, server, &mut questions);
    let row = Row::new(key, work, "the bare endpoint of the same bytes", measured.economy(0));
    report.add(measured.told(row).at_least(LEAST));
}

/// Nearby by POST, for clients that keep positions out of addresses.
struct Posts(Nearby, Vec<u8>);

impl Questions for Posts {
    fn next(&mut self, out: &mut Vec<u8>) {
        let eye = crate::places::visitor(&self.0.places, &mut self.0.random);
        self.1.clear();
        write!(self.1, "{{\"lat\":{:.6},\"lon\":{:.6},\"radius_m\":1000}}", eye.lat(), eye.lon()).expect("memory");
        let length = self.1.len();
        write!(out, "POST /v1/nearby HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
            .expect("memory");
        out.extend_from_slice(&self.1);
    }

    fn check(&self, status: u16, body: &[u8]) {
        self.0.check(status, body);
    }
}

fn posts(bench: &Bench, report: &mut Report, server: &[Server]) {
    let mut questions = Posts(Nearby::new(sample::real_places(), 1_000, 20), Vec::new());
    let measured = beside_bare(bench, crate::nearby::PATH, server, &mut questions);
    let row = Row::new(
        "post-54",
        "nearby by POST among the real waypoints",
        "a bare POST that reads the body",
        measured.economy(0),
    );
    report.add(measured.told(row));
}
