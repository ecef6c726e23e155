//! How many requests may be under way, and when there are too many: check-ins go before reads, health is never refused.
//!
//! Too many are there when the event loop stays late: then whoever comes waits for all who came before. As in `CoDel` (RFC 8289) it is not one
//! late moment that counts, which is the machine's affair, but that there is no better one soon after. Then a growing share of reads is
//! refused, until the loop is in time again.

use crate::http::problem::Problem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{io, thread};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How often the delay of the event loop is measured.
const LAG_EVERY: Duration = Duration::from_millis(20);
/// By how much the share of reads that are refused grows each time that the loop is too late.
const SHARE_UP: f32 = 0.1;
/// By how much it shrinks when the loop is not: slower, as those who were refused come again a few seconds later.
const SHARE_DOWN: f32 = 0.05;
/// Some reads are answered always, so that a few visitors see what is near whatever the others do.
const SHARE_MAX: f32 = 0.95;

/// Limits on requests under way.
#[derive(Clone, Copy, Debug)]
pub struct FrontLimits {
    /// Reads at once.
    pub reads_max: usize,
    /// Check-ins at once.
    pub check_ins_max: usize,
    /// More and more reads are refused while the event loop is this late.
    pub read_lag_max: Duration,
    /// The same while check-ins are refused, of which it is not known whether they lack time or a faster database: only in time is it the latter.
    pub read_lag_max_crowded: Duration,
    /// All check-ins are refused while it is this late: they go before reads.
    pub check_in_lag_max: Duration,
}

impl Default for FrontLimits {
    fn default() -> Self {
        Self {
            reads_max: 1_024,
            check_ins_max: 8_192,
            read_lag_max: Duration::from_millis(250),
            read_lag_max_crowded: Duration::from_millis(20),
            check_in_lag_max: Duration::from_secs(3),
        }
    }
}

/// Whom a request competes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Never refused.
    Health,
    /// Refused last.
    CheckIn,
    /// Refused first.
    Read,
}

impl Class {
    /// The class of an endpoint.
    #[must_use]
    pub fn of(template: &str) -> Self {
        match template {
            "/healthz" | "/readyz" | "/metrics" => Self::Health,
            "/v1/check-ins" | "/v1/check-ins/batch" => Self::CheckIn,
            _ => Self::Read,
        }
    }
}

/// Permits of all requests under way.
pub struct Permits {
    limits: FrontLimits,
    reads: Arc<Semaphore>,
    check_ins: Arc<Semaphore>,
    /// How late the event loop is.
    lag_ms: AtomicU64,
    /// A check-in was refused of late.
    is_crowded: AtomicBool,
    /// The share of reads that are refused, as the bits of a number from 0 to 1.
    refused: AtomicU32,
}

impl Permits {
    /// All of them.
    #[must_use]
    pub fn new(limits: FrontLimits) -> Self {
        Self {
            limits,
            reads: Arc::new(Semaphore::new(limits.reads_max)),
            check_ins: Arc::new(Semaphore::new(limits.check_ins_max)),
            lag_ms: AtomicU64::new(0),
            is_crowded: AtomicBool::new(false),
            refused: AtomicU32::new(0),
        }
    }

    /// Measures how late the event loop is, on a thread of its own and as long as somebody else holds this: how long what comes from elsewhere
    /// waits until anybody looks at it. What the loop tells itself goes before that, so a task that only sleeps is never late.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn watch_lag(self: &Arc<Self>, answering: Handle) -> io::Result<()> {
        let watched = Arc::downgrade(self);
        let watch = move || {
            let mut before = Duration::ZERO;
            while let Some(permits) = watched.upgrade() {
                thread::sleep(LAG_EVERY);
                let (asked, (has_come, comes)) = (Instant::now(), mpsc::channel());
                drop(answering.spawn(async move { has_come.send(()) }));
                // It is known to be late before it is known how late; it is never known before to be in time.
                while comes.recv_timeout(LAG_EVERY) == Err(RecvTimeoutError::Timeout) {
                    permits.note_late(asked.elapsed().min(before));
                }
                let late = asked.elapsed();
                permits.note(late.min(before));
                before = late;
            }
        };
        thread::Builder::new().name("watching".into()).spawn(watch).map(drop)
    }

    /// It is in time or late.
    fn note(&self, lag: Duration) {
        self.lag_ms.store(millis(lag), Ordering::Relaxed);
        metrics::gauge!("studyroute_event_loop_lag_seconds").set(lag.as_secs_f64());
        let step = if lag > self.read_lag_max() { SHARE_UP } else { -SHARE_DOWN };
        self.is_crowded.store(false, Ordering::Relaxed);
        self.refuse_more(step);
    }

    /// It is as late as this, and may become later.
    fn note_late(&self, lag: Duration) {
        self.lag_ms.fetch_max(millis(lag), Ordering::Relaxed);
        if lag > self.read_lag_max() {
            self.refuse_more(SHARE_UP);
        }
    }

    fn read_lag_max(&self) -> Duration {
        let is_crowded = self.is_crowded.load(Ordering::Relaxed);
        if is_crowded { self.limits.read_lag_max_crowded } else { self.limits.read_lag_max }
    }

    fn refuse_more(&self, step: f32) {
        let share = (f32::from_bits(self.refused.load(Ordering::Relaxed)) + step).clamp(0.0, SHARE_MAX);
        self.refused.store(share.to_bits(), Ordering::Relaxed);
    }

    /// A request of this class was refused because there are too many, here or behind.
    pub fn note_refused(&self, class: Class) {
        if class == Class::CheckIn {
            self.is_crowded.store(true, Ordering::Relaxed);
        }
    }

    /// How late the event loop has been at least.
    #[must_use]
    pub fn lag(&self) -> Duration {
        Duration::from_millis(self.lag_ms.load(Ordering::Relaxed))
    }

    fn is_too_late_for(&self, class: Class) -> bool {
        match class {
            Class::Health => false,
            Class::CheckIn => self.lag() > self.limits.check_in_lag_max,
            Class::Read => {
                let share = f32::from_bits(self.refused.load(Ordering::Relaxed));
                share > 0.0 && fastrand::f32() < share
            }
        }
    }

    /// A permit, to be held until the answer stands.
    ///
    /// # Errors
    /// When too many are under way.
    pub fn admit(&self, class: Class) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let permits = match class {
            Class::Health => return Ok(None),
            Class::CheckIn => &self.check_ins,
            Class::Read => &self.reads,
        };
        if self.is_too_late_for(class) {
            return Err(Problem::overloaded());
        }
        Arc::clone(permits).try_acquire_owned().map(Some).map_err(|_| Problem::overloaded())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(permits: &Permits, template: &str) -> Option<&'static str> {
        permits.admit(Class::of(template)).err().map(|problem| problem.code())
    }

    #[test]
    fn when_permits_run_out_check_ins_still_pass_and_health_always_does() {
        let permits = Permits::new(FrontLimits { reads_max: 1, check_ins_max: 1, ..FrontLimits::default() });
        let _read = permits.admit(Class::Read).ok().flatten().expect("the first read");
        assert_eq!(refused(&permits, "/v1/nearby"), Some("overloaded"));
        assert_eq!(refused(&permits, "/v1/check-ins"), None);
        let _check_in = permits.admit(Class::CheckIn).ok().flatten().expect("the first check-in");
        assert_eq!(refused(&permits, "/v1/check-ins/batch"), Some("overloaded"));
        assert_eq!(refused(&permits, "/healthz"), None);
    }

    /// How many of a thousand.
    fn refused_of(permits: &Permits, template: &str) -> usize {
        (0..1_000).filter(|_| refused(permits, template).is_some()).count()
    }

    #[test]
    fn an_event_loop_that_stays_late_refuses_reads_before_check_ins_and_health_never() {
        let permits = Permits::new(FrontLimits::default());
        let of_each = || ["/v1/routes", "/v1/check-ins", "/readyz"].map(|template| refused_of(&permits, template));
        assert_eq!(of_each(), [0, 0, 0]);
        permits.note(Duration::from_millis(260));
        assert!((50..200).contains(&of_each()[0]), "a tenth: {:?}", of_each());
        (0..20).for_each(|_| permits.note(Duration::from_millis(260)));
        assert!((900..1_000).contains(&of_each()[0]), "nearly all: {:?}", of_each());
        assert_eq!(of_each()[1..], [0, 0]);
        permits.note(Duration::from_secs(9));
        assert_eq!(of_each()[1..], [1_000, 0]);
        (0..50).for_each(|_| permits.note(Duration::from_millis(250)));
        assert_eq!(of_each(), [0, 0, 0]);
    }

    #[test]
    fn what_is_late_until_now_refuses_more_and_never_less() {
        let permits = Permits::new(FrontLimits::default());
        (0..20).for_each(|_| permits.note(Duration::from_secs(4)));
        permits.note_late(Duration::from_millis(20));
        assert_eq!((refused_of(&permits, "/v1/check-ins"), permits.lag()), (1_000, Duration::from_secs(4)));
        assert!(refused_of(&permits, "/v1/routes") > 900);
        let permits = Permits::new(FrontLimits::default());
        (0..20).for_each(|_| permits.note_late(Duration::from_millis(300)));
        assert!(refused_of(&permits, "/v1/routes") > 900, "before it is known how late");
    }

    #[test]
    fn while_check_ins_are_refused_reads_are_too_unless_the_event_loop_is_in_time() {
        let permits = Permits::new(FrontLimits::default());
        let reads_after = |refused: Class, lag_ms: u64| {
            for _ in 0..50 {
                permits.note_refused(refused);
                permits.note(Duration::from_millis(lag_ms));
            }
            refused_of(&permits, "/v1/nearby")
        };
        assert!(reads_after(Class::CheckIn, 30) > 900);
        assert_eq!(reads_after(Class::CheckIn, 10), 0, "they wait for the database");
        assert_eq!(reads_after(Class::Read, 30), 0);
    }
}
