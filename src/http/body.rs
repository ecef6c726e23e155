//! Takes a request's body in whole before anybody works on it, within a time, a size, and a bound on all bodies together.
//!
//! Whoever sends slowly holds what it has sent, and it takes no token to send. So a small body is always taken, a large one
//! only while the large ones together stay within [`LARGE_TOGETHER_MAX_BYTES`]: then large ones are refused, and the phone that
//! is refused may send the same check-ins in smaller batches.

use super::problem::{Code, Problem};
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
/// Up to here a body is small: some thirty check-ins.
const SMALL_MAX_BYTES: usize = 8 * 1024;
/// Bound on all large bodies under way.
const LARGE_TOGETHER_MAX_BYTES: usize = 48 * 1024 * 1024;
/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// All bodies under way.
pub struct Bodies(Arc<Semaphore>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_TOGETHER_MAX_BYTES)))
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
        let (parts, body) = request.into_parts();
        if body.is_end_stream() {
            return Ok((Request::from_parts(parts, Body::empty()), None));
        }
        let limit = if template == "/v1/check-ins/batch" { BATCH_BODY_MAX_BYTES } else { BODY_MAX_BYTES };
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        let (bytes, room) = tokio::time::timeout(BODY_TIMEOUT, self.read(body, limit))
            .await
            .map_err(|_| Problem::new(Code::BodyTimeout, "The body took longer than 30 seconds to come."))??;
        Ok((Request::from_parts(parts, Body::from(bytes)), room))
    }

    /// Copies what comes, so that nothing is held but the body itself.
    async fn read(&self, mut body: Body, limit: usize) -> Result<(Vec<u8>, Room), Problem> {
        let (mut bytes, mut room) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Problem::new(Code::BadRequest, "The body could not be read to its end."))?;
            let Ok(data) = frame.into_data() else { continue };
            let length = bytes.len() + data.len();
            if length > limit {
                return Err(too_large(limit));
            }
            if length > SMALL_MAX_BYTES && room.is_none() {
                room = Some(self.room(limit)?);
                bytes.reserve_exact(limit - bytes.len());
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes, room))
    }

    fn room(&self, limit: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let bytes = u32::try_from(limit).unwrap_or(u32::MAX);
        Arc::clone(&self.0).try_acquire_many_owned(bytes).map_err(|_| {
            Problem::new(
                Code::Overloaded,
                format!("Too many large bodies at once. Nothing was kept; send at most {SMALL_MAX_BYTES} bytes at a time, or try again after Retry-After."),
            )
        })
    }
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
            taken.push(bodies.take(request(100_000), batch).await.expect("room"));
        }
        assert_eq!(bodies.take(request(100_000), batch).await.expect_err("no room").code(), "overloaded");
        assert!(bodies.take(request(SMALL_MAX_BYTES), batch).await.is_ok());
        taken.pop();
        assert!(bodies.take(request(100_000), batch).await.is_ok());
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
        ] {
            let taken = bodies.take(request(bytes), template).await;
            assert_eq!(taken.is_ok(), whole, "{bytes} bytes to {template}");
        }
    }
}
