//! Hearing at once that another node has published. What is heard is a hint, never the truth: a wake that is lost costs the time until
//! somebody looks, no more.

use super::Store;
use sqlx::postgres::PgListener;
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
        let mut is_heard = true;
        loop {
            let error = match PgListener::connect_with(&pools.read).await {
                Ok(mut listener) => match listener.listen(CHANNEL).await {
                    Ok(()) => {
                        // What was published before this is no longer told.
                        wake();
                        is_heard = true;
                        hear(&mut listener, &wake).await
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            // Said once, not every time.
            if std::mem::take(&mut is_heard) {
                tracing::warn!(%error, "publications of other nodes are not heard; they are looked for meanwhile");
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// Wakes until the connection is lost.
async fn hear(listener: &mut PgListener, wake: &impl Fn()) -> sqlx::Error {
    loop {
        match listener.try_recv().await {
            // Without a message the connection was lost and is there again, and what was told meanwhile was told to nobody.
            Ok(_) => wake(),
            Err(error) => return error,
        }
    }
}
