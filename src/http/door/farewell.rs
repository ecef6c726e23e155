//! Ends connections so that the client can read why: the answers the door gives itself (408 and 503), and the waiting
//! that keeps them readable.
//!
//! A socket closed with unread bytes in it sends a reset, and a reset may overtake the answer. So the sending side is closed
//! first and what still comes is thrown away, for a bounded time. It refuses to wait inside the accept loop.

use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Answers, Door};
use crate::http::problem::{Code, Problem};

/// How long a client may take to notice that it is to hang up.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// How many refused clients are seen off at a time. More are answered all the same, without the waiting.
const FAREWELLS_MAX: usize = 256;
/// What is read at a time only to be thrown away.
const DISCARD_BYTES: usize = 4 * 1024;
/// Seconds in Retry-After: drawn, so that those refused together do not come back together.
const RETRY_AFTER_S: std::ops::RangeInclusive<u8> = 2..=8;

/// Answers 503 and closes, without making the caller wait.
pub(super) fn refuse<A: Answers + Sync>(door: &Arc<Door<A>>, mut stream: TcpStream) {
    let answer = too_many_connections();
    if door.farewells.fetch_add(1, Ordering::Relaxed) >= FAREWELLS_MAX {
        door.farewells.fetch_sub(1, Ordering::Relaxed);
        refuse_at_once(stream, &answer);
        return;
    }
    let door = Arc::clone(door);
    tokio::spawn(async move {
        say(&mut stream, &answer).await;
        door.farewells.fetch_sub(1, Ordering::Relaxed);
    });
}

/// The send buffer of a new connection is empty and takes the answer whole, so nothing waits. Through the standard library,
/// because tokio tries a write only after its reactor has seen the socket.
fn refuse_at_once(stream: TcpStream, answer: &[u8]) {
    if let Ok(mut stream) = stream.into_std() {
        // A client that cannot be told is gone already.
        let _ = stream.write(answer);
        let _ = stream.shutdown(Shutdown::Write);
    }
}

/// Sends a last answer, then sees the client off. Bounded in time.
pub(super) async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, answer: &[u8]) {
    let _ = timeout(FAREWELL_MAX, async {
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        discard(stream).await
    })
    .await;
}

/// Waits until the client has hung up, after the sending side was closed. Bounded in time.
pub(super) async fn see_off<S: AsyncRead + Unpin>(stream: &mut S) {
    let _ = timeout(FAREWELL_MAX, discard(stream)).await;
}

async fn discard<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<()> {
    let mut unread = vec![0; DISCARD_BYTES];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

fn too_many_connections() -> Vec<u8> {
    let retry_after_s = fastrand::u8(RETRY_AFTER_S);
    let told = Problem::new(
        Code::TooManyConnections,
        "There are too many connections. Try again after the seconds in Retry-After.",
    );
    answer("503 Service Unavailable", &format!("retry-after: {retry_after_s}\r\n"), &told)
}

pub(super) fn head_too_late() -> Vec<u8> {
    let told = Problem::new(
        Code::HeadTimeout,
        "The head of the request did not arrive in time. Send it again on a new connection.",
    );
    answer("408 Request Timeout", "", &told)
}

fn answer(status: &str, headers: &str, told: &Problem) -> Vec<u8> {
    let body = told.body();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\nconnection: close\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}
