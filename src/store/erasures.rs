//! The journal of erasures: who has been erased, by the hash of their random id. It lies with the exhibits' files and not in the database,
//! so that a database that was put back to an older state can be told again.

use super::blobs::{BlobError, Blobs, Content};
use super::sql::{Sql, on, statements};
use super::{Result, Store};
use bytes::Bytes;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use uuid::Uuid;

/// Where the journal lies; each entry is an empty file.
const FOLDER: &str = "erased";
/// Participants that are looked at together.
const TOGETHER: i64 = 10_000;

statements! {
    PARTICIPANTS_AFTER =
        Sql::both("select participant from participants where participant > $1 order by participant limit $2");
}

/// Entries of the journal.
pub struct Erasures(HashSet<String>);

fn entry(id: Uuid) -> String {
    format!("{FOLDER}/{}", hex::encode(Sha256::digest(id.as_bytes())))
}

impl Blobs {
    /// Notes, durably, that a participant is to be erased; before it is done, so that nobody is erased and forgotten about.
    ///
    /// # Errors
    /// When the place of files does not take it.
    pub async fn note_erasure(&self, id: Uuid) -> std::result::Result<(), BlobError> {
        self.put(&entry(id), Content::Bytes(Bytes::new())).await
    }

    /// The journal as it is now.
    ///
    /// # Errors
    /// When the place of files does not give it.
    pub async fn erasures(&self) -> std::result::Result<Erasures, BlobError> {
        self.list(FOLDER).map_ok(|listed| listed.name).try_collect().await.map(Erasures)
    }
}

impl Store {
    /// Erases again whoever the journal names, and says how many of them were there. Totals stay true, as with every erasure.
    ///
    /// # Errors
    /// When the database does not take it; whoever was erased before that stays so.
    pub async fn erase_again(&self, Erasures(names): &Erasures) -> Result<usize> {
        let (mut after, mut erased) = (Uuid::nil(), 0);
        loop {
            let ids = self.participants_after(after).await?;
            let Some(last) = ids.last() else { return Ok(erased) };
            after = *last;
            for id in ids.into_iter().filter(|id| names.contains(&entry(*id))) {
                erased += usize::from(self.erase_participant(id).await?);
            }
        }
    }

    async fn participants_after(&self, after: Uuid) -> Result<Vec<Uuid>> {
        on!(self, |pools, dialect| {
            let query = sqlx::query_scalar(PARTICIPANTS_AFTER.on(dialect)).bind(after).bind(TOGETHER);
            Ok(query.fetch_all(&pools.read).await?)
        })
    }
}
