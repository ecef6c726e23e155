//! How long questions about how many take over ten million check-ins, and over a tenth of them. What is filled in is first proved
//! right at a small size: the store's own recount of the log must find every counter right.

mod ask;
mod fill;
mod school;

use crate::figures::{self, Figures};
use crate::options::Bench;
use crate::report::Report;
use crate::row::{Row, short};
use crate::server::{self, Setup};
use ask::Asked;
use std::path::Path;
use std::time::Instant;
use studyroute::store::Store;

const SEED: u64 = 7;
const PROVED: usize = 20_000;
const CHECK_INS: usize = 10_000_000;
const ROUNDS: usize = 41;
const COUNTS_MOST_MS: f64 = 50.0;
const OWN_MOST_MS: f64 = 2.0;
const GROWTH_MOST: f64 = 1.5;
/// Questions that participants ask about themselves.
const OWN: [(&str, &str); 2] = [("progress", "a participant's progress"), ("history", "a participant's own check-ins")];
const STEP_S: u64 = 900;

pub fn measure(bench: &Bench, report: &mut Report) {
    let folder = tempfile::tempdir_in(&bench.folder).expect("a folder");
    // Filling takes both cores; the program runs on its own, as everywhere.
    let path = folder.path().display().to_string();
    let binary = bench.options.binary.display().to_string();
    let args = ["counts", &CHECK_INS.to_string(), &binary, &path];
    let measured = server::step_on("0,1", &args, STEP_S);
    let [tenth, all, largest, tenth_bytes, all_bytes, filled] = &measured[..] else { panic!("six lines of figures") };
    let own = |name: &str| OWN.iter().any(|(own, _)| *own == name) || name == "me";
    let asked: Vec<&String> = all.keys().filter(|name| !own(name)).collect();
    let slowest = asked.iter().max_by(|a, b| all[**a].total_cmp(&all[**b])).expect("questions");
    let words = |name: &str| name.replace('_', " ");
    let more = format!(
        "\"{}\"; the largest of all waiting times {} ms; filled in {:.0} s",
        words(slowest),
        short(most(largest, &asked)),
        filled["filled_s"]
    );
    let work = format!(
        "the slowest of {} kinds of questions to /v1/counts, {CHECK_INS} check-ins, median of {ROUNDS}",
        asked.len()
    );
    let row =
        Row::new("counts-slowest", work, "a bound", vec![all[*slowest]]).unit("ms").at_most(COUNTS_MOST_MS).more(more);
    report.add(asked.iter().fold(row, |row, name| row.part(&format!("{name} ms"), all[*name])));
    let growth = |name: &str| all[name] / tenth[name];
    let grown = asked.iter().max_by(|a, b| growth(a).total_cmp(&growth(b))).expect("questions");
    let kilobytes = [all_bytes, tenth_bytes].map(|bytes| short(bytes[*grown] / 1e3));
    let more = format!(
        "\"{}\": {} ms against {}, answers of {} kB against {}",
        words(grown),
        short(all[*grown]),
        short(tenth[*grown]),
        kilobytes[0],
        kilobytes[1]
    );
    let work = format!("the same, the one that grows most from {} to {CHECK_INS}", CHECK_INS / 10);
    report.add(
        Row::new("counts-growth", work, "a tenth of the check-ins", vec![growth(grown)])
            .at_most(GROWTH_MOST)
            .more(more),
    );
    for (name, work) in OWN {
        let more =
            format!("{} ms over a tenth of the check-ins; the largest {} ms", short(tenth[name]), short(largest[name]));
        let row = Row::new(format!("own-{name}"), format!("{work}, {CHECK_INS} stored"), "a bound", vec![all[name]]);
        report.add(row.unit("ms").at_most(OWN_MOST_MS).more(more));
    }
}

fn most(figures: &Figures, names: &[&String]) -> f64 {
    names.iter().map(|name| figures[*name]).fold(0.0, f64::max)
}

/// Fills and asks; says the medians over a tenth, over all, the largest of these, and what the answers weigh.
#[tokio::main]
pub async fn step(check_ins: usize, binary: &Path, folder: &Path) {
    let url = |name: &str| format!("sqlite:{}", folder.join(format!("{name}.db")).display());
    prove(&url("proved")).await;
    let (mut measured, mut filled_s) = (Vec::new(), 0.0);
    for (name, check_ins) in [("tenth", check_ins / 10), ("whole", check_ins)] {
        let started = Instant::now();
        let filled = fill::fill(&url(name), check_ins, SEED).await;
        filled_s = started.elapsed().as_secs_f64();
        let url = url(name);
        // Three years of people are there to be counted, not to be forgotten on the way.
        let more = &["--retention-tokens-days", "3650", "--retention-participants-days", "3651"];
        let setup = Setup { routes_data: "routes-data", more, ..Setup::new(binary, &url) };
        measured.push(ask::ask(&setup, &filled, ROUNDS, SEED).await);
    }
    let say = |asked: &[Asked], figure: fn(&Asked) -> f64| {
        let named: Vec<(String, f64)> = asked.iter().map(|a| (a.name.replace(' ', "_"), figure(a))).collect();
        figures::say(&named.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>());
    };
    say(&measured[0], |asked| asked.median_ms);
    say(&measured[1], |asked| asked.median_ms);
    say(&measured[1], |asked| asked.largest_ms);
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    let bytes = |asked: &Asked| asked.median_bytes as f64;
    say(&measured[0], bytes);
    say(&measured[1], bytes);
    figures::say(&[("filled_s", filled_s)]);
}

/// Fills a little and has the log counted again.
async fn prove(url: &str) {
    fill::fill(url, PROVED, SEED).await;
    let store = Store::open(url).await.expect("filled");
    let audit = store.audit().await.expect("counted");
    assert_eq!((audit.check_ins, &audit.differences[..]), (PROVED, &[][..]), "the counters are what the log gives");
    store.close().await;
}
