//! The command line as those who run the service meet it: what is printed, and the exit codes.

mod beside;
mod design;
mod files;
mod moving;
#[path = "../support/samples.rs"]
mod samples;

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
        self.answers(0, args)
    }

    /// What a refusal tells programs.
    fn refusal(&self, args: &[&str]) -> Value {
        self.answers(1, args)
    }

    fn answers(&self, code: i32, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
    }

    /// What people read when it is done.
    fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// What people read, on either stream, when it is not done.
    fn refuses(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout) + &text(&output.stderr)
    }

    /// A file beside the database.
    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).expect("writable");
        self.path(name)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn good_route_files_validate_and_import_once() {
    let desk = Desk::new();
    let checked = desk.json(&["validate", "routes-data"]);
    let levels: Vec<&str> = checked.as_array().expect("rows").iter().filter_map(|r| r["level"].as_str()).collect();
    assert_eq!(levels.iter().filter(|level| **level == "good").count(), 2);
    assert!(levels.iter().all(|level| ["good", "advice"].contains(level)) && levels.contains(&"advice"), "{levels:?}");
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
    assert_eq!(rows[0]["level"], "mistake");
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
fn a_key_is_rotated_and_every_change_of_keys_is_in_the_audit_log() {
    let desk = Desk::new();
    desk.run(&["key", "create", "--role", "designer", "--name", "孔", "--routes", "a,b", "--expires-days", "9"]);
    let old = desk.json(&["key", "list"])[0]["id"].as_str().expect("an id").to_string();
    let new = desk.run(&["key", "rotate", &old, "--grace-s", "3600"]);
    assert!(text(&new.stdout).starts_with("srk_"), "{}", text(&new.stderr));
    let list = desk.json(&["key", "list"]);
    for row in list.as_array().expect("rows") {
        assert_eq!((&row["name"], &row["routes"], &row["state"]), (&"孔".into(), &"a,b".into(), &"valid".into()));
    }
    let again = desk.run(&["key", "rotate", &old]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("already; rotate that one"), "{}", text(&again.stderr));
    assert_eq!(desk.run(&["key", "revoke", &old]).status.code(), Some(0), "before its grace is over");
    assert_eq!(desk.run(&["key", "revoke", &old]).status.code(), Some(1));
    let log = desk.json(&["audit"]);
    let log = log.as_array().expect("rows");
    let actions: Vec<&str> = log.iter().map(|row| row["action"].as_str().expect("text")).collect();
    assert_eq!(actions, ["key revoke", "key rotate", "key create"]);
    assert!(log.iter().all(|row| row["who"] == "command line" && row["outcome"] == "done"), "{log:?}");
    assert_eq!(desk.json(&["audit", "--limit", "1"]).as_array().map(Vec::len), Some(1));
    assert_eq!(desk.json(&["audit", "--to", "2020-01-01"]).as_array().map(Vec::len), Some(0));
    assert_eq!(desk.json(&["audit", "--outcome", "forbidden"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn a_key_that_cannot_be_is_refused_with_what_to_do() {
    let desk = Desk::new();
    let long = "x".repeat(101);
    for (args, said) in [
        (&["--role", "operator", "--name", " "][..], "--name: must be 1 to 100 characters"),
        (&["--role", "operator", "--name", &long], "--name: must be 1 to 100 characters"),
        (&["--role", "operator", "--name", "x", "--routes", "a"], "--routes: limits designers only"),
        (
            &["--role", "designer", "--name", "x", "--routes", "a,B c"],
            "--routes: \"B c\" is not the name of a study route",
        ),
        (&["--role", "designer", "--name", "x", "--expires-days", "0"], "--expires-days: must be 1 to 3650"),
    ] {
        let output = desk.run(&[&["key", "create"], args].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(text(&output.stderr).contains(said), "{args:?}: {}", text(&output.stderr));
    }
    assert_eq!(desk.json(&["key", "list"]), serde_json::json!([]));
    assert_eq!(desk.json(&["audit"]), serde_json::json!([]), "what was not done is no deed");
}

#[test]
fn wrong_usage_exits_with_2_and_failed_work_with_1() {
    let desk = Desk::new();
    let file = desk.path("studyroute.toml");
    assert_eq!(desk.run(&["migrate"]).status.code(), Some(0));
    for (args, code) in [
        (&["serve", "--lisen", "x"][..], 2),
        (&["serve", "--listen", "nonsense"], 2),
        (&["frobnicate"], 2),
        (&["config", "--log", "a=b=c"], 2),
        (&["config", "--config", &file], 2),
        (&["config", "--retention-tokens-days", "90"], 2),
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
    let nothing = desk.run(&["counts", "--verify"]);
    assert_eq!(nothing.status.code(), Some(1), "a database that is not there is not sound, and is not made");
    assert!(text(&nothing.stderr).contains("say where it is with --database"), "{}", text(&nothing.stderr));
    assert_eq!(desk.run(&["migrate"]).status.code(), Some(0));
    let counts = text(&desk.run(&["counts", "--verify"]).stdout);
    assert!(counts.contains("every counter equals the log"), "{counts}");
}

#[test]
fn files_of_exhibits_are_kept_listed_and_removed() {
    let desk = Desk::new();
    let (good, bad) = (desk.path("bell.png"), desk.path("bell.gif"));
    std::fs::write(&good, samples::png(8, 8)).expect("writable");
    std::fs::write(&bad, b"GIF89a").expect("writable");
    let output = desk.run(&["asset", "add", &good, &bad, "no-such-file", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&rows[0]["result"], &rows[0]["media type"]), (&"kept".into(), &"image/png".into()));
    assert!(rows[1]["result"].as_str().is_some_and(|text| text.starts_with("refused: This is a GIF")), "{rows}");
    assert!(rows[2]["result"].as_str().is_some_and(|text| text.starts_with("refused: cannot be read")), "{rows}");
    let hash = rows[0]["sha256"].as_str().expect("a hash");
    assert_eq!(desk.json(&["asset", "list"])[0]["name"], "bell.png");
    let kept = format!("studyroute.db.assets/sha256/{}/{hash}", &hash[..2]);
    assert_eq!(std::fs::read(desk.path(&kept)).expect("beside the database"), samples::png(8, 8));
    assert_eq!(desk.json(&["asset", "collect"])[0]["unused files"], "0", "a week of grace");
    assert_eq!(desk.run(&["asset", "remove", hash]).status.code(), Some(0));
    assert!(!Path::new(&desk.path(&kept)).exists());
    let output = desk.run(&["asset", "list", "--database", "postgres://nobody@127.0.0.1:1/x", "--assets", "ftp://x"]);
    assert_eq!(output.status.code(), Some(1));
}
