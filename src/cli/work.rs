//! The work behind `validate`, `counts` and `recount`.

use super::output::Output;
use crate::ambient::Ambient;
use crate::app;
use crate::config::Config;
use crate::design::beside::Beside;
use crate::domain::lint::{self, Finding};
use crate::domain::time::{self, Day};
use crate::formats::geojson;
use crate::store::{Audit, CountQuery, CountRow, Counted};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// What to count.
#[derive(Args)]
pub struct CountArgs {
    /// First day in Asia/Shanghai, YYYY-MM-DD [default: the first counted day]
    #[arg(long)]
    from: Option<String>,
    /// Last day [default: today]
    #[arg(long)]
    to: Option<String>,
    /// Only this study route
    #[arg(long)]
    route: Option<String>,
    /// Break down by this; may be repeated
    #[arg(long)]
    by: Vec<By>,
    /// Count the whole log again and compare it with the counters, as `recount` does
    #[arg(long)]
    verify: bool,
}

/// How to count again.
#[derive(Args)]
pub struct RecountArgs {
    /// Make every counter that differs what the log gives, in one transaction; whoever checks in waits meanwhile
    #[arg(long)]
    mend: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Day,
    Route,
    Waypoint,
    Hour,
}

/// The route files at some paths.
///
/// # Errors
/// When there is none at one of them.
pub(super) fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let found = app::route_files(path);
        if found.is_empty() {
            bail!(
                "{}: no route file is there; name a .geojson file or a folder with route.geojson in it",
                path.display()
            );
        }
        files.extend(found);
    }
    Ok(files)
}

/// Checks route files and names every mistake, and in good files what could be better.
///
/// # Errors
/// When a path cannot be used.
pub fn validate(paths: &[PathBuf], out: &Output) -> Result<ExitCode> {
    let mut rows = Vec::new();
    let mut mistakes = 0usize;
    for file in files_of(paths)? {
        let name = file.display().to_string();
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {name}"))?;
        let row = |level: &str, f: Finding| [name.clone(), level.into(), f.feature, f.property, f.message];
        match geojson::read(&bytes) {
            Ok(mut route) => {
                let beside = Beside::look(&file);
                route.waypoints.iter_mut().for_each(|waypoint| beside.fill(waypoint));
                let good = format!("{} waypoints", route.waypoints.len());
                rows.push([name.clone(), "good".into(), String::new(), String::new(), good]);
                rows.extend(lint::check(&route).into_iter().map(|finding| row("advice", finding)));
            }
            Err(findings) => {
                mistakes += findings.len();
                rows.extend(findings.into_iter().map(|finding| row("mistake", finding)));
            }
        }
    }
    out.table(["file", "level", "feature", "property", "what to do"], rows)?;
    if mistakes > 0 {
        eprintln!("{mistakes} mistakes; nothing was published");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints exact counts, or verifies them against the log.
///
/// # Errors
/// When the database cannot be used or a day cannot be read.
pub async fn counts(config: &Config, ambient: &Ambient, args: &CountArgs, out: &Output) -> Result<ExitCode> {
    let store = app::open_existing(&config.database).await?;
    if args.verify {
        return recounted(&store.audit().await?, false, out);
    }
    let today = time::local_hour(ambient.now_ms()).day;
    let (first, last) = store.counted_days().await?.unwrap_or((today, today));
    let to = args.to.as_deref().map_or(Ok(today.max(last)), read_day)?;
    let from = args.from.as_deref().map_or(Ok(first.min(to)), read_day)?;
    let route = match &args.route {
        Some(slug) => Some(store.route_key(slug).await?.with_context(|| format!("there is no study route {slug}"))?),
        None => None,
    };
    let by = |dimension| args.by.contains(&dimension);
    let parts = CountQuery {
        from,
        to,
        route,
        by_day: by(By::Day),
        by_route: by(By::Route),
        by_waypoint: by(By::Waypoint),
        by_hour: by(By::Hour),
    };
    let (all, mut rows) = store.counts_with_total(parts).await?;
    rows.push(CountRow { route: None, waypoint: None, hour: None, day: None, counted: all });
    let range = format!("{} to {} ({})", time::date_of(from), time::date_of(to), time::TIME_ZONE);
    out.table(
        ["part", "people", "people_uncertain", "visits", "batches", "check_ins"],
        rows.iter().map(|row| row_cells(row, &range)).collect(),
    )?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Counts the whole log again and says which counters differ; mends them if that was asked.
///
/// # Errors
/// When the database cannot be used, or the counters cannot be mended.
pub async fn recount(config: &Config, ambient: &Ambient, args: &RecountArgs, out: &Output) -> Result<ExitCode> {
    let store = app::open_existing(&config.database).await?;
    let audit = if args.mend { store.mend_counters(ambient.now_ms()).await? } else { store.audit().await? };
    store.close().await;
    recounted(&audit, args.mend, out)
}

fn recounted(audit: &Audit, is_mended: bool, out: &Output) -> Result<ExitCode> {
    let right = audit.differences.is_empty();
    let verdict = match (right, is_mended) {
        (true, _) => "every counter equals the log",
        (false, false) => "counters differ from the log",
        (false, true) => "counters differed from the log and are mended",
    };
    let mut rows =
        vec![[format!("{} check-ins of {} participants", audit.check_ins, audit.participants), verdict.to_string()]];
    rows.extend(audit.differences.iter().map(|difference| [String::new(), difference.clone()]));
    out.table(["counted again", "result"], rows)?;
    Ok(if right || is_mended { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads a day from a flag.
pub(super) fn read_day(text: &str) -> Result<Day> {
    time::parse_date(text).with_context(|| format!("\"{text}\" is not a day written YYYY-MM-DD"))
}

fn row_cells(row: &CountRow, range: &str) -> [String; 6] {
    let day = row.day.map(|day| time::date_of(day).to_string());
    let hour = row.hour.map(|hour| format!("{hour:02}:00"));
    // A waypoint's name begins with its route's.
    let place = row.waypoint.clone().or_else(|| row.route.clone());
    let parts: Vec<String> = [day, place, hour].into_iter().flatten().collect();
    let name = if parts.is_empty() { range.to_string() } else { parts.join(" ") };
    let Counted { people, people_uncertain, visits, check_ins } = row.counted;
    // No group has been made yet, so no batch has come.
    [name, people.to_string(), people_uncertain.to_string(), visits.to_string(), "0".into(), check_ins.to_string()]
}
