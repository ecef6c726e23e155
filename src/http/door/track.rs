//! What one connection is doing, as seen from around hyper, which does not tell: bytes that arrive, requests that begin,
//! responses that end, writes that wait.
//!
//! Everything here runs in the one task of its connection; the atomics only make it `Send`, and no read-modify-write is
//! ever needed. It refuses to know the time: it counts changes, and who waits decides what they mean.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use super::Answers;
use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Connected, and nothing has come yet.
    Fresh,
    /// A part of a request head has come.
    Head,
    /// A request has come and its response has not ended: the router's time.
    Busy,
    /// Everything asked has been answered.
    Idle,
    /// Something to send waits for the client to take it, whatever else is under way.
    Blocked,
}

#[derive(Default)]
pub(super) struct Track {
    phase: AtomicU8,
    blocked: AtomicBool,
    /// Grows with every change that makes a new deadline. More bytes of the same head are no change.
    changes: AtomicU32,
    /// The last bytes that came go on after a head: with a request without a body, they begin the next one.
    is_rest: AtomicBool,
    has_body: AtomicBool,
    is_at_end: AtomicBool,
}

const FRESH: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;
const IDLE: u8 = 3;

impl Track {
    /// How often something has changed, and to what.
    pub(super) fn look(&self) -> (u32, Doing) {
        let doing = match self.phase.load(Relaxed) {
            _ if self.blocked.load(Relaxed) => Doing::Blocked,
            FRESH => Doing::Fresh,
            HEAD => Doing::Head,
            BUSY => Doing::Busy,
            _ => Doing::Idle,
        };
        (self.changes.load(Relaxed), doing)
    }

    /// Whether the client may still be sending what nobody is going to read.
    pub(super) fn may_have_unread(&self) -> bool {
        self.has_body.load(Relaxed) && !self.is_at_end.load(Relaxed)
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Relaxed);
        self.note_change();
    }

    fn note_change(&self) {
        self.changes.store(self.changes.load(Relaxed).wrapping_add(1), Relaxed);
    }

    fn bytes_came(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.is_at_end.store(true, Relaxed);
            return;
        }
        self.is_rest.store(!may_end_a_head(bytes), Relaxed);
        if matches!(self.phase.load(Relaxed), FRESH | IDLE) {
            self.enter(HEAD);
        }
    }

    fn request_began(&self, has_body: bool) {
        self.has_body.store(has_body, Relaxed);
        self.enter(BUSY);
    }

    fn response_ended(&self) {
        // After a body, its last bytes look like a rest. Such a connection counts as idle until more comes.
        let is_next_begun = self.is_rest.load(Relaxed) && !self.has_body.load(Relaxed);
        self.enter(if is_next_begun { HEAD } else { IDLE });
    }

    fn write_tried(&self, is_blocked: bool) {
        if self.blocked.load(Relaxed) != is_blocked {
            self.blocked.store(is_blocked, Relaxed);
            self.note_change();
        }
    }
}

/// True also for pieces too short to tell, since an idle connection must not be taken for a slow one.
fn may_end_a_head(bytes: &[u8]) -> bool {
    bytes.len() < 3 || bytes.ends_with(b"\n\r\n") || bytes.ends_with(b"\n\n")
}

/// The socket, with its traffic noted.
pub(super) struct Watched {
    stream: TcpStream,
    track: Arc<Track>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, track: Arc<Track>) -> Self {
        Self { stream, track }
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn note_write(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.track.write_tried(written.is_pending());
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.track.bytes_came(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note_write(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What stands behind the door, with its requests noted.
pub(super) struct Served<A> {
    /// Hyper calls through a shared reference, what is behind wants its own: a cell spares a clone, whose counter all cores
    /// would write to with every request.
    behind: RefCell<A>,
    peer: SocketAddr,
    track: Arc<Track>,
}

impl<A> Served<A> {
    pub(super) fn new(behind: A, peer: SocketAddr, track: Arc<Track>) -> Self {
        Self { behind: RefCell::new(behind), peer, track }
    }
}

impl<A: Answers> hyper::service::Service<Request<Incoming>> for Served<A> {
    type Response = Response<TrackedBody>;
    type Error = Infallible;
    type Future = Answering<A::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let has_body = !request.body().is_end_stream();
        self.track.request_began(has_body);
        // An empty body needs no allocation, a hyper body does.
        let request = request.map(|body| if has_body { Body::new(body) } else { Body::empty() });
        let answer = self.behind.borrow_mut().answer(request, self.peer);
        Answering { answer, under_way: Some(UnderWay(Arc::clone(&self.track))) }
    }
}

/// Notes the end of a response however it ends: sent, failed or abandoned.
struct UnderWay(Arc<Track>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.response_ended();
    }
}

pin_project_lite::pin_project! {
    pub(super) struct Answering<F> {
        #[pin]
        answer: F,
        under_way: Option<UnderWay>,
    }
}

impl<F: Future<Output = Response<Body>>> Future for Answering<F> {
    type Output = Result<Response<TrackedBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.answer.poll(cx));
        Poll::Ready(Ok(response.map(|body| TrackedBody { body, _under_way: this.under_way.take() })))
    }
}

/// A response body that is known to have ended when hyper lets go of it.
pub(super) struct TrackedBody {
    body: Body,
    _under_way: Option<UnderWay>,
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
