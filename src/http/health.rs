//! `/healthz`, `/readyz`, `/metrics`: for those who run it. Never refused, whatever the load.

use super::figures::Figures;
use super::problem::{Code, Problem};
use super::state::Shell;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// How long the database may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// A node that has not caught up with the database for so long serves what others no longer serve.
pub const LAG_MAX: Duration = Duration::from_mins(1);

/// Whether the process lives.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`
    status: &'static str,
    version: &'static str,
}

/// Whether it can serve.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `not-ready`.
    status: &'static str,
    /// What is amiss, in words; empty when all is well.
    reasons: Vec<String>,
    /// The generation being served.
    generation: i64,
    /// The generation in the database when it was last asked.
    database_generation: i64,
    /// How long ago what is served was known to be what is published, seconds.
    lag_s: f64,
    /// How far the standby that answers counts lags at most, seconds; left out when the database itself answers them.
    #[serde(skip_serializing_if = "Option::is_none")]
    replica_lag_s: Option<f64>,
    /// Waypoints being served.
    waypoints: usize,
    /// Route files that could not be imported; what was published before is served on.
    broken_files: Vec<String>,
}

/// Alive.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "The process lives", body = Health)))]
pub async fn healthz() -> Response {
    axum::Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }).into_response()
}

/// Ready to serve: the content is loaded, the database answers, and the process is not about to end.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, description = "Ready", body = Readiness),
    (status = 503, description = "Not ready; `reasons` says why", body = Readiness),
))]
pub async fn readyz(State(shell): State<Arc<Shell>>) -> Response {
    shell.note_watched();
    let (readiness, _) = look(&shell).await;
    let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(readiness)).into_response()
}

impl Readiness {
    pub(super) fn is_ready(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Whether it can serve, and whether the database answers.
pub(super) async fn look(shell: &Shell) -> (Readiness, bool) {
    let mut readiness = Readiness {
        status: "not-ready",
        reasons: Vec::new(),
        generation: 0,
        database_generation: 0,
        lag_s: 0.0,
        replica_lag_s: None,
        waypoints: 0,
        broken_files: Vec::new(),
    };
    let mut answers = false;
    if shell.is_stopping() {
        readiness.reasons.push("the process is stopping".into());
    }
    match shell.live() {
        None => readiness.reasons.push("the content is being loaded".into()),
        Some(live) => {
            let index = live.index();
            readiness.generation = index.generation();
            readiness.waypoints = index.len();
            readiness.database_generation = live.refresher.database_generation();
            let lag = live.refresher.lag();
            readiness.lag_s = lag.as_secs_f64();
            readiness.replica_lag_s = live.store.replica_lag().map(|lag| lag.as_secs_f64());
            readiness.reasons.extend(is_behind(lag));
            readiness.broken_files.clone_from(&live.broken_files);
            answers = matches!(tokio::time::timeout(PING_TIMEOUT, live.store.ping()).await, Ok(Ok(())));
            if !answers {
                readiness.reasons.push("the database does not answer".into());
            }
        }
    }
    if readiness.is_ready() {
        readiness.status = "ready";
    }
    (readiness, answers)
}

fn is_behind(lag: Duration) -> Option<String> {
    (lag > LAG_MAX).then(|| format!("it has not caught up with the database for {} s", lag.as_secs()))
}

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses(
    (status = 200, description = "Prometheus text format", body = String, content_type = "text/plain"),
    (status = 503, description = "`not-ready`: no recorder of metrics is installed", body = Problem, content_type = "application/problem+json"),
))]
pub async fn metrics(
    State(shell): State<Arc<Shell>>,
    Extension(figures): Extension<Arc<Figures>>,
) -> Result<Response, Problem> {
    let (readiness, database_answers) = look(&shell).await;
    let text = figures
        .told(&shell, readiness.is_ready(), database_answers)
        .ok_or_else(|| Problem::new(Code::NotReady, "This process collects no metrics."))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4"), (header::CACHE_CONTROL, "no-store")], text)
        .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_not_ready_once_it_has_not_caught_up_for_a_minute() {
        assert_eq!(is_behind(LAG_MAX), None);
        let reason = is_behind(LAG_MAX + Duration::from_secs(1)).expect("a reason");
        assert!(reason.contains("61 s"), "{reason}");
    }
}
