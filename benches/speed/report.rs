//! All rows of one run: told as they come, at the end as one table, in `BENCHMARKS.md` and beside it as JSON.

use crate::machine;
use crate::notes;
use crate::options::Bench;
use crate::row::Row;
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::json;
use std::fmt::Write;
use std::panic::AssertUnwindSafe;
use std::path::Path;

const PAGE: &str = "BENCHMARKS.md";
const JSON: &str = "BENCHMARKS.json";
/// The table stands between these two in the page.
const BEGIN: &str = "<!-- table: written by `make bench` -->";
const END: &str = "<!-- end of the table -->";

pub struct Report {
    rows: Vec<Row>,
    machine: String,
    commit: String,
    began: String,
    instructions: bool,
}

impl Report {
    pub fn new() -> Self {
        let changed = if machine::says("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty() {
            ""
        } else {
            ", with changes"
        };
        Self {
            rows: Vec::new(),
            machine: machine::description(),
            commit: format!("{}{changed}", machine::says("git", &["rev-parse", "--short=12", "HEAD"])),
            began: machine::says("date", &["-u", "+%F %H:%M UTC"]),
            instructions: machine::counts_instructions(),
        }
    }

    pub fn add(&mut self, row: Row) {
        println!("{}: {} {}; {}", row.work, row.figure(), row.verdict(), row.more);
        self.rows.push(row);
    }

    /// Measures something; when that fails it takes its own rows away and nobody else's.
    pub fn guarded(&mut self, key: &str, measure: impl FnOnce(&mut Self)) {
        if std::panic::catch_unwind(AssertUnwindSafe(|| measure(self))).is_err() {
            self.left_out(key, "it failed; what it said stands in the output of the run");
        }
    }

    /// A whole part that was not measured.
    pub fn left_out(&mut self, part: &str, why: &str) {
        self.add(Row::missing(part, format!("all of {part}"), format!("not run: {why}")));
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Prints everything; a whole run is also written down.
    pub fn finish(&self, bench: &Bench) {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["work", "against", "figure", "goal", "met"]);
        for row in &self.rows {
            table.add_row([row.work.clone(), row.against.clone(), row.figure(), row.goal(), row.verdict()]);
        }
        println!("{table}");
        let missed = self.rows.iter().filter(|row| row.is_met() == Some(false)).count();
        let met = self.rows.iter().filter(|row| row.is_met() == Some(true)).count();
        println!("{met} goals met, {missed} missed; {:.1} minutes", bench.minutes());
        if bench.options.writes() {
            self.write(bench);
        }
    }

    fn write(&self, bench: &Bench) {
        let page = std::fs::read_to_string(PAGE).expect("the page");
        let (before, rest) = page.split_once(BEGIN).expect("the mark before the table");
        let (_, after) = rest.split_once(END).expect("the mark after the table");
        let text = format!("{before}{BEGIN}\n\n{}\n{END}{after}", self.markdown(bench));
        std::fs::write(Path::new(PAGE), text).expect("written");
        let rows: Vec<_> = self.rows.iter().map(Row::json).collect();
        let all = json!({
            "machine": self.machine, "began": self.began, "commit": self.commit, "command": bench.options.command,
            "minutes": (bench.minutes() * 10.0).round() / 10.0, "rows": rows,
        });
        let text = serde_json::to_string_pretty(&all).expect("JSON");
        std::fs::write(JSON, text + "\n").expect("written");
        println!("written to {PAGE} and {JSON}");
    }

    fn markdown(&self, bench: &Bench) -> String {
        let mut text = String::new();
        let instructions =
            if self.instructions { "counted" } else { "not counted: this machine does not let `perf` read them" };
        let (machine, began, commit, minutes) = (&self.machine, &self.began, &self.commit, bench.minutes());
        let command = &bench.options.command;
        let head = format!(
            "Machine: {machine}. Date: {began}. Commit: {commit}. Command: `{command}`, {minutes:.0} minutes. Instructions: {instructions}.\n"
        );
        text += &head;
        text += "\n| work | against | figure (least–largest, pairs) | goal | met | seen |\n|---|---|---|---|---|---|\n";
        for row in &self.rows {
            let cells = [&row.work, &row.against, &row.figure(), &row.goal(), &row.verdict(), &row.more];
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            writeln!(text, "| {} |", cells.join(" | ")).expect("memory");
        }
        let missed: Vec<&Row> = self.rows.iter().filter(|row| row.is_met() == Some(false)).collect();
        if !missed.is_empty() {
            text += "\nMissed, and why:\n\n";
        }
        for row in missed {
            writeln!(text, "* {}: {}. {}", row.work, row.verdict(), notes::why_missed(&row.key)).expect("memory");
        }
        text
    }
}
