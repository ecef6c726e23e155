//! The only place that knows a database. One body serves SQLite and PostgreSQL: `on!` expands it for both, statements come as
//! `Sql` constants beside the function that runs them. Batches travel as one JSON parameter; check-ins and their counters, which
//! come by the thousand, column by column (`bulk`).
//!
//! Refuses to judge, to count by itself, or to know HTTP: it keeps what `domain` worked out, durably, and gives it back.

mod address;
mod assets;
mod audit;
mod audit_log;
mod backup;
mod blobs;
mod bulk;
mod changes;
mod check_ins;
mod contents;
mod counters;
mod counts;
mod disk;
mod drafts;
mod erasures;
mod keys;
mod moving;
mod nodes;
mod open;
mod overlay;
mod participants;
mod pool;
mod postgres;
mod prepare;
mod recording;
mod replica;
mod retention;
mod route_state;
mod routes;
mod schedules;
mod snapshot;
mod sql;
mod uploads;
mod wake;
mod weeks;

use pool::Lender;
use sqlx::{Postgres, Sqlite};
use std::sync::Arc;

pub use assets::{Asset, AssetUse, Condemned, NewAsset, Put};
pub use audit::Audit;
pub use audit_log::{DONE, Deed, DeedFilter, StoredDeed, Who};
pub use backup::{Soundness, recover, recover_into};
pub use blobs::{BlobError, Blobs, Content, Listed, setting as assets_setting};
pub use changes::{Changed, Glance};
pub use check_ins::{NewCheckIn, Progress, StoredCheckIn};
pub use contents::{ContentKey, FileDigest, Written, content_hash, hash, numbered};
pub use counts::{CountQuery, CountRow, Counted};
pub use disk::Disk;
pub use drafts::{Change, Edit, NotEdited};
pub use erasures::Erasures;
pub use keys::{AccessKey, NewKey, Role};
pub use moving::{
    Compared, Copied, Fingerprint, Held, Kind, Move, NOT_COPIED, Progress as MoveProgress, TABLES, Table, compare,
};
pub use participants::Participant;
pub use recording::{Outcome, Past, Pasts};
pub use retention::{KeptSince, Retired};
pub use route_state::{DraftState, Head, RouteState, Schedule, Version};
pub use routes::{NotReleased, Publication, PublishOutcome, Release, Revision};
pub use schedules::NewSchedule;
pub use snapshot::{Changes, Served, StoredWaypoint};
pub use sql::Dialect;
pub use uploads::{NewUpload, StoredUpload};

/// Where the log says that a statement was slow.
pub const SLOW_STATEMENTS: &str = "sqlx::query";

/// The database that everything durable lives in.
#[derive(Clone)]
pub enum Store {
    /// The embedded default.
    Sqlite(Pools<Sqlite>),
    /// When one machine is outgrown.
    Postgres(Pools<Postgres>),
}

/// Connections for reading and for writing. SQLite has one writer; on PostgreSQL both are the same pool.
pub struct Pools<DB: sqlx::Database> {
    read: Lender<DB>,
    write: Lender<DB>,
    scopes: counters::Known,
    /// On PostgreSQL.
    servers: Option<Arc<postgres::Servers>>,
    /// A standby for counts, on PostgreSQL.
    replica: Option<Arc<replica::Replica<DB>>>,
}

impl<DB: sqlx::Database> Clone for Pools<DB> {
    fn clone(&self) -> Self {
        Self {
            read: self.read.clone(),
            write: self.write.clone(),
            scopes: self.scopes.clone(),
            servers: self.servers.clone(),
            replica: self.replica.clone(),
        }
    }
}

/// Why the store could not do it. Says nothing about HTTP and never reaches a client as it is.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key was met by something else that was written at the same time.
    #[error("a unique key was met")]
    Conflict,
    /// The database cannot be reached or cannot write now; nothing was kept.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database answers, but refuses this very statement or row; nothing was kept.
    #[error("the database refuses a row")]
    Refused(#[source] sqlx::Error),
    /// The database went away during a commit; whether it was kept is not known.
    #[error("the outcome of a commit is not known")]
    OutcomeUnknown,
    /// A row holds what the domain refuses.
    #[error("{table} holds what cannot be read")]
    Corrupt {
        /// Where.
        table: &'static str,
    },
    /// The database is not fit to be used.
    #[error("{0}")]
    Unfit(String),
}

impl StoreError {
    /// The error with its causes on one line, for the log: a log shows only what an error says of itself, and whether the disk is
    /// full or the file locked is what its reader must know.
    #[must_use]
    pub fn with_causes(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |error| error.source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                // The check of a table has a name; that of a partition which was just made for the row has none.
                let has_moved = database.is_check_violation() && database.constraint().is_none() && code.len() == 5;
                let is_met = database.is_unique_violation() || database.is_foreign_key_violation();
                if is_met || has_moved || is_retryable(&code) {
                    Self::Conflict
                } else if is_condition_of_the_database(&code) {
                    Self::Unavailable(error)
                } else {
                    Self::Refused(error)
                }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt { table: "a row" },
            _ => Self::Unavailable(error),
        }
    }
}

/// PostgreSQL's deadlock and serialization failures: nothing was kept, and another try is in order.
fn is_retryable(code: &str) -> bool {
    matches!(code, "40P01" | "40001")
}

/// Locked, full, read-only or failing disk (SQLite's primary codes); connection lost, out of resources, shutting down or failing
/// (PostgreSQL's classes), or locked by another transaction. The next statement may well succeed.
fn is_condition_of_the_database(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(sqlite) if code.len() < 5 => matches!(sqlite & 0xff, 5 | 6 | 7 | 8 | 9 | 10 | 13 | 14),
        _ => ["08", "25", "53", "55P03", "57", "58", "XX"].iter().any(|class| code.starts_with(class)),
    }
}

/// What store functions return.
pub type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        sql::on!(self, |_pools, dialect| dialect)
    }

    /// Asks the database whether it still answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        sql::on!(self, |pools, _dialect| {
            sqlx::query("select 1").execute(&pools.read).await?;
            Ok(())
        })
    }

    /// Drops SQLite's writing connection after a failure, so that the next write starts on a fresh one: what a failed `fsync`
    /// left behind must not be trusted. On PostgreSQL that is the server's affair, and the pool tests what it lends; asking for a
    /// connection here would only make everybody who waits wait twice as long for their refusal.
    pub async fn renew_writer(&self) {
        let Self::Sqlite(pools) = self else { return };
        if let Ok(connection) = pools.write.acquire().await {
            drop(connection.close().await);
        }
    }

    /// Closes all connections; SQLite folds its log into the file.
    pub async fn close(&self) {
        sql::on!(self, |pools, _dialect| {
            pools.read.close().await;
            pools.write.close().await;
        });
    }

    /// Every statement by module and name, as PostgreSQL gets it.
    pub fn statements() -> impl Iterator<Item = (String, &'static str)> {
        let named = |module: &'static str, all: &'static [(&str, sql::Sql)]| {
            all.iter().map(move |(name, statement)| (format!("{module}::{name}"), statement.on(Dialect::Postgres)))
        };
        MODULES.iter().flat_map(move |(module, all)| named(module, all))
    }

    /// Prepares every statement of every module, and names those the database refuses.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn prepare_all(&self) -> Result<Vec<String>> {
        use sqlx::Executor;
        let mut refused = Vec::new();
        sql::on!(self, |pools, dialect| {
            let mut connection = pools.write.acquire().await?;
            for (module, statements) in MODULES {
                for (name, statement) in *statements {
                    if let Err(error) = (&mut *connection).prepare(statement.text(dialect)).await {
                        refused.push(format!("{module}::{name}: {error}"));
                    }
                }
            }
        });
        Ok(refused)
    }
}

/// The statements of every module.
const MODULES: &[(&str, &[(&str, sql::Sql)])] = &[
    ("routes", routes::ALL),
    ("snapshot", snapshot::ALL),
    ("assets", assets::ALL),
    ("uploads", uploads::ALL),
    ("erasures", erasures::ALL),
    ("retention", retention::ALL),
    ("participants", participants::ALL),
    ("check_ins", check_ins::ALL),
    ("recording", recording::ALL),
    ("counters", counters::ALL),
    ("counts", counts::ALL),
    ("keys", keys::ALL),
    ("nodes", nodes::ALL),
    ("audit", audit::ALL),
    ("audit_log", audit_log::ALL),
    ("contents", contents::ALL),
    ("overlay", overlay::ALL),
    ("prepare", prepare::ALL),
    ("changes", changes::ALL),
    ("drafts", drafts::ALL),
    ("route_state", route_state::ALL),
    ("schedules", schedules::ALL),
];

/// What goes into one JSON parameter.
fn json<T: serde::Serialize + ?Sized>(rows: &T) -> Result<String> {
    serde_json::to_string(rows).map_err(|_| StoreError::Corrupt { table: "a batch" })
}

/// Ids as the one JSON parameter of a batch statement.
fn json_ids(ids: &[uuid::Uuid]) -> Result<String> {
    json(&ids.iter().map(|id| id.simple().to_string()).collect::<Vec<_>>())
}
