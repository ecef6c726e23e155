//! `studyroute publish`, `unpublish`, `restore` and `schedule`: what visitors get, and from when on.

use super::{Desk, words};
use crate::design::publish::{self, PublishError};
use crate::domain::time;
use crate::store::{NewSchedule, Publication, PublishOutcome};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Why, and which warnings are known.
#[derive(Args)]
pub struct ReasonArgs {
    /// Why, for the history
    #[arg(long, value_name = "TEXT", value_parser = words::note, default_value = "", hide_default_value = true)]
    note: String,
    /// Lint rules whose warnings are known and accepted, separated by commas
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', value_parser = words::rule)]
    acknowledge: Vec<String>,
}

/// What to publish.
#[derive(Args)]
pub struct PublishArgs {
    /// The study route
    route: String,
    #[command(flatten)]
    reason: ReasonArgs,
}

/// What to take back.
#[derive(Args)]
pub struct UnpublishArgs {
    /// The study route
    route: String,
    /// Why, for the history
    #[arg(long, value_name = "TEXT", value_parser = words::note, default_value = "", hide_default_value = true)]
    note: String,
}

/// What to bring back.
#[derive(Args)]
pub struct RestoreArgs {
    /// The study route
    route: String,
    /// The number of the revision, from its history
    revision: i64,
    /// Why, for the history
    #[arg(long, value_name = "TEXT", value_parser = words::note, default_value = "", hide_default_value = true)]
    note: String,
}

/// What to publish when.
#[derive(Args)]
#[command(group(clap::ArgGroup::new("when").required(true).args(["at", "cancel"])))]
pub struct ScheduleArgs {
    /// The study route
    route: String,
    /// When, with its zone, such as 2026-05-01T06:00:00+08:00; the draft stands still until then
    #[arg(long, value_name = "RFC3339", value_parser = words::instant)]
    at: Option<i64>,
    /// Take the time back; the draft may be changed again
    #[arg(long, conflicts_with_all = ["note", "acknowledge"])]
    cancel: bool,
    #[command(flatten)]
    reason: ReasonArgs,
}

/// Publishes a draft.
///
/// # Errors
/// When the database cannot be used or there is nothing to publish.
pub async fn publish(desk: &Desk<'_>, args: PublishArgs) -> Result<ExitCode> {
    let PublishArgs { route, reason: ReasonArgs { note, acknowledge } } = args;
    let outcome = publish::publish(&desk.store, &route, None, &acknowledge, &publication(desk, note)).await;
    told(desk, &route, outcome, &acknowledge)
}

/// Takes a route back.
///
/// # Errors
/// When the database cannot be used or the route is not published.
pub async fn unpublish(desk: &Desk<'_>, UnpublishArgs { route, note }: UnpublishArgs) -> Result<ExitCode> {
    let had_draft = desk.known(&route).await?.draft.is_some();
    match publish::withdraw(&desk.store, &route, &publication(desk, note)).await {
        Ok(outcome) => {
            let draft = if had_draft { "its draft stays" } else { "what it held is its draft" };
            let said = format!("{route} is no longer served; {draft}, and its counts are kept");
            desk.out.either(&released(&outcome), &said)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => refused(desk, &route, error, &[]),
    }
}

/// Brings an old revision back.
///
/// # Errors
/// When the database cannot be used or there is no such revision.
pub async fn restore(desk: &Desk<'_>, RestoreArgs { route, revision, note }: RestoreArgs) -> Result<ExitCode> {
    let outcome = publish::restore(&desk.store, &route, revision, &publication(desk, note)).await;
    told(desk, &route, outcome, &[])
}

/// Sets the time of a publication, or takes it back.
///
/// # Errors
/// When the database cannot be used or the time cannot be set.
pub async fn schedule(desk: &Desk<'_>, args: ScheduleArgs) -> Result<ExitCode> {
    let ScheduleArgs { route, at, reason: ReasonArgs { note, acknowledge }, .. } = args;
    let Some(at_ms) = at else { return cancel(desk, &route).await };
    let new = NewSchedule { at_ms, note, acknowledged: acknowledge };
    if let Err(error) = publish::schedule(&desk.store, &route, None, &new, &desk.who, desk.now_ms).await {
        return refused(desk, &route, error, &new.acknowledged);
    }
    let at = time::rfc3339(at_ms);
    let said = format!(
        "a running server publishes {route} at {at}; its draft stands still until then, \
         and studyroute schedule {route} --cancel takes the time back"
    );
    desk.out.either(&json!({"route": route, "at": at, "note": new.note}), &said)?;
    Ok(ExitCode::SUCCESS)
}

async fn cancel(desk: &Desk<'_>, route: &str) -> Result<ExitCode> {
    let had_one = desk.known(route).await?.schedule.is_some();
    if had_one {
        let taken = desk.store.schedule(route, None, None, &desk.who, desk.now_ms).await?;
        taken.map_err(|refusal| words::not_edited(route, &refusal))?;
    }
    let said = if had_one { "is no longer to be published at a time" } else { "had no time set" };
    desk.out.either(&json!({"route": route, "cancelled": had_one}), &format!("{route} {said}"))?;
    Ok(ExitCode::SUCCESS)
}

/// A publication by whoever sits here, now.
pub fn publication(desk: &Desk<'_>, note: String) -> Publication {
    Publication { who: desk.who.clone(), note, now_ms: desk.now_ms }
}

/// What came of a publication, in words.
pub fn in_words(outcome: &PublishOutcome) -> String {
    let PublishOutcome { slug, revision, changed, published, .. } = outcome;
    if *published {
        let waypoints = words::many(*changed as u64, "waypoint");
        format!("{slug} is published as revision {revision}, with {waypoints} added, changed or gone")
    } else {
        format!("nothing differs from revision {revision} of {slug}, so nothing was published")
    }
}

/// The same for programs.
pub fn released(outcome: &PublishOutcome) -> Value {
    let PublishOutcome { slug, revision, changed, published, generation } = outcome;
    json!({"route": slug, "revision": revision, "changed": changed, "published": published, "generation": generation})
}

fn told(
    desk: &Desk<'_>,
    route: &str,
    outcome: Result<PublishOutcome, PublishError>,
    acknowledged: &[String],
) -> Result<ExitCode> {
    match outcome {
        Ok(outcome) => {
            desk.out.either(&released(&outcome), &in_words(&outcome))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => refused(desk, route, error, acknowledged),
    }
}

fn refused(desk: &Desk<'_>, route: &str, error: PublishError, acknowledged: &[String]) -> Result<ExitCode> {
    let refusal = words::not_published(route, error, acknowledged, desk.now_ms)?;
    desk.out.refusal(&refusal.document, &refusal.words)?;
    Ok(ExitCode::FAILURE)
}
