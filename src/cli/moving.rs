//! `studyroute migrate-store`: everything from one database into another, while the first goes on serving.

use super::output::{self, Output};
use crate::app;
use crate::config::Config;
use crate::store::{Blobs, Compared, Copied, Held, Move, MoveProgress, Store, assets_setting, compare};
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often the progress bar moves.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
/// Digits of a hash that people see; programs get all of them.
const SHOWN_DIGITS: usize = 16;

/// What whoever moves has to know.
const AFTERWARDS: &str =
    "What is written to the source from now on is not in the target: stop its servers, then serve the target.";

/// From where to where.
#[derive(Args)]
pub struct MoveArgs {
    /// The database that is in use, named as the setting database is
    #[arg(long, value_name = "URL")]
    from: String,
    /// An empty database, or one that the same move was begun into
    #[arg(long, value_name = "URL")]
    to: String,
    /// Only copy ahead while the source is in full use; run it again without this to catch up and finish
    #[arg(long, conflicts_with_all = ["verify_only", "hold"])]
    ahead: bool,
    /// Only compare the two databases, and change nothing
    #[arg(long, conflicts_with = "hold")]
    verify_only: bool,
    /// When done, go on holding whoever writes to the source until Ctrl-C or SIGTERM, while the service is switched over
    #[arg(long)]
    hold: bool,
    /// Where the source's files of exhibits lie [default: the setting assets, or beside an SQLite file]
    #[arg(long, value_name = "PLACE")]
    assets_from: Option<String>,
    /// Where they are to lie [default: the setting assets, or beside an SQLite file]
    #[arg(long, value_name = "PLACE")]
    assets_to: Option<String>,
}

/// Moves, or compares.
///
/// # Errors
/// When a database or a place of files cannot be used, or the target holds something else.
pub async fn run(config: &Config, args: &MoveArgs, out: &Output) -> Result<ExitCode> {
    let source = app::open_existing(&args.from).await?;
    let target =
        if args.verify_only { app::open_existing(&args.to).await? } else { app::open_unfinished(&args.to).await? };
    let names = [source.known_as().await?, target.known_as().await?];
    if names[0] == names[1] {
        bail!("{} is both the source and the target", names[0]);
    }
    let progress = MoveProgress::default();
    let done = if args.verify_only {
        let compared = shown(out, "comparing", &progress, async { Ok(compare(&source, &target, &progress).await?) });
        said(&names, &compared.await?, json!({}), "", out)
    } else {
        let files = Files::open(config, args)?;
        moved(args, (&source, &target), &names, &files, &progress, out).await
    };
    source.close().await;
    target.close().await;
    done
}

async fn moved(
    args: &MoveArgs,
    (source, target): (&Store, &Store),
    names: &[String; 2],
    files: &Files,
    progress: &MoveProgress,
    out: &Output,
) -> Result<ExitCode> {
    let begun = Instant::now();
    let task = Move::begin(source, target, &names[0], progress).await?;
    let mut copied = Copied::default();
    if args.ahead || !task.is_ahead().await? {
        shown(out, "copying ahead", progress, async { Ok(task.go_ahead().await?) }).await?;
        copied = files.copy().await?;
    }
    if args.ahead {
        let words = format!(
            "{} was copied ahead to {}, in {:.1} s.\n{}\nRun it again without --ahead to catch up and finish; until then nothing else opens {}.",
            names[0],
            names[1],
            begun.elapsed().as_secs_f64(),
            files.in_words(copied),
            names[1],
        );
        out.either(&json!({"from": names[0], "to": names[1], "finished": false}), &words)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut held = task.hold().await.context("the writers of the source could not be held")?;
    let since = Instant::now();
    let compared = shown(out, "catching up", progress, async { Ok(task.catch_up(&mut held).await?) }).await?;
    copied = copied.with(files.copy().await?);
    if compared.iter().all(Compared::is_same) {
        held.is_held().await.context("the writers of the source were not held to the end; run it again")?;
        task.end().await?;
    }
    let (seconds, held_s) = (begun.elapsed().as_secs_f64(), since.elapsed().as_secs_f64());
    let words = format!(
        "{}\nIt took {seconds:.1} s; for {held_s:.1} s of them nobody could write to the source.\n{AFTERWARDS}",
        files.in_words(copied)
    );
    let more = json!({
        "seconds": seconds, "held_s": held_s,
        "files": {"copied": copied.files, "bytes": copied.bytes, "were_there": copied.were_there},
    });
    let code = said(names, &compared, more, &words, out)?;
    finish(held, args.hold && code == ExitCode::SUCCESS, &names[0]).await?;
    Ok(code)
}

/// Lets the writers go, when it is time.
async fn finish(mut held: Held, wait: bool, source: &str) -> Result<()> {
    if wait {
        eprintln!("Nobody can write to {source} until this ends; switch the service over, then press Ctrl-C.");
        tokio::select! {
            () = super::signal() => {}
            () = held.lost() => bail!(
                "the writers of {source} are held no more: what the old servers are sent now is not in the target. Stop them at once; if they were sent something, move into a new database again"
            ),
        }
    }
    Ok(held.let_go().await?)
}

/// Tells what both sides hold; fails when that is not the same.
fn said(names: &[String; 2], compared: &[Compared], more: Value, words: &str, out: &Output) -> Result<ExitCode> {
    let same = compared.iter().all(Compared::is_same);
    let result = |table: &Compared| if table.is_same() { "same" } else { "DIFFERS" };
    let rows = compared.iter().map(|table| {
        let short = |hash: &str| hash.get(..SHOWN_DIGITS).unwrap_or_default().to_string();
        let counts = [table.from.rows.to_string(), table.to.rows.to_string()];
        let [from, to] = counts;
        [table.table.into(), from, to, short(&table.from.sha256), short(&table.to.sha256), result(table).into()]
    });
    let headings = ["table", "rows from", "rows to", "sha256 from", "sha256 to", "result"];
    let verdict = if same { "Everything is the same" } else { "NOT everything is the same" };
    let text =
        format!("{}\n\n{verdict} in {} and {}.\n{words}", output::grid(headings, rows.collect()), names[0], names[1]);
    let tables: Vec<Value> = compared
        .iter()
        .map(|table| {
            json!({
                "table": table.table, "rows_from": table.from.rows, "rows_to": table.to.rows,
                "sha256_from": table.from.sha256, "sha256_to": table.to.sha256, "same": table.is_same(),
            })
        })
        .collect();
    let mut document = json!({"from": names[0], "to": names[1], "finished": same, "same": same, "tables": tables});
    if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
        document.extend(more);
    }
    out.either(&document, &text)?;
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where files of exhibits lie, on both sides.
struct Files {
    from: Option<(String, Blobs)>,
    to: Option<(String, Blobs)>,
}

impl Files {
    fn open(config: &Config, args: &MoveArgs) -> Result<Self> {
        let place = |said: &Option<String>, url: &str| {
            let said = said.as_deref().unwrap_or(&config.assets);
            assets_setting(said, url)
        };
        let (from, to) = (place(&args.assets_from, &args.from), place(&args.assets_to, &args.to));
        // A folder that nobody named and that is not there holds nothing.
        let from =
            from.filter(|place| args.assets_from.is_some() || place.contains("://") || Path::new(place).exists());
        let open = |place: Option<String>| -> Result<Option<(String, Blobs)>> {
            let Some(place) = place else { return Ok(None) };
            let blobs = Blobs::open(&place).with_context(|| format!("files of exhibits cannot be kept at {place}"))?;
            Ok(Some((place, blobs)))
        };
        Ok(Self { from: open(from)?, to: open(to)? })
    }

    async fn copy(&self) -> Result<Copied> {
        match (&self.from, &self.to) {
            (Some((from, source)), Some((to, target))) if from != to => {
                let copied = source.copy_to(target).await;
                copied.with_context(|| format!("files of exhibits cannot be copied from {from} to {to}"))
            }
            _ => Ok(Copied::default()),
        }
    }

    fn in_words(&self, Copied { files, bytes, were_there }: Copied) -> String {
        match (&self.from, &self.to) {
            (Some((from, _)), Some((to, _))) if from == to => {
                format!("Files of exhibits and the journal of erasures are shared: they stay at {from}.")
            }
            (Some((from, _)), Some((to, _))) => format!(
                "Files of exhibits and the journal of erasures: {files} copied ({bytes} bytes) from {from} to {to}, {were_there} were there."
            ),
            (Some((from, _)), None) => format!(
                "Files of exhibits and the journal of erasures stay at {from}; serve the new database with --assets {from}, or copy them with --assets-to."
            ),
            (None, _) => {
                "There is no place of exhibits' files at the source; name one with --assets-from if there is.".into()
            }
        }
    }
}

/// Does something with a bar for who watches.
pub(super) async fn shown<T>(
    out: &Output,
    what: &'static str,
    progress: &MoveProgress,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let bar = out.progress(0, what);
    let done = tokio::select! {
        done = work => done,
        never = watch(&bar, what, progress) => match never {},
    };
    bar.finish_and_clear();
    done
}

/// Moves the bar for as long as somebody waits beside it.
async fn watch(bar: &ProgressBar, what: &str, progress: &MoveProgress) -> Infallible {
    loop {
        tokio::time::sleep(SHOWN_EVERY).await;
        bar.set_length(progress.total.load(Ordering::Relaxed));
        bar.set_position(progress.done.load(Ordering::Relaxed));
        bar.set_message(format!("{what}: {}", progress.table()));
    }
}
