//! Processes that are measured: started on their core, waited for, and gone when they are dropped. Nothing here waits for ever.

use crate::figures::{self, Figures};
use crate::machine;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often a process is looked at while something is waited for.
const LOOK: Duration = Duration::from_millis(2);
/// A server has to end in order within this; then it is ended.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Runs a step of this program on the core of what is measured, and gives its last figures.
pub fn step(args: &[&str], within_s: u64) -> Figures {
    step_on(&machine::SERVER_CORE.to_string(), args, within_s).pop().unwrap_or_default()
}

/// Runs a step on some cores, and gives its figures line by line.
pub fn step_on(cores: &str, args: &[&str], within_s: u64) -> Vec<Figures> {
    let program = std::env::current_exe().expect("a program");
    let mut command = machine::on_cores(cores, &program);
    command.arg(figures::STEP).args(args);
    figures::read(&run(command, Duration::from_secs(within_s)))
}

/// Runs a command to its end and gives what it printed; it is killed when it takes longer, and must succeed.
pub fn run(mut command: Command, within: Duration) -> String {
    let said = tempfile::NamedTempFile::new().expect("a file");
    let out = said.reopen().expect("a file");
    let mut process = Process::start(command.stdin(Stdio::null()).stdout(out));
    let status = process.wait(within);
    assert!(status.is_some_and(|status| status.success()), "{command:?}: {status:?}");
    std::fs::read_to_string(said.path()).expect("UTF-8")
}

/// A child that is killed when it is dropped.
pub struct Process(Child);

impl Process {
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// What it prints; asked for once, of a process that was started with a pipe for it.
    pub fn output(&mut self) -> std::process::ChildStdout {
        self.0.stdout.take().expect("a pipe")
    }

    /// Lets it read that there is no more.
    pub fn end_input(&mut self) {
        drop(self.0.stdin.take());
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Waits for its end; none when it takes longer.
    pub fn wait(&mut self, within: Duration) -> Option<std::process::ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("a child") {
                return Some(status);
            }
            if started.elapsed() > within {
                return None;
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A server that listens.
pub struct Server {
    process: Process,
    pub address: SocketAddr,
    /// From its start until it was ready.
    pub ready_after: Duration,
    log: PathBuf,
}

/// How the program under test is started.
pub struct Setup<'a> {
    pub binary: &'a Path,
    pub database: &'a str,
    pub routes_data: &'a str,
    /// Settings that are not as they come.
    pub more: &'a [&'a str],
    pub cores: &'a str,
    pub ready_within_s: u64,
}

impl<'a> Setup<'a> {
    /// On the core of what is measured, with nothing to import.
    pub fn new(binary: &'a Path, database: &'a str) -> Self {
        Self { binary, database, routes_data: "/nonexistent", more: &[], cores: "0", ready_within_s: 300 }
    }

    /// Starts it as anybody would, with everything on and its access log in a file.
    pub fn start(&self, folder: &Path) -> Server {
        let mut command = machine::on_cores(self.cores, self.binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", self.database]);
        command.args(["--routes-data", self.routes_data]).args(self.more);
        Server::start(command, folder, Duration::from_secs(self.ready_within_s))
    }
}

impl Server {
    /// The bare endpoint with bodies of these lengths.
    pub fn bare(path: &str, lengths: &[usize], folder: &Path) -> Self {
        let program = std::env::current_exe().expect("a program");
        let mut command = machine::on_cores(&machine::SERVER_CORE.to_string(), &program);
        let lengths: Vec<String> = lengths.iter().map(ToString::to_string).collect();
        command.args([figures::STEP, "bare", path, &lengths.join(",")]);
        Self::start(command, folder, Duration::from_secs(10))
    }

    /// Starts a command that logs JSON lines to its standard error, and waits until it says that it is ready.
    pub fn start(mut command: Command, folder: &Path, within: Duration) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let log = folder.join(format!("server-{}.log", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let started = Instant::now();
        let errors = File::create(&log).expect("a log");
        let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors));
        loop {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<serde_json::Value> = text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
            let said = |message: &str| lines.iter().find(|line| line["message"] == message);
            if let (Some(listening), Some(_)) = (said("listening"), said("ready")) {
                let address = listening["address"].as_str().and_then(|address| address.parse().ok());
                let address = address.expect("an address");
                return Self { process, address, ready_after: started.elapsed(), log };
            }
            assert!(!process.has_ended() && started.elapsed() < within, "{command:?} is not ready: {text}");
            std::thread::sleep(LOOK);
        }
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends it in order.
    pub fn stop(mut self) {
        drop(Command::new("kill").args(["-TERM", &self.pid().to_string()]).status());
        assert!(self.process.wait(STOP_WITHIN).is_some(), "the server did not end within {STOP_WITHIN:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An access log of millions of lines is of no use to anybody.
        drop(std::fs::remove_file(&self.log));
    }
}
