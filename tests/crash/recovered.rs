//! A database that is put back: nothing happens under a running server, what was there is kept aside, whoever was erased since the copy
//! was made stays erased, and totals stay what the copy had.

use crate::ledger::{Attempt, Participant};
use crate::process::{PROGRAM, Server, Setup};
use crate::{seed, support};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const EACH: usize = 3;

/// Some people who have each checked in.
fn people(server: &Server, case: &str, count: usize) -> Vec<Arc<Participant>> {
    let mut rng = seed(case);
    let people: Vec<_> = (0..count).map(|_| Participant::create(server)).collect();
    for who in people.iter().flat_map(|who| std::iter::repeat_n(who, EACH)) {
        let attempt = Attempt::inside(who, &mut rng);
        assert_eq!(server.post("/v1/check-ins", &who.token, &attempt.body).unwrap().status(), 201);
    }
    people
}

fn counts(setup: &Setup) -> Value {
    serde_json::from_str(&setup.chore(&["counts", "--json"])).unwrap()
}

/// What is left of a participant: the status of asking for it.
fn known(server: &Server, who: &Participant) -> u16 {
    let asked = server.client.get(format!("{}/v1/me", server.base)).bearer_auth(&who.token);
    asked.send().unwrap().status().as_u16()
}

/// Tries to put a copy back; gives what is said when that is refused.
fn refused(database: &Path, copy: &Path) -> String {
    let database = format!("sqlite:{}", database.display());
    let output = Command::new(PROGRAM).arg("recover").arg(copy).args(["--database", &database]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_copy_is_put_back_and_nobody_who_was_erased_comes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("studyroute.db"), folder.path().join("copy.db"));
    let setup = Setup::sqlite(folder.path());
    let server = setup.start();
    let before = people(&server, "recovered", 4);
    setup.chore(&["backup", copy.to_str().unwrap()]);
    let copied = counts(&setup);
    server.erase(&before[0].token);
    let after = people(&server, "recovered, later", 1);
    assert!(refused(&file, &copy).contains("stop the server first"), "a server has it open");
    assert_eq!(known(&server, &after[0]), 200, "and goes on");
    server.stop();

    let told: Value = serde_json::from_str(&setup.chore(&["recover", copy.to_str().unwrap(), "--json"])).unwrap();
    assert_eq!(told[0]["erased again"], "1", "{told}");
    let aside = told[0]["what was there before"].as_str().unwrap();
    assert!(Setup::new(format!("sqlite:{aside}")).chore(&["verify"]).contains("sound"), "nothing is lost");
    assert_eq!(counts(&setup), copied, "totals are those of the copy");
    assert!(setup.chore(&["verify"]).contains("every counter equals the log"));
    assert_eq!(setup.chore(&["erase-again"]), "0", "it is done once");

    let server = setup.start();
    let statuses: Vec<u16> = before.iter().chain(&after).map(|who| known(&server, who)).collect();
    assert_eq!(statuses, [401, 200, 200, 200, 401], "erased; kept; and not yet there when the copy was made");
    server.stop();
}

/// Starts a server on what was put back, and looks who is known there.
fn assert_only_the_first_is_gone(setup: &Setup, people: &[Arc<Participant>]) {
    let server = setup.start();
    let statuses: Vec<u16> = people.iter().map(|who| known(&server, who)).collect();
    assert_eq!(statuses, [401, 200, 200, 200]);
    server.stop();
    assert!(setup.chore(&["verify"]).contains("every counter equals the log"));
}

#[test]
fn nobody_who_was_erased_comes_back_with_a_copy_of_postgresql() {
    let Some(database) = support::postgres::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (assets, copy) = (folder.path().join("assets"), folder.path().join("copy.db"));
    let (assets, copy) = (assets.to_str().unwrap(), copy.to_str().unwrap());
    let on = |database: &str| Setup::new(database).flag("--assets", assets);
    let setup = on(&database.fresh_database());
    let server = setup.start();
    let before = people(&server, "recovered on PostgreSQL", 4);
    setup.chore(&["backup", copy]);
    let copied = counts(&setup);
    server.erase(&before[0].token);
    let after = Participant::create(&server);
    server.stop();

    let new = on(&database.fresh_database());
    let told = new.chore(&["recover", copy, "--assets", assets, "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told[0]["erased again"], "1", "{told}");
    assert_eq!(counts(&new), copied, "totals are those of the copy");
    assert_eq!(new.chore(&["erase-again", "--assets", assets]), "0", "it is done once");
    assert_only_the_first_is_gone(&new, &before);
    let server = new.start();
    assert_eq!(known(&server, &after), 401, "not yet there when the copy was made");
    server.stop();
}

/// As `pg_basebackup`, `pg_restore` or a recovery to a moment give it back: everything as it was, with nobody to erase anybody on the way.
#[test]
fn nobody_who_was_erased_stays_in_a_database_that_postgresql_itself_put_back() {
    let Some(database) = support::postgres::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let assets = folder.path().join("assets");
    let assets = assets.to_str().unwrap();
    let url = database.fresh_database();
    let (place, name) = url.rsplit_once('/').unwrap();
    let (setup, back) = (Setup::new(&url).flag("--assets", assets), format!("{place}/{name}_back"));
    let server = setup.start();
    let before = people(&server, "put back by PostgreSQL", 4);
    server.stop();
    let copy = format!("create database {name}_back template {name}");
    support::postgres::run_sql(&format!("{place}/"), &copy).unwrap();
    let server = setup.start();
    server.erase(&before[0].token);
    server.stop();

    let back = Setup::new(back).flag("--assets", assets);
    assert_eq!(back.chore(&["erase-again", "--assets", assets]), "1");
    assert_only_the_first_is_gone(&back, &before);
}

#[test]
fn what_is_no_sound_copy_is_not_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("studyroute.db");
    let setup = Setup::sqlite(folder.path());
    setup.start().stop();
    let content = std::fs::read(&file).unwrap();
    let copy = folder.path().join("copy.db");
    setup.chore(&["backup", copy.to_str().unwrap()]);
    let whole = std::fs::read(&copy).unwrap();

    std::fs::write(&copy, b"no database at all, only some words").unwrap();
    assert!(refused(&file, &copy).contains("is no SQLite database"));
    let mut torn = whole.clone();
    let middle = torn.len() / 2;
    torn[middle..].fill(0x5a);
    std::fs::write(&copy, torn).unwrap();
    assert!(refused(&file, &copy).contains("copy.db"), "a torn copy");
    std::fs::write(&copy, &whole).unwrap();
    let log = folder.path().join("copy.db-wal");
    std::fs::write(&log, b"").unwrap();
    assert!(refused(&file, &copy).contains("is in use"));
    std::fs::remove_file(log).unwrap();
    assert!(refused(&file, &folder.path().join("missing.db")).contains("missing.db"));

    // Without the journal whoever was erased would come back.
    let database = format!("sqlite:{}", file.display());
    let mut blind = Command::new(PROGRAM);
    blind.arg("recover").arg(&copy).args(["--database", &database, "--assets"]).arg(&copy);
    assert_eq!(blind.output().unwrap().status.code(), Some(1));

    assert_eq!(std::fs::read(&file).unwrap(), content, "nothing has changed");
    assert!(!folder.path().join("studyroute.part").exists(), "and nothing is left lying around");
    setup.chore(&["recover", copy.to_str().unwrap()]);
}
