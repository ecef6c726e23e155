//! The command line as those who run the service meet it: what is printed, and the exit codes.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs the program with a database of its own.
    fn run(&self, args: &[&str]) -> Output {
        let database = format!("sqlite:{}", self.path("studyroute.db"));
        Command::new(env!("CARGO_BIN_EXE_studyroute"))
            .args(args)
            .env("STUDYROUTE_DATABASE", database)
            .output()
            .expect("the program starts")
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn good_route_files_validate_and_import_once() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["validate", "routes-data"]).status.code(), Some(0));
    let first = desk.json(&["import", "routes-data"]);
    let results: Vec<&str> =
        first.as_array().expect("rows").iter().map(|r| r["result"].as_str().expect("text")).collect();
    assert_eq!(results, ["published", "published"]);
    assert_eq!(first[0]["changed"], "28");
    let again = desk.json(&["import", "routes-data"]);
    assert!(
        again.as_array().expect("rows").iter().all(|r| r["result"] == "unchanged" && r["revision"] == "1"),
        "{again}"
    );
}

#[test]
fn a_broken_route_file_is_named_with_feature_and_property_and_nothing_of_it_is_published() {
    let desk = Desk::new();
    let good = std::fs::read_to_string("routes-data/peoples-canal/route.geojson").expect("readable");
    let broken = good.replacen("\"radius_m\": ", "\"radius_m\": 0.0", 1);
    std::fs::write(desk.path("broken.geojson"), broken).expect("writable");
    let file = desk.path("broken.geojson");
    let output = desk.run(&["validate", &file, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(rows[0]["feature"], "feature 1 (kangcheng-dam)");
    assert_eq!(rows[0]["property"], "zone");
    assert_eq!(desk.run(&["import", &file]).status.code(), Some(1));
    assert_eq!(desk.json(&["counts"])[0]["people"], "0");
    assert_eq!(desk.run(&["validate", "no-such-file"]).status.code(), Some(1));
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let desk = Desk::new();
    let made = desk.run(&["key", "create", "--role", "operator", "--name", "科协"]);
    let printed = text(&made.stdout);
    assert!(printed.starts_with("srk_") && printed.lines().count() == 1, "the key stands alone: {printed}");
    let list = desk.json(&["key", "list"]);
    assert_eq!((&list[0]["name"], &list[0]["state"]), (&"科协".into(), &"valid".into()));
    assert!(!text(&desk.run(&["key", "list"]).stdout).contains(printed.trim()), "the secret is shown once");
    let id = list[0]["id"].as_str().expect("an id");
    assert_eq!(desk.run(&["key", "revoke", id]).status.code(), Some(0));
    assert_eq!(desk.json(&["key", "list"])[0]["state"], "revoked");
    assert_eq!(desk.run(&["key", "revoke", id]).status.code(), Some(1));
    assert_eq!(desk.run(&["key", "create", "--role", "king", "--name", "x"]).status.code(), Some(2));
}

#[test]
fn wrong_usage_exits_with_2_and_failed_work_with_1() {
    let desk = Desk::new();
    let file = desk.path("studyroute.toml");
    for (args, code) in [
        (&["serve", "--lisen", "x"][..], 2),
        (&["serve", "--listen", "nonsense"], 2),
        (&["frobnicate"], 2),
        (&["config", "--log", "a=b=c"], 2),
        (&["config", "--config", &file], 2),
        (&["counts", "--database", "mysql://x"], 1),
        (&["counts", "--database", "postgres://nobody@127.0.0.1:1/x"], 1),
        (&["counts", "--from", "yesterday"], 1),
        (&["counts", "--route", "nowhere"], 1),
    ] {
        let output = desk.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty(), "{args:?} says why");
    }
}

#[test]
fn settings_come_from_flags_environment_and_file_in_this_order_and_secrets_are_hidden() {
    let desk = Desk::new();
    let file = desk.path("studyroute.toml");
    std::fs::write(&file, "drain-s = 3\naccess-log = false\nlisten = \"127.0.0.1:1\"\n").expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_studyroute"))
        .args(["config", "--json", "--config", &file, "--listen", "127.0.0.1:2"])
        .env("STUDYROUTE_ACCESS_LOG", "true")
        .env("STUDYROUTE_DATABASE", "postgres://me:hush@db/x")
        .output()
        .expect("the program starts");
    let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let of = |name: &str| {
        let row = rows.as_array().expect("rows").iter().find(|row| row["setting"] == name).expect("the setting");
        (row["value"].as_str().expect("text").to_string(), row["from"].as_str().expect("text").to_string())
    };
    assert_eq!(of("listen"), ("127.0.0.1:2".into(), "flag".into()));
    assert_eq!(of("access-log"), ("true".into(), "environment".into()));
    assert_eq!(of("drain-s"), ("3".into(), "file".into()));
    assert_eq!(of("log").1, "default");
    assert_eq!(of("database").0, "postgres://me:…@db/x");
    assert!(!text(&output.stdout).contains("hush"));
    std::fs::write(&file, "drain = 3\n").expect("writable");
    assert_eq!(desk.run(&["config", "--config", &file]).status.code(), Some(2));
    let misspelt = Command::new(env!("CARGO_BIN_EXE_studyroute")).arg("config").env("STUDYROUTE_LISTNE", "x").output();
    assert_eq!(misspelt.expect("the program starts").status.code(), Some(2));
}

#[test]
fn a_backup_is_verified_whole_and_never_overwrites() {
    let desk = Desk::new();
    desk.json(&["import", "routes-data"]);
    let copy = desk.path("copy.db");
    assert_eq!(desk.run(&["backup", &copy]).status.code(), Some(0));
    assert!(Path::new(&copy).exists() && !Path::new(&desk.path("copy.part")).exists());
    assert_eq!(desk.run(&["backup", &copy]).status.code(), Some(1), "a backup is not overwritten");
    let database = format!("sqlite:{copy}");
    let again = desk.json(&["import", "routes-data", "--database", &database]);
    assert_eq!(again[0]["result"], "unchanged", "the copy holds the content");
    assert_eq!(desk.run(&["backup", "/no/such/folder/copy.db"]).status.code(), Some(1));
}

#[test]
fn the_rest_prints_what_it_says() {
    let desk = Desk::new();
    assert_eq!(desk.json(&["openapi"])["openapi"], "3.1.0");
    assert!(text(&desk.run(&["completions", "bash"]).stdout).contains("studyroute"));
    assert!(text(&desk.run(&["--version"]).stdout).starts_with("studyroute 0."));
    let counts = text(&desk.run(&["counts", "--verify"]).stdout);
    assert!(counts.contains("every counter equals the log"), "{counts}");
}
