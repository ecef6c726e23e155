//! `/v1/design/routes/{route}/…`: looking at a draft before it is published (diff, lint), publishing it now or at a time, taking a
//! route back, and its history. A publication is served before its call returns.

use super::answers::{self, etagged};
use super::precondition::seen;
use super::wire::ScheduleInfo;
use crate::design::publish::{self, ACKNOWLEDGED_MAX, Checked, NOTE_MAX, State};
use crate::domain::diff::{self, Diff};
use crate::domain::lint::Finding;
use crate::domain::time;
use crate::http::openapi::params::{DiffParams, LintParams, MatchParams, PageParams};
use crate::http::problem::{Code, Problem};
use crate::http::request::{Json, NoQuery, Page, Query, likes_better};
use crate::http::staff::Designer;
use crate::http::state::Live;
use crate::store::{NewSchedule, Publication, PublishOutcome, RouteState};
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Why, and which warnings are known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {
    /// Why, for the history.
    #[serde(default)]
    note: String,
    /// Names of the lint rules whose warnings are known and accepted.
    #[serde(default)]
    acknowledge: Vec<String>,
}

/// When, why, and which warnings are known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRequest {
    /// When to publish, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// Why, for the history.
    #[serde(default)]
    note: String,
    /// Names of the lint rules whose warnings are known and accepted.
    #[serde(default)]
    acknowledge: Vec<String>,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRequest {
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// Which revision, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreRequest {
    /// The revision to bring back.
    revision: i64,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// What came of a publication.
#[derive(Serialize, ToSchema)]
pub struct Released {
    /// The study route.
    route: String,
    /// Its revision now.
    revision: i64,
    /// Waypoints added, changed or withdrawn.
    changed: usize,
    /// Whether a new revision was made; false when nothing differs.
    published: bool,
    /// The number of the content that is served now.
    generation: i64,
}

/// What the lint says of a draft.
#[derive(Serialize, ToSchema)]
pub struct LintReport {
    /// The state that was looked at, as an ETag.
    etag: String,
    /// Mistakes, which block a publication.
    errors: usize,
    /// Warnings in all.
    warnings: usize,
    /// Warnings that what is published does not have, by rule: send these names as `acknowledge`, or mend them.
    to_acknowledge: BTreeMap<&'static str, usize>,
    /// All of them, mistakes first.
    #[schema(value_type = Vec<LintFinding>)]
    findings: Vec<Finding>,
}

/// One thing to mend or to think about.
#[derive(Serialize, ToSchema)]
pub struct LintFinding {
    /// The rule's stable name.
    rule: String,
    /// `error` or `warning`.
    level: String,
    /// The waypoint; null for the route as a whole.
    waypoint: Option<String>,
    /// Where, in words.
    feature: String,
    /// Which property, such as `facts[1].source`.
    property: String,
    /// What is wrong and what to do.
    message: String,
}

/// One revision of a route.
#[derive(Serialize, ToSchema)]
pub struct RevisionInfo {
    revision: i64,
    #[schema(format = DateTime)]
    published_at: String,
    /// `import`, `publish`, `restore` or `withdraw`.
    kind: String,
    /// Why.
    note: String,
    /// Who.
    author: String,
    /// The revision that it brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    restored_revision: Option<i64>,
    waypoints: i64,
}

/// A page of a route's history, newest first.
#[derive(Serialize, ToSchema)]
pub struct RevisionList {
    items: Vec<RevisionInfo>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What differs between two states of a route: by default between what is published and the draft.
///
/// `Accept: text/plain` gives the same in words.
#[utoipa::path(get, path = "/v1/design/routes/{route}/diff", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    DiffParams,
), responses(
    (status = 200, description = "Waypoint by waypoint, field by field", content((Diff = "application/json"), (String = "text/plain"))),
    (status = 404, description = "`unknown-route`, `unknown-revision`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn diff(
    live: Live,
    _: Designer,
    Path(slug): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let from = answers::which(&mut query, "from", State::Published)?;
    let to = answers::which(&mut query, "to", State::Draft)?;
    let lang = query.lang(&headers)?;
    query.finish()?;
    let state = answers::known(&live, &slug).await?;
    let old = content_or_empty(&live, &state, from).await?;
    let new = content_or_empty(&live, &state, to).await?;
    let diff = tokio::task::spawn_blocking(move || diff::between(&old, &new));
    let diff = diff.await.map_err(|_| Problem::internal())?;
    let mut response = if likes_better(&headers, "text/plain") {
        (
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CONTENT_LANGUAGE, lang.tag())],
            diff.to_text(lang),
        )
            .into_response()
    } else {
        axum::Json(diff).into_response()
    };
    response.headers_mut().insert(header::VARY, header::HeaderValue::from_static("accept, accept-language"));
    Ok(etagged(&state, response))
}

/// A state of a route; what was never published, or is taken back, has nothing in it.
async fn content_or_empty(
    live: &Live,
    state: &RouteState,
    which: State,
) -> Result<crate::domain::route::StudyRoute, Problem> {
    if let State::Revision(_) = which {
        return answers::content(live, state, which).await;
    }
    let content = publish::content(&live.store, state, which).await?;
    Ok(content.unwrap_or_else(|| crate::store::Head::default().with(&state.slug, Vec::new())))
}

/// What is wrong with a draft, and what could be better.
#[utoipa::path(get, path = "/v1/design/routes/{route}/lint", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    LintParams,
), responses(
    (status = 200, description = "Everything that was found", body = LintReport),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn lint(
    live: Live,
    _: Designer,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let hour = query.whole("planned_hour", 0..=23)?.and_then(|hour| u8::try_from(hour).ok());
    query.finish()?;
    let state = answers::known(&live, &slug).await?;
    let checked = publish::check(&live.store, &state, hour).await?;
    let errors = checked.errors();
    let Checked { version, mut findings, to_acknowledge } = checked;
    let warnings = findings.len() - errors;
    findings.sort_by_key(|finding| finding.rule.level() != crate::domain::lint::Level::Error);
    let report = LintReport { etag: format!("\"{version}\""), errors, warnings, to_acknowledge, findings };
    Ok(etagged(&state, axum::Json(report).into_response()))
}

/// Publishes a route's draft. Visitors get it from the next answer on.
#[utoipa::path(post, path = "/v1/design/routes/{route}/publish", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    MatchParams,
), request_body = PublishRequest, responses(
    (status = 200, description = "It is served", body = Released),
    (status = 404, description = "`unknown-route`, `no-draft`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`lint-errors`, `lint-warnings`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn publish(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    headers: HeaderMap,
    _: NoQuery,
    Json(PublishRequest { note, acknowledge }): Json<PublishRequest>,
) -> Result<Response, Problem> {
    let version = seen(&headers, false)?;
    answers::known(&live, &slug).await?;
    let publication = publication(&live, &designer, note)?;
    check_acknowledged(&acknowledge)?;
    let outcome = publish::publish(&live.store, &slug, version, &acknowledge, &publication).await;
    match outcome {
        Ok(outcome) => released(&live, outcome).await,
        Err(error) => Err(answers::not_published(&live, version, error).await),
    }
}

/// Brings an old revision back as a new one. A draft, if there is one, stays.
#[utoipa::path(post, path = "/v1/design/routes/{route}/restore", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
), request_body = RestoreRequest, responses(
    (status = 200, description = "It is served", body = Released),
    (status = 404, description = "`unknown-route`, `unknown-revision`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn restore(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    _: NoQuery,
    Json(RestoreRequest { revision, note }): Json<RestoreRequest>,
) -> Result<Response, Problem> {
    answers::known(&live, &slug).await?;
    let publication = publication(&live, &designer, note)?;
    match publish::restore(&live.store, &slug, revision, &publication).await {
        Ok(outcome) => released(&live, outcome).await,
        Err(error) => Err(answers::not_published(&live, None, error).await),
    }
}

/// Takes a route back: visitors no longer get it, its check-ins and counts stay, and what it held becomes its draft.
#[utoipa::path(post, path = "/v1/design/routes/{route}/unpublish", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
), request_body = NoteRequest, responses(
    (status = 200, description = "It is no longer served", body = Released),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`not-published`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn unpublish(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    _: NoQuery,
    Json(NoteRequest { note }): Json<NoteRequest>,
) -> Result<Response, Problem> {
    answers::known(&live, &slug).await?;
    let publication = publication(&live, &designer, note)?;
    match publish::withdraw(&live.store, &slug, &publication).await {
        Ok(outcome) => released(&live, outcome).await,
        Err(error) => Err(answers::not_published(&live, None, error).await),
    }
}

/// Sets the time at which a draft is to be published. It stands still until then.
#[utoipa::path(put, path = "/v1/design/routes/{route}/schedule", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    MatchParams,
), request_body = ScheduleRequest, responses(
    (status = 200, description = "It is set", body = ScheduleInfo),
    (status = 404, description = "`unknown-route`, `no-draft`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`lint-errors`, `lint-warnings`, `invalid-time`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn schedule(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    headers: HeaderMap,
    _: NoQuery,
    Json(ScheduleRequest { at, note, acknowledge }): Json<ScheduleRequest>,
) -> Result<Response, Problem> {
    let version = seen(&headers, false)?;
    answers::known(&live, &slug).await?;
    let at_ms = time::parse_rfc3339(&at)
        .ok_or_else(|| Problem::member("/at", "must be a time with its zone, such as 2026-05-01T06:00:00+08:00"))?;
    let Publication { who, note, now_ms } = publication(&live, &designer, note)?;
    check_acknowledged(&acknowledge)?;
    let new = NewSchedule { at_ms, note, acknowledged: acknowledge };
    if let Err(error) = publish::schedule(&live.store, &slug, version, &new, &who, now_ms).await {
        return Err(answers::not_published(&live, version, error).await);
    }
    let state = answers::known(&live, &slug).await?;
    let info = state.schedule.as_ref().map(ScheduleInfo::new).ok_or_else(Problem::internal)?;
    Ok(etagged(&state, axum::Json(info).into_response()))
}

/// Takes the time of a publication back; the draft may be changed again.
#[utoipa::path(delete, path = "/v1/design/routes/{route}/schedule", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
), responses(
    (status = 204, description = "There is none any more"),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn unschedule(
    live: Live,
    designer: Designer,
    Path(slug): Path<String>,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    if answers::known(&live, &slug).await?.schedule.is_some() {
        let taken = live.store.schedule(&slug, None, None, &designer.who(), live.ambient.now_ms()).await?;
        if let Err(refusal) = taken {
            return Err(answers::not_edited(&live, None, refusal).await);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A route's history, newest first: who published what, when and why.
#[utoipa::path(get, path = "/v1/design/routes/{route}/revisions", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    PageParams,
), responses(
    (status = 200, description = "A page of revisions", body = RevisionList),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn revisions(
    live: Live,
    _: Designer,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let page = query.page()?;
    query.finish()?;
    let state = answers::known(&live, &slug).await?;
    // The cursor is the last revision that was shown.
    let before = if page.after == 0 { i64::MAX } else { page.after };
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let mut found = live.store.revisions(&slug, before, limit + 1).await?;
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    let next = found.last().filter(|_| more).map(|last| Page::cursor(last.revision));
    let items = found.into_iter().map(|one| RevisionInfo {
        revision: one.revision,
        published_at: time::rfc3339(one.published_ms),
        kind: one.kind,
        note: one.note,
        author: one.author,
        restored_revision: one.restored_revision,
        waypoints: one.waypoints,
    });
    Ok(etagged(&state, axum::Json(RevisionList { items: items.collect(), next }).into_response()))
}

fn publication(live: &Live, designer: &Designer, note: String) -> Result<Publication, Problem> {
    if note.chars().count() > NOTE_MAX {
        return Err(Problem::member("/note", format!("is longer than {NOTE_MAX} characters; say it shorter")));
    }
    // PostgreSQL keeps it in no text
    if note.contains('\0') {
        return Err(Problem::member("/note", "has the character U+0000; take it out"));
    }
    Ok(Publication { who: designer.who(), note, now_ms: live.ambient.now_ms() })
}

fn check_acknowledged(names: &[String]) -> Result<(), Problem> {
    if names.len() > ACKNOWLEDGED_MAX {
        return Err(Problem::member("/acknowledge", "has more names than there are rules"));
    }
    let unknown = names.iter().position(|name| !publish::is_rule(name));
    match unknown {
        None => Ok(()),
        Some(i) => {
            Err(Problem::member(&format!("/acknowledge/{i}"), "is not the name of a warning; the lint lists them"))
        }
    }
}

/// Serves what was published, then answers.
async fn released(live: &Live, outcome: PublishOutcome) -> Result<Response, Problem> {
    if outcome.published {
        // It is published all the same; the refresher's own look brings it when this one fails.
        live.refresher.refresh().await.map_err(|error| {
            tracing::error!(error = error.with_causes(), "published, but not yet served");
            Problem::new(
                Code::NotReady,
                "It is published, but this node does not serve it yet; it will within seconds.",
            )
        })?;
    }
    let PublishOutcome { slug, revision, changed, published, generation } = outcome;
    Ok(axum::Json(Released { route: slug, revision, changed, published, generation }).into_response())
}
