//! A standby that answers what may be a little old: counts, and nothing else. It never decides whether something is counted.
//!
//! How old it is, is measured without any clock of a database: the primary is asked each second how far its log is written, and the
//! standby how far it has replayed it. What was written up to some moment and has been replayed is there, so its answers are at most
//! as old as that moment.

use super::address::{Address, Wanted};
use super::pool::Lender;
use super::postgres::{LOOK_EVERY, LOOK_TIMEOUT, Servers, open_lazily};
use super::{Result, Store, StoreError};
use sqlx::{Executor, PgPool, Postgres, Row};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A standby that lags more is not asked.
const LAG_MAX: Duration = Duration::from_mins(1);
/// Moments that are remembered until the standby has replayed them.
const MARKS_MAX: usize = 600;
/// How often a standby is looked for while the one that is asked is none (any more).
const BETTER_EVERY: Duration = Duration::from_secs(5);

/// How far a server's log goes, bytes.
const WRITTEN: &str = "select (pg_current_wal_lsn() - '0/0')::text, 'primary'";
/// How far it is replayed, and what the server is by now.
const REPLAYED: &str =
    "select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end - '0/0')::text,
            case when pg_is_in_recovery() then 'standby' else 'primary' end";

/// The standby.
pub struct Replica<DB: sqlx::Database> {
    lender: Lender<DB>,
    servers: Arc<Servers>,
    /// What was committed until then it has.
    has_until: Mutex<Option<Instant>>,
}

impl<DB: sqlx::Database> Replica<DB> {
    /// Whom to ask, unless it lags too much or does not answer.
    pub(super) fn lender(&self) -> Option<&Lender<DB>> {
        self.lag().is_some_and(|lag| lag <= LAG_MAX).then_some(&self.lender)
    }

    /// How old its answers are at most.
    fn lag(&self) -> Option<Duration> {
        self.has_until.lock().unwrap_or_else(PoisonError::into_inner).map(|until| until.elapsed())
    }

    pub(super) fn has_until(&self, moment: Option<Instant>) {
        *self.has_until.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }
}

impl Replica<Postgres> {
    /// A primary answers counts only as long as nobody follows it.
    async fn turn_to_standby(&self) {
        if let Some((standby, place)) = self.servers.standby().await {
            tracing::info!(server = place, "counts are asked of this server from now on");
            self.has_until(None);
            self.servers.turn_to(standby, true);
        }
    }
}

impl Store {
    /// The same, asking a standby for counts whenever it is there.
    ///
    /// # Errors
    /// When the address is not understood or this is no PostgreSQL.
    pub fn with_replica(mut self, url: &str) -> Result<Self> {
        let Self::Postgres(pools) = &mut self else {
            return Err(StoreError::Unfit("an SQLite file has no standby: leave database-replica empty".into()));
        };
        let (servers, lender) = open_lazily(Address::parse(url, Wanted::PreferStandby)?)?;
        pools.replica = Some(Arc::new(Replica { lender, servers, has_until: Mutex::new(None) }));
        Ok(self)
    }

    /// How old counts are at most; none when the primary answers them.
    #[must_use]
    pub fn replica_lag(&self) -> Option<Duration> {
        let Self::Postgres(pools) = self else { return None };
        pools.replica.as_ref()?.lag().filter(|lag| *lag <= LAG_MAX)
    }

    /// Measures for ever how old the standby is, and looks for another one when it is gone or was promoted.
    pub async fn watch_replica(&self) {
        let Self::Postgres(pools) = self else { return std::future::pending().await };
        let Some(replica) = &pools.replica else { return std::future::pending().await };
        let (mut marks, mut looked) = (VecDeque::<(Instant, i64)>::new(), None::<Instant>);
        loop {
            let now = Instant::now();
            if let Some((written, _)) = position(pools.write.pool(), WRITTEN).await {
                // A standby that is promoted goes on where it was, which may be before where the old primary had been.
                if marks.back().is_some_and(|(_, before)| *before > written) {
                    marks.clear();
                }
                marks.push_back((now, written));
                marks.truncate(MARKS_MAX);
            }
            let replayed = position(replica.lender.pool(), REPLAYED).await;
            if let Some((replayed, _)) = replayed {
                while let Some((moment, _)) = marks.pop_front_if(|(_, written)| *written <= replayed) {
                    replica.has_until(Some(moment));
                }
            } else {
                replica.has_until(None);
                marks.clear();
            }
            let is_primary = replayed.is_some_and(|(_, is_standby)| !is_standby);
            if replayed.is_none() {
                // Which may find the same one, once it is back.
                drop(replica.servers.turn().await);
            } else if is_primary && looked.is_none_or(|looked| looked.elapsed() > BETTER_EVERY) {
                looked = Some(now);
                replica.turn_to_standby().await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// How far a server's log goes, and whether it is a standby.
async fn position(pool: &PgPool, question: &'static str) -> Option<(i64, bool)> {
    let asked = async {
        let row = pool.acquire().await?.fetch_one(question).await?;
        Ok::<(String, String), sqlx::Error>((row.try_get(0)?, row.try_get(1)?))
    };
    let (bytes, role) = tokio::time::timeout(LOOK_TIMEOUT, asked).await.ok()?.ok()?;
    Some((bytes.parse().ok()?, role == "standby"))
}
