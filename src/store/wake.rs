//! Hearing at once that another node has published. What is heard is a hint, never the truth: a wake that is lost costs the time until
//! somebody looks, no more.

use super::Store;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::convert::Infallible;
use std::time::Duration;

/// What the database's trigger calls its messages.
const CHANNEL: &str = "studyroute_generation";
/// After a failure it is tried again this late.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

impl Store {
    /// Calls `wake` whenever somebody may have published, for ever; also after each time that it could not hear. SQLite tells
    /// nothing, and neither does a pooler that lends connections by the transaction.
    pub async fn listen(&self, wake: impl Fn()) {
        let Self::Postgres(pools) = self else { return std::future::pending().await };
        let Some(servers) = pools.servers.as_ref().filter(|_| pools.read.keeps_sessions()) else {
            return std::future::pending().await;
        };
        let mut is_heard = true;
        loop {
            let heard = hear(pools.read.pool(), &wake, &mut is_heard);
            let error = tokio::select! {
                Err(error) = heard => error,
                // A server that is no more says nothing, not even that.
                () = servers.turned() => continue,
            };
            // Said once, not every time.
            if std::mem::take(&mut is_heard) {
                tracing::warn!(%error, "publications of other nodes are not heard; they are looked for meanwhile");
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// Wakes until the connection is lost and does not come back.
async fn hear(pool: &PgPool, wake: &impl Fn(), is_heard: &mut bool) -> sqlx::Result<Infallible> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    *is_heard = true;
    loop {
        // What was told before it listened, or while a lost connection came back (then there is no message), was told to nobody.
        wake();
        listener.try_recv().await?;
    }
}
