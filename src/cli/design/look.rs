//! `studyroute lint`, `diff` and `history`: looking at a route before it is published, and at what was.

use super::{Desk, words};
use crate::cli::output::grid;
use crate::design::publish::{self, State};
use crate::domain::diff;
use crate::domain::lint::Level;
use crate::domain::route::{Lang, StudyRoute};
use crate::domain::time;
use crate::store::{Head, Revision, RouteState};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// What to check.
#[derive(Args)]
pub struct LintArgs {
    /// The study route
    route: String,
    /// The hour of day in Asia/Shanghai at which the stops are to be visited, to check opening hours
    #[arg(long, value_name = "HOUR", value_parser = clap::value_parser!(u8).range(0..=23))]
    planned_hour: Option<u8>,
}

/// What to compare.
#[derive(Args)]
pub struct DiffArgs {
    /// The study route
    route: String,
    /// The older state: draft, published or the number of a revision
    #[arg(long, value_name = "STATE", default_value = "published")]
    from: State,
    /// The newer state
    #[arg(long, value_name = "STATE", default_value = "draft")]
    to: State,
    /// In which language: zh-CN or en
    #[arg(long, value_parser = words::lang, default_value = "en")]
    lang: Lang,
}

/// Whose history.
#[derive(Args)]
pub struct HistoryArgs {
    /// The study route
    route: String,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

/// Checks a draft.
///
/// # Errors
/// When the database cannot be used or there is no such route.
pub async fn lint(desk: &Desk<'_>, args: &LintArgs) -> Result<ExitCode> {
    let state = desk.known(&args.route).await?;
    let mut checked = publish::check(&desk.store, &state, args.planned_hour).await?;
    let errors = checked.errors();
    let warnings = checked.findings.len() - errors;
    checked.findings.sort_by_key(|finding| finding.rule.level() != Level::Error);
    let document = json!({
        "route": args.route,
        "version": checked.version.to_string(),
        "errors": errors,
        "warnings": warnings,
        "to_acknowledge": checked.to_acknowledge,
        "findings": checked.findings,
    });
    let mut said = Vec::new();
    if !checked.findings.is_empty() {
        let listed = grid(words::FINDING_HEADINGS, checked.findings.iter().map(words::finding_row).collect());
        said.extend([listed, String::new()]);
    }
    let (wrong, better) = (words::many(errors as u64, "error"), words::many(warnings as u64, "warning"));
    said.push(format!("{wrong}, {better}"));
    if errors > 0 {
        said.push("Mend the errors; nothing is published before.".into());
        said.extend(words::title_hint(&args.route, &checked.findings));
    }
    if !checked.to_acknowledge.is_empty() {
        let rules = publish::counted(&checked.to_acknowledge);
        said.push(format!("New since the last publication, to be mended or acknowledged by name: {rules}"));
    }
    desk.out.either(&document, &said.join("\n"))?;
    Ok(if errors > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Compares two states of a route.
///
/// # Errors
/// When the database cannot be used or there is no such route or revision.
pub async fn diff(desk: &Desk<'_>, args: &DiffArgs) -> Result<ExitCode> {
    let state = desk.known(&args.route).await?;
    let (old, new) = (content_or_empty(desk, &state, args.from).await?, content_or_empty(desk, &state, args.to).await?);
    let diff = diff::between(&old, &new);
    desk.out.either(&diff, &diff.to_text(args.lang))?;
    Ok(ExitCode::SUCCESS)
}

/// A state of a route; what was never published, or is taken back, has nothing in it.
async fn content_or_empty(desk: &Desk<'_>, state: &RouteState, which: State) -> Result<StudyRoute> {
    match (publish::content(&desk.store, state, which).await?, which) {
        (Some(content), _) => Ok(content),
        (None, State::Revision(_)) => Err(words::unknown_state(&state.slug)),
        (None, _) => Ok(Head::default().with(&state.slug, Vec::new())),
    }
}

/// Lists a route's revisions.
///
/// # Errors
/// When the database cannot be used or there is no such route.
pub async fn history(desk: &Desk<'_>, args: &HistoryArgs) -> Result<ExitCode> {
    desk.known(&args.route).await?;
    let revisions = desk.store.revisions(&args.route, i64::MAX, i64::from(args.limit)).await?;
    if revisions.is_empty() {
        desk.out.either(&json!([]), &format!("{} was never published", args.route))?;
        return Ok(ExitCode::SUCCESS);
    }
    desk.out.table(["revision", "at", "what", "who", "waypoints", "note"], revisions.into_iter().map(row).collect())?;
    Ok(ExitCode::SUCCESS)
}

fn row(one: Revision) -> [String; 6] {
    let what = one.restored_revision.map_or(one.kind, |revision| format!("restore of revision {revision}"));
    let at = time::rfc3339(one.published_ms);
    [one.revision.to_string(), at, what, one.author, one.waypoints.to_string(), one.note]
}
