//! What a durable check-in costs: the whole server beside a bare loop that commits the same rows (log and counters) in batches of the
//! same size with the same driver and settings, without HTTP, judging, tokens or counting.
//!
//! Server and bare loop run on one core, in turns; the phones on another. Each pair starts on a fresh copy of one scene: the
//! project's routes and some thousand participants, whose classes walk them in order. After each turn the log must hold as many
//! check-ins as were acknowledged, and the counters must equal a recount.

pub mod bare;
mod base;
mod load;
pub mod nodes;
mod rows;
mod scene;
mod server;

#[path = "../../../src/store/bulk.rs"]
mod bulk;
#[expect(dead_code, reason = "the store's own file, of which the bare loop needs a part")]
#[path = "../../../src/store/pool.rs"]
mod pool;
#[path = "../../../tests/support/postgres.rs"]
mod postgres;

use crate::figures::Spread;
use crate::machine::{self, SERVER_CORE};
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use bare::Bare;
use base::{Base, On};
use load::{Driven, Sending};
use server::Server;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// What adding rows answers with.
type Result<T> = std::result::Result<T, sqlx::Error>;

const CASES: [(&str, On, Sending, &str); 5] = [
    ("sqlite", On::Sqlite, Sending::Single, "check-ins one by one over 256 connections, SQLite"),
    ("sqlite-batches", On::Sqlite, Sending::Batches, "check-ins a hundred at once, SQLite"),
    ("alone", On::Sqlite, Sending::Alone, "a lone check-in, SQLite, median time"),
    ("postgres", On::Postgres, Sending::Single, "check-ins one by one over 256 connections, PostgreSQL"),
    ("postgres-batches", On::Postgres, Sending::Batches, "check-ins a hundred at once, PostgreSQL"),
];
const LEAST: f64 = 0.50;
const ALONE_MOST: f64 = 1.5;

pub fn measure(bench: &Bench, report: &mut Report) {
    for (name, on, sending, work) in CASES {
        let key = format!("check-ins-{name}");
        report.guarded(&key, |report| {
            bench.note(work);
            let row = row(bench, (&key, work), on, sending);
            report.add(match sending {
                Sending::Alone => row.at_most(ALONE_MOST),
                _ => row.at_least(LEAST),
            });
        });
    }
}

fn row(bench: &Bench, (key, work): (&str, &str), on: On, sending: Sending) -> Row {
    let Some(base) = Base::new(on, SERVER_CORE) else {
        return Row::missing(key, work, "PostgreSQL is not installed");
    };
    let scene = scene::make(&base, sending);
    let program = bench.options.binary.display().to_string();
    let pairs: Vec<Pair> = (0..bench.pairs()).map(|_| Pair::measure(&base, &scene, sending, &program)).collect();
    let column = |of: &dyn Fn(&Pair) -> f64| -> Vec<f64> { pairs.iter().map(of).collect() };
    let middle = |of: &dyn Fn(&Pair) -> f64| Spread::of(column(of)).median;
    if let Sending::Alone = sending {
        let (ours, bare) = (middle(&|p| p.served.median_ms), middle(&|p| p.bare.median_ms));
        let row =
            Row::new(key, work, "one bare commit of the same rows", column(&|p| p.served.median_ms / p.bare.median_ms));
        return row.more(format!("{ours:.2} ms against {bare:.2}")).part("ms", ours).part("limit_ms", bare);
    }
    let (ours, bare) = (middle(&|p| p.served.per_s()), middle(&|p| p.bare.per_s()));
    let (cpu_us, bare_us) = (middle(&|p| p.server_cpu_us), middle(&|p| p.bare.cpu_us));
    let more = format!(
        "{ours:.0}/s against {bare:.0}; CPU {cpu_us:.1} µs against {bare_us:.1}; {:.0} in a commit, {:.1} rows of counters each",
        middle(&|p| p.batch),
        middle(&|p| p.bare.counter_rows)
    );
    let against = "a bare loop that commits the same rows in the same batches";
    let row = Row::new(key, work, against, column(&|p| p.served.per_s() / p.bare.per_s())).more(more);
    let row = row.part("per_s", ours).part("limit_per_s", bare);
    row.part("cpu_us", cpu_us).part("limit_cpu_us", bare_us)
}

/// A command that runs on one core.
fn pinned(core: usize, program: impl AsRef<OsStr>) -> Command {
    machine::on_cores(&core.to_string(), Path::new(program.as_ref()))
}

/// One turn of the server and one of the bare loop.
struct Pair {
    served: Driven,
    server_cpu_us: f64,
    batch: f64,
    bare: Bare,
}

impl Pair {
    fn measure(base: &Base, scene: &scene::Scene, sending: Sending, program: &str) -> Self {
        let plan = scene.plan(sending);
        let place = base.copy();
        let server = Server::start(program, &place, SERVER_CORE);
        let cpu_us = server.cpu_us();
        let served = load::drive(&[server.address], plan);
        let spent_us = server.cpu_us() - cpu_us;
        let (check_ins, commits) = server.committed();
        let batch = check_ins / commits;
        server.stop();
        assert_eq!(Base::audited(&place), served.acknowledged, "as many as acknowledged, and every counter is right");
        let bare = Bare::measure(base, &place, batch);
        Self { server_cpu_us: spent_us / served.acknowledged_f64(), served, batch, bare }
    }
}
