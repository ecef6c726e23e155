//! Notes in the audit log who tried in vain. Bounded: beyond so many a minute, refused attempts are counted and not written,
//! so that a flood of them cannot fill the disk.

use crate::domain::lint::is_slug;
use crate::http::front::REQUEST_ID;
use crate::http::problem::{Code, ProblemCode};
use crate::http::staff;
use crate::http::state::{Live, Shell};
use crate::store::{Deed, Store, Who};
use axum::extract::{Extension, MatchedPath, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::{Arc, Mutex, PoisonError};

/// Refused attempts without a valid key that are noted one by one in a minute.
const STRANGERS_MAX_PER_MINUTE: u32 = 60;
/// The same of people with a valid key.
const HOLDERS_MAX_PER_MINUTE: u32 = 600;
/// Of what a stranger wrote into an address, so much is noted, in characters.
const SUBJECT_MAX: usize = 128;

/// How many refused attempts were noted lately.
#[derive(Default)]
pub struct Refusals {
    strangers: Mutex<Window>,
    holders: Mutex<Window>,
}

/// One minute.
#[derive(Default)]
struct Window {
    minute: i64,
    noted: u32,
    left_out: u32,
}

impl Window {
    /// Whether there is room for one more, and how many an earlier minute had no room for.
    fn admit(&mut self, now_ms: i64, max: u32) -> (bool, u32) {
        let minute = now_ms.div_euclid(60_000);
        let mut left_out = 0;
        if minute != self.minute {
            left_out = std::mem::take(&mut self.left_out);
            (self.minute, self.noted) = (minute, 0);
        }
        let has_room = self.noted < max;
        if has_room {
            self.noted += 1;
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
        (has_room, left_out)
    }
}

impl Refusals {
    fn admit(&self, has_key: bool, now_ms: i64) -> (bool, u32) {
        let (window, max) =
            if has_key { (&self.holders, HOLDERS_MAX_PER_MINUTE) } else { (&self.strangers, STRANGERS_MAX_PER_MINUTE) };
        window.lock().unwrap_or_else(PoisonError::into_inner).admit(now_ms, max)
    }

    /// Writes down how many were left out so far, for somebody who is about to read the log.
    pub async fn settle(&self, live: &Live) {
        for window in [&self.strangers, &self.holders] {
            let left_out = std::mem::take(&mut window.lock().unwrap_or_else(PoisonError::into_inner).left_out);
            if left_out > 0 {
                write(&live.store, &count_of(left_out, live.ambient.now_ms())).await;
            }
        }
    }
}

fn count_of(left_out: u32, now_ms: i64) -> Deed {
    let who = Who::service();
    let detail = format!("{left_out} more attempts were refused than are noted in a minute");
    Deed { detail, ..Deed::done(now_ms, &who, "count refused attempts", left_out.to_string()) }
}

/// The layer.
pub async fn note(
    Extension(shell): Extension<Arc<Shell>>,
    Extension(refusals): Extension<Arc<Refusals>>,
    template: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_string();
    let headers = [header::AUTHORIZATION, REQUEST_ID.clone()];
    let headers: HeaderMap = headers
        .into_iter()
        .flat_map(|name| request.headers().get_all(&name).iter().map(move |value| (name.clone(), value.clone())))
        .collect();
    let response = next.run(request).await;
    if is_noted(&method, response.status(), code(&response))
        && let Some(live) = Live::of(&shell)
    {
        let (who, has_key) = staff::asking(&live, &headers).await;
        let now_ms = live.ambient.now_ms();
        let (has_room, left_out) = refusals.admit(has_key, now_ms);
        if left_out > 0 {
            write(&live.store, &count_of(left_out, now_ms)).await;
        }
        if has_room {
            let (route, subject) = places(template.as_str(), &path);
            let done = Deed::done(now_ms, &who, &format!("{method} {}", template.as_str()), subject);
            write(&live.store, &Deed { route, outcome: code(&response).into(), ..done }).await;
        }
    }
    response
}

/// What went wrong here is in the service's own log; what was only mistyped while reading is nobody's deed. Whoever has failed with too
/// many keys was noted with each of them, and whose the next one is must not be looked up.
fn is_noted(method: &Method, status: StatusCode, code: &str) -> bool {
    if code == Code::TooManyFailedKeys.as_str() {
        return false;
    }
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    status.is_client_error() && (!reads || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
}

/// The code of a refusal; the framework's own become problems only further out.
fn code(response: &Response) -> &'static str {
    match response.extensions().get::<ProblemCode>() {
        Some(ProblemCode(code)) => code,
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed.as_str(),
        None => Code::BadRequest.as_str(),
    }
}

/// The study route that a path names, if it can be one, and what else it names.
fn places(template: &str, path: &str) -> (Option<String>, String) {
    let named = template.split('/').zip(path.split('/')).filter(|(part, _)| part.starts_with('{'));
    let (route, others): (Vec<_>, Vec<_>) = named.partition(|(part, _)| *part == "{route}");
    let route = route.first().filter(|(_, slug)| is_slug(slug)).map(|(_, slug)| (*slug).to_string());
    let others: Vec<&str> = others.into_iter().map(|(_, name)| name).collect();
    (route, others.join("/").chars().take(SUBJECT_MAX).collect())
}

/// The refusal stands whether it is noted or not.
async fn write(store: &Store, deed: &Deed) {
    if let Err(error) = store.note_deed(deed).await {
        tracing::error!(error = error.with_causes(), "a refused attempt could not be noted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_written() {
        let mut window = Window::default();
        let start = 1_777_600_800_000;
        let noted = (0..1_000).filter(|i| window.admit(start + i, 60) == (true, 0)).count();
        assert_eq!(noted, 60);
        assert_eq!(window.admit(start + 59_999, 60), (false, 0), "the same minute");
        assert_eq!(window.admit(start + 60_000, 60), (true, 941), "the next one says how many were left out, once");
        assert_eq!(window.admit(start + 60_001, 60), (true, 0));
    }

    #[test]
    fn a_path_names_its_route_only_if_it_can_be_one() {
        let of = |path: &str| places("/v1/design/routes/{route}/waypoints/{waypoint}", path);
        assert_eq!(of("/v1/design/routes/peoples-canal/waypoints/lock"), (Some("peoples-canal".into()), "lock".into()));
        assert_eq!(of("/v1/design/routes/%27x/waypoints/=1"), (None, "=1".into()));
        assert_eq!(of(&format!("/v1/design/routes/a/waypoints/{}", "x".repeat(4_000))).1.len(), SUBJECT_MAX);
    }

    #[test]
    fn reading_is_noted_only_where_a_key_does_not_fit() {
        for (method, status, expected) in [
            (Method::POST, 400, true),
            (Method::DELETE, 404, true),
            (Method::PATCH, 412, true),
            (Method::PUT, 503, false),
            (Method::POST, 201, false),
            (Method::GET, 401, true),
            (Method::HEAD, 403, true),
            (Method::GET, 404, false),
            (Method::GET, 200, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(is_noted(&method, status, "forbidden"), expected, "{method} {status}");
        }
        assert!(is_noted(&Method::POST, StatusCode::TOO_MANY_REQUESTS, "too-many-uploads"));
        assert!(!is_noted(&Method::POST, StatusCode::TOO_MANY_REQUESTS, "too-many-failed-keys"));
    }
}
