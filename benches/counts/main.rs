//! How long questions about how many take, over a tenth of the check-ins and over all of them: `cargo bench --bench counts --
//! [--check-ins 10000000] [--rounds 41] [--folder DIR] [--postgres URL]`.
//!
//! What is filled in is first proved right at a small size: the store's own recount of the log must find every counter right.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod ask;
mod fill;
mod rows;
mod school;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use std::path::Path;
use std::time::Instant;
use studyroute::store::Store;

/// The allocator of the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SEED: u64 = 7;
const PROVED: usize = 20_000;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).map(|at| args[at + 1].clone());
    let check_ins: usize = value("--check-ins").map_or(10_000_000, |text| text.parse().expect("a number"));
    let rounds: usize = value("--rounds").map_or(41, |text| text.parse().expect("a number"));
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = value("--folder").map_or_else(|| temporary.path().to_owned(), Into::into);
    let url = |name: &str| match value("--postgres") {
        Some(server) => format!("{server}/{name}"),
        None => format!("sqlite:{}", fresh(&folder.join(format!("{name}.db")))),
    };
    prove(&url("counts_proved")).await;
    let (names, sums) = rows::touched(check_ins, SEED);
    println!(
        "rows of counters that a check-in touches, 512 in a transaction: {sums:.2} sums, of {names:.2} steps and tallies"
    );
    let mut measured = Vec::new();
    for (name, check_ins) in [("counts_tenth", check_ins / 10), ("counts_whole", check_ins)] {
        let (url, started) = (url(name), Instant::now());
        let filled = fill::fill(&url, check_ins, SEED).await;
        println!("{check_ins} check-ins filled in after {:.1} s", started.elapsed().as_secs_f64());
        measured.push(ask::ask(&url, &filled, rounds, SEED).await);
    }
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["question", "a tenth, ms (largest)", "all, ms (largest)", "all / a tenth", "kB"]);
    for (tenth, all) in measured[0].iter().zip(&measured[1]) {
        table.add_row([
            all.name.clone(),
            format!("{:.2} ({:.2})", tenth.median_ms, tenth.largest_ms),
            format!("{:.2} ({:.2})", all.median_ms, all.largest_ms),
            format!("{:.2}", all.median_ms / tenth.median_ms),
            format!("{:.1}", all.median_bytes as f64 / 1e3),
        ]);
    }
    println!("{table}");
}

/// The file, without what an earlier run left there.
fn fresh(file: &Path) -> String {
    for tail in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{tail}", file.display())));
    }
    file.display().to_string()
}

/// Fills a little and has the log counted again.
async fn prove(url: &str) {
    fill::fill(url, PROVED, SEED).await;
    let store = Store::open(url).await.expect("filled");
    let audit = store.audit().await.expect("counted");
    assert_eq!((audit.check_ins, &audit.differences[..]), (PROVED, &[][..]), "the counters are what the log gives");
    store.close().await;
}
