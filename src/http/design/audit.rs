//! `/v1/design/audit` and its CSV: who did what, and who tried to, newest first.

use super::Refusals;
use crate::domain::lint::is_slug;
use crate::domain::time;
use crate::http::openapi::params::{AuditParams, PageParams};
use crate::http::problem::Problem;
use crate::http::request::{Page, Query};
use crate::http::sheet::{Sheet, download};
use crate::http::staff::Admin;
use crate::http::state::Live;
use crate::store::{DeedFilter, Store, StoreError, StoredDeed};
use axum::body::Body;
use axum::extract::{Extension, RawQuery};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Deeds read from the store at a time for the CSV, so that a log of any length takes little memory.
const CSV_PAGE: usize = 1_000;

/// One thing that was done, or refused.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"entry": 12, "at": "2026-05-01T02:00:00.000Z", "who": "Ms Kong",
    "key_id": "7f9c24e8-3b12-4fa0-9c1e-5b6d2f4a8e01", "role": "admin", "action": "key revoke",
    "subject": "0b6d2f4a-3b12-4fa0-9c1e-7f9c24e85b6d", "outcome": "done", "detail": "designer Mr Meng",
    "request_id": "4f1a0c9be2d37586"}))]
pub struct AuditEntry {
    /// Its number; later deeds have greater ones.
    entry: i64,
    #[schema(format = DateTime)]
    at: String,
    /// The holder of the key, `command line`, or `unknown key`.
    who: String,
    /// The key that was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// What; of a refused request its method and template.
    action: String,
    /// The study route.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    /// What it was done to.
    subject: String,
    /// The revision that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// The version of the draft that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    draft_version: Option<i64>,
    /// `done`, or the code of the problem it was refused with.
    outcome: String,
    detail: String,
    /// The request, as the access log names it.
    request_id: String,
}

/// A page of the audit log, newest first.
#[derive(Serialize, ToSchema)]
pub struct AuditList {
    items: Vec<AuditEntry>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl AuditEntry {
    fn new(StoredDeed { entry, deed }: StoredDeed) -> Self {
        Self {
            entry,
            at: time::rfc3339(deed.at_ms),
            who: deed.who.name,
            key_id: deed.who.key_id,
            role: deed.who.role.map(crate::store::Role::as_str),
            action: deed.action,
            route: deed.route,
            subject: deed.subject,
            revision: deed.revision,
            draft_version: deed.draft_version,
            outcome: deed.outcome,
            detail: deed.detail,
            request_id: deed.who.request_id,
        }
    }

    const COLUMNS: [&'static str; 13] = [
        "entry",
        "at",
        "who",
        "key_id",
        "role",
        "action",
        "route",
        "subject",
        "revision",
        "draft_version",
        "outcome",
        "detail",
        "request_id",
    ];

    fn cells(self) -> [String; 13] {
        let number = |number: Option<i64>| number.map(|n| n.to_string()).unwrap_or_default();
        [
            self.entry.to_string(),
            self.at,
            self.who,
            self.key_id.map(|id| id.to_string()).unwrap_or_default(),
            self.role.unwrap_or_default().to_string(),
            self.action,
            self.route.unwrap_or_default(),
            self.subject,
            number(self.revision),
            number(self.draft_version),
            self.outcome,
            self.detail,
            self.request_id,
        ]
    }
}

/// Who did what, newest first; also what was refused.
#[utoipa::path(get, path = "/v1/design/audit", tag = "design", security(("key" = ["admin"])),
    params(AuditParams, PageParams), responses((status = 200, description = "A page of deeds", body = AuditList)))]
pub async fn list(
    live: Live,
    _: Admin,
    Extension(refusals): Extension<Arc<Refusals>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let Page { limit, after } = query.page()?;
    let filter = DeedFilter { after: (after > 0).then_some(after), ..read_filter(&mut query)? };
    query.finish()?;
    refusals.settle(&live).await;
    // One more than asked for tells whether there is a next page.
    let mut deeds = live.store.deeds(&filter, limit + 1).await?;
    let more = deeds.len() > limit;
    deeds.truncate(limit);
    let next = deeds.last().filter(|_| more).map(|last| Page::cursor(last.entry));
    let items = deeds.into_iter().map(AuditEntry::new).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(AuditList { items, next })).into_response())
}

/// The same as CSV, all of it: UTF-8 with BOM, so that Excel reads it.
#[utoipa::path(get, path = "/v1/design/audit.csv", tag = "design", security(("key" = ["admin"])), params(AuditParams),
    responses((status = 200, description = "One line per deed", body = String, content_type = "text/csv")))]
pub async fn csv(
    live: Live,
    _: Admin,
    Extension(refusals): Extension<Arc<Refusals>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let filter = read_filter(&mut query)?;
    query.finish()?;
    refusals.settle(&live).await;
    let mut sheet = Sheet::new();
    sheet.line(AuditEntry::COLUMNS.map(String::from));
    // The first page before the head is sent, so that a database that does not answer is told in words.
    let first = write_page(&live.store, filter, sheet).await?;
    let store = live.store.clone();
    let pages = try_unfold(Some(first), move |page| {
        let store = store.clone();
        async move {
            let Some((text, rest)) = page else { return Ok::<_, StoreError>(None) };
            let next = match rest {
                Some(filter) => Some(write_page(&store, filter, Sheet::more()).await?),
                None => None,
            };
            Ok(Some((text, next)))
        }
    });
    Ok(download("audit.csv", Body::from_stream(pages)))
}

/// A page of lines, and what to ask for the next one.
async fn write_page(
    store: &Store,
    filter: DeedFilter,
    mut sheet: Sheet,
) -> Result<(String, Option<DeedFilter>), StoreError> {
    let deeds = store.deeds(&filter, CSV_PAGE).await?;
    let last = deeds.last().filter(|_| deeds.len() == CSV_PAGE).map(|last| last.entry);
    for deed in deeds {
        sheet.line(AuditEntry::new(deed).cells());
    }
    let rest = last.map(|entry| DeedFilter { after: Some(entry), ..filter });
    Ok((sheet.into_text(), rest))
}

fn read_filter(query: &mut Query) -> Result<DeedFilter, Problem> {
    let route = query.take("route")?;
    if route.as_deref().is_some_and(|slug| !is_slug(slug)) {
        return Err(Problem::parameter("route", "is not the name of a study route"));
    }
    let (from, to) = (query.day("from")?, query.day("to")?);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Problem::parameter("from", "is after to; swap them"));
    }
    Ok(DeedFilter {
        route,
        who: query.take("who")?,
        since_ms: from.map(time::day_begins_ms),
        until_ms: to.map(|day| time::day_begins_ms(day.saturating_add(1))),
        outcome: query.take("outcome")?,
        after: None,
    })
}
