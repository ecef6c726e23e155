//! A task on a thread of its own, with connections to the database of its own.
//!
//! What takes several steps would wait at each of them, on a thread that answers requests, until all requests that came before are answered.
//! With too many of those hardly any check-in would be kept, while each question is answered in one go. Here only the system decides, and
//! it lets every thread run.

use crate::store::Store;
use std::sync::mpsc;
use std::time::Duration;
use std::{io, thread};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long its connections may take to end, once it has.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Starts a task that is given the store. What is returned ends with it.
///
/// # Errors
/// When the system gives no thread.
pub fn start<F: Future<Output = ()>>(
    name: &str,
    store: &Store,
    connections: u32,
    task: impl FnOnce(Store) -> F + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let (tell, told) = mpsc::channel();
    let (has_ended, ends) = oneshot::channel::<()>();
    let store = store.clone();
    thread::Builder::new().name(name.into()).spawn(move || {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(tell.send(Err(error))),
        };
        drop(tell.send(Ok(())));
        runtime.block_on(async {
            let store = store.apart(connections);
            task(store.clone()).await;
            // A commit that was given up may keep its connection for longer.
            drop(tokio::time::timeout(CLOSE_TIMEOUT, store.close_apart()).await);
        });
        drop(has_ended);
    })?;
    told.recv().map_err(io::Error::other)??;
    Ok(tokio::spawn(async { drop(ends.await) }))
}
