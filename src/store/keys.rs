//! Keys of designers, operators and admins. Only a hash of the secret is kept, and every change is a deed in the audit log.

use super::audit_log::{Deed, INSERT_DEEDS};
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use serde::Serialize;
use std::str::FromStr;
use uuid::Uuid;

statements! {
    INSERT = Sql::both(
        "insert into access_keys (key_id, name, role, routes, secret_hash, created_ms, expires_ms)
         values ($1, $2, $3, $4, $5, $6, $7)",
    );
    LIST = Sql::both(
        "select key_id, name, role, routes, secret_hash, created_ms, expires_ms, revoked_ms, last_used_ms, followed_by
         from access_keys order by created_ms, key_id limit $1 offset $2",
    );
    FIND = Sql::both(
        "select key_id, name, role, routes, secret_hash, created_ms, expires_ms, revoked_ms, last_used_ms, followed_by
         from access_keys where key_id = $1",
    );
    REVOKE = Sql::both("update access_keys set revoked_ms = $2 where key_id = $1 and revoked_ms is null");
    // Only a key that is valid can be followed, and by one other.
    RETIRE = Sql::both(
        "update access_keys set revoked_ms = $3, expires_ms = coalesce($4, expires_ms), followed_by = $5
         where key_id = $1 and revoked_ms is null and (expires_ms is null or expires_ms > $2) and followed_by is null",
    );
    USED = Sql::both("update access_keys set last_used_ms = $2 where key_id = $1");
}

/// What a key's holder may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Writes routes.
    Designer,
    /// Sees exact counts.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// The word on the command line and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Designer => "designer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        [Self::Designer, Self::Operator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| "a role is designer, operator or admin".into())
    }
}

/// A key to be kept.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its id, which is part of the secret.
    pub id: Uuid,
    /// Who holds it.
    pub name: String,
    /// What the holder may do.
    pub role: Role,
    /// On which study routes; none means all.
    pub routes: Vec<String>,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// When it was made.
    pub created_ms: i64,
    /// When it stops.
    pub expires_ms: Option<i64>,
}

/// A key as it is kept.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: Uuid,
    /// Who holds it.
    pub name: String,
    /// What the holder may do.
    pub role: Role,
    /// On which study routes; none means all.
    pub routes: Vec<String>,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// When it was made.
    pub created_ms: i64,
    /// When it stops.
    pub expires_ms: Option<i64>,
    /// When it was taken back.
    pub revoked_ms: Option<i64>,
    /// When it was last used, within a minute.
    pub last_used_ms: Option<i64>,
    /// The key that was made in its place.
    pub followed_by: Option<Uuid>,
}

#[derive(sqlx::FromRow)]
struct Row {
    key_id: Uuid,
    name: String,
    role: String,
    routes: String,
    secret_hash: Vec<u8>,
    created_ms: i64,
    expires_ms: Option<i64>,
    revoked_ms: Option<i64>,
    last_used_ms: Option<i64>,
    followed_by: Option<Uuid>,
}

impl TryFrom<Row> for AccessKey {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.key_id,
            name: row.name,
            role: row.role.parse().map_err(|_| StoreError::Corrupt { table: "access_keys" })?,
            routes: row.routes.split(',').filter(|slug| !slug.is_empty()).map(str::to_string).collect(),
            secret_hash: row.secret_hash,
            created_ms: row.created_ms,
            expires_ms: row.expires_ms,
            revoked_ms: row.revoked_ms,
            last_used_ms: row.last_used_ms,
            followed_by: row.followed_by,
        })
    }
}

impl AccessKey {
    /// Whether it opens anything at this moment.
    #[must_use]
    pub fn is_valid(&self, now_ms: i64) -> bool {
        self.revoked_ms.is_none() && self.expires_ms.is_none_or(|expires_ms| now_ms < expires_ms)
    }
}

/// A statement's arguments have the type of its database, so only a macro can set them for both.
macro_rules! insert {
    ($key:expr, $dialect:expr) => {
        sqlx::query(INSERT.on($dialect))
            .bind($key.id)
            .bind(&$key.name)
            .bind($key.role.as_str())
            .bind($key.routes.join(","))
            .bind(&$key.secret_hash[..])
            .bind($key.created_ms)
            .bind($key.expires_ms)
    };
}

impl Store {
    /// Keeps a new key.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn create_key(&self, key: &NewKey, deed: &Deed) -> Result<()> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            insert!(key, dialect).execute(&mut *tx).await?;
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(())
        })
    }

    /// Keeps a new key in the place of another, which stops at `stop_ms`, or at once. Says whether the other was still valid
    /// and not yet followed; else nothing has changed.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn rotate_key(&self, old: Uuid, stop_ms: Option<i64>, key: &NewKey, deed: &Deed) -> Result<bool> {
        let revoked_ms = if stop_ms.is_none() { Some(deed.at_ms) } else { None };
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let retire = sqlx::query(RETIRE.on(dialect)).bind(old).bind(deed.at_ms).bind(revoked_ms).bind(stop_ms);
            if retire.bind(key.id).execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            insert!(key, dialect).execute(&mut *tx).await?;
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(true)
        })
    }

    /// A page of all keys, oldest first. Keys are never removed and made seldom, so places in this list stay.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keys(&self, after: i64, limit: usize) -> Result<Vec<AccessKey>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> = on!(self, |pools, dialect| {
            sqlx::query_as(LIST.on(dialect)).bind(limit).bind(after).fetch_all(&pools.read).await?
        });
        rows.into_iter().map(AccessKey::try_from).collect()
    }

    /// One key.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn key(&self, id: Uuid) -> Result<Option<AccessKey>> {
        let row: Option<Row> =
            on!(self, |pools, dialect| sqlx::query_as(FIND.on(dialect)).bind(id).fetch_optional(&pools.read).await?);
        row.map(AccessKey::try_from).transpose()
    }

    /// Takes a key back. Says whether there was one to take; else nothing has changed.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn revoke_key(&self, id: Uuid, deed: &Deed) -> Result<bool> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let revoke = sqlx::query(REVOKE.on(dialect)).bind(id).bind(deed.at_ms);
            if revoke.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(true)
        })
    }

    /// Notes that a key was used.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn note_key_use(&self, id: Uuid, now_ms: i64) -> Result<()> {
        on!(self, |pools, dialect| {
            sqlx::query(USED.on(dialect)).bind(id).bind(now_ms).execute(&pools.write).await?;
            Ok(())
        })
    }
}
