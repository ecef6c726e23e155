//! Files of exhibits, taken, given and removed: the same by HTTP and at the command line. What is kept is durable before it is
//! known, and a file that a document names is never removed.

use crate::domain::asset::Findings;
use crate::formats::{Refused, media};
use crate::store::{
    Asset, AssetUse, BlobError, Blobs, Condemned, Content, Deed, NewAsset, Put, Store, StoreError, Who,
};
use bytes::Bytes;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use tokio::sync::Semaphore;

/// Longest name of a file that is kept, in characters.
pub const NAME_MAX: usize = 100;
/// How long an unused file is kept, unless told otherwise.
pub const GRACE_DAYS: u32 = 7;
/// Files looked at at once: pictures and models are held in memory while they are.
const LOOKING_MAX: usize = 2;
/// Where files lie among the kept bytes.
const FOLDER: &str = "sha256";
const HASH_BYTES: usize = 64 * 1024;

static LOOKING: Semaphore = Semaphore::const_new(LOOKING_MAX);

/// Why a file was not taken, given or removed.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// It is none that visitors may be shown.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Documents name it.
    #[error("the file is in use: {}", named(.0))]
    InUse(Vec<AssetUse>),
    /// There is no such file.
    #[error("there is no such file")]
    Unknown,
    /// The same file is just being removed.
    #[error("the same file is just being removed; send it again in some minutes")]
    BeingRemoved,
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes could not be kept or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

fn named(uses: &[AssetUse]) -> String {
    let place = |used: &AssetUse| match &used.route {
        Some(route) => format!("{route}/{} ({})", used.waypoint, used.state),
        None => format!("{} ({})", used.waypoint, used.state),
    };
    uses.iter().map(place).collect::<Vec<_>>().join(", ")
}

/// What a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Files that nothing had named for long enough.
    pub assets: u64,
    /// Bytes that nobody knew, left behind by something that was broken off.
    pub orphans: u64,
}

/// Where the bytes of a file lie.
fn place(sha256: &str) -> String {
    format!("{FOLDER}/{}/{sha256}", sha256.get(..2).unwrap_or_default())
}

/// Whether this can be the hash of a file.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A file's name without folders and without what a terminal, a header or a file system might stumble over.
#[must_use]
pub fn clean_name(said: &str) -> String {
    let last = said.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| if c.is_alphanumeric() || "-_.() ".contains(c) { c } else { '_' };
    let name: String = last.chars().map(plain).take(NAME_MAX).collect();
    name.trim_matches(['.', ' ']).to_string()
}

/// A file that was looked at.
struct Looked {
    file: File,
    bytes: u64,
    sha256: String,
    cleaned: Option<Bytes>,
    media_type: &'static str,
    findings: Findings,
}

impl Looked {
    fn content(&self) -> Result<Content, AssetError> {
        Ok(match &self.cleaned {
            Some(bytes) => Content::Bytes(bytes.clone()),
            None => Content::File(self.file.try_clone().map_err(BlobError::from)?, self.bytes),
        })
    }
}

fn look(mut file: File) -> Result<Looked, AssetError> {
    let media = media::inspect(&mut file)?;
    let (sha256, bytes) = match &media.cleaned {
        Some(bytes) => (Sha256::digest(bytes), bytes.len() as u64),
        None => hash(&mut file).map_err(BlobError::from)?,
    };
    Ok(Looked {
        file,
        bytes,
        sha256: hex::encode(sha256),
        cleaned: media.cleaned.map(Bytes::from),
        media_type: media.media_type,
        findings: Findings { report: media.report, warnings: media.warnings },
    })
}

fn hash(file: &mut File) -> std::io::Result<(sha2::digest::Output<Sha256>, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut hasher, mut part, mut bytes) = (Sha256::new(), vec![0; HASH_BYTES], 0);
    loop {
        let read = file.read(&mut part)?;
        if read == 0 {
            return Ok((hasher.finalize(), bytes));
        }
        hasher.update(part.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}

/// Hash, size and media type of a file as it would be kept.
///
/// # Errors
/// When it is none that visitors may be shown, or cannot be read.
pub fn facts(file: File) -> Result<(String, u64, &'static str), AssetError> {
    look(file).map(|looked| (looked.sha256, looked.bytes, looked.media_type))
}

/// Takes a file; says whether it is new.
///
/// # Errors
/// When it is none that visitors may be shown, or could not be kept.
pub async fn add(
    store: &Store,
    blobs: &Blobs,
    file: File,
    name: &str,
    who: &Who,
    now_ms: i64,
) -> Result<(Asset, bool), AssetError> {
    let turn = LOOKING.acquire().await;
    let looked = tokio::task::spawn_blocking(move || look(file)).await;
    let looked = looked.map_err(|error| BlobError::from(std::io::Error::other(error)))??;
    let place = place(&looked.sha256);
    if !blobs.has(&place).await? {
        blobs.put(&place, looked.content()?).await?;
    }
    let name = clean_name(name);
    let detail = format!("{} {} bytes {name}", looked.media_type, looked.bytes);
    let deed = Deed { detail, ..Deed::done(now_ms, who, "asset add", looked.sha256.clone()) };
    let new = NewAsset {
        sha256: looked.sha256.clone(),
        media_type: looked.media_type.into(),
        bytes: looked.bytes,
        name,
        findings: looked.findings.clone(),
    };
    let put = store.put_asset(&new, &deed).await?;
    if put == Put::BeingRemoved {
        return Err(AssetError::BeingRemoved);
    }
    // A removal that ended just before may have taken what was there at first. From now on none begins unseen.
    if !blobs.has(&place).await? {
        blobs.put(&place, looked.content()?).await?;
    }
    drop(turn);
    let asset = store.asset(&new.sha256).await?.ok_or(AssetError::BeingRemoved)?;
    Ok((asset, put == Put::New))
}

/// The bytes of a file, or a part of them, piece by piece.
///
/// # Errors
/// When they cannot be read.
pub async fn read(
    blobs: &Blobs,
    sha256: &str,
    range: std::ops::Range<u64>,
) -> Result<impl futures_util::Stream<Item = Result<Bytes, BlobError>> + Send + 'static, AssetError> {
    Ok(blobs.read(&place(sha256), range).await?)
}

/// Removes a file that no document names.
///
/// # Errors
/// When documents name it, with the documents, or there is no such file.
pub async fn remove(store: &Store, blobs: &Blobs, sha256: &str, who: &Who, now_ms: i64) -> Result<(), AssetError> {
    let deed = Deed::done(now_ms, who, "asset remove", sha256);
    match store.condemn_asset(sha256, &deed).await? {
        Condemned::Yes => {
            erase(store, blobs, sha256, now_ms).await.unwrap_or_else(|error| {
                // It is nobody's any more; the next collection removes what is left.
                tracing::warn!(error = &error as &dyn std::error::Error, "the bytes of an asset were left behind");
            });
            Ok(())
        }
        Condemned::InUse(uses) => Err(AssetError::InUse(uses)),
        Condemned::Unknown => Err(AssetError::Unknown),
    }
}

/// Removes the bytes of a file that has been marked, then the mark.
async fn erase(store: &Store, blobs: &Blobs, sha256: &str, removed_ms: i64) -> Result<(), AssetError> {
    blobs.remove(&place(sha256)).await?;
    Ok(store.forget_asset(sha256, removed_ms).await?)
}

/// Removes what nothing has named for the grace, and what something that was broken off left behind.
///
/// # Errors
/// When the database or the place of the bytes does not answer.
pub async fn collect(
    store: &Store,
    blobs: &Blobs,
    grace_ms: i64,
    who: &Who,
    now_ms: i64,
) -> Result<Collected, AssetError> {
    let mut collected = Collected::default();
    store.mark_unused_assets(now_ms).await?;
    for sha256 in store.unused_assets(now_ms - grace_ms).await? {
        match remove(store, blobs, &sha256, who, now_ms).await {
            Ok(()) => collected.assets += 1,
            // Somebody named it, or removed it, in between.
            Err(AssetError::InUse(_) | AssetError::Unknown) => {}
            Err(error) => return Err(error),
        }
    }
    for (sha256, removed_ms) in store.broken_off_removals(now_ms).await? {
        erase(store, blobs, &sha256, removed_ms).await?;
        collected.orphans += 1;
    }
    let mut kept = blobs.list(FOLDER);
    while let Some(listed) = kept.try_next().await? {
        let sha256 = listed.name.rsplit('/').next().unwrap_or_default();
        let is_old = listed.put_ms <= now_ms - grace_ms && is_hash(sha256);
        if is_old && store.asset(sha256).await?.is_none() && store.condemn_orphan(sha256, now_ms).await? {
            erase(store, blobs, sha256, now_ms).await?;
            collected.orphans += 1;
        }
    }
    Ok(collected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_without_folders() {
        for (said, kept) in [
            ("C:\\models\\bronze bell.glb", "bronze bell.glb"),
            ("../../etc/passwd", "passwd"),
            ("铜钟 (1).glb", "铜钟 (1).glb"),
            ("a\"\r\nset-cookie: x;.png", "a___set-cookie_ x_.png"),
            ("....", ""),
            ("\u{202e}gnp.exe", "_gnp.exe"),
        ] {
            assert_eq!(clean_name(said), kept, "{said:?}");
        }
        assert_eq!(clean_name(&"x".repeat(5_000)).len(), NAME_MAX);
    }

    #[test]
    fn a_hash_is_64_small_hexadecimal_digits() {
        assert!(is_hash(&"0f".repeat(32)));
        for text in ["", "0f", &"0F".repeat(32), &"0g".repeat(32), &"../".repeat(21)] {
            assert!(!is_hash(text), "{text}");
        }
    }
}
