//! Holding whoever writes to a database, while others read on: SQLite's write lock, and on PostgreSQL a lock of every table that lets
//! readers through. A server that runs beside answers its writers that it is busy, and its readers as ever.

use super::super::pool::{Lender, Tx};
use super::super::{Result, Store, StoreError};
use super::rows::{Link, last_long};
use super::tables::TABLES;
use sqlx::{AssertSqlSafe, Postgres};
use std::time::Duration;

/// How often it is tried against writers who are always there.
const TRIES: usize = 20;
/// And how long is waited between.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it is asked whether they are held.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A writer that holds a table for longer than this is waited for anew, so that those behind us get through meanwhile.
const PATIENCE: &str = "set local lock_timeout = '3s'";

/// What holds the writers, until it is let go or the process ends.
pub struct Held(pub(super) Link);

impl Held {
    pub(super) async fn take(store: &Store) -> Result<Self> {
        let mut tries = TRIES;
        loop {
            let taken = match store {
                Store::Sqlite(pools) => pools.write.begin().await.map(Link::Sqlite),
                Store::Postgres(pools) => lock_tables(&pools.write).await.map(Link::Postgres),
            };
            tries -= 1;
            match taken.map_err(StoreError::from) {
                Ok(link) => return Ok(Self(link)),
                Err(StoreError::Unavailable(_) | StoreError::Conflict) if tries > 0 => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns when the writers are held no more, because the connection that held them is lost.
    pub async fn lost(&mut self) {
        while self.is_held().await.is_ok() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether they still are.
    ///
    /// # Errors
    /// When they are not, and may have written meanwhile.
    pub async fn is_held(&mut self) -> Result<()> {
        self.0.number("select cast(1 as bigint)").await.map(drop)
    }

    /// Lets the writers go on.
    ///
    /// # Errors
    /// When the connection is lost; then they go on too.
    pub async fn let_go(self) -> Result<()> {
        self.0.end().await
    }
}

async fn lock_tables(write: &Lender<Postgres>) -> sqlx::Result<Tx<Postgres>> {
    let mut tx = write.begin().await?;
    last_long(&mut tx).await?;
    sqlx::query(PATIENCE).execute(&mut *tx).await?;
    let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let lock = format!("lock table {} in share mode", names.join(", "));
    sqlx::query(AssertSqlSafe(lock)).execute(&mut *tx).await?;
    Ok(tx)
}
