//! `/v1/session`: a person with a key in a browser. The key stays in a cookie that no script can read and no other site can send,
//! so a page never holds it. The front lends it to a request as if it had been sent as `Authorization`; there is no other state,
//! so a session ends with its key, on every node at once.

use super::client::ClientAddress;
use super::limits::Limits;
use super::problem::Problem;
use super::request::{Json, NoQuery};
use super::staff::{Staff, key_of};
use super::state::Live;
use crate::store::AccessKey;
use axum::extract::{Extension, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The cookie's name.
const COOKIE: &str = "studyroute_key";
/// A working day.
const SESSION_S: u32 = 12 * 60 * 60;
/// What our pages send with everything that may change something. A page of another origin would have to ask before it may, and
/// is told no.
const PAGE: HeaderName = HeaderName::from_static("x-studyroute-page");

/// A key to begin a session with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// As `studyroute key create` printed it.
    key: String,
}

/// Whose session it is.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Who holds the key.
    name: String,
    /// `designer`, `operator` or `admin`.
    role: &'static str,
    /// The study routes it is for; none means all.
    routes: Vec<String>,
}

impl From<AccessKey> for Session {
    fn from(key: AccessKey) -> Self {
        Self { name: key.name, role: key.role.as_str(), routes: key.routes }
    }
}

/// Begins a session: the answer sets a cookie that scripts cannot read (`HttpOnly`, `SameSite=Strict`).
#[utoipa::path(post, path = "/v1/session", tag = "about", request_body = SessionRequest, responses(
    (status = 200, description = "It has begun", body = Session),
    (status = 401, description = "`token-invalid`", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "`too-many-failed-keys`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn open(
    live: Live,
    Extension(limits): Extension<Limits>,
    ClientAddress(address): ClientAddress,
    _: NoQuery,
    headers: HeaderMap,
    Json(body): Json<SessionRequest>,
) -> Result<Response, Problem> {
    let key = key_of(&live, Some(&limits), address, body.key.trim()).await?;
    let mut response = axum::Json(Session::from(key)).into_response();
    set_cookie(&mut response, &headers, body.key.trim(), SESSION_S);
    Ok(response)
}

/// Whose session it is.
#[utoipa::path(get, path = "/v1/session", tag = "about", responses(
    (status = 200, description = "There is one", body = Session),
    (status = 204, description = "There is none"),
))]
pub async fn get(_: NoQuery, headers: HeaderMap, staff: Result<Option<Staff>, Problem>) -> Response {
    let Ok(Some(Staff(key))) = staff else {
        let mut none = StatusCode::NO_CONTENT.into_response();
        // A cookie whose key has ended is no use to anybody.
        if cookie(&headers).is_some() {
            set_cookie(&mut none, &headers, "", 0);
        }
        return none;
    };
    ([(header::CACHE_CONTROL, "no-store")], axum::Json(Session::from(key))).into_response()
}

/// Ends the session in this browser; the key stays valid.
#[utoipa::path(delete, path = "/v1/session", tag = "about", responses((status = 204, description = "There is none any more")))]
pub async fn close(_: NoQuery, headers: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &headers, "", 0);
    response
}

/// Lends a request the key of its session. A change is lent it only when one of our pages asked for it.
pub fn lend_key(request: &mut Request) {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let headers = request.headers();
    if headers.contains_key(header::AUTHORIZATION) || !(reads || headers.contains_key(&PAGE)) {
        return;
    }
    if let Some(bearer) = cookie(headers).and_then(|key| HeaderValue::from_str(&format!("Bearer {key}")).ok()) {
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value).next()
}

fn set_cookie(response: &mut Response, request: &HeaderMap, key: &str, max_age_s: u32) {
    // A browser that came over TLS never shows it to who listens on the way.
    let secure = if request.get("x-forwarded-proto").is_some_and(|proto| proto == "https") { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={key}; Path=/v1; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
    let headers = response.headers_mut();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn lent(method: Method, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).expect("a request");
        lend_key(&mut request);
        request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(String::from)
    }

    #[test]
    fn a_session_reads_freely_and_changes_only_what_our_own_page_asks_for() {
        let (cookie, page) = (("cookie", "a=b; studyroute_key=k-1"), ("x-studyroute-page", "1"));
        assert_eq!(lent(Method::GET, &[cookie]).as_deref(), Some("Bearer k-1"));
        assert_eq!(lent(Method::POST, &[cookie]), None);
        assert_eq!(lent(Method::DELETE, &[cookie, page]).as_deref(), Some("Bearer k-1"));
        assert_eq!(lent(Method::GET, &[cookie, ("authorization", "Bearer own")]).as_deref(), Some("Bearer own"));
        for none in ["", "studyroute_key=", "other_studyroute_key=k", "studyroute_key"] {
            assert_eq!(lent(Method::GET, &[("cookie", none)]), None, "{none}");
        }
    }
}
