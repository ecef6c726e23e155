//! The clock and chance of the process. The only place that reads either; everyone else is handed this.

use std::sync::Arc;
use uuid::Uuid;

/// Where instants and random bits come from.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl Ambient {
    /// The machine's own clock and the system's randomness.
    #[must_use]
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
        Self::with_clock(|| jiff::Timestamp::now().as_millisecond())
    }

    /// Another clock, for tests that move it.
    #[must_use]
    pub fn with_clock(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(clock) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    /// 256 random bits fit for a secret.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws secrets")]
    pub fn random_256(&self) -> std::io::Result<[u8; 32]> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(std::io::Error::other)?;
        Ok(bits)
    }

    /// A random id (UUID version 4: it says nothing about when it was made).
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random_id(&self) -> std::io::Result<Uuid> {
        let bits = self.random_256()?;
        let mut id = [0; 16];
        id.copy_from_slice(&bits[..16]);
        Ok(uuid::Builder::from_random_bytes(id).into_uuid())
    }
}
