//! The threads that everything runs on: some that answer, as many as the machine has processors, and beside them those that do what
//! takes a while. On Linux the latter yield the processor to the former, so that nobody waits while a route is published.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::runtime::{Builder, Runtime};

const ANSWERING: &str = "answering";
const ASIDE: &str = "aside";
/// How much nicer a thread that does what takes a while is: about a tenth of a processor is its, where others want it all.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Starts the threads that answer.
///
/// # Errors
/// When the system gives no threads.
pub fn start() -> io::Result<Runtime> {
    let answering = thread::available_parallelism().map_or(1, usize::from);
    let named = AtomicUsize::new(0);
    // Threads are named in the order in which they are started, and those that answer are started first.
    let name = move || if named.fetch_add(1, Ordering::Relaxed) < answering { ANSWERING } else { ASIDE }.to_string();
    Builder::new_multi_thread()
        .worker_threads(answering)
        .enable_all()
        .thread_name_fn(name)
        .on_thread_start(|| {
            if thread::current().name() == Some(ASIDE) {
                yield_to_others();
            }
        })
        .build()
}

#[cfg(target_os = "linux")]
fn yield_to_others() {
    // On Linux this is of the thread alone. Where it is not allowed, all threads are equal.
    let _ = rustix::process::nice(NICER);
}

#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}
