//! Ten thousand phones that keep their connection and ask nothing.

use crate::load::Load;
use crate::nearby::{Nearby, start};
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use crate::{machine, sample};
use std::time::Duration;

const CONNECTIONS: usize = 10_000;
const TOGETHER: usize = 500;
const MOST_KB: f64 = 30.0;

pub fn measure(bench: &Bench, report: &mut Report) {
    let server = start(bench, &bench.options.binary, 54);
    let mut questions = Nearby::new(sample::real_places(), 1_000, 20);
    // What the first requests need is not what a connection needs.
    Load::open(server.address, 64).sample(&mut questions, 2_000);
    let before = machine::resident_bytes(server.pid());
    // Some at a time: one that has asked nothing for ten seconds is closed.
    let mut loads: Vec<Load> = (0..CONNECTIONS / TOGETHER)
        .map(|_| {
            let mut load = Load::open(server.address, TOGETHER);
            load.sample(&mut questions, TOGETHER);
            load
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let grown_kb = (machine::resident_bytes(server.pid()) - before) / 1e3;
    // They have to be there still.
    for load in &mut loads {
        load.sample(&mut questions, TOGETHER);
    }
    let each = grown_kb / f64::from(u32::try_from(CONNECTIONS).expect("small"));
    let more = format!(
        "{:.0} MB before, {:.0} MB more; each had asked once, and answered again afterwards",
        before / 1e6,
        grown_kb / 1e3
    );
    let row = Row::new(
        "idle",
        format!("{CONNECTIONS} idle keep-alive connections, resident memory of each"),
        "a bound",
        vec![each],
    );
    report.add(row.unit("kB").at_most(MOST_KB).more(more));
    drop(loads);
    server.stop();
}
