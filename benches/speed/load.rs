//! Questions over kept-alive connections, as many as the server takes (closed loop): what a request costs it, and how many it
//! answers in a second.
//!
//! One thread, one question under way on each connection. A question costs this side one write and two reads, and the second
//! read lets the kernel drop the body without copying it, so that this side is seldom the one that is waited for. Every
//! thousandth answer is read whole and checked.

use crate::machine;
use rustix::net::{RecvFlags, recv};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Connections of one load.
pub const CONNECTIONS: usize = 64;
/// No answer takes so long; one that does ends the part.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// The head of every answer fits.
const HEAD_BYTES: usize = 1_024;
/// A span becomes at most so many times as long.
const LONGER: u32 = 8;
/// One in so many may be refused: a server whose core is taken by something else says that it is overloaded. The first few may not
/// be worth a part.
const REFUSED_MOST: u64 = 50;
const SLACK: u64 = 20_000;
/// One in so many answers is read and checked.
const CHECK_EVERY: u64 = 1_021;

/// What is asked, drawn anew for every request, and what must be true of an answer.
pub trait Questions {
    /// Writes the next request.
    fn next(&mut self, out: &mut Vec<u8>);
    /// Looks at an answer to any of the questions; panics when it is wrong.
    fn check(&self, status: u16, body: &[u8]);
}

/// What one span of asking gave.
#[derive(Clone, Copy)]
pub struct Shot {
    /// CPU time of the server per request, microseconds.
    pub cpu_us: f64,
    /// Answers in a second.
    pub per_s: f64,
}

impl Shot {
    pub fn of(answered: u32, wall: Duration, cpu: Duration) -> Self {
        let each = |spent: Duration| spent.as_secs_f64() / f64::from(answered);
        Self { cpu_us: each(cpu) * 1e6, per_s: 1.0 / each(wall) }
    }
}

/// Connections to one server.
pub struct Load {
    streams: Vec<TcpStream>,
    request: Vec<u8>,
    buffer: Vec<u8>,
    answers: u64,
    refused: u64,
}

/// The head of an answer, and how much of its body came with it.
struct Head {
    status: u16,
    length: Option<usize>,
    bytes: usize,
    read: usize,
}

impl Load {
    pub fn open(address: SocketAddr, connections: usize) -> Self {
        let streams = (0..connections).map(|_| connect(address)).collect();
        Self { streams, request: Vec::new(), buffer: vec![0; 1 << 20], answers: 0, refused: 0 }
    }

    /// Asks for a while, and measures the processes that answer. Where something else takes their core, it asks until they have
    /// had half of it all the same, up to a limit.
    pub fn shoot(&mut self, pids: &[u32], questions: &mut impl Questions, span: Duration) -> Shot {
        for i in 0..self.streams.len() {
            self.ask(i, questions);
        }
        let (started, cpu) = (Instant::now(), machine::cpu(pids));
        let mut answered = 0_u32;
        loop {
            for i in 0..self.streams.len() {
                self.answer(i, questions);
                self.ask(i, questions);
                answered += 1;
            }
            let wall = started.elapsed();
            if wall >= span && (wall >= span * LONGER || machine::cpu(pids).saturating_sub(cpu) >= span / 2) {
                break;
            }
        }
        let (wall, cpu) = (started.elapsed(), machine::cpu(pids).saturating_sub(cpu));
        for i in 0..self.streams.len() {
            self.answer(i, questions);
        }
        Shot::of(answered, wall, cpu)
    }

    /// Asks one after the other and reads every answer whole: their lengths.
    pub fn sample(&mut self, questions: &mut impl Questions, count: usize) -> Vec<usize> {
        (0..count)
            .map(|i| {
                let i = i % self.streams.len();
                self.ask(i, questions);
                let head = self.head(i);
                let body = self.body(i, &head);
                questions.check(head.status, &body);
                body.len()
            })
            .collect()
    }

    fn ask(&mut self, i: usize, questions: &mut impl Questions) {
        self.request.clear();
        questions.next(&mut self.request);
        self.streams[i].write_all(&self.request).expect("sent");
    }

    fn answer(&mut self, i: usize, questions: &impl Questions) {
        self.answers += 1;
        let head = self.head(i);
        let is_answered = matches!(head.status, 200 | 201 | 304);
        assert!(is_answered || head.status == 503, "answered {}", head.status);
        self.refused += u64::from(!is_answered);
        assert!(
            self.refused * REFUSED_MOST <= self.answers + SLACK,
            "{} of {} were refused",
            self.refused,
            self.answers
        );
        if is_answered && (self.answers.is_multiple_of(CHECK_EVERY) || head.length.is_none()) {
            let body = self.body(i, &head);
            return questions.check(head.status, &body);
        }
        let mut left = (head.bytes + head.length.unwrap_or(0)).saturating_sub(head.read);
        while left > 0 {
            let most = left.min(self.buffer.len());
            let (_, dropped) = recv(&self.streams[i], &mut self.buffer[..most], RecvFlags::TRUNC).expect("received");
            assert!(dropped > 0, "the server closed a connection");
            left -= dropped;
        }
    }

    /// Reads until the head is whole; the body's begin may come with it.
    fn head(&mut self, i: usize) -> Head {
        let mut read = 0;
        loop {
            let got = self.streams[i].read(&mut self.buffer[read..HEAD_BYTES * 2]).expect("received");
            assert!(got > 0, "the server closed a connection");
            read += got;
            if let Some(end) = find(&self.buffer[..read], b"\r\n\r\n") {
                return Head { read, ..parse(&self.buffer[..end + 4]) };
            }
        }
    }

    fn body(&mut self, i: usize, head: &Head) -> Vec<u8> {
        let mut body = self.buffer[head.bytes..head.read].to_vec();
        let ended =
            |body: &[u8]| head.length.map_or_else(|| body.ends_with(b"0\r\n\r\n"), |length| body.len() >= length);
        while !ended(&body) {
            let got = self.streams[i].read(&mut self.buffer).expect("received");
            assert!(got > 0, "the server closed a connection");
            body.extend_from_slice(&self.buffer[..got]);
        }
        if head.length.is_none() { unchunked(&body) } else { body }
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connected");
    stream.set_nodelay(true).expect("set");
    stream.set_read_timeout(Some(ANSWER_WITHIN)).expect("set");
    stream
}

/// Status and length; no length means that the body comes in chunks.
fn parse(head: &[u8]) -> Head {
    let bytes = head.len();
    let text = std::str::from_utf8(head).expect("a head of ASCII");
    let status = text.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
    let mut lengths = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().expect("a length"))
    });
    let length = if status == 304 { Some(0) } else { lengths.next_back() };
    Head { status, length, bytes, read: 0 }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = find(body, b"\r\n") {
        let length = std::str::from_utf8(&body[..end]).expect("ASCII");
        let length = usize::from_str_radix(length, 16).expect("a length");
        if length == 0 {
            break;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + length]);
        body = &body[end + 2 + length + 2..];
    }
    whole
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// One request and its answer on a connection of its own.
pub fn ask_once(address: SocketAddr, request: &[u8]) -> (u16, Vec<u8>, String) {
    let mut load = Load::open(address, 1);
    load.streams[0].write_all(request).expect("sent");
    let head = load.head(0);
    let text = String::from_utf8_lossy(&load.buffer[..head.bytes]).into_owned();
    let body = load.body(0, &head);
    (head.status, body, text)
}

/// Status and length with the head of an answer that begins like this, once its head is whole.
pub fn whole_bytes(begin: &[u8]) -> Option<(u16, usize)> {
    let end = find(begin, b"\r\n\r\n")? + 4;
    let head = parse(&begin[..end]);
    Some((head.status, end + head.length.expect("an answer with a length")))
}
