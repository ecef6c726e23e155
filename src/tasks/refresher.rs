//! Keeps the index in step with the database: if the database's generation is newer, load one consistent snapshot, build the
//! index off the async threads, swap it in.
//!
//! It takes no input, so it cannot be told wrong: it is woken by a local publication and by a slow timer, and the timer alone
//! would be enough. A failed refresh keeps the old index and says so.

use crate::index::{Current, Index, Render};
use crate::store::{Store, StoreError};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How often the database is asked for its generation: a change made by another process is served this late at most, plus
/// the time to build the index.
pub const EVERY: Duration = Duration::from_secs(1);

/// Keeps one [`Current`] in step.
pub struct Refresher {
    store: Store,
    current: Arc<Current>,
    render: Render,
    wake: Notify,
    in_step: AtomicBool,
    database_generation: AtomicI64,
    swapped: Mutex<Instant>,
    /// Held by whoever looks: of many publications at once, one loads what all of them wrote.
    looking: tokio::sync::Mutex<()>,
}

impl Refresher {
    /// A refresher for `current`.
    #[must_use]
    pub fn new(store: Store, current: Arc<Current>, render: Render) -> Self {
        Self {
            store,
            current,
            render,
            wake: Notify::new(),
            in_step: AtomicBool::new(false),
            database_generation: AtomicI64::new(0),
            swapped: Mutex::new(Instant::now()),
            looking: tokio::sync::Mutex::new(()),
        }
    }

    /// Looks at once instead of at the next tick.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Whether the last look succeeded.
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        self.in_step.load(Ordering::Relaxed)
    }

    /// The database's generation at the last look.
    #[must_use]
    pub fn database_generation(&self) -> i64 {
        self.database_generation.load(Ordering::Relaxed)
    }

    /// How long the generation being served has been served.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.swapped.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Looks until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
            let was_in_step = self.is_in_step();
            match self.refresh().await {
                Ok(()) if !was_in_step => tracing::info!("the index is in step with the database again"),
                // Either is said once, not every second.
                Err(error) if was_in_step => {
                    tracing::error!(
                        error = error.with_causes(),
                        "the index cannot be refreshed, the old one serves on"
                    );
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// One look, after those that are under way: what was published before the call is served when it returns.
    ///
    /// # Errors
    /// When the database does not answer or holds what cannot be served; the index is then as before.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let result = self.refresh_if_newer().await;
        self.in_step.store(result.is_ok(), Ordering::Relaxed);
        result
    }

    async fn refresh_if_newer(&self) -> Result<(), StoreError> {
        let _looking = self.looking.lock().await;
        let newest = self.store.generation().await?;
        self.database_generation.store(newest, Ordering::Relaxed);
        if newest <= self.current.load().generation() {
            return Ok(());
        }
        let (generation, routes) = self.store.snapshot().await?;
        let render = self.render;
        let index = tokio::task::spawn_blocking(move || Index::build(generation, routes, render))
            .await
            .map_err(|_| StoreError::Unfit("the index could not be built".into()))?;
        tracing::info!(generation, waypoints = index.len(), "a new generation is served");
        self.current.swap(index);
        *self.swapped.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(())
    }
}
