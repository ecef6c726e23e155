//! Phones over kept-alive connections: each sends its next request as soon as the last is answered. What is acknowledged is
//! counted from the answers.

use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How check-ins are sent.
#[derive(Clone, Copy)]
pub enum Sending {
    /// One by one, over many connections.
    Single,
    /// A hundred at once.
    Batches,
    /// One by one, over one connection.
    Alone,
}

/// The requests of one connection.
pub type Phone = Vec<String>;

/// What came of it.
pub struct Driven {
    pub acknowledged: usize,
    pub wall_s: f64,
    pub median_ms: f64,
}

impl Driven {
    #[expect(clippy::cast_precision_loss, reason = "some thousand")]
    pub fn acknowledged_f64(&self) -> f64 {
        self.acknowledged as f64
    }

    pub fn per_s(&self) -> f64 {
        self.acknowledged_f64() / self.wall_s
    }
}

/// Sends everything, each phone to the server whose turn it is.
#[tokio::main(flavor = "current_thread")]
pub async fn drive(addresses: &[SocketAddr], phones: Vec<Phone>) -> Driven {
    let mut open = Vec::new();
    for (phone, address) in phones.into_iter().zip(addresses.iter().cycle()) {
        let stream = TcpStream::connect(address).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        open.push((stream, phone));
    }
    let started = Instant::now();
    let tasks: Vec<_> = open.into_iter().map(|(stream, phone)| tokio::spawn(send(stream, phone))).collect();
    let (mut acknowledged, mut waited_ms) = (0, Vec::new());
    for task in tasks {
        let (own, waited) = task.await.expect("joined");
        acknowledged += own;
        waited_ms.extend(waited);
    }
    let wall_s = started.elapsed().as_secs_f64();
    waited_ms.sort_by(f64::total_cmp);
    Driven { acknowledged, wall_s, median_ms: waited_ms[waited_ms.len() / 2] }
}

/// Says how many check-ins were acknowledged, and how long each request waited.
async fn send(mut stream: TcpStream, phone: Phone) -> (usize, Vec<f64>) {
    let (mut acknowledged, mut waited_ms, mut answer) = (0, Vec::with_capacity(phone.len()), Vec::new());
    for request in &phone {
        let started = Instant::now();
        stream.write_all(request.as_bytes()).await.expect("sent");
        let body = read(&mut stream, &mut answer).await;
        waited_ms.push(started.elapsed().as_secs_f64() * 1e3);
        let expected = request.matches(r#""waypoint":"#).count();
        let (head, body) = answer.split_at(body);
        let kept = match head.get(9..12) {
            Some(b"201") => 1,
            Some(b"200") => count(body, br#""status":201"#),
            _ => 0,
        };
        assert_eq!(kept, expected, "{}", String::from_utf8_lossy(&answer));
        acknowledged += kept;
    }
    (acknowledged, waited_ms)
}

fn count(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len()).filter(|window| *window == word).count()
}

/// Reads one answer; says where its body begins.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> usize {
    answer.clear();
    loop {
        let bytes = stream.read_buf(answer).await.expect("received");
        assert!(bytes > 0, "the server hung up: {}", String::from_utf8_lossy(answer));
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end]).expect("ASCII");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        if answer.len() >= end + 4 + length.parse::<usize>().expect("a number") {
            return end + 4;
        }
    }
}
