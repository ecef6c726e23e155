//! The threads that everything runs on: some that answer, as many as the machine has processors, and beside them those that do what
//! takes a while. On Linux the latter yield the processor to the former, so that nobody waits while a route is published; and both yield it to
//! the threads that tasks have for themselves (`tasks/apart.rs`), so that check-ins go before questions where there is not enough of it.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::runtime::{Builder, Runtime};

const ANSWERING: &str = "answering";
const ASIDE: &str = "aside";
/// How much nicer than the program a thread that answers is: where the recorder wants the processor too, that has three quarters of it.
const ANSWERING_NICE: i32 = 5;
/// How much nicer one that does what takes a while is: about a tenth of a processor is its, where those that answer want it all.
const ASIDE_NICE: i32 = 15;
/// Of so many pieces of work one is taken from what other threads and a crowd have left there. It is the oldest there is: at tokio's own
/// number, 61, those in a crowd wait for seconds while whoever comes is answered.
const OLDEST_EVERY: u32 = 2;

/// Starts the threads that answer.
///
/// # Errors
/// When the system gives no threads.
pub fn start() -> io::Result<Runtime> {
    let answering = thread::available_parallelism().map_or(1, usize::from);
    let (nice, named) = (nice(), AtomicUsize::new(0));
    // Threads are named in the order in which they are started, and those that answer are started first.
    let name = move || if named.fetch_add(1, Ordering::Relaxed) < answering { ANSWERING } else { ASIDE }.to_string();
    Builder::new_multi_thread()
        .worker_threads(answering)
        .global_queue_interval(OLDEST_EVERY)
        .enable_all()
        .thread_name_fn(name)
        .on_thread_start(move || {
            be_nice(nice + if thread::current().name() == Some(ASIDE) { ASIDE_NICE } else { ANSWERING_NICE });
        })
        .build()
}

#[cfg(target_os = "linux")]
fn nice() -> i32 {
    rustix::process::getpriority_process(None).unwrap_or(0)
}

/// Sets how nice this thread is, whatever the one is that started it.
#[cfg(target_os = "linux")]
fn be_nice(nice: i32) {
    // On Linux this is of the thread alone. Where it is not allowed, all threads are equal.
    let _ = rustix::process::setpriority_process(None, nice);
}

#[cfg(not(target_os = "linux"))]
fn nice() -> i32 {
    0
}

#[cfg(not(target_os = "linux"))]
fn be_nice(_: i32) {}
