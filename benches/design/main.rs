//! What route designers' work costs, as ratios within one run: an import beside bare reading and bare inserting, a publication
//! beside a bare load, the visitors' nearby while somebody publishes beside the same in quiet.
//!
//! Every heavy step is a process of its own, so that its peak of memory is its own. `-- --quick` takes a tenth of the rows; with
//! so few, what is fixed weighs more. Client and server of the nearby part share the machine's cores.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod figures;
mod import;
mod publish;
mod sample;
mod visitors;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use figures::{Figures, Spread};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use studyroute::domain::rehearsal::{Plan, rehearse};

/// The allocator of the program itself: what it keeps counts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WAYPOINTS: usize = 100_000;
const WAYPOINTS_QUICK: usize = 10_000;
/// Pairs of the heavy parts, and spans of quiet and of ten publications.
const PAIRS: usize = 3;
const SPANS: usize = 5;
/// Memory that an import may add, whatever its file weighs, MB.
const IMPORT_MAX_MB: f64 = 100.0;
const IMPORT_RATIO_MAX: f64 = 3.0;
const PUBLISH_RATIO_MAX: f64 = 3.0;
const NEARBY_RATIO_MAX: f64 = 2.0;
const WALKERS: u32 = 1_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == figures::CHILD) {
        return child(&args[at + 1..]);
    }
    let count = if args.iter().any(|arg| arg == "--quick") { WAYPOINTS_QUICK } else { WAYPOINTS };
    let mut report = Report::new(count);
    let folder = tempfile::tempdir().expect("a temporary folder");
    figures::run(&["sample", &count.to_string()], folder.path());
    for format in ["csv", "geojson"] {
        imports(&mut report, format, folder.path());
    }
    publication(&mut report, folder.path());
    nearby(&mut report, folder.path());
    rehearsal(&mut report);
    println!("{}", report.table);
}

/// One step, in a process of its own.
fn child(args: &[String]) {
    let [step, format, folder] = args else { panic!("step, argument and folder") };
    let folder = Path::new(folder);
    match step.as_str() {
        "sample" => sample::write(format.parse().expect("a number"), folder),
        "import" => import::ours(format, folder),
        "import-bare" => import::bare(format, folder),
        "publish" => publish::measure(format.parse().expect("a number"), folder),
        "nearby" => visitors::measure(format.parse().expect("a number"), folder),
        other => panic!("{other} is no step"),
    }
}

fn imports(report: &mut Report, format: &str, folder: &Path) {
    let pair = || {
        // The publication goes on with the last file that was written.
        import::clear(folder);
        let ours = figures::run(&["import", format], folder);
        let again = figures::run(&["import", format], folder);
        let bare = figures::run(&["import-bare", format], folder);
        assert_eq!((ours["added"], again["unchanged"]), (report.count, report.count), "every row is taken, once");
        let figures = [
            ("wall", ours["wall_s"] / bare["wall_s"]),
            ("cpu", ours["cpu_s"] / bare["cpu_s"]),
            ("again", again["wall_s"] / bare["wall_s"]),
            ("ours_s", ours["wall_s"]),
            ("bare_s", bare["wall_s"]),
            ("grown_mb", ours["grown_mb"]),
            ("again_mb", again["grown_mb"]),
        ];
        figures.map(|(name, value)| (name.to_string(), value)).into()
    };
    let pairs: Vec<Figures> = (0..PAIRS).map(|_| pair()).collect();
    let (ratio, memory) = (Some(IMPORT_RATIO_MAX), Some(IMPORT_MAX_MB));
    report.rows(
        &pairs,
        &[
            ("wall", &format!("import of {format} over bare reading and inserting, wall time"), "×", ratio),
            ("cpu", &format!("import of {format} over the same, CPU time"), "×", ratio),
            ("again", &format!("import of {format} again, nothing changes, over the same, wall time"), "×", ratio),
            ("ours_s", &format!("import of {format}"), "s", None),
            ("bare_s", &format!("bare reading and inserting of {format}"), "s", None),
            ("grown_mb", &format!("memory that the import of {format} adds"), "MB", memory),
            ("again_mb", &format!("memory that the import of {format} again adds"), "MB", memory),
        ],
    );
}

fn publication(report: &mut Report, folder: &Path) {
    report.rows(
        &figures::run_lines(&["publish", &PAIRS.to_string()], folder),
        &[
            ("ratio", "one changed waypoint published and served, over a bare load", "×", Some(PUBLISH_RATIO_MAX)),
            ("publish_s", "of that, lint and publication", "s", None),
            ("refresh_s", "of that, until it is served", "s", None),
            ("bare_s", "bare load: snapshot and index", "s", None),
            ("edit_s", "the change itself, which begins a draft", "s", None),
            ("grown_mb", "memory that the publication adds", "MB", None),
        ],
    );
}

fn nearby(report: &mut Report, folder: &Path) {
    report.rows(
        &figures::run_lines(&["nearby", &SPANS.to_string()], folder),
        &[
            ("ratio", "p99 of nearby while 50 publications happen, over quiet", "×", Some(NEARBY_RATIO_MAX)),
            ("quiet_ms", "p99 in quiet", "ms", None),
            ("busy_ms", "p99 while publications happen", "ms", None),
            ("publish_ms", "one publication over HTTP until it is served", "ms", None),
        ],
    );
}

fn rehearsal(report: &mut Report) {
    let route = sample::routes().into_iter().find(|route| route.slug == "peoples-canal").expect("the canal");
    let plan = Plan { walkers: WALKERS, seed: 7, group_size: 40, settings: BTreeMap::new() };
    let times = (0..PAIRS).map(|_| {
        let started = Instant::now();
        std::hint::black_box(rehearse(&route, &plan).expect("fit"));
        started.elapsed().as_secs_f64()
    });
    report.row(&format!("rehearsal of {WALKERS} walkers on the canal"), times.collect(), "s", None);
}

/// What is printed at the end.
struct Report {
    /// Waypoints of the heavy parts.
    count: f64,
    table: Table,
}

impl Report {
    fn new(count: usize) -> Self {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        table.set_header([&format!("{count} waypoints"), "median (least to most)", "goal", "met"]);
        Self { count: f64::from(u32::try_from(count).expect("small")), table }
    }

    /// One row for each of these figures.
    fn rows(&mut self, measured: &[Figures], rows: &[(&str, &str, &str, Option<f64>)]) {
        for (figure, name, unit, most) in rows {
            self.row(name, measured.iter().map(|figures| figures[*figure]).collect(), unit, *most);
        }
    }

    fn row(&mut self, name: &str, values: Vec<f64>, unit: &str, most: Option<f64>) {
        let Spread { least, median, largest } = Spread::of(values);
        let goal = most.map_or_else(String::new, |most| format!("≤ {most} {unit}"));
        let met = most.map_or("", |most| if median <= most { "yes" } else { "no" });
        let value = format!("{median:.2} {unit} ({least:.2} to {largest:.2})");
        println!("{name}: {value}");
        self.table.add_row([name, &value, &goal, met]);
    }
}
