//! CAPACITY.md says what follows from docs/capacity.json and nothing else: its tables are worked out here from what was measured.
//!
//! After measuring anew (`benches/capacity.py`), `STUDYROUTE_TEST_WRITE=1 cargo test --test capacity every_figure` writes the tables; `make capacity` does both.

use serde_json::Value;
use std::fmt::Write;

/// Visitors a day: one prefecture, a hundred of them, and a national rollout of three hundred. Assumed.
const SCENARIOS: [(&str, f64); 3] =
    [("25,000 a day", 25_000.0), ("2,500,000 a day", 2_500_000.0), ("7,500,000 a day", 7_500_000.0)];
/// Processors stand half idle in the busiest minute. Assumed.
const BUSY_SHARE: f64 = 0.5;
/// What a connection takes that waits for the next request, and how many a process takes as it comes: BENCHMARKS.md of 2026-11-28, README.
const CONNECTION_BYTES: f64 = 12_500.0;
const CONNECTIONS_MAX: f64 = 12_000.0;
/// Check-ins in batches that one PostgreSQL took from one node on one shared core: BENCHMARKS.md of 2026-11-28.
const BATCHED_PER_S: f64 = 17_846.0;
/// Minutes of an outage at the busiest time. Assumed.
const OUTAGE_MIN: f64 = 30.0;
/// Days that check-ins are kept with their participants: the setting `retention-participants-days` as it comes.
const KEPT_DAYS: f64 = 90.0;

fn measured() -> Value {
    let text = std::fs::read_to_string("docs/capacity.json").expect("docs/capacity.json");
    serde_json::from_str(&text).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What one visitor's day costs.
struct Visitor {
    requests: f64,
    check_ins: f64,
    down_bytes: f64,
    up_bytes: f64,
    /// Of the day, in the busiest minute.
    peak_share: f64,
    /// Of all visitors, there at once.
    at_once_share: f64,
}

impl Visitor {
    fn of(day: &Value) -> Self {
        let report = &day["report"];
        let visitors = number(&report["visitors"]);
        let kinds = report["kinds"].as_array().expect("kinds").iter().filter(|kind| kind["kind"] != "audit");
        let (mut up_bytes, mut down_bytes) = (0.0, 0.0);
        for kind in kinds {
            up_bytes += number(&kind["requests"]) * number(&kind["up_bytes"]) / visitors;
            down_bytes += number(&kind["requests"]) * number(&kind["down_bytes"]) / visitors;
        }
        let requests = number(&report["peak"]["requests"]);
        Self {
            requests: requests / visitors,
            check_ins: number(&report["completeness"]["held"]) / visitors,
            down_bytes,
            up_bytes,
            peak_share: number(&report["peak"]["busiest_minute"]) / requests,
            at_once_share: number(&report["most_at_once"]) / visitors,
        }
    }
}

/// Which power of ten its first digit stands for.
#[expect(clippy::cast_possible_truncation, reason = "a power of ten is small")]
fn magnitude(figure: f64) -> i32 {
    figure.abs().max(1e-9).log10().floor() as i32
}

/// At most three digits that say something, and commas between thousands.
fn said(figure: f64) -> String {
    let digits = if figure.fract() == 0.0 { 0 } else { (2 - magnitude(figure)).clamp(0, 4) };
    let scale = 10f64.powi(magnitude(figure) - 2);
    let rounded = if figure >= 1_000.0 { (figure / scale).round() * scale } else { figure };
    let text = format!("{rounded:.*}", usize::try_from(digits).unwrap_or(0));
    let (whole, rest) =
        text.split_once('.').map_or((text.as_str(), String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &rest
}

/// What is told of one visitor's day, and where it is found.
type Row = (&'static str, fn(&Value, &Visitor) -> f64);

fn visitor_table(told: &Value) -> String {
    let rows: [Row; 12] = [
        ("requests", |_, one| one.requests),
        ("check-ins", |_, one| one.check_ins),
        ("bytes up", |_, one| one.up_bytes),
        ("bytes down", |_, one| one.down_bytes),
        ("CPU of the program, ms", |day, _| number(&day["cpu_ms_per_visitor"])),
        ("CPU of PostgreSQL, ms", |day, _| day["database_cpu_ms_per_visitor"].as_f64().unwrap_or(0.0)),
        ("transactions, reading ones too", |day, _| day["transactions_per_visitor"].as_f64().unwrap_or(0.0)),
        ("WAL, bytes", |day, _| day["wal_bytes_per_visitor"].as_f64().unwrap_or(0.0)),
        ("disk, bytes", |day, _| number(&day["disk_bytes_per_visitor"])),
        ("memory of the program, bytes", |day, _| number(&day["resident_bytes_per_visitor"])),
        ("share of the day's requests in the busiest minute, %", |_, one| 100.0 * one.peak_share),
        ("share of the visitors there at once, %", |_, one| 100.0 * one.at_once_share),
    ];
    let mut table = String::from("| of one visitor's day | SQLite | PostgreSQL |\n|---|---|---|\n");
    for (name, figure) in rows {
        let cells = ["sqlite", "postgres"].map(|database| {
            let day = &told[database]["day"];
            let figure = figure(day, &Visitor::of(day));
            if figure == 0.0 { String::new() } else { said(figure) }
        });
        writeln!(table, "| {name} | {} | {} |", cells[0], cells[1]).expect("a text");
    }
    table
}

fn kinds_table(told: &Value) -> String {
    let mut table = String::from(
        "| request | CPU on SQLite, µs | CPU on PostgreSQL, µs | PostgreSQL's own CPU, µs | WAL, bytes | up, bytes | down, bytes |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let (sqlite, postgres) = (&told["sqlite"]["kinds"], &told["postgres"]["kinds"]);
    for (name, on_sqlite) in sqlite.as_object().expect("kinds") {
        let on_postgres = &postgres[name];
        let ranged = |kind: &Value, figure: &str| {
            let range = &kind[format!("{figure}_range")];
            format!("{} ({}–{})", said(number(&kind[figure])), said(number(&range[0])), said(number(&range[1])))
        };
        let cells = [
            ranged(on_sqlite, "cpu_us"),
            ranged(on_postgres, "cpu_us"),
            said(number(&on_postgres["database_cpu_us"])),
            said(number(&on_postgres["wal_bytes"])),
            said(number(&on_sqlite["up_bytes"])),
            said(number(&on_sqlite["down_bytes"])),
        ];
        writeln!(table, "| {} | {} |", name, cells.join(" | ")).expect("a text");
    }
    table
}

/// What a day of so many visitors asks for, on PostgreSQL.
fn demands(told: &Value, visitors: f64) -> [(&'static str, f64); 15] {
    let day = &told["postgres"]["day"];
    let one = Visitor::of(day);
    let each = |name: &str| number(&day[name]);
    // Of the day's whole, how much falls on each second of the busiest minute.
    let peak = visitors * one.peak_share / 60.0;
    let (cores, database_cores) =
        (peak * each("cpu_ms_per_visitor") / 1e3, peak * each("database_cpu_ms_per_visitor") / 1e3);
    let (at_once, waiting) = (visitors * one.at_once_share, visitors * one.check_ins * one.peak_share * OUTAGE_MIN);
    [
        ("requests a second", peak * one.requests),
        ("check-ins a second", peak * one.check_ins),
        ("transactions a second", peak * each("transactions_per_visitor")),
        ("processors busy with the program", cores),
        ("processors to have for it", (cores / BUSY_SHARE).ceil().max(2.0)),
        ("processors busy with PostgreSQL", database_cores),
        ("processors to have for it ", (database_cores / BUSY_SHARE).ceil().max(2.0)),
        ("sent, Mbit/s", peak * one.down_bytes * 8.0 / 1e6),
        ("WAL, MB/s", peak * each("wal_bytes_per_visitor") / 1e6),
        ("phones there at once", at_once),
        ("memory, if each keeps a connection, GB", at_once * CONNECTION_BYTES / 1e9),
        ("nodes for that, with 12,000 connections each", (at_once / CONNECTIONS_MAX).ceil().max(2.0)),
        ("check-ins that wait after the outage", waiting),
        ("seconds until they are in, at one primary's rate", waiting / BATCHED_PER_S),
        ("disk for 90 days, GB", visitors * each("disk_bytes_per_visitor") * KEPT_DAYS / 1e9),
    ]
}

fn scenarios_table(told: &Value) -> String {
    let columns = SCENARIOS.map(|(_, visitors)| demands(told, visitors));
    let names = SCENARIOS.map(|(name, _)| name).join(" | ");
    let mut table = format!("| in the busiest minute | {names} |\n|---|---|---|---|\n");
    for (row, (name, _)) in columns[0].iter().enumerate() {
        let cells = columns.iter().map(|column| said(column[row].1)).collect::<Vec<_>>().join(" | ");
        writeln!(table, "| {} | {cells} |", name.trim()).expect("a text");
    }
    table
}

fn head(told: &Value) -> String {
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    format!(
        "Machine: {}. Date: {}. Commit: {}. Command: `{}`. PostgreSQL {}. Load of the machine (others worked on it too): {} before, {} after.\n",
        text("machine"),
        text("began"),
        text("commit"),
        text("command"),
        told["postgres"]["version"].as_str().unwrap_or_default(),
        said(number(&told["load_at_start"])),
        said(number(&told["load_at_end"])),
    )
}

fn begins(name: &str) -> String {
    format!("<!-- {name}: worked out by tests/capacity.rs -->\n")
}

/// The page with its tables as they follow from what was measured.
fn written(page: &str, told: &Value) -> String {
    let parts = [
        ("measured", head(told)),
        ("visitor", visitor_table(told)),
        ("kinds", kinds_table(told)),
        ("scenarios", scenarios_table(told)),
    ];
    parts.iter().fold(page.to_string(), |page, (name, part)| {
        let begins = begins(name);
        let (before, rest) = page.split_once(&begins).unwrap_or_else(|| panic!("CAPACITY.md lacks {begins}"));
        let (_, after) = rest.split_once("<!-- end -->").expect("the mark after a table");
        format!("{before}{begins}\n{part}\n<!-- end -->{after}")
    })
}

#[test]
fn every_figure_of_the_page_follows_from_what_was_measured() {
    let page = std::fs::read_to_string("CAPACITY.md").expect("CAPACITY.md");
    let expected = written(&page, &measured());
    if std::env::var_os("STUDYROUTE_TEST_WRITE").is_some() {
        std::fs::write("CAPACITY.md", expected).expect("writable");
        return;
    }
    let differing = page.lines().zip(expected.lines()).find(|(is, should)| is != should);
    assert!(page == expected, "CAPACITY.md differs from what follows from docs/capacity.json: {differing:?}");
}

#[test]
fn what_was_measured_was_a_whole_day_without_a_loss() {
    let told = measured();
    for database in ["sqlite", "postgres"] {
        let report = &told[database]["day"]["report"];
        assert_eq!(report["is_complete"], true, "{database}");
        assert!(number(&report["visitors"]) >= 500.0 && number(&report["took_s"]) > 0.0);
    }
}

#[test]
fn the_formula_is_the_one_that_the_page_shows() {
    let told = measured();
    let (one, day) = (Visitor::of(&told["postgres"]["day"]), &told["postgres"]["day"]);
    let demands = demands(&told, 2_500_000.0);
    let find = |name: &str| demands.iter().find(|(row, _)| *row == name).expect("a row").1;
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} and {b}");
    near(find("requests a second"), 2_500_000.0 * one.requests * one.peak_share / 60.0);
    let busy = 2_500_000.0 * number(&day["cpu_ms_per_visitor"]) / 1_000.0 * one.peak_share / 60.0;
    near(find("processors busy with the program"), busy);
    near(find("disk for 90 days, GB"), 2_500_000.0 * number(&day["disk_bytes_per_visitor"]) * 90.0 / 1e9);
    let page = std::fs::read_to_string("CAPACITY.md").expect("CAPACITY.md");
    for formula in ["D · R · p / 60", "D · C · p / 60", "D · B · p / 60", "D · s", "D · K · p · 30", "D · d · 90"]
    {
        assert!(page.contains(formula), "the page does not show {formula}");
    }
}

#[test]
fn figures_are_said_with_three_digits() {
    let cases = [
        (0.0, "0"),
        (0.012_345, "0.0123"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (1_234_567.0, "1,230,000"),
    ];
    for (figure, text) in cases {
        assert_eq!(said(figure), text);
    }
}
