//! What the program does beside the least that it could take, all in one run on one machine: every row is a ratio against a limit
//! or a peer that was measured a moment before or after on the same core, or a bound that a user would feel.
//!
//! The program under test is the real one, started as a process with its access log in a file. It runs on core 0, whatever asks
//! it on core 1. `BENCHMARKS.md` says how to read the table; `-- --help` says what can be chosen.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// A benchmark reads clocks and its own environment, and speaks of what is served and of what serves it.
#![allow(clippy::disallowed_methods, clippy::similar_names)]

mod bare;
mod check_ins;
mod content;
mod counts;
mod database;
mod figures;
mod idle;
mod import;
mod index;
mod load;
mod machine;
mod nearby;
mod notes;
mod open_loop;
mod options;
mod peers;
mod places;
mod publish;
mod quick;
mod rehearsals;
mod report;
mod row;
mod sample;
mod server;
mod start;
mod taking_in;
mod watch;

use machine::Precedence;
use options::{Bench, Options};
use report::Report;
use std::path::Path;
use watch::Watch;

/// The allocator of the program itself, for everything here that stands beside it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A part: its name, the minutes it may take, and what it does.
type Part = (&'static str, f64, fn(&Bench, &mut Report));

/// What a quick run does: the same, among fewer waypoints.
const QUICK: &[Part] = &[
    ("nearby", 2.0, nearby::measure),
    ("content", 1.0, content::measure),
    ("index", 0.5, index::measure),
    ("instructions", 0.5, quick::instructions),
    ("idle", 0.2, idle::measure),
];

/// In the order of their worth: what comes last is what a slow machine leaves out.
const PARTS: &[Part] = &[
    ("nearby", 4.0, nearby::measure),
    ("content", 3.0, content::measure),
    ("index", 1.0, index::measure),
    ("idle", 0.5, idle::measure),
    ("check-ins", 4.0, check_ins::measure),
    ("start", 1.0, start::measure),
    ("nearby-million", 4.0, nearby::measure_many),
    ("start-million", 2.5, start::measure_many),
    ("counts", 4.0, counts::measure),
    ("nodes", 2.0, check_ins::nodes::measure),
    ("peers", 3.0, peers::measure),
    ("publish", 3.0, publish::measure),
    ("import", 4.0, import::measure),
    ("rehearsal", 0.5, rehearsals::measure),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = args.iter().position(|arg| arg == figures::STEP) {
        return step(&args[at + 1..]);
    }
    let options = match Options::read(&args) {
        Ok(options) => options,
        Err(words) => return println!("{words}"),
    };
    machine::pin(machine::LOAD_CORE);
    let precedence = Precedence::take();
    let bench = Bench::new(options);
    let mut report = Report::new();
    let watch = Watch::start();
    let parts = if bench.options.quick { QUICK } else { PARTS };
    for (name, minutes, measure) in parts {
        if !bench.options.wants(name) {
            continue;
        }
        if !bench.has_minutes(*minutes) {
            report.left_out(name, "there was no time left for it");
            continue;
        }
        eprintln!("{:5.1} min: {name}", bench.minutes());
        watch.expect(*minutes);
        report.guarded(name, |report| measure(&bench, report));
    }
    report.finish(&bench);
    if bench.options.quick && quick::compare(&bench, report.rows()) {
        // Destructors do not run at an exit.
        drop((bench, precedence));
        std::process::exit(1);
    }
}

/// One step, in a process of its own.
fn step(args: &[String]) {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["bare", path, lengths] => bare::serve(path, lengths),
        ["database", count, file] => database::write(number(count), file),
        ["index", points, pairs] => index::step(number(points), number(pairs)),
        ["index-counted", questions] => index::counted(number(questions)),
        ["check-ins-bare", source, target, size] => check_ins::bare::run(&[source, target, size].map(String::from)),
        ["counts", check_ins, binary, folder] => counts::step(number(check_ins), Path::new(binary), Path::new(folder)),
        ["read", file] => start::read(file),
        ["import-file", count, length, folder] => {
            taking_in::write(number(count), length.parse().expect("a length"), Path::new(folder));
        }
        ["import", format, folder] => taking_in::ours(format, Path::new(folder)),
        ["import-bare", format, folder] => taking_in::bare(format, Path::new(folder)),
        _ => panic!("{args:?} is no step"),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}
