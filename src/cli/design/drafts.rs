//! `studyroute draft …`: which drafts there are, what is in one, what it is called, and dropping it.

use super::{Desk, words};
use crate::cli::output::grid;
use crate::domain::route::{Text, Waypoint};
use crate::domain::time;
use crate::store::{Edit, RouteState};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

/// Waypoints that are shown; an export has them all.
const SHOWN_MAX: i64 = 1_000;

/// What to do with drafts.
#[derive(Subcommand)]
pub enum DraftTask {
    /// List all study routes, published or not
    List,
    /// Show what a route will become
    Show {
        /// The study route
        route: String,
    },
    /// Change title and summary
    Title(TitleArgs),
    /// Drop a draft: what is published stays, and the next change begins from that
    Drop {
        /// The study route
        route: String,
    },
}

/// What a route is called. What is not named stays.
#[derive(Args)]
#[command(group(clap::ArgGroup::new("texts").required(true).multiple(true)))]
pub struct TitleArgs {
    /// The study route
    route: String,
    /// Title in Chinese
    #[arg(long, value_name = "TEXT", group = "texts")]
    zh: Option<String>,
    /// Title in English
    #[arg(long, value_name = "TEXT", group = "texts")]
    en: Option<String>,
    /// Summary in Chinese
    #[arg(long, value_name = "TEXT", group = "texts")]
    summary_zh: Option<String>,
    /// Summary in English
    #[arg(long, value_name = "TEXT", group = "texts")]
    summary_en: Option<String>,
}

/// Does it.
///
/// # Errors
/// When the database cannot be used or what was asked cannot be done.
pub async fn run(desk: &Desk<'_>, task: DraftTask) -> Result<ExitCode> {
    match task {
        DraftTask::List => list(desk).await?,
        DraftTask::Show { route } => show(desk, &desk.known(&route).await?).await?,
        DraftTask::Title(args) => title(desk, args).await?,
        DraftTask::Drop { route } => drop(desk, &route).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(desk: &Desk<'_>) -> Result<()> {
    let mut rows = Vec::new();
    for slug in desk.store.route_slugs().await? {
        let Some(state) = desk.store.route_state(&slug).await? else { continue };
        let title = &state.next_head().title;
        let title = if title.zh_cn.is_empty() { title.en.clone() } else { title.zh_cn.clone() };
        let [published, draft, schedule] = status(&state);
        rows.push([slug, title, published, draft, schedule]);
    }
    desk.out.table(["route", "title", "published", "draft", "schedule"], rows)
}

/// What is published, what will be, and when, in words.
fn status(state: &RouteState) -> [String; 3] {
    let published = match state.revision {
        0 => "no".into(),
        revision if state.withdrawn => format!("taken back with revision {revision}"),
        revision => format!("revision {revision}"),
    };
    let draft = state.draft.as_ref().map_or_else(
        || "none".into(),
        |draft| format!("changed {} by {}", time::rfc3339(draft.updated_ms), draft.updated_by),
    );
    let schedule = state.schedule.as_ref().map_or_else(
        || "none".into(),
        |schedule| {
            let at = time::rfc3339(schedule.at_ms);
            let failure = schedule.failure.as_ref();
            failure.map_or_else(|| at.clone(), |why| format!("{at}: could not be published: {why}"))
        },
    );
    [published, draft, schedule]
}

async fn show(desk: &Desk<'_>, state: &RouteState) -> Result<()> {
    let count = desk.store.route_len(state).await?;
    let waypoints = desk.store.route_page(state, 0, SHOWN_MAX).await?;
    let (head, [published, draft, schedule]) = (state.next_head(), status(state));
    let document = json!({
        "route": state.slug,
        "version": state.version().to_string(),
        "published": published,
        "draft": draft,
        "schedule": schedule,
        "title": head.title,
        "summary": head.summary,
        "line_positions": head.line.len(),
        "waypoint_count": count,
        "waypoints": waypoints.iter().map(stop).collect::<Vec<_>>(),
    });
    let about = [
        ("title", both(&head.title)),
        ("summary", both(&head.summary)),
        ("line", words::many(head.line.len() as u64, "position")),
        ("published", published),
        ("draft", draft),
        ("schedule", schedule),
    ];
    let mut said: Vec<String> = about.map(|(name, value)| format!("{name:<10} {value}")).into();
    let headings = ["order", "waypoint", "title", "latitude", "longitude", "zone"];
    said.extend([String::new(), grid(headings, waypoints.iter().map(row).collect())]);
    if count > waypoints.len() {
        said.push(format!("… {count} waypoints in all; studyroute export {} writes them all", state.slug));
    }
    desk.out.either(&document, &said.join("\n"))
}

fn stop(waypoint: &Waypoint) -> serde_json::Value {
    let position = json!({"lat": waypoint.position.lat(), "lon": waypoint.position.lon()});
    let body = &waypoint.body;
    json!({"id": waypoint.id, "order": body.order, "title": body.title, "position": position, "zone": body.zone})
}

fn row(waypoint: &Waypoint) -> [String; 6] {
    let (position, body) = (waypoint.position, &waypoint.body);
    let title = if body.title.zh_cn.is_empty() { &body.title.en } else { &body.title.zh_cn };
    [
        body.order.to_string(),
        waypoint.id.clone(),
        title.clone(),
        format!("{:.6}", position.lat()),
        format!("{:.6}", position.lon()),
        format!("{:.0} m", body.zone.reach_m(position)),
    ]
}

async fn title(desk: &Desk<'_>, args: TitleArgs) -> Result<()> {
    let state = desk.known(&args.route).await?;
    let mut head = state.next_head().clone();
    for (given, kept) in [
        (args.zh, &mut head.title.zh_cn),
        (args.en, &mut head.title.en),
        (args.summary_zh, &mut head.summary.zh_cn),
        (args.summary_en, &mut head.summary.en),
    ] {
        if let Some(given) = given {
            *kept = given;
        }
    }
    let seen = Some(state.version());
    let edited = desk.store.edit_draft(&args.route, seen, &Edit::Head(&head), &desk.who, desk.now_ms).await?;
    let state = edited.map_err(|refusal| words::not_edited(&args.route, &refusal))?;
    let (title, summary) = (&head.title, &head.summary);
    let document =
        json!({"route": args.route, "version": state.version().to_string(), "title": title, "summary": summary});
    desk.out.either(&document, &format!("the draft of {} is called {} now", args.route, both(title)))
}

/// A text in the languages that it has.
fn both(text: &Text) -> String {
    let written: Vec<&str> = [&*text.zh_cn, &*text.en].into_iter().filter(|text| !text.is_empty()).collect();
    if written.is_empty() { "none".into() } else { written.join(" · ") }
}

async fn drop(desk: &Desk<'_>, route: &str) -> Result<()> {
    let state = desk.known(route).await?;
    if state.draft.is_none() {
        bail!("{route} has no draft to drop; it stands as it is published");
    }
    let dropped = desk.store.drop_draft(route, Some(state.version()), &desk.who, desk.now_ms).await?;
    dropped.map_err(|refusal| words::not_edited(route, &refusal))?;
    desk.out.either(&json!({"route": route, "dropped": true}), &format!("the draft of {route} is gone"))
}
