//! `studyroute import`: complete route files are published as they are; with `--route` a file of any format goes into that
//! route's draft.

mod shown;

use super::release::{in_words, publication, released};
use super::{Desk, words};
use crate::app;
use crate::cli::work::files_of;
use crate::design::import::{self, Import, ImportError, PRECISION_M, Progress, RADIUS_M, Report, SOURCE_MAX};
use crate::design::publish::{self, State};
use crate::domain::crs::Crs;
use crate::domain::diff;
use crate::formats::{FILE_MAX_BYTES, Format, Refused, detect};
use crate::store::{FileDigest, Head};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use std::convert::Infallible;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the progress bar moves.
const SHOWN_EVERY: Duration = Duration::from_millis(100);

/// Which files, and what to do with them.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub struct ImportArgs {
    /// Route files, or folders with route.geojson in them; with --route files of any format
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Take the files into the draft of this study route, which begins with them if there is none
    #[arg(long, value_name = "SLUG", value_parser = words::slug)]
    route: Option<String>,
    /// What the files are: geojson, gpx, kml, kmz, csv, tsv or xlsx [default: found out]
    #[arg(long, requires = "route")]
    format: Option<Format>,
    /// Which sheet of a workbook [default: the first]
    #[arg(long, value_name = "NAME", requires = "route")]
    sheet: Option<String>,
    /// Reference system of the coordinates: wgs84, gcj02 or bd09 [default: what the file says, else wgs84]
    #[arg(long)]
    crs: Option<Crs>,
    /// Latitude and longitude stand in each other's place
    #[arg(long, requires = "route")]
    swap_axes: bool,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
    /// Take the rows that are right although others are wrong
    #[arg(long, requires = "route")]
    partial: bool,
    /// Waypoints of the draft that the file does not have go
    #[arg(long, requires = "route", conflicts_with = "partial")]
    replace: bool,
    /// Where positions come from that do not say so themselves
    #[arg(long, value_name = "TEXT", requires = "route", value_parser = source)]
    source: Option<String>,
    /// How far such positions may be off, metres
    #[arg(long, value_name = "N", requires = "route", value_parser = precision_m)]
    precision_m: Option<f64>,
    /// Radius of the zone of new waypoints that have none, metres [default: 50]
    #[arg(long, value_name = "N", requires = "route", value_parser = radius_m)]
    radius_m: Option<f64>,
    /// Publish the draft when all files are in
    #[arg(long, requires = "route", conflicts_with = "dry_run")]
    publish: bool,
    /// With --publish: why, for the history
    #[arg(long, value_name = "TEXT", requires = "publish", value_parser = words::note)]
    note: Option<String>,
    /// With --publish: lint rules whose warnings are known and accepted, separated by commas
    #[arg(long, value_name = "RULE,…", requires = "publish", value_delimiter = ',', value_parser = words::rule)]
    acknowledge: Vec<String>,
}

fn source(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().count() > SOURCE_MAX {
        return Err(format!("must be 1 to {SOURCE_MAX} characters"));
    }
    Ok(text.into())
}

fn precision_m(text: &str) -> Result<f64, String> {
    metres(text, &PRECISION_M)
}

fn radius_m(text: &str) -> Result<f64, String> {
    metres(text, &RADIUS_M)
}

fn metres(text: &str, range: &RangeInclusive<f64>) -> Result<f64, String> {
    let read = text.parse().ok().filter(|metres| range.contains(metres));
    read.ok_or_else(|| format!("must be a number of metres from {} to {}", range.start(), range.end()))
}

/// Takes the files.
///
/// # Errors
/// When a path or the database cannot be used.
pub async fn run(desk: &Desk<'_>, args: ImportArgs) -> Result<ExitCode> {
    match args.route.clone() {
        Some(route) => into_draft(desk, &route, args).await,
        None => route_files(desk, &args).await,
    }
}

/// Publishes route files, each all or nothing.
async fn route_files(desk: &Desk<'_>, args: &ImportArgs) -> Result<ExitCode> {
    let files = files_of(&args.paths)?;
    let bar = desk.out.progress(files.len() as u64, "importing");
    let (mut rows, mut failed) = (Vec::new(), false);
    for file in &files {
        let result = route_file(desk, file, args.crs.unwrap_or(Crs::Wgs84), args.dry_run).await;
        bar.inc(1);
        let name = file.display().to_string();
        rows.push(match result {
            Ok([route, revision, changed, what]) => [name, route, revision, changed, what],
            Err(error) => {
                failed = true;
                [name, String::new(), String::new(), String::new(), format!("refused: {error:#}")]
            }
        });
    }
    bar.finish_and_clear();
    desk.out.table(["file", "route", "revision", "changed", "result"], rows)?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Route, revision, how many waypoints change, and what was done.
type Done = [String; 4];

async fn route_file(desk: &Desk<'_>, file: &Path, crs: Crs, dry_run: bool) -> Result<Done> {
    let mut source = File::open(file).context("it cannot be read")?;
    let found = detect::detect(&mut source).ok();
    if let Some(format) = found.filter(|format| *format != Format::GeoJson) {
        bail!("it is {format}, not a complete route file; name the route that it goes into with --route SLUG");
    }
    if dry_run {
        return would_publish(desk, file, crs).await;
    }
    let outcome = app::import_file(&desk.store, desk.blobs.as_ref(), file, crs, desk.ambient).await?;
    let what = if outcome.published { "published" } else { "unchanged" };
    Ok([outcome.slug, outcome.revision.to_string(), outcome.changed.to_string(), what.into()])
}

/// What importing a route file would do.
async fn would_publish(desk: &Desk<'_>, file: &Path, crs: Crs) -> Result<Done> {
    let route = app::read_file(file, crs).await?;
    if let Some(revision) = desk.store.imported(&route.slug, &FileDigest::of(&route)?).await? {
        return Ok([route.slug, revision.to_string(), "0".into(), "unchanged".into()]);
    }
    let state = desk.store.route_state(&route.slug).await?;
    let revision = state.as_ref().map_or(0, |state| state.revision) + 1;
    let before = match &state {
        Some(state) => publish::content(&desk.store, state, State::Published).await?,
        None => None,
    };
    let before = before.unwrap_or_else(|| Head::default().with(&route.slug, Vec::new()));
    let diff = diff::between(&before, &route);
    let changed = diff.added.len() + diff.changed.len() + diff.removed.len();
    Ok([route.slug, revision.to_string(), changed.to_string(), "would be published".into()])
}

/// Takes files into a draft one after the other, and publishes it if that was asked.
async fn into_draft(desk: &Desk<'_>, route: &str, args: ImportArgs) -> Result<ExitCode> {
    if args.replace && args.paths.len() > 1 {
        eprintln!("error: --replace takes one file: the second would take away what the first has brought");
        return Ok(ExitCode::from(2));
    }
    let import = Import {
        format: args.format,
        sheet: args.sheet,
        crs: args.crs,
        swap_axes: args.swap_axes,
        dry_run: args.dry_run,
        partial: args.partial,
        replace: args.replace,
        source: args.source,
        precision_m: args.precision_m,
        radius_m: args.radius_m,
    };
    let (mut documents, mut said, mut failed) = (Vec::new(), Vec::new(), false);
    for path in &args.paths {
        let name = path.display().to_string();
        match one_file(desk, route, path, &import).await {
            Ok(report) => {
                failed |= !report.accepted;
                said.push(shown::in_words(&name, &report, &import));
                documents.push(json!({"file": name, "report": report}));
            }
            Err(error) => {
                failed = true;
                said.push(format!("{name}: {error:#}"));
                documents.push(json!({"file": name, "error": format!("{error:#}")}));
            }
        }
    }
    if !args.publish || failed {
        if args.publish {
            said.push("Nothing was published, because not every file was taken.".into());
        }
        desk.out.either(&json!({"route": route, "files": documents}), &said.join("\n\n"))?;
        return Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let publication = publication(desk, args.note.unwrap_or_default());
    let (document, code) = match publish::publish(&desk.store, route, None, &args.acknowledge, &publication).await {
        Ok(outcome) => {
            said.push(in_words(&outcome));
            (json!({"route": route, "files": documents, "publication": released(&outcome)}), ExitCode::SUCCESS)
        }
        Err(error) => {
            let refusal = words::not_published(route, error, &args.acknowledge, desk.now_ms)?;
            said.push(refusal.words);
            (json!({"route": route, "files": documents, "publication": refusal.document}), ExitCode::FAILURE)
        }
    };
    desk.out.either(&document, &said.join("\n\n"))?;
    Ok(code)
}

/// Takes one file, with a bar for who watches.
async fn one_file(desk: &Desk<'_>, route: &str, path: &Path, import: &Import) -> Result<Report> {
    let file = File::open(path).context("it cannot be read")?;
    let about = file.metadata()?;
    if !about.is_file() {
        bail!("it is no file; name the files themselves when they go into a draft");
    }
    if about.len() > FILE_MAX_BYTES {
        bail!("it is larger than {} MiB; split it", FILE_MAX_BYTES >> 20);
    }
    let (progress, bar) = (Arc::new(Progress::default()), desk.out.progress_bytes("reading"));
    let run = import::run(&desk.store, route, None, file, import, &progress, (&desk.who, desk.now_ms));
    let report = tokio::select! {
        report = run => report,
        never = watch(&bar, &progress) => match never {},
    };
    bar.finish_and_clear();
    report.map_err(|error| match error {
        ImportError::File(Refused::Unreadable(why) | Refused::TooLarge(why)) => anyhow!("the file {why}"),
        ImportError::NotEdited(refusal) => words::not_edited(route, &refusal),
        ImportError::Store(error) => error.into(),
        ImportError::Io(error) => error.into(),
    })
}

/// Moves the bar for as long as somebody waits beside it.
async fn watch(bar: &ProgressBar, progress: &Progress) -> Infallible {
    loop {
        tokio::time::sleep(SHOWN_EVERY).await;
        bar.set_length(progress.total_bytes.load(Ordering::Relaxed));
        bar.set_position(progress.read_bytes.load(Ordering::Relaxed));
    }
}
