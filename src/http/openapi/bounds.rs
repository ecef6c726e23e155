//! What a value may be, in the document's words: the bounds that handlers check and that answers keep. Types alone cannot say
//! them. A test holds every line against the document, so that a renamed member is noticed.

use crate::design::{assets, keys, publish};
use crate::domain::rehearsal;
use crate::formats::media::ASSET_MAX_BYTES;
use serde_json::{Value, json};

const SLUG: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";
const SLUG_MAX: usize = 64;
const WAYPOINT: &str = "^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*$";
const CRS: [&str; 3] = ["wgs84", "gcj02", "bd09"];
const LANG: [&str; 2] = ["zh-CN", "en"];
const ROLE: [&str; 3] = ["designer", "operator", "admin"];
const FORMAT: [&str; 7] = ["geojson", "gpx", "kml", "kmz", "csv", "tsv", "xlsx"];
const VERDICT: [&str; 2] = ["inside", "uncertain"];

/// One bound: schema, member, what is true of it.
pub type Bound = (&'static str, &'static str, Value);

/// A parameter's schema by its name and its operation's path.
pub fn parameter(path: &str, name: &str) -> Option<Value> {
    Some(match name {
        "lat" => lat(),
        "lon" => lon(),
        "radius_m" => json!({"type": "number", "minimum": 1, "maximum": 100_000, "default": 1_000}),
        "crs" => json!({"type": "string", "enum": CRS, "default": "wgs84"}),
        "lang" => json!({"type": "string", "enum": LANG}),
        "from" | "to" | "of" if path.starts_with("/v1/design/routes/") => {
            let default = if name == "from" { "published" } else { "draft" };
            json!({"type": "string", "pattern": "^(draft|published|[1-9][0-9]*)$", "maxLength": 19, "default": default})
        }
        "format" if path.starts_with("/v1/design/templates/") => json!({"type": "string", "enum": ["csv", "xlsx"]}),
        "format" => json!({"type": "string", "enum": FORMAT, "default": "geojson"}),
        "planned_hour" => json!({"type": "integer", "minimum": 0, "maximum": 23}),
        "from" | "to" => json!({"type": "string", "format": "date", "minLength": 10, "maxLength": 10}),
        "by" => {
            json!({"type": "array", "items": {"type": "string", "enum": ["day", "route", "waypoint", "hour"]}})
        }
        "route" | "theme" | "waypoint" => slug(),
        "id" => json!({"type": "string", "format": "uuid"}),
        "who" => json!({"type": "string", "maxLength": 100}),
        "outcome" => json!({"type": "string", "pattern": "^[a-z-]+$", "maxLength": 64}),
        "cursor" => json!({"type": "string", "pattern": "^[0-9a-f]+$", "minLength": 2, "maxLength": 200}),
        "limit" if path == "/v1/nearby" => json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        "limit" => json!({"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100}),
        "sha256" => json!({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
        "tus-resumable" => json!({"type": "string", "const": "1.0.0"}),
        "upload-length" => json!({"type": "integer", "minimum": 1, "maximum": ASSET_MAX_BYTES}),
        "upload-offset" => json!({"type": "integer", "minimum": 0, "maximum": ASSET_MAX_BYTES}),
        "name" | "range" | "if-range" | "if-match" | "if-none-match" | "upload-metadata" => json!({"type": "string"}),
        _ => return None,
    })
}

/// All bounds of members.
pub fn members() -> Vec<Bound> {
    [requests(), visits(), content(), counts(), design(), drafts(), releases(), about()].concat()
}

/// Members of objects that take no part of another's: what is sent. `null` is the same as leaving it out.
fn requests() -> Vec<Bound> {
    let or_null = |words: &[&str]| words.iter().map(|word| json!(word)).chain([Value::Null]).collect::<Vec<_>>();
    vec![
        ("CheckInRequest", "id", check_in_id()),
        ("CheckInRequest", "waypoint", waypoint()),
        ("CheckInRequest", "occurred_at", json!({"maxLength": 40})),
        ("ReportedPosition", "lat", lat()),
        ("ReportedPosition", "lon", lon()),
        ("ReportedPosition", "accuracy_m", json!({"minimum": 0, "maximum": 20_000_000})),
        ("ReportedPosition", "crs", json!({"enum": or_null(&CRS)})),
        ("BatchRequest", "check_ins", json!({"minItems": 1, "maxItems": 100})),
        ("NearbyRequest", "lat", lat()),
        ("NearbyRequest", "lon", lon()),
        ("NearbyRequest", "radius_m", json!({"minimum": 1, "maximum": 100_000, "default": 1_000})),
        ("NearbyRequest", "limit", json!({"minimum": 1, "maximum": 100, "default": 20})),
        ("NearbyRequest", "route", json!({"pattern": SLUG, "maxLength": SLUG_MAX})),
        ("NearbyRequest", "theme", json!({"pattern": SLUG, "maxLength": SLUG_MAX})),
        ("NearbyRequest", "crs", json!({"enum": or_null(&CRS), "default": "wgs84"})),
        ("NearbyRequest", "lang", json!({"enum": or_null(&LANG)})),
        ("NewParticipant", "seat", json!({"maximum": u32::MAX})),
    ]
}

fn visits() -> Vec<Bound> {
    vec![
        ("ParticipantCreated", "token", json!({"pattern": "^srp_[0-9a-f]{104}$"})),
        ("CheckIn", "id", check_in_id()),
        ("CheckIn", "waypoint", waypoint()),
        ("CheckIn", "verdict", json!({"enum": VERDICT})),
        ("CheckIn", "distance_m", json!({"minimum": 0})),
        ("BatchAnswer", "results", json!({"minItems": 1, "maxItems": 100})),
        ("BatchResult", "status", json!({"minimum": 200, "maximum": 599})),
        ("Me", "check_ins", json!({"minimum": 0})),
        ("CheckInList", "items", json!({"maxItems": 1_000})),
        ("RouteProgress", "route", slug()),
        ("RouteProgress", "next_waypoint", json!({"pattern": WAYPOINT})),
        ("WaypointProgress", "waypoint", waypoint()),
        ("WaypointProgress", "verdict", json!({"enum": VERDICT})),
        ("WaypointProgress", "check_ins", json!({"minimum": 1})),
    ]
}

fn content() -> Vec<Bound> {
    let at_least = |least: f64| json!({"minimum": least});
    let point = json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2});
    vec![
        ("Nearby", "crs", json!({"enum": CRS})),
        ("Nearby", "generation", at_least(0.0)),
        ("Nearby", "items", json!({"maxItems": 100})),
        ("NearbyItem", "distance_m", json!({"minimum": 0, "maximum": 100_000})),
        ("NearbyItem", "bearing_deg", json!({"minimum": 0, "exclusiveMaximum": 360})),
        ("Refresh", "distance_m", at_least(1.0)),
        ("Refresh", "after_s", at_least(1.0)),
        ("Position", "lat", lat()),
        ("Position", "lon", lon()),
        ("WirePosePosition", "lat", lat()),
        ("WirePosePosition", "lon", lon()),
        ("WirePose", "quaternion", quaternion()),
        ("Coordinate", "confidence", json!({"enum": ["sourced", "derived", "surveyed"]})),
        ("Coordinate", "precision_m", at_least(0.0)),
        ("WireWaypoint", "id", waypoint()),
        ("WireWaypoint", "route", slug()),
        ("WireWaypoint", "order", at_least(1.0)),
        ("WireWaypoint", "themes", json!({"items": slug()})),
        ("WireWaypoint", "href", json!({"format": "uri-reference"})),
        ("WireExhibit", "kind", json!({"enum": ["model", "image", "audio", "video", "text"]})),
        ("WireExhibit", "height_datum", json!({"enum": ["ground", "ellipsoid"]})),
        ("WireAsset", "sha256", json!({"pattern": "^[0-9a-f]{64}$"})),
        ("WireRoute", "id", slug()),
        ("WireRoute", "revision", at_least(1.0)),
        ("WireRoute", "length_m", at_least(0.0)),
        ("WireRoute", "themes", json!({"items": slug()})),
        ("WireRoute", "bbox", json!({"minItems": 4, "maxItems": 4})),
        ("WireRoute", "href", json!({"format": "uri-reference"})),
        ("RouteDetail", "crs", json!({"enum": CRS})),
        ("RouteDetail", "waypoints_href", json!({"format": "uri-reference"})),
        ("RouteList", "items", json!({"maxItems": 1_000})),
        ("WaypointList", "crs", json!({"enum": CRS})),
        ("WaypointList", "items", json!({"maxItems": 1_000})),
        ("Line", "type", json!({"const": "LineString"})),
        ("Line", "coordinates", json!({"items": point, "minItems": 2})),
        ("Feature", "type", json!({"const": "Feature"})),
        ("Feature", "geometry", geometry()),
        ("FeatureCollection", "type", json!({"const": "FeatureCollection"})),
    ]
}

fn counts() -> Vec<Bound> {
    let count = || json!({"minimum": 0});
    vec![
        ("Counts", "time_zone", json!({"const": "Asia/Shanghai"})),
        ("Figures", "people", count()),
        ("Figures", "visits", count()),
        ("Figures", "batches", count()),
        ("Figures", "check_ins", count()),
        ("Figures", "people_uncertain", count()),
        ("WireRow", "hour", json!({"minimum": 0, "maximum": 23})),
        ("WireRow", "waypoint", json!({"pattern": WAYPOINT})),
    ]
}

fn design() -> Vec<Bound> {
    vec![
        ("KeyRequest", "name", json!({"minLength": 1, "maxLength": keys::NAME_MAX})),
        ("KeyRequest", "role", json!({"enum": ROLE})),
        ("KeyRequest", "routes", json!({"items": slug(), "maxItems": keys::ROUTES_MAX})),
        ("KeyRequest", "expires_days", json!({"minimum": 1, "maximum": keys::EXPIRES_MAX_DAYS})),
        ("RotateRequest", "grace_s", json!({"minimum": 0, "maximum": keys::GRACE_MAX_S})),
        ("Key", "role", json!({"enum": ROLE})),
        ("Key", "routes", json!({"items": slug(), "maxItems": keys::ROUTES_MAX})),
        ("Key", "state", json!({"enum": ["valid", "expired", "revoked"]})),
        ("KeyMade", "secret", json!({"pattern": "^srk_[0-9a-f]{104}$"})),
        ("KeyList", "items", json!({"maxItems": 1_000})),
        ("DesignAsset", "sha256", json!({"pattern": "^[0-9a-f]{64}$"})),
        ("DesignAsset", "href", json!({"format": "uri-reference"})),
        ("DesignAsset", "bytes", json!({"minimum": 1, "maximum": ASSET_MAX_BYTES})),
        ("DesignAsset", "name", json!({"maxLength": assets::NAME_MAX})),
        ("DesignAssetList", "items", json!({"maxItems": 1_000})),
        ("DesignAssetDetail", "used_in", json!({"maxItems": 100})),
        ("WireUse", "route", slug()),
        ("WireUse", "waypoint", slug()),
        ("WireUse", "state", json!({"enum": ["published", "earlier", "draft"]})),
        ("AuditEntry", "entry", json!({"minimum": 1})),
        ("AuditEntry", "role", json!({"enum": ROLE})),
        ("AuditEntry", "route", slug()),
        ("AuditList", "items", json!({"maxItems": 1_000})),
    ]
}

fn drafts() -> Vec<Bound> {
    let point = json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2});
    let etag = || json!({"pattern": "^\"(none|[dr][0-9]+)\"$"});
    let at_least = |least: u32| json!({"minimum": least});
    vec![
        ("DesignRoute", "id", slug()),
        ("DesignRoute", "draft_href", json!({"format": "uri-reference"})),
        ("DesignRouteList", "items", json!({"maxItems": 1_000})),
        ("RouteStatus", "etag", etag()),
        ("RouteStatus", "revision", at_least(0)),
        ("DraftInfo", "version", at_least(1)),
        ("DraftInfo", "base_revision", at_least(0)),
        ("Draft", "id", slug()),
        ("Draft", "crs", json!({"enum": CRS})),
        ("Draft", "waypoints", json!({"maxItems": 1_000})),
        ("Draft", "waypoints_href", json!({"format": "uri-reference"})),
        ("DraftLine", "type", json!({"const": "LineString"})),
        ("DraftLine", "coordinates", json!({"items": point})),
        ("DraftPosition", "lat", lat()),
        ("DraftPosition", "lon", lon()),
        ("DraftWaypoint", "id", slug()),
        ("DraftWaypointList", "crs", json!({"enum": CRS})),
        ("DraftWaypointList", "items", json!({"maxItems": 1_000})),
        ("NewOrder", "waypoints", json!({"items": slug()})),
    ]
}

fn releases() -> Vec<Bound> {
    let note = || json!({"maxLength": publish::NOTE_MAX});
    let names = || json!({"maxItems": publish::ACKNOWLEDGED_MAX});
    let at_least = |least: u32| json!({"minimum": least});
    vec![
        ("PublishRequest", "note", note()),
        ("PublishRequest", "acknowledge", names()),
        ("ScheduleRequest", "at", json!({"maxLength": 40})),
        ("ScheduleRequest", "note", note()),
        ("ScheduleRequest", "acknowledge", names()),
        ("NoteRequest", "note", note()),
        ("RestoreRequest", "note", note()),
        ("RestoreRequest", "revision", at_least(1)),
        ("RehearseRequest", "walkers", json!({"minimum": 1, "maximum": rehearsal::WALKERS_MAX, "default": 200})),
        ("RehearseRequest", "group_size", json!({"minimum": 1, "maximum": rehearsal::WALKERS_MAX, "default": 40})),
        ("Released", "route", slug()),
        ("Released", "revision", at_least(1)),
        ("Released", "generation", at_least(1)),
        ("LintFinding", "level", json!({"enum": ["error", "warning"]})),
        ("RevisionInfo", "revision", at_least(1)),
        ("RevisionInfo", "kind", json!({"enum": ["import", "publish", "restore", "withdraw"]})),
        ("RevisionInfo", "waypoints", at_least(0)),
        ("RevisionList", "items", json!({"maxItems": 1_000})),
    ]
}

fn about() -> Vec<Bound> {
    vec![
        ("Health", "status", json!({"const": "ok"})),
        ("Readiness", "status", json!({"enum": ["ready", "not-ready"]})),
        ("Problem", "type", json!({"format": "uri-reference"})),
        ("Problem", "status", json!({"minimum": 400, "maximum": 599})),
    ]
}

fn lat() -> Value {
    json!({"type": "number", "minimum": -90, "maximum": 90})
}

fn lon() -> Value {
    json!({"type": "number", "minimum": -180, "maximum": 180})
}

fn slug() -> Value {
    json!({"type": "string", "pattern": SLUG, "minLength": 1, "maxLength": SLUG_MAX})
}

fn waypoint() -> Value {
    json!({"type": "string", "pattern": WAYPOINT, "maxLength": 2 * SLUG_MAX + 1})
}

fn check_in_id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9._:~-]+$", "minLength": 1, "maxLength": 128})
}

fn quaternion() -> Value {
    let part = || json!({"type": "number", "minimum": -1, "maximum": 1});
    json!({"properties": {"x": part(), "y": part(), "z": part(), "w": part()}, "required": ["x", "y", "z", "w"]})
}

fn geometry() -> Value {
    json!({"properties": {"type": {"type": "string", "enum": ["Point", "LineString"]}, "coordinates": {"type": "array"}},
        "required": ["type", "coordinates"]})
}
