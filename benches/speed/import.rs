//! Imports into a draft, beside reading the same file bare and inserting the same rows bare.

use crate::figures::{Figures, Spread};
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;
use crate::server::step;
use std::path::Path;

const MANY: usize = 1_000_000;
const SOME: usize = 100_000;
/// Pairs among so many rows.
const PAIRS: usize = 3;
const RATIO_MOST: f64 = 3.0;
/// Memory that an import may add, whatever its file weighs.
const MEMORY_MOST_MB: f64 = 300.0;
const STEP_S: u64 = 600;

pub fn measure(bench: &Bench, report: &mut Report) {
    let folder = tempfile::tempdir_in(&bench.folder).expect("a folder");
    let path = folder.path().display().to_string();
    step(&["import-file", &SOME.to_string(), "real", &path], STEP_S);
    for format in ["csv", "geojson"] {
        rows(bench, report, (format, SOME, PAIRS), folder.path());
    }
    drop(folder);
    if bench.options.most >= MANY {
        let folder = tempfile::tempdir_in(&bench.folder).expect("a folder");
        step(&["import-file", &MANY.to_string(), "short", &folder.path().display().to_string()], STEP_S);
        rows(bench, report, ("geojson", MANY, 1), folder.path());
    }
}

fn rows(bench: &Bench, report: &mut Report, (format, count, pairs): (&str, usize, usize), folder: &Path) {
    let megabytes = crate::taking_in::file(format, folder).metadata().expect("a file").len() / 1_000_000;
    let measured: Vec<Figures> = (0..pairs)
        .map(|pair| {
            bench.note(&format!("import of {count} from {format}, pair {}", pair + 1));
            one_pair(format, count, folder)
        })
        .collect();
    let column = |name: &str| -> Vec<f64> { measured.iter().map(|figures| figures[name]).collect() };
    let middle = |name: &str| Spread::of(column(name)).median;
    let against = "reading the file bare and inserting the rows bare";
    let name = format!("{count} waypoints from {megabytes} MB of {format}");
    let more = format!("{:.1} s against {:.1}; CPU time {:.2} ×", middle("ours_s"), middle("bare_s"), middle("cpu"));
    let row =
        Row::new(format!("import-{format}-{count}"), format!("import of {name}, wall time"), against, column("wall"));
    report.add(row.at_most(RATIO_MOST).more(more).part("import_s", middle("ours_s")).part("limit_s", middle("bare_s")));
    let row = Row::new(
        format!("import-again-{format}-{count}"),
        "the same import again, which changes nothing".to_string(),
        against,
        column("again"),
    );
    report.add(row.at_most(RATIO_MOST).more(format!("{:.1} s", middle("again_s"))));
    let row = Row::new(
        format!("import-memory-{format}-{count}"),
        format!("memory that the import of {name} adds at its peak"),
        "a bound",
        column("grown_mb"),
    );
    report.add(
        row.unit("MB").at_most(MEMORY_MOST_MB).more(format!("{:.0} MB when it is done again", middle("again_mb"))),
    );
}

fn one_pair(format: &str, count: usize, folder: &Path) -> Figures {
    // Begins anew.
    crate::taking_in::clear(folder);
    let path = folder.display().to_string();
    let ours = step(&["import", format, &path], STEP_S);
    let again = step(&["import", format, &path], STEP_S);
    let bare = step(&["import-bare", format, &path], STEP_S);
    let all = f64::from(u32::try_from(count).expect("small"));
    assert!((ours["added"], again["unchanged"]) == (all, all), "every row is taken, once: {ours:?}, {again:?}");
    let figures = [
        ("wall", ours["wall_s"] / bare["wall_s"]),
        ("cpu", ours["cpu_s"] / bare["cpu_s"]),
        ("again", again["wall_s"] / bare["wall_s"]),
        ("ours_s", ours["wall_s"]),
        ("again_s", again["wall_s"]),
        ("bare_s", bare["wall_s"]),
        ("grown_mb", ours["grown_mb"]),
        ("again_mb", again["grown_mb"]),
    ];
    figures.map(|(name, value)| (name.to_string(), value)).into()
}
