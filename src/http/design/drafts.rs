//! `/v1/design/routes…/draft`: what a route will become, as a whole. A route without a draft shows its published state; the first
//! change begins one.

use super::answers::{self, etagged};
use super::precondition::{seen, stale};
use super::wire::{Draft, DraftRequest, INLINE_MAX, RouteStatus, Written};
use crate::domain::crs::Crs;
use crate::domain::lint::is_slug;
use crate::http::openapi::params::{CrsParams, MatchParams, PageParams};
use crate::http::problem::{Code, Problem};
use crate::http::request::{Json, NoQuery, Page, Query};
use crate::http::staff::Designer;
use crate::http::state::Live;
use crate::http::strict::Unique;
use crate::store::{Edit, Head, RouteState, Version};
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::HashSet;
use utoipa::ToSchema;

/// A route in the list of those that somebody may edit.
#[derive(Serialize, ToSchema)]
pub struct DesignRoute {
    /// Name in addresses.
    id: String,
    #[serde(flatten)]
    status: RouteStatus,
    title: crate::domain::route::Text,
    /// Address of its draft.
    draft_href: String,
}

/// A page of routes.
#[derive(Serialize, ToSchema)]
pub struct DesignRouteList {
    items: Vec<DesignRoute>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The study routes that the key may edit, published or not.
#[utoipa::path(get, path = "/v1/design/routes", tag = "design", security(("key" = ["designer"])), params(PageParams), responses(
    (status = 200, description = "A page of routes", body = DesignRouteList),
))]
pub async fn list(live: Live, designer: Designer, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let page = query.page()?;
    query.finish()?;
    let slugs: Vec<String> = live.store.route_slugs().await?.into_iter().filter(|slug| designer.edits(slug)).collect();
    let start = usize::try_from(page.after).unwrap_or(usize::MAX).min(slugs.len());
    let end = start.saturating_add(page.limit).min(slugs.len());
    let mut items = Vec::with_capacity(end - start);
    for slug in &slugs[start..end] {
        if let Some(state) = live.store.route_state(slug).await? {
            let (status, title) = (RouteStatus::new(&state), state.next_head().title.clone());
            let draft_href = format!("/v1/design/routes/{slug}/draft");
            items.push(DesignRoute { id: state.slug, status, title, draft_href });
        }
    }
    let next = (end < slugs.len()).then(|| Page::cursor(i64::try_from(end).unwrap_or(i64::MAX)));
    Ok(axum::Json(DesignRouteList { items, next }).into_response())
}

/// A route's draft, or what is published where there is none.
#[utoipa::path(get, path = "/v1/design/routes/{route}/draft", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    CrsParams,
), responses(
    (status = 200, description = "The draft", body = Draft, headers(("etag" = String))),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    live: Live,
    _: Designer,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let crs = only_crs(query.as_deref())?;
    let state = answers::known(&live, &slug).await?;
    shown(&live, &state, crs, StatusCode::OK).await
}

/// Replaces a route's draft as a whole: title, summary, line and all waypoints in their order.
///
/// `If-None-Match: *` makes a route that was not there.
#[utoipa::path(put, path = "/v1/design/routes/{route}/draft", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    CrsParams,
    MatchParams,
), request_body = DraftRequest, responses(
    (status = 200, description = "The draft as it is now", body = Draft, headers(("etag" = String))),
    (status = 201, description = "A new route's draft", body = Draft, headers(("etag" = String))),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 428, description = "`precondition-required`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn put(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Json(body): Json<Unique>,
) -> Result<Response, Problem> {
    check_slug(&slug)?;
    let (crs, version) = (only_crs(query.as_deref())?, seen(&headers, true)?);
    let written = Written::read(body, crs)?;
    if written.waypoints.is_none() {
        // A long draft is shown without them: sent back as it came, it must not become an empty one.
        let what = "is missing; send every waypoint, or [] for none, or use PATCH to change the rest";
        return Err(Problem::member("/waypoints", what));
    }
    if version.is_none() {
        answers::known(&live, &slug).await?;
    }
    let head = written.head_on(&Head::default(), crs)?;
    change(&live, &designer, &slug, version, Some(head), written).await
}

/// Changes title, summary or line of a route's draft (RFC 7396); `waypoints`, if sent, replaces all of them.
#[utoipa::path(patch, path = "/v1/design/routes/{route}/draft", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    CrsParams,
    MatchParams,
), request_body(content = Object, content_type = "application/merge-patch+json", example = json!({"title": {"en": "People's Canal"}})), responses(
    (status = 200, description = "The draft as it is now", body = Draft, headers(("etag" = String))),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 428, description = "`precondition-required`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn patch(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Json(body): Json<Unique>,
) -> Result<Response, Problem> {
    let (crs, version) = (only_crs(query.as_deref())?, seen(&headers, true)?);
    let written = Written::read(body, crs)?;
    let state = answers::known(&live, &slug).await?;
    if let Some(seen) = version.filter(|seen| *seen != state.version()) {
        return Err(stale(&live, Some(seen), &state).await);
    }
    let head = (!written.head.is_empty()).then(|| written.head_on(state.next_head(), crs)).transpose()?;
    change(&live, &designer, &slug, Some(state.version()), head, written).await
}

/// Drops a route's draft: what is published stays, and the next change begins from that.
#[utoipa::path(delete, path = "/v1/design/routes/{route}/draft", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    MatchParams,
), responses(
    (status = 204, description = "It is gone"),
    (status = 404, description = "`unknown-route`, `no-draft`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 428, description = "`precondition-required`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn drop(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    headers: HeaderMap,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    let version = seen(&headers, true)?;
    let state = answers::known(&live, &slug).await?;
    if state.draft.is_none() {
        return Err(Problem::new(Code::NoDraft, "There is no draft to drop; the route stands as it is published."));
    }
    let dropped = live.store.drop_draft(&slug, version, &designer.who(), live.ambient.now_ms()).await?;
    match dropped {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(refusal) => Err(answers::not_edited(&live, version, refusal).await),
    }
}

/// Only `crs` is asked.
pub fn only_crs(query: Option<&str>) -> Result<Crs, Problem> {
    let mut query = Query::parse(query);
    let crs = query.crs()?;
    query.finish()?;
    Ok(crs)
}

fn check_slug(slug: &str) -> Result<(), Problem> {
    if is_slug(slug) {
        return Ok(());
    }
    let detail =
        "A route's name is at most 64 lower-case letters a–z, digits and single hyphens, such as peoples-canal.";
    Err(Problem::new(Code::UnknownRoute, detail))
}

/// Writes a head, or all waypoints, or both, and answers in the reference system that they were written in.
async fn change(
    live: &Live,
    designer: &Designer,
    slug: &str,
    version: Option<Version>,
    head: Option<Head>,
    written: Written,
) -> Result<Response, Problem> {
    let now_ms = live.ambient.now_ms();
    let new = version == Some(Version::Nothing);
    let mut content = None;
    if let Some(waypoints) = written.waypoints {
        let mut ids = HashSet::new();
        if let Some((i, twice)) = waypoints.iter().enumerate().find(|(_, waypoint)| !ids.insert(waypoint.id.as_str())) {
            let what = format!("\"{}\" stands twice; every waypoint needs its own id", twice.id);
            return Err(Problem::member(&format!("/waypoints/{i}/id"), what));
        }
        let filled = live.store.begin_content(now_ms).await?;
        let placed: Vec<_> = waypoints.into_iter().enumerate().collect();
        live.store.put_content(filled, &placed).await?;
        content = Some(filled);
    }
    let edit = match (content, &head) {
        (Some(content), head) => Edit::Adopt(content, head.as_ref()),
        (None, Some(head)) => Edit::Head(head),
        (None, None) => return Err(Problem::member("", "changes nothing; send title, summary, line or waypoints")),
    };
    match live.store.edit_draft(slug, version, &edit, &designer.who(), now_ms).await? {
        Ok(state) => shown(live, &state, written.crs, if new { StatusCode::CREATED } else { StatusCode::OK }).await,
        Err(refusal) => {
            if let Some(content) = content {
                live.store.drop_content(content).await?;
            }
            Err(answers::not_edited(live, version, refusal).await)
        }
    }
}

async fn shown(live: &Live, state: &RouteState, crs: Crs, status: StatusCode) -> Result<Response, Problem> {
    let limit = i64::try_from(INLINE_MAX + 1).unwrap_or(i64::MAX);
    let waypoints = live.store.route_page(state, 0, limit).await?;
    let draft = if waypoints.len() > INLINE_MAX {
        Draft::new(state, live.store.route_len(state).await?, None, crs)
    } else {
        Draft::new(state, waypoints.len(), Some(waypoints), crs)
    };
    Ok(etagged(state, (status, axum::Json(draft)).into_response()))
}
