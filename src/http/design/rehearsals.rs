//! `POST /v1/design/routes/{route}/rehearse`: simulated walkers on a draft, as JSON or as a page to read and print.

use super::answers::{self, etagged};
use crate::design::publish::State;
use crate::domain::rehearsal::{self, Plan, Rehearsal, Setting};
use crate::http::about::PageTexts;
use crate::http::openapi::params::RehearseParams;
use crate::http::problem::{Code, Problem};
use crate::http::request::{Json, Query, likes_better};
use crate::http::staff::Designer;
use crate::http::state::Live;
use axum::extract::{Extension, Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Who walks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RehearseRequest {
    /// How many, 1 to 10,000.
    walkers: u32,
    /// The same seed gives the same rehearsal.
    seed: u64,
    /// Walkers of one class; they wait for each other.
    group_size: u32,
    /// What the sky is like at stops, by waypoint id, where you know better than what is derived.
    settings: BTreeMap<String, Setting>,
}

impl Default for RehearseRequest {
    fn default() -> Self {
        Self { walkers: 200, seed: 1, group_size: 40, settings: BTreeMap::new() }
    }
}

/// Sends simulated walkers with phones like real ones along a state of a route, and says who would check in where.
///
/// `Accept: text/html` gives a page with a map.
#[utoipa::path(post, path = "/v1/design/routes/{route}/rehearse", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    RehearseParams,
), request_body = RehearseRequest, responses(
    (status = 200, description = "Stop by stop", content((Rehearsal = "application/json"), (String = "text/html"))),
    (status = 404, description = "`unknown-route`, `unknown-revision`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`cannot-rehearse`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create(
    live: Live,
    _: Designer,
    Extension(pages): Extension<PageTexts>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Json(asked): Json<RehearseRequest>,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let of = answers::which(&mut query, "of", State::Draft)?;
    let lang = query.lang(&headers)?;
    query.finish()?;
    let state = answers::known(&live, &slug).await?;
    let route = answers::content(&live, &state, of).await?;
    let RehearseRequest { walkers, seed, group_size, settings } = asked;
    let plan = Plan { walkers, seed, group_size: group_size.min(walkers.max(1)), settings };
    let as_page = likes_better(&headers, "text/html");
    let walked = tokio::task::spawn_blocking(move || {
        let rehearsal = rehearsal::rehearse(&route, &plan)?;
        let page = as_page.then(|| (pages.rehearsal)(&route, &rehearsal, lang));
        Ok((rehearsal, page))
    });
    let walked: Result<(Rehearsal, Option<String>), rehearsal::Unfit> =
        walked.await.map_err(|_| Problem::internal())?;
    let (rehearsal, page) = walked.map_err(|unfit| Problem::new(Code::CannotRehearse, format!("{unfit}.")))?;
    let mut response = match page {
        Some(page) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
            let typed = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, policy),
                (header::CONTENT_LANGUAGE, lang.tag()),
            ];
            (typed, page).into_response()
        }
        None => axum::Json(rehearsal).into_response(),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
    Ok(etagged(&state, response))
}
