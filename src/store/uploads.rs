//! Uploads in parts: how far each has come, and under which names its parts are kept in [`super::Blobs`]. A part counts once it is
//! durable there and noted here; two that come at once meet on the number of bytes before them, and one is turned away.

use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use uuid::Uuid;

statements! {
    OPEN = Sql::both("select count(*) from uploads where created_by = $1 and sha256 is null and expires_ms > $2");
    INSERT = Sql::both(
        "insert into uploads (upload_id, created_by, name, length_bytes, received_bytes, parts, created_ms, expires_ms)
         values ($1, $2, $3, $4, 0, '[]', $5, $6)",
    );
    FIND = Sql::both(
        "select upload_id, created_by, name, length_bytes, received_bytes, parts, expires_ms, sha256
         from uploads where upload_id = $1",
    );
    APPEND = Sql::both(
        "update uploads set received_bytes = $3, parts = $4, expires_ms = $5
         where upload_id = $1 and received_bytes = $2 and sha256 is null",
    );
    FINISH = Sql::both("update uploads set sha256 = $2, parts = '[]' where upload_id = $1");
    DELETE = Sql::both("delete from uploads where upload_id = $1");
    EXPIRED = Sql::both(
        "select upload_id, created_by, name, length_bytes, received_bytes, parts, expires_ms, sha256
         from uploads where expires_ms <= $1 order by expires_ms limit $2",
    );
}

/// An upload to be begun.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id.
    pub id: Uuid,
    /// Who may go on with it.
    pub created_by: String,
    /// What the file is called.
    pub name: String,
    /// How large it will be.
    pub length: u64,
    /// When it was begun.
    pub created_ms: i64,
    /// When it is given up.
    pub expires_ms: i64,
}

/// An upload under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUpload {
    /// Its id.
    pub id: Uuid,
    /// Who may go on with it.
    pub created_by: String,
    /// What the file is called.
    pub name: String,
    /// How large it will be.
    pub length: u64,
    /// How much of it is durable.
    pub received: u64,
    /// The names of its parts, in order.
    pub parts: Vec<String>,
    /// When it is given up.
    pub expires_ms: i64,
    /// The file that came of it.
    pub sha256: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    upload_id: Uuid,
    created_by: String,
    name: String,
    length_bytes: i64,
    received_bytes: i64,
    parts: String,
    expires_ms: i64,
    sha256: Option<String>,
}

impl TryFrom<Row> for StoredUpload {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let corrupt = || StoreError::Corrupt { table: "uploads" };
        let count = |bytes: i64| u64::try_from(bytes).map_err(|_| corrupt());
        Ok(Self {
            id: row.upload_id,
            created_by: row.created_by,
            name: row.name,
            length: count(row.length_bytes)?,
            received: count(row.received_bytes)?,
            parts: serde_json::from_str(&row.parts).map_err(|_| corrupt())?,
            expires_ms: row.expires_ms,
            sha256: row.sha256,
        })
    }
}

fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl Store {
    /// Begins an upload, unless its owner has as many under way as is allowed; says whether.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn create_upload(&self, new: &NewUpload, open_max: i64) -> Result<bool> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let count = sqlx::query_scalar(OPEN.on(dialect)).bind(&new.created_by).bind(new.created_ms);
            let open: i64 = count.fetch_one(&mut *tx).await?;
            if open >= open_max {
                return Ok(false);
            }
            sqlx::query(INSERT.on(dialect))
                .bind(new.id)
                .bind(&new.created_by)
                .bind(&new.name)
                .bind(number(new.length))
                .bind(new.created_ms)
                .bind(new.expires_ms)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(true)
        })
    }

    /// An upload.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn upload(&self, id: Uuid) -> Result<Option<StoredUpload>> {
        let row: Option<Row> =
            on!(self, |pools, dialect| sqlx::query_as(FIND.on(dialect)).bind(id).fetch_optional(&pools.read).await?);
        row.map(StoredUpload::try_from).transpose()
    }

    /// Notes a durable part behind what was there; `false` when another came first.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn append_part(&self, before: &StoredUpload, part: &str, bytes: u64, expires_ms: i64) -> Result<bool> {
        let mut parts: Vec<&str> = before.parts.iter().map(String::as_str).collect();
        parts.push(part);
        let parts = json(&parts)?;
        on!(self, |pools, dialect| {
            let append = sqlx::query(APPEND.on(dialect))
                .bind(before.id)
                .bind(number(before.received))
                .bind(number(before.received.saturating_add(bytes)))
                .bind(parts)
                .bind(expires_ms);
            Ok(append.execute(&pools.write).await?.rows_affected() > 0)
        })
    }

    /// Notes what came of an upload.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn finish_upload(&self, id: Uuid, sha256: &str) -> Result<()> {
        on!(self, |pools, dialect| {
            sqlx::query(FINISH.on(dialect)).bind(id).bind(sha256).execute(&pools.write).await?;
            Ok(())
        })
    }

    /// Forgets an upload.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn delete_upload(&self, id: Uuid) -> Result<()> {
        on!(self, |pools, dialect| {
            sqlx::query(DELETE.on(dialect)).bind(id).execute(&pools.write).await?;
            Ok(())
        })
    }

    /// Uploads that were given up, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn expired_uploads(&self, now_ms: i64, limit: usize) -> Result<Vec<StoredUpload>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> = on!(self, |pools, dialect| {
            sqlx::query_as(EXPIRED.on(dialect)).bind(now_ms).bind(limit).fetch_all(&pools.read).await?
        });
        rows.into_iter().map(StoredUpload::try_from).collect()
    }
}
