//! What a durable check-in costs, as ratios within one run: the whole server beside a bare loop that commits the same rows (log
//! and counters) in batches of the same size with the same driver and settings, without HTTP, judging, tokens or counting.
//!
//! Server and bare loop run on one core, in turns; the phones on another. Each pair starts on a fresh copy of one scene: the
//! project's routes and some thousand participants, whose classes walk them in order. After each turn the log must hold as many
//! check-ins as were acknowledged, and the counters must equal a recount. `-- --quick` measures one pair, `-- --server PATH`
//! another build of the program, `-- --only NAME` one of: sqlite, sqlite-batches, postgres, postgres-batches, alone.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bare;
mod base;
mod load;
mod rows;
mod scene;
mod server;

/// The form in which the server adds rows.
#[path = "../../src/store/bulk.rs"]
mod bulk;
#[allow(clippy::disallowed_methods, reason = "a throw-away server is found by the environment and named by the clock")]
#[path = "../../tests/support/postgres.rs"]
mod postgres;

use bare::Bare;
use base::Base;
use load::{Driven, Sending};
use server::Server;
use std::process::Command;

/// What adding rows answers with.
type Result<T> = std::result::Result<T, sqlx::Error>;

/// The allocator of the program itself: the bare loop has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the server and the bare loop run, and where the phones.
const SERVER_CORE: usize = 0;
const LOAD_CORE: usize = 1;
const PAIRS: usize = 5;
/// What runs as a process of its own, on the server's core.
const STEP_BARE: &str = "--step-bare";
/// Says that this process is already where it should be.
const PINNED: &str = "--pinned";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == STEP_BARE) {
        return bare::run(&args[1..]);
    }
    if args.first().is_none_or(|arg| arg != PINNED) {
        let program = std::env::current_exe().expect("a program");
        let status = pinned(LOAD_CORE, program).arg(PINNED).args(args).status().expect("it starts");
        return assert!(status.success(), "{status}");
    }
    let after =
        |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).map(String::as_str);
    let program = after("--server").unwrap_or(env!("CARGO_BIN_EXE_studyroute"));
    let pairs = if args.iter().any(|arg| arg == "--quick") { 1 } else { PAIRS };
    for (name, postgres, sending) in [
        ("sqlite", false, Sending::Single),
        ("sqlite-batches", false, Sending::Batches),
        ("alone", false, Sending::Alone),
        ("postgres", true, Sending::Single),
        ("postgres-batches", true, Sending::Batches),
    ] {
        if after("--only").is_none_or(|only| only == name) {
            measure(name, postgres, sending, program, pairs);
        }
    }
}

/// A command that runs on one core.
fn pinned(core: usize, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string()]).arg(program);
    command
}

fn measure(name: &str, postgres: bool, sending: Sending, program: &str, pairs: usize) {
    let Some(base) = Base::new(postgres, SERVER_CORE) else { return println!("{name}: no PostgreSQL is installed") };
    let scene = scene::make(&base, sending);
    let measured: Vec<Pair> = (0..pairs).map(|_| Pair::measure(&base, &scene, sending, program)).collect();
    let row = |what: &str, of: &dyn Fn(&Pair) -> f64| {
        let mut values: Vec<f64> = measured.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        println!(
            "{name}: {what}: {:.2} ({:.2} to {:.2})",
            values[values.len() / 2],
            values[0],
            values[values.len() - 1]
        );
    };
    if let Sending::Alone = sending {
        row("a lone check-in over one bare commit of the same rows, median time", &|p| {
            p.served.median_ms / p.bare.median_ms
        });
        row("a lone check-in, median ms", &|p| p.served.median_ms);
        row("a bare commit, median ms", &|p| p.bare.median_ms);
        return;
    }
    row("check-ins per second over rows per second of the bare loop", &|p| p.served.per_s() / p.bare.per_s());
    row("CPU time of the bare loop over that of the server", &|p| p.bare.cpu_us / p.server_cpu_us);
    row("check-ins per second", &|p| p.served.per_s());
    row("rows per second, bare", &|p| p.bare.per_s());
    row("CPU µs a check-in, server", &|p| p.server_cpu_us);
    row("CPU µs a row, bare", &|p| p.bare.cpu_us);
    row("check-ins a commit", &|p| p.batch);
    row("counter rows a check-in", &|p| p.bare.counter_rows);
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
        let served = load::drive(server.address, plan);
        let spent_us = server.cpu_us() - cpu_us;
        let batch = server.mean_batch();
        server.stop();
        assert_eq!(base.audited(&place), served.acknowledged, "as many as acknowledged, and every counter is right");
        let bare = Bare::measure(base, &place, batch);
        Self { server_cpu_us: spent_us / served.acknowledged_f64(), served, batch, bare }
    }
}
