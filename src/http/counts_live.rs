//! `/v1/counts/live`: the totals of a range of days as server-sent events, whenever they change. A stream ends by itself after some
//! minutes and a browser comes back by itself, so a key that was revoked meanwhile sees exact figures no longer than that.

use super::counts::Table;
use super::openapi::params::LiveParams;
use super::problem::{Code, Problem};
use super::staff::Staff;
use super::state::{Live, Shell};
use axum::extract::{Extension, RawQuery};
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};

/// How often the totals are looked at; other nodes' check-ins show in the database alone.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long one stream lasts.
const LASTS: Duration = Duration::from_mins(5);
/// A line that says nothing, so that nobody between takes a quiet stream for a dead one.
const QUIET_MAX: Duration = Duration::from_secs(15);

/// One stream.
struct Watch {
    shell: Arc<Shell>,
    live: Live,
    staff: Option<Staff>,
    query: Option<String>,
    said: String,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

/// The totals at once, and again whenever they change: each event is what `/v1/counts` says, without rows.
#[utoipa::path(get, path = "/v1/counts/live", tag = "counts", security((), ("key" = [])), params(LiveParams), responses(
    (status = 200, description = "Server-sent events, each a `Counts` as JSON", body = String, content_type = "text/event-stream"),
    (status = 401, description = "`token-invalid`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn live(
    Extension(shell): Extension<Arc<Shell>>,
    live: Live,
    staff: Option<Staff>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let first = Table::read(&live, staff.as_ref(), query.as_deref()).await?;
    if first.has_parts() {
        return Err(Problem::parameter("by", "is for /v1/counts; a stream has totals only"));
    }
    let place = Arc::clone(&live.watchers).try_acquire_owned().map_err(|_| {
        Problem::new(
            Code::Overloaded,
            "Too many streams at once; ask /v1/counts now and then, or try again after Retry-After.",
        )
    })?;
    let watch = Watch { shell, live, staff, query, said: String::new(), until: Instant::now() + LASTS, _place: place };
    let events = Sse::new(changes(watch)).keep_alive(KeepAlive::new().interval(QUIET_MAX));
    Ok(([(header::CACHE_CONTROL, "no-store"), (header::VARY, "authorization, cookie")], events).into_response())
}

fn changes(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(watch, |mut watch| async move {
        let (totals, event) = watch.changed().await?;
        watch.said = totals;
        Some((Ok(Event::default().data(event)), watch))
    })
}

impl Watch {
    /// The next totals that differ from the last, and how they are told: with the lag of who counted them, which always differs.
    /// `None` when the stream ends.
    async fn changed(&self) -> Option<(String, String)> {
        let is_first = self.said.is_empty();
        loop {
            if !is_first {
                sleep(LOOK_EVERY).await;
            }
            if self.shell.is_stopping() || Instant::now() > self.until {
                return None;
            }
            let mut counts = Table::read(&self.live, self.staff.as_ref(), self.query.as_deref()).await.ok()?.counts;
            let lag_s = counts.lag_s.take();
            let totals = serde_json::to_string(&counts).ok()?;
            if totals != self.said {
                counts.lag_s = lag_s;
                return Some((totals, serde_json::to_string(&counts).ok()?));
            }
        }
    }
}
