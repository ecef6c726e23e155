//! A consistent copy of the whole database while it is in use, and putting one back: written beside, verified, then renamed. A copy is
//! an SQLite file whatever it is of, so it can be put back into either database.

use super::moving::{Move, Progress};
use super::open::sync_folder;
use super::{Result, Store, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was found in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Soundness {
    /// What is wrong, in words; empty when it is sound.
    pub wrong: Vec<String>,
    /// Rows that could be read: all of them when it is sound.
    pub rows: u64,
}

impl Store {
    /// Writes a copy of the database, as of one moment, to the SQLite file `file`, which must not exist yet. On PostgreSQL it is written
    /// row by row and compared.
    ///
    /// # Errors
    /// When the copy cannot be made or is not sound; then `file` does not exist.
    pub async fn backup(&self, file: &Path, progress: &Progress) -> Result<()> {
        if file.exists() {
            return Err(StoreError::Unfit(format!("{} exists already; name a new file", file.display())));
        }
        let beside = beside(file);
        let done = match self {
            Self::Sqlite(pools) => copy(pools.read.pool(), &beside).await,
            Self::Postgres(_) => self.written_to(&beside, progress).await,
        };
        let done = match done {
            Ok(()) => put_in_place(&beside, file),
            Err(error) => Err(error),
        };
        if done.is_err() {
            remove(&beside);
        }
        done
    }

    async fn written_to(&self, beside: &Path, progress: &Progress) -> Result<()> {
        remove(beside);
        let name = beside.to_str().ok_or_else(|| StoreError::Unfit("the file name is not UTF-8".into()))?;
        let copy = Self::open_unfinished(&format!("sqlite:{name}")).await?;
        let done = copied(self, &copy, "a database that is being backed up", progress).await;
        copy.close().await;
        done?;
        verify(beside, beside).await
    }

    /// Whether the database is sound, as far as it can say so itself; and every row of it is read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn soundness(&self) -> Result<Soundness> {
        let mut wrong = match self {
            Self::Sqlite(pools) => unsoundness(&mut *pools.read.acquire().await?).await?,
            Self::Postgres(pools) => sqlx::query_scalar(UNSOUND_POSTGRES).fetch_all(&pools.read).await?,
        };
        let rows = match self.read_all().await {
            Ok(prints) => prints.iter().map(|print| print.rows).sum(),
            Err(error) => {
                wrong.push(format!("not everything can be read: {}", error.with_causes()));
                0
            }
        };
        Ok(Soundness { wrong, rows })
    }
}

/// PostgreSQL on itself: what it has given up, what was switched off, and pages whose checksums were wrong when they were read.
const UNSOUND_POSTGRES: &str = "
    select 'the index ' || i.indexrelid::regclass || ' is not valid; reindex it'
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where not i.indisvalid and c.relnamespace = current_schema()::regnamespace
    union all
    select 'the constraint ' || conname || ' of ' || conrelid::regclass || ' was never validated'
    from pg_constraint where not convalidated and connamespace = current_schema()::regnamespace
    union all
    select 'the trigger ' || t.tgname || ' of ' || t.tgrelid::regclass || ' is switched off'
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where t.tgenabled in ('D', 'R') and c.relnamespace = current_schema()::regnamespace
    union all
    select checksum_failures || ' pages had wrong checksums, the last at ' || checksum_last_failure
    from pg_stat_database where datname = current_database() and checksum_failures > 0";

/// Copies everything as of one moment, and makes sure of it.
async fn copied(source: &Store, target: &Store, from: &str, progress: &Progress) -> Result<()> {
    let copy = Move::begin(source, target, from, progress).await?;
    let compared = copy.copy().await?;
    if let Some(other) = compared.iter().find(|table| !table.is_same()) {
        return Err(StoreError::Unfit(format!("{} is not the same in the copy", other.table)));
    }
    copy.end().await
}

/// Puts a copy into an empty PostgreSQL database; a try that was broken off is gone on with.
///
/// # Errors
/// When the copy is not sound or is no database of this program, or the target holds something else.
pub async fn recover_into(copy: &Path, target: &Store, progress: &Progress) -> Result<()> {
    refuse_one_in_use(copy)?;
    let said = |error: std::io::Error| StoreError::Unfit(format!("{}: {error}", copy.display()));
    // Opened beside, as a copy of an earlier release is brought up to date first.
    let folder = copy.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::tempdir_in(folder).map_err(said)?;
    let opened = folder.path().join("copy.db");
    std::fs::copy(copy, &opened).map_err(said)?;
    verify(&opened, copy).await?;
    let source = Store::open(&format!("sqlite:{}", opened.display())).await?;
    let done = copied(&source, target, &format!("the copy {}", copy.display()), progress).await;
    source.close().await;
    done
}

fn refuse_one_in_use(copy: &Path) -> Result<()> {
    if with_ending(copy, "-wal").exists() {
        let what = format!("{} is in use; name a copy that `studyroute backup` made", copy.display());
        return Err(StoreError::Unfit(what));
    }
    Ok(())
}

/// Removes a file that was half made. That it may stay does not matter.
fn remove(beside: &Path) {
    for file in [beside.to_path_buf(), with_ending(beside, "-wal"), with_ending(beside, "-shm")] {
        drop(std::fs::remove_file(file));
    }
}

/// Puts a copy in the place of an SQLite database, which is moved to `aside` if there is one; says whether there was.
///
/// # Errors
/// When the copy is not sound or is no database of this program, or somebody uses the database; then nothing has changed.
pub async fn recover(copy: &Path, database: &Path, aside: &Path) -> Result<bool> {
    let said = |error: std::io::Error| StoreError::Unfit(format!("{}: {error}", copy.display()));
    refuse_one_in_use(copy)?;
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
