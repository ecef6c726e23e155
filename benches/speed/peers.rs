//! Others that answer the same question: twenty places within 50 km among a million. Every peer is started here, on the core of what
//! is measured, and asked in turn with the program; what is compared is the CPU time of all its processes per question. Peers of
//! HTTP send the same texts for every place as the program does. Where a peer is not installed, its row says so.

mod geo;
mod postgis;
mod redis;

use crate::figures::Spread;
use crate::load::{CONNECTIONS, Load, Questions, Shot};
use crate::nearby::{Nearby, start};
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use crate::server::Server;
use crate::{machine, places};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const RADIUS_M: u32 = 50_000;
pub const ITEMS: usize = 20;
const MANY: usize = 1_000_000;
/// As many as there are real waypoints, whose texts all others have.
const KINDS: usize = 54;
const SPAN: Duration = Duration::from_millis(1_200);
/// Where `make bench-peers` puts what does not come by apt.
const INSTALLED: &str = "target/peers";

/// What all peers' rows stand beside.
pub struct Ours<'a> {
    pub bench: &'a Bench,
    pub server: &'a Server,
    pub questions: Nearby,
    /// The program's own waypoints, whose texts the places of a peer take in turn: as long as those it is compared with.
    pub kinds: Vec<Value>,
}

pub fn measure(bench: &Bench, report: &mut Report) {
    let count = MANY.min(bench.options.most);
    let server = start(bench, &bench.options.binary, count);
    let questions = Nearby::new(places::all(count), RADIUS_M, ITEMS);
    let kinds = format!("GET /v1/routes/line-0/waypoints?limit={KINDS} HTTP/1.1\r\nhost: bench\r\n\r\n");
    let (_, kinds, _) = crate::load::ask_once(server.address, kinds.as_bytes());
    let mut kinds: Value = serde_json::from_slice(&kinds).expect("JSON");
    let kinds = std::mem::take(kinds["items"].as_array_mut().expect("items"));
    let mut ours = Ours { bench, server: &server, questions, kinds };
    report.guarded("peer-node", |report| geo::measure(&mut ours, report));
    report.guarded("peer-redis", |report| redis::measure(&mut ours, report));
    report.guarded("peer-postgis", |report| postgis::measure(&mut ours, report));
    server.stop();
}

impl Ours<'_> {
    /// The program and an HTTP peer in turn: pairs of both.
    fn beside(&mut self, peer: &Server, asked: &mut impl Questions) -> Vec<[Shot; 2]> {
        let mut load = Load::open(peer.address, CONNECTIONS);
        let pids = machine::family(peer.pid());
        // Node compiles what it runs often only after a while.
        load.shoot(&pids, asked, SPAN * 2);
        self.in_turn(|| load.shoot(&machine::family(peer.pid()), asked, SPAN))
    }

    /// The program and whatever else in turn.
    pub fn in_turn(&mut self, mut other: impl FnMut() -> Shot) -> Vec<[Shot; 2]> {
        let mut own = Load::open(self.server.address, CONNECTIONS);
        own.shoot(&[self.server.pid()], &mut self.questions, SPAN / 2);
        (0..self.bench.pairs()).map(|_| [own.shoot(&[self.server.pid()], &mut self.questions, SPAN), other()]).collect()
    }
}

/// A peer's row: how many times the CPU time of the program it takes.
pub fn row(key: &str, peer: &str, pairs: &[[Shot; 2]], more: &str) -> Row {
    let ratios = pairs.iter().map(|[ours, peer]| peer.cpu_us / ours.cpu_us).collect();
    let middle = |figure: &dyn Fn(&[Shot; 2]) -> f64| Spread::of(pairs.iter().map(figure).collect()).median;
    let (ours, theirs) = (middle(&|pair| pair[0].cpu_us), middle(&|pair| pair[1].cpu_us));
    let told = format!(
        "{ours:.1} µs against {theirs:.0}; {:.0}/s against {:.0}; {more}",
        middle(&|pair| pair[0].per_s),
        middle(&|pair| pair[1].per_s)
    );
    let row = Row::new(key, "nearby, 50 km, 20 items: CPU time of the peer over the program's", peer, ratios);
    row.more(told).part("cpu_us", ours).part("peer_cpu_us", theirs)
}

/// A row for a peer that is not here.
pub fn not_installed(key: &str, peer: &str, what: &str) -> Row {
    Row::missing(key, format!("nearby beside {peer}"), format!("not installed: {what}; `make bench-peers` does"))
}

/// A file among what was installed, if it is there.
pub fn installed(name: &str) -> Option<PathBuf> {
    Path::new(INSTALLED).join(name).canonicalize().ok()
}

/// Whether a program can be started.
pub fn has(program: &str) -> bool {
    !machine::says("sh", &["-c", &format!("command -v {program}")]).is_empty()
}
