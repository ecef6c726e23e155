//! Publishes drafts when their time has come, and clears away what imports that were cut off have left behind. It takes no input but
//! the clock; every node on the database may run it, because a draft is published once.

use crate::ambient::Ambient;
use crate::design::publish;
use crate::store::{Store, StoreError};
use crate::tasks::refresher::Refresher;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How often what was left behind is looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Looks until `stop`; what has begun is brought to its end.
pub async fn watch(store: Store, refresher: Arc<Refresher>, ambient: Ambient, stop: CancellationToken) {
    let mut swept: Option<Instant> = None;
    let mut in_step = true;
    loop {
        let mut result = publish::publish_due(&store, ambient.now_ms()).await.map(|published| {
            if published {
                refresher.wake();
            }
        });
        if result.is_ok() && swept.is_none_or(|at| at.elapsed() >= SWEEP_EVERY) {
            swept = Some(Instant::now());
            result = sweep(&store, &ambient, &stop).await;
        }
        // Said once, not every second.
        if let Err(error) = &result
            && in_step
        {
            tracing::error!(error = error.with_causes(), "drafts cannot be published at their time now");
        }
        in_step = result.is_ok();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// In small steps, so that check-ins do not wait behind it.
async fn sweep(store: &Store, ambient: &Ambient, stop: &CancellationToken) -> Result<(), StoreError> {
    while !stop.is_cancelled() && store.sweep_contents(ambient.now_ms()).await? {
        tokio::task::yield_now().await;
    }
    Ok(())
}
