//! Simulated time: a day that passes so many times faster than the clock on the wall.

use std::time::{Duration, Instant};

/// Which instant of the simulated day it is when.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    begins_ms: i64,
    speed: f64,
}

impl Clock {
    /// `begins_ms` is now.
    #[must_use]
    pub fn start(begins_ms: i64, speed: f64) -> Self {
        Self { started: Instant::now(), begins_ms, speed }
    }

    /// When it is so late in the simulated day.
    #[must_use]
    pub fn instant(&self, at_ms: i64) -> Instant {
        self.started + self.span(at_ms - self.begins_ms)
    }

    /// How late it is in the simulated day.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.begins_ms + self.simulated_ms(self.started.elapsed())
    }

    /// How long so much simulated time takes; nothing for what is over.
    #[must_use]
    pub fn span(&self, simulated_ms: i64) -> Duration {
        let ms = u32::try_from(simulated_ms.max(0)).unwrap_or(u32::MAX);
        Duration::from_secs_f64(f64::from(ms) / 1_000.0 / self.speed)
    }

    /// How much simulated time passes meanwhile.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest number there is")]
    pub fn simulated_ms(&self, span: Duration) -> i64 {
        (span.as_secs_f64() * 1_000.0 * self.speed) as i64
    }
}
