//! The wire: one file per resource with its endpoints, wire types and handlers. Decides nothing about presence or counting;
//! asks `domain`, `index`, the recorder and the store, and turns every error into a problem in one place.

mod about;
mod assets;
mod body;
mod check_ins;
mod client;
mod counts;
pub mod design;
mod documents;
pub mod door;
pub mod front;
mod health;
mod me;
mod nearby;
pub mod openapi;
mod participants;
pub mod problem;
mod request;
mod routes;
mod sheet;
pub mod staff;
pub mod state;
mod strict;
mod upload;
pub mod wire;

use axum::Router;
use axum::extract::Extension;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use front::Front;
use metrics_exporter_prometheus::PrometheusHandle;
use state::Shell;
use std::sync::Arc;
use std::time::Duration;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::{Any, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

pub use about::PageTexts;
pub use client::TrustedProxies;
pub use participants::Admission;

/// Shorter answers are not compressed on the fly.
const COMPRESS_MIN_BYTES: u64 = 860;
/// What is compressed already, and must not change its length when parts of it are asked for.
const NOT_COMPRESSED: [&str; 4] = ["image/", "audio/", "video/", "model/"];
/// How long a browser may remember what cross-origin requests are allowed.
const PREFLIGHT_FOR: Duration = Duration::from_hours(24);

/// What the router needs besides its state.
pub struct Fittings {
    /// Limits and access log.
    pub front: Arc<Front>,
    /// How many participants one address may make.
    pub admission: Admission,
    /// Whose forwarding headers count.
    pub proxies: TrustedProxies,
    /// The words of the pages.
    pub pages: PageTexts,
    /// Renders the metrics.
    pub prometheus: Option<PrometheusHandle>,
}

/// The endpoints and their document, made from the same list.
fn endpoints() -> (Router<Arc<Shell>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::ApiDoc::openapi())
        .routes(routes!(participants::create))
        .routes(routes!(nearby::get, nearby::post))
        .routes(routes!(routes::list))
        .routes(routes!(routes::one))
        .routes(routes!(routes::waypoints))
        .routes(routes!(routes::waypoint))
        .routes(routes!(check_ins::create))
        .routes(routes!(check_ins::batch))
        .routes(routes!(me::get, me::erase))
        .routes(routes!(me::check_ins))
        .routes(routes!(me::progress))
        .routes(routes!(counts::get))
        .routes(routes!(counts::csv))
        .routes(routes!(assets::get))
        .merge(design::endpoints())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(about::home))
        .routes(routes!(about::problems))
        .routes(routes!(about::openapi))
        .split_for_parts()
}

/// The OpenAPI document.
#[must_use]
pub fn api_document() -> serde_json::Value {
    openapi::document(&endpoints().1)
}

/// The whole HTTP service.
pub fn router(shell: Arc<Shell>, fittings: Fittings) -> Router {
    let (endpoints, api) = endpoints();
    let pages = about::Pages::new(&openapi::document(&api), &fittings.pages);
    let docs = SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json"));
    let docs: Router<Arc<Shell>> = Router::from(docs)
        .layer(from_fn(async |request, next: axum::middleware::Next| allow_own_scripts(next.run(request).await)));
    endpoints
        .merge(docs)
        .layer(Extension(Arc::new(pages)))
        .layer(Extension(fittings.pages))
        .layer(Extension(Arc::new(design::Refusals::default())))
        .layer(Extension(Arc::new(design::Jobs::default())))
        .layer(Extension(Arc::clone(&shell)))
        .layer(Extension(fittings.admission))
        .layer(Extension(fittings.proxies))
        .layer(Extension(fittings.prometheus))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(from_fn_with_state(fittings.front, front::front))
        .layer(cors())
        .layer(from_fn(design::announce))
        .with_state(shell)
}

/// The reader of the document runs scripts, its own only.
fn allow_own_scripts(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        ),
    );
    response
}

fn worth_compressing() -> impl Predicate {
    let [picture, sound, film, model] = NOT_COMPRESSED.map(NotForContentType::const_new);
    SizeAbove::new(COMPRESS_MIN_BYTES).and(picture).and(sound).and(film).and(model)
}

/// Any page and web view may ask: there are no cookies, so there is nothing to borrow.
fn cors() -> CorsLayer {
    let request_id = HeaderName::from_static("x-request-id");
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(with_tus([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("prefer"),
            header::ACCEPT_LANGUAGE,
            header::RANGE,
            header::IF_RANGE,
            request_id.clone(),
        ]))
        .expose_headers(with_tus([
            header::ETAG,
            header::RETRY_AFTER,
            header::CONTENT_LANGUAGE,
            header::ACCEPT_RANGES,
            header::CONTENT_RANGE,
            header::CONTENT_LOCATION,
            header::LOCATION,
            header::CONTENT_DISPOSITION,
            HeaderName::from_static("x-export-loss"),
            request_id,
        ]))
        .max_age(PREFLIGHT_FOR)
}

fn with_tus<const N: usize>(headers: [HeaderName; N]) -> Vec<HeaderName> {
    headers.into_iter().chain(design::TUS_HEADERS).collect()
}
