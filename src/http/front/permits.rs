//! How many requests may be under way, and when there are too many: check-ins go before reads, health is never refused.

use crate::http::problem::{Code, Problem};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How often the delay of the event loop is measured.
const LAG_EVERY: Duration = Duration::from_millis(50);

/// Limits on requests under way.
#[derive(Clone, Copy, Debug)]
pub struct FrontLimits {
    /// Reads at once.
    pub reads_max: usize,
    /// Check-ins at once.
    pub check_ins_max: usize,
    /// Reads are refused when the event loop is this late.
    pub read_lag_max: Duration,
    /// Check-ins are refused when it is this late: they go before reads.
    pub check_in_lag_max: Duration,
}

impl Default for FrontLimits {
    fn default() -> Self {
        Self {
            reads_max: 1_024,
            check_ins_max: 8_192,
            read_lag_max: Duration::from_millis(700),
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
    lag_ms: AtomicU64,
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
        }
    }

    /// Measures for ever how late the event loop is: the delay that a request waits before anybody looks at it.
    pub async fn watch_lag(&self) {
        loop {
            let asleep = Instant::now();
            tokio::time::sleep(LAG_EVERY).await;
            let late = asleep.elapsed().saturating_sub(LAG_EVERY);
            self.lag_ms.store(u64::try_from(late.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// A permit, to be held until the answer stands.
    ///
    /// # Errors
    /// When too many are under way.
    pub fn admit(&self, class: Class) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let (permits, lag_max) = match class {
            Class::Health => return Ok(None),
            Class::CheckIn => (&self.check_ins, self.limits.check_in_lag_max),
            Class::Read => (&self.reads, self.limits.read_lag_max),
        };
        let overloaded = || {
            Problem::new(Code::Overloaded, "Too many requests at once. Nothing was kept; try again after Retry-After.")
        };
        if u128::from(self.lag_ms.load(Ordering::Relaxed)) > lag_max.as_millis() {
            return Err(overloaded());
        }
        Arc::clone(permits).try_acquire_owned().map(Some).map_err(|_| overloaded())
    }
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

    #[test]
    fn a_late_event_loop_refuses_reads_before_check_ins_and_health_never() {
        let permits = Permits::new(FrontLimits::default());
        for (lag_ms, read, check_in) in
            [(0, None, None), (1_500, Some("overloaded"), None), (9_000, Some("overloaded"), Some("overloaded"))]
        {
            permits.lag_ms.store(lag_ms, Ordering::Relaxed);
            assert_eq!(refused(&permits, "/v1/routes"), read, "{lag_ms}");
            assert_eq!(refused(&permits, "/v1/check-ins"), check_in, "{lag_ms}");
            assert_eq!(refused(&permits, "/readyz"), None);
        }
    }
}
