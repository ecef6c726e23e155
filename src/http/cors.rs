//! What browsers may ask from pages of other origins: everything but what a session opens. Its cookie is never sent from another
//! site, and its changes need a header that is not allowed here.

use super::design::TUS_HEADERS;
use super::front::REQUEST_ID;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use std::sync::LazyLock;
use std::time::Duration;
use tower_http::cors::{Any, CorsLayer};

/// How long a browser may remember what cross-origin requests are allowed.
const PREFLIGHT_FOR: Duration = Duration::from_hours(24);

/// Headers of answers that pages of other origins may read.
static EXPOSED: LazyLock<HeaderValue> = LazyLock::new(|| {
    let ours = [
        header::ETAG,
        header::RETRY_AFTER,
        header::CONTENT_LANGUAGE,
        header::ACCEPT_RANGES,
        header::CONTENT_RANGE,
        header::CONTENT_LOCATION,
        header::LOCATION,
        header::CONTENT_DISPOSITION,
        HeaderName::from_static("x-export-loss"),
        REQUEST_ID.clone(),
    ];
    let names: Vec<String> = ours.into_iter().chain(TUS_HEADERS).map(|name| name.to_string()).collect();
    HeaderValue::from_str(&names.join(",")).unwrap_or(HeaderValue::from_static("etag"))
});

/// Opens an answer to pages of all origins. The long list is only for those who ask from another.
pub fn open(headers: &mut HeaderMap, from_other_origin: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if from_other_origin {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED.clone());
    }
}

/// Answers what browsers ask before they let a page ask.
pub fn preflight() -> CorsLayer {
    let ours = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        HeaderName::from_static("prefer"),
        header::ACCEPT_LANGUAGE,
        header::RANGE,
        header::IF_RANGE,
        REQUEST_ID.clone(),
    ];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(ours.into_iter().chain(TUS_HEADERS).collect::<Vec<_>>())
        .max_age(PREFLIGHT_FOR)
}
