//! The work behind `backup`, `recover`, `erase-again`, `migrate` and `verify`: keeping a database, and getting it back.

use super::output::Output;
use crate::ambient::Ambient;
use crate::app;
use crate::config::Config;
use crate::store::{self, Erasures, Store, StoreError, StoredWaypoint};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::sync::mpsc;

/// Copies the database.
///
/// # Errors
/// When the copy cannot be made or is not sound.
pub async fn backup(config: &Config, file: &Path, out: &Output) -> Result<()> {
    let store = app::open(&config.database).await?;
    let bar = out.progress(1, "copying and verifying");
    store.backup(file).await?;
    bar.finish_and_clear();
    store.close().await;
    out.alone("backup", &file.display().to_string())
}

/// Puts a copy back in the place of the database, and erases again whoever was erased since it was made.
///
/// # Errors
/// When the copy is not sound or the database is in use; then nothing has changed.
pub async fn recover(config: &Config, ambient: &Ambient, file: &Path, out: &Output) -> Result<()> {
    let Some(database) = config.database.strip_prefix("sqlite:") else {
        bail!(
            "a PostgreSQL database is put back with its own tools (pg_restore, or recovery to a point in time); then run `studyroute erase-again`"
        );
    };
    let database = PathBuf::from(database.strip_prefix("//").unwrap_or(database));
    let aside = PathBuf::from(format!("{}.replaced-{}", database.display(), ambient.now_ms()));
    // Read first: a database that comes back without it would know whoever was erased.
    let journal = journal(config).await?;
    let was_there = store::recover(file, &database, &aside).await?;
    let erased = erase(config, &journal).await?;
    let aside = if was_there { aside.display().to_string() } else { String::new() };
    out.table(
        ["recovered", "what was there before", "erased again"],
        vec![[database.display().to_string(), aside, erased.to_string()]],
    )
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
    let store = app::open(&config.database).await?;
    let erased = store.erase_again(journal).await?;
    store.close().await;
    Ok(erased)
}

/// Looks whether the database is sound, everything published can be read, and every counter equals the log.
///
/// # Errors
/// When the database cannot be used.
pub async fn verify(config: &Config, out: &Output) -> Result<ExitCode> {
    let store = app::open(&config.database).await?;
    let unsound = store.unsoundness().await?;
    let published = published(&store).await;
    let audit = store.audit().await?;
    store.close().await;
    let right = unsound.is_empty() && published.is_ok() && audit.differences.is_empty();
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
        found("database", unsound, "sound".into()),
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
