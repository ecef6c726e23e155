//! Keeps the index in step with the database: if the database's generation is newer, load as of one moment what differs from what
//! is served, build the next generation off the async threads, swap it in.
//!
//! It takes no input, so it cannot be told wrong: it is woken by a local publication, by what is heard of other nodes, and by a slow
//! timer, and the timer alone would be enough. A failed refresh keeps the old index and says so.

use crate::index::{Change, Current, Index, Render, Shelf};
use crate::store::{Changes, Served, Store, StoreError, StoredWaypoint};
use crate::traces;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// How often the database is asked for its generation: a change made by another process is served this late at most, plus
/// the time to build the index.
pub const EVERY: Duration = Duration::from_secs(1);

/// Parts of what is read that may wait for a reader, and parts that are read at once.
const PARTS_AHEAD: usize = 4;
const READERS: usize = 2;
/// How often it is asked whether anybody still uses an old generation.
const RETIRE_EVERY: Duration = Duration::from_millis(100);

/// Keeps one [`Current`] in step.
pub struct Refresher {
    store: Store,
    current: Arc<Current>,
    render: Render,
    wake: Notify,
    in_step: AtomicBool,
    database_generation: AtomicI64,
    swapped: Mutex<Instant>,
    caught_up: Mutex<Instant>,
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
            caught_up: Mutex::new(Instant::now()),
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

    /// How long ago what is served was known to be what is published: about [`EVERY`] at most, unless the database does not answer,
    /// or holds what cannot be served, or much has changed.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.caught_up.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
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
        if result.is_ok() {
            *self.caught_up.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
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
        self.renew().instrument(traces::refresh(newest)).await
    }

    /// Takes in what differs and serves it.
    async fn renew(&self) -> Result<(), StoreError> {
        let now = self.current.load();
        let mut next = self.load(&now).await?;
        if next.is_none() {
            tracing::warn!("what changed does not fit what is served, so everything is loaded");
            next = self.load(&Arc::default()).await?;
        }
        let next = next.ok_or_else(|| StoreError::Unfit("what is published does not fit together".into()))?;
        drop(now);
        tracing::info!(generation = next.generation(), waypoints = next.len(), "a new generation is served");
        retire(self.current.swap(next));
        *self.swapped.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(())
    }

    /// What is published now, given what is served; none when the two do not fit.
    async fn load(&self, served: &Arc<Index>) -> Result<Option<Index>, StoreError> {
        let (send, parts) = mpsc::channel(PARTS_AHEAD);
        let (store, now, runtime) = (self.store.clone(), Arc::clone(served), Handle::current());
        // Taking in hundreds of megabytes is not for the threads that answer visitors, even where it waits now and then.
        let reading = tokio::task::spawn_blocking(move || runtime.block_on(differences(&store, &now, send)));
        let (changes, read) = tokio::join!(reading, self.shelve(parts));
        // If a part cannot be read, that nobody takes the next one is only what follows.
        let (shelves, removed): (Vec<Shelf>, Vec<Vec<i64>>) = read?.into_iter().unzip();
        let Changes { generation, routes, whole, gone } = changes.map_err(|_| unread())??;
        let change = Change { generation, routes, whole, gone, shelves, removed: removed.concat() };
        let served = Arc::clone(served);
        tokio::task::spawn_blocking(move || served.changed(change)).await.map_err(|_| unread())
    }

    /// Reads parts off the async threads, some at once, and gives what is on their shelves and what is no longer published.
    async fn shelve(&self, parts: mpsc::Receiver<Vec<StoredWaypoint>>) -> Result<Vec<(Shelf, Vec<i64>)>, StoreError> {
        let render = self.render;
        let parts = stream::unfold(parts, async |mut parts| parts.recv().await.map(|part| (part, parts)));
        let shelved = parts.map(|part| async move {
            tokio::task::spawn_blocking(move || shelf(part, render)).await.map_err(|_| unread())?
        });
        shelved.buffered(READERS).try_collect().await
    }
}

/// Reads how the database differs from what is served, as long as somebody takes it.
async fn differences(
    store: &Store,
    served: &Index,
    parts: mpsc::Sender<Vec<StoredWaypoint>>,
) -> Result<Changes, StoreError> {
    let known = served.routes().iter().map(|route| Served {
        key: route.key,
        revision: route.revision,
        published_ms: route.published_ms,
    });
    let (known, nobody) = (known.collect::<Vec<_>>(), parts.clone());
    tokio::select! {
        changes = store.changes(&known, parts) => changes,
        () = nobody.closed() => Err(unread()),
    }
}

fn unread() -> StoreError {
    StoreError::Unfit("what is published could not be read".into())
}

fn shelf(part: Vec<StoredWaypoint>, render: Render) -> Result<(Shelf, Vec<i64>), StoreError> {
    let (mut shelf, mut removed) = (Shelf::default(), Vec::new());
    for stored in part {
        let (route_key, key, route) = (stored.route_key, stored.waypoint_key, stored.slug.clone());
        match stored.read()? {
            Some(waypoint) => shelf.put(route_key, &route, key, &waypoint, render),
            None => removed.push(key),
        }
    }
    Ok((shelf.full(), removed))
}

/// Lets go of a generation once nobody uses it: giving gigabytes back takes a while, and is not for a thread that answers visitors.
fn retire(index: Arc<Index>) {
    tokio::spawn(async move {
        while Arc::strong_count(&index) > 1 {
            tokio::time::sleep(RETIRE_EVERY).await;
        }
        tokio::task::spawn_blocking(move || drop(index)).await
    });
}
