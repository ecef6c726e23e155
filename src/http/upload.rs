//! Large bodies, which go to a file piece by piece and never into memory: bounded in size, in time for each piece and in all, and
//! in number. Take it after who may send has been asked: until then nothing of the body is read.

use super::problem::{Code, Problem};
use super::state::{Live, Shell, UPLOADS_MAX};
use crate::store::Blobs;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Method;
use http_body::Body as _;
use http_body_util::BodyExt;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a large body may take in all.
pub const UPLOAD_TIMEOUT: Duration = Duration::from_mins(30);
/// How long each piece of it may take to come.
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);

/// Calls whose handlers take the body themselves; those of all others find it in memory.
const STREAMED: [(Method, &str); 3] = [
    (Method::POST, "/v1/design/assets"),
    (Method::PATCH, "/v1/design/uploads/{id}"),
    (Method::POST, "/v1/design/routes/{route}/import"),
];

/// Whether the body of this call is left to its handler.
pub fn is_streamed(method: &Method, template: &str) -> bool {
    STREAMED.iter().any(|(streamed, path)| streamed == method && *path == template)
}

/// A large body that has not been read.
pub struct Upload {
    body: Body,
    blobs: Option<Blobs>,
    places: Arc<Semaphore>,
}

/// What came of a large body, in a file without a name.
pub struct Spooled {
    /// The file, at its end.
    pub file: File,
    /// How much came.
    pub bytes: u64,
    /// To be held until the file is done with: so many are under way at once.
    pub place: OwnedSemaphorePermit,
}

impl FromRequest<Arc<Shell>> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, shell: &Arc<Shell>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let live = Live::from_request_parts(&mut parts, shell).await?;
        Ok(Self { body, blobs: live.blobs().ok().cloned(), places: Arc::clone(&live.uploads) })
    }
}

impl Upload {
    /// The whole body.
    ///
    /// # Errors
    /// When it is too large, too slow or broken off, or when too many others are under way.
    pub async fn spool(self, limit_bytes: u64) -> Result<Spooled, Problem> {
        let (spooled, broken) = self.spool_what_comes(limit_bytes).await?;
        broken.map_or(Ok(spooled), Err)
    }

    /// As much of the body as comes, and why no more did.
    ///
    /// # Errors
    /// When it is too large, or when too many others are under way.
    pub async fn spool_what_comes(self, limit_bytes: u64) -> Result<(Spooled, Option<Problem>), Problem> {
        if self.body.size_hint().lower() > limit_bytes {
            return Err(too_large(limit_bytes));
        }
        let place = self.places.try_acquire_owned().map_err(|_| {
            Problem::new(
                Code::Overloaded,
                format!("{UPLOADS_MAX} uploads are under way. Nothing was kept; try again after Retry-After."),
            )
        })?;
        // Beside the kept files where there are any, so that what is kept in the end is not copied to another disk.
        let scratch = self.blobs.as_ref().map_or_else(|| Ok(tempfile::tempfile()?), Blobs::scratch)?;
        let mut file = tokio::fs::File::from_std(scratch);
        let (mut body, mut bytes, mut broken) = (self.body, 0, None);
        let until = tokio::time::Instant::now() + UPLOAD_TIMEOUT;
        while broken.is_none() {
            let patience = until.min(tokio::time::Instant::now() + PIECE_TIMEOUT);
            let data = match tokio::time::timeout_at(patience, body.frame()).await {
                Ok(None) => break,
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(Some(Err(_))) => {
                    broken = Some(Problem::new(Code::BadRequest, "The body could not be read to its end."));
                    continue;
                }
                Err(_) => {
                    broken = Some(Problem::new(Code::BodyTimeout, "The body came too slowly; send it in parts."));
                    continue;
                }
            };
            bytes += data.len() as u64;
            if bytes > limit_bytes {
                return Err(too_large(limit_bytes));
            }
            file.write_all(&data).await?;
        }
        file.flush().await?;
        Ok((Spooled { file: file.into_std().await, bytes, place }, broken))
    }
}

fn too_large(limit_bytes: u64) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("The body is larger than {limit_bytes} bytes."))
        .with("limit_bytes", limit_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body::Frame;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// A body that gives some pieces, one after each wait, and then nothing any more.
    struct Slow {
        pieces: u32,
        every: Duration,
        wait: Pin<Box<tokio::time::Sleep>>,
    }

    impl http_body::Body for Slow {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.pieces == 0 || self.wait.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let next = tokio::time::Instant::now() + self.every;
            self.wait.as_mut().reset(next);
            self.pieces -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"piece")))))
        }
    }

    fn slow(pieces: u32, every: Duration) -> (Upload, Arc<Semaphore>) {
        let places = Arc::new(Semaphore::new(1));
        let body = Body::new(Slow { pieces, every, wait: Box::pin(tokio::time::sleep(every)) });
        (Upload { body, blobs: None, places: Arc::clone(&places) }, places)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_or_never_ends_is_given_up_and_its_place_is_free() {
        // The pieces are in time, the whole is not; the pieces are not in time.
        for (pieces, every, kept) in
            [(100_000, PIECE_TIMEOUT / 2, 120), (3, Duration::from_secs(1), 3), (0, PIECE_TIMEOUT, 0)]
        {
            let (upload, places) = slow(pieces, every);
            let (spooled, broken) = upload.spool_what_comes(1 << 20).await.expect("what came");
            assert_eq!(broken.map(|problem| problem.code()), Some("body-timeout"));
            assert!(spooled.bytes.abs_diff(kept * 5) <= 5, "{}", spooled.bytes);
            assert_eq!(places.available_permits(), 0, "it is held as long as the file is");
            drop(spooled);
            assert_eq!(places.available_permits(), 1);
        }
        let (upload, places) = slow(3, Duration::from_secs(1));
        assert_eq!(upload.spool(10).await.err().map(|problem| problem.code()), Some("body-too-large"));
        assert_eq!(places.available_permits(), 1);
    }
}
