//! What a client meets at the door, told over raw sockets. Limits are short, margins are wide: the machine may be busy.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use http_body::Frame;
use http_body_util::BodyExt;
use studyroute::http::door::{Answers, DoorLimits, DoorStats, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Service;

const HEADER: Duration = Duration::from_millis(300);
const IDLE: Duration = Duration::from_millis(900);
const WRITE: Duration = Duration::from_millis(400);
/// Longer than all of them.
const SLOW: Duration = Duration::from_millis(1500);
const DRAIN: Duration = Duration::from_secs(5);
/// How far the two ends of a connection may disagree about when something began.
const MARGIN: Duration = Duration::from_millis(100);
/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(8);
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

fn limits() -> DoorLimits {
    DoorLimits { header_timeout: HEADER, idle_timeout: IDLE, write_timeout: WRITE, ..DoorLimits::default() }
}

/// Limits that do not matter within a test, nor does a timer set to one of them ring and hide that nobody woke the task.
fn long_limits() -> DoorLimits {
    let long = PATIENCE * 2;
    DoorLimits { header_timeout: long, idle_timeout: long, write_timeout: long, ..DoorLimits::default() }
}

struct Server {
    address: SocketAddr,
    stats: Arc<DoorStats>,
    stop: CancellationToken,
    served: JoinHandle<bool>,
}

/// What stands behind the door here.
#[derive(Clone)]
struct App(Router);

impl Answers for App {
    type Future = BoxFuture<'static, Response>;

    fn answer(&mut self, mut request: Request, peer: SocketAddr) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(peer));
        let mut router = self.0.clone();
        Box::pin(async move { router.call(request).await.unwrap() })
    }
}

fn app() -> App {
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/peer", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()))
        .route(
            "/slow",
            get(async || {
                sleep(SLOW).await;
                "slow"
            }),
        )
        .route("/panic", get(async || if true { panic!("asked to") } else { "calm" }))
        .route("/large", get(async || vec![b'x'; 64 << 20]))
        .route("/drip", get(async || Body::new(Drip { left: 2, pause: Box::pin(sleep(SLOW)) })))
        .route("/early", post(async || (StatusCode::PAYLOAD_TOO_LARGE, "no")))
        .route("/upload", post(async |body: Body| body.collect().await.unwrap().to_bytes().len().to_string()));
    App(router)
}

/// A body of `left` pieces with a pause before each of them, longer than all limits.
struct Drip {
    left: u8,
    pause: Pin<Box<Sleep>>,
}

impl http_body::Body for Drip {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(self.pause.as_mut().poll(cx));
        self.left -= 1;
        self.pause = Box::pin(sleep(SLOW));
        Poll::Ready(Some(Ok(Frame::data(bytes::Bytes::from_static(b"drop")))))
    }
}

async fn start(limits: DoorLimits) -> Server {
    start_draining(limits, DRAIN).await
}

async fn start_draining(limits: DoorLimits, drain: Duration) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stats, stop) =
        (listener.local_addr().unwrap(), Arc::<DoorStats>::default(), CancellationToken::new());
    let served = tokio::spawn(serve(listener, app(), limits, Arc::clone(&stats), stop.clone(), drain));
    Server { address, stats, stop, served }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut client = self.connect().await;
        client.write_all(bytes).await.unwrap();
        client
    }

    fn timed_out(&self) -> u64 {
        self.stats.timed_out.load(Ordering::Relaxed)
    }

    async fn until_open(&self, connections: usize) {
        timeout(PATIENCE, async {
            while self.stats.connections.load(Ordering::Relaxed) != connections {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("the number of connections");
    }
}

/// Reads one response whose body has a content-length.
async fn answer(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(PATIENCE, async {
        loop {
            let byte = client.read_u8().await.expect("a whole answer");
            bytes.push(byte);
            if bytes.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        let head = String::from_utf8_lossy(&bytes).to_lowercase();
        let length =
            head.split("content-length: ").nth(1).map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        client.read_exact(&mut body).await.expect("a whole body");
        bytes.extend(body);
    })
    .await
    .expect("an answer");
    String::from_utf8(bytes).unwrap()
}

/// Reads until the server closes; how long that took and what came. A reset is a close as well.
async fn until_closed(client: &mut TcpStream) -> (Duration, String) {
    let (begin, mut text, mut piece) = (Instant::now(), Vec::new(), vec![0; 65536]);
    timeout(PATIENCE, async {
        while let Ok(n @ 1..) = client.read(&mut piece).await {
            text.extend_from_slice(&piece[..n]);
        }
    })
    .await
    .expect("the server closes");
    (begin.elapsed(), String::from_utf8_lossy(&text).into_owned())
}

fn assert_ok(answer: &str, body: &str) {
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(body), "{answer}");
}

#[tokio::test]
async fn a_dribbled_head_ends_after_the_header_timeout_with_a_408() {
    let server = start(limits()).await;
    let (mut reading, mut writing) = server.connect().await.into_split();
    let dribble = tokio::spawn(async move {
        while writing.write_all(b"G").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    });
    let begin = Instant::now();
    let mut text = String::new();
    timeout(PATIENCE, reading.read_to_string(&mut text)).await.expect("the server closes").unwrap();
    assert!(begin.elapsed() >= HEADER && begin.elapsed() < IDLE, "{:?}", begin.elapsed());
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("problem+json"), "{text}");
    assert!(text.contains(r#""code":"request-head-timeout""#), "{text}");
    assert_eq!(server.timed_out(), 1);
    dribble.await.unwrap();
}

#[tokio::test]
async fn a_second_head_that_does_not_end_is_cut_like_the_first() {
    let server = start(DoorLimits { idle_timeout: PATIENCE, ..limits() }).await;
    let mut client = server.send(GET).await;
    assert_ok(&answer(&mut client).await, "hello");
    // By now the timer is set to the end of the idle time, and has to be set back.
    sleep(HEADER * 2).await;
    client.write_all(b"GET / HT").await.unwrap();
    let (after, text) = until_closed(&mut client).await;
    assert!(after + MARGIN >= HEADER && after < PATIENCE / 4 && text.starts_with("HTTP/1.1 408"), "{after:?} {text}");
}

#[tokio::test]
async fn a_head_begun_in_the_same_packet_as_the_request_before_it_is_timed_too() {
    let server = start(limits()).await;
    let mut client = server.send(&[GET, b"GET / HT"].concat()).await;
    assert_ok(&answer(&mut client).await, "hello");
    let (after, text) = until_closed(&mut client).await;
    assert!(after < IDLE && text.starts_with("HTTP/1.1 408"), "{after:?} {text}");
}

#[tokio::test]
async fn a_fresh_connection_that_says_nothing_is_closed_after_the_header_timeout_without_a_word() {
    let server = start(limits()).await;
    let (after, text) = until_closed(&mut server.connect().await).await;
    assert!(after + MARGIN >= HEADER && after < IDLE, "{after:?}");
    assert_eq!((text.as_str(), server.timed_out()), ("", 1));
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_timeout_and_ends_after_the_idle_timeout() {
    let server = start(limits()).await;
    let mut client = server.send(GET).await;
    assert_ok(&answer(&mut client).await, "hello");
    let (after, text) = until_closed(&mut client).await;
    assert!(after + MARGIN >= IDLE && after < IDLE * 2, "{after:?}");
    assert_eq!((text.as_str(), server.timed_out()), ("", 0));
}

#[tokio::test]
async fn every_request_begins_the_idle_time_anew() {
    let server = start(limits()).await;
    let mut client = server.connect().await;
    for _ in 0..4 {
        client.write_all(GET).await.unwrap();
        assert_ok(&answer(&mut client).await, "hello");
        // Longer than the header timeout; three of them are longer than the idle timeout.
        sleep(HEADER + Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_head_that_comes_in_two_pieces_in_time_is_answered() {
    let server = start(limits()).await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.write_all(&GET[..10]).await.unwrap();
        sleep(HEADER / 3).await;
        client.write_all(&GET[10..]).await.unwrap();
        assert_ok(&answer(&mut client).await, "hello");
    }
}

#[tokio::test]
async fn a_head_whose_last_byte_comes_alone_leaves_an_idle_connection() {
    let server = start(limits()).await;
    let mut client = server.send(&GET[..GET.len() - 1]).await;
    sleep(HEADER / 3).await;
    client.write_all(b"\n").await.unwrap();
    assert_ok(&answer(&mut client).await, "hello");
    let (after, text) = until_closed(&mut client).await;
    assert!(after + MARGIN >= IDLE && text.is_empty(), "{after:?} {text}");
}

#[tokio::test]
async fn a_slow_handler_is_not_cut() {
    let server = start(limits()).await;
    let mut client = server.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_ok(&answer(&mut client).await, "slow");
    let (after, _) = until_closed(&mut client).await;
    assert!(after + MARGIN >= IDLE && after < IDLE * 2, "idle from the end of the answer: {after:?}");
}

#[tokio::test]
async fn a_response_that_pauses_is_not_cut_while_the_client_reads() {
    let server = start(limits()).await;
    let mut client = server.send(b"GET /drip HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let (after, text) = until_closed(&mut client).await;
    assert!(after + MARGIN >= SLOW * 2 && text.matches("drop").count() == 2, "{after:?} {text}");
}

#[tokio::test]
async fn a_slow_upload_is_not_cut() {
    let server = start(limits()).await;
    let mut client = server.send(b"POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n").await;
    for _ in 0..20 {
        client.write_all(b"b").await.unwrap();
        sleep(SLOW / 20).await;
    }
    assert_ok(&answer(&mut client).await, "20");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_after_the_write_timeout() {
    let server = start(limits()).await;
    let client = server.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let begin = Instant::now();
    server.until_open(1).await;
    server.until_open(0).await;
    assert!(begin.elapsed() >= WRITE, "{:?}", begin.elapsed());
    assert_eq!(server.timed_out(), 1);
    drop(client);
}

#[tokio::test]
async fn a_client_that_reads_slowly_but_steadily_gets_everything() {
    let server = start(limits()).await;
    let mut client = server.send(b"GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let (mut read, begin) = (0, Instant::now());
    let mut piece = vec![0; 4 << 20];
    loop {
        let n = client.read(&mut piece).await.expect("no reset");
        if n == 0 {
            break;
        }
        read += n;
        if begin.elapsed() < WRITE * 3 {
            sleep(WRITE / 8).await;
        }
    }
    assert!(read > 64 << 20 && begin.elapsed() > WRITE * 2, "{read} {:?}", begin.elapsed());
}

#[tokio::test]
async fn one_connection_too_many_is_told_to_come_back() {
    let server = start(DoorLimits { connections_max: 2, ..limits() }).await;
    let (mut first, _second) = (server.send(GET).await, server.connect().await);
    server.until_open(2).await;
    let mut third = server.connect().await;
    // It speaks when it has been refused already. A reset, which the second write would meet, takes the answer from
    // clients on other systems than this one.
    sleep(MARGIN).await;
    third.write_all(GET).await.unwrap();
    sleep(MARGIN).await;
    third.write_all(GET).await.expect("no reset");
    let mut text = String::new();
    timeout(PATIENCE, third.read_to_string(&mut text)).await.expect("the server closes").expect("no reset");
    assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
    assert!(text.contains("content-type: application/problem+json\r\n"), "{text}");
    assert!(text.contains("connection: close\r\n") && text.contains(r#""code":"too-many-connections""#), "{text}");
    let seconds = text.split("retry-after: ").nth(1).and_then(|s| s.split("\r\n").next()).unwrap();
    assert!((2..=8).contains(&seconds.parse::<u8>().unwrap()), "{seconds}");
    assert_eq!(server.stats.refused.load(Ordering::Relaxed), 1);
    assert_ok(&answer(&mut first).await, "hello");
    drop(first);
    server.until_open(1).await;
    assert_ok(&answer(&mut server.send(GET).await).await, "hello");
}

#[tokio::test]
async fn hundreds_of_refusals_do_not_stop_the_door() {
    let server = start(DoorLimits { connections_max: 1, ..limits() }).await;
    let mut kept = server.send(GET).await;
    assert_ok(&answer(&mut kept).await, "hello");
    let mut crowd = Vec::new();
    for _ in 0..400 {
        crowd.push(server.connect().await);
    }
    for client in &mut crowd {
        assert!(until_closed(client).await.1.starts_with("HTTP/1.1 503"));
    }
    assert_eq!(server.stats.refused.load(Ordering::Relaxed), 400);
    kept.write_all(GET).await.unwrap();
    assert_ok(&answer(&mut kept).await, "hello");
}

#[tokio::test]
async fn a_head_too_large_or_with_too_many_headers_is_431() {
    let server = start(limits()).await;
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(17 * 1024));
    let endless = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}", "y".repeat(200 * 1024));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(100));
    for head in [large, endless, many] {
        let (mut reading, mut writing) = server.connect().await.into_split();
        let sending = tokio::spawn(async move {
            let _ = writing.write_all(head.as_bytes()).await;
            writing
        });
        sleep(MARGIN).await;
        let mut text = String::new();
        timeout(PATIENCE, reading.read_to_string(&mut text)).await.expect("an end").expect("no reset");
        assert!(text.starts_with("HTTP/1.1 431"), "{text}");
        drop(sending);
    }
}

#[tokio::test]
async fn a_head_just_within_the_bounds_is_answered() {
    let server = start(limits()).await;
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(16 * 1024 - 32));
    assert_eq!(large.len(), 16 * 1024);
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(99));
    for head in [large, many] {
        assert_ok(&answer(&mut server.send(head.as_bytes()).await).await, "hello");
    }
}

#[tokio::test]
async fn nonsense_is_400_and_ends_the_connection() {
    let server = start(limits()).await;
    let (_, text) = until_closed(&mut server.send(b"\x16\x03\x01 nonsense\r\n\r\n").await).await;
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
}

#[tokio::test]
async fn an_answer_given_before_the_body_was_read_reaches_the_client() {
    let server = start(limits()).await;
    let (mut reading, mut writing) = server.connect().await.into_split();
    let head = b"POST /early HTTP/1.1\r\nhost: x\r\ncontent-length: 8000000\r\n\r\n";
    writing.write_all(head).await.unwrap();
    let sending = tokio::spawn(async move {
        let piece = vec![b'x'; 65536];
        while writing.write_all(&piece).await.is_ok() {}
    });
    // A reset would be here before the client reads, and would have ended the sending.
    sleep(MARGIN * 3).await;
    assert!(!sending.is_finished());
    let mut text = String::new();
    timeout(PATIENCE, reading.read_to_string(&mut text)).await.expect("an end").expect("no reset");
    assert!(text.starts_with("HTTP/1.1 413"), "{text}");
    sending.abort();
}

#[tokio::test]
async fn pipelined_requests_are_both_answered_in_order() {
    let server = start(limits()).await;
    let mut client = server.send(&[b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n", GET].concat()).await;
    let local = client.local_addr().unwrap().to_string();
    assert_ok(&answer(&mut client).await, &local);
    assert_ok(&answer(&mut client).await, "hello");
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_only() {
    let server = start(limits()).await;
    let mut other = server.send(GET).await;
    let (_, text) = until_closed(&mut server.send(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert_eq!(text, "");
    assert_ok(&answer(&mut other).await, "hello");
    server.until_open(1).await;
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight_and_closes_what_is_idle() {
    let server = start(long_limits()).await;
    let mut idle = server.send(GET).await;
    assert_ok(&answer(&mut idle).await, "hello");
    let (mut fresh, mut busy) = (server.connect().await, server.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await);
    server.until_open(3).await;
    sleep(Duration::from_millis(50)).await;
    let begin = Instant::now();
    server.stop.cancel();
    assert!(until_closed(&mut idle).await.0 < HEADER);
    assert!(until_closed(&mut fresh).await.0 < HEADER);
    assert!(TcpStream::connect(server.address).await.is_err());
    let text = answer(&mut busy).await;
    assert_ok(&text, "slow");
    assert!(text.contains("connection: close"), "{text}");
    assert!(timeout(PATIENCE, server.served).await.unwrap().unwrap());
    assert!(begin.elapsed() < SLOW + HEADER, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn stopping_does_not_wait_longer_than_the_drain_time_and_cuts_the_rest() {
    let server = start_draining(long_limits(), Duration::from_millis(200)).await;
    let mut busy = server.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.until_open(1).await;
    sleep(Duration::from_millis(50)).await;
    let begin = Instant::now();
    server.stop.cancel();
    assert!(!timeout(PATIENCE, server.served).await.unwrap().unwrap());
    assert!(until_closed(&mut busy).await.1.is_empty());
    assert!(begin.elapsed() < SLOW / 2, "{:?}", begin.elapsed());
}
