//! A move between databases with the real programs: the source serves while it is copied, the mover is killed and begun again, and phones
//! go on with the other server as if nothing had been.

use crate::audit::{assert_counts, audit, more_participants, settle};
use crate::full_disk::assert_refused_in_order;
use crate::ledger::Participant;
use crate::load::Load;
use crate::process::{PATIENCE, PROGRAM, Server, Setup};
use crate::{say, seed, support};
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

/// Rows that make a move long enough to be killed in the middle.
const OLD_PARTICIPANTS: usize = 10_000;

fn mover(from: &str, to: &str, more: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["migrate-store", "--from", from, "--to", to]).args(more);
    command
}

/// Runs it to its end; gives what it tells programs.
fn moves(from: &str, to: &str, more: &[&str]) -> Value {
    let output = mover(from, to, &[more, &["--json"]].concat()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{more:?}: {out}{err}");
    serde_json::from_str(&out).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// People of earlier days, past the service.
fn add_old_participants(file: &Path) {
    let add = format!(
        "with recursive c(n) as (select 1 union all select n + 1 from c where n < {OLD_PARTICIPANTS})
         insert into participants (participant, token_hash, created_ms)
         select unhex(printf('%032x', n)), zeroblob(2000), 1790000000000 from c"
    );
    runtime().block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).busy_timeout(PATIENCE);
        let mut link = options.connect().await.unwrap();
        link.execute(AssertSqlSafe(add)).await.unwrap();
        link.close().await.unwrap();
    });
}

/// Rows of the target that are committed, or none while there is no such table.
fn come_so_far(target: &str) -> i64 {
    runtime().block_on(async {
        let Ok(mut link) = sqlx::PgConnection::connect(target).await else { return 0 };
        let count = sqlx::query_scalar("select count(*) from participants").fetch_one(&mut link).await;
        link.close().await.unwrap();
        count.unwrap_or(0)
    })
}

/// Begins to copy ahead, and kills that in the middle.
fn kill_in_the_middle(from: &str, to: &str) {
    let mut child = mover(from, to, &["--ahead"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    loop {
        let rows = come_so_far(to);
        if rows > 0 {
            break say(&format!("moved: killed after {rows} participants"));
        }
        assert!(child.try_wait().unwrap().is_none(), "it was through before it could be killed");
        assert!(begun.elapsed() < PATIENCE, "it copies nothing");
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "killed, not ended");
}

/// Starts the last part, and returns when it holds the writers and is done.
fn move_and_hold(from: &str, to: &str, more: &[&str]) -> Child {
    let mut child =
        mover(from, to, &[more, &["--hold"]].concat()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let last = said.find(|line| line.contains("Nobody can write to"));
    assert!(last.is_some(), "it moves and holds");
    child
}

fn let_go(mut child: Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_service_moves_to_postgresql_and_back_while_phones_check_in_and_loses_nothing() {
    let Some(database) = support::postgres::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("studyroute.db");
    let (one, two) = (format!("sqlite:{}", file.display()), database.fresh_database());
    let assets = folder.path().join("studyroute.db.assets").display().to_string();
    let (mut rng, setup) = (seed("moved"), Setup::sqlite(folder.path()));
    let key = setup.operator_key();
    let (mut participants, mut ledger) = (Vec::new(), Vec::new());
    let server = setup.start();
    more_participants(&server, &mut participants);
    add_old_participants(&file);

    // Copied ahead under load; killed in the middle, and begun again.
    let load = Load::start(&server, &participants, &mut rng);
    load.wait_for_acks(60);
    kill_in_the_middle(&one, &two);
    let refused = Command::new(PROGRAM).args(["verify", "--database", &two]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("begun and not finished"),
        "nobody serves the half of it"
    );
    assert_eq!(moves(&one, &two, &["--ahead"])["finished"], false);
    load.wait_for_new_acks(60);
    ledger.extend(load.finish());
    settle(&server, &participants, &mut ledger);
    let somebody = Participant::create(&server);
    server.erase(&somebody.token);

    // The last part: nobody writes to the source any more, but it answers whoever reads.
    let held = move_and_hold(&one, &two, &[]);
    ledger.push(assert_refused_in_order(&server, &participants[0], &mut rng));
    assert!(audit(&server, &participants, &[]).lost.is_empty(), "own check-ins can be read");
    let other = Setup::new(two.clone()).flag("--assets", &assets);
    let second = other.start();
    server.stop();
    let_go(held);
    goes_on(&second, &other, &participants, &mut ledger, &key, &somebody, &mut rng);

    // And back, into another file.
    let three = format!("sqlite:{}", folder.path().join("back.db").display());
    let held = move_and_hold(&two, &three, &["--assets-from", &assets]);
    ledger.push(assert_refused_in_order(&second, &participants[0], &mut rng));
    assert!(audit(&second, &participants, &[]).lost.is_empty(), "own check-ins can be read");
    second.stop();
    let_go(held);
    assert_eq!(moves(&two, &three, &["--verify-only"])["same"], true);
    let third = Setup::new(three);
    let server = third.start();
    goes_on(&server, &third, &participants, &mut ledger, &key, &somebody, &mut rng);
    server.stop();
}

/// Phones go on: a repeat has its first answer, new check-ins are taken, whoever was erased is not known, and all is counted once.
fn goes_on(
    server: &Server,
    setup: &Setup,
    participants: &[Arc<Participant>],
    ledger: &mut Vec<crate::ledger::Attempt>,
    key: &str,
    erased: &Participant,
    rng: &mut fastrand::Rng,
) {
    audit(server, participants, ledger).assert_clean();
    settle(server, participants, ledger);
    let first = ledger.iter_mut().find(|attempt| attempt.acked().is_some()).unwrap();
    first.send(server);
    let load = Load::start(server, participants, rng);
    load.wait_for_acks(60);
    ledger.extend(load.finish());
    settle(server, participants, ledger);
    assert_counts(setup, server, key, ledger);
    let asked = server.client.get(format!("{}/v1/me", server.base)).bearer_auth(&erased.token);
    assert_eq!(asked.send().unwrap().status(), 401);
}
