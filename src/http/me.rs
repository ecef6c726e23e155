//! `/v1/me…`: what is kept about the participant whose token the request carries, and its erasure.

use super::check_ins::CheckIn;
use super::openapi::params::PageParams;
use super::problem::{Code, Problem};
use super::request::{NoQuery, Page, Query};
use super::state::{Live, Visitor};
use crate::domain::time;
use crate::index::Stop;
use crate::store::{BlobError, Progress};
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

const NO_STORE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// Everything that is kept about a participant but its check-ins.
#[derive(Serialize, ToSchema)]
pub struct Me {
    participant_id: Uuid,
    #[schema(format = DateTime)]
    created_at: String,
    /// How many check-ins are kept.
    check_ins: i64,
    /// At how many waypoints.
    waypoints: usize,
}

/// A page of own check-ins, in the order they were kept.
#[derive(Serialize, ToSchema)]
pub struct CheckInList {
    items: Vec<CheckIn>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Progress on every published study route.
#[derive(Serialize, ToSchema)]
pub struct ProgressList {
    items: Vec<RouteProgress>,
}

/// Progress on one study route.
#[derive(Serialize, ToSchema)]
pub struct RouteProgress {
    /// The study route.
    #[schema(example = "peoples-canal")]
    route: String,
    title: String,
    /// Waypoints visited of those now published.
    visited: usize,
    /// Waypoints now published.
    total: usize,
    /// Whether all of them were visited.
    complete: bool,
    /// The first waypoint in order that was not visited.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_waypoint: Option<String>,
    /// The visited ones, in order.
    waypoints: Vec<WaypointProgress>,
}

/// Presence at one waypoint.
#[derive(Serialize, ToSchema)]
pub struct WaypointProgress {
    /// `route/waypoint`.
    waypoint: String,
    /// By the phone's clock.
    #[schema(format = DateTime)]
    first_at: String,
    /// The surest verdict.
    verdict: &'static str,
    check_ins: i64,
}

impl From<(Stop<'_>, &Progress)> for WaypointProgress {
    fn from((stop, progress): (Stop<'_>, &Progress)) -> Self {
        Self {
            waypoint: stop.name(),
            first_at: time::rfc3339(progress.first_ms),
            verdict: progress.verdict.as_str(),
            check_ins: progress.check_ins,
        }
    }
}

/// What is kept about this participant.
#[utoipa::path(get, path = "/v1/me", tag = "visitors", security(("participant" = [])), responses(
    (status = 200, description = "Everything but the check-ins themselves", body = Me),
))]
pub async fn get(live: Live, visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Query::parse(query.as_deref()).finish()?;
    let participant = live.store.participant(visitor.id).await?.ok_or_else(gone)?;
    let progress = live.store.progress(visitor.id).await?;
    let me = Me {
        participant_id: visitor.id,
        created_at: time::rfc3339(participant.created_ms),
        check_ins: progress.iter().map(|p| p.check_ins).sum(),
        waypoints: progress.len(),
    };
    Ok((NO_STORE, axum::Json(me)).into_response())
}

fn gone() -> Problem {
    Problem::new(Code::TokenInvalid, "The participant has been erased.")
}

/// Own check-ins, in the order they were kept.
#[utoipa::path(get, path = "/v1/me/check-ins", tag = "visitors", security(("participant" = [])), params(
    PageParams,
), responses(
    (status = 200, description = "A page of check-ins", body = CheckInList),
))]
pub async fn check_ins(live: Live, visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let Page { limit, after } = query.page()?;
    query.finish()?;
    // One more than asked for tells whether there is a next page.
    let mut stored = live.store.check_ins_of(visitor.id, after, limit + 1).await?;
    let more = stored.len() > limit;
    stored.truncate(limit);
    let next = stored.last().filter(|_| more).map(|last| Page::cursor(last.seq));
    let names = live.store.waypoint_names(&stored.iter().map(|s| s.waypoint).collect::<Vec<_>>()).await?;
    let items = stored.into_iter().map(|s| {
        let waypoint = names.get(&s.waypoint).cloned().unwrap_or_default();
        CheckIn::new(s, waypoint)
    });
    Ok((NO_STORE, axum::Json(CheckInList { items: items.collect(), next })).into_response())
}

/// Progress on every published study route.
#[utoipa::path(get, path = "/v1/me/progress", tag = "visitors", security(("participant" = [])), params(
    ("lang" = Option<String>, Query, description = "`zh-CN` (default) or `en`; else `Accept-Language`"),
), responses(
    (status = 200, description = "One item per published study route", body = ProgressList),
))]
pub async fn progress(
    live: Live,
    visitor: Visitor,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let lang = query.lang(&headers)?;
    query.finish()?;
    let been: HashMap<i64, _> =
        live.store.progress(visitor.id).await?.into_iter().map(|progress| (progress.waypoint, progress)).collect();
    let index = live.index();
    let mut visits: HashMap<i64, Vec<(Stop<'_>, &Progress)>> = HashMap::new();
    for (key, progress) in &been {
        // What is no longer published is of no route any more.
        if let Some(stop) = index.by_key(*key) {
            visits.entry(stop.route.key).or_default().push((stop, progress));
        }
    }
    let items = index.routes().iter().map(|route| {
        let mut visits = visits.remove(&route.key).unwrap_or_default();
        visits.sort_unstable_by_key(|(stop, _)| stop.ordinal);
        let next = route.waypoint_keys.iter().find(|key| !been.contains_key(key));
        let (visited, total) = (visits.len(), route.waypoint_keys.len());
        RouteProgress {
            route: route.slug.clone(),
            title: route.title.get(lang).to_string(),
            visited,
            total,
            complete: visited == total,
            next_waypoint: next.and_then(|key| index.by_key(*key)).map(|stop| stop.name()),
            waypoints: visits.into_iter().map(WaypointProgress::from).collect(),
        }
    });
    let items = items.collect();
    let vary = [(header::VARY, "accept-language"), (header::CONTENT_LANGUAGE, lang.tag())];
    Ok((NO_STORE, vary, axum::Json(ProgressList { items })).into_response())
}

fn not_noted(error: &BlobError) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "an erasure could not be noted");
    Problem::new(
        Code::AssetsUnavailable,
        "Nothing was erased, as that could not be noted. Try again after Retry-After.",
    )
}

/// Erases the participant and everything that points to it; totals stay true.
#[utoipa::path(delete, path = "/v1/me", tag = "visitors", security(("participant" = [])), responses(
    (status = 204, description = "Erased; the token is worth nothing from now on"),
    (status = 503, description = "`assets-unavailable`, `store-unavailable`: nothing was erased", body = Problem, content_type = "application/problem+json"),
))]
pub async fn erase(live: Live, visitor: Visitor, _: NoQuery) -> Result<Response, Problem> {
    // Noted first: a database that is put back to an older state must not bring back whoever was promised to be erased.
    if let Ok(blobs) = live.blobs() {
        blobs.note_erasure(visitor.id).await.map_err(|error| not_noted(&error))?;
    }
    let erased = live.store.erase_participant(visitor.id).await?;
    live.refuse_token(visitor.id);
    if erased { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(gone()) }
}
