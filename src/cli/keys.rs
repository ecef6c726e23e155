//! `studyroute key …`: keys of operators, designers and admins.

use super::output::Output;
use crate::ambient::Ambient;
use crate::app;
use crate::config::Config;
use crate::design::keys::{self, Drawn, KeyError, KeyWish};
use crate::domain::time;
use crate::store::{AccessKey, Role, Who};
use anyhow::{Result, anyhow, bail};
use clap::Subcommand;
use std::process::ExitCode;
use uuid::Uuid;

/// Keys read from the database at a time.
const PAGE: usize = 1_000;

/// What to do with keys.
#[derive(Subcommand)]
pub enum KeyTask {
    /// Make a key and print it, alone, this once
    Create {
        /// What its holder may do
        #[arg(long)]
        role: Role,
        /// Who holds it
        #[arg(long)]
        name: String,
        /// For designers: only these study routes, separated by commas
        #[arg(long, value_delimiter = ',')]
        routes: Vec<String>,
        /// Days until it stops working [default: never]
        #[arg(long)]
        expires_days: Option<u32>,
    },
    /// List all keys
    List,
    /// Give the holder of a key a new one in its place, and print it, alone, this once
    Rotate {
        /// The old key's id, from the list
        id: Uuid,
        /// Seconds that the old key still works beside the new one, at most a week
        #[arg(long, default_value_t = 0)]
        grace_s: u32,
    },
    /// Take a key back
    Revoke {
        /// Its id, from the list
        id: Uuid,
    },
}

/// Does it.
///
/// # Errors
/// When the database cannot be used or what was asked makes no sense.
pub async fn run(config: &Config, ambient: &Ambient, task: KeyTask, out: &Output) -> Result<ExitCode> {
    let store = app::open(&config.database).await?;
    let (who, now_ms) = (Who::command_line(), ambient.now_ms());
    match task {
        KeyTask::Create { role, name, routes, expires_days } => {
            let wish = KeyWish { name, role, routes, expires_days };
            let made = keys::create(&store, wish, &drawn(ambient)?, &who, now_ms).await.map_err(in_flags)?;
            out.alone("key", made.secret.reveal())?;
        }
        KeyTask::List => {
            let mut rows = Vec::new();
            loop {
                let after = i64::try_from(rows.len())?;
                let page = store.keys(after, PAGE).await?;
                let is_last = page.len() < PAGE;
                rows.extend(page.into_iter().map(|key| row(key, now_ms)));
                if is_last {
                    break;
                }
            }
            out.table(["id", "name", "role", "routes", "created", "last used", "state"], rows)?;
        }
        KeyTask::Rotate { id, grace_s } => {
            let made = keys::rotate(&store, id, grace_s, &drawn(ambient)?, &who, now_ms).await.map_err(in_flags)?;
            out.alone("key", made.secret.reveal())?;
        }
        KeyTask::Revoke { id } => {
            if !keys::revoke(&store, id, &who, now_ms).await.map_err(in_flags)? {
                bail!("the key {id} was revoked before; studyroute key list shows it");
            }
            out.alone("revoked", &id.to_string())?;
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn drawn(ambient: &Ambient) -> Result<Drawn> {
    Ok(Drawn { id: ambient.random_id()?, bits: ambient.random_256()? })
}

/// A part of a wish by the name of its flag.
fn in_flags(error: KeyError) -> anyhow::Error {
    match error {
        KeyError::Wish { part, what } => anyhow!("--{}: {what}", part.replace('_', "-")),
        other => other.into(),
    }
}

fn row(key: AccessKey, now_ms: i64) -> [String; 7] {
    let state = keys::state(&key, now_ms);
    let routes = if key.routes.is_empty() { "all".into() } else { key.routes.join(",") };
    let last_used = key.last_used_ms.map_or_else(|| "never".into(), time::rfc3339);
    [
        key.id.to_string(),
        key.name,
        key.role.as_str().into(),
        routes,
        time::rfc3339(key.created_ms),
        last_used,
        state.into(),
    ]
}
