//! Publishing a whole route file, however large: it is read once from end to end to see whether it is fit and whether it is new, and
//! once more to be written, in short transactions, beside what is published. Nothing of a file that is not fit is written.

use super::assets::AssetError;
use super::beside::Beside;
use crate::domain::crs::Crs;
use crate::domain::lint::{self, Finding, Whole};
use crate::formats::geojson::{self, Part};
use crate::store::{Blobs, ContentKey, FileDigest, Head, PublishOutcome, Store, StoreError, Written};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    /// A file beside it could not be kept.
    #[error("a file beside it was not kept: {0}")]
    Beside(#[from] AssetError),
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

/// A route file with what lies beside it.
#[derive(Clone)]
struct Source {
    file: PathBuf,
    crs: Crs,
    beside: Arc<Beside>,
}

/// Checks a route file and publishes it if it is new. Where there is no place for files, what lies beside it is left out.
///
/// # Errors
/// When it is not fit or the store does not take it; then nothing has changed.
pub async fn publish(
    store: &Store,
    blobs: Option<&Blobs>,
    file: &Path,
    crs: Crs,
    now_ms: i64,
) -> Result<PublishOutcome, RouteFileError> {
    let (file, has_place) = (file.to_path_buf(), blobs.is_some());
    let looked = tokio::task::spawn_blocking(move || {
        let beside = Arc::new(if has_place { Beside::look(&file) } else { Beside::default() });
        let source = Source { file, crs, beside };
        look(&source).map(|looked| (looked, source))
    });
    let (looked, source) = looked.await.map_err(|_| io::Error::other("it could not be read"))??;
    let Looked { slug, head, digest } = looked;
    if let Some(blobs) = blobs {
        source.beside.keep(store, blobs, now_ms).await?;
    }
    if let Some(revision) = store.imported(&slug, &digest).await? {
        return Ok(store.unchanged(&slug, revision).await?);
    }
    let content = store.begin_content(now_ms).await?;
    match stage(store, content, source).await {
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
fn look(source: &Source) -> Result<Looked, RouteFileError> {
    let mut whole = Whole::listing(lint::blocks_file_import);
    let (mut looked, mut result) = (None, Ok(()));
    let read = geojson::each(&mut File::open(&source.file)?, source.crs, &mut |part| match part {
        Part::Route(route) => {
            whole.head(&route);
            match FileDigest::new(&route) {
                Ok(digest) => looked = Some((route.slug.clone(), Head::of(&route), digest)),
                Err(error) => result = Err(error),
            }
        }
        Part::Stop(mut waypoint) => {
            source.beside.fill(&mut waypoint);
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
async fn stage(store: &Store, content: ContentKey, source: Source) -> Result<String, RouteFileError> {
    let (send, mut receive) = mpsc::channel(BATCHES_WAITING);
    let reader = tokio::task::spawn_blocking(move || send_all(&source, &send));
    while let Some(batch) = receive.recv().await {
        let batch: Vec<(usize, Written)> = batch;
        store.put_written(content, &batch).await?;
    }
    reader.await.map_err(|_| io::Error::other("it could not be read"))?
}

fn send_all(source: &Source, send: &mpsc::Sender<Vec<(usize, Written)>>) -> Result<String, RouteFileError> {
    let (mut digest, mut place, mut result) = (None, 0, Ok(()));
    let mut batch = Vec::with_capacity(WRITTEN_TOGETHER);
    let read = geojson::each(&mut File::open(&source.file)?, source.crs, &mut |part| {
        let kept = match part {
            Part::Route(route) => FileDigest::new(&route).map(|new| digest = Some(new)),
            Part::Stop(mut waypoint) => {
                source.beside.fill(&mut waypoint);
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
