//! `studyroute simulate` against the real program, and against services that break their promises: it has to notice.

mod faulty;
#[path = "../support/started.rs"]
mod started;

use faulty::{Fault, Faulty};
use serde_json::Value;
use started::started;
use std::process::{Child, Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_studyroute");

/// The program on a free port, with a database of its own; killed when dropped.
struct Service {
    child: Child,
    base: String,
    database: String,
    _folder: tempfile::TempDir,
}

impl Service {
    fn start() -> Self {
        Self::start_with(&["--trusted-proxies", "127.0.0.0/8"])
    }

    fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("studyroute.db").display());
        let mut serve = Command::new(PROGRAM);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--access-log", "false", "--database", &database]).args(flags);
        let (child, address) = started(&mut serve, "ready", drop);
        let base = format!("http://{address}");
        Self { child, base, database, _folder: folder }
    }

    fn operator_key(&self) -> String {
        let args = ["key", "create", "--role", "operator", "--name", "simulation", "--database", &self.database];
        let output = Command::new(PROGRAM).args(args).output().expect("the program starts");
        String::from_utf8(output.stdout).expect("text").trim().to_string()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn simulate(service: &str, args: &[&str]) -> Output {
    Command::new(PROGRAM).args(["simulate", service]).args(args).output().expect("the program starts")
}

/// The report, and the exit code.
fn report(service: &str, args: &[&str]) -> (Value, Option<i32>) {
    let output = simulate(service, &[args, &["--json"]].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code())
}

fn kind<'a>(report: &'a Value, name: &str) -> &'a Value {
    let kinds = report["kinds"].as_array().expect("kinds");
    kinds.iter().find(|kind| kind["kind"] == name).unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_day_with_a_weak_network_and_an_outage_is_complete() {
    let service = Service::start();
    let key = service.operator_key();
    let args = ["--visitors", "400", "--speed", "2000", "--outage", "10:00+30m", "--forwarded", "--key", &key];
    let (told, code) = report(&service.base, &args);
    let whole = &told["completeness"];
    assert_eq!((code, &told["is_complete"]), (Some(0), &Value::Bool(true)), "{told:#}");
    assert!(number(&whole["held"]) > 500 && whole["held"] == whole["acknowledged"], "{whole}");
    assert_eq!(told["counted"]["people"], told["checking_in"]);
    assert_eq!(told["counted"]["check_ins"], whole["held"]);
    // The weak network was there, and phones that knew the content were told so.
    let lost = |name: &str, what: &str| kind(&told, name)["lost"][what].as_u64().unwrap_or(0);
    assert!(lost("nearby", "requests") > 0 && lost("nearby", "answers") > 0 && lost("nearby", "connections") > 0);
    assert!(lost("check-in", "answers") + lost("batch", "answers") > 0, "an answer to a check-in was lost: {told:#}");
    assert!(number(&kind(&told, "batch")["repeats"]) > 0, "and the check-in was sent again");
    assert!(number(&kind(&told, "waypoints")["answers"]["304"]) > 0);
    assert!(number(&told["outage"]["phones"]) > 10 && number(&told["outage"]["check_ins"]) > 10, "{told:#}");
    for name in ["participant", "routes", "route", "waypoint", "progress", "audit"] {
        assert!(
            number(
                &kind(&told, name)["answers"]["200"].as_u64().or(kind(&told, name)["answers"]["201"].as_u64()).into()
            ) > 0,
            "{name}"
        );
    }
}

#[test]
fn words_say_the_same_and_an_old_day_is_played_as_yesterday() {
    let service = Service::start();
    let output = simulate(&service.base, &["--visitors", "8", "--speed", "5000", "--day", "2020-10-01"]);
    let (said, warned) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{warned}");
    assert!(warned.contains("2020-10-01 is played as 20"), "{warned}");
    for words in ["8 visitors", "0 lost, 0 twice, 0 changed", "p99 ms", "\ncomplete"] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn from_one_address_more_visitors_than_it_may_make_are_told_to_wait() {
    let service = Service::start_with(&["--participants-burst", "2", "--participants-per-minute", "600"]);
    let (told, code) = report(&service.base, &["--visitors", "20", "--speed", "3000"]);
    assert_eq!(code, Some(0), "{told:#}");
    let participants = kind(&told, "participant");
    assert!(number(&participants["refusals"]["too-many-participants"]) > 0, "{participants}");
    assert_eq!(number(&participants["answers"]["201"]), number(&told["checking_in"]));
}

#[test]
fn whoever_breaks_the_promise_is_found_out() {
    let service = Service::start();
    let cases = [
        (Fault::Forgets, "lost"),
        (Fault::ListsTwice, "twice"),
        (Fault::ListsOtherwise, "changed"),
        (Fault::ListsMore, "unknown"),
    ];
    for (fault, named) in cases {
        let faulty = Faulty::before(&service.base, fault);
        let (told, code) = report(&faulty.base, &["--visitors", "20", "--speed", "5000"]);
        let whole = &told["completeness"];
        assert!(number(&whole[named]) > 0, "{fault:?}: {whole}");
        assert_eq!((code, &told["is_complete"]), (Some(1), &Value::Bool(false)), "{fault:?}");
        let others = ["lost", "twice", "changed", "unknown", "refused", "waiting", "unread"];
        assert!(others.iter().filter(|other| **other != named).all(|other| whole[*other] == 0), "{fault:?}: {whole}");
    }
}

#[test]
fn counts_that_lag_behind_are_found_out() {
    let service = Service::start();
    let faulty = Faulty::before(&service.base, Fault::CountsNobody);
    let key = service.operator_key();
    let (told, code) = report(&faulty.base, &["--visitors", "10", "--speed", "5000", "--key", &key]);
    assert_eq!((code, &told["counted"]["people"]), (Some(1), &Value::from(0)), "{told:#}");
    assert_eq!(told["counted"]["people_expected"], told["checking_in"]);
    let whole = &told["completeness"];
    assert!(whole["held"] == whole["acknowledged"] && whole["unknown"] == 0, "only the counts are wrong: {whole}");
    let participant_key = report_refusal(&service.base, &["--visitors", "1", "--key", "sro_nobody"]);
    assert!(participant_key.contains("/v1/counts"), "{participant_key}");
}

#[test]
fn what_cannot_be_played_is_refused_in_words() {
    let service = Service::start();
    for (args, words) in [
        (&["--visitors", "0"][..], "visitors must be"),
        (&["--speed", "0"], "speed must be"),
        (&["--outage", "noon"], "10:00+30m"),
        (&["--day", "tomorrow"], "2026-05-01"),
    ] {
        let said = report_refusal(&service.base, args);
        assert!(said.contains(words), "{said}");
    }
    assert!(report_refusal("http://127.0.0.1:9", &[]).contains("does not answer"));
}

fn report_refusal(service: &str, args: &[&str]) -> String {
    let output = simulate(service, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
