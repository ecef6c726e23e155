//! The OpenAPI 3.1 document: generated from the handlers' own annotations, then completed with what is true of every call.

use super::problem::{Code, Problem};
use super::wire::WireWaypoint;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

/// What is told of the service as a whole.
#[derive(OpenApi)]
#[openapi(
    info(title = "studyroute", description = "Location-based AR study routes: what is near, check-ins that are never lost, \
        and participant counts that stand up to questions. Errors are RFC 9457 problems with a stable `code`; `/problems` lists them."),
    tags((name = "visitors", description = "For visitors' phones"), (name = "counts", description = "How many people, visits, batches and check-ins"),
        (name = "operation", description = "For those who run it"), (name = "about", description = "What this is")),
    components(schemas(Problem, Nearby, FeatureCollection, Feature)),
    modifiers(&Schemes),
)]
pub struct ApiDoc;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = |about: &str| {
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about)).build())
        };
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("participant", bearer("The token that POST /v1/participants gave"));
        components.add_security_scheme("key", bearer("A key made by `studyroute key create`"));
    }
}

/// The answer of `/v1/nearby`. The server writes it piece by piece; this is its shape.
#[derive(Serialize, ToSchema)]
pub struct Nearby<'a> {
    /// The reference system of every coordinate here.
    #[schema(example = "wgs84")]
    crs: &'a str,
    /// The number of the content that was asked.
    generation: i64,
    refresh: Refresh,
    /// Nearest first.
    items: Vec<NearbyItem<'a>>,
}

/// When to ask again.
#[derive(Serialize, ToSchema)]
pub struct Refresh {
    /// After walking this far, metres.
    distance_m: f64,
    /// Or after this long, seconds.
    after_s: u32,
}

/// A waypoint as seen from the visitor.
#[derive(Serialize, ToSchema)]
pub struct NearbyItem<'a> {
    /// Along the ellipsoid, metres.
    distance_m: f64,
    /// Clockwise from true north, 0 up to 360 degrees.
    bearing_deg: f64,
    enu_m: Offset,
    waypoint: WireWaypoint<'a>,
}

/// East, north and up of the waypoint as seen from the visitor, metres, both taken at the ellipsoid's height: heights on site
/// are not surveyed.
#[derive(Serialize, ToSchema)]
pub struct Offset {
    east: f64,
    north: f64,
    up: f64,
}

/// GeoJSON (RFC 7946).
#[derive(Serialize, ToSchema)]
pub struct FeatureCollection {
    /// `FeatureCollection`
    #[serde(rename = "type")]
    kind: String,
    features: Vec<Feature>,
}

/// GeoJSON (RFC 7946).
#[derive(Serialize, ToSchema)]
pub struct Feature {
    /// `Feature`
    #[serde(rename = "type")]
    kind: String,
    id: String,
    #[schema(value_type = Object)]
    geometry: Value,
    #[schema(value_type = Object)]
    properties: Value,
}

/// Bounds of parameters by name: what the handlers check, in the document's words.
fn bounds(name: &str) -> Option<Value> {
    Some(match name {
        "lat" => json!({"type": "number", "minimum": -90, "maximum": 90}),
        "lon" => json!({"type": "number", "minimum": -180, "maximum": 180}),
        "radius_m" => json!({"type": "number", "minimum": 1, "maximum": 100_000, "default": 1_000}),
        "crs" => json!({"type": "string", "enum": ["wgs84", "gcj02", "bd09"], "default": "wgs84"}),
        "lang" => json!({"type": "string", "enum": ["zh-CN", "en"]}),
        "from" | "to" => json!({"type": "string", "format": "date"}),
        "by" => json!({"type": "array", "items": {"type": "string", "enum": ["day", "route", "waypoint", "hour"]}}),
        _ => return None,
    })
}

/// The document as it is served.
#[must_use]
pub fn document(openapi: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(openapi).unwrap_or_default();
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] = json!(codes);
    let Some(paths) = document["paths"].as_object_mut() else { return document };
    for (path, operations) in paths {
        for (_, operation) in operations.as_object_mut().into_iter().flatten() {
            complete(path, operation);
        }
    }
    document
}

fn complete(path: &str, operation: &mut Value) {
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_string();
        if let Some(schema) = bounds(&name) {
            parameter["schema"] = schema;
        } else if name == "limit" {
            let (most, usual) = if path == "/v1/nearby" { (100, 20) } else { (1_000, 100) };
            parameter["schema"] = json!({"type": "integer", "minimum": 1, "maximum": most, "default": usual});
        }
    }
    let has_body = operation.get("requestBody").is_some();
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    let mut also = |status: &str, codes: &str| {
        responses.entry(status).or_insert_with(|| {
            json!({"description": codes, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})
        });
    };
    also("414", "`uri-too-long`");
    also("431", "`head-too-large`");
    also("500", "`internal`");
    also("503", "`not-ready`, `overloaded`, `store-unavailable`, `outcome-unknown`, `timeout`");
    if has_body {
        also("400", "`bad-request`");
        also("408", "`body-timeout`");
    }
    for (status, response) in responses.iter_mut() {
        let mut header = |name: &str, about: &str, kind: &str| {
            response["headers"][name] = json!({"description": about, "schema": {"type": kind}});
        };
        header("x-request-id", "Names this request in the log", "string");
        match status.as_str() {
            "429" | "503" => header("retry-after", "Seconds to wait, jittered", "integer"),
            "401" => header("www-authenticate", "Bearer", "string"),
            "200" | "304" if path.starts_with("/v1/routes") => header("etag", "Send it as If-None-Match", "string"),
            _ => {}
        }
    }
}
