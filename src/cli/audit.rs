//! `studyroute audit`: who did what, newest first.

use super::output::Output;
use super::work::read_day;
use crate::app;
use crate::config::Config;
use crate::domain::time;
use crate::store::{DeedFilter, StoredDeed};
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;

/// Which deeds.
#[derive(Args)]
pub struct AuditArgs {
    /// Only those on this study route
    #[arg(long)]
    route: Option<String>,
    /// Only those by the holder of this name
    #[arg(long)]
    who: Option<String>,
    /// First day in Asia/Shanghai, YYYY-MM-DD [default: the first of all]
    #[arg(long)]
    from: Option<String>,
    /// Last day [default: the last of all]
    #[arg(long)]
    to: Option<String>,
    /// Only those with this outcome: done, or the code of a problem
    #[arg(long)]
    outcome: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

/// Prints them.
///
/// # Errors
/// When the database cannot be used or a day cannot be read.
pub async fn run(config: &Config, args: AuditArgs, out: &Output) -> Result<ExitCode> {
    let (from, to) = (args.from.as_deref().map(read_day), args.to.as_deref().map(read_day));
    let filter = DeedFilter {
        route: args.route,
        who: args.who,
        since_ms: from.transpose()?.map(time::day_begins_ms),
        until_ms: to.transpose()?.map(|day| time::day_begins_ms(day.saturating_add(1))),
        outcome: args.outcome,
        after: None,
    };
    let store = app::open_existing(&config.database).await?;
    let deeds = store.deeds(&filter, usize::try_from(args.limit)?).await?;
    store.close().await;
    let headings = ["entry", "at", "who", "role", "action", "route", "subject", "outcome", "detail"];
    out.table(headings, deeds.into_iter().map(row).collect())?;
    Ok(ExitCode::SUCCESS)
}

fn row(StoredDeed { entry, deed }: StoredDeed) -> [String; 9] {
    let revision = deed.revision.map(|revision| format!("revision {revision}"));
    let version = deed.draft_version.map(|version| format!("draft version {version}"));
    let detail = [revision, version, Some(deed.detail).filter(|detail| !detail.is_empty())];
    [
        entry.to_string(),
        time::rfc3339(deed.at_ms),
        deed.who.name,
        deed.who.role.map(|role| role.as_str().to_string()).unwrap_or_default(),
        deed.action,
        deed.route.unwrap_or_default(),
        deed.subject,
        deed.outcome,
        detail.into_iter().flatten().collect::<Vec<_>>().join("; "),
    ]
}
