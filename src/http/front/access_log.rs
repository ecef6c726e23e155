//! One line per request, as JSON like the rest of the log. Lines know endpoint templates only: never a path, a query, a token, a
//! position.
//!
//! Lines are collected and written together by a thread of their own, some times a second: a line costs no call of the system, and
//! a reader of the log that stands still holds up nobody. What does not fit meanwhile is left out and counted.

use crate::domain::time;
use axum::http::HeaderValue;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a line waits at most before it is written.
const WRITE_EVERY: Duration = Duration::from_millis(200);
/// So many bytes are written at once, without waiting.
const WRITE_AT_BYTES: usize = 64 * 1024;
/// So many bytes may wait for a reader that stands still.
const WAITING_MAX_BYTES: usize = 8 * 1024 * 1024;

/// What is said of a request.
pub struct Line<'a> {
    /// The request's name in every log.
    pub request_id: &'a HeaderValue,
    /// One of the known methods.
    pub method: &'static str,
    /// The endpoint's template.
    pub endpoint: &'a str,
    /// The answer's status.
    pub status: u16,
    /// A problem's code, or nothing.
    pub code: &'static str,
    /// When the answer stood, milliseconds since 1970.
    pub at_ms: i64,
    /// Until then.
    pub took: Duration,
}

/// The log. What waits is written when it is dropped.
pub struct AccessLog {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    left_out: u64,
    closed: bool,
    second: Second,
}

/// The second that the last line was of, as it is written: finding the calendar's words costs more than the rest of a line.
#[derive(Default)]
struct Second {
    since_epoch_s: i64,
    words: String,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccessLog {
    /// Writes to `out` until it is dropped.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let lines = Arc::clone(&shared);
        let writer = std::thread::Builder::new().name("access-log".into()).spawn(move || write(&lines, out))?;
        Ok(Self { shared, writer: Some(writer) })
    }

    /// Adds a line.
    pub fn add(&self, line: &Line<'_>) {
        let mut waiting = self.shared.lock();
        if waiting.bytes.len() > WAITING_MAX_BYTES {
            waiting.left_out += 1;
            return;
        }
        let was_less = waiting.bytes.len() < WRITE_AT_BYTES;
        waiting.put(line);
        if was_less && waiting.bytes.len() >= WRITE_AT_BYTES {
            self.shared.filled.notify_one();
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

fn write(lines: &Shared, mut out: impl Write) {
    let mut bytes = Vec::new();
    loop {
        let waiting = lines.lock();
        let early = |waiting: &mut Waiting| !waiting.closed && waiting.bytes.len() < WRITE_AT_BYTES;
        let (mut waiting, _) =
            lines.filled.wait_timeout_while(waiting, WRITE_EVERY, early).unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut bytes, &mut waiting.bytes);
        let (left_out, closed) = (std::mem::take(&mut waiting.left_out), waiting.closed);
        drop(waiting);
        // A log that cannot be written to has nobody to tell.
        drop(out.write_all(&bytes).and_then(|()| out.flush()));
        bytes.clear();
        if left_out > 0 {
            tracing::warn!(
                lines = left_out,
                "the reader of the log stood still, lines of the access log were left out"
            );
        }
        if closed {
            return;
        }
    }
}

impl Waiting {
    fn put(&mut self, line: &Line<'_>) {
        self.second.turn_to(line.at_ms.div_euclid(1_000));
        let out = &mut self.bytes;
        out.extend_from_slice(b"{\"timestamp\":\"");
        out.extend_from_slice(self.second.words.as_bytes());
        out.push(b'.');
        put_padded(out, line.at_ms.rem_euclid(1_000).unsigned_abs().into());
        out.extend_from_slice(b"Z\",\"level\":\"INFO\",\"target\":\"access\",\"request_id\":\"");
        // Letters, digits, hyphens and underscores: nothing to escape, here and below.
        out.extend_from_slice(line.request_id.as_bytes());
        out.extend_from_slice(b"\",\"method\":\"");
        out.extend_from_slice(line.method.as_bytes());
        out.extend_from_slice(b"\",\"endpoint\":\"");
        out.extend_from_slice(line.endpoint.as_bytes());
        out.extend_from_slice(b"\",\"status\":");
        out.extend_from_slice(itoa::Buffer::new().format(line.status).as_bytes());
        if !line.code.is_empty() {
            out.extend_from_slice(b",\"code\":\"");
            out.extend_from_slice(line.code.as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(b",\"duration_ms\":");
        let micros = line.took.as_micros();
        out.extend_from_slice(itoa::Buffer::new().format(micros / 1_000).as_bytes());
        out.push(b'.');
        put_padded(out, micros % 1_000);
        out.extend_from_slice(b"}\n");
    }
}

/// Writes a number below a thousand as three digits.
fn put_padded(out: &mut Vec<u8>, number: u128) {
    let digit = |place: u128| b'0' + u8::try_from(number / place % 10).unwrap_or_default();
    out.extend_from_slice(&[digit(100), digit(10), digit(1)]);
}

impl Second {
    fn turn_to(&mut self, since_epoch_s: i64) {
        if self.words.is_empty() || since_epoch_s != self.since_epoch_s {
            self.since_epoch_s = since_epoch_s;
            let whole = time::rfc3339(since_epoch_s.saturating_mul(1_000));
            self.words = whole.split('.').next().unwrap_or_default().to_string();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Takes what is written when it is asked to.
    struct Slow(mpsc::Sender<Vec<u8>>, mpsc::Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.1.recv();
            drop(self.0.send(bytes.to_vec()));
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn line(request_id: &HeaderValue, at_ms: i64) -> Line<'_> {
        let (endpoint, took) = ("/v1/routes/{route}", Duration::from_micros(12_034));
        Line { request_id, method: "GET", endpoint, status: 404, code: "unknown-route", at_ms, took }
    }

    #[test]
    fn a_line_is_json_with_its_time_and_what_was_waiting_is_written_at_the_end() {
        let (written, lines) = mpsc::channel();
        let (go, gate) = mpsc::channel();
        let log = AccessLog::start(Slow(written, gate)).expect("a thread");
        for id in ["a-1", "b_2"] {
            log.add(&line(&HeaderValue::from_static(id), 1_777_600_800_007));
        }
        drop(go);
        drop(log);
        let text = String::from_utf8(lines.iter().flatten().collect()).expect("UTF-8");
        let said: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        assert_eq!(said.iter().map(|line| line["request_id"].clone()).collect::<Vec<_>>(), ["a-1", "b_2"]);
        assert_eq!((&said[0]["status"], &said[0]["duration_ms"]), (&404.into(), &12.034.into()));
        assert_eq!((&said[0]["endpoint"], &said[0]["code"]), (&"/v1/routes/{route}".into(), &"unknown-route".into()));
        assert_eq!(said[0]["timestamp"], "2026-05-01T02:00:00.007Z");
    }

    #[test]
    fn a_second_is_written_anew_when_it_changes_and_parts_of_it_keep_their_zeros() {
        let (mut waiting, id) = (Waiting::default(), HeaderValue::from_static("x"));
        for at_ms in [1_777_600_800_007, 1_777_600_801_900] {
            waiting.put(&line(&id, at_ms));
        }
        let text = String::from_utf8(waiting.bytes).expect("UTF-8");
        let times: Vec<&str> = text.lines().filter_map(|line| line.get(14..38)).collect();
        assert_eq!(times, ["2026-05-01T02:00:00.007Z", "2026-05-01T02:00:01.900Z"]);
    }

    #[test]
    fn lines_are_left_out_when_the_reader_stands_still() {
        let (written, lines) = mpsc::channel();
        let (go, gate) = mpsc::channel();
        let log = AccessLog::start(Slow(written, gate)).expect("a thread");
        let id = HeaderValue::from_static("x");
        for _ in 0..2 * WAITING_MAX_BYTES / 100 {
            log.add(&line(&id, 0));
        }
        let kept = log.shared.lock().bytes.len();
        drop(go);
        drop(log);
        let bytes: usize = lines.iter().map(|bytes| bytes.len()).sum();
        assert!(kept < WAITING_MAX_BYTES + 1_000 && bytes < 2 * WAITING_MAX_BYTES + 2_000, "{kept} {bytes}");
    }
}
