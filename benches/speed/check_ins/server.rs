//! The program itself as a process on one core, what it costs, and what it says of itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

pub struct Server {
    pub address: SocketAddr,
    process: Child,
}

impl Server {
    /// Starts it as delivered, its log in a file, and returns when it is ready.
    pub fn start(program: &str, database: &str, core: usize) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let log = tempfile::tempfile().expect("a file");
        let listen = address.to_string();
        let mut command = super::pinned(core, program);
        command.args(["serve", "--listen", &listen, "--database", database, "--routes-data", "routes-data"]);
        let errors = log.try_clone().expect("a file");
        let process = command.stdout(log).stderr(errors).stdin(Stdio::null()).spawn().expect("it starts");
        let (server, started) = (Self { address, process }, Instant::now());
        while server.get("/readyz").is_none_or(|answer| !answer.starts_with("HTTP/1.1 200")) {
            assert!(started.elapsed() < Duration::from_secs(30), "it is never ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// CPU time of all its threads so far.
    pub fn cpu_us(&self) -> f64 {
        cpu_us(&format!("/proc/{}/task", self.process.id()))
    }

    /// How many check-ins it has committed, and in how many commits.
    pub fn committed(&self) -> (f64, f64) {
        let metrics = self.get("/metrics").expect("metrics");
        let figure = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
            line.trim().parse::<f64>().expect("a number")
        };
        (figure("studyroute_batch_check_ins_sum"), figure("studyroute_batch_check_ins_count"))
    }

    /// Stops it in order.
    pub fn stop(mut self) {
        let pid = self.process.id().to_string();
        assert!(std::process::Command::new("kill").arg(pid).status().expect("kill").success());
        assert!(self.process.wait().expect("waited").success(), "it ends in order");
    }
}

/// CPU time of the threads in a folder of /proc.
pub fn cpu_us(threads: &str) -> f64 {
    let spent = |thread: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    std::fs::read_dir(threads).expect("Linux").filter_map(spent).sum::<f64>() / 1e3
}
