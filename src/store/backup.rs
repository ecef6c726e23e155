//! A consistent copy of the whole database while it is in use: written beside, verified, then renamed.

use super::open::sync_folder;
use super::{Result, Store, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::path::Path;

impl Store {
    /// Writes a copy of an SQLite database to `file`, which must not exist yet.
    ///
    /// # Errors
    /// When the copy cannot be made or is not sound; then `file` does not exist.
    pub async fn backup(&self, file: &Path) -> Result<()> {
        let Self::Sqlite(pools) = self else {
            return Err(StoreError::Unfit(
                "a PostgreSQL database is backed up with its own tools: pg_dump --format=custom, or a base backup with WAL archiving".into(),
            ));
        };
        if file.exists() {
            return Err(StoreError::Unfit(format!("{} exists already; name a new file", file.display())));
        }
        let beside = file.with_extension("part");
        let done = copy_and_verify(&pools.read, &beside).await.and_then(|()| {
            std::fs::File::open(&beside)
                .and_then(|part| part.sync_all())
                .and_then(|()| std::fs::rename(&beside, file))
                .and_then(|()| sync_folder(file))
                .map_err(|error| StoreError::Unfit(format!("{} cannot be written: {error}", file.display())))
        });
        if done.is_err() {
            // The message about the copy matters; that the half-made file may stay does not.
            drop(std::fs::remove_file(&beside));
        }
        done
    }
}

async fn copy_and_verify(pool: &sqlx::SqlitePool, beside: &Path) -> Result<()> {
    let name = beside.to_str().ok_or_else(|| StoreError::Unfit("the file name is not UTF-8".into()))?;
    drop(std::fs::remove_file(beside));
    // `vacuum into` takes an expression, so the name can be a parameter; it reads one snapshot and holds up no writer.
    sqlx::query("vacuum into $1").bind(name).execute(pool).await?;
    let mut copy: SqliteConnection = SqliteConnectOptions::new().filename(beside).connect().await?;
    let verdict: String = sqlx::query_scalar("pragma integrity_check").fetch_one(&mut copy).await?;
    let orphans: Vec<(String, Option<i64>, String, i64)> =
        sqlx::query_as(AssertSqlSafe("pragma foreign_key_check".to_string())).fetch_all(&mut copy).await?;
    copy.close().await?;
    if verdict != "ok" || !orphans.is_empty() {
        return Err(StoreError::Unfit(format!("the copy is not sound: {verdict}, {} orphans", orphans.len())));
    }
    Ok(())
}
