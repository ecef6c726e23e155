//! The OpenAPI 3.1 document: generated from the handlers' own annotations, then completed with what is true of every call.

mod bounds;
pub mod params;

use super::problem::{Code, Problem};
use super::wire::WireWaypoint;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

/// What is told of the service as a whole.
#[derive(OpenApi)]
#[openapi(
    info(title = "studyroute", description = "Location-based AR study routes: what is near, check-ins that are never lost, \
        and participant counts that stand up to questions. Errors are RFC 9457 problems with a stable `code`; `/problems` lists them."),
    tags((name = "visitors", description = "For visitors' phones"), (name = "counts", description = "How many people, visits, batches and check-ins"),
        (name = "design", description = "For route designers and admins, with a key"),
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
        components.add_security_scheme("key", bearer("A key made by an admin or by `studyroute key create`"));
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

/// Answers with members that are always there and may be null, and those that are always there.
const SAYS_NULL: [(&str, &[&str]); 3] = [
    ("Figures", &["people", "visits", "batches", "check_ins"]),
    ("BatchResult", &["id", "status"]),
    ("LintFinding", &["rule", "level", "waypoint", "feature", "property", "message"]),
];

/// The document as it is served.
#[must_use]
pub fn document(openapi: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(openapi).unwrap_or_default();
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        complete_schemas(schemas);
    }
    let Some(paths) = document["paths"].as_object_mut() else { return document };
    for (path, operations) in paths {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            complete(path, method, operation);
        }
    }
    document
}

fn complete_schemas(schemas: &mut Map<String, Value>) {
    for (name, schema) in schemas.iter_mut() {
        settle_null(name, schema);
    }
    open_parts(schemas);
    for (schema, member, bounds) in bounds::members() {
        let Some(schema) = schemas.get_mut(schema) else { continue };
        let (Some(member), Value::Object(bounds)) = (member_of(schema, member), bounds) else { continue };
        member.extend(bounds);
    }
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    if let Some(code) = schemas.get_mut("Problem").and_then(|problem| member_of(problem, "code")) {
        code.insert("enum".into(), json!(codes));
    }
}

/// What is a part of another cannot refuse the other's members: the whole refuses what neither knows.
fn open_parts(schemas: &mut Map<String, Value>) {
    const PREFIX: &str = "#/components/schemas/";
    let parts_of = |schema: &Value| -> Vec<String> {
        let parts = schema["allOf"].as_array().into_iter().flatten();
        parts.filter_map(|part| Some(part["$ref"].as_str()?.strip_prefix(PREFIX)?.to_string())).collect()
    };
    let wholes: Vec<(String, Vec<String>)> =
        schemas.iter().map(|(name, schema)| (name.clone(), parts_of(schema))).collect();
    for (whole, parts) in wholes {
        for part in parts {
            let closed = schemas.get_mut(&part).and_then(Value::as_object_mut);
            let was_closed = closed.is_some_and(|part| part.remove("additionalProperties").is_some());
            if let (true, Some(whole)) = (was_closed, schemas.get_mut(&whole)) {
                whole["unevaluatedProperties"] = false.into();
            }
        }
    }
}

/// A schema's member, also when it is in a part of the schema.
fn member_of<'a>(schema: &'a mut Value, name: &str) -> Option<&'a mut Map<String, Value>> {
    let is_here = |part: &Value| part["properties"].get(name).is_some();
    if is_here(schema) {
        return schema["properties"][name].as_object_mut();
    }
    let part = schema.get_mut("allOf")?.as_array_mut()?.iter_mut().find(|part| is_here(part))?;
    part["properties"][name].as_object_mut()
}

/// Answers leave out what they have not got, but for what [`SAYS_NULL`] names. Requests, which take no unknown members, may say
/// null anywhere.
fn settle_null(name: &str, schema: &mut Value) {
    if schema.get("additionalProperties").is_some() {
        return;
    }
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        settle_null(name, part);
    }
    let always = SAYS_NULL.iter().find(|(schema, _)| *schema == name).map_or(&[][..], |(_, members)| members);
    if !always.is_empty() {
        schema["required"] = json!(always);
    }
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (_, member) in members.into_iter().flatten().filter(|(name, _)| !always.contains(&name.as_str())) {
        not_null(member);
    }
}

fn not_null(schema: &mut Value) {
    if let Some(kinds) = schema.get("type").and_then(Value::as_array)
        && let Some(kind) = kinds.iter().find(|kind| **kind != "null").cloned()
    {
        schema["type"] = kind;
    }
    let either = schema.get("oneOf").and_then(Value::as_array);
    if let Some([one, other]) = either.map(Vec::as_slice)
        && other["type"] == "null"
    {
        *schema = one.clone();
    }
}

/// Adds what is true of every call of its kind: what a body, a query or a token can be refused for, and what can always happen.
fn complete(path: &str, method: &str, operation: &mut Value) {
    // The handlers' names are not unique, and the document's must be.
    let words = path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
    operation["operationId"] = std::iter::once(method).chain(words).collect::<Vec<_>>().join("_").into();
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_string();
        if let Some(schema) = bounds::parameter(path, &name) {
            parameter["schema"] = schema;
        }
    }
    let has_body = operation.get("requestBody").is_some();
    let is_file = has_body && operation["requestBody"]["content"].get("application/json").is_none();
    let has_query = parameters_of(operation).any(|parameter| parameter["in"] == "query");
    let needs_token = operation["security"] == json!([{"participant": []}]);
    // Its value names the role that the key must have.
    let needs_key = operation["security"][0].get("key").is_some() && operation["security"].get(1).is_none();
    let may_be_unreadable = has_body || path.contains('{');
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    let mut also = |status: &str, codes: &str| {
        responses.entry(status).or_insert_with(|| {
            json!({"description": codes, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})
        });
    };
    if is_file {
        also("400", "`invalid-parameter`, `unknown-parameter`, `bad-request`");
        also("408", "`body-timeout`");
        also("413", "`body-too-large`");
    } else if has_body {
        also("400", "`invalid-json`, `too-deep`, `unknown-parameter`, `bad-request`");
        also("408", "`body-timeout`");
        also("413", "`body-too-large`");
        also("415", "`unsupported-media-type`");
    } else if has_query {
        also("400", "`invalid-parameter`, `unknown-parameter`");
    } else if path.starts_with("/v1/") {
        also("400", "`unknown-parameter`");
    }
    if needs_token || needs_key {
        also("401", "`token-missing`, `token-invalid`");
    }
    if needs_key {
        also("403", "`forbidden`");
        also("429", "`too-many-failed-keys`");
    }
    also("414", "`uri-too-long`");
    also("431", "`head-too-large`");
    also("500", "`internal`");
    let keeps_files = path.contains("/assets") || path.contains("/uploads");
    let unavailable = if keeps_files { "`assets-unavailable`, " } else { "" };
    also(
        "503",
        &format!(
            "{unavailable}`not-ready`, `too-many-connections`, `overloaded`, `store-unavailable`, `outcome-unknown`, `timeout`"
        ),
    );
    if matches!(path, "/" | "/problems" | "/openapi.json") {
        responses.entry("304").or_insert_with(|| json!({"description": "The client has it"}));
    }
    for (status, response) in responses.iter_mut() {
        complete_response(path, status, response, may_be_unreadable);
    }
}

fn parameters_of(operation: &Value) -> impl Iterator<Item = &Value> {
    operation.get("parameters").and_then(Value::as_array).into_iter().flatten()
}

fn complete_response(path: &str, status: &str, response: &mut Value, may_be_unreadable: bool) {
    let is_problem = response["content"].get("application/problem+json").is_some();
    let mut header = |name: &str, about: &str, schema: Value| {
        response["headers"][name] = json!({"description": about, "required": true, "schema": schema});
    };
    header(
        "x-request-id",
        "Names this request in the log",
        json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
    );
    match status {
        "429" | "503" if is_problem => {
            header("retry-after", "Seconds to wait, jittered", json!({"type": "integer", "minimum": 1}));
        }
        "401" => header("www-authenticate", "Bearer", json!({"type": "string", "const": "Bearer"})),
        "200" | "304" if path.starts_with("/v1/routes") => {
            header("etag", "Send it as If-None-Match", json!({"type": "string", "pattern": "^\"[^\"]+\"$"}));
        }
        _ => {}
    }
    // What the description names, for programs.
    let description = response["description"].as_str().unwrap_or_default();
    let mut codes: Vec<&str> = description.split('`').filter(|word| is_code(status, word)).collect();
    if status == "400" && may_be_unreadable && !codes.contains(&Code::BadRequest.as_str()) {
        codes.push(Code::BadRequest.as_str());
    }
    if !codes.is_empty() {
        response["x-problem-codes"] = json!(codes);
    }
}

fn is_code(status: &str, word: &str) -> bool {
    Code::ALL.iter().any(|code| code.as_str() == word && code.status().to_string() == status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_bound_is_one_of_a_member_that_exists() {
        let mut document = crate::http::api_document();
        for (schema, member, bounds) in bounds::members() {
            let found = member_of(&mut document["components"]["schemas"][schema], member).cloned();
            let found = found.unwrap_or_else(|| panic!("there is no {schema}.{member}"));
            for (word, value) in bounds.as_object().expect("bounds are objects") {
                assert_eq!(found[word], *value, "{schema}.{member}: {word}");
            }
        }
    }

    #[test]
    fn operations_have_names_of_their_own_and_no_empty_members() {
        let document = crate::http::api_document();
        let operations = document["paths"].as_object().expect("paths").values().filter_map(Value::as_object);
        let operations: Vec<&Value> = operations.flat_map(Map::values).collect();
        let names: HashSet<&str> = operations.iter().filter_map(|o| o["operationId"].as_str()).collect();
        assert_eq!(names.len(), operations.len());
        assert!(
            !operations.iter().any(|operation| operation.as_object().expect("an object").values().any(Value::is_null))
        );
    }

    #[test]
    fn every_refusal_says_which_codes_it_may_have() {
        let document = crate::http::api_document();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                for (status, response) in operation["responses"].as_object().expect("responses") {
                    let is_problem = response["content"].get("application/problem+json").is_some();
                    let codes = response.get("x-problem-codes").and_then(Value::as_array).map_or(0, Vec::len);
                    assert_eq!(codes > 0, is_problem, "{method} {path} {status}");
                }
            }
        }
    }
}
