//! What designers send and get: a route and its waypoints in the route file's own words, flat, with everything that visitors do
//! not see. Every member that is sent is read strictly and named by its JSON pointer when it is wrong.

use crate::domain::crs::Crs;
use crate::domain::geodesy::LatLon;
use crate::domain::lint::{SLUG_MAX, is_slug};
use crate::domain::route::{Text, Waypoint, WaypointBody};
use crate::domain::time;
use crate::formats::geojson;
use crate::http::problem::Problem;
use crate::http::strict::{self, Unique};
use crate::store::{DraftState, Head, RouteState, Schedule};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Waypoints that a draft is shown with; a longer one is read page by page.
pub const INLINE_MAX: usize = 1_000;
/// Of a member's name that somebody made up, so many characters are said back.
const POINTER_MAX: usize = 200;
/// Of a message that may quote what somebody sent, so many characters.
const MESSAGE_MAX: usize = 500;

/// A position as designers write it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftPosition {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Above the ellipsoid, metres, where somebody measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_m: Option<f64>,
}

/// A waypoint as designers write it: the properties of a route file beside id and position.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftWaypoint {
    /// Kebab-case name, unique in its route.
    #[schema(example = "daicun-dam")]
    pub id: String,
    /// Where it is.
    pub position: DraftPosition,
    #[serde(flatten)]
    body: WaypointBody,
}

impl DraftWaypoint {
    /// A waypoint with its coordinates in `crs`.
    pub fn new(waypoint: Waypoint, crs: Crs) -> Self {
        let Waypoint { id, position, height_m, body } = waypoint.written_in(crs);
        Self { id, position: DraftPosition { lat: position.lat(), lon: position.lon(), height_m }, body }
    }
}

/// Reads a waypoint whose coordinates are in `crs`. `id` is the one in the address, where there is one.
///
/// # Errors
/// Names the member that is wrong; `at` is the pointer to the waypoint.
pub fn read_waypoint(value: Value, id: Option<&str>, crs: Crs, at: &str) -> Result<Waypoint, Problem> {
    let Value::Object(mut members) = value else { return Err(Problem::member(at, "must be an object")) };
    let own = members.remove("id");
    let id = match (id, own) {
        (Some(id), Some(own)) if own != id => {
            return Err(Problem::member(&format!("{at}/id"), format!("is not \"{id}\", which the address says")));
        }
        (Some(id), _) => id.to_string(),
        (None, Some(Value::String(own))) => own,
        (None, _) => return Err(Problem::member(&format!("{at}/id"), "is missing; give the waypoint a name")),
    };
    if !is_slug(&id) {
        return Err(Problem::member(
            &format!("{at}/id"),
            format!("must be at most {SLUG_MAX} lower-case letters a–z, digits and single hyphens"),
        ));
    }
    let Some(position) = members.remove("position") else {
        return Err(Problem::member(&format!("{at}/position"), "is missing; give lat and lon in degrees"));
    };
    let position: DraftPosition = strict::object(position).map_err(|error: serde_json::Error| {
        let what = format!("{}; give lat and lon in degrees", shortened(&error.to_string()));
        Problem::member(&format!("{at}/position"), what)
    })?;
    let place = LatLon::new(position.lat, position.lon)
        .map_err(|error| Problem::member(&format!("{at}/position"), error.to_string()))?;
    let body: WaypointBody = geojson::properties(Some(members))
        .map_err(|(path, message)| Problem::member(&format!("{at}{}", pointer(&path)), shortened(&message)))?;
    Ok(Waypoint { id, position: place, height_m: position.height_m, body }.read_as(crs))
}

/// `facts[1].text` as a JSON pointer.
fn pointer(path: &str) -> String {
    let path: String = path.chars().take(POINTER_MAX).collect();
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.fold(String::new(), |pointer, part| pointer + "/" + &part.replace('~', "~0").replace('/', "~1"))
}

/// A message that may quote what somebody sent.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_MAX) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_string(),
    }
}

/// A drawn line.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftLine {
    /// `LineString`
    #[serde(rename = "type")]
    kind: String,
    /// `[longitude, latitude]`, degrees.
    coordinates: Vec<[f64; 2]>,
}

/// A route as its designers see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Draft {
    /// Name in addresses.
    pub id: String,
    #[serde(flatten)]
    pub status: RouteStatus,
    /// The reference system of all coordinates here.
    pub crs: &'static str,
    /// Title.
    pub title: Text,
    /// What one learns on it.
    pub summary: Text,
    /// The drawn line; empty when it goes from stop to stop.
    pub line: DraftLine,
    /// How many waypoints.
    pub waypoint_count: usize,
    /// The waypoints in visiting order; left out when there are more than a thousand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waypoints: Option<Vec<DraftWaypoint>>,
    /// Address of the list of waypoints.
    pub waypoints_href: String,
}

/// Where a route stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct RouteStatus {
    /// The ETag to send as If-Match with the next change.
    pub etag: String,
    /// Its last revision; 0 when it was never published.
    pub revision: i64,
    /// Whether visitors get it.
    pub published: bool,
    /// Who changed what of it; left out when it stands as published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftInfo>,
    /// When it will be published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleInfo>,
}

/// A draft's story.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftInfo {
    version: i64,
    /// The revision it was begun from.
    base_revision: i64,
    /// Who began it.
    author: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Who changed it last.
    updated_by: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A publication to come.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScheduleInfo {
    #[schema(format = DateTime)]
    at: String,
    note: String,
    /// Who set it.
    by: String,
    /// Why it did not happen when its time came.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

impl RouteStatus {
    /// Of a route.
    pub fn new(state: &RouteState) -> Self {
        let draft = |draft: &DraftState| DraftInfo {
            version: draft.version,
            base_revision: draft.base_revision,
            author: draft.author.clone(),
            created_at: time::rfc3339(draft.created_ms),
            updated_by: draft.updated_by.clone(),
            updated_at: time::rfc3339(draft.updated_ms),
        };
        Self {
            etag: format!("\"{}\"", state.version()),
            revision: state.revision,
            published: state.revision > 0 && !state.withdrawn,
            draft: state.draft.as_ref().map(draft),
            schedule: state.schedule.as_ref().map(ScheduleInfo::new),
        }
    }
}

impl ScheduleInfo {
    /// Of a schedule.
    pub fn new(schedule: &Schedule) -> Self {
        Self {
            at: time::rfc3339(schedule.at_ms),
            note: schedule.note.clone(),
            by: schedule.who.name.clone(),
            failure: schedule.failure.clone(),
        }
    }
}

impl Draft {
    /// A route with the waypoints that are shown with it.
    pub fn new(state: &RouteState, count: usize, waypoints: Option<Vec<Waypoint>>, crs: Crs) -> Self {
        let head = state.next_head();
        let line = Head { line: head.line.clone(), ..Head::default() }.with("", Vec::new()).written_in(crs).line;
        let waypoints = waypoints.map(|all| all.into_iter().map(|w| DraftWaypoint::new(w, crs)).collect());
        Self {
            id: state.slug.clone(),
            status: RouteStatus::new(state),
            crs: crs.as_str(),
            title: head.title.clone(),
            summary: head.summary.clone(),
            line: DraftLine { kind: "LineString".into(), coordinates: line },
            waypoint_count: count,
            waypoints,
            waypoints_href: format!("/v1/design/routes/{}/draft/waypoints", state.slug),
        }
    }
}

/// A route as its designers write it. Members that only the answer has may be sent back and are left alone.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document is made from it; Written reads it member by member")]
pub struct DraftRequest {
    /// Title.
    title: Option<Text>,
    /// What one learns on it.
    summary: Option<Text>,
    /// The drawn line.
    line: Option<DraftLine>,
    /// All waypoints in visiting order.
    waypoints: Vec<DraftWaypoint>,
}

/// What may be written of a route as a whole. Members that only the answer has may be sent back and are left alone.
#[derive(Debug)]
pub struct Written {
    /// What the coordinates were written in.
    pub crs: Crs,
    /// Title, summary and line, as far as they are there.
    pub head: Map<String, Value>,
    /// All waypoints, when they are there.
    pub waypoints: Option<Vec<Waypoint>>,
}

/// Members that an answer has and a request may send back.
const READ_ONLY: [&str; 8] =
    ["id", "etag", "revision", "published", "draft", "schedule", "waypoint_count", "waypoints_href"];

impl Written {
    /// Reads what somebody writes of a route; coordinates are in `crs`.
    ///
    /// # Errors
    /// Names the member that is wrong.
    pub fn read(Unique(value): Unique, crs: Crs) -> Result<Self, Problem> {
        let Value::Object(mut members) = value else { return Err(Problem::member("", "must be an object")) };
        members.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
        // Read in one system and sent back in another, everything would be half a kilometre off.
        if members.remove("crs").is_some_and(|own| own != crs.as_str()) {
            return Err(Problem::member(
                "/crs",
                format!("is not {crs}, which the address says; name it there as ?crs="),
            ));
        }
        let waypoints = match members.remove("waypoints") {
            None => None,
            Some(Value::Array(list)) => {
                let read = list.into_iter().enumerate();
                let read = read.map(|(i, one)| read_waypoint(one, None, crs, &format!("/waypoints/{i}")));
                Some(read.collect::<Result<Vec<_>, _>>()?)
            }
            Some(_) => return Err(Problem::member("/waypoints", "must be a list of waypoints")),
        };
        if let Some(name) = members.keys().find(|name| !["title", "summary", "line"].contains(&name.as_str())) {
            let name: String = name.chars().take(40).collect();
            return Err(Problem::member(&format!("/{name}"), "is not known here; check the spelling"));
        }
        Ok(Self { crs, head: members, waypoints })
    }

    /// A head with what was written merged in (RFC 7396).
    ///
    /// # Errors
    /// Names the member that is wrong.
    pub fn head_on(&self, before: &Head, crs: Crs) -> Result<Head, Problem> {
        let mut head = before.clone();
        for (name, text) in [("title", &mut head.title), ("summary", &mut head.summary)] {
            if let Some(written) = self.head.get(name) {
                let mut value = serde_json::to_value(&*text).unwrap_or_default();
                json_patch::merge(&mut value, written);
                *text = strict::object(value).map_err(|error: serde_json::Error| {
                    Problem::member(
                        &format!("/{name}"),
                        format!("{}; give zh-CN and en", shortened(&error.to_string())),
                    )
                })?;
            }
        }
        match self.head.get("line") {
            None => {}
            Some(Value::Null) => head.line.clear(),
            Some(line) => {
                let refused = |error: &str| {
                    let what = format!("{}; give a GeoJSON LineString of [longitude, latitude]", shortened(error));
                    Problem::member("/line", what)
                };
                let line: DraftLine =
                    strict::object(line.clone()).map_err(|error: serde_json::Error| refused(&error.to_string()))?;
                if line.kind != "LineString" {
                    return Err(refused("its type is not LineString"));
                }
                head.line = Head { line: line.coordinates, ..Head::default() }.with("", Vec::new()).read_as(crs).line;
            }
        }
        Ok(head)
    }
}
