//! The pair of databases: the very script that compose runs, on this machine's PostgreSQL. A primary dies, its standby is promoted
//! with the same demands on a commit, and the dead one comes back as a standby. Whoever has nothing, or something else, takes nothing away.

use crate::{said, skip};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SCRIPT: &str = "deploy/compose/postgres";
const PATIENCE: Duration = Duration::from_mins(1);

/// Both nodes, below one folder.
struct Pair {
    folder: TempDir,
    programs: PathBuf,
    /// As whom PostgreSQL runs, which refuses to be root.
    user: Option<(u32, u32)>,
    ports: [u16; 2],
    running: [Option<Child>; 2],
}

fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut places: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    places.sort();
    places.push("/usr/local/bin".into());
    places
        .into_iter()
        .rev()
        .find(|place| ["initdb", "pg_rewind", "pg_basebackup"].iter().all(|program| place.join(program).exists()))
}

/// The user and group of whoever shall own the servers, if we are root.
fn owner() -> Option<(u32, u32)> {
    let id = |what: &str, who: &str| -> Option<u32> {
        let output = Command::new("id").args([what, who]).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()
    };
    let me = Command::new("id").arg("-u").output().expect("id");
    (String::from_utf8_lossy(&me.stdout).trim() == "0").then(|| {
        let who = if id("-u", "postgres").is_some() { "postgres" } else { "nobody" };
        (id("-u", who).expect("a user"), id("-g", who).expect("a group"))
    })
}

impl Pair {
    fn new() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("postgresql");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("sr-pair").tempdir_in("/tmp").expect("a folder");
        let user = owner();
        for (name, text) in
            ["node", "pair.conf"].map(|name| (name, std::fs::read(Path::new(SCRIPT).join(name)).expect("there")))
        {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        for part in ["", "socket0", "socket1"] {
            let place = folder.path().join(part);
            std::fs::create_dir_all(&place).expect("made");
            if let Some((user, group)) = user {
                std::os::unix::fs::chown(&place, Some(user), Some(group)).expect("given");
            }
        }
        let free =
            || std::net::TcpListener::bind("127.0.0.1:0").and_then(|door| door.local_addr()).expect("a port").port();
        Some(Self { folder, programs, user, ports: [free(), free()], running: [None, None] })
    }

    fn command(&self, node: usize, words: &[&str]) -> Command {
        // A test that is killed takes its servers along.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "INT", "--", "bash"]);
        let place = |name: &str| self.folder.path().join(name);
        command
            .arg(place("node"))
            .args(words)
            .current_dir("/")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([
                ("LC_ALL", "C"),
                ("PG_LISTEN", "127.0.0.1"),
                ("PG_PARTNER_HOST", "127.0.0.1"),
                ("PG_NAME", ["db_a", "db_b"][node]),
            ])
            .envs([("PG_DATABASE_PASSWORD", "it's"), ("PG_REPLICATION_PASSWORD", "secret")])
            .envs([("PG_BIN", self.programs.clone()), ("PGDATA", self.data(node)), ("PG_SOCKET", self.socket(node))])
            .envs([("PGPORT", self.ports[node].to_string()), ("PG_PARTNER_PORT", self.ports[1 - node].to_string())]);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn socket(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("socket{node}"))
    }

    fn data(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("data{node}"))
    }

    fn start(&mut self, node: usize) {
        self.begin(node, "start");
    }

    fn begin(&mut self, node: usize, word: &str) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log(node)).expect("a log");
        let started = self.command(node, &[word]).stdout(Stdio::null()).stderr(log).spawn();
        self.running[node] = Some(started.expect("it starts"));
    }

    fn log(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("log{node}"))
    }

    fn run(&self, node: usize, words: &[&str]) -> (bool, String) {
        let output: Output = self.command(node, words).stdin(Stdio::null()).output().expect("bash runs");
        (output.status.success(), said(&output))
    }

    fn does(&self, node: usize, words: &[&str]) {
        let (good, said) = self.run(node, words);
        assert!(good, "node {node} {words:?}: {said}");
    }

    fn refuses(&self, node: usize, word: &str, why: &str) {
        let (good, said) = self.run(node, &[word]);
        assert!(!good && said.contains(why), "node {node} {word}: {said}");
    }

    fn until_state(&self, node: usize, wanted: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let (_, said) = self.run(node, &["state"]);
            if said.contains(wanted) {
                return;
            }
            let log = std::fs::read_to_string(self.log(node)).unwrap_or_default();
            assert!(Instant::now() < until, "node {node} is not \"{wanted}\" but \"{said}\"\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// As the application comes: with a password, over the network.
    fn sql(&self, node: usize, sql: &str) -> (bool, String) {
        let output = self.psql(node, PATIENCE, sql);
        (output.status.success(), said(&output).trim().to_string())
    }

    /// Whether a write is not acknowledged within two seconds. It may be there all the same.
    fn waits(&self, node: usize, sql: &str) -> bool {
        self.psql(node, Duration::from_secs(2), sql).status.code() == Some(124)
    }

    fn psql(&self, node: usize, patience: Duration, sql: &str) -> Output {
        let mut psql = Command::new("timeout");
        psql.arg(patience.as_secs().to_string()).arg(self.programs.join("psql"));
        psql.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.ports[node].to_string(),
            "-U",
            "studyroute",
            "-d",
            "studyroute",
            "-XAtqc",
            sql,
        ]);
        psql.env("PGPASSWORD", "it's").output().expect("timeout runs")
    }

    /// The end without a word, of the server and its children.
    fn kill(&mut self, node: usize) {
        let mut server = self.running[node].take().expect("it runs");
        let id = server.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        server.kill().expect("killed");
        drop(Command::new("kill").arg("-9").args(children.split_whitespace()).output());
        drop(server.wait());
    }

    /// The same, and its data is gone.
    fn lose(&mut self, node: usize, aside: &str) {
        self.kill(node);
        std::fs::rename(self.data(node), self.folder.path().join(aside)).expect("moved");
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for node in 0..2 {
            if self.running[node].is_some() {
                self.kill(node);
            }
        }
    }
}

#[test]
fn a_primary_dies_its_standby_takes_over_with_the_same_demands_and_the_dead_one_comes_back() {
    let Some(mut pair) = Pair::new() else { return };
    made_at_the_second_try(&mut pair);
    pair.start(0);
    pair.until_state(0, "primary, nobody streams, waits for: ANY 1 (db_a, db_b)");
    pair.start(1);
    pair.until_state(0, "db_b streams");
    pair.until_state(1, "standby, receives from 127.0.0.1");
    let (good, said) = pair.sql(0, "create table kept (id int); insert into kept values (1)");
    assert!(good, "{said}");
    pair.refuses(1, "promote", "still answers as primary");
    for word in ["rejoin", "rebuild"] {
        pair.refuses(1, word, "this node runs");
    }

    pair.kill(0);
    pair.does(1, &["promote"]);
    pair.until_state(1, "primary, nobody streams, waits for: ANY 1 (db_a, db_b)");
    assert_eq!(pair.sql(1, "select id from kept"), (true, "1".into()), "what was acknowledged is there");
    assert!(pair.waits(1, "insert into kept values (9)"), "the new primary acknowledges alone");
    pair.refuses(0, "start", "is the primary now");
    pair.kill(1);
    pair.refuses(0, "start", "is the primary now");
    pair.start(1);
    pair.until_state(1, "primary");
    leave_the_number_of_one_who_lives(&pair);
    pair.does(0, &["rejoin"]);
    pair.start(0);
    pair.until_state(1, "db_a streams");
    assert!(pair.sql(1, "delete from kept where id = 9; insert into kept values (2)").0);
    pair.until_state(0, "standby, receives from");
    assert_eq!(pair.sql(0, "select count(*) from kept"), (true, "2".into()));

    rebuilt_while_alone(&mut pair);
    put_back(&pair);
    disk_lost(&mut pair);
    empty_partner(&mut pair);
}

/// Half a database is not taken for one.
fn made_at_the_second_try(pair: &mut Pair) {
    pair.begin(0, "init");
    let until = Instant::now() + PATIENCE;
    while !pair.folder.path().join("data0.new/PG_VERSION").exists() {
        assert!(Instant::now() < until, "nothing is made");
        std::thread::sleep(Duration::from_millis(10));
    }
    pair.kill(0);
    assert!(!pair.data(0).exists());
    pair.does(0, &["init"]);
    pair.refuses(0, "init", "has been made already");
}

/// In the container of a command the dead server's number is that of another process.
fn leave_the_number_of_one_who_lives(pair: &Pair) {
    let file = pair.data(0).join("postmaster.pid");
    let left = std::fs::read_to_string(&file).expect("what the dead one left");
    let (_, rest) = left.split_once('\n').expect("lines");
    let living = pair.running[1].as_ref().expect("it runs").id();
    std::fs::write(&file, format!("{living}\n{rest}")).expect("written");
}

/// A node that acknowledges alone does not hand that on to the copy that is made of it.
fn rebuilt_while_alone(pair: &mut Pair) {
    pair.kill(0);
    pair.does(1, &["alone"]);
    pair.until_state(1, "ALONE");
    assert!(pair.sql(1, "insert into kept values (3)").0);
    pair.does(0, &["rebuild"]);
    pair.start(0);
    pair.until_state(1, "db_a streams");
    pair.does(1, &["together"]);
    pair.until_state(1, "waits for: ANY 1");
    let own = std::fs::read_to_string(pair.folder.path().join("data0/postgresql.auto.conf")).expect("settings");
    assert!(!own.contains("synchronous_standby_names") && own.contains("application_name=db_a"), "{own}");
}

fn put_back(pair: &Pair) {
    let copy = pair.socket(1).join("copy");
    let copy = copy.to_str().expect("a path");
    pair.does(1, &["backup", copy]);
    assert!(pair.sql(1, "drop table kept").0);
    std::fs::write(format!("{copy}.cut"), &std::fs::read(copy).expect("a copy")[..100]).expect("written");
    assert!(!pair.run(1, &["restore", &format!("{copy}.cut")]).0, "half a copy is refused");
    pair.does(1, &["restore", copy]);
    assert_eq!(pair.sql(1, "select count(*) from kept"), (true, "3".into()));
}

/// Beside a standby that has everything an empty node does not begin anew.
fn disk_lost(pair: &mut Pair) {
    // What was put back did not wait for the standby; this does.
    assert!(pair.sql(1, "insert into kept values (4)").0);
    pair.lose(1, "lost");
    pair.refuses(1, "start", "promote it there");
    pair.refuses(1, "init", "has a database");
    pair.does(0, &["promote"]);
    pair.start(1);
    pair.until_state(0, "db_b streams");
    assert_eq!(pair.sql(0, "select count(*) from kept"), (true, "4".into()));
}

/// For an empty partner that was made by mistake nothing is removed.
fn empty_partner(pair: &mut Pair) {
    pair.kill(0);
    pair.lose(1, "lost-again");
    pair.does(1, &["init"]);
    pair.start(1);
    pair.until_state(1, "primary");
    for word in ["start", "rejoin", "rebuild"] {
        pair.refuses(0, word, "another database");
    }
    // Nobody is told that commits wait for a standby when nobody could be asked.
    assert!(!pair.run(0, &["together"]).0);
    pair.kill(1);
    pair.start(0);
    pair.until_state(0, "primary");
    assert_eq!(pair.sql(0, "select count(*) from kept"), (true, "4".into()));
}
