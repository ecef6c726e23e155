//! A phone's network: how long an exchange takes on the way, and whether it gets through.

use super::figures::{DELAY_MEDIAN_MS, DELAY_SPREAD, GOOD_LOSS_SHARE, WEAK_SHARE};
use crate::domain::rehearsal::figures::RESEND_SHARE;
use crate::domain::rehearsal::phone::Chance;
use rand::RngExt;
use rand_distr::StandardNormal;

/// No delay is longer.
const DELAY_MAX_MS: f64 = 5_000.0;

/// What becomes of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The answer arrives.
    Arrives,
    /// The request never leaves the phone.
    RequestLost,
    /// The service answers, and the phone never hears it.
    AnswerLost,
    /// The connection breaks while the service works.
    Cut,
}

/// One exchange.
#[derive(Clone, Copy, Debug)]
pub struct Trip {
    /// To the service, milliseconds.
    pub up_ms: i64,
    /// And back.
    pub down_ms: i64,
    /// What becomes of it.
    pub fate: Fate,
}

/// The network of one phone.
#[derive(Clone, Debug)]
pub struct Link {
    chance: Chance,
    median_ms: f64,
    loss_share: f64,
}

impl Link {
    /// Good or weak, as chance has it.
    #[must_use]
    pub fn new(mut chance: Chance) -> Self {
        let is_weak = chance.random::<f64>() < WEAK_SHARE;
        let (median_ms, loss_share) =
            if is_weak { (DELAY_MEDIAN_MS.1, RESEND_SHARE) } else { (DELAY_MEDIAN_MS.0, GOOD_LOSS_SHARE) };
        Self { chance, median_ms, loss_share }
    }

    /// A network that loses nothing.
    #[must_use]
    pub fn ideal() -> Self {
        Self { chance: Chance::new(0, 0), median_ms: 0.0, loss_share: 0.0 }
    }

    /// The same network for something else that goes on at the same time, with chance of its own.
    #[must_use]
    pub fn split(&mut self) -> Self {
        let word = |chance: &mut Chance| u128::from(chance.random::<u64>()) << 64 | u128::from(chance.random::<u64>());
        let (state, stream) = (word(&mut self.chance), word(&mut self.chance));
        Self { chance: Chance::new(state, stream), median_ms: self.median_ms, loss_share: self.loss_share }
    }

    /// The next exchange.
    pub fn trip(&mut self) -> Trip {
        let fate = if self.chance.random::<f64>() >= self.loss_share {
            Fate::Arrives
        } else {
            // Half of what is lost has reached the service.
            match self.chance.random_range(0..4) {
                0 | 1 => Fate::RequestLost,
                2 => Fate::AnswerLost,
                _ => Fate::Cut,
            }
        };
        Trip { up_ms: self.delay_ms(), down_ms: self.delay_ms(), fate }
    }

    /// A pause, three quarters to five quarters of it, as the page has it.
    pub fn jittered_s(&mut self, pause_s: f64) -> f64 {
        pause_s * self.chance.random_range(0.75..1.25)
    }

    /// Somewhere up to the end, exclusive.
    pub fn below_ms(&mut self, end_ms: u64) -> u64 {
        self.chance.random_range(0..end_ms.max(1))
    }

    /// The name a phone gives a check-in: random, written as a UUID of version 4.
    pub fn id(&mut self) -> String {
        let bits = u128::from(self.chance.random::<u64>()) << 64 | u128::from(self.chance.random::<u64>());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }

    #[expect(clippy::cast_possible_truncation, reason = "some milliseconds")]
    fn delay_ms(&mut self) -> i64 {
        let spread: f64 = self.chance.sample(StandardNormal);
        (self.median_ms * (DELAY_SPREAD * spread).exp()).min(DELAY_MAX_MS) as i64
    }
}
