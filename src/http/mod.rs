//! The wire: one file per resource with its endpoints, wire types and handlers. Decides nothing about presence or counting;
//! asks `domain`, `index`, the recorder and the store, and turns every error into a problem in one place.

mod about;
mod body;
mod check_ins;
mod client;
mod counts;
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
pub mod state;
mod strict;
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
use tower_http::compression::{CompressionLayer, predicate::SizeAbove};
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
        .layer(Extension(fittings.admission))
        .layer(Extension(fittings.proxies))
        .layer(Extension(fittings.prometheus))
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_MIN_BYTES)))
        .layer(from_fn_with_state(fittings.front, front::front))
        .layer(cors())
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

/// Any page and web view may ask: there are no cookies, so there is nothing to borrow.
fn cors() -> CorsLayer {
    let request_id = HeaderName::from_static("x-request-id");
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            header::ACCEPT_LANGUAGE,
            request_id.clone(),
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER, header::CONTENT_LANGUAGE, request_id])
        .max_age(PREFLIGHT_FOR)
}
