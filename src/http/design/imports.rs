//! `POST /v1/design/routes/{route}/import`: a designer's file into a draft. The body goes to a file piece by piece; a small import is
//! waited for, a long one can be left to run (`Prefer: respond-async`) and looked at meanwhile.

use super::answers;
use super::precondition::seen;
use crate::design::import::{self, Import, ImportError, Progress, Report, SOURCE_MAX};
use crate::domain::lint::is_slug;
use crate::formats::{FILE_MAX_BYTES, Refused};
use crate::http::openapi::params::{ImportParams, MatchParams, PreferParams};
use crate::http::problem::{Code, Problem};
use crate::http::request::{NoQuery, Query};
use crate::http::staff::Designer;
use crate::http::state::Live;
use crate::http::upload::{Spooled, Upload};
use crate::store::Version;
use axum::extract::{Extension, Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long the result of an import that was left to run can be read.
const JOB_FOR: Duration = Duration::from_hours(1);
/// Imports whose results are kept; one may be a megabyte.
const JOBS_MAX: u64 = 200;

/// Imports that were left to run. They live with the process: an import that was cut off has changed nothing.
pub struct Jobs(moka::sync::Cache<Uuid, Arc<Job>>);

impl Default for Jobs {
    fn default() -> Self {
        Self(moka::sync::Cache::builder().max_capacity(JOBS_MAX).time_to_live(JOB_FOR).build())
    }
}

struct Job {
    route: String,
    progress: Arc<Progress>,
    outcome: OnceLock<Result<Report, Problem>>,
}

/// How far an import has come.
#[derive(Serialize, ToSchema)]
pub struct ImportJob<'a> {
    id: Uuid,
    route: &'a str,
    /// `running`, `done` or `refused`.
    state: &'static str,
    read_bytes: u64,
    total_bytes: u64,
    /// Rows settled so far.
    rows: u64,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Report>)]
    report: Option<&'a Report>,
    /// Why nothing came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Problem>)]
    problem: Option<&'a Problem>,
}

/// Takes a file into a route's draft, which begins with it if there is none.
///
/// Waypoints are known again by `id`, else by name. All rows or none are taken, unless `partial=true`. An import that is refused
/// answers 422 with the same report as `dry_run=true`: row by row, what is wrong and what to do.
#[utoipa::path(post, path = "/v1/design/routes/{route}/import", tag = "design", security(("key" = ["designer"])), params(
    ("route" = String, Path, example = "confucius-mencius"),
    ImportParams,
    MatchParams,
    PreferParams,
), request_body(content = String, content_type = "application/octet-stream", description = "The file as it is, up to 512 MiB"), responses(
    (status = 200, description = "What came, or would come, of it", body = Report),
    (status = 202, description = "It runs; Location says where to look", body = ImportJob, headers(("location" = String))),
    (status = 409, description = "`draft-scheduled`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`precondition-failed`, with what changed meanwhile", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`import-refused` with the report, `unreadable-file`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create(
    live: Live,
    designer: Designer,
    Extension(jobs): Extension<Arc<Jobs>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upload: Upload,
) -> Result<Response, Problem> {
    if !is_slug(&slug) {
        let detail =
            "A route's name is at most 64 lower-case letters a–z, digits and single hyphens, such as peoples-canal.";
        return Err(Problem::new(Code::UnknownRoute, detail));
    }
    let (import, version) = (asked(query.as_deref())?, seen(&headers, false)?);
    let spooled = upload.spool(FILE_MAX_BYTES).await?;
    if spooled.bytes == 0 {
        return Err(Problem::new(Code::UnreadableFile, "The body is empty; send the file as the body."));
    }
    let job = Arc::new(Job { route: slug.clone(), progress: Arc::default(), outcome: OnceLock::new() });
    let (id, who) = (live.ambient.random_id()?, designer.who());
    let worker = {
        let (live, job) = (live.clone(), Arc::clone(&job));
        tokio::spawn(async move {
            // Its place among the uploads is free when the import is over, not when the client has its answer.
            let Spooled { file, place: _place, .. } = spooled;
            let now_ms = live.ambient.now_ms();
            let run = import::run(&live.store, &slug, version, file, &import, &job.progress, (&who, now_ms));
            match run.await {
                Ok(report) => answered(report),
                Err(error) => Err(refused(&live, version, error).await),
            }
        })
    };
    // It goes on when the client goes away: half an import would be nothing, and the client can read what came of it.
    let told = {
        let job = Arc::clone(&job);
        tokio::spawn(async move {
            drop(job.outcome.set(worker.await.unwrap_or_else(|_| Err(Problem::internal()))));
        })
    };
    if !wants_to_leave(&headers) {
        told.await.map_err(|_| Problem::internal())?;
        let report = job.outcome.get().ok_or_else(Problem::internal)?.as_ref().map_err(Problem::clone)?;
        return Ok(axum::Json(report).into_response());
    }
    jobs.0.insert(id, Arc::clone(&job));
    let location = HeaderValue::from_str(&format!("/v1/design/imports/{id}")).map_err(|_| Problem::internal())?;
    let mut response = (StatusCode::ACCEPTED, axum::Json(shown(id, &job))).into_response();
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// How far an import has come that was left to run, and what came of it.
#[utoipa::path(get, path = "/v1/design/imports/{import}", tag = "design", security(("key" = ["designer"])), params(
    ("import" = Uuid, Path),
), responses(
    (status = 200, description = "How far it has come", body = ImportJob),
    (status = 404, description = "`unknown-import`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    _: Live,
    designer: Designer,
    Extension(jobs): Extension<Arc<Jobs>>,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let job = id.parse().ok().and_then(|id: Uuid| Some((id, jobs.0.get(&id)?)));
    let job = job.filter(|(_, job)| designer.edits(&job.route));
    let (id, job) = job.ok_or_else(|| {
        Problem::new(
            Code::UnknownImport,
            "There is no such import here; results are kept for an hour by the node that ran it.",
        )
    })?;
    let mut response = axum::Json(shown(id, &job)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

fn shown(id: Uuid, job: &Job) -> ImportJob<'_> {
    let outcome = job.outcome.get();
    ImportJob {
        id,
        route: &job.route,
        state: match outcome {
            None => "running",
            Some(Ok(_)) => "done",
            Some(Err(_)) => "refused",
        },
        read_bytes: job.progress.read_bytes.load(Ordering::Relaxed),
        total_bytes: job.progress.total_bytes.load(Ordering::Relaxed),
        rows: job.progress.rows.load(Ordering::Relaxed),
        report: outcome.and_then(|outcome| outcome.as_ref().ok()),
        problem: outcome.and_then(|outcome| outcome.as_ref().err()),
    }
}

/// RFC 7240.
fn wants_to_leave(headers: &HeaderMap) -> bool {
    let mut preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences.any(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case("respond-async")))
}

fn asked(query: Option<&str>) -> Result<Import, Problem> {
    let mut query = Query::parse(query);
    let format = query.take("format")?.map(|text| text.parse()).transpose();
    let format = format.map_err(|error: String| Problem::parameter("format", error))?;
    let crs = query.take("crs")?.map(|text| crate::http::request::parse_crs(&text)).transpose();
    let source = query.take("source")?;
    if source.as_ref().is_some_and(|source| source.trim().is_empty() || source.chars().count() > SOURCE_MAX) {
        return Err(Problem::parameter("source", format!("must be 1 to {SOURCE_MAX} characters")));
    }
    let import = Import {
        format,
        sheet: query.take("sheet")?,
        crs: crs.map_err(|error| Problem::parameter("crs", error))?,
        swap_axes: query.flag("swap_axes")?,
        dry_run: query.flag("dry_run")?,
        partial: query.flag("partial")?,
        replace: query.flag("replace")?,
        source,
        precision_m: query.number("precision_m", import::PRECISION_M)?,
        radius_m: query.number("radius_m", import::RADIUS_M)?,
    };
    query.finish()?;
    if import.partial && import.replace {
        let what = "cannot go with partial: waypoints whose rows are wrong would leave the draft";
        return Err(Problem::parameter("replace", what));
    }
    Ok(import)
}

/// A report that says no is a refusal, unless only the question was asked.
fn answered(report: Report) -> Result<Report, Problem> {
    if report.accepted || report.dry_run {
        return Ok(report);
    }
    let detail = if report.suggestions.is_empty() {
        let wrong = if report.refused == 1 { "1 row is".into() } else { format!("{} rows are", report.refused) };
        format!("{wrong} wrong and nothing was taken. Mend what results names, or take the others with partial=true.")
    } else {
        let reasons: Vec<&str> = report.suggestions.iter().map(|one| one.reason.as_str()).collect();
        let sent: Vec<String> =
            report.suggestions.iter().map(|one| format!("{}={}", one.parameter, one.value)).collect();
        format!(
            "Nothing was taken: {}. Import it again with {}, or with crs=wgs84 if the numbers are right as they stand.",
            reasons.join("; "),
            sent.join("&")
        )
    };
    let problem = Problem::new(Code::ImportRefused, detail);
    let Ok(Value::Object(members)) = serde_json::to_value(report) else { return Err(Problem::internal()) };
    Err(members.into_iter().fold(problem, |problem, (name, member)| problem.with(&name, member)))
}

async fn refused(live: &Live, seen: Option<Version>, error: ImportError) -> Problem {
    match error {
        ImportError::File(Refused::Unreadable(why)) => Problem::new(Code::UnreadableFile, sentence(&why)),
        ImportError::File(Refused::TooLarge(why)) => Problem::new(Code::BodyTooLarge, sentence(&why)),
        ImportError::NotEdited(refusal) => answers::not_edited(live, seen, refusal).await,
        ImportError::Store(error) => error.into(),
        ImportError::Io(error) => error.into(),
    }
}

/// What a reader says of the file, or of a line in it.
fn sentence(why: &str) -> String {
    if why.starts_with("line ") { format!("In {why}.") } else { format!("The file {why}.") }
}
