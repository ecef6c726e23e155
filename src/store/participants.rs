//! Participants: anonymous visitors with a token, made and erased on demand.

use super::bulk::AddRows;
use super::counters::numbers;
use super::sql::{Sql, on, statements};
use super::{Result, Store, counters, json_ids, recording};
use uuid::Uuid;

statements! {
    INSERT = Sql::both("insert into participants (participant, token_hash, created_ms) values ($1, $2, $3)");
    FIND = Sql::both("select token_hash, created_ms from participants where participant = $1");
    TOKENS = Sql::pair(
        "select p.participant, p.token_hash from json_each($1) j join participants p on p.participant = unhex(j.value)",
        "select p.participant, p.token_hash from jsonb_array_elements_text($1::jsonb) j(value)
         join participants p on p.participant = j.value::uuid",
    );
    LOCK = Sql::pair(
        "select 1 from participants where participant = $1",
        // Check-ins of the same participant on other nodes hold a key-share lock until they commit.
        "select 1::bigint from participants where participant = $1 for update",
    );
    DELETE = Sql::both("delete from participants where participant = $1");
    CHECKPOINT = Sql::pair("pragma wal_checkpoint(truncate)", "select 1");
}

/// What is kept about a visitor.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Random id.
    pub id: Uuid,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// When it was made.
    pub created_ms: i64,
}

impl Store {
    /// Keeps a new participant.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn create_participant(&self, participant: &Participant) -> Result<()> {
        on!(self, |pools, dialect| {
            sqlx::query(INSERT.on(dialect))
                .bind(participant.id)
                .bind(&participant.token_hash)
                .bind(participant.created_ms)
                .execute(&pools.write)
                .await?;
            Ok(())
        })
    }

    /// The participant with this id, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn participant(&self, id: Uuid) -> Result<Option<Participant>> {
        let row: Option<(Vec<u8>, i64)> =
            on!(self, |pools, dialect| sqlx::query_as(FIND.on(dialect)).bind(id).fetch_optional(&pools.read).await?);
        Ok(row.map(|(token_hash, created_ms)| Participant { id, token_hash, created_ms }))
    }

    /// SHA-256 of these participants' tokens, as far as they are there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn token_hashes(&self, participants: &[Uuid]) -> Result<Vec<(Uuid, Vec<u8>)>> {
        let ids = json_ids(participants)?;
        on!(self, |pools, dialect| Ok(sqlx::query_as(TOKENS.on(dialect)).bind(ids).fetch_all(&pools.read).await?))
    }

    /// Removes a participant and everything that points to it; totals stay true because the part of each counter that rested
    /// on the erased log is kept as such. Says whether there was one.
    ///
    /// # Errors
    /// When the database does not take it; then nothing has changed.
    pub async fn erase_participant(&self, id: Uuid) -> Result<bool> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let found: Option<i64> = sqlx::query_scalar(LOCK.on(dialect)).bind(id).fetch_optional(&mut *tx).await?;
            if found.is_none() {
                return Ok(false);
            }
            let log = sqlx::query_as(recording::PASTS.on(dialect)).bind(json_ids(&[id])?).fetch_all(&mut *tx).await?;
            let history = recording::recall(log).remove(&id).unwrap_or_default().history;
            let erased = counters::erased(&history.changes());
            let numbers = numbers!(tx, dialect, pools, &erased);
            tx.add_rows(&erased.bulk(&numbers)?).await?;
            sqlx::query(DELETE.on(dialect)).bind(id).execute(&mut *tx).await?;
            tx.commit().await?;
            pools.scopes.learn(numbers);
            // The log file of SQLite still holds old pages; a reader may hinder this, then the next checkpoint does it.
            if sqlx::query(CHECKPOINT.on(dialect)).execute(&pools.write).await.is_err() {
                tracing::debug!("the write-ahead log was not folded in at once");
            }
            Ok(true)
        })
    }
}
