//! What every request passes, in one place: an id, a check of its head, a bounded and timed body, a permit, a deadline, a net under
//! panics, security headers, one line in the access log, figures. Behind it stands the router; what can be answered from memory
//! without waiting is answered here at once, on the way in and out through the same checks, and never meets the router's layers.
//! Logs know endpoint templates only: never a path, a query, a token, a position.

mod access_log;
mod endpoints;
mod permits;

use super::body::Bodies;
use super::cors;
use super::design;
use super::door::Answers;
use super::problem::{self, Code, Problem, ProblemCode};
use super::session;
use super::state::{Inner, Shell};
use super::upload::{UPLOAD_TIMEOUT, is_streamed};
use crate::traces;
use access_log::Line;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use endpoints::{Endpoint, known_method};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, Ready, ready};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_service::Service;
use tracing::{Instrument, Span};

pub use access_log::AccessLog;
pub use endpoints::Endpoints;
pub use permits::{FrontLimits, Permits};

/// Longest path and query together.
pub const URI_MAX_BYTES: usize = 4 * 1024;
/// All headers together. The door takes more, so that it is this that refuses: the door's own refusal has no words.
pub const HEAD_MAX_BYTES: usize = 16 * 1024;
/// How long an answer may take to begin; what follows its head is the client's affair and the door's.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Names a request in every log. The front sets it in the request too, for those who note what was done.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A question whose answer may stand ready.
pub struct Question<'a> {
    /// What is loaded.
    pub live: &'a Inner,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The path as the client wrote it.
    pub path: &'a str,
    /// What follows the question mark.
    pub query: Option<&'a str>,
}

/// Answers from memory, without waiting; `None` when it cannot, and then the router is asked.
pub type AtOnce = fn(&Question<'_>) -> Option<Result<Response, Problem>>;

/// What stands behind the door, and what it works with.
pub struct Front {
    /// What is loaded, once it is.
    pub shell: Arc<Shell>,
    /// Whether there is room for one more request.
    pub permits: Arc<Permits>,
    /// All addresses.
    pub endpoints: Endpoints,
    /// Where each request is noted, if anywhere.
    pub log: Option<AccessLog>,
    /// Answers requests.
    pub router: Router,
    /// The same for clients that take compressed answers.
    pub compressing: Router,
    /// Tells browsers what other origins may ask.
    pub preflight: Router,
    /// What handlers may ask for beside the state.
    pub extensions: Extensions,
    /// All bodies under way.
    pub bodies: Bodies,
}

/// The front as the door has it.
#[derive(Clone)]
pub struct Gate(pub Arc<Front>);

/// What is kept of a request until its answer stands.
struct Passage {
    started: Instant,
    id: HeaderValue,
    method: Method,
    endpoint: usize,
    from_other_origin: bool,
    span: Span,
}

impl Answers for Gate {
    type Future = Either<Ready<Response>, BoxFuture<'static, Response>>;

    fn answer(&mut self, request: Request, peer: SocketAddr) -> Self::Future {
        let front = &self.0;
        if request.method() == Method::OPTIONS {
            return Either::Right(Box::pin(preflight(Arc::clone(front), request)));
        }
        let endpoint = front.endpoints.at(request.uri().path());
        let (id, method) = (request_id(request.headers()), request.method().clone());
        let from_other_origin = request.headers().contains_key(header::ORIGIN);
        let span = traces::request(known_method(&method), front.endpoints.get(endpoint).template(), request.headers());
        let passage = Passage { started: Instant::now(), id, method, endpoint, from_other_origin, span };
        if let Some(answer) = front.at_once(&request, &passage) {
            return Either::Left(ready(front.leave(answer, &passage)));
        }
        let span = passage.span.clone();
        Either::Right(Box::pin(Arc::clone(front).lead_through(request, peer, passage).instrument(span)))
    }
}

async fn preflight(front: Arc<Front>, request: Request) -> Response {
    let is_upload = design::is_upload(request.uri().path());
    let Ok(mut response) = front.preflight.clone().call(request).await;
    if is_upload {
        design::announce(&mut response, true);
    }
    response
}

impl Front {
    fn at_once(&self, request: &Request, passage: &Passage) -> Option<Response> {
        let endpoint = self.endpoints.get(passage.endpoint);
        let answer = endpoint.at_once().filter(|_| passage.method == Method::GET)?;
        let live = self.shell.live()?;
        let (headers, path, query) = (request.headers(), request.uri().path(), request.uri().query());
        let answered = catch_unwind(AssertUnwindSafe(|| {
            let admitted = check_head(request).and_then(|()| self.permits.admit(endpoint.class()));
            match admitted {
                Ok(_permit) => answer(&Question { live, headers, path, query }),
                Err(refused) => Some(Err(refused)),
            }
        }));
        match answered {
            Ok(answer) => Some(answer?.unwrap_or_else(IntoResponse::into_response)),
            Err(_) => Some(panicked(endpoint, passage)),
        }
    }

    async fn lead_through(self: Arc<Self>, mut request: Request, peer: SocketAddr, passage: Passage) -> Response {
        let is_upload = design::is_upload(request.uri().path());
        request.headers_mut().insert(REQUEST_ID.clone(), passage.id.clone());
        session::lend_key(&mut request);
        request.extensions_mut().extend(self.extensions.clone());
        request.extensions_mut().insert(ConnectInfo(peer));
        let endpoint = self.endpoints.get(passage.endpoint);
        let outcome = AssertUnwindSafe(self.routed(request, endpoint)).catch_unwind().await;
        let mut response = match outcome {
            Ok(Ok(response)) => framework_refusal(response),
            Ok(Err(problem)) => problem.into_response(),
            Err(_) => panicked(endpoint, &passage),
        };
        if is_upload {
            design::announce(&mut response, false);
        }
        self.leave(response, &passage)
    }

    async fn routed(&self, request: Request, endpoint: &Endpoint) -> Result<Response, Problem> {
        check_head(&request)?;
        let template = endpoint.template();
        // What its handler reads piece by piece has its own limits in time.
        let is_streamed = is_streamed(request.method(), template);
        let patience = if is_streamed { UPLOAD_TIMEOUT + ANSWER_TIMEOUT } else { ANSWER_TIMEOUT };
        // The whole body first, then the permit: a slow sender holds up nobody.
        let (request, _room) = self.bodies.take(request, template).await?;
        let _permit = self.permits.admit(endpoint.class())?;
        let compresses = request.headers().contains_key(header::ACCEPT_ENCODING);
        let mut router = if compresses { self.compressing.clone() } else { self.router.clone() };
        match tokio::time::timeout(patience, router.call(request)).await {
            Ok(Ok(response)) => Ok(response),
            Err(_) => {
                Err(Problem::new(Code::Timeout, "The answer took too long. Sending the same request again is safe."))
            }
        }
    }

    /// What every answer gets on its way out.
    fn leave(&self, mut response: Response, passage: &Passage) -> Response {
        add_headers(&mut response, passage);
        let (endpoint, method, took) =
            (self.endpoints.get(passage.endpoint), known_method(&passage.method), passage.started.elapsed());
        endpoint.count(method, response.status(), took);
        traces::answered(&passage.span, response.status().as_u16());
        let code = response.extensions().get::<ProblemCode>().map_or("", |code| code.0);
        if !code.is_empty() {
            metrics::counter!("studyroute_refusals_total", "code" => code).increment(1);
        }
        if code == Code::Overloaded.as_str() {
            self.permits.note_refused(endpoint.class());
        }
        if let Some(log) = &self.log {
            let (request_id, endpoint, status) = (&passage.id, endpoint.template(), response.status().as_u16());
            let at_ms = self.shell.ambient.now_ms();
            log.add(&Line { request_id, method, endpoint, status, code, at_ms, took });
        }
        response
    }
}

fn panicked(endpoint: &Endpoint, passage: &Passage) -> Response {
    let request_id = passage.id.to_str().unwrap_or_default();
    tracing::error!(request_id, endpoint = endpoint.template(), "a handler panicked");
    Problem::internal().into_response()
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
        _ => HeaderValue::from_bytes(&hexadecimal(fastrand::u64(..))).unwrap_or(HeaderValue::from_static("0")),
    }
}

fn hexadecimal(number: u64) -> [u8; 16] {
    let digit = |i: usize| (number >> (60 - 4 * i)) & 15;
    std::array::from_fn(|i| b"0123456789abcdef"[usize::try_from(digit(i)).unwrap_or_default()])
}

fn add_headers(response: &mut Response, passage: &Passage) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID.clone(), passage.id.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    cors::open(headers, passage.from_other_origin);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::Ambient;
    use axum::body::Body;
    use http_body_util::BodyExt;

    async fn asked(handler: axum::routing::MethodRouter) -> Response {
        let router = Router::new().route("/x", handler);
        let front = Front {
            shell: Arc::new(Shell::new(Ambient::system())),
            permits: Arc::new(Permits::new(FrontLimits::default())),
            endpoints: Endpoints::new([("/x".to_string(), None)].into_iter()),
            log: None,
            compressing: router.clone(),
            preflight: Router::new(),
            router,
            extensions: Extensions::new(),
            bodies: Bodies::default(),
        };
        let request = Request::get("/x").header(header::HOST, "x").body(Body::empty()).expect("a request");
        Gate(Arc::new(front)).answer(request, SocketAddr::from(([127, 0, 0, 1], 1))).await
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
