//! What designers' calls answer in common: the state they are about, its ETag, and why something was not done.

use super::precondition::stale;
use crate::design::publish::{self, PUBLISHED_MEANWHILE, PublishError, State};
use crate::domain::lint::{Finding, is_slug};
use crate::domain::route::StudyRoute;
use crate::domain::time;
use crate::http::problem::{Code, Problem};
use crate::http::request::Query;
use crate::http::state::Live;
use crate::store::{NotEdited, NotReleased, RouteState, Version};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Findings that a refusal shows; the lint shows them all.
const FINDINGS_SHOWN: usize = 20;

/// A route that is there for its designers.
///
/// # Errors
/// `unknown-route` when it is not.
pub async fn known(live: &Live, slug: &str) -> Result<RouteState, Problem> {
    // What cannot be a name is not asked for: the database may refuse its very characters.
    let state = if is_slug(slug) { live.store.route_state(slug).await? } else { None };
    state.filter(|state| state.version() != Version::Nothing).ok_or_else(unknown_route)
}

/// Which state of a route a parameter means.
///
/// # Errors
/// When it is none.
pub fn which(query: &mut Query, name: &str, default: State) -> Result<State, Problem> {
    let Some(text) = query.take(name)? else { return Ok(default) };
    text.parse().map_err(|error: String| Problem::parameter(name, error))
}

/// One state of a route with all its content.
///
/// # Errors
/// `unknown-revision` when there is no such state.
pub async fn content(live: &Live, state: &RouteState, which: State) -> Result<StudyRoute, Problem> {
    publish::content(&live.store, state, which).await?.ok_or_else(|| {
        Problem::new(
            Code::UnknownRevision,
            "There is nothing published, or no revision of this number; GET …/revisions lists them.",
        )
    })
}

fn unknown_route() -> Problem {
    Problem::new(
        Code::UnknownRoute,
        "There is no study route of this name. Make one with PUT …/draft and If-None-Match: *, or by importing a file.",
    )
}

/// A response with the ETag to send as If-Match, which nobody keeps.
pub fn etagged(state: &RouteState, mut response: Response) -> Response {
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", state.version())) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// Why a draft was not changed.
pub async fn not_edited(live: &Live, seen: Option<Version>, refusal: NotEdited) -> Problem {
    match refusal {
        NotEdited::NoRoute => unknown_route(),
        NotEdited::Stale(state) => stale(live, seen, &state).await,
        NotEdited::Scheduled(at_ms) => Problem::new(
            Code::DraftScheduled,
            "The draft waits to be published and stands still until then. Take the time back with DELETE …/schedule to change it.",
        )
        .with("at", time::rfc3339(at_ms)),
        NotEdited::NoWaypoint => Problem::new(Code::UnknownWaypoint, "The draft has no waypoint of this id."),
        NotEdited::WaypointExists => Problem::new(
            Code::WaypointExists,
            "The draft has a waypoint of this id already. Change that one, or choose another id.",
        ),
        NotEdited::NotThisOrder => {
            Problem::new(Code::InvalidOrder, "Name every waypoint of the draft once, in the order in which they are to be visited.")
        }
    }
}

/// Why nothing was published.
pub async fn not_published(live: &Live, seen: Option<Version>, error: PublishError) -> Problem {
    match error {
        PublishError::Mistakes(findings) => Problem::new(
            Code::LintErrors,
            format!("Mistakes to mend before this can be published: {}. GET …/lint shows them all.", findings.len()),
        )
        .with("errors", findings.len())
        .with("findings", shown(&findings)),
        PublishError::Unacknowledged(rules, findings) => unacknowledged(&rules, &findings),
        PublishError::Time => Problem::new(Code::InvalidTime, "Give a time in the future, at most a year from now.")
            .with("server_time", time::rfc3339(live.ambient.now_ms())),
        PublishError::NotReleased(refusal) => not_released(live, seen, refusal).await,
        PublishError::NotEdited(refusal) => not_edited(live, seen, refusal).await,
        PublishError::Store(error) => error.into(),
    }
}

async fn not_released(live: &Live, seen: Option<Version>, refusal: NotReleased) -> Problem {
    match refusal {
        NotReleased::NoRoute => unknown_route(),
        NotReleased::NoDraft => {
            Problem::new(Code::NoDraft, "There is no draft: nothing has changed since the last publication.")
        }
        NotReleased::NoRevision => Problem::new(
            Code::UnknownRevision,
            "There is no revision of this number with content; GET …/revisions lists them.",
        ),
        NotReleased::NotPublished => {
            Problem::new(Code::NotPublished, "The route is not published, so there is nothing to take back.")
        }
        NotReleased::Stale(state) => stale(live, seen, &state).await,
    }
}

fn unacknowledged(rules: &BTreeMap<&'static str, usize>, findings: &[Finding]) -> Problem {
    let names: Vec<&str> = rules.keys().copied().collect();
    let mut detail = format!(
        "Warnings that what is published does not have: {}. Mend them, or send their names as \"acknowledge\".",
        names.join(", ")
    );
    if rules.contains_key(PUBLISHED_MEANWHILE) {
        detail
            .push_str(" Somebody has published since this draft was begun, and it would undo that; look at the diff.");
    }
    Problem::new(Code::LintWarnings, detail)
        .with(
            "warnings",
            rules.iter().map(|(rule, count)| ((*rule).to_string(), json!(count))).collect::<serde_json::Map<_, _>>(),
        )
        .with("acknowledge", names)
        .with("findings", shown(findings))
}

fn shown(findings: &[Finding]) -> Value {
    findings.iter().take(FINDINGS_SHOWN).map(|finding| serde_json::to_value(finding).unwrap_or_default()).collect()
}
