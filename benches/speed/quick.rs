//! What has moved since a recorded run: every figure of a quick run against `benches/baseline.json`, and a count of instructions that
//! no other work on the machine disturbs.

use crate::figures;
use crate::options::Bench;
use crate::report::Report;
use crate::row::{Goal, Row, short};
use crate::{machine, server};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const BASELINE: &str = "benches/baseline.json";
/// What is said to have moved.
const MOVED: f64 = 0.10;
/// Questions of the two counted runs; what they do not share is the questions alone.
const QUESTIONS: [u32; 2] = [100, 1_100];

/// Instructions of one query of the index, where valgrind is installed.
pub fn instructions(bench: &Bench, report: &mut Report) {
    let (key, work) = ("index-instructions", "the query alone: 20 nearest of 20000, instructions");
    if machine::says("valgrind", &["--version"]).is_empty() {
        return report.add(Row::missing(key, work, "valgrind is not installed"));
    }
    let [few, many] = QUESTIONS.map(|questions| counted(bench, questions));
    let each = (many - few) / f64::from(QUESTIONS[1] - QUESTIONS[0]);
    report.add(Row::new(key, work, "", vec![each]).unit("instructions"));
}

fn counted(bench: &Bench, questions: u32) -> f64 {
    let out = bench.fresh("callgrind");
    let program = std::env::current_exe().expect("a program");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", &format!("--callgrind-out-file={}", out.display())]).arg(program);
    command.args([figures::STEP, "index-counted", &questions.to_string()]).stderr(std::process::Stdio::null());
    server::run(command, Duration::from_mins(2));
    let text = std::fs::read_to_string(out).expect("counted");
    let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
    total.and_then(|total| total.trim().parse().ok()).expect("a sum")
}

/// Says what has moved, and whether anything became worse.
pub fn compare(bench: &Bench, rows: &[Row]) -> bool {
    let now: BTreeMap<&str, f64> = rows.iter().filter_map(|row| Some((row.key.as_str(), row.spread?.median))).collect();
    if bench.options.record {
        let text = serde_json::to_string_pretty(&now).expect("JSON");
        std::fs::write(BASELINE, text + "\n").expect("written");
        println!("recorded in {BASELINE}");
        return false;
    }
    let Ok(text) = std::fs::read_to_string(Path::new(BASELINE)) else {
        println!("{BASELINE} is not there; --record writes it");
        return false;
    };
    let then: BTreeMap<String, f64> = serde_json::from_str(&text).expect("a baseline");
    let mut worse = false;
    for row in rows {
        let (Some(now), Some(then)) = (row.spread.map(|spread| spread.median), then.get(&row.key)) else { continue };
        let moved = now / then - 1.0;
        if moved.abs() > MOVED {
            let is_worse = (moved > 0.0) != matches!(row.goal, Some(Goal::AtLeast(_)));
            worse |= is_worse;
            let word = if is_worse { "WORSE" } else { "better" };
            println!(
                "{word}: {} was {} and is {} {}, {:+.0} %",
                row.work,
                short(*then),
                short(now),
                row.unit,
                moved * 100.0
            );
        }
    }
    let gone = then.keys().filter(|key| !now.contains_key(key.as_str()));
    gone.for_each(|key| println!("{key} was recorded and is not measured any more"));
    if !worse {
        println!("nothing is worse by more than {:.0} %", MOVED * 100.0);
    }
    worse
}
