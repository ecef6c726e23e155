//! The door: accepts TCP connections, gives each of them its limits and has what stands behind answer on them over HTTP/1.1.
//!
//! It is our own loop because `axum::serve` installs no timer: there, a head may take for ever, an idle connection is kept
//! for ever, and nothing limits how many there are. It refuses to know paths, bodies or permits: how long a body may take
//! to arrive and how many requests run at once is said behind it, and so is catching a panic. It offers neither
//! HTTP/2 nor upgrades.

mod connection;
mod farewell;
mod seats;
mod track;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use hyper::server::conn::http1;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::{unconstrained, yield_now};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use seats::Seats;

/// How many headers hyper keeps on the stack. Asking it for any number, even this one, costs time with every request.
const HYPER_HEADERS_DEFAULT: usize = 100;
/// Bounds what hyper buffers of one connection in each direction (64 KiB); its own bound is 400 KiB.
const BUFFER_MAX_BYTES: usize = 64 * 1024;
/// Connections that the system may hold until they are accepted. Of one that it has no room for it says nothing, and the client tries again
/// after a second, then after three more, then seven: 1,024, which tokio asks for, are too few when all phones come at once. Linux gives
/// 4,096 at most, unless it is told otherwise.
const BACKLOG: u32 = 4_096;
/// Connections that are accepted in one go.
const ACCEPTED_MAX: usize = 1_024;
/// How long accepting rests after an error such as "too many open files", which would otherwise come back at once.
const ACCEPT_REST: Duration = Duration::from_millis(50);
/// At most one line about such errors in this time.
const COMPLAINT_EVERY: Duration = Duration::from_secs(1);

/// What a connection may take.
#[derive(Clone, Debug)]
pub struct DoorLimits {
    /// From the first byte of a request head until it is complete. A fresh connection sends its first byte within it, too.
    pub header_timeout: Duration,
    /// How long a connection is kept on which nothing is under way.
    pub idle_timeout: Duration,
    /// How long a response may wait for a client that takes none of it.
    pub write_timeout: Duration,
    /// A request line and its headers, in bytes.
    pub head_max_bytes: usize,
    /// Headers of one request.
    pub headers_max: usize,
    /// Connections open at a time.
    pub connections_max: usize,
    /// The same from one client: an IPv4 address or an IPv6 /64. Loopback is exempt: there a proxy comes, never a visitor.
    pub connections_per_address_max: usize,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            write_timeout: Duration::from_secs(30),
            head_max_bytes: 16 * 1024,
            headers_max: HYPER_HEADERS_DEFAULT,
            connections_max: 10_000,
            connections_per_address_max: 256,
        }
    }
}

/// What the door counts, for others to read.
#[derive(Debug, Default)]
pub struct DoorStats {
    /// Connections open now.
    pub connections: AtomicUsize,
    /// Connections answered 503 since the start, because there were too many.
    pub refused: AtomicU64,
    /// Connections cut since the start for a late head or a client that did not read. Idle ones end in order and do not count.
    pub timed_out: AtomicU64,
}

/// How far the door is from being closed. It only ever grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Stage {
    Open,
    /// What is under way may finish, nothing new begins.
    Draining,
    /// The time for that is over.
    Shut,
}

/// What stands behind the door.
pub trait Answers: Clone + Send + 'static {
    /// An answer on its way.
    type Future: Future<Output = Response> + Send;

    /// Answers a request of a client.
    fn answer(&mut self, request: Request, peer: SocketAddr) -> Self::Future;
}

/// What all connections share.
struct Door<A> {
    behind: A,
    http: http1::Builder,
    limits: DoorLimits,
    stats: Arc<DoorStats>,
    seats: Arc<Seats>,
    stage: AtomicU8,
    /// Wakes every connection when the stage has changed.
    stage_changed: Notify,
    /// Refused connections being seen off, so that their number is bounded as well.
    farewells: AtomicUsize,
}

/// Listens.
///
/// # Errors
/// When the address is not to be had.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Elsewhere it would let somebody else listen there too.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` is cancelled. Then it accepts nothing more, closes idle connections at once and lets requests in
/// flight finish. It returns when all connections are closed (true), or cuts the rest when `drain` is over (false).
pub async fn serve(
    listener: TcpListener,
    behind: impl Answers + Sync,
    limits: DoorLimits,
    stats: Arc<DoorStats>,
    stop: CancellationToken,
    drain: Duration,
) -> bool {
    let door = Arc::new(Door::new(behind, limits, stats));
    door.accept_until(&stop, &listener).await;
    // The kernel refuses from here on, so that a balancer turns elsewhere at once.
    drop(listener);
    door.close(drain).await
}

impl<A: Answers + Sync> Door<A> {
    fn new(behind: A, limits: DoorLimits, stats: Arc<DoorStats>) -> Self {
        Self {
            seats: Arc::new(Seats::new(limits.connections_max, limits.connections_per_address_max, Arc::clone(&stats))),
            behind,
            http: http1_builder(&limits),
            limits,
            stats,
            stage: AtomicU8::new(Stage::Open as u8),
            stage_changed: Notify::new(),
            farewells: AtomicUsize::new(0),
        }
    }

    async fn accept_until(self: &Arc<Self>, stop: &CancellationToken, listener: &TcpListener) {
        let mut stopped = pin!(stop.cancelled());
        let (mut complaint, mut accepted_in_one_go) = (Complaint::default(), 0);
        loop {
            // Whoever was accepted has all others' turns to wait for; who was not has as many more as come before it in the system's queue.
            accepted_in_one_go = (accepted_in_one_go + 1) % ACCEPTED_MAX;
            if accepted_in_one_go == 0 {
                yield_now().await;
            }
            let accepted = tokio::select! {
                biased;
                () = &mut stopped => return,
                accepted = unconstrained(listener.accept()) => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer),
                // Only this one client has gone: the next may be let in at once.
                Err(error) if is_of_the_peer(&error) => {}
                Err(error) => {
                    complaint.utter(&error);
                    sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        if let Some(seat) = Seats::take(&self.seats, peer.ip()) {
            let door = Arc::clone(self);
            tokio::spawn(async move {
                connection::drive(&door, stream, peer).await;
                drop(seat);
            });
        } else {
            self.stats.refused.fetch_add(1, Ordering::Relaxed);
            farewell::refuse(self, stream);
        }
    }

    async fn close(&self, drain: Duration) -> bool {
        self.advance(Stage::Draining);
        let all_closed = timeout(drain, self.seats.all_free()).await.is_ok();
        self.advance(Stage::Shut);
        all_closed
    }

    fn advance(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
        self.stage_changed.notify_waiters();
    }

    fn has_reached(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::Acquire) >= stage as u8
    }
}

fn http1_builder(limits: &DoorLimits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.keep_alive(true)
        .half_close(false)
        // Hyper's own timer cannot tell an idle connection from a slow head (see `connection`).
        .header_read_timeout(None)
        .max_header_size(limits.head_max_bytes)
        .max_buf_size(BUFFER_MAX_BYTES.max(limits.head_max_bytes));
    if limits.headers_max != HYPER_HEADERS_DEFAULT {
        http.max_headers(limits.headers_max);
    }
    http
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Says that accepting fails, but not with every failure.
#[derive(Default)]
struct Complaint {
    last: Option<Instant>,
}

impl Complaint {
    fn utter(&mut self, error: &io::Error) {
        if self.last.is_none_or(|last| last.elapsed() >= COMPLAINT_EVERY) {
            self.last = Some(Instant::now());
            tracing::warn!(%error, "cannot accept connections");
        }
    }
}
