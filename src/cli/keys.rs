//! `studyroute key …`: keys of operators, designers and admins.

use super::output::Output;
use crate::ambient::Ambient;
use crate::app;
use crate::config::Config;
use crate::domain::lint::is_slug;
use crate::domain::time;
use crate::domain::token::{Holder, Secret};
use crate::store::{AccessKey, NewKey, Role, Store};
use anyhow::{Result, bail};
use clap::Subcommand;
use std::process::ExitCode;
use uuid::Uuid;

/// Longest name of a key's holder, in characters.
const NAME_MAX: usize = 100;

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
    let code = match task {
        KeyTask::Create { role, name, routes, expires_days } => {
            create(&store, ambient, (role, name, routes, expires_days), out).await?
        }
        KeyTask::List => {
            let now_ms = ambient.now_ms();
            let keys = store.keys().await?;
            let rows = keys.into_iter().map(|key| row(key, now_ms)).collect();
            out.table(["id", "name", "role", "routes", "created", "last used", "state"], rows)?;
            ExitCode::SUCCESS
        }
        KeyTask::Revoke { id } => {
            if !store.revoke_key(id, ambient.now_ms()).await? {
                bail!("there is no valid key with the id {id}; studyroute key list shows them");
            }
            out.alone("revoked", &id.to_string())?;
            ExitCode::SUCCESS
        }
    };
    store.close().await;
    Ok(code)
}

async fn create(
    store: &Store,
    ambient: &Ambient,
    (role, name, routes, expires_days): (Role, String, Vec<String>, Option<u32>),
    out: &Output,
) -> Result<ExitCode> {
    if name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        bail!("--name must be 1 to {NAME_MAX} characters on one line");
    }
    if let Some(bad) = routes.iter().find(|slug| !is_slug(slug)) {
        bail!("--routes: \"{bad}\" is not the name of a study route");
    }
    let id = ambient.random_id()?;
    let secret = Secret::new(Holder::Staff, id, &ambient.random_256()?);
    let created_ms = ambient.now_ms();
    let expires_ms = expires_days.map(|days| created_ms + i64::from(days) * 86_400_000);
    store.create_key(&NewKey { id, name, role, routes, secret_hash: secret.hash(), created_ms, expires_ms }).await?;
    out.alone("key", secret.reveal())?;
    Ok(ExitCode::SUCCESS)
}

fn row(key: AccessKey, now_ms: i64) -> [String; 7] {
    let state = if key.revoked_ms.is_some() {
        "revoked"
    } else if key.is_valid(now_ms) {
        "valid"
    } else {
        "expired"
    };
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
