//! One phone's line to the service: sends when it is due, over a network that loses things, and keeps what was measured.
//!
//! A request's time counts from when it was due, not from when it was sent, so a service that stalls is not spared those that
//! pile up behind. What the simulated network adds is taken off again; what this program itself adds is counted apart.

use super::play::World;
use super::tallies::{Answered, Kind};
use crate::domain::visitors::{Fate, Link, Trip};
use bytes::Bytes;
use flate2::read::GzDecoder;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Request, StatusCode, Url};
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep_until, timeout};

/// How long a phone waits for an answer, as the page does.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// The same in simulated time, for what the simulated network loses.
const LOST_AFTER_MS: i64 = 15_000;
/// A connection that breaks does so within this time.
const CUT_WITHIN_MS: u64 = 20;
/// An answer that is larger unpacked is none of this service's.
const UNPACKED_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A request.
pub struct Ask<'a> {
    /// What kind.
    pub kind: Kind,
    /// Path and query.
    pub path: &'a str,
    /// Who asks.
    pub token: Option<&'a str>,
    /// A body makes it a POST.
    pub body: Option<Vec<u8>>,
    /// What the phone has of it.
    pub etag: Option<&'a HeaderValue>,
    /// How many check-ins it has.
    pub items: usize,
    /// Sent before, with the same content.
    pub is_repeat: bool,
}

impl<'a> Ask<'a> {
    /// Asks for this.
    #[must_use]
    pub fn get(kind: Kind, path: &'a str) -> Self {
        Self { kind, path, token: None, body: None, etag: None, items: 0, is_repeat: false }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Nobody answered, as far as the phone knows.
#[derive(Debug)]
pub struct Unheard {
    /// What the service answered, when the network lost that.
    pub answer: Option<Answer>,
}

/// A line. Its requests follow each other.
pub struct Line {
    world: Arc<World>,
    http: Client,
    forwarded: Option<HeaderValue>,
    /// The phone's network.
    pub link: Link,
    /// When the last request was over.
    freed: Instant,
    /// The same in simulated time, without what the service took.
    free_ms: i64,
}

impl Line {
    /// A line of this client.
    #[must_use]
    pub fn new(world: &Arc<World>, http: Client, forwarded: Option<HeaderValue>, link: Link) -> Self {
        Self { world: Arc::clone(world), http, forwarded, link, freed: Instant::now(), free_ms: i64::MIN }
    }

    /// The first instant from this one on at which the next request can be due.
    #[must_use]
    pub fn free_from(&self, at_ms: i64) -> i64 {
        at_ms.max(self.free_ms)
    }

    /// Sends what is due at this simulated time, and waits for what comes of it.
    ///
    /// # Errors
    /// When the phone hears nothing.
    pub async fn ask(&mut self, due_ms: i64, ask: &Ask<'_>) -> Result<Answer, Unheard> {
        let trip = self.link.trip();
        let due_ms = self.free_from(due_ms);
        if trip.fate == Fate::RequestLost {
            self.world.tallies.lost(ask.kind, "requests");
            self.free_ms = due_ms + LOST_AFTER_MS;
            return Err(Unheard { answer: None });
        }
        let due = self.world.clock.instant(due_ms + trip.up_ms);
        sleep_until(due.into()).await;
        self.world.tallies.late(Instant::now().saturating_duration_since(due.max(self.freed)));
        let heard = self.exchange(due, due_ms, ask, trip).await;
        self.freed = Instant::now();
        self.free_ms = match heard {
            Ok(_) => due_ms + trip.up_ms + trip.down_ms,
            Err(_) => due_ms + LOST_AFTER_MS,
        };
        heard
    }

    /// Sends at once, whatever time it is in the simulated day.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn ask_now(&mut self, ask: &Ask<'_>) -> Result<Answer, Unheard> {
        let trip = self.link.trip();
        self.exchange(Instant::now(), 0, ask, trip).await
    }

    async fn exchange(&mut self, due: Instant, due_ms: i64, ask: &Ask<'_>, trip: Trip) -> Result<Answer, Unheard> {
        let tallies = &self.world.tallies;
        let Some(request) = self.request(ask) else {
            tallies.failed(ask.kind, "not a request");
            return Err(Unheard { answer: None });
        };
        tallies.sent(ask.kind, ask.is_repeat, ask.items, due_ms / 60_000);
        let up_bytes = message_bytes(&request);
        let sending = send(&self.http, request);
        let outcome = if trip.fate == Fate::Cut {
            let cut_after = Duration::from_millis(self.link.below_ms(CUT_WITHIN_MS));
            let Ok(outcome) = timeout(cut_after, sending).await else {
                tallies.lost(ask.kind, "connections");
                return Err(Unheard { answer: None });
            };
            outcome
        } else {
            sending.await
        };
        let answer = outcome.map_err(|why| {
            tallies.failed(ask.kind, why);
            Unheard { answer: None }
        })?;
        let refusal = if answer.is_refusal() { answer.code() } else { None };
        tallies.answered(ask.kind, &answer.measured(due.elapsed(), up_bytes, refusal.as_deref()));
        if trip.fate == Fate::Arrives {
            return Ok(answer);
        }
        tallies.lost(ask.kind, "answers");
        Err(Unheard { answer: Some(answer) })
    }

    fn request(&self, ask: &Ask<'_>) -> Option<Request> {
        let method = if ask.body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::new(method, self.world.address(ask.path)?);
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if let Some(token) = ask.token {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().ok()?);
        }
        if let Some(etag) = ask.etag {
            headers.insert(header::IF_NONE_MATCH, etag.clone());
        }
        if let Some(forwarded) = &self.forwarded {
            headers.insert("x-forwarded-for", forwarded.clone());
        }
        if let Some(body) = &ask.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        Some(request)
    }
}

/// A client for one phone. Where the service speaks TLS, phones share one, because each would read the system's certificates.
///
/// # Errors
/// When the client cannot be made.
pub fn phone(base: &Url, idle: Duration) -> reqwest::Result<Client> {
    let client = Client::builder().no_proxy().http1_only().timeout(PATIENCE).pool_idle_timeout(idle);
    if base.scheme() == "https" { client.build() } else { client.tls_certs_only([]).build() }
}

async fn send(http: &Client, request: Request) -> Result<Answer, &'static str> {
    let why = |error: reqwest::Error| match () {
        () if error.is_timeout() => "timed out",
        () if error.is_connect() => "not connected",
        () => "broken off",
    };
    let mut response = http.execute(request).await.map_err(why)?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let body = response.bytes().await.map_err(why)?;
    Ok(Answer { status, headers, body })
}

/// Whether what was answered like this may be taken later.
#[must_use]
pub fn is_for_later(status: u16) -> bool {
    status == 429 || status >= 500
}

/// What HTTP/1.1 writes: the line, the headers, and the body.
fn message_bytes(request: &Request) -> usize {
    let url = request.url();
    let target = url.path().len() + url.query().map_or(0, |query| 1 + query.len());
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n ".len();
    let host = "host: \r\n".len() + url.authority().len();
    let body = request.body().and_then(reqwest::Body::as_bytes).map_or(0, <[u8]>::len);
    let length = if body > 0 { "content-length: \r\n".len() + body.ilog10() as usize + 1 } else { 0 };
    line + host + length + headers_bytes(request.headers()) + "\r\n".len() + body
}

fn headers_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + ": \r\n".len() + value.len()).sum()
}

impl Answer {
    fn measured<'a>(&self, took: Duration, up_bytes: usize, refusal: Option<&'a str>) -> Answered<'a> {
        let line = "HTTP/1.1 200 \r\n\r\n".len() + self.status.canonical_reason().unwrap_or_default().len();
        Answered {
            status: self.status.as_u16(),
            took,
            up_bytes,
            down_bytes: line + headers_bytes(&self.headers) + self.body.len(),
            refusal,
        }
    }

    /// Whether it says no.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.status.is_client_error() || self.status.is_server_error()
    }

    /// Whether the same request may be taken later.
    #[must_use]
    pub fn is_for_later(&self) -> bool {
        is_for_later(self.status.as_u16())
    }

    /// What it is called, for asking whether it has changed.
    #[must_use]
    pub fn etag(&self) -> Option<&HeaderValue> {
        self.headers.get(header::ETAG)
    }

    /// For how long the service wants to be left alone.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u32> {
        self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()
    }

    /// The first so many bytes of the content.
    #[must_use]
    pub fn beginning(&self, bytes: u64) -> Vec<u8> {
        let mut content = Vec::new();
        let is_packed = self.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
        // What cannot be unpacked says nothing; whoever reads it says so.
        let _ = if is_packed {
            GzDecoder::new(&self.body[..]).take(bytes).read_to_end(&mut content)
        } else {
            self.body.as_ref().take(bytes).read_to_end(&mut content)
        };
        content
    }

    /// The content, read.
    #[must_use]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.beginning(UNPACKED_MAX_BYTES)).ok()
    }

    /// The stable code of a problem.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let problem: serde_json::Value = self.json()?;
        problem.get("code")?.as_str().map(ToString::to_string)
    }
}
