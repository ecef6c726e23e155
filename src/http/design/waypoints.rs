//! `/v1/design/routes/{route}/draft/waypoints…`: the stops of a draft, one by one: add, change, move, remove.

use super::answers::{self, etagged};
use super::drafts::only_crs;
use super::precondition::{seen, stale};
use super::wire::{DraftWaypoint, read_waypoint};
use crate::domain::crs::Crs;
use crate::domain::lint::is_slug;
use crate::domain::route::Waypoint;
use crate::http::openapi::params::{CrsParams, MatchParams, PageParams};
use crate::http::problem::{Code, Problem};
use crate::http::request::{Json, NoQuery, Page, Query};
use crate::http::staff::Designer;
use crate::http::state::Live;
use crate::http::strict::Unique;
use crate::store::{Edit, RouteState, Version};
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A page of a draft's waypoints.
#[derive(Serialize, ToSchema)]
pub struct DraftWaypointList {
    /// The reference system of all coordinates here.
    crs: &'static str,
    items: Vec<DraftWaypoint>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// All waypoints in another order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// The id of every waypoint, once.
    waypoints: Vec<String>,
}

/// The waypoints of a draft in visiting order.
#[utoipa::path(get, path = "/v1/design/routes/{route}/draft/waypoints", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    PageParams,
    CrsParams,
), responses(
    (status = 200, description = "A page of waypoints", body = DraftWaypointList, headers(("etag" = String))),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(
    live: Live,
    _: Designer,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let (page, crs) = (query.page()?, query.crs()?);
    query.finish()?;
    let state = answers::known(&live, &slug).await?;
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let mut waypoints = live.store.route_page(&state, page.after, limit + 1).await?;
    let next = (waypoints.len() > page.limit).then(|| Page::cursor(page.after + limit));
    waypoints.truncate(page.limit);
    let items = waypoints.into_iter().map(|waypoint| DraftWaypoint::new(waypoint, crs)).collect();
    Ok(etagged(&state, axum::Json(DraftWaypointList { crs: crs.as_str(), items, next }).into_response()))
}

/// One waypoint of a draft.
#[utoipa::path(get, path = "/v1/design/routes/{route}/draft/waypoints/{waypoint}", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    ("waypoint" = String, Path, example = "dacheng-hall"),
    CrsParams,
), responses(
    (status = 200, description = "The waypoint", body = DraftWaypoint, headers(("etag" = String))),
    (status = 404, description = "`unknown-route`, `unknown-waypoint`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    live: Live,
    _: Designer,
    Path((slug, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let crs = only_crs(query.as_deref())?;
    let state = answers::known(&live, &slug).await?;
    let waypoint = one(&live, &state, &id).await?;
    Ok(etagged(&state, axum::Json(DraftWaypoint::new(waypoint, crs)).into_response()))
}

/// Adds a waypoint to a draft, at its `order` or at the end.
#[utoipa::path(post, path = "/v1/design/routes/{route}/draft/waypoints", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    CrsParams,
    MatchParams,
), request_body = DraftWaypoint, responses(
    (status = 201, description = "The waypoint", body = DraftWaypoint, headers(("etag" = String))),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`waypoint-exists`, `draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 428, description = "`precondition-required`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn add(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Json(Unique(body)): Json<Unique>,
) -> Result<Response, Problem> {
    let (crs, version) = (only_crs(query.as_deref())?, seen(&headers, true)?);
    let waypoint = read_waypoint(body, None, crs, "")?;
    let edit = Edit::Add(&waypoint, place_of(&waypoint));
    let state = edited(&live, &designer, &slug, version, &edit).await?;
    answered(&live, &state, &waypoint.id, crs, StatusCode::CREATED).await
}

/// Writes a waypoint of a draft anew; `order`, if sent, moves it.
#[utoipa::path(put, path = "/v1/design/routes/{route}/draft/waypoints/{waypoint}", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    ("waypoint" = String, Path, example = "dacheng-hall"),
    CrsParams,
    MatchParams,
), request_body = DraftWaypoint, responses(
    (status = 200, description = "The waypoint as it is now", body = DraftWaypoint, headers(("etag" = String))),
    (status = 404, description = "`unknown-route`, `unknown-waypoint`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 428, description = "`precondition-required`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn put(
    live: Live,
    designer: Designer,
    Path((slug, id)): Path<(String, String)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Json(Unique(body)): Json<Unique>,
) -> Result<Response, Problem> {
    let (crs, version) = (only_crs(query.as_deref())?, seen(&headers, true)?);
    let waypoint = read_waypoint(body, Some(&id), crs, "")?;
    changed(&live, &designer, &slug, version, &waypoint, crs).await
}

/// Changes some members of a waypoint of a draft (RFC 7396); `order` moves it.
#[utoipa::path(patch, path = "/v1/design/routes/{route}/draft/waypoints/{waypoint}", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    ("waypoint" = String, Path, example = "dacheng-hall"),
    CrsParams,
    MatchParams,
), request_body(content = Object, content_type = "application/merge-patch+json", example = json!({"title": {"en": "Dacheng Hall"}, "order": 3})), responses(
    (status = 200, description = "The waypoint as it is now", body = DraftWaypoint, headers(("etag" = String))),
    (status = 404, description = "`unknown-route`, `unknown-waypoint`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 428, description = "`precondition-required`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn patch(
    live: Live,
    designer: Designer,
    Path((slug, id)): Path<(String, String)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Json(Unique(body)): Json<Unique>,
) -> Result<Response, Problem> {
    let (crs, version) = (only_crs(query.as_deref())?, seen(&headers, true)?);
    if !body.is_object() {
        return Err(Problem::member("", "must be an object with the members to change"));
    }
    let state = answers::known(&live, &slug).await?;
    if let Some(seen) = version.filter(|seen| *seen != state.version()) {
        return Err(stale(&live, Some(seen), &state).await);
    }
    let before = one(&live, &state, &id).await?;
    let mut value = serde_json::to_value(DraftWaypoint::new(before, crs)).map_err(|_| Problem::internal())?;
    json_patch::merge(&mut value, &body);
    let waypoint = read_waypoint(value, Some(&id), crs, "")?;
    changed(&live, &designer, &slug, Some(state.version()), &waypoint, crs).await
}

/// Removes a waypoint from a draft. Its check-ins and counts stay, also when that is published.
#[utoipa::path(delete, path = "/v1/design/routes/{route}/draft/waypoints/{waypoint}", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    ("waypoint" = String, Path, example = "dacheng-hall"),
    MatchParams,
), responses(
    (status = 204, description = "It is gone", headers(("etag" = String))),
    (status = 404, description = "`unknown-route`, `unknown-waypoint`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 428, description = "`precondition-required`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn remove(
    live: Live,
    designer: Designer,
    Path((slug, id)): Path<(String, String)>,
    headers: HeaderMap,
    _: NoQuery,
) -> Result<Response, Problem> {
    let version = seen(&headers, true)?;
    if !is_slug(&id) {
        return Err(unknown_waypoint());
    }
    let state = edited(&live, &designer, &slug, version, &Edit::Remove(&id)).await?;
    Ok(etagged(&state, StatusCode::NO_CONTENT.into_response()))
}

/// Puts the waypoints of a draft in another order.
#[utoipa::path(put, path = "/v1/design/routes/{route}/draft/order", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    MatchParams,
), request_body = NewOrder, responses(
    (status = 204, description = "They are in this order", headers(("etag" = String))),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`invalid-order`", body = Problem, content_type = "application/problem+json"),
    (status = 428, description = "`precondition-required`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn order(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    headers: HeaderMap,
    _: NoQuery,
    Json(NewOrder { waypoints }): Json<NewOrder>,
) -> Result<Response, Problem> {
    let version = seen(&headers, true)?;
    if let Some(i) = waypoints.iter().position(|id| !is_slug(id)) {
        return Err(Problem::member(&format!("/waypoints/{i}"), "is not the id of a waypoint"));
    }
    let state = edited(&live, &designer, &slug, version, &Edit::Order(&waypoints)).await?;
    Ok(etagged(&state, StatusCode::NO_CONTENT.into_response()))
}

/// The place, from 0, that a waypoint's order asks for.
fn place_of(waypoint: &Waypoint) -> Option<usize> {
    usize::try_from(waypoint.body.order).ok().and_then(|order| order.checked_sub(1))
}

async fn one(live: &Live, state: &RouteState, id: &str) -> Result<Waypoint, Problem> {
    let found = if is_slug(id) { live.store.route_waypoints(state, &[id.to_string()]).await?.pop() } else { None };
    found.ok_or_else(unknown_waypoint)
}

fn unknown_waypoint() -> Problem {
    Problem::new(Code::UnknownWaypoint, "The draft has no waypoint of this id.")
}

async fn edited(
    live: &Live,
    designer: &Designer,
    slug: &str,
    version: Option<Version>,
    edit: &Edit<'_>,
) -> Result<RouteState, Problem> {
    answers::known(live, slug).await?;
    let edited = live.store.edit_draft(slug, version, edit, &designer.who(), live.ambient.now_ms()).await?;
    match edited {
        Ok(state) => Ok(state),
        Err(refusal) => Err(answers::not_edited(live, version, refusal).await),
    }
}

async fn changed(
    live: &Live,
    designer: &Designer,
    slug: &str,
    version: Option<Version>,
    waypoint: &Waypoint,
    crs: Crs,
) -> Result<Response, Problem> {
    let edit = Edit::Change(waypoint, place_of(waypoint));
    let state = edited(live, designer, slug, version, &edit).await?;
    answered(live, &state, &waypoint.id, crs, StatusCode::OK).await
}

async fn answered(
    live: &Live,
    state: &RouteState,
    id: &str,
    crs: Crs,
    status: StatusCode,
) -> Result<Response, Problem> {
    let waypoint = one(live, state, id).await?;
    let value: Value = serde_json::to_value(DraftWaypoint::new(waypoint, crs)).map_err(|_| Problem::internal())?;
    Ok(etagged(state, (status, axum::Json(value)).into_response()))
}
