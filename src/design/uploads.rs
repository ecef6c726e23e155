//! Uploads in parts: begun, gone on with after a break or a restart, finished, given up. Every part is durable before it counts.

use super::assets::{self, AssetError};
use crate::formats::media::ASSET_MAX_BYTES;
use crate::store::{Asset, BlobError, Blobs, Content, NewUpload, Store, StoredUpload, Who};
use futures_util::TryStreamExt;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// Uploads that one key may have under way.
pub const OPEN_MAX: i64 = 16;
/// How long an upload may rest between two parts: a day.
pub const REST_MAX_MS: i64 = 24 * 3_600_000;
/// Most parts of one upload.
pub const PARTS_MAX: usize = 1_000;
/// Where parts lie among the kept bytes.
const FOLDER: &str = "uploads";
/// Uploads given up in one go.
const GIVE_UP_ROWS: usize = 100;

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It is larger than any file that is taken.
    #[error("a file may have {0} bytes")]
    TooLarge(u64),
    /// Its owner has too many under way.
    #[error("there are too many uploads under way")]
    TooMany,
    /// There is none of this name, or none of this owner.
    #[error("there is no such upload")]
    Unknown,
    /// The part belongs elsewhere.
    #[error("so far {0} bytes were kept")]
    Offset(u64),
    /// It came in too many parts.
    #[error("the upload has too many parts")]
    Parts,
    /// What came of it.
    #[error(transparent)]
    Asset(#[from] AssetError),
}

impl From<crate::store::StoreError> for UploadError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Asset(error.into())
    }
}

impl From<BlobError> for UploadError {
    fn from(error: BlobError) -> Self {
        Self::Asset(error.into())
    }
}

/// Begins an upload.
///
/// # Errors
/// When it is too large, or its owner has too many under way.
pub async fn begin(
    store: &Store,
    id: Uuid,
    owner: &str,
    name: &str,
    length: u64,
    now_ms: i64,
) -> Result<StoredUpload, UploadError> {
    if length > ASSET_MAX_BYTES {
        return Err(UploadError::TooLarge(ASSET_MAX_BYTES));
    }
    let (name, expires_ms) = (assets::clean_name(name), now_ms + REST_MAX_MS);
    let new = NewUpload { id, created_by: owner.into(), name, length, created_ms: now_ms, expires_ms };
    if !store.create_upload(&new, OPEN_MAX).await? {
        return Err(UploadError::TooMany);
    }
    find(store, id, owner, now_ms).await
}

/// An upload that this owner may go on with.
///
/// # Errors
/// When there is none, also when it was given up.
pub async fn find(store: &Store, id: Uuid, owner: &str, now_ms: i64) -> Result<StoredUpload, UploadError> {
    let found = store.upload(id).await?;
    found.filter(|upload| upload.created_by == owner && upload.expires_ms > now_ms).ok_or(UploadError::Unknown)
}

/// Keeps one more part of an upload.
///
/// # Errors
/// When another part came first, or it could not be kept.
pub async fn append(
    store: &Store,
    blobs: &Blobs,
    before: StoredUpload,
    part: (File, u64, Uuid),
    now_ms: i64,
) -> Result<StoredUpload, UploadError> {
    let (file, bytes, part_id) = part;
    if bytes == 0 {
        return Ok(before);
    }
    if before.parts.len() >= PARTS_MAX {
        return Err(UploadError::Parts);
    }
    // A name that no other part has, also when two of them come at once.
    let name = format!("{FOLDER}/{}-{}", before.id.simple(), part_id.simple());
    blobs.put(&name, Content::File(file, bytes)).await?;
    if store.append_part(&before, &name, bytes, now_ms + REST_MAX_MS).await? {
        return find(store, before.id, &before.created_by, now_ms).await;
    }
    blobs.remove(&name).await?;
    let now = find(store, before.id, &before.created_by, now_ms).await?;
    Err(UploadError::Offset(now.received))
}

/// Makes a file of an upload that is whole. One that visitors may not be shown is forgotten.
///
/// # Errors
/// When it is none that visitors may be shown, or could not be kept.
pub async fn finish(
    store: &Store,
    blobs: &Blobs,
    upload: &StoredUpload,
    who: &Who,
    now_ms: i64,
) -> Result<Asset, UploadError> {
    let made = make(store, blobs, upload, who, now_ms).await;
    match made {
        Ok(asset) => {
            store.finish_upload(upload.id, &asset.sha256).await?;
            remove_parts(blobs, upload).await?;
            Ok(asset)
        }
        Err(AssetError::Refused(refused)) => {
            forget(store, blobs, upload).await?;
            Err(AssetError::Refused(refused).into())
        }
        Err(error) => {
            // Another request may have finished it and removed its parts while this one read them.
            let now = store.upload(upload.id).await?;
            let finished = now.and_then(|upload| upload.sha256);
            let Some(sha256) = finished else { return Err(error.into()) };
            Ok(store.asset(&sha256).await?.ok_or(AssetError::Unknown)?)
        }
    }
}

async fn make(
    store: &Store,
    blobs: &Blobs,
    upload: &StoredUpload,
    who: &Who,
    now_ms: i64,
) -> Result<Asset, AssetError> {
    if let Some(sha256) = &upload.sha256 {
        return store.asset(sha256).await?.ok_or(AssetError::Unknown);
    }
    let mut whole = tokio::fs::File::from_std(blobs.scratch()?);
    for part in &upload.parts {
        let mut bytes = blobs.read(part, 0..upload.length).await?;
        while let Some(piece) = bytes.try_next().await? {
            whole.write_all(&piece).await.map_err(BlobError::from)?;
        }
    }
    whole.flush().await.map_err(BlobError::from)?;
    let mut whole = whole.into_std().await;
    whole.seek(SeekFrom::Start(0)).map_err(BlobError::from)?;
    Ok(assets::add(store, blobs, whole, &upload.name, who, now_ms).await?.0)
}

/// Forgets an upload and its parts.
///
/// # Errors
/// When the database or the place of the bytes does not answer.
pub async fn forget(store: &Store, blobs: &Blobs, upload: &StoredUpload) -> Result<(), UploadError> {
    store.delete_upload(upload.id).await?;
    Ok(remove_parts(blobs, upload).await?)
}

async fn remove_parts(blobs: &Blobs, upload: &StoredUpload) -> Result<(), BlobError> {
    for part in &upload.parts {
        blobs.remove(part).await?;
    }
    Ok(())
}

/// Forgets uploads that rested too long, some at a time.
///
/// # Errors
/// When the database or the place of the bytes does not answer.
pub async fn forget_expired(store: &Store, blobs: &Blobs, now_ms: i64) -> Result<usize, UploadError> {
    let expired = store.expired_uploads(now_ms, GIVE_UP_ROWS).await?;
    for upload in &expired {
        forget(store, blobs, upload).await?;
    }
    Ok(expired.len())
}

/// Forgets all uploads that rested too long, and parts of none, left behind by something that was broken off.
///
/// # Errors
/// When the database or the place of the bytes does not answer.
pub async fn give_up(store: &Store, blobs: &Blobs, grace_ms: i64, now_ms: i64) -> Result<u64, UploadError> {
    let mut count = 0;
    loop {
        let forgotten = forget_expired(store, blobs, now_ms).await?;
        count += forgotten as u64;
        if forgotten < GIVE_UP_ROWS {
            break;
        }
    }
    let mut kept = blobs.list(FOLDER);
    while let Some(listed) = kept.try_next().await? {
        let id = listed.name.rsplit('/').next().and_then(|name| name.split('-').next());
        let Some(id) = id.and_then(|id| Uuid::try_parse(id).ok()) else { continue };
        let is_named = store.upload(id).await?.is_some_and(|upload| upload.parts.contains(&listed.name));
        if listed.put_ms <= now_ms - grace_ms.max(REST_MAX_MS) && !is_named {
            blobs.remove(&listed.name).await?;
        }
    }
    Ok(count)
}
