//! What one address may do so often: make participants, and fail with keys. A class behind one school address gets through, a robot does
//! not.
//!
//! All nodes together keep a limit approximately, and none asks another at a request: on one of N nodes everything weighs N times.
//! Where a proxy spreads requests evenly, N nodes let as many through as one would; an address that a proxy keeps on one node gets the
//! N-th part. A node that comes or goes is noticed within half a minute; until then the limit is off by its share.

use super::problem::{Code, Problem};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Addresses remembered before those that have been quiet are dropped.
const ADDRESSES_MAX: usize = 100_000;
/// Addresses that have failed too often are remembered this long at most.
const SPENT_FOR: Duration = Duration::from_mins(1);

/// How many nodes share the limits.
#[derive(Clone)]
pub struct Nodes(Arc<AtomicU32>);

impl Default for Nodes {
    fn default() -> Self {
        Self(Arc::new(AtomicU32::new(1)))
    }
}

impl Nodes {
    /// From now on so many.
    pub fn are(&self, nodes: u32) {
        self.0.store(nodes.max(1), Ordering::Relaxed);
    }
}

/// The limits of one process.
#[derive(Clone)]
pub struct Limits {
    participants: PerAddress,
    failed_keys: PerAddress,
    /// Until when addresses have failed too often.
    spent: moka::sync::Cache<IpAddr, Instant>,
}

impl Limits {
    /// New participants at once and per minute after that, and failed keys per minute, shared by so many nodes.
    #[must_use]
    pub fn new(burst: NonZeroU32, per_minute: NonZeroU32, failed_per_minute: NonZeroU32, nodes: &Nodes) -> Self {
        Self {
            participants: PerAddress::new(burst, per_minute, nodes),
            failed_keys: PerAddress::new(failed_per_minute, failed_per_minute, nodes),
            spent: moka::sync::Cache::builder().max_capacity(ADDRESSES_MAX as u64).time_to_live(SPENT_FOR).build(),
        }
    }

    /// Whether one more participant may be made.
    ///
    /// # Errors
    /// When there were too many.
    pub fn admit(&self, address: IpAddr) -> Result<(), Problem> {
        self.participants.take(address).map_err(|wait| {
            let detail = "Too many new participants came from this address. A phone needs only one; keep its token.";
            refused(Code::TooManyParticipants, detail, wait)
        })
    }

    /// Whether a key from there may be looked at: nobody tries keys until one fits.
    ///
    /// # Errors
    /// When there were too many that did not.
    pub fn may_try_a_key(&self, address: IpAddr) -> Result<(), Problem> {
        let until = self.spent.get(&address).map(|until| until.saturating_duration_since(Instant::now()));
        match until.filter(|wait| !wait.is_zero()) {
            None => Ok(()),
            Some(wait) => {
                let detail =
                    "Too many keys from this address were not valid. Check the key, and try again after Retry-After.";
                Err(refused(Code::TooManyFailedKeys, detail, wait))
            }
        }
    }

    /// A key from there was not valid.
    pub fn failed_with_a_key(&self, address: IpAddr) {
        if let Err(wait) = self.failed_keys.take(address) {
            self.spent.insert(address, Instant::now() + wait);
        }
    }
}

fn refused(code: Code, detail: &str, wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    Problem::new(code, detail).retry_after_s(seconds.saturating_add(fastrand::u32(0..=2)))
}

/// One limit, of every address by itself.
#[derive(Clone)]
struct PerAddress {
    limiter: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    burst: NonZeroU32,
    nodes: Nodes,
}

impl PerAddress {
    /// `burst` at once, then `per_minute`.
    fn new(burst: NonZeroU32, per_minute: NonZeroU32, nodes: &Nodes) -> Self {
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self { limiter: Arc::new(RateLimiter::keyed(quota)), burst, nodes: nodes.clone() }
    }

    /// Takes one, or says how long to wait for it.
    fn take(&self, address: IpAddr) -> Result<(), Duration> {
        if self.limiter.len() > ADDRESSES_MAX {
            self.limiter.retain_recent();
        }
        // However many nodes there are, one at a time gets through each.
        let weight = NonZeroU32::new(self.nodes.0.load(Ordering::Relaxed)).unwrap_or(NonZeroU32::MIN).min(self.burst);
        match self.limiter.check_key_n(&address, weight) {
            Ok(Err(until)) => Err(until.wait_time_from(DefaultClock::default().now())),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn few(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).expect("some")
    }

    /// How many get through before one is refused; the rate is so low that none comes back meanwhile.
    fn through(limit: &PerAddress, address: IpAddr) -> usize {
        (0..1_000).take_while(|_| limit.take(address).is_ok()).count()
    }

    #[test]
    fn nodes_share_a_limit() {
        let nodes = Nodes::default();
        let limit = PerAddress::new(few(30), few(1), &nodes);
        assert_eq!((through(&limit, HERE), through(&limit, THERE)), (30, 30));
        nodes.are(3);
        let each: Vec<usize> = (0..3).map(|_| through(&PerAddress::new(few(30), few(1), &nodes), HERE)).collect();
        assert_eq!(each, [10, 10, 10]);
        nodes.are(100);
        assert_eq!(through(&PerAddress::new(few(30), few(1), &nodes), HERE), 1, "nobody is shut out");
    }

    #[test]
    fn whoever_fails_with_keys_too_often_waits_and_nobody_else_does() {
        let limits = Limits::new(few(1), few(1), few(3), &Nodes::default());
        for _ in 0..3 {
            limits.failed_with_a_key(HERE);
            assert!(limits.may_try_a_key(HERE).is_ok());
        }
        limits.failed_with_a_key(HERE);
        assert_eq!(limits.may_try_a_key(HERE).expect_err("refused").code(), "too-many-failed-keys");
        assert!(limits.may_try_a_key(THERE).is_ok());
    }
}
