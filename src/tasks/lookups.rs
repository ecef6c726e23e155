//! Looks participants' tokens up: many requests, one statement. Like the recorder it takes whatever queued during the last statement, and has a
//! thread of its own: nearly every check-in brings a token that was not seen for half a minute, and what is not looked up is not kept.
//!
//! Refuses to remember and to compare tokens.

use super::apart;
use crate::store::Store;
use std::collections::HashMap;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Tokens that may wait.
const QUEUE_MAX: usize = 8_192;
/// Tokens of one statement.
const BATCH_MAX: usize = 512;
/// How long one statement may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// One is in use while another one is given back; one that was given up keeps its place until the server has answered.
const CONNECTIONS: u32 = 3;

/// The database does not answer, or too many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Too many wait.
    #[error("the queue of tokens is full")]
    Full,
    /// The database does not answer.
    #[error("tokens cannot be looked up now")]
    Unavailable,
}

type Answer = Result<Option<Vec<u8>>, LookupError>;
type Job = (Uuid, oneshot::Sender<Answer>);

/// The handle that requests hold. The task ends when the last one is dropped.
#[derive(Clone)]
pub struct Lookups(mpsc::Sender<Job>);

impl Lookups {
    /// Starts the task.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(store: &Store) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        apart::start("looking-up", store, CONNECTIONS, |store| run(store, receiver))?;
        Ok(Self(sender))
    }

    /// SHA-256 of a participant's token; none when there is no such participant.
    ///
    /// # Errors
    /// When it cannot be looked up now.
    pub async fn token_hash(&self, participant: Uuid) -> Answer {
        let (answer, waiting) = oneshot::channel();
        self.0.try_send((participant, answer)).map_err(|error| match error {
            TrySendError::Full(_) => LookupError::Full,
            TrySendError::Closed(_) => LookupError::Unavailable,
        })?;
        waiting.await.unwrap_or(Err(LookupError::Unavailable))
    }
}

async fn run(store: Store, mut receiver: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    while receiver.recv_many(&mut jobs, BATCH_MAX).await > 0 {
        // A client that went away needs no answer.
        jobs.retain(|(_, answer)| !answer.is_closed());
        if jobs.is_empty() {
            continue;
        }
        let mut wanted: Vec<Uuid> = jobs.iter().map(|(participant, _)| *participant).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = look_up(&store, &wanted).await;
        if found.is_none() {
            // Whoever came meanwhile would wait for the same.
            jobs.extend(std::iter::from_fn(|| receiver.try_recv().ok()));
        }
        for (participant, answer) in jobs.drain(..) {
            let hash = found.as_ref().map(|found| found.get(&participant).cloned()).ok_or(LookupError::Unavailable);
            drop(answer.send(hash));
        }
    }
}

async fn look_up(store: &Store, wanted: &[Uuid]) -> Option<HashMap<Uuid, Vec<u8>>> {
    match tokio::time::timeout(DEADLINE, store.token_hashes(wanted)).await {
        Ok(Ok(found)) => Some(found.into_iter().collect()),
        Ok(Err(error)) => {
            tracing::error!(error = error.with_causes(), "tokens cannot be looked up");
            None
        }
        Err(_) => {
            tracing::error!("the database took too long to look tokens up");
            None
        }
    }
}
