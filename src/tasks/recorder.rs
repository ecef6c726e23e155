//! Writes check-ins: many requests, one writer. It takes whatever queued during the last commit, writes one transaction, then
//! answers each waiter. There is no timer: a lone check-in waits for one commit only.
//!
//! Nothing is acknowledged before it is durable. The queue is bounded, and refuses at once whoever would wait too long in it. A failed batch is
//! settled in parts, so one bad row costs nobody else. Refuses to judge positions: they never come here.

use super::apart;
use super::pace::Pace;
use crate::domain::check_in;
use crate::domain::counts::Entry;
use crate::index::{Current, Index};
use crate::store::{NewCheckIn, Outcome, Pasts, Store, StoreError};
use crate::traces;
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

/// How long one transaction may take before its waiters are told that its outcome is unknown.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// One is in use while another one is given back; a commit that was given up keeps its connection until the server has answered.
const CONNECTIONS: u32 = 4;
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
    batch_max: usize,
    pace: Arc<Pace>,
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
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(store: &Store, current: Arc<Current>, limits: RecorderLimits) -> io::Result<(Self, JoinHandle<()>)> {
        // From the start, so that the first one is seen to be one more.
        for why in [RecordError::Full, RecordError::Unavailable, RecordError::OutcomeUnknown] {
            count_unsaved(why, 0);
        }
        metrics::counter!("studyroute_failed_batches_total").increment(0);
        let (sender, receiver) = mpsc::channel(limits.queue_max);
        let (closing, pace) = (CancellationToken::new(), Arc::new(Pace::new()));
        let recorder = Self { sender, batch_max: limits.batch_max, pace: Arc::clone(&pace), closing: closing.clone() };
        let write = move |store| {
            let writer = Writer { store, current, pace, cache: Pasts::new(), wanderers: HashSet::new(), since: None };
            writer.run(receiver, limits.batch_max, closing)
        };
        Ok((recorder, apart::start("recording", store, CONNECTIONS, write)?))
    }

    /// Queues check-ins, all or none, in order.
    ///
    /// # Errors
    /// When they do not fit into the queue, or would wait too long in it.
    pub fn queue(&self, check_ins: Vec<NewCheckIn>) -> Result<Vec<Waiting>, RecordError> {
        let has_room = self.has_room_for(check_ins.len());
        let places = if has_room { self.sender.try_reserve_many(check_ins.len()).ok() } else { None };
        let places = places.ok_or_else(|| {
            count_unsaved(RecordError::Full, check_ins.len());
            RecordError::Full
        })?;
        let waiting = check_ins.into_iter().zip(places).map(|(check_in, place)| {
            let (answer, waiting) = oneshot::channel();
            place.send(Job { check_in, answer });
            Waiting(waiting)
        });
        Ok(waiting.collect())
    }

    fn has_room_for(&self, check_ins: usize) -> bool {
        let waiting = self.depth();
        waiting == 0 || waiting + check_ins <= self.depth_max()
    }

    /// Takes no more; what is queued is still written.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// How many check-ins may wait now.
    #[must_use]
    pub fn depth_max(&self) -> usize {
        self.pace.room().saturating_mul(self.batch_max).clamp(1, self.sender.max_capacity())
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
    /// Nothing was kept, and one of its rows may be to blame.
    Part,
    /// Tell the waiters.
    Answer(RecordError),
}

struct Writer {
    store: Store,
    current: Arc<Current>,
    pace: Arc<Pace>,
    /// Pasts as of the last commit. Another node may have written since; then the batch meets its keys and reads anew.
    cache: Pasts,
    /// Participants for whom other nodes write too: of them nothing is remembered.
    wanderers: HashSet<Uuid>,
    /// Since when the server is asked of which that is remembered.
    since: Option<Instant>,
}

impl Writer {
    async fn run(mut self, mut receiver: mpsc::Receiver<Job>, batch_max: usize, closing: CancellationToken) {
        let mut jobs = Vec::new();
        loop {
            let taken = tokio::select! {
                taken = receiver.recv_many(&mut jobs, batch_max) => taken,
                () = closing.cancelled(), if !receiver.is_closed() => {
                    receiver.close();
                    continue;
                }
            };
            if taken == 0 {
                return;
            }
            self.pace.begin();
            let (check_ins, answers): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.check_in, job.answer)).unzip();
            for (answer, sender) in self.settle(&check_ins).await.into_iter().zip(answers) {
                // A client that went away does not need its answer; the check-in is kept all the same.
                drop(sender.send(answer));
            }
            self.pace.end();
        }
    }

    /// What cannot be written as a whole is written by halves, and their halves: one bad row, or one participant for whom other nodes write
    /// too, costs the others some transactions and not one each.
    async fn settle(&mut self, batch: &[NewCheckIn]) -> Vec<Answer> {
        let (mut answers, mut left) = (Vec::with_capacity(batch.len()), vec![batch]);
        while let Some(part) = left.pop() {
            let remembered = self.remembered(part);
            let mut written = self.write(part).await;
            if let Err(Failed::Stale) = written {
                written = self.write(part).await;
                self.note_wanderers(remembered, part, &written);
            }
            match (written, part) {
                (Ok(outcomes), _) => answers.extend(outcomes.into_iter().map(Ok)),
                (Err(Failed::Answer(error)), _) => {
                    count_unsaved(error, part.len());
                    answers.resize(answers.len() + part.len(), Err(error));
                    if part.len() > 1 {
                        // It is not one row that is to blame: the other parts would wait as long for the same.
                        let rest = left.drain(..).map(<[_]>::len).sum();
                        count_unsaved(RecordError::Unavailable, rest);
                        answers.resize(answers.len() + rest, Err(RecordError::Unavailable));
                    }
                }
                (Err(Failed::Stale | Failed::Part), [one]) => answers.push(self.settle_one(one).await),
                (Err(Failed::Stale | Failed::Part), _) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    left.extend([second, first]);
                }
            }
        }
        answers
    }

    async fn settle_one(&mut self, check_in: &NewCheckIn) -> Answer {
        for _ in 0..CONFLICT_TRIES_MAX {
            match self.write(std::slice::from_ref(check_in)).await {
                Ok(mut outcomes) => return outcomes.pop().ok_or(RecordError::Unavailable),
                Err(Failed::Stale | Failed::Part) => {}
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
            StoreError::Refused(_) | StoreError::Corrupt { .. } if batch.len() > 1 => Err(Failed::Part),
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
            self.wanderers.clear();
        }
        batch.iter().filter_map(|new| self.cache.remove_entry(&new.participant)).collect()
    }

    fn remember(&mut self, mut pasts: Pasts) {
        if self.cache.len() + pasts.len() > CACHE_PARTICIPANTS_MAX {
            self.cache.clear();
        }
        if self.wanderers.len() > CACHE_PARTICIPANTS_MAX {
            self.wanderers.clear();
        }
        pasts.retain(|participant, _| !self.wanderers.contains(participant));
        self.cache.extend(pasts);
    }

    /// How many check-ins of each of a batch's participants are remembered.
    fn remembered(&self, batch: &[NewCheckIn]) -> HashMap<Uuid, usize> {
        let check_ins = |new: &NewCheckIn| Some((new.participant, self.cache.get(&new.participant)?.check_ins()));
        batch.iter().filter_map(check_ins).collect()
    }

    /// Whose past was another than was remembered, another node writes for too. Nothing is remembered of those: each time that it is out of
    /// date, all others in the batch would be written twice.
    fn note_wanderers(
        &mut self,
        mut remembered: HashMap<Uuid, usize>,
        batch: &[NewCheckIn],
        written: &Result<Vec<Outcome>, Failed>,
    ) {
        let Ok(outcomes) = written else { return };
        for (new, _) in batch.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Recorded(_))) {
            remembered.entry(new.participant).and_modify(|check_ins| *check_ins += 1);
        }
        for (participant, expected) in remembered {
            if self.cache.get(&participant).is_some_and(|past| past.check_ins() != expected) {
                self.cache.remove(&participant);
                self.wanderers.insert(participant);
            }
        }
    }
}

/// The speed rule between two check-ins. A waypoint that is no longer published has no site; then nothing is said.
fn is_too_fast(index: &Index, earlier: &Entry, new: &NewCheckIn) -> bool {
    let (Some(there), Some(here)) = (index.by_key(earlier.waypoint), index.by_key(new.waypoint)) else { return false };
    check_in::too_fast(there.site, here.site, new.occurred_ms - earlier.occurred_ms)
}

#[cfg(test)]
mod tests {
    use super::super::pace::{QUEUED_FOR, STUCK_AFTER};
    use super::*;
    use crate::domain::check_in::Verdict;
    use crate::store::Past;

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
    fn as_many_may_queue_as_are_written_soon_and_nobody_behind_a_transaction_that_is_stuck() {
        let (sender, mut taken) = mpsc::channel(1_000);
        let (pace, closing) = (Arc::new(Pace::new()), CancellationToken::new());
        let recorder = Recorder { sender, batch_max: 10, pace: Arc::clone(&pace), closing };
        let mut fits = |took: Duration| {
            pace.set(took);
            let fits = (0..1_000).take_while(|_| recorder.queue(one()).is_ok()).count();
            (0..fits).for_each(|_| drop(taken.try_recv().expect("queued")));
            fits
        };
        assert_eq!(fits(Duration::ZERO), 1_000, "all that it holds");
        assert_eq!(fits(QUEUED_FOR / 7), 70, "what is written until then");
        assert_eq!(fits(QUEUED_FOR * 3), 10, "one transaction's worth");
        assert_eq!(fits(STUCK_AFTER + Duration::from_millis(1)), 1, "only to find out whether it still is stuck");
        assert_eq!(fits(QUEUED_FOR / 7), 70, "it moves again");
    }

    #[tokio::test]
    async fn only_whose_past_was_another_is_not_remembered_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&format!("sqlite:{}", folder.path().join("x.db").display())).await.expect("a store");
        let current = Arc::new(Current::new(Index::build(0, Vec::new(), |_, _, _, _| {})));
        let (pace, wanderers) = (Arc::new(Pace::new()), HashSet::new());
        let mut writer = Writer { store, current, pace, cache: Pasts::new(), wanderers, since: None };
        let [stayed, wandered] = [8, 9].map(Uuid::from_u128);
        // Both have nothing in the log as it was read anew. Of one that is what was remembered; of the other one there should be some more.
        writer.remember([stayed, wandered].map(|participant| (participant, Past::default())).into());
        let batch = one().into_iter().map(|new| NewCheckIn { participant: stayed, ..new }).collect::<Vec<_>>();
        let written = Ok(vec![Outcome::Gone]);
        writer.note_wanderers([(stayed, 0), (wandered, 3)].into(), &batch, &written);
        assert_eq!((writer.cache.len(), writer.cache.contains_key(&stayed)), (1, true));
        writer.remember([(wandered, Past::default())].into());
        assert!(!writer.cache.contains_key(&wandered), "not from then on");
    }
}
