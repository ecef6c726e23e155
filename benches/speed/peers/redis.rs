//! Redis, which keeps ids and positions and no texts, asked by its own protocol.

use super::{ITEMS, Ours, RADIUS_M, has, not_installed, row};
use crate::load::Shot;
use crate::nearby::Nearby;
use crate::report::Report;
use crate::server::Process;
use crate::{machine, places};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const KEY: &str = "peer-redis";
const PEER: &str = "Redis GEOSEARCH, no HTTP, ids only";
const CONNECTIONS: usize = 64;
const SPAN: Duration = Duration::from_millis(1_200);
/// Places of one command.
const TOGETHER: usize = 1_000;

pub fn measure(ours: &mut Ours<'_>, report: &mut Report) {
    if !has("redis-server") {
        return report.add(not_installed(KEY, PEER, "redis-server"));
    }
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("an address").port();
    drop(socket);
    let mut command = machine::on_cores(&machine::SERVER_CORE.to_string(), Path::new("redis-server"));
    let folder = ours.bench.folder.display().to_string();
    command.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        &folder,
    ]);
    let server = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()));
    let mut questions = ours.questions.clone();
    let mut streams: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect(port)).collect();
    fill(&mut streams[0], &questions);
    let pid = server.pid();
    let pairs = ours.in_turn(|| shoot(&mut streams, pid, &mut questions));
    report.add(row(KEY, PEER, &pairs, "its answers are 20 ids"));
}

fn connect(port: u16) -> TcpStream {
    let started = Instant::now();
    loop {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            stream.set_nodelay(true).expect("set");
            stream.set_read_timeout(Some(Duration::from_mins(1))).expect("set");
            return stream;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "redis-server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn fill(stream: &mut TcpStream, questions: &Nearby) {
    for (chunk, first) in questions.places.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
        let words = chunk.len() * 3 + 2;
        let mut command = format!("*{words}\r\n$6\r\nGEOADD\r\n$6\r\nplaces\r\n");
        for (place, id) in chunk.iter().zip(first..) {
            let id: usize = id;
            for word in [place.lon().to_string(), place.lat().to_string(), id.to_string()] {
                write!(command, "${}\r\n{word}\r\n", word.len()).expect("memory");
            }
        }
        stream.write_all(command.as_bytes()).expect("sent");
        let said = receive(stream);
        assert!(said.starts_with(b":"), "{}", String::from_utf8_lossy(&said));
    }
}

fn shoot(streams: &mut [TcpStream], pid: u32, questions: &mut Nearby) -> Shot {
    let mut ask = |stream: &mut TcpStream| {
        let eye = places::visitor(&questions.places, &mut questions.random);
        let command = format!(
            "GEOSEARCH places FROMLONLAT {} {} BYRADIUS {RADIUS_M} m ASC COUNT {ITEMS}\r\n",
            eye.lon(),
            eye.lat()
        );
        stream.write_all(command.as_bytes()).expect("sent");
    };
    streams.iter_mut().for_each(&mut ask);
    let (started, cpu) = (Instant::now(), machine::cpu(&[pid]));
    let mut answered = 0_u32;
    while started.elapsed() < SPAN {
        for stream in &mut *streams {
            let said = receive(stream);
            assert!(said.starts_with(b"*20\r\n"), "{}", String::from_utf8_lossy(&said));
            ask(stream);
            answered += 1;
        }
    }
    let (wall, cpu) = (started.elapsed(), machine::cpu(&[pid]).saturating_sub(cpu));
    for stream in streams.iter_mut() {
        drop(receive(stream));
    }
    Shot::of(answered, wall, cpu)
}

/// Reads one answer: a line, or a list of strings, each of which takes two lines.
fn receive(stream: &mut TcpStream) -> Vec<u8> {
    let (mut said, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let got = stream.read(&mut buffer).expect("received");
        assert!(got > 0, "redis-server closed a connection");
        said.extend_from_slice(&buffer[..got]);
        let lines = said.windows(2).filter(|pair| pair == b"\r\n").count();
        let items =
            said.strip_prefix(b"*").and_then(|rest| std::str::from_utf8(rest).ok()?.split('\r').next()?.parse().ok());
        if said.ends_with(b"\r\n") && lines > 2 * items.unwrap_or(0_usize) {
            return said;
        }
    }
}
