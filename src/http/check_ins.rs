//! `POST /v1/check-ins` and its batch: a phone says where it was and when, and hears whether that counts.
//!
//! The position is judged and dropped here; what goes on to be kept has no latitude and no longitude. The id is the client's:
//! sending the same check-in again gives the same answer, also days later, also when the rule would refuse it by then.

use super::problem::{Code, Problem, millimetres};
use super::request::{self, Json, NoQuery, from_json};
use super::state::{Live, Visitor};
use crate::domain::check_in::{self, Report};
use crate::domain::crs::Crs;
use crate::domain::time;
use crate::store::{NewCheckIn, Outcome, StoredCheckIn};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::HashSet;
use utoipa::ToSchema;

/// Most check-ins of one batch.
const BATCH_MAX: usize = 100;
/// Longest id.
const ID_MAX: usize = 128;
/// A radius of doubt beyond the earth itself is a mistake.
const ACCURACY_MAX_M: f64 = 20_000_000.0;

/// A check-in as a phone reports it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "0192f0c1-7c1e-7e0a-9d63-0f6c3f1d2a4b", "waypoint": "confucius-mencius/dacheng-hall",
    "occurred_at": "2026-11-23T10:15:00+08:00", "position": {"lat": 35.5976, "lon": 116.9842, "accuracy_m": 12}}))]
pub struct CheckInRequest {
    /// The client's own name for this check-in, such as a UUID: 1 to 128 letters, digits or - _ . : ~
    id: String,
    /// `route/waypoint`.
    waypoint: String,
    /// When the phone was there, RFC 3339 with an offset.
    #[schema(format = DateTime)]
    occurred_at: String,
    #[serde(deserialize_with = "super::strict::object")]
    position: ReportedPosition,
}

/// Where a phone says it was. Judged and dropped, never kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedPosition {
    /// Latitude, degrees.
    lat: f64,
    /// Longitude, degrees.
    lon: f64,
    /// Radius of doubt, metres.
    accuracy_m: f64,
    /// `wgs84` (default), `gcj02` or `bd09`.
    #[serde(default)]
    crs: Option<String>,
}

/// A kept check-in.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-7c1e-7e0a-9d63-0f6c3f1d2a4b", "waypoint": "confucius-mencius/dacheng-hall",
    "verdict": "inside", "distance_m": 4.384, "first_visit": true,
    "occurred_at": "2026-11-23T02:15:00.000Z", "received_at": "2026-11-23T02:15:01.250Z"}))]
pub struct CheckIn {
    /// The client's name for it.
    id: String,
    /// `route/waypoint`.
    waypoint: String,
    /// `inside`, or `uncertain` when something is doubtful; both count.
    verdict: &'static str,
    /// From the position to the waypoint, metres.
    distance_m: f64,
    /// Whether it was this participant's first at this waypoint.
    first_visit: bool,
    /// By the phone's clock.
    #[schema(format = DateTime)]
    occurred_at: String,
    /// By the server's clock.
    #[schema(format = DateTime)]
    received_at: String,
}

impl CheckIn {
    /// A stored check-in as its participant sees it.
    #[must_use]
    pub fn new(stored: StoredCheckIn, waypoint: String) -> Self {
        Self {
            id: stored.id,
            waypoint,
            verdict: stored.verdict.as_str(),
            distance_m: millimetres(stored.distance_m),
            first_visit: stored.first_visit,
            occurred_at: time::rfc3339(stored.occurred_ms),
            received_at: time::rfc3339(stored.received_ms),
        }
    }
}

/// Check-ins that waited for a network.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// 1 to 100 check-ins; each gets its own verdict.
    #[schema(value_type = Vec<CheckInRequest>)]
    check_ins: Vec<Box<RawValue>>,
}

/// One verdict per check-in, in order.
#[derive(Serialize, ToSchema)]
pub struct BatchAnswer {
    results: Vec<BatchResult>,
}

/// What became of one check-in of a batch.
#[derive(Serialize, ToSchema)]
pub struct BatchResult {
    /// Its id, if it could be read.
    id: Option<String>,
    /// What the single call would have answered: 201, 200, or a problem's status.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    check_in: Option<CheckIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// A check-in.
#[utoipa::path(post, path = "/v1/check-ins", tag = "visitors", request_body = CheckInRequest, security(("participant" = [])), responses(
    (status = 201, description = "Kept: it will survive a crash", body = CheckIn),
    (status = 200, description = "The same check-in was kept before; this is the first answer", body = CheckIn),
    (status = 404, description = "`unknown-waypoint`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`check-in-id-reused`: the id names another check-in", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`outside-zone`, `wrong-crs`, `too-old`, `too-far-ahead`, `too-many-check-ins`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create(
    live: Live,
    visitor: Visitor,
    _: NoQuery,
    Json(body): Json<CheckInRequest>,
) -> Result<Response, Problem> {
    let (status, check_in) = match prepare(&live, &visitor, &body) {
        Ok(new) => {
            let mut waiting = live.recorder.queue(vec![new])?;
            let answer = match waiting.pop() {
                Some(waiting) => waiting.answer().await?,
                None => return Err(Problem::internal()),
            };
            outcome(answer, body.waypoint)?
        }
        Err(refused) => (StatusCode::OK, kept_before(&live, &visitor, &body, refused).await?),
    };
    Ok((status, [(header::CACHE_CONTROL, "no-store")], axum::Json(check_in)).into_response())
}

/// Check-ins that waited for a network: one verdict each, in order; one bad item never fails the rest.
#[utoipa::path(post, path = "/v1/check-ins/batch", tag = "visitors", request_body = BatchRequest, security(("participant" = [])), responses(
    (status = 200, description = "One verdict per check-in, in order", body = BatchAnswer),
))]
pub async fn batch(
    live: Live,
    visitor: Visitor,
    _: NoQuery,
    Json(body): Json<BatchRequest>,
) -> Result<Response, Problem> {
    if !(1..=BATCH_MAX).contains(&body.check_ins.len()) {
        return Err(Problem::member(
            "/check_ins",
            format!("must hold 1 to {BATCH_MAX} check-ins; send more in further batches"),
        ));
    }
    // What is refused is looked up before anything of this batch is written, so that every item is judged in its place.
    let (mut queued, mut steps) = (Vec::new(), Vec::with_capacity(body.check_ins.len()));
    for raw in &body.check_ins {
        steps.push(step(&live, &visitor, raw, &mut queued).await);
    }
    let mut waiting = live.recorder.queue(queued)?.into_iter();
    let (mut results, mut taken) = (Vec::with_capacity(steps.len()), HashSet::new());
    for (id, step) in steps {
        let settled = match step {
            Step::Queued(waypoint) => match waiting.next() {
                Some(waiting) => waiting.answer().await.map_err(Problem::from).and_then(|a| outcome(a, waypoint)),
                None => Err(Problem::internal()),
            },
            // An earlier item of this batch has taken the id.
            Step::Settled(Err(refused)) if taken.contains(&id) && matches!(refused.status().as_u16(), 404 | 422) => {
                Err(reused())
            }
            Step::Settled(settled) => settled,
        };
        if settled.is_ok() {
            taken.insert(id.clone());
        }
        results.push(BatchResult::new(id, settled));
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(BatchAnswer { results })).into_response())
}

/// How far one item of a batch has come before anything is written.
enum Step {
    /// On its way to the log, at this waypoint.
    Queued(String),
    /// Refused, or kept before.
    Settled(Result<(StatusCode, CheckIn), Problem>),
}

/// Says the item's id as well, if it could be read, so that the phone can find it again.
async fn step(live: &Live, visitor: &Visitor, raw: &RawValue, queued: &mut Vec<NewCheckIn>) -> (Option<String>, Step) {
    let request: CheckInRequest = match from_json(raw.get().as_bytes()) {
        Ok(request) => request,
        Err(unreadable) => return (id_of(raw), Step::Settled(Err(unreadable))),
    };
    match prepare(live, visitor, &request) {
        Ok(new) => {
            queued.push(new);
            (Some(request.id), Step::Queued(request.waypoint))
        }
        Err(refused) => {
            let kept = kept_before(live, visitor, &request, refused).await;
            let id = Some(request.id).filter(|id| id.len() <= ID_MAX);
            (id, Step::Settled(kept.map(|check_in| (StatusCode::OK, check_in))))
        }
    }
}

impl BatchResult {
    fn new(id: Option<String>, settled: Result<(StatusCode, CheckIn), Problem>) -> Self {
        match settled {
            Ok((status, check_in)) => Self { id, status: status.as_u16(), check_in: Some(check_in), problem: None },
            Err(problem) => Self { id, status: problem.status().as_u16(), check_in: None, problem: Some(problem) },
        }
    }
}

/// The id of an item that is otherwise unreadable.
fn id_of(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    serde_json::from_str::<Id>(raw.get()).ok().map(|id| id.id).filter(|id| id.len() <= ID_MAX)
}

/// Checks and judges a report, and seals and drops its position.
fn prepare(live: &Live, visitor: &Visitor, body: &CheckInRequest) -> Result<NewCheckIn, Problem> {
    let (report, crs) = read_report(body)?;
    let index = live.index();
    let stop = index.waypoint(&body.waypoint).ok_or_else(|| {
        Problem::new(Code::UnknownWaypoint, "No published study route has this waypoint; it is named route/waypoint.")
            .with("pointer", "/waypoint")
    })?;
    let now_ms = live.ambient.now_ms();
    let judged = check_in::judge(stop.site, &report, now_ms)
        .map_err(|refusal| Problem::refused(refusal, &time::rfc3339(report.occurred_ms), &time::rfc3339(now_ms)))?;
    Ok(NewCheckIn {
        participant: visitor.id,
        id: body.id.clone(),
        route: stop.route.key,
        waypoint: stop.key,
        revision: stop.route.revision,
        occurred_ms: report.occurred_ms,
        received_ms: now_ms,
        verdict: judged.verdict,
        distance_m: millimetres(judged.distance_m),
        accuracy_m: millimetres(report.accuracy_m),
        seal: visitor.secret.seal(&content(body, &report, crs)),
    })
}

fn read_report(body: &CheckInRequest) -> Result<(Report, Crs), Problem> {
    let good_id = (1..=ID_MAX).contains(&body.id.len())
        && body.id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:~".contains(&b));
    if !good_id {
        return Err(Problem::member(
            "/id",
            format!("must be 1 to {ID_MAX} letters, digits or - _ . : ~ such as a UUID"),
        ));
    }
    let occurred_ms = time::parse_rfc3339(&body.occurred_at).ok_or_else(|| {
        Problem::member("/occurred_at", "must be RFC 3339 with an offset, such as 2026-11-23T10:15:00+08:00")
    })?;
    let position = &body.position;
    request::check_position(position.lat, position.lon, |name, what| {
        Problem::member(&format!("/position/{name}"), what)
    })?;
    if !(0.0..=ACCURACY_MAX_M).contains(&position.accuracy_m) {
        return Err(Problem::member("/position/accuracy_m", "must be the radius of doubt in metres, 0 or more"));
    }
    let crs = position.crs.as_deref().map_or(Ok(Crs::Wgs84), request::parse_crs);
    let crs = crs.map_err(|what| Problem::member("/position/crs", what))?;
    let report = Report {
        lat: position.lat + 0.0,
        lon: position.lon + 0.0,
        crs,
        accuracy_m: position.accuracy_m + 0.0,
        occurred_ms,
    };
    Ok((report, crs))
}

/// What makes two requests the same check-in, however they were written down.
fn content(body: &CheckInRequest, report: &Report, crs: Crs) -> Vec<u8> {
    let numbers =
        [report.lat.to_bits(), report.lon.to_bits(), report.accuracy_m.to_bits(), report.occurred_ms.cast_unsigned()];
    let mut content: Vec<u8> = numbers.into_iter().flat_map(u64::to_be_bytes).collect();
    content.extend_from_slice(crs.as_str().as_bytes());
    content.push(0);
    content.extend_from_slice(body.waypoint.as_bytes());
    content
}

/// A check-in that is refused now may have been kept before: then the phone hears its first answer again.
async fn kept_before(
    live: &Live,
    visitor: &Visitor,
    body: &CheckInRequest,
    refused: Problem,
) -> Result<CheckIn, Problem> {
    let Ok((report, crs)) = read_report(body) else { return Err(refused) };
    match live.store.check_in(visitor.id, &body.id).await? {
        None => Err(refused),
        Some(stored) if stored.seal == visitor.secret.seal(&content(body, &report, crs)) => {
            Ok(CheckIn::new(stored, body.waypoint.clone()))
        }
        Some(_) => Err(reused()),
    }
}

fn reused() -> Problem {
    Problem::new(Code::CheckInIdReused, "Another check-in of yours has this id. Give every check-in an id of its own.")
}

fn outcome(outcome: Outcome, waypoint: String) -> Result<(StatusCode, CheckIn), Problem> {
    match outcome {
        Outcome::Recorded(stored) => {
            metrics::counter!("studyroute_check_ins_total", "verdict" => stored.verdict.as_str()).increment(1);
            Ok((StatusCode::CREATED, CheckIn::new(stored, waypoint)))
        }
        Outcome::Repeated(stored) => Ok((StatusCode::OK, CheckIn::new(stored, waypoint))),
        Outcome::IdReused => Err(reused()),
        Outcome::TooMany => Err(Problem::new(
            Code::TooManyCheckIns,
            "A participant has 10,000 check-ins at most. Nothing was kept; make another participant.",
        )),
        Outcome::Gone => Err(Problem::new(Code::TokenInvalid, "The participant has been erased; nothing was kept.")),
    }
}
