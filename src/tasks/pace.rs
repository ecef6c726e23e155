//! How fast the recorder is, and so how many check-ins may queue for it. Refuses to know what they are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// As many may queue as are written in this time, but one transaction's worth at least: whoever waits longer has waited for nothing when more
/// come than can be written, as all who come later wait as long.
pub(super) const QUEUED_FOR: Duration = Duration::from_millis(300);
/// When a transaction takes longer than this, hardly anybody queues behind it (the recorder lets one request in, to find out whether it still
/// does): whoever came would be told after 20 seconds that nothing is known, and come again for nothing.
pub(super) const STUCK_AFTER: Duration = Duration::from_secs(5);

/// How fast the writer is, as those see it who would queue.
pub(super) struct Pace {
    since: Instant,
    /// How long transactions took of late, microseconds.
    took_us: AtomicU64,
    /// When the one under way began, microseconds from `since`; [`IDLE`] when there is none.
    began_us: AtomicU64,
}

const IDLE: u64 = u64::MAX;

impl Pace {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), took_us: AtomicU64::new(0), began_us: AtomicU64::new(IDLE) }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(IDLE)
    }

    pub(super) fn begin(&self) {
        self.began_us.store(self.now_us(), Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        let took_us = self.now_us().saturating_sub(self.began_us.swap(IDLE, Ordering::Relaxed));
        // One that was slow by accident halves the room only for a moment.
        self.took_us.store(self.took_us.load(Ordering::Relaxed).midpoint(took_us), Ordering::Relaxed);
    }

    /// How long the next transaction takes, as far as is known.
    fn expected(&self) -> Duration {
        let took_us = self.took_us.load(Ordering::Relaxed);
        let under_way_us = self.now_us().saturating_sub(self.began_us.load(Ordering::Relaxed));
        Duration::from_micros(took_us.max(under_way_us))
    }

    /// How many transactions' worth may queue.
    pub(super) fn room(&self) -> usize {
        match self.expected() {
            expected if expected > STUCK_AFTER => 0,
            expected => {
                usize::try_from(QUEUED_FOR.as_micros() / expected.as_micros().max(1)).unwrap_or(usize::MAX).max(1)
            }
        }
    }

    #[cfg(test)]
    pub(super) fn set(&self, took: Duration) {
        self.took_us.store(u64::try_from(took.as_micros()).expect("short"), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_under_way_counts_for_as_long_as_it_takes_already() {
        let began = Instant::now().checked_sub(STUCK_AFTER * 2).expect("the machine runs for longer");
        let pace = Pace { since: began, ..Pace::new() };
        assert!(pace.room() > 1_000, "none is under way");
        pace.began_us.store(0, Ordering::Relaxed);
        assert_eq!(pace.room(), 0);
        pace.end();
        assert!(pace.expected() >= STUCK_AFTER);
        (0..10).for_each(|_| {
            pace.begin();
            pace.end();
        });
        assert!(pace.room() > 1, "quick ones make up for it");
    }
}
