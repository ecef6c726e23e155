//! Writes check-ins: many requests, one writer. It takes whatever queued during the last commit, writes one transaction, then
//! answers each waiter. There is no timer: a lone check-in waits for one commit only.
//!
//! Nothing is acknowledged before it is durable. The queue is bounded, and refuses at once when it is full or too slow. A failed batch is settled
//! one by one, so one bad row costs nobody else. Refuses to judge positions: they never come here.

use crate::domain::check_in;
use crate::domain::counts::Entry;
use crate::index::{Current, Index};
use crate::store::{NewCheckIn, Outcome, Pasts, Store, StoreError};
use crate::traces;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// How long one transaction may take before its waiters are told that its outcome is unknown.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// When those that are written now have waited longer than this, nobody is let in until the queue is empty or moves faster: whoever came
/// would be told after 20 seconds that nothing is known, and come again for nothing.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Participants whose pasts are kept in memory.
const CACHE_PARTICIPANTS_MAX: usize = 50_000;
/// How often a check-in that met another node on a key is tried again: each time it waits for the other's commit, and three nodes that write
/// for the same few participants without a pause meet more than five times in a row now and then.
const CONFLICT_TRIES_MAX: usize = 20;

/// Why a check-in was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The queue is full.
    #[error("the queue of check-ins is full")]
    Full,
    /// The database does not take it; nothing was kept.
    #[error("the database does not take check-ins now")]
    Unavailable,
    /// It may or may not have been kept; the same id again is safe.
    #[error("the outcome is not known")]
    OutcomeUnknown,
}

type Answer = Result<Outcome, RecordError>;

struct Job {
    check_in: NewCheckIn,
    queued: Instant,
    answer: oneshot::Sender<Answer>,
}

/// Limits of the recorder.
#[derive(Clone, Copy, Debug)]
pub struct RecorderLimits {
    /// Check-ins that may wait.
    pub queue_max: usize,
    /// Check-ins of one transaction.
    pub batch_max: usize,
}

/// The handle that requests hold. The writer ends when it is closed or the last handle is dropped, and the queue is empty.
#[derive(Clone)]
pub struct Recorder {
    sender: mpsc::Sender<Job>,
    /// How long those had waited that were taken last, milliseconds.
    waited_ms: Arc<AtomicU64>,
    closing: CancellationToken,
}

/// A check-in on its way; resolves when it is durable or refused.
pub struct Waiting(oneshot::Receiver<Answer>);

impl Waiting {
    /// Waits for the commit.
    ///
    /// # Errors
    /// When it was not recorded, or nobody knows.
    pub async fn answer(self) -> Answer {
        // A writer that died mid-batch drops its senders: then nobody knows.
        self.0.await.unwrap_or(Err(RecordError::OutcomeUnknown))
    }
}

impl Recorder {
    /// Starts the writer.
    #[must_use]
    pub fn start(store: Store, current: Arc<Current>, limits: RecorderLimits) -> (Self, JoinHandle<()>) {
        // From the start, so that the first one is seen to be one more.
        for why in [RecordError::Full, RecordError::Unavailable, RecordError::OutcomeUnknown] {
            count_unsaved(why, 0);
        }
        metrics::counter!("studyroute_failed_batches_total").increment(0);
        let (sender, receiver) = mpsc::channel(limits.queue_max);
        let closing = CancellationToken::new();
        let waited_ms = Arc::<AtomicU64>::default();
        let writer = Writer { store, current, waited_ms: Arc::clone(&waited_ms), cache: Pasts::new(), since: None };
        let task = tokio::spawn(writer.run(receiver, limits, closing.clone()));
        (Self { sender, waited_ms, closing }, task)
    }

    /// Queues check-ins, all or none, in order.
    ///
    /// # Errors
    /// When they do not fit into the queue, or would wait too long in it.
    pub fn queue(&self, check_ins: Vec<NewCheckIn>) -> Result<Vec<Waiting>, RecordError> {
        let places = if self.is_stuck() { None } else { self.sender.try_reserve_many(check_ins.len()).ok() };
        let places = places.ok_or_else(|| {
            count_unsaved(RecordError::Full, check_ins.len());
            RecordError::Full
        })?;
        let queued = Instant::now();
        let waiting = check_ins.into_iter().zip(places).map(|(check_in, place)| {
            let (answer, waiting) = oneshot::channel();
            place.send(Job { check_in, queued, answer });
            Waiting(waiting)
        });
        Ok(waiting.collect())
    }

    fn is_stuck(&self) -> bool {
        let waited = Duration::from_millis(self.waited_ms.load(Ordering::Relaxed));
        waited > WAIT_MAX && self.depth() > 0
    }

    /// Takes no more; what is queued is still written.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// How many check-ins may wait.
    #[must_use]
    pub fn depth_max(&self) -> usize {
        self.sender.max_capacity()
    }

    /// How many check-ins wait.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }
}

/// Check-ins that nobody kept, or of which nobody knows: phones send them again, but an operator has to hear of it.
fn count_unsaved(why: RecordError, check_ins: usize) {
    let reason = match why {
        RecordError::Full => "full",
        RecordError::Unavailable => "unavailable",
        RecordError::OutcomeUnknown => "outcome-unknown",
    };
    metrics::counter!("studyroute_check_ins_unsaved_total", "reason" => reason).increment(check_ins as u64);
}

/// What is to be done with a batch that was not written.
enum Failed {
    /// Nothing was kept: what was remembered of its participants was out of date, and is forgotten now.
    Stale,
    /// Nothing was kept, and one of its rows may be to blame: settle the rows one by one.
    OneByOne,
    /// Tell the waiters.
    Answer(RecordError),
}

struct Writer {
    store: Store,
    current: Arc<Current>,
    waited_ms: Arc<AtomicU64>,
    /// Pasts as of the last commit. Another node may have written since; then the batch meets its keys and reads anew.
    cache: Pasts,
    /// Since when the server is asked of which that is remembered.
    since: Option<Instant>,
}

impl Writer {
    async fn run(mut self, mut receiver: mpsc::Receiver<Job>, limits: RecorderLimits, closing: CancellationToken) {
        let mut jobs = Vec::new();
        loop {
            let taken = tokio::select! {
                taken = receiver.recv_many(&mut jobs, limits.batch_max) => taken,
                () = closing.cancelled(), if !receiver.is_closed() => {
                    receiver.close();
                    continue;
                }
            };
            if taken == 0 {
                return;
            }
            let waited = jobs.first().map_or(Duration::ZERO, |job| job.queued.elapsed());
            self.waited_ms.store(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            let (check_ins, answers): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.check_in, job.answer)).unzip();
            for (answer, sender) in self.settle(&check_ins).await.into_iter().zip(answers) {
                // A client that went away does not need its answer; the check-in is kept all the same.
                drop(sender.send(answer));
            }
        }
    }

    async fn settle(&mut self, batch: &[NewCheckIn]) -> Vec<Answer> {
        let mut written = self.write(batch).await;
        if let Err(Failed::Stale) = written {
            written = self.write(batch).await;
        }
        match written {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(Failed::Stale | Failed::OneByOne) => {
                let mut answers = Vec::with_capacity(batch.len());
                for check_in in batch {
                    answers.push(self.settle_one(check_in).await);
                }
                answers
            }
            Err(Failed::Answer(error)) => {
                count_unsaved(error, batch.len());
                vec![Err(error); batch.len()]
            }
        }
    }

    async fn settle_one(&mut self, check_in: &NewCheckIn) -> Answer {
        for _ in 0..CONFLICT_TRIES_MAX {
            match self.write(std::slice::from_ref(check_in)).await {
                Ok(mut outcomes) => return outcomes.pop().ok_or(RecordError::Unavailable),
                Err(Failed::Stale | Failed::OneByOne) => {}
                Err(Failed::Answer(error)) => {
                    count_unsaved(error, 1);
                    return Err(error);
                }
            }
        }
        tracing::warn!("a check-in met what other nodes write for the same participant too often");
        count_unsaved(RecordError::Unavailable, 1);
        Err(RecordError::Unavailable)
    }

    /// One transaction.
    async fn write(&mut self, batch: &[NewCheckIn]) -> Result<Vec<Outcome>, Failed> {
        let index = self.current.load();
        let too_fast = |earlier: &Entry, new: &NewCheckIn| is_too_fast(&index, earlier, new);
        let pasts = self.take(batch);
        let started = Instant::now();
        let writing = self.store.record(batch, pasts, &too_fast).instrument(traces::commit(batch.len()));
        let written = tokio::time::timeout(WRITE_DEADLINE, writing).await;
        metrics::histogram!("studyroute_commit_seconds").record(started.elapsed().as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a batch is some hundreds")]
        metrics::histogram!("studyroute_batch_check_ins").record(batch.len() as f64);
        let error = match written {
            Ok(Ok((outcomes, pasts))) => {
                self.remember(pasts);
                return Ok(outcomes);
            }
            Ok(Err(error)) => error,
            Err(_) => StoreError::OutcomeUnknown,
        };
        metrics::counter!("studyroute_failed_batches_total").increment(1);
        match error {
            StoreError::Conflict => Err(Failed::Stale),
            StoreError::Refused(_) | StoreError::Corrupt { .. } if batch.len() > 1 => Err(Failed::OneByOne),
            StoreError::OutcomeUnknown => {
                tracing::error!("a commit was cut off, its outcome is not known");
                self.store.renew_writer().await;
                Err(Failed::Answer(RecordError::OutcomeUnknown))
            }
            error => {
                tracing::error!(error = error.with_causes(), "check-ins could not be written");
                self.store.renew_writer().await;
                Err(Failed::Answer(RecordError::Unavailable))
            }
        }
    }

    /// What is remembered of a batch's participants. It is put back by a commit, and so forgotten by a failure.
    fn take(&mut self, batch: &[NewCheckIn]) -> Pasts {
        let since = self.store.asked_since();
        if std::mem::replace(&mut self.since, since) != since {
            self.cache.clear();
        }
        batch.iter().filter_map(|new| self.cache.remove_entry(&new.participant)).collect()
    }

    fn remember(&mut self, pasts: Pasts) {
        if self.cache.len() + pasts.len() > CACHE_PARTICIPANTS_MAX {
            self.cache.clear();
        }
        self.cache.extend(pasts);
    }
}

/// The speed rule between two check-ins. A waypoint that is no longer published has no site; then nothing is said.
fn is_too_fast(index: &Index, earlier: &Entry, new: &NewCheckIn) -> bool {
    let (Some(there), Some(here)) = (index.by_key(earlier.waypoint), index.by_key(new.waypoint)) else { return false };
    check_in::too_fast(there.site, here.site, new.occurred_ms - earlier.occurred_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check_in::Verdict;
    use uuid::Uuid;

    fn one() -> Vec<NewCheckIn> {
        let (verdict, distance_m, accuracy_m, seal) = (Verdict::Inside, 0.0, 0.0, [0; 16]);
        let (participant, id) = (Uuid::from_u128(7), "one".into());
        let (route, waypoint, revision, occurred_ms, received_ms) = (1, 2, 1, 0, 0);
        vec![NewCheckIn {
            participant,
            id,
            route,
            waypoint,
            revision,
            occurred_ms,
            received_ms,
            verdict,
            distance_m,
            accuracy_m,
            seal,
        }]
    }

    #[test]
    fn nobody_is_let_into_a_queue_that_moves_too_slowly_until_it_is_empty_or_moves_again() {
        let (sender, mut taken) = mpsc::channel(10);
        let recorder = Recorder { sender, waited_ms: Arc::default(), closing: CancellationToken::new() };
        let waited = |time: Duration| {
            recorder.waited_ms.store(u64::try_from(time.as_millis()).expect("small"), Ordering::Relaxed);
        };
        waited(WAIT_MAX + Duration::from_millis(1));
        assert!(recorder.queue(one()).is_ok(), "an empty queue keeps nobody waiting");
        assert_eq!(recorder.queue(one()).err(), Some(RecordError::Full));
        assert!(taken.try_recv().is_ok(), "the one that waits is taken");
        assert!(recorder.queue(one()).is_ok());
        waited(WAIT_MAX);
        assert!(recorder.queue(one()).is_ok(), "it moves again");
    }
}
