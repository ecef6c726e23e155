//! Publishes drafts when their time has come, clears away what imports that were cut off have left behind, and retires what has been kept
//! long enough. It takes no input but the clock; every node on the database may run it, because whatever it does is done once.

use crate::ambient::Ambient;
use crate::config::Retention;
use crate::design::publish;
use crate::domain::time::DAY_MS;
use crate::store::{KeptSince, Retired, Store, StoreError};
use crate::tasks::refresher::Refresher;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How often what was left behind is looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Looks until `stop`; what has begun is brought to its end.
pub async fn watch(
    store: Store,
    refresher: Arc<Refresher>,
    ambient: Ambient,
    retention: Retention,
    stop: CancellationToken,
) {
    for chore in ["publish", "sweep"] {
        failures(chore).increment(0);
    }
    let mut swept: Option<Instant> = None;
    let mut in_step = true;
    loop {
        let mut chore = "publish";
        let mut result = publish::publish_due(&store, ambient.now_ms()).await.map(|published| {
            if published {
                refresher.wake();
            }
        });
        if result.is_ok() && swept.is_none_or(|at| at.elapsed() >= SWEEP_EVERY) {
            swept = Some(Instant::now());
            chore = "sweep";
            result = sweep(&store, &ambient, retention, &stop).await;
        }
        if let Err(error) = &result {
            failures(chore).increment(1);
            // Said once, not every second.
            if in_step {
                tracing::error!(chore, error = error.with_causes(), "drafts cannot be published at their time now");
            }
        }
        in_step = result.is_ok();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

fn failures(chore: &'static str) -> metrics::Counter {
    metrics::counter!("studyroute_chores_failed_total", "chore" => chore)
}

/// In small steps, so that check-ins do not wait behind it.
async fn sweep(
    store: &Store,
    ambient: &Ambient,
    retention: Retention,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let now_ms = ambient.now_ms();
    while !stop.is_cancelled() && store.sweep_contents(now_ms).await? {
        tokio::task::yield_now().await;
    }
    let ago = |days: u32| now_ms - i64::from(days) * DAY_MS;
    let since = KeptSince {
        now_ms,
        tokens_ms: ago(retention.tokens_days),
        participants_ms: ago(retention.participants_days),
        entries_ms: ago(retention.audit_days),
    };
    let mut retired = Retired { participants: by_the_week(store, since, stop).await, ..Retired::default() };
    while !stop.is_cancelled() {
        let few = store.retire(since).await?;
        if few.is_nothing() {
            break;
        }
        retired += few;
        tokio::task::yield_now().await;
    }
    if !retired.is_nothing() {
        let Retired { tokens, participants, entries } = retired;
        tracing::info!(tokens, participants, entries, "what was kept long enough has been retired");
    }
    Ok(())
}

/// Makes and retires partitions of weeks. Others may keep the database too busy for it; then the next sweep is soon enough.
async fn by_the_week(store: &Store, since: KeptSince, stop: &CancellationToken) -> u64 {
    let mut participants = 0;
    let done: Result<(), StoreError> = async {
        while !stop.is_cancelled() && store.make_week(since.now_ms).await? {}
        while let (false, Some(retired)) = (stop.is_cancelled(), store.retire_week(since).await?) {
            participants += retired;
        }
        Ok(())
    }
    .await;
    if let Err(error) = done {
        tracing::warn!(error = error.with_causes(), "weeks of check-ins are looked after later");
    }
    participants
}
