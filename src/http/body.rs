//! Takes a request's body in whole before anybody works on it, within a time, a size, and a bound on all bodies together.
//!
//! Whoever sends slowly holds what it has sent, and it takes no token to send. So a small body is always taken, a large one
//! only while the large ones together stay within [`LARGE_TOGETHER_MAX_BYTES`]: then large ones are refused, and the phone that
//! is refused may send the same check-ins in smaller batches. Files are left to `upload`.

use super::problem::{Code, Problem};
use super::upload::is_streamed;
use axum::body::Body;
use axum::extract::Request;
use http_body::Body as _;
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Largest body, but for batches.
pub const BODY_MAX_BYTES: usize = 64 * 1024;
/// Largest body of a batch of check-ins.
pub const BATCH_BODY_MAX_BYTES: usize = 256 * 1024;
/// Largest body of a draft written as a whole: a thousand waypoints with all their texts.
pub const DRAFT_BODY_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Largest body of an order of waypoints: some sixty thousand names.
pub const ORDER_BODY_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Up to here a body is small: some thirty check-ins.
const SMALL_MAX_BYTES: usize = 8 * 1024;
/// Bound on all large bodies under way, but for designers'.
const LARGE_TOGETHER_MAX_BYTES: usize = 48 * 1024 * 1024;
/// Bound on all of designers' large bodies under way. Its own, so that nobody keeps check-ins out with a few of them.
const DESIGN_TOGETHER_MAX_BYTES: usize = 48 * 1024 * 1024;
/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// All bodies under way.
pub struct Bodies {
    visitors: Arc<Semaphore>,
    designers: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        let bound = |bytes| Arc::new(Semaphore::new(bytes));
        Self { visitors: bound(LARGE_TOGETHER_MAX_BYTES), designers: bound(DESIGN_TOGETHER_MAX_BYTES) }
    }
}

/// Largest body that an endpoint takes.
fn limit_of(template: &str) -> usize {
    match template {
        "/v1/check-ins/batch" => BATCH_BODY_MAX_BYTES,
        "/v1/design/routes/{route}/draft" => DRAFT_BODY_MAX_BYTES,
        "/v1/design/routes/{route}/draft/order" => ORDER_BODY_MAX_BYTES,
        _ => BODY_MAX_BYTES,
    }
}

/// The room that a large body takes, until it is dropped.
pub type Room = Option<OwnedSemaphorePermit>;

impl Bodies {
    /// The request with its body in whole. Keep the room for as long as the body lives.
    ///
    /// # Errors
    /// When the body is too large, too slow or broken off, or when there is no room for it.
    pub async fn take(&self, request: Request, template: &str) -> Result<(Request, Room), Problem> {
        if is_streamed(request.method(), template) {
            return Ok((request, None));
        }
        let (parts, body) = request.into_parts();
        if body.is_end_stream() {
            return Ok((Request::from_parts(parts, Body::empty()), None));
        }
        let limit = limit_of(template);
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        let together = if template.starts_with("/v1/design/") { &self.designers } else { &self.visitors };
        let (bytes, room) = tokio::time::timeout(BODY_TIMEOUT, read(body, limit, together))
            .await
            .map_err(|_| Problem::new(Code::BodyTimeout, "The body took longer than 30 seconds to come."))??;
        Ok((Request::from_parts(parts, Body::from(bytes)), room))
    }
}

/// Copies what comes, so that nothing is held but the body itself.
async fn read(mut body: Body, limit: usize, together: &Arc<Semaphore>) -> Result<(Vec<u8>, Room), Problem> {
    // What a body says of its length it keeps: the connection sees to that.
    let most = body.size_hint().upper().and_then(|upper| usize::try_from(upper).ok()).map_or(limit, |n| n.min(limit));
    let (mut bytes, mut room) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::BadRequest, "The body could not be read to its end."))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > most {
            return Err(too_large(limit));
        }
        if length > SMALL_MAX_BYTES && room.is_none() {
            room = Some(room_for(most, together)?);
            bytes.reserve_exact(most - bytes.len());
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, room))
}

fn room_for(bytes: usize, together: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    Arc::clone(together).try_acquire_many_owned(bytes).map_err(|_| {
        Problem::new(
            Code::Overloaded,
            format!("Too many large bodies at once. Nothing was kept; send at most {SMALL_MAX_BYTES} bytes at a time, or try again after Retry-After."),
        )
    })
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("The body is larger than {limit} bytes; send it in parts."))
        .with("limit_bytes", limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: usize) -> Request {
        Request::new(Body::from(vec![b' '; bytes]))
    }

    #[tokio::test]
    async fn large_bodies_have_a_bound_together_and_small_ones_always_have_room() {
        let (bodies, batch) = (Bodies::default(), "/v1/check-ins/batch");
        let mut taken = Vec::new();
        for _ in 0..LARGE_TOGETHER_MAX_BYTES / BATCH_BODY_MAX_BYTES {
            taken.push(bodies.take(request(BATCH_BODY_MAX_BYTES), batch).await.expect("room"));
        }
        assert_eq!(bodies.take(request(100_000), batch).await.expect_err("no room").code(), "overloaded");
        assert!(bodies.take(request(SMALL_MAX_BYTES), batch).await.is_ok());
        taken.pop();
        assert!(bodies.take(request(100_000), batch).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_takes_the_room_it_needs_and_designers_never_take_that_of_check_ins() {
        let (bodies, draft) = (Bodies::default(), "/v1/design/routes/{route}/draft");
        let mut taken = Vec::new();
        for _ in 0..DESIGN_TOGETHER_MAX_BYTES / DRAFT_BODY_MAX_BYTES - 1 {
            taken.push(bodies.take(request(DRAFT_BODY_MAX_BYTES), draft).await.expect("room"));
        }
        for _ in 0..DRAFT_BODY_MAX_BYTES / 1_000_000 {
            taken.push(
                bodies.take(request(1_000_000), draft).await.expect("room for what it is, not for what it may be"),
            );
        }
        assert_eq!(bodies.take(request(1_000_000), draft).await.expect_err("no room").code(), "overloaded");
        assert!(bodies.take(request(BATCH_BODY_MAX_BYTES), "/v1/check-ins/batch").await.is_ok());
    }

    #[tokio::test]
    async fn each_body_has_a_bound_of_its_own() {
        let bodies = Bodies::default();
        for (bytes, template, whole) in [
            (0, "/v1/nearby", true),
            (BODY_MAX_BYTES, "/v1/nearby", true),
            (BODY_MAX_BYTES + 1, "/v1/nearby", false),
            (BATCH_BODY_MAX_BYTES, "/v1/check-ins/batch", true),
            (BATCH_BODY_MAX_BYTES + 1, "/v1/check-ins/batch", false),
            (DRAFT_BODY_MAX_BYTES, "/v1/design/routes/{route}/draft", true),
            (DRAFT_BODY_MAX_BYTES + 1, "/v1/design/routes/{route}/draft", false),
            (ORDER_BODY_MAX_BYTES, "/v1/design/routes/{route}/draft/order", true),
            (ORDER_BODY_MAX_BYTES + 1, "/v1/design/routes/{route}/draft/order", false),
            (BODY_MAX_BYTES + 1, "/v1/design/routes/{route}/publish", false),
            (BODY_MAX_BYTES + 1, "/v1/design/keys", false),
        ] {
            let taken = bodies.take(request(bytes), template).await;
            assert_eq!(taken.is_ok(), whole, "{bytes} bytes to {template}");
        }
    }
}
