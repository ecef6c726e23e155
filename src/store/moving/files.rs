//! Taking the files of exhibits along: bytes, parts of uploads and the journal of erasures, from one place to another. What has a hash for
//! a name is checked by it.

use super::super::blobs::{BlobError, Blobs, Content, Listed};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;

/// Everything that lies there, by folder; the first is named by hashes.
const FOLDERS: [&str; 3] = ["sha256", "uploads", "erased"];

/// What was taken along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that were not there yet.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were.
    pub were_there: u64,
}

impl Copied {
    /// This, and what was copied after it.
    #[must_use]
    pub fn with(self, later: Self) -> Self {
        let (files, bytes) = (self.files + later.files, self.bytes + later.bytes);
        Self { files, bytes, were_there: later.were_there.saturating_sub(self.files) }
    }
}

impl Blobs {
    /// Copies everything that `to` lacks.
    ///
    /// # Errors
    /// When a place does not answer, or a file is not what its name says.
    pub async fn copy_to(&self, to: &Self) -> Result<Copied, BlobError> {
        let mut copied = Copied::default();
        for folder in FOLDERS {
            let there: HashMap<String, u64> =
                to.list(folder).map_ok(|listed| (listed.name, listed.bytes)).try_collect().await?;
            let mut listed = self.list(folder);
            while let Some(file) = listed.try_next().await? {
                if there.get(&file.name) == Some(&file.bytes) {
                    copied.were_there += 1;
                    continue;
                }
                match self.copy_one(&file, to, folder == FOLDERS[0]).await {
                    Ok(()) => copied.files += 1,
                    // It was removed meanwhile.
                    Err(BlobError::Missing) => continue,
                    Err(error) => return Err(error),
                }
                copied.bytes += file.bytes;
            }
        }
        Ok(copied)
    }

    async fn copy_one(&self, file: &Listed, to: &Self, is_named_by_hash: bool) -> Result<(), BlobError> {
        let mut bytes = self.read(&file.name, 0..file.bytes).await?;
        let (mut copy, mut hash) = (to.scratch()?, Sha256::new());
        while let Some(part) = bytes.try_next().await? {
            hash.update(&part);
            copy = written(copy, part).await?;
        }
        let hash = hex::encode(hash.finalize());
        if is_named_by_hash && !file.name.ends_with(&hash) {
            let what = format!("{} holds something else than its name says ({hash})", file.name);
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what).into());
        }
        to.put(&file.name, Content::File(copy, file.bytes)).await
    }
}

/// Writes on into a file, which is handed back.
async fn written(mut file: File, part: bytes::Bytes) -> std::io::Result<File> {
    let write = tokio::task::spawn_blocking(move || file.write_all(&part).map(|()| file));
    write.await.map_err(std::io::Error::other)?
}
