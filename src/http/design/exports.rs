//! `/v1/design/routes/{route}/export` and `/v1/design/templates/…`: files out, for the tools that designers use.

use super::answers::{self, etagged};
use crate::design::export;
use crate::design::publish::State;
use crate::formats::Format;
use crate::http::openapi::params::ExportParams;
use crate::http::problem::{Code, Problem};
use crate::http::request::{NoQuery, Query};
use crate::http::staff::Designer;
use crate::http::state::Live;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

static LOSS: HeaderName = HeaderName::from_static("x-export-loss");

/// A state of a route as a file, in WGS 84. What the format cannot hold is listed in `x-export-loss` headers.
#[utoipa::path(get, path = "/v1/design/routes/{route}/export", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    ExportParams,
), responses(
    (status = 200, description = "The file", content(
        (super::super::openapi::FeatureCollection = "application/geo+json"), (String = "application/gpx+xml"), (String = "application/vnd.google-earth.kml+xml"),
        (String = "application/vnd.google-earth.kmz"), (String = "text/csv"), (String = "text/tab-separated-values"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    (status = 404, description = "`unknown-route`, `unknown-revision`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn export(
    live: Live,
    _: Designer,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let format = query.take("format")?.unwrap_or_else(|| "geojson".into());
    let format: Format = format.parse().map_err(|error: String| Problem::parameter("format", error))?;
    let of = answers::which(&mut query, "of", State::Draft)?;
    query.finish()?;
    let state = answers::known(&live, &slug).await?;
    let route = answers::content(&live, &state, of).await?;
    let written = tokio::task::spawn_blocking(move || export::write(&route, format));
    let (bytes, losses) = written.await.map_err(|_| Problem::internal())??;
    let mut response = file(bytes, format, &slug);
    for loss in losses {
        if let Ok(value) = HeaderValue::from_str(&loss) {
            response.headers_mut().append(&LOSS, value);
        }
    }
    Ok(etagged(&state, response))
}

/// An empty table with headings in both languages and an example row, for `csv` or `xlsx`.
#[utoipa::path(get, path = "/v1/design/templates/{format}", tag = "design", security(("key" = ["designer"])), params(
    ("format" = String, Path, example = "xlsx"),
), responses(
    (status = 200, description = "The file", content((String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    (status = 404, description = "`not-found`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn template(_: Live, _: Designer, Path(name): Path<String>, _: NoQuery) -> Result<Response, Problem> {
    let missing = || Problem::new(Code::NotFound, "There are templates for csv and xlsx.");
    let format: Format = name.parse().map_err(|_| missing())?;
    let written = tokio::task::spawn_blocking(move || export::template(format));
    let bytes = written.await.map_err(|_| Problem::internal())??.ok_or_else(missing)?;
    Ok(file(bytes, format, "studyroute-template"))
}

fn file(bytes: Vec<u8>, format: Format, name: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    let disposition = format!("attachment; filename=\"{name}.{format}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    (headers, bytes).into_response()
}
