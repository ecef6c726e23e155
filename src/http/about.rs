//! `/`, `/problems`, `/openapi.json`: what this is and how to ask. The same for everybody, for as long as the process runs.

use super::documents::Document;
use super::pages::Files;
use super::problem;
use crate::domain::rehearsal::Rehearsal;
use crate::domain::route::{Lang, StudyRoute};
use axum::extract::Extension;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// The pages, made once at start.
pub struct Pages {
    home_html: Document,
    home_json: Document,
    problems: Document,
    openapi: Document,
}

/// The words of the pages, which `web` has.
#[derive(Clone, Copy)]
pub struct PageTexts {
    /// What this is and where to go.
    pub home: &'static str,
    /// Makes the page of problem codes from a list of `{code, status, title}`.
    pub problems: fn(&Value) -> String,
    /// Makes the report of a rehearsal.
    pub rehearsal: fn(&StudyRoute, &Rehearsal, Lang) -> String,
}

const HTML: &str = "text/html; charset=utf-8";

impl Pages {
    /// Makes the pages around an OpenAPI document.
    #[must_use]
    pub fn new(openapi: &Value, texts: &PageTexts) -> Self {
        let home = json!({
            "name": "studyroute",
            "version": env!("CARGO_PKG_VERSION"),
            "about": "Location-based AR study routes: what is near, check-ins, participant counts",
            "links": {"routes": "/v1/routes", "nearby": "/v1/nearby?lat=35.5967&lon=116.9842", "counts": "/v1/counts",
                "docs": "/docs", "openapi": "/openapi.json", "problems": "/problems", "health": "/readyz"},
        });
        Self {
            home_html: Document::new(texts.home.as_bytes().to_vec(), HTML, ""),
            home_json: Document::new(home.to_string().into_bytes(), "application/json", "en"),
            problems: Document::new((texts.problems)(&problem::table()).into_bytes(), HTML, "en"),
            openapi: Document::new(openapi.to_string().into_bytes(), "application/json", "en"),
        }
    }
}

/// What this is and where to go: a page for browsers, JSON for others.
#[utoipa::path(get, path = "/", tag = "about", responses((status = 200, description = "A page, or JSON", content(
    (String = "text/html"), (serde_json::Value = "application/json")))))]
pub async fn home(
    Extension(pages): Extension<Arc<Pages>>,
    Extension(files): Extension<Arc<Files>>,
    headers: HeaderMap,
) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !accept.contains("text/html") {
        return pages.home_json.respond(&headers);
    }
    files.home(&headers).unwrap_or_else(|| page(&pages.home_html, &headers))
}

/// All problem codes, for people.
#[utoipa::path(get, path = "/problems", tag = "about", responses((status = 200, description = "A page", content((String = "text/html")))))]
pub async fn problems(Extension(pages): Extension<Arc<Pages>>, headers: HeaderMap) -> Response {
    page(&pages.problems, &headers)
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "about", responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub async fn openapi(Extension(pages): Extension<Arc<Pages>>, headers: HeaderMap) -> Response {
    pages.openapi.respond(&headers)
}

/// Pages carry their own style and nothing else.
fn page(document: &Document, headers: &HeaderMap) -> Response {
    let mut response = document.respond(headers);
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ),
    );
    response
}
