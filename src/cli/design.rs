//! What route designers do at the command line, by the same body as by HTTP: files into drafts and out of them, looking at a
//! draft, rehearsing and publishing it. Every change is a deed in the audit log.

mod drafts;
mod files;
mod import;
mod look;
mod rehearse;
mod release;
mod words;

use super::output::Output;
use crate::ambient::Ambient;
use crate::app;
use crate::config::Config;
use crate::store::{Blobs, RouteState, Store, Version, Who};
use anyhow::{Context, Result};
use clap::Subcommand;
use std::process::ExitCode;

/// What to do with study routes.
#[derive(Subcommand)]
pub enum DesignTask {
    /// Publish route files, or take a file of any format into a route's draft
    Import(import::ImportArgs),
    /// Write a route as a file for maps, spreadsheets and other tools
    Export(files::ExportArgs),
    /// Write an empty table with an example row, to begin a route with
    Template(files::TemplateArgs),
    /// Check a route's draft and say what to mend; exits with 1 when there are errors
    Lint(look::LintArgs),
    /// Say what differs between two states of a route
    Diff(look::DiffArgs),
    /// Send simulated walkers along a route and say who would check in where
    Rehearse(rehearse::RehearseArgs),
    /// Publish a route's draft; a running server on the same database serves it within 2 seconds
    Publish(release::PublishArgs),
    /// Take a route back: visitors no longer get it, its counts stay, and what it held becomes its draft
    Unpublish(release::UnpublishArgs),
    /// Bring an old revision of a route back as a new one
    Restore(release::RestoreArgs),
    /// Set the time at which a running server publishes a draft, or take that time back
    Schedule(release::ScheduleArgs),
    /// List a route's revisions, newest first: who published what, when and why
    History(look::HistoryArgs),
    /// List, show, name and drop drafts
    Draft {
        #[command(subcommand)]
        command: drafts::DraftTask,
    },
}

/// Where a designer works.
struct Desk<'a> {
    store: Store,
    /// Where files of exhibits are kept, if anywhere.
    blobs: Option<Blobs>,
    ambient: &'a Ambient,
    who: Who,
    now_ms: i64,
    out: &'a Output,
}

impl Desk<'_> {
    /// A route that is there for its designers.
    async fn known(&self, slug: &str) -> Result<RouteState> {
        let state = self.store.route_state(slug).await?.filter(|state| state.version() != Version::Nothing);
        state.with_context(|| words::unknown_route(slug))
    }
}

/// Does it.
///
/// # Errors
/// When the database cannot be used or what was asked cannot be done.
pub async fn run(config: &Config, ambient: &Ambient, task: DesignTask, out: &Output) -> Result<ExitCode> {
    if let DesignTask::Template(args) = task {
        return files::template(&args, out);
    }
    let store = app::open(&config.database).await?;
    let blobs = app::open_assets(config)?;
    let desk = Desk { store, blobs, ambient, who: Who::command_line(), now_ms: ambient.now_ms(), out };
    let done = match task {
        DesignTask::Import(args) => import::run(&desk, args).await,
        DesignTask::Export(args) => files::export(&desk, args).await,
        DesignTask::Template(_) => Ok(ExitCode::SUCCESS),
        DesignTask::Lint(args) => look::lint(&desk, &args).await,
        DesignTask::Diff(args) => look::diff(&desk, &args).await,
        DesignTask::Rehearse(args) => rehearse::run(&desk, args).await,
        DesignTask::Publish(args) => release::publish(&desk, args).await,
        DesignTask::Unpublish(args) => release::unpublish(&desk, args).await,
        DesignTask::Restore(args) => release::restore(&desk, args).await,
        DesignTask::Schedule(args) => release::schedule(&desk, args).await,
        DesignTask::History(args) => look::history(&desk, &args).await,
        DesignTask::Draft { command } => drafts::run(&desk, command).await,
    };
    desk.store.close().await;
    done
}
