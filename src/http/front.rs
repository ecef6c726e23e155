//! What every request passes, in one layer: an id, a bounded and timed body, a permit, a deadline, a net under panics, security
//! headers, one line in the access log, metrics. Logs know endpoint templates only: never a path, a query, a token, a position.

use super::body::Bodies;
use super::problem::{self, Code, Problem, ProblemCode};
use super::upload::{UPLOAD_TIMEOUT, is_streamed};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest path and query together.
pub const URI_MAX_BYTES: usize = 4 * 1024;
/// All headers together. The door takes more, so that it is this that refuses: the door's own refusal has no words.
pub const HEAD_MAX_BYTES: usize = 16 * 1024;
/// How long an answer may take to begin; what follows its head is the client's affair and the door's.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// How often the delay of the event loop is measured.
const LAG_EVERY: Duration = Duration::from_millis(50);

/// Names a request in every log. The front sets it in the request too, for those who note what was done.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Limits on requests under way.
#[derive(Clone, Copy, Debug)]
pub struct FrontLimits {
    /// Reads at once.
    pub reads_max: usize,
    /// Check-ins at once.
    pub check_ins_max: usize,
    /// Reads are refused when the event loop is this late.
    pub read_lag_max: Duration,
    /// Check-ins are refused when it is this late: they go before reads.
    pub check_in_lag_max: Duration,
}

impl Default for FrontLimits {
    fn default() -> Self {
        Self {
            reads_max: 1_024,
            check_ins_max: 8_192,
            read_lag_max: Duration::from_millis(700),
            check_in_lag_max: Duration::from_secs(3),
        }
    }
}

/// What is kept for the front.
pub struct Front {
    limits: FrontLimits,
    reads: Arc<Semaphore>,
    check_ins: Arc<Semaphore>,
    bodies: Bodies,
    lag_ms: AtomicU64,
    access_log: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Never refused.
    Health,
    /// Refused last.
    CheckIn,
    Read,
}

impl Front {
    /// A front with these limits.
    #[must_use]
    pub fn new(limits: FrontLimits, access_log: bool) -> Self {
        Self {
            limits,
            reads: Arc::new(Semaphore::new(limits.reads_max)),
            check_ins: Arc::new(Semaphore::new(limits.check_ins_max)),
            bodies: Bodies::default(),
            lag_ms: AtomicU64::new(0),
            access_log,
        }
    }

    /// Measures for ever how late the event loop is: the delay that a request waits before anybody looks at it.
    pub async fn watch_lag(self: Arc<Self>) {
        loop {
            let asleep = Instant::now();
            tokio::time::sleep(LAG_EVERY).await;
            let late = asleep.elapsed().saturating_sub(LAG_EVERY);
            self.lag_ms.store(u64::try_from(late.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    fn admit(&self, class: Class) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let (permits, lag_max) = match class {
            Class::Health => return Ok(None),
            Class::CheckIn => (&self.check_ins, self.limits.check_in_lag_max),
            Class::Read => (&self.reads, self.limits.read_lag_max),
        };
        let overloaded = || {
            Problem::new(Code::Overloaded, "Too many requests at once. Nothing was kept; try again after Retry-After.")
        };
        if u128::from(self.lag_ms.load(Ordering::Relaxed)) > lag_max.as_millis() {
            return Err(overloaded());
        }
        Arc::clone(permits).try_acquire_owned().map(Some).map_err(|_| overloaded())
    }
}

fn class(template: &str) -> Class {
    match template {
        "/healthz" | "/readyz" | "/metrics" => Class::Health,
        "/v1/check-ins" | "/v1/check-ins/batch" => Class::CheckIn,
        _ => Class::Read,
    }
}

/// The layer.
pub async fn front(State(front): State<Arc<Front>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    request.headers_mut().insert(REQUEST_ID.clone(), id.clone());
    let shown_id = id.to_str().unwrap_or_default();
    let method = request.method().clone();
    let template = request.extensions().get::<MatchedPath>().cloned();
    let template = template.as_ref().map_or("(none)", MatchedPath::as_str);
    let outcome = AssertUnwindSafe(answer(&front, template, request, next)).catch_unwind().await;
    let mut response = match outcome {
        Ok(Ok(response)) => framework_refusal(response),
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => {
            tracing::error!(request_id = shown_id, endpoint = template, "a handler panicked");
            Problem::internal().into_response()
        }
    };
    add_headers(&mut response, &id);
    let status = response.status().as_u16();
    let code = response.extensions().get::<ProblemCode>().map_or("", |code| code.0);
    measure(&method, template, status, code, started.elapsed());
    if front.access_log {
        let duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
        tracing::info!(target: "access", request_id = shown_id, method = %method, endpoint = template, status, code, duration_ms);
    }
    response
}

async fn answer(front: &Front, template: &str, request: Request, next: Next) -> Result<Response, Problem> {
    check_head(&request)?;
    // What its handler reads piece by piece has its own limits in time.
    let is_streamed = is_streamed(request.method(), template);
    let patience = if is_streamed { UPLOAD_TIMEOUT + ANSWER_TIMEOUT } else { ANSWER_TIMEOUT };
    // The whole body first, then the permit: a slow sender holds up nobody.
    let (request, _room) = front.bodies.take(request, template).await?;
    let _permit = front.admit(class(template))?;
    tokio::time::timeout(patience, next.run(request))
        .await
        .map_err(|_| Problem::new(Code::Timeout, "The answer took too long. Sending the same request again is safe."))
}

fn check_head(request: &Request) -> Result<(), Problem> {
    let uri = request.uri();
    if uri.path().len() + uri.query().map_or(0, str::len) > URI_MAX_BYTES {
        return Err(Problem::new(Code::UriTooLong, format!("The address is longer than {URI_MAX_BYTES} bytes.")));
    }
    let head_bytes: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if head_bytes > HEAD_MAX_BYTES {
        return Err(Problem::new(Code::HeadTooLarge, format!("The headers are larger than {HEAD_MAX_BYTES} bytes.")));
    }
    // RFC 9112 §3.2: whoever stands before us may have taken another host than we would.
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Err(Problem::new(Code::BadRequest, "The request must have one Host header."));
    }
    Ok(())
}

/// What the framework refuses by itself is plain text; it becomes a problem like every other.
fn framework_refusal(response: Response) -> Response {
    let status = response.status();
    let is_ours = response.extensions().get::<ProblemCode>().is_some();
    if is_ours || !(status.is_client_error() || status.is_server_error()) || is_json(response.headers()) {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound, "Nothing is here; /docs tells what there is."),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Code::MethodNotAllowed, "This address does not take this method; Allow says which it takes.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::BodyTooLarge, "The body is too large."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(Code::UnsupportedMediaType, "Send the body with Content-Type: application/json.")
        }
        status if status.is_client_error() => {
            Problem::new(Code::BadRequest, "The request is not understood; /docs tells how to ask.")
        }
        _ => Problem::internal(),
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut response = problem.into_response();
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// `/readyz` says no in its own words.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        value.as_bytes().starts_with(b"application/json") || value.as_bytes() == problem::MEDIA_TYPE.as_bytes()
    })
}

/// The client's id if it is short and plain, else one of ours.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    match headers.get(&REQUEST_ID) {
        Some(id) if (1..=64).contains(&id.len()) && id.as_bytes().iter().copied().all(plain) => id.clone(),
        // An id of a request is no secret.
        _ => HeaderValue::from_str(&format!("{:016x}", fastrand::u64(..))).unwrap_or(HeaderValue::from_static("0")),
    }
}

fn add_headers(response: &mut Response, id: &HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID.clone(), id.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
}

fn measure(method: &Method, template: &str, status: u16, code: &'static str, took: Duration) {
    let endpoint = template.to_string();
    let method = known_method(method);
    metrics::counter!("studyroute_requests_total", "method" => method, "endpoint" => endpoint.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("studyroute_request_seconds", "endpoint" => endpoint).record(took.as_secs_f64());
    if !code.is_empty() {
        metrics::counter!("studyroute_refusals_total", "code" => code).increment(1);
    }
}

/// A label must not be a word that clients make up.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http_body_util::BodyExt;

    fn refused(front: &Front, template: &str) -> Option<&'static str> {
        front.admit(class(template)).err().map(|problem| problem.code())
    }

    #[test]
    fn when_permits_run_out_check_ins_still_pass_and_health_always_does() {
        let limits = FrontLimits { reads_max: 1, check_ins_max: 1, ..FrontLimits::default() };
        let front = Front::new(limits, false);
        let _read = front.admit(Class::Read).ok().flatten().expect("the first read");
        assert_eq!(refused(&front, "/v1/nearby"), Some("overloaded"));
        assert_eq!(refused(&front, "/v1/check-ins"), None);
        let _check_in = front.admit(Class::CheckIn).ok().flatten().expect("the first check-in");
        assert_eq!(refused(&front, "/v1/check-ins/batch"), Some("overloaded"));
        assert_eq!(refused(&front, "/healthz"), None);
    }

    #[test]
    fn a_late_event_loop_refuses_reads_before_check_ins_and_health_never() {
        let front = Front::new(FrontLimits::default(), false);
        for (lag_ms, read, check_in) in
            [(0, None, None), (1_500, Some("overloaded"), None), (9_000, Some("overloaded"), Some("overloaded"))]
        {
            front.lag_ms.store(lag_ms, Ordering::Relaxed);
            assert_eq!(refused(&front, "/v1/routes"), read, "{lag_ms}");
            assert_eq!(refused(&front, "/v1/check-ins"), check_in, "{lag_ms}");
            assert_eq!(refused(&front, "/readyz"), None);
        }
    }

    async fn asked(handler: axum::routing::MethodRouter) -> Response {
        use tower::ServiceExt;
        let front = Arc::new(Front::new(FrontLimits::default(), false));
        let layer = axum::middleware::from_fn_with_state(front, super::front);
        let router = axum::Router::new().route("/x", handler).layer(layer);
        let request = Request::get("/x").header(header::HOST, "x").body(Body::empty()).expect("a request");
        router.oneshot(request).await.expect("an answer")
    }

    fn code(response: &Response) -> Option<&'static str> {
        response.extensions().get::<ProblemCode>().map(|code| code.0)
    }

    #[tokio::test]
    async fn a_panicking_handler_is_answered_without_its_words() {
        async fn boom() -> &'static str {
            panic!("secret words")
        }
        let response = asked(axum::routing::get(boom)).await;
        assert_eq!((response.status().as_u16(), code(&response)), (500, Some("internal")));
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert!(!String::from_utf8_lossy(&body).contains("secret"), "{body:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_takes_too_long_is_cut_off_with_503() {
        let slow = axum::routing::get(async || tokio::time::sleep(ANSWER_TIMEOUT * 2).await);
        let response = asked(slow).await;
        assert_eq!((response.status().as_u16(), code(&response)), (503, Some("timeout")));
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }
}
