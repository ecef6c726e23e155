//! `studyroute asset …`: the files of exhibits, as designers have them by HTTP.

use super::output::Output;
use crate::ambient::Ambient;
use crate::app;
use crate::config::Config;
use crate::design::assets::{self, GRACE_DAYS};
use crate::design::uploads;
use crate::domain::time::{self, DAY_MS};
use crate::formats::media::ASSET_MAX_BYTES;
use crate::store::{Asset, Blobs, Store, Who};
use anyhow::{Context, Result};
use clap::Subcommand;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Rows read at a time.
const PAGE: usize = 1_000;
const HEADINGS: [&str; 5] = ["file", "sha256", "media type", "bytes", "result"];

/// What to do with files.
#[derive(Subcommand)]
pub enum AssetTask {
    /// Check files and keep them; what a camera wrote into a picture is taken out
    Add {
        /// glTF binary, USDZ, PNG, JPEG, WebP, AVIF, MP3, OGG, M4A or MP4
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List all files
    List,
    /// Remove a file that no document names
    Remove {
        /// Its hash, from the list
        sha256: String,
    },
    /// Remove the files that nothing has named for a while, and what was left behind
    Collect {
        /// For how many days
        #[arg(long, default_value_t = GRACE_DAYS, value_parser = clap::value_parser!(u32).range(..=3_650))]
        grace_days: u32,
    },
}

/// Does it.
///
/// # Errors
/// When the database or the place of the files cannot be used, or what was asked makes no sense.
pub async fn run(config: &Config, ambient: &Ambient, task: AssetTask, out: &Output) -> Result<ExitCode> {
    let store = app::open(&config.database).await?;
    let blobs =
        app::open_assets(config)?.context("set assets: the folder or s3://BUCKET/PREFIX for files of exhibits")?;
    let (who, now_ms) = (Who::command_line(), ambient.now_ms());
    let mut code = ExitCode::SUCCESS;
    match task {
        AssetTask::Add { files } => {
            let mut rows = Vec::new();
            for file in &files {
                let added = add(&store, &blobs, file, now_ms).await;
                if added.is_err() {
                    code = ExitCode::FAILURE;
                }
                rows.push(row(file, added));
            }
            out.table(HEADINGS, rows)?;
        }
        AssetTask::List => list(&store, out).await?,
        AssetTask::Remove { sha256 } => {
            assets::remove(&store, &blobs, &sha256, &who, now_ms).await?;
            out.alone("removed", &sha256)?;
        }
        AssetTask::Collect { grace_days } => {
            let grace_ms = i64::from(grace_days) * DAY_MS;
            let done = assets::collect(&store, &blobs, grace_ms, &who, now_ms).await?;
            let given_up = uploads::give_up(&store, &blobs, grace_ms, now_ms).await?;
            let counts = [done.assets, done.orphans, given_up].map(|count| count.to_string());
            out.table(["unused files", "left behind", "uploads given up"], vec![counts])?;
        }
    }
    store.close().await;
    Ok(code)
}

async fn add(store: &Store, blobs: &Blobs, path: &Path, now_ms: i64) -> Result<(Asset, bool)> {
    // A copy, because the file may change while it is looked at.
    let (file, mut copy) = (File::open(path).context("cannot be read")?, blobs.scratch()?);
    std::io::copy(&mut file.take(ASSET_MAX_BYTES + 1), &mut copy).context("cannot be read")?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(assets::add(store, blobs, copy, &name, &Who::command_line(), now_ms).await?)
}

fn row(file: &Path, added: Result<(Asset, bool)>) -> [String; 5] {
    let name = file.display().to_string();
    match added {
        Err(error) => [name, String::new(), String::new(), String::new(), format!("refused: {error:#}")],
        Ok((asset, is_new)) => {
            let result = if is_new { "kept" } else { "was there" };
            let result = std::iter::once(result).chain(asset.findings.warnings.iter().map(String::as_str));
            let result = result.collect::<Vec<_>>().join("; ");
            [name, asset.sha256, asset.media_type, asset.bytes.to_string(), result]
        }
    }
}

async fn list(store: &Store, out: &Output) -> Result<()> {
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let page = store.assets(after, PAGE).await?;
        after = page.last().map_or(after, |last| last.key);
        let is_last = page.len() < PAGE;
        rows.extend(page.into_iter().map(|asset| {
            let unused = asset.unused_since_ms.map_or_else(String::new, time::rfc3339);
            [asset.sha256, asset.media_type, asset.bytes.to_string(), asset.name, asset.created_by, unused]
        }));
        if is_last {
            break;
        }
    }
    out.table(["sha256", "media type", "bytes", "name", "by", "unused since"], rows)
}
