//! The throw-away PostgreSQL of the tests.
//!
//! The server is started and stopped by `scripts/with-postgres --keep`, the
//! same file that `make test` runs: one place knows where the programs are and
//! how to run them as root. That shell, the keeper, lives as long as the pipe
//! to its stdin is open, and so ends the server and removes its directory even
//! when the test process is killed.

#![allow(dead_code)] // every test binary uses another part of it

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest wait for an answer of the server.
const PATIENCE: Duration = Duration::from_secs(30);
const KEEPER: &str = include_str!("../../scripts/with-postgres");

/// A PostgreSQL server on 127.0.0.1 that lets everybody in.
pub struct Postgres {
    /// Without a database's name: `postgres://user@127.0.0.1:port/`
    url: String,
    /// None for a server that was there before.
    keeper: Option<Keeper>,
    /// Started by `start_own`, so that no other test minds a crash.
    own: bool,
}

/// The shell that keeps servers.
pub struct Keeper {
    shell: Child,
    /// None once the server is given up.
    pipes: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

/// The server for all tests but those that crash it: the one named by
/// `STUDYROUTE_TEST_POSTGRES`, or else one per process. It is quick, and not
/// durable. None, with a line on stderr, where no PostgreSQL is installed.
pub fn shared() -> Option<&'static Postgres> {
    static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
    // Not dropped at the end of the process: the keeper sees to that.
    SHARED.get_or_init(find_or_start).as_ref()
}

/// A durable server of one's own, to be stopped, killed and started again.
pub fn start_own() -> Option<Postgres> {
    start("durable", true)
}

fn find_or_start() -> Option<Postgres> {
    match env::var("STUDYROUTE_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => {
            Some(Postgres { url: format!("{}/", url.trim_end_matches('/')), keeper: None, own: false })
        }
        _ => start("fast", false),
    }
}

fn start(mode: &str, own: bool) -> Option<Postgres> {
    let (url, keeper) = Keeper::start_or_skip(&[mode])?;
    let keeper = Some(keeper);
    Some(Postgres { url, keeper, own })
}

/// Without PostgreSQL tests are skipped on a laptop, but never under CI.
fn missing(reason: &str) {
    let ci = env::var("CI").unwrap_or_default();
    assert!(ci.is_empty() || ci == "false", "{reason}");
    // Not eprintln!, whose text libtest hides when the test passes.
    let line = format!("tests skipped: {reason}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

impl Postgres {
    /// Makes a new, empty database and gives its URL.
    pub fn fresh_database(&self) -> String {
        fresh_database(&self.url)
    }

    /// Like `pg_ctl stop -m immediate`: connections break off, nothing is
    /// written any more, and the next start has to recover.
    pub fn stop_immediate(&self) {
        self.order("stop");
    }

    /// Kills the server and all its children with SIGKILL.
    pub fn kill_hard(&self) {
        self.order("kill");
    }

    /// Starts the stopped server with the same data on the same port, and
    /// returns when it takes connections.
    pub fn start_again(&self) {
        self.order("start");
    }

    fn order(&self, word: &str) {
        assert!(self.own, "other tests use this server: take start_own()");
        self.keeper.as_ref().unwrap().order(word);
    }
}

/// Makes a new, empty database at a server's URL and gives its own.
pub fn fresh_database(url: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // The time, since a server that outlives us may see our pid again.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("t_{}_{count}_{:x}", process::id(), now.as_millis());
    run_sql(url, &format!("CREATE DATABASE {name}"))
        .unwrap_or_else(|error| panic!("CREATE DATABASE at {url}: {error}"));
    format!("{url}{name}")
}

impl Keeper {
    /// Gives what it says of its servers (their URLs) as well. None where there are none, with a line on stderr; under CI that is a
    /// failure.
    pub fn start_or_skip(mode: &[&str]) -> Option<(String, Self)> {
        Self::start(mode).map_err(|reason| missing(&reason)).ok()
    }

    fn start(mode: &[&str]) -> Result<(String, Self), String> {
        let mut shell = Command::new("bash")
            .args(["-c", KEEPER, "with-postgres", "--keep"])
            .args(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Test runners kill the process group of a test that hangs.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("PostgreSQL does not start: bash: {error}"))?;
        let stdin = shell.stdin.take().unwrap();
        let stdout = BufReader::new(shell.stdout.take().unwrap());
        let pipes = Mutex::new(Some((stdin, stdout)));
        let keeper = Self { shell, pipes };
        let line = keeper.answer().map_err(|error| error.to_string())?;
        match line.split_once(' ') {
            Some(("ready", url)) => Ok((url.to_owned(), keeper)),
            Some(("error", reason)) => Err(reason.to_owned()),
            _ => Err(format!("PostgreSQL does not start: {line:?}")),
        }
    }

    /// Has an order obeyed, and gives what there is to say about it.
    pub fn order(&self, words: &str) -> String {
        let answer = self.ask(words).unwrap();
        let said = answer.strip_prefix("ok");
        said.unwrap_or_else(|| panic!("PostgreSQL did not obey the order: {words}")).trim().to_owned()
    }

    fn ask(&self, words: &str) -> io::Result<String> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let (stdin, stdout) = pipes.as_mut().unwrap();
        writeln!(stdin, "{words}")?;
        read_line(stdout)
    }

    fn answer(&self) -> io::Result<String> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        read_line(&mut pipes.as_mut().unwrap().1)
    }
}

impl Drop for Keeper {
    /// Returns when the server and its directory are gone.
    fn drop(&mut self) {
        let pipes = self.pipes.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(pipes.take());
        // Nothing to be done about an error, and a panic here could be the second.
        let _ = self.shell.wait();
    }
}

fn read_line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// One statement in the wire protocol: psql may be absent or, as Debian's is a
/// Perl wrapper, slow, and a driver would want an async runtime. The URL may
/// name a database.
pub fn run_sql(url: &str, sql: &str) -> io::Result<Option<String>> {
    let (_, rest) = url.split_once("://").expect("a URL");
    let (user, rest) = rest.split_once('@').expect("a user in the URL");
    let (address, name) = rest.split_once('/').unwrap_or((rest, ""));
    let name = if name.is_empty() { "postgres" } else { name };
    let mut server = TcpStream::connect(address)?;
    server.set_read_timeout(Some(PATIENCE))?;
    let mut login = 196_608_u32.to_be_bytes().to_vec(); // protocol 3.0
    login.extend(format!("user\0{user}\0database\0{name}\0\0").bytes());
    send(&mut server, &[], &login)?;
    until_ready(&mut server)?;
    send(&mut server, b"Q", format!("{sql}\0").as_bytes())?;
    until_ready(&mut server)
}

fn send(server: &mut TcpStream, tag: &[u8], body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    server.write_all(&[tag, &length, body].concat())
}

/// Reads messages up to "ready for query", and gives the first value of the last row.
fn until_ready(server: &mut TcpStream) -> io::Result<Option<String>> {
    let mut value = None;
    loop {
        let mut head = [0; 5];
        server.read_exact(&mut head)?;
        let [tag, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
        let mut body = vec![0; length - 4];
        server.read_exact(&mut body)?;
        match tag {
            b'Z' => return Ok(value),
            // Two bytes say how many columns, four how long the first is.
            b'D' => value = Some(String::from_utf8_lossy(body.get(6..).unwrap_or_default()).into_owned()),
            b'R' if body != [0; 4] => return Err(io::Error::other("wants a password")),
            b'E' => return Err(io::Error::other(String::from_utf8_lossy(&body))),
            _ => {}
        }
    }
}
