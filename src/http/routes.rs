//! `/v1/routes…`: the published content, the same for every visitor.

use super::documents::{self, Document};
use super::openapi::params::{ContentParams, KnownParams, PageParams};
use super::problem::{Code, Problem};
use super::request::{Form, Page, Query, accepted_form};
use super::state::Live;
use super::wire::{self, WaypointDetail};
use crate::domain::crs::Crs;
use crate::domain::geodesy::LatLon;
use crate::domain::route::Lang;
use crate::domain::time;
use crate::index::{Index, Route, Stop};
use axum::extract::{Path, RawQuery};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;
use tokio::runtime::Handle;
use utoipa::ToSchema;

/// A study route.
#[derive(Serialize, ToSchema)]
pub struct WireRoute<'a> {
    /// Name in addresses.
    #[schema(example = "peoples-canal")]
    id: &'a str,
    title: &'a str,
    /// What one learns on it.
    summary: &'a str,
    /// Counts up with every publication.
    revision: i64,
    /// When this revision was published.
    #[schema(format = DateTime)]
    published_at: String,
    /// How many waypoints.
    waypoints: usize,
    /// Along the line, metres.
    length_m: f64,
    /// Themes of its waypoints.
    themes: Vec<&'a str>,
    /// West, south, east, north, degrees, in the answer's reference system.
    bbox: [f64; 4],
    /// The route's own address.
    href: String,
}

/// A study route with its line.
#[derive(Serialize, ToSchema)]
pub struct RouteDetail<'a> {
    #[serde(flatten)]
    route: WireRoute<'a>,
    /// The reference system of all coordinates here.
    crs: &'static str,
    /// The line through the waypoints, as GeoJSON `[longitude, latitude]`.
    line: Line,
    /// Address of the list of waypoints.
    waypoints_href: String,
}

/// A GeoJSON LineString.
#[derive(Serialize, ToSchema)]
pub struct Line {
    #[serde(rename = "type")]
    kind: &'static str,
    coordinates: Vec<[f64; 2]>,
}

/// A page of study routes.
#[derive(Serialize, ToSchema)]
pub struct RouteList<'a> {
    items: Vec<WireRoute<'a>>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A page of waypoints, each as it was written down when its generation was built.
#[derive(Serialize, ToSchema)]
pub struct WaypointList {
    /// The reference system of all coordinates here.
    crs: &'static str,
    #[schema(value_type = Vec<wire::WireWaypoint<'static>>)]
    items: Vec<Box<RawValue>>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What every call here may be asked.
struct Asked {
    crs: Crs,
    lang: Lang,
    form: Form,
    page: Page,
}

impl Asked {
    fn read(query: Option<&str>, headers: &HeaderMap, paged: bool) -> Result<Self, Problem> {
        let mut query = Query::parse(query);
        let crs = query.crs()?;
        let lang = query.lang(headers)?;
        let page = if paged { query.page()? } else { Page { limit: 1, after: 0 } };
        query.finish()?;
        Ok(Self { crs, lang, form: accepted_form(headers), page })
    }

    fn document(
        &self,
        json: &impl Serialize,
        geojson: impl FnOnce() -> serde_json::Value,
    ) -> Result<Document, Problem> {
        match self.form {
            Form::Json => Document::json(json, "application/json", self.lang.tag()),
            Form::GeoJson => Document::json(&geojson(), "application/geo+json", self.lang.tag()),
        }
    }

    /// The page's part of a list, and the cursor for the rest.
    fn cut<'a, T>(&self, all: &'a [T]) -> (&'a [T], Option<String>) {
        let start = usize::try_from(self.page.after).unwrap_or(usize::MAX).min(all.len());
        let end = start.saturating_add(self.page.limit).min(all.len());
        let next = (end < all.len()).then(|| Page::cursor(i64::try_from(end).unwrap_or(i64::MAX)));
        (&all[start..end], next)
    }
}

/// All published study routes.
#[utoipa::path(get, path = "/v1/routes", tag = "visitors", params(
    PageParams,
    ContentParams,
    KnownParams,
), responses(
    (status = 200, description = "A page of routes", content((RouteList = "application/json"), (super::openapi::FeatureCollection = "application/geo+json")),
        headers(("etag" = String), ("vary" = String), ("content-language" = String))),
    (status = 304, description = "The client has it"),
))]
pub async fn list(live: Live, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = Asked::read(query.as_deref(), &headers, true)?;
    let index = live.index();
    live.documents
        .answer(index.generation(), documents::key("/v1/routes", query.as_deref(), &headers), &headers, move || {
            let (routes, next) = asked.cut(index.routes());
            let items: Vec<WireRoute<'_>> = routes.iter().map(|route| wire_route(&index, route, &asked)).collect();
            let lines = || routes.iter().map(|route| line_feature(&index, route, &asked)).collect::<Vec<_>>();
            let features = || features(&lines(), next.as_deref());
            let geojson = (asked.form == Form::GeoJson).then(features).unwrap_or_default();
            asked.document(&RouteList { items, next }, || geojson)
        })
        .await
}

/// One study route.
#[utoipa::path(get, path = "/v1/routes/{route}", tag = "visitors", params(
    ("route" = String, Path, example = "confucius-mencius"),
    ContentParams,
    KnownParams,
), responses(
    (status = 200, description = "The route, or its line as a GeoJSON Feature", content((RouteDetail = "application/json"), (super::openapi::Feature = "application/geo+json")),
        headers(("etag" = String), ("vary" = String), ("content-language" = String))),
    (status = 304, description = "The client has it"),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn one(
    live: Live,
    headers: HeaderMap,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::read(query.as_deref(), &headers, false)?;
    let index = live.index();
    find(&index, &slug)?;
    live.documents
        .answer(
            index.generation(),
            documents::key(&format!("/v1/routes/{slug}"), query.as_deref(), &headers),
            &headers,
            move || {
                let route = find(&index, &slug)?;
                let detail = RouteDetail {
                    route: wire_route(&index, route, &asked),
                    crs: asked.crs.as_str(),
                    line: Line { kind: "LineString", coordinates: line(&index, route, asked.crs) },
                    waypoints_href: format!("/v1/routes/{slug}/waypoints"),
                };
                asked.document(&detail, || line_feature(&index, route, &asked))
            },
        )
        .await
}

/// The waypoints of a study route in visiting order.
#[utoipa::path(get, path = "/v1/routes/{route}/waypoints", tag = "visitors", params(
    ("route" = String, Path, example = "confucius-mencius"),
    PageParams,
    ContentParams,
    KnownParams,
), responses(
    (status = 200, description = "A page of waypoints", content((WaypointList = "application/json"), (super::openapi::FeatureCollection = "application/geo+json")),
        headers(("etag" = String), ("vary" = String), ("content-language" = String))),
    (status = 304, description = "The client has it"),
    (status = 404, description = "`unknown-route`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn waypoints(
    live: Live,
    headers: HeaderMap,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::read(query.as_deref(), &headers, true)?;
    let index = live.index();
    find(&index, &slug)?;
    live.documents
        .answer(
            index.generation(),
            documents::key(&format!("/v1/routes/{slug}/waypoints"), query.as_deref(), &headers),
            &headers,
            move || {
                let (keys, next) = asked.cut(&find(&index, &slug)?.waypoint_keys);
                if asked.form == Form::Json {
                    let items = keys.iter().map(|&key| fragment(&index, key, &asked)).collect::<Result<_, _>>()?;
                    let list = WaypointList { crs: asked.crs.as_str(), items, next };
                    return Document::json(&list, "application/json", asked.lang.tag());
                }
                let points = keys.iter().map(|&key| {
                    let stop = index.by_key(key).ok_or_else(Problem::internal)?;
                    Ok(point_feature(stop, &asked, &fragment(&index, key, &asked)?))
                });
                let points = points.collect::<Result<Vec<_>, Problem>>()?;
                Document::json(&features(&points, next.as_deref()), "application/geo+json", asked.lang.tag())
            },
        )
        .await
}

/// What the index keeps of a waypoint, as it stands.
fn fragment(index: &Index, key: i64, asked: &Asked) -> Result<Box<RawValue>, Problem> {
    let mut json = Vec::new();
    wire::put_fragment(index.fragment_by_key(key, asked.lang).unwrap_or_default(), asked.crs, &mut json);
    String::from_utf8(json).ok().and_then(|json| RawValue::from_string(json).ok()).ok_or_else(Problem::internal)
}

/// One waypoint with everything there is to read, its questions without their keys.
#[utoipa::path(get, path = "/v1/routes/{route}/waypoints/{waypoint}", tag = "visitors", params(
    ("route" = String, Path, example = "confucius-mencius"),
    ("waypoint" = String, Path, example = "dacheng-hall"),
    ContentParams,
    KnownParams,
), responses(
    (status = 200, description = "The waypoint, or the same as a GeoJSON Feature", content((WaypointDetail = "application/json"), (super::openapi::Feature = "application/geo+json")),
        headers(("etag" = String), ("vary" = String), ("content-language" = String))),
    (status = 304, description = "The client has it"),
    (status = 404, description = "`unknown-route`, `unknown-waypoint`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn waypoint(
    live: Live,
    headers: HeaderMap,
    Path((route, waypoint)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::read(query.as_deref(), &headers, false)?;
    let index = live.index();
    find(&index, &route)?;
    let name = format!("{route}/{waypoint}");
    let unknown = || {
        let detail = format!("Study route {route} has no such waypoint; GET /v1/routes/{route}/waypoints lists them.");
        Problem::new(Code::UnknownWaypoint, detail)
    };
    if index.waypoint(&name).is_none() {
        return Err(unknown());
    }
    let (store, runtime) = (live.store.clone(), Handle::current());
    live.documents
        .answer(
            index.generation(),
            documents::key(&format!("/v1/routes/{route}/waypoints/{waypoint}"), query.as_deref(), &headers),
            &headers,
            move || {
                let stop = index.waypoint(&name).ok_or_else(Problem::internal)?;
                // This is off the async threads already, and is done once in a generation.
                let content = runtime.block_on(store.waypoint_of_revision(stop.key, stop.route.revision))?;
                let content = content.ok_or_else(Problem::internal)?;
                let detail = WaypointDetail::new(&stop.route.slug, &content, asked.lang, asked.crs);
                asked.document(&detail, || point_feature(stop, &asked, &detail))
            },
        )
        .await
}

fn point_feature(stop: Stop<'_>, asked: &Asked, properties: &impl Serialize) -> serde_json::Value {
    let (lat, lon) = wire::shift(asked.crs, stop.site.position.lat(), stop.site.position.lon());
    json!({"type": "Feature", "id": stop.name(), "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties})
}

fn find<'a>(index: &'a Arc<Index>, slug: &str) -> Result<&'a Route, Problem> {
    index.route(slug).ok_or_else(|| {
        Problem::new(Code::UnknownRoute, "No published study route has this name; GET /v1/routes lists them.")
    })
}

fn wire_route<'a>(index: &Index, route: &'a Route, asked: &Asked) -> WireRoute<'a> {
    WireRoute {
        id: &route.slug,
        title: route.title.shown(asked.lang),
        summary: route.summary.shown(asked.lang),
        revision: route.revision,
        published_at: time::rfc3339(route.published_ms),
        waypoints: route.waypoint_keys.len(),
        length_m: length_m(&drawn_line(index, route)).round(),
        themes: route.themes().collect(),
        bbox: bbox(&line(index, route, asked.crs)),
        href: format!("/v1/routes/{}", route.slug),
    }
}

/// The drawn line, or else one from stop to stop.
fn drawn_line<'a>(index: &Index, route: &'a Route) -> Cow<'a, [[f64; 2]]> {
    if route.line.len() >= 2 {
        return Cow::Borrowed(&route.line);
    }
    let stops = route.waypoint_keys.iter().filter_map(|key| index.by_key(*key));
    stops.map(|stop| [stop.site.position.lon(), stop.site.position.lat()]).collect()
}

fn length_m(line: &[[f64; 2]]) -> f64 {
    let at = |&[lon, lat]: &[f64; 2]| LatLon::new(lat, lon).ok();
    line.windows(2).filter_map(|pair| Some(at(&pair[0])?.distance_m(at(&pair[1])?))).sum()
}

fn line(index: &Index, route: &Route, crs: Crs) -> Vec<[f64; 2]> {
    let shift = |&[lon, lat]: &[f64; 2]| {
        let (lat, lon) = wire::shift(crs, lat, lon);
        [lon, lat]
    };
    drawn_line(index, route).iter().map(shift).collect()
}

fn bbox(line: &[[f64; 2]]) -> [f64; 4] {
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let wider = |b: [f64; 4], &[lon, lat]: &[f64; 2]| [b[0].min(lon), b[1].min(lat), b[2].max(lon), b[3].max(lat)];
    line.iter().fold(start, wider)
}

fn line_feature(index: &Index, route: &Route, asked: &Asked) -> serde_json::Value {
    let geometry = Line { kind: "LineString", coordinates: line(index, route, asked.crs) };
    json!({"type": "Feature", "id": route.slug, "geometry": geometry, "properties": wire_route(index, route, asked)})
}

fn features(features: &[serde_json::Value], next: Option<&str>) -> serde_json::Value {
    let mut collection = json!({"type": "FeatureCollection", "features": features});
    if let Some(next) = next {
        collection["next"] = next.into();
    }
    collection
}
