//! Publishing a whole route file, however large: it is read once from end to end to see whether it is fit and whether it is new, and
//! once more to be written, in short transactions, beside what is published. Nothing of a file that is not fit is written.

use crate::domain::crs::Crs;
use crate::domain::lint::{self, Finding, Whole};
use crate::formats::geojson::{self, Part};
use crate::store::{ContentKey, FileDigest, Head, PublishOutcome, Store, StoreError, Written};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Waypoints that are written together, and such batches that may wait for the database.
const WRITTEN_TOGETHER: usize = 500;
const BATCHES_WAITING: usize = 2;

/// Why a route file was not published. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum RouteFileError {
    /// It cannot be read from the disk.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    /// It is not fit to be published.
    #[error("{} mistakes; {}", .0.len(), first(.0))]
    Mistakes(Vec<Finding>),
    /// Somebody wrote it while it was read.
    #[error("it was changed while it was read; import it again")]
    Changed,
    /// The store could not do it.
    #[error("the database did not take it")]
    Store(#[from] StoreError),
}

fn first(findings: &[Finding]) -> String {
    let first: Vec<String> = findings.iter().take(5).map(ToString::to_string).collect();
    first.join("; ")
}

/// What is known of a file that is fit.
struct Looked {
    slug: String,
    head: Head,
    digest: String,
}

/// Checks a route file and publishes it if it is new.
///
/// # Errors
/// When it is not fit or the store does not take it; then nothing has changed.
pub async fn publish(store: &Store, file: &Path, crs: Crs, now_ms: i64) -> Result<PublishOutcome, RouteFileError> {
    let path = file.to_path_buf();
    let looked = tokio::task::spawn_blocking(move || look(&path, crs)).await;
    let Looked { slug, head, digest } = looked.map_err(|_| io::Error::other("it could not be read"))??;
    if let Some(revision) = store.imported(&slug, &digest).await? {
        return Ok(store.unchanged(&slug, revision).await?);
    }
    let content = store.begin_content(now_ms).await?;
    match stage(store, content, file.to_path_buf(), crs).await {
        Ok(staged) if staged == digest => Ok(store.release_file(&slug, content, &head, &digest, now_ms).await?),
        Ok(_) => {
            store.drop_content(content).await?;
            Err(RouteFileError::Changed)
        }
        Err(error) => {
            store.drop_content(content).await?;
            Err(error)
        }
    }
}

/// Reads a file from end to end; what blocks it is told.
fn look(file: &Path, crs: Crs) -> Result<Looked, RouteFileError> {
    let mut whole = Whole::listing(lint::blocks_file_import);
    let (mut looked, mut result) = (None, Ok(()));
    let read = geojson::each(&mut File::open(file)?, crs, &mut |part| match part {
        Part::Route(route) => {
            whole.head(&route);
            match FileDigest::new(&route) {
                Ok(digest) => looked = Some((route.slug.clone(), Head::of(&route), digest)),
                Err(error) => result = Err(error),
            }
        }
        Part::Stop(waypoint) => {
            whole.stop(&waypoint, None);
            if let Some((.., digest)) = &mut looked
                && let Err(error) = digest.add(&waypoint)
            {
                result = Err(error);
            }
        }
    });
    read.map_err(RouteFileError::Mistakes)?;
    result?;
    let mistakes = whole.finish();
    let Some((slug, head, digest)) = looked.filter(|_| mistakes.is_empty()) else {
        return Err(RouteFileError::Mistakes(mistakes));
    };
    Ok(Looked { slug, head, digest: digest.finish() })
}

/// Writes a file's waypoints into a set and says the digest of what was written.
async fn stage(store: &Store, content: ContentKey, file: PathBuf, crs: Crs) -> Result<String, RouteFileError> {
    let (send, mut receive) = mpsc::channel(BATCHES_WAITING);
    let reader = tokio::task::spawn_blocking(move || send_all(&file, crs, &send));
    while let Some(batch) = receive.recv().await {
        let batch: Vec<(usize, Written)> = batch;
        store.put_written(content, &batch).await?;
    }
    reader.await.map_err(|_| io::Error::other("it could not be read"))?
}

fn send_all(file: &Path, crs: Crs, send: &mpsc::Sender<Vec<(usize, Written)>>) -> Result<String, RouteFileError> {
    let (mut digest, mut place, mut result) = (None, 0, Ok(()));
    let mut batch = Vec::with_capacity(WRITTEN_TOGETHER);
    let read = geojson::each(&mut File::open(file)?, crs, &mut |part| {
        let kept = match part {
            Part::Route(route) => FileDigest::new(&route).map(|new| digest = Some(new)),
            Part::Stop(waypoint) => {
                let added = digest.as_mut().map_or(Ok(()), |digest| digest.add(&waypoint));
                added.and_then(|()| Written::new(&waypoint)).map(|written| {
                    batch.push((place, written));
                    place += 1;
                })
            }
        };
        result = std::mem::replace(&mut result, Ok(())).and(kept);
        if batch.len() == WRITTEN_TOGETHER {
            // Nobody takes any more when the writer has failed, and the writer says why.
            drop(send.blocking_send(std::mem::take(&mut batch)));
        }
    });
    read.map_err(RouteFileError::Mistakes)?;
    result?;
    drop(send.blocking_send(batch));
    digest.map(FileDigest::finish).ok_or(RouteFileError::Changed)
}
