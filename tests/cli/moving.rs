//! Moving between databases and counting again, as whoever runs the service meets them.

use super::{Desk, samples, text};
use serde_json::Value;

impl Desk {
    fn url(&self, name: &str) -> String {
        format!("sqlite:{}", self.path(name))
    }

    /// A database with content, and a file of an exhibit beside it.
    fn furnish(&self) -> String {
        self.json(&["import", "routes-data"]);
        let bell = self.file("bell.png", samples::png(8, 8));
        let added = self.json(&["asset", "add", &bell]);
        added[0]["sha256"].as_str().expect("a hash").to_string()
    }

    /// Past the program.
    fn change(&self, name: &str, sql: &str) {
        use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut link = SqliteConnection::connect(&self.url(name)).await.expect("a connection");
            let done = link.execute(AssertSqlSafe(sql.to_string())).await.expect("changed");
            assert!(done.rows_affected() > 0, "{sql}");
            link.close().await.expect("closed");
        });
    }
}

fn table<'a>(told: &'a Value, name: &str) -> &'a Value {
    let tables = told["tables"].as_array().expect("tables");
    tables.iter().find(|table| table["table"] == name).unwrap_or_else(|| panic!("{name}: {told}"))
}

#[test]
fn a_database_moves_with_its_files_and_is_compared_table_by_table() {
    let desk = Desk::new();
    let hash = desk.furnish();
    let (from, to) = (desk.url("studyroute.db"), desk.url("new.db"));
    let told = desk.json(&["migrate-store", "--from", &from, "--to", &to]);
    assert_eq!((&told["same"], &told["finished"]), (&true.into(), &true.into()));
    assert_eq!(table(&told, "waypoints")["rows_to"], 54);
    assert_eq!(table(&told, "waypoints")["sha256_from"].as_str().map(str::len), Some(64));
    assert_eq!(told["files"]["were_there"], 0);
    let kept = format!("new.db.assets/sha256/{}/{hash}", &hash[..2]);
    assert_eq!(std::fs::read(desk.path(&kept)).expect("copied"), samples::png(8, 8));
    let said = desk.says(&["migrate-store", "--from", &from, "--to", &to, "--verify-only"]);
    assert!(said.contains("Everything is the same in sqlite:"), "{said}");
    assert_eq!(desk.json(&["import", "routes-data", "--database", &to])[0]["result"], "unchanged");

    let again = desk.refuses(&["migrate-store", "--from", &from, "--to", &to]);
    assert!(again.contains("is not empty, and nothing in it is overwritten"), "{again}");
    desk.change("new.db", "update waypoints set slug = 'elsewhere' where waypoint_key = 7");
    let told = desk.refusal(&["migrate-store", "--from", &from, "--to", &to, "--verify-only"]);
    let differ = |table: &&Value| table["same"] == false;
    let tables = told["tables"].as_array().expect("tables").iter().filter(differ).map(|table| &table["table"]);
    assert_eq!(tables.collect::<Vec<_>>(), ["waypoints"], "{told}");
    assert!(desk.refuses(&["migrate-store", "--from", &from, "--to", &to, "--verify-only"]).contains("DIFFERS"));
}

#[test]
fn a_move_is_prepared_ahead_and_finished_later_and_nothing_opens_the_half_of_it() {
    let desk = Desk::new();
    desk.furnish();
    let (from, to) = (desk.url("studyroute.db"), desk.url("new.db"));
    let said = desk.says(&["migrate-store", "--from", &from, "--to", &to, "--ahead"]);
    assert!(said.contains("Run it again without --ahead to catch up and finish"), "{said}");
    assert!(said.contains("0 were there") && !said.contains(" 0 copied"), "{said}");
    let refused = desk.refuses(&["counts", "--database", &to]);
    assert!(refused.contains("begun and not finished"), "{refused}");
    desk.run(&["key", "create", "--role", "operator", "--name", "meanwhile"]);
    let said = desk.says(&["migrate-store", "--from", &from, "--to", &to]);
    assert!(said.contains("nobody could write to the source") && said.contains("stop its servers"), "{said}");
    assert_eq!(desk.json(&["key", "list", "--database", &to])[0]["name"], "meanwhile");
    assert!(desk.says(&["verify", "--database", &to]).contains("sound, "));
}

#[test]
fn a_move_that_makes_no_sense_is_refused_in_words() {
    let desk = Desk::new();
    desk.furnish();
    let from = desk.url("studyroute.db");
    let same = format!("sqlite://{}", desk.path("./studyroute.db"));
    for (args, said) in [
        (["--from", &desk.url("missing.db"), "--to", &desk.url("x.db")], "there is no database"),
        (["--from", &from, "--to", &same], "is both the source and the target"),
        (["--from", "mysql://x", "--to", &desk.url("x.db")], "must be given as sqlite:FILE or postgres://"),
    ] {
        let refused = desk.refuses(&[&["migrate-store"], &args[..]].concat());
        assert!(refused.contains(said), "{args:?}: {refused}");
    }
    assert!(!std::path::Path::new(&desk.path("missing.db")).exists(), "nothing is made where nothing was");
    assert_eq!(desk.run(&["migrate-store", "--from", &from]).status.code(), Some(2));
    let both = desk.run(&["migrate-store", "--from", &from, "--to", &desk.url("x.db"), "--ahead", "--verify-only"]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn counters_that_were_spoilt_are_found_and_mended() {
    let desk = Desk::new();
    desk.furnish();
    desk.change(
        "studyroute.db",
        "insert into count_scopes (scope, kind, route_key, waypoint_key, hour) values (1, 0, -1, -1, -1)",
    );
    desk.change("studyroute.db", "insert into day_counts values (1, 0, 20000, 5, 5, 5, 5, 0, 0, 0, 0)");
    for look in [&["recount"][..], &["counts", "--verify"]] {
        let found = desk.refusal(look);
        assert_eq!(found[0]["result"], "counters differ from the log");
        assert!(found[1]["result"].as_str().is_some_and(|said| said.contains("people: 5")), "{found}");
    }
    assert_eq!(desk.json(&["recount", "--mend"])[0]["result"], "counters differed from the log and are mended");
    assert_eq!(desk.json(&["recount"])[0]["result"], "every counter equals the log");
    let log = desk.json(&["audit", "--limit", "1"]);
    assert_eq!((&log[0]["action"], &log[0]["who"]), (&"recount mend".into(), &"studyroute".into()), "{log}");
    assert!(text(&desk.run(&["recount", "--mend"]).stdout).contains("every counter equals the log"));
}
