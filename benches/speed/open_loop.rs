//! Questions at a steady pace (open loop): how long a visitor waits. Whoever must wait for the answer before asks late, and that
//! counts as waiting, so a server that stands still for a second is not asked once but waited for by everybody.

use crate::load::Questions;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// Connections of one span; together they ask this often in a second.
const CONNECTIONS: u32 = 64;
pub const PER_S: u32 = 2_000;
const EVERY: Duration = Duration::from_micros(1_000_000 / PER_S as u64 * CONNECTIONS as u64);

/// Whoever is refused waits for as long as Retry-After says at least.
const REFUSED_MS: f64 = 1_000.0;

/// Waiting times of one span, milliseconds.
#[derive(Clone, Copy)]
pub struct Waited {
    pub p50: f64,
    pub p99: f64,
}

/// Asks for a span from this thread.
pub fn ask(address: SocketAddr, questions: &mut impl Questions, span: Duration) -> Waited {
    // The questions are drawn before, so that drawing them is nothing that is waited for.
    let each = span.as_micros() / EVERY.as_micros();
    let mut requests = || {
        let mut request = Vec::new();
        questions.next(&mut request);
        request
    };
    let drawn: Vec<Vec<Vec<u8>>> = (0..CONNECTIONS).map(|_| (0..each).map(|_| requests()).collect()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut waited = runtime.block_on(async {
        let begun = Instant::now() + Duration::from_millis(200);
        let visitors = (0..CONNECTIONS).zip(drawn);
        let visitors =
            visitors.map(|(i, drawn)| tokio::spawn(visitor(address, drawn, begun + EVERY / CONNECTIONS * i)));
        let mut waited = Vec::new();
        for visitor in visitors.collect::<Vec<_>>() {
            waited.extend(visitor.await.expect("joined"));
        }
        waited
    });
    waited.sort_by(f64::total_cmp);
    let part = |percent: usize| waited[waited.len() * percent / 100];
    Waited { p50: part(50), p99: part(99) }
}

/// One connection: its waiting times.
async fn visitor(address: SocketAddr, requests: Vec<Vec<u8>>, first: Instant) -> Vec<f64> {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.set_nodelay(true).expect("set");
    let (mut waited, mut due, mut buffer) = (Vec::new(), first, vec![0; 1 << 18]);
    for request in requests {
        let late = Instant::now() > due;
        sleep_until(due).await;
        // The timer's own millisecond is nothing that the server could help.
        let asked = if late { due } else { Instant::now() };
        stream.write_all(&request).await.expect("sent");
        let answer = tokio::time::timeout(Duration::from_mins(1), receive(&mut stream, &mut buffer));
        let status = answer.await.expect("an answer within a minute");
        assert!(matches!(status, 200 | 304 | 503), "answered {status}");
        waited.push(if status == 503 { REFUSED_MS } else { asked.elapsed().as_secs_f64() * 1e3 });
        due += EVERY;
    }
    waited
}

/// Reads one answer whole and gives its status.
async fn receive(stream: &mut TcpStream, buffer: &mut [u8]) -> u16 {
    let (mut read, mut whole) = (0, None);
    loop {
        let got = stream.read(&mut buffer[read..]).await.expect("received");
        assert!(got > 0, "the server closed a connection");
        read += got;
        if whole.is_none() {
            whole = crate::load::whole_bytes(&buffer[..read]);
        }
        if let Some((status, bytes)) = whole
            && read >= bytes
        {
            return status;
        }
    }
}
