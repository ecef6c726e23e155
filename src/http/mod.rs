//! The wire: one file per resource with its endpoints, wire types and handlers. Decides nothing about presence or counting;
//! asks `domain`, `index`, the recorder and the store, and turns every error into a problem in one place.

mod about;
mod assets;
mod body;
mod check_ins;
mod client;
mod cors;
mod counts;
mod counts_live;
pub mod design;
mod documents;
pub mod door;
mod figures;
pub mod front;
mod gzip;
mod health;
mod limits;
mod map;
mod me;
mod nearby;
pub mod openapi;
mod pages;
mod participants;
pub mod problem;
mod request;
mod reused;
mod routes;
mod session;
mod sheet;
pub mod staff;
pub mod state;
mod strict;
mod upload;
pub mod wire;

use crate::domain::map_tiles::MapTiles;
use axum::Router;
use axum::http::{Extensions, HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::Response;
use body::Bodies;
use door::DoorStats;
use figures::Figures;
use front::{AccessLog, AtOnce, Endpoints, Front, Gate, Permits};
use metrics_exporter_prometheus::PrometheusHandle;
use state::Shell;
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

pub use about::PageTexts;
pub use client::TrustedProxies;
pub use limits::{Limits, Nodes};
pub use pages::Files;

/// Shorter answers are not compressed on the fly.
const COMPRESS_MIN_BYTES: u64 = 860;
/// What is compressed already, and must not change its length when parts of it are asked for.
const NOT_COMPRESSED: [&str; 5] = ["image/", "audio/", "video/", "model/", "text/event-stream"];

/// Endpoints that answer from memory when they can.
const AT_ONCE: [(&str, AtOnce); 5] = [
    ("/v1/nearby", nearby::at_once),
    ("/v1/routes", documents::at_once),
    ("/v1/routes/{route}", documents::at_once),
    ("/v1/routes/{route}/waypoints", documents::at_once),
    ("/v1/routes/{route}/waypoints/{waypoint}", documents::at_once),
];
/// Addresses of the reader of the document, which is not in it.
const READER: [&str; 2] = ["/docs", "/docs/{*rest}"];

/// What the service needs besides its state.
pub struct Fittings {
    /// Whether there is room for one more request.
    pub permits: Arc<Permits>,
    /// Where each request is noted, if anywhere.
    pub log: Option<AccessLog>,
    /// What one address may do so often.
    pub limits: Limits,
    /// Whose forwarding headers count.
    pub proxies: TrustedProxies,
    /// The words of the pages.
    pub pages: PageTexts,
    /// The built pages.
    pub files: Arc<Files>,
    /// Where map tiles come from, if anywhere.
    pub map_tiles: Option<MapTiles>,
    /// Renders the metrics.
    pub prometheus: Option<PrometheusHandle>,
    /// What the door counts.
    pub door: Arc<DoorStats>,
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
        .routes(routes!(counts_live::live))
        .routes(routes!(map::get))
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

/// The whole HTTP service, for the door.
pub fn service(shell: Arc<Shell>, fittings: Fittings) -> Gate {
    let (endpoints, api) = endpoints();
    let addresses = api.paths.paths.keys().map(String::as_str).chain(READER).chain(fittings.files.addresses());
    let at_once = |template: &str| AT_ONCE.iter().find(|(at, _)| *at == template).map(|(_, answer)| *answer);
    let addresses = Endpoints::new(addresses.map(|template| (template.to_string(), at_once(template))));
    let docs = SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json"));
    let docs: Router<Arc<Shell>> = Router::from(docs)
        .layer(from_fn(async |request, next: axum::middleware::Next| allow_own_scripts(next.run(request).await)));
    let router = endpoints.merge(docs).merge(fittings.files.endpoints()).with_state(Arc::clone(&shell));
    Gate(Arc::new(Front {
        compressing: router.clone().layer(CompressionLayer::new().compress_when(worth_compressing())),
        router,
        preflight: Router::new().layer(cors::preflight()),
        endpoints: addresses,
        extensions: extensions(&shell, &api, &fittings),
        shell,
        permits: fittings.permits,
        log: fittings.log,
        bodies: Bodies::default(),
    }))
}

/// What handlers may ask for beside the state.
fn extensions(shell: &Arc<Shell>, api: &utoipa::openapi::OpenApi, fittings: &Fittings) -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(Arc::new(about::Pages::new(&openapi::document(api), &fittings.pages)));
    extensions.insert(Arc::new(map::Map::new(fittings.map_tiles.as_ref())));
    extensions.insert(fittings.pages);
    extensions.insert(Arc::clone(&fittings.files));
    extensions.insert(Arc::new(design::Refusals::default()));
    extensions.insert(Arc::new(design::Jobs::default()));
    extensions.insert(Arc::clone(shell));
    extensions.insert(fittings.limits.clone());
    extensions.insert(fittings.proxies.clone());
    extensions.insert(Arc::new(Figures::new(fittings.prometheus.clone(), Arc::clone(&fittings.door))));
    extensions
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
    let [picture, sound, film, model, stream] = NOT_COMPRESSED.map(NotForContentType::const_new);
    SizeAbove::new(COMPRESS_MIN_BYTES).and(picture).and(sound).and(film).and(model).and(stream)
}
