//! The work behind `backup`, `recover`, `erase-again`, `migrate` and `verify`: keeping a database, and getting it back.

use super::moving::shown;
use super::output::Output;
use crate::ambient::Ambient;
use crate::app;
use crate::config::{Config, without_password};
use crate::store::{self, Erasures, MoveProgress, Store, StoreError, StoredWaypoint};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::sync::mpsc;

/// Copies the database.
///
/// # Errors
/// When the copy cannot be made or is not sound.
pub async fn backup(config: &Config, file: &Path, out: &Output) -> Result<()> {
    let store = app::open_existing(&config.database).await?;
    let progress = MoveProgress::default();
    shown(out, "copying and verifying", &progress, async { Ok(store.backup(file, &progress).await?) }).await?;
    store.close().await;
    out.alone("backup", &file.display().to_string())
}

/// Puts a copy back: in the place of an SQLite database, or into an empty PostgreSQL one. Whoever was erased since it was made is erased
/// again.
///
/// # Errors
/// When the copy is not sound or the database is in use; then nothing has changed.
pub async fn recover(config: &Config, ambient: &Ambient, file: &Path, out: &Output) -> Result<()> {
    // Read first: a database that comes back without it would know whoever was erased.
    let journal = journal(config).await?;
    let (database, aside) = match config.database.strip_prefix("sqlite:") {
        None => (without_password(&config.database), into_postgres(config, file, out).await.map(|()| String::new())?),
        Some(database) => {
            let database = PathBuf::from(database.strip_prefix("//").unwrap_or(database));
            let aside = PathBuf::from(format!("{}.replaced-{}", database.display(), ambient.now_ms()));
            let was_there = store::recover(file, &database, &aside).await?;
            let aside = if was_there { aside.display().to_string() } else { String::new() };
            (database.display().to_string(), aside)
        }
    };
    let erased = erase(config, &journal).await?;
    out.table(["recovered", "what was there before", "erased again"], vec![[database, aside, erased.to_string()]])
}

async fn into_postgres(config: &Config, file: &Path, out: &Output) -> Result<()> {
    let (store, progress) = (app::open_unfinished(&config.database).await?, MoveProgress::default());
    let done = async { Ok(store::recover_into(file, &store, &progress).await?) };
    let done = shown(out, "putting back", &progress, done).await;
    store.close().await;
    done
}

/// Erases again whoever the journal of erasures names: for a database that other tools have put back.
///
/// # Errors
/// When there is no journal or the database cannot be used.
pub async fn erase_again(config: &Config, out: &Output) -> Result<()> {
    let erased = erase(config, &journal(config).await?).await?;
    out.alone("erased again", &erased.to_string())
}

/// Brings the tables up to date, as opening the database does.
///
/// # Errors
/// When they cannot be brought up to date.
pub async fn migrate(config: &Config, out: &Output) -> Result<()> {
    let store = app::open(&config.database).await?;
    let migration = store.migration().await?;
    store.close().await;
    out.alone("migration", &migration.to_string())
}

async fn journal(config: &Config) -> Result<Erasures> {
    let nowhere = "erasures are journaled with the files of exhibits; say where those are with the setting assets";
    let blobs = app::open_assets(config)?.context(nowhere)?;
    blobs.erasures().await.context("the journal of erasures cannot be read")
}

async fn erase(config: &Config, journal: &Erasures) -> Result<usize> {
    let store = app::open_existing(&config.database).await?;
    let erased = store.erase_again(journal).await?;
    store.close().await;
    Ok(erased)
}

/// Looks whether the database is sound, everything published can be read, and every counter equals the log.
///
/// # Errors
/// When the database cannot be used.
pub async fn verify(config: &Config, out: &Output) -> Result<ExitCode> {
    let store = app::open_existing(&config.database).await?;
    let soundness = store.soundness().await?;
    let published = published(&store).await;
    let audit = store.audit().await?;
    store.close().await;
    let right = soundness.wrong.is_empty() && published.is_ok() && audit.differences.is_empty();
    let found = |what: &str, wrong: Vec<String>, good: String| -> Vec<[String; 2]> {
        let said = if wrong.is_empty() { vec![good] } else { wrong };
        said.into_iter().map(|said| [what.to_string(), said]).collect()
    };
    let (waypoints, unreadable) = match published {
        Ok(count) => (format!("{count} waypoints can be read"), Vec::new()),
        Err(error) => (String::new(), vec![error.with_causes()]),
    };
    let counted = format!("every counter equals the log of {} check-ins", audit.check_ins);
    let rows = [
        found("database", soundness.wrong, format!("sound, {} rows read", soundness.rows)),
        found("published", unreadable, waypoints),
        found("counters", audit.differences, counted),
    ];
    out.table(["what", "result"], rows.concat())?;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many waypoints are published, each of them read.
async fn published(store: &Store) -> Result<usize, StoreError> {
    let (send, mut parts) = mpsc::channel::<Vec<StoredWaypoint>>(1);
    let count = async {
        let mut count = 0;
        while let Some(part) = parts.recv().await {
            for waypoint in part {
                count += usize::from(waypoint.read()?.is_some());
            }
        }
        Ok::<_, StoreError>(count)
    };
    let (changes, count) = tokio::join!(store.changes(&[], send), count);
    changes.and(count)
}
