//! `studyroute export` and `studyroute template`: files out, for the tools that designers use.

use super::{Desk, words};
use crate::cli::output::Output;
use crate::design::export;
use crate::design::publish::{self, State};
use crate::formats::Format;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to write.
#[derive(Args)]
pub struct ExportArgs {
    /// The study route
    route: String,
    /// geojson, gpx, kml, kmz, csv, tsv or xlsx
    #[arg(long, default_value_t = Format::GeoJson)]
    format: Format,
    /// Which state: draft, published or the number of a revision
    #[arg(long, value_name = "STATE", default_value = "draft")]
    of: State,
    /// Where to [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Which table.
#[derive(Args)]
pub struct TemplateArgs {
    /// csv or xlsx
    format: Format,
    /// Where to [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes a route as a file. What the format cannot hold is said on stderr.
///
/// # Errors
/// When the database cannot be used, there is no such route or revision, or the file cannot be written.
pub async fn export(desk: &Desk<'_>, args: ExportArgs) -> Result<ExitCode> {
    let ExportArgs { route, format, of, out } = args;
    refuse_terminal(format, out.as_deref())?;
    let state = desk.known(&route).await?;
    let content = publish::content(&desk.store, &state, of).await?.ok_or_else(|| words::unknown_state(&route))?;
    let (bytes, losses) = tokio::task::spawn_blocking(move || export::write(&content, format)).await??;
    for loss in &losses {
        eprintln!("not in the {format} file: {loss}");
    }
    written(&bytes, &losses, out.as_deref(), desk.out)
}

/// Writes an empty table.
///
/// # Errors
/// When there is none in this format or it cannot be written.
pub fn template(args: &TemplateArgs, out: &Output) -> Result<ExitCode> {
    refuse_terminal(args.format, args.out.as_deref())?;
    let Some(bytes) = export::template(args.format)? else { bail!("there are templates for csv and xlsx") };
    written(&bytes, &[], args.out.as_deref(), out)
}

/// A terminal shows such bytes as noise, and may obey some of them.
fn refuse_terminal(format: Format, file: Option<&Path>) -> Result<()> {
    let is_binary = matches!(format, Format::Kmz | Format::Xlsx);
    if is_binary && file.is_none() && std::io::stdout().is_terminal() {
        bail!("{format} is no text for a terminal; name a file with --out route.{format}");
    }
    Ok(())
}

fn written(bytes: &[u8], losses: &[String], file: Option<&Path>, out: &Output) -> Result<ExitCode> {
    if let Some(file) = file {
        std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
        let name = file.display().to_string();
        let document = json!({"file": name, "bytes": bytes.len(), "losses": losses});
        out.either(&document, &name)?;
    } else {
        std::io::stdout().lock().write_all(bytes)?;
    }
    Ok(ExitCode::SUCCESS)
}
