//! The bytes of exhibits' files, by the hash of what stands in them: in a folder beside the database, or in a bucket that speaks
//! S3. What was put is durable: written under another name, synced, renamed. Refuses to know what a file is or who uses it.

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientConfigKey, GetOptions, GetRange, ObjectStore, ObjectStoreExt, RetryConfig};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Files up to this size go in one piece, larger ones in pieces of it.
const PIECE_BYTES: u64 = 8 * 1024 * 1024;
/// How long a bucket may leave a request unanswered; a whole transfer may take longer.
const READ_TIMEOUT: &str = "30 seconds";
const TRANSFER_TIMEOUT: &str = "30 minutes";
const RETRIES_MAX: usize = 3;
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

/// Where bytes are kept.
#[derive(Clone)]
pub struct Blobs {
    place: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Beside the kept files, so that what is put together there is on the same disk.
    spool: PathBuf,
}

/// Why bytes could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The setting makes no sense.
    #[error("assets: {0}")]
    Setting(String),
    /// There is nothing under this name.
    #[error("the file is not there")]
    Missing,
    /// The place did not do it.
    #[error("the place of assets cannot be used")]
    Place(#[source] object_store::Error),
    /// A file of ours could not be read or written.
    #[error("a file cannot be read or written")]
    File(#[from] std::io::Error),
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Place(other),
        }
    }
}

type Result<T> = std::result::Result<T, BlobError>;

/// What is to be kept.
pub enum Content {
    /// In memory.
    Bytes(Bytes),
    /// A whole file, from its beginning.
    File(File, u64),
}

/// A kept file in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// When it was put last.
    pub put_ms: i64,
    /// How long it is.
    pub bytes: u64,
}

/// The setting in force: what was said, or a folder beside the database's file. PostgreSQL has no file, so nothing is kept there
/// until somebody says where.
#[must_use]
pub fn setting(said: &str, database: &str) -> Option<String> {
    if !said.is_empty() {
        return Some(said.to_string());
    }
    let file = database.strip_prefix("sqlite:")?;
    Some(format!("{}.assets", file.strip_prefix("//").unwrap_or(file)))
}

impl Blobs {
    /// Opens a folder (made if it is not there) or `s3://BUCKET/PREFIX`, whose endpoint, region and keys come from the usual
    /// variables of the environment, `AWS_ENDPOINT_URL` and so on.
    ///
    /// # Errors
    /// When the setting makes no sense or the folder cannot be made.
    pub fn open(setting: &str) -> Result<Self> {
        match setting.strip_prefix("s3://") {
            Some(rest) => Self::bucket(rest),
            None if setting.contains("://") => Err(BlobError::Setting("must be a folder or s3://BUCKET/PREFIX".into())),
            None => Self::folder(setting),
        }
    }

    pub(super) fn spool(&self) -> &std::path::Path {
        &self.spool
    }

    fn folder(folder: &str) -> Result<Self> {
        let spool = PathBuf::from(folder).join("spool");
        std::fs::create_dir_all(&spool)?;
        super::open::sync_folder(std::path::Path::new(folder))?;
        let place = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { place: Arc::new(place), prefix: Path::default(), spool })
    }

    fn bucket(rest: &str) -> Result<Self> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if bucket.is_empty() || !bucket.bytes().all(plain) {
            return Err(BlobError::Setting("must be s3://BUCKET/PREFIX; keys belong into the environment".into()));
        }
        let prefix = Path::parse(prefix).map_err(|error| BlobError::Setting(error.to_string()))?;
        // Once per process; the second time says that it is there already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let place = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ReadTimeout), READ_TIMEOUT)
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), TRANSFER_TIMEOUT)
            // Deleting many at once is the part that relatives of S3 lack.
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                max_retries: RETRIES_MAX,
                retry_timeout: RETRY_TIMEOUT,
                ..RetryConfig::default()
            })
            .build()
            .map_err(|error| BlobError::Setting(error.to_string()))?;
        Ok(Self { place: Arc::new(place), prefix, spool: std::env::temp_dir() })
    }

    /// An empty file without a name, gone when it is dropped, for putting something together.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn scratch(&self) -> Result<File> {
        Ok(tempfile::tempfile_in(&self.spool)?)
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), Path::join)
    }

    /// Keeps a file under a name, over whatever was there. When this returns, it is durable.
    ///
    /// # Errors
    /// When it could not be kept; then what was there before is.
    pub async fn put(&self, name: &str, content: Content) -> Result<()> {
        let path = self.path(name);
        match content {
            Content::Bytes(bytes) => drop(self.place.put(&path, bytes.into()).await?),
            Content::File(file, bytes) => {
                let (file, first) = piece(file, 0, bytes).await?;
                if bytes <= PIECE_BYTES {
                    self.place.put(&path, first.into()).await?;
                } else {
                    self.put_in_pieces(&path, file, first, bytes).await?;
                }
            }
        }
        Ok(())
    }

    async fn put_in_pieces(&self, path: &Path, mut file: File, first: Bytes, bytes: u64) -> Result<()> {
        let mut upload = self.place.put_multipart(path).await?;
        let mut next = first;
        let mut sent = 0;
        let outcome: Result<()> = loop {
            sent += next.len() as u64;
            if let Err(error) = upload.put_part(next.into()).await {
                break Err(error.into());
            }
            if sent >= bytes {
                break upload.complete().await.map(drop).map_err(BlobError::from);
            }
            match piece(file, sent, bytes).await {
                Ok((same, read)) => (file, next) = (same, read),
                Err(error) => break Err(error),
            }
        };
        if outcome.is_err() && upload.abort().await.is_err() {
            tracing::debug!("the pieces of an asset were left behind");
        }
        outcome
    }

    /// A part of a kept file, piece by piece.
    ///
    /// # Errors
    /// When it is not there or the place does not answer.
    pub async fn read(&self, name: &str, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        if range.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(range)));
        let found = self.place.get_opts(&self.path(name), options).await?;
        Ok(found.into_stream().map_err(BlobError::from).boxed())
    }

    /// Whether something is kept under a name.
    ///
    /// # Errors
    /// When the place does not answer.
    pub async fn has(&self, name: &str) -> Result<bool> {
        match self.place.head(&self.path(name)).await.map_err(BlobError::from) {
            Ok(_) => Ok(true),
            Err(BlobError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a file; one that is not there is as good as removed.
    ///
    /// # Errors
    /// When the place does not answer.
    pub async fn remove(&self, name: &str) -> Result<()> {
        match self.place.delete(&self.path(name)).await.map_err(BlobError::from) {
            Err(BlobError::Missing) => Ok(()),
            done => done,
        }
    }

    /// Everything whose name begins with this folder.
    pub fn list(&self, folder: &str) -> BoxStream<'static, Result<Listed>> {
        let skip = self.prefix.parts().count();
        let listed = self.place.list(Some(&self.path(folder)));
        let listed = listed.map_ok(move |meta| {
            let name: Vec<_> = meta.location.parts().skip(skip).map(|part| part.as_ref().to_string()).collect();
            Listed { name: name.join("/"), put_ms: meta.last_modified.timestamp_millis(), bytes: meta.size }
        });
        listed.map_err(BlobError::from).boxed()
    }
}

/// The next piece of a file, which is handed back.
async fn piece(mut file: File, at: u64, bytes: u64) -> Result<(File, Bytes)> {
    let read = tokio::task::spawn_blocking(move || {
        let length = usize::try_from((bytes - at).min(PIECE_BYTES)).unwrap_or(0);
        let mut piece = vec![0; length];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut piece)?;
        Ok((file, Bytes::from(piece)))
    });
    read.await.map_err(std::io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn without_a_word_assets_lie_beside_the_database_file() {
        assert_eq!(setting("", "sqlite:a/b.db").as_deref(), Some("a/b.db.assets"));
        assert_eq!(setting("", "sqlite://b.db").as_deref(), Some("b.db.assets"));
        assert_eq!(setting("s3://x", "sqlite:b.db").as_deref(), Some("s3://x"));
        assert_eq!(setting("", "postgres://host/db"), None);
    }

    #[test]
    fn a_place_that_makes_no_sense_is_refused() {
        for said in ["s3://", "s3:///prefix", "s3://key:secret@bucket/x", "s3://b/../x", "https://example.org/x"] {
            assert!(matches!(Blobs::open(said), Err(BlobError::Setting(_))), "{said}");
        }
    }

    #[tokio::test]
    async fn what_was_put_is_read_in_any_part_until_it_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::open(&folder.path().join("assets").display().to_string()).expect("a place");
        let bytes: Vec<u8> = (0..20_000_000u32).map(|i| u8::try_from(i % 251).expect("small")).collect();
        let mut file = blobs.scratch().expect("a file");
        file.write_all(&bytes).expect("written");
        blobs.put("sha256/ab/abc", Content::File(file, bytes.len() as u64)).await.expect("kept in pieces");
        blobs.put("sha256/ab/small", Content::Bytes(Bytes::from_static(b"small"))).await.expect("kept");
        for range in [0..1, 0..20_000_000, 8_388_607..8_388_610, 19_999_999..20_000_000, 7..7] {
            let read = blobs.read("sha256/ab/abc", range.clone()).await.expect("there");
            let read: Vec<Bytes> = read.try_collect().await.expect("read");
            let (start, end) =
                (usize::try_from(range.start).expect("small"), usize::try_from(range.end).expect("small"));
            assert!(read.concat() == bytes[start..end], "{range:?}");
        }
        let mut names: Vec<String> =
            blobs.list("sha256").map_ok(|listed| listed.name).try_collect().await.expect("a list");
        names.sort();
        assert_eq!(names, ["sha256/ab/abc", "sha256/ab/small"]);
        blobs.remove("sha256/ab/abc").await.expect("removed");
        blobs.remove("sha256/ab/abc").await.expect("as good as removed");
        assert!(!blobs.has("sha256/ab/abc").await.expect("an answer"));
        assert!(blobs.has("sha256/ab/small").await.expect("an answer"));
        assert!(matches!(blobs.read("sha256/ab/abc", 0..1).await, Err(BlobError::Missing)));
    }
}
