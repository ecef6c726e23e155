//! A consistent copy of the whole database while it is in use, and putting one back: written beside, verified, then renamed.

use super::open::sync_folder;
use super::{Result, Store, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use std::time::Duration;

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
        let beside = beside(file);
        let done = match copy(pools.read.pool(), &beside).await {
            Ok(()) => put_in_place(&beside, file),
            Err(error) => Err(error),
        };
        if done.is_err() {
            // The message about the copy matters; that the half-made file may stay does not.
            drop(std::fs::remove_file(&beside));
        }
        done
    }

    /// What is wrong with the database as a file; nothing on PostgreSQL, which has tools of its own for that.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unsoundness(&self) -> Result<Vec<String>> {
        let Self::Sqlite(pools) = self else { return Ok(Vec::new()) };
        let mut connection = pools.read.acquire().await?;
        unsoundness(&mut connection).await
    }
}

/// Puts a copy in the place of an SQLite database, which is moved to `aside` if there is one; says whether there was.
///
/// # Errors
/// When the copy is not sound or is no database of this program, or somebody uses the database; then nothing has changed.
pub async fn recover(copy: &Path, database: &Path, aside: &Path) -> Result<bool> {
    let said = |error: std::io::Error| StoreError::Unfit(format!("{}: {error}", copy.display()));
    if with_ending(copy, "-wal").exists() {
        let what = format!("{} is in use; name a copy that `studyroute backup` made", copy.display());
        return Err(StoreError::Unfit(what));
    }
    let beside = beside(database);
    std::fs::copy(copy, &beside).map_err(said)?;
    let done = async {
        verify(&beside, copy).await?;
        let was_there = lay_down(database).await?;
        if was_there {
            std::fs::rename(database, aside).map_err(said)?;
        }
        put_in_place(&beside, database)?;
        Ok(was_there)
    };
    let done = done.await;
    if done.is_err() {
        drop(std::fs::remove_file(&beside));
    }
    done
}

/// Where a file is written before it has its name.
fn beside(file: &Path) -> PathBuf {
    file.with_extension("part")
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

async fn copy(pool: &SqlitePool, beside: &Path) -> Result<()> {
    let name = beside.to_str().ok_or_else(|| StoreError::Unfit("the file name is not UTF-8".into()))?;
    drop(std::fs::remove_file(beside));
    // `vacuum into` takes an expression, so the name can be a parameter; it reads one snapshot and holds up no writer.
    sqlx::query("vacuum into $1").bind(name).execute(pool).await?;
    verify(beside, beside).await
}

/// Refuses a file that is no sound database of this program, under the name that somebody knows it by.
async fn verify(file: &Path, known_as: &Path) -> Result<()> {
    let known_as = known_as.display();
    let no_database = |error| StoreError::Unfit(format!("{known_as} is no SQLite database: {error}"));
    let mut copy: SqliteConnection = SqliteConnectOptions::new().filename(file).connect().await.map_err(no_database)?;
    let tables = sqlx::query_scalar("select count(*) from sqlite_schema where name in ('study_routes', 'generation')");
    let tables: i64 = tables.fetch_one(&mut copy).await.map_err(no_database)?;
    let wrong = unsoundness(&mut copy).await?;
    copy.close().await?;
    match wrong.first() {
        Some(first) => Err(StoreError::Unfit(format!("{known_as} is not sound: {first}"))),
        None if tables < 2 => Err(StoreError::Unfit(format!("{known_as} is no database of studyroute"))),
        None => Ok(()),
    }
}

async fn unsoundness(connection: &mut SqliteConnection) -> Result<Vec<String>> {
    let verdicts: Vec<String> = sqlx::query_scalar("pragma integrity_check").fetch_all(&mut *connection).await?;
    let orphans: Vec<(String, Option<i64>, String, i64)> =
        sqlx::query_as(AssertSqlSafe("pragma foreign_key_check".to_string())).fetch_all(connection).await?;
    let orphans = orphans.into_iter().map(|(table, row, parent, _)| format!("{table} {row:?} points at no {parent}"));
    Ok(verdicts.into_iter().filter(|verdict| verdict != "ok").chain(orphans).collect())
}

/// Folds a database's log into its file, which succeeds only when nobody else has it open.
async fn lay_down(database: &Path) -> Result<bool> {
    if !database.exists() {
        return Ok(false);
    }
    let options = SqliteConnectOptions::new().filename(database).busy_timeout(Duration::ZERO);
    let in_use = |_| StoreError::Unfit(format!("{} is in use; stop the server first", database.display()));
    let mut connection = options.connect().await.map_err(in_use)?;
    let mode = sqlx::query_scalar("pragma journal_mode = delete").fetch_one(&mut connection).await;
    let _mode: String = mode.map_err(in_use)?;
    connection.close().await?;
    Ok(true)
}

fn put_in_place(beside: &Path, file: &Path) -> Result<()> {
    std::fs::File::open(beside)
        .and_then(|part| part.sync_all())
        .and_then(|()| std::fs::rename(beside, file))
        .and_then(|()| sync_folder(file))
        .map_err(|error| StoreError::Unfit(format!("{} cannot be written: {error}", file.display())))
}
