//! Recording check-ins: a batch is worked out against what its participants have in the log, and written with its counters in
//! one transaction.
//!
//! Nothing is counted twice whatever happens, by two unique keys that both begin with the participant: `(participant, id)`
//! meets a repeat, `(participant, seq)` meets a second node that counts the same participant at the same moment. What is
//! remembered of participants only saves reading; where it is out of date, the keys say so and nothing of the batch is kept.

use super::bulk::{AddRows, Bulk, Column};
use super::check_ins::{NewCheckIn, Row, StoredCheckIn, verdict};
use super::counters::numbers;
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, counters, json, json_ids};
use crate::domain::check_in::Verdict;
use crate::domain::counts::{Changes, Entry, History};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use uuid::Uuid;

statements! {
    /// Participants and their logs; one without a check-in has one row, all null but for the participant.
    PASTS = Sql::pair(
        "select p.participant, c.seq, c.id, c.occurred_ms, c.route_key, c.waypoint_key, c.verdict
         from json_each($1) j
         join participants p on p.participant = unhex(j.value)
         left join check_ins c on c.participant = p.participant
         order by p.participant, c.seq",
        "select p.participant, c.seq, c.id, c.occurred_ms, c.route_key, c.waypoint_key, c.verdict
         from jsonb_array_elements_text($1::jsonb) j(value)
         join participants p on p.participant = j.value::uuid
         left join check_ins c on c.participant = p.participant
         order by p.participant, c.seq",
    );
    NAMED = Sql::pair(
        "select c.participant, c.id, c.waypoint_key, c.occurred_ms, c.received_ms, c.verdict, c.distance_m, c.first_visit,
                c.seq, c.seal
         from json_each($1) j
         join check_ins c on c.participant = unhex(j.value ->> 'participant') and c.id = j.value ->> 'id'",
        "select c.participant, c.id, c.waypoint_key, c.occurred_ms, c.received_ms, c.verdict, c.distance_m, c.first_visit,
                c.seq, c.seal
         from jsonb_to_recordset($1::jsonb) as j(participant uuid, id text)
         join check_ins c on c.participant = j.participant and c.id = j.id",
    );
}

/// Most check-ins of one participant. Whatever is worked out of its past takes as long as that is, while all others wait; a class that
/// shares a phone every day for years stays below it.
const OF_ONE_MAX: usize = 10_000;

/// What became of one check-in of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is in the log now.
    Recorded(StoredCheckIn),
    /// It was there before; this is the first answer.
    Repeated(StoredCheckIn),
    /// Its id names another check-in.
    IdReused,
    /// Its participant has as many as one may have.
    TooMany,
    /// Its participant has been erased.
    Gone,
}

/// What a participant has in the log, as far as recording needs it.
#[derive(Clone, Debug, Default)]
pub struct Past {
    pub(super) history: History,
    /// Of the ids in the log. Two ids may have one digest; then the log is asked.
    digests: Vec<u64>,
}

impl Past {
    /// How many check-ins it is of.
    #[must_use]
    pub fn check_ins(&self) -> usize {
        self.history.len()
    }

    /// Whether the log may have a check-in of this name; if not, it has none.
    fn may_have(&self, id: &str) -> bool {
        self.digests.contains(&digest(id))
    }
}

fn digest(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// The pasts of some participants; whoever is missing has not been looked up.
pub type Pasts = HashMap<Uuid, Past>;

/// A row of [`PASTS`].
#[derive(sqlx::FromRow)]
pub(super) struct PastRow {
    participant: Uuid,
    seq: Option<i64>,
    id: Option<String>,
    occurred_ms: Option<i64>,
    route_key: Option<i64>,
    waypoint_key: Option<i64>,
    verdict: Option<i64>,
}

impl PastRow {
    fn entry(&self) -> Option<Entry> {
        let (occurred_ms, verdict) = (self.occurred_ms?, verdict(self.verdict?));
        Some(Entry { occurred_ms, route: self.route_key?, waypoint: self.waypoint_key?, verdict })
    }
}

/// Puts rows of [`PASTS`] together.
pub(super) fn recall(rows: Vec<PastRow>) -> Pasts {
    let mut pasts = Pasts::new();
    for row in rows {
        let past = pasts.entry(row.participant).or_default();
        if let (Some(entry), Some(seq), Some(id)) = (row.entry(), row.seq, &row.id) {
            past.history.recall(entry, seq);
            past.digests.push(digest(id));
        }
    }
    pasts
}

/// The speed rule: whether one more check-in so near in time to an earlier one is too fast to be sure of.
pub type TooFast<'a> = &'a (dyn Fn(&Entry, &NewCheckIn) -> bool + Send + Sync);

impl Store {
    /// Records a batch: rows, first answers of repeats, and counters, in one transaction. `pasts` is what is remembered of its
    /// participants, and comes back as it is after the commit; where it was out of date the batch fails with
    /// [`StoreError::Conflict`] and is never miscounted.
    ///
    /// # Errors
    /// When nothing of the batch was kept; after [`StoreError::OutcomeUnknown`] all of it may have been.
    pub async fn record(
        &self,
        batch: &[NewCheckIn],
        mut pasts: Pasts,
        too_fast: TooFast<'_>,
    ) -> Result<(Vec<Outcome>, Pasts)> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin_briefly().await?;
            let unknown = strangers(batch, &pasts);
            if !unknown.is_empty() {
                let rows = sqlx::query_as(PASTS.on(dialect)).bind(json_ids(&unknown)?).fetch_all(&mut *tx).await?;
                pasts.extend(recall(rows));
            }
            let names = names_met(batch, &pasts);
            let first: Vec<Row> = if names.is_empty() {
                Vec::new()
            } else {
                sqlx::query_as(NAMED.on(dialect)).bind(json(&names)?).fetch_all(&mut *tx).await?
            };
            let plan = plan(batch, &first_answers(first), pasts, too_fast);
            if plan.rows.is_empty() {
                tx.rollback().await?;
                return Ok((plan.outcomes, plan.pasts));
            }
            let added = counters::added(&plan.changes);
            let numbers = numbers!(tx, dialect, pools, &added);
            let [days, returns] = added.bulk(&numbers)?;
            if !tx.add_rows(&[bulk(&plan.rows), days, returns]).await? {
                return Err(StoreError::Conflict);
            }
            tx.commit().await.map_err(commit_error)?;
            pools.scopes.learn(numbers);
            Ok((plan.outcomes, plan.pasts))
        })
    }
}

/// When the database answers a commit with an error, nothing was kept, but for the errors that leave it open; when the
/// connection dies nobody knows either.
fn commit_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) if !leaves_commit_open(&database.code().unwrap_or_default()) => error.into(),
        _ => {
            tracing::error!(error = &error as &dyn std::error::Error, "a commit failed");
            StoreError::OutcomeUnknown
        }
    }
}

/// SQLite's I/O errors: after a failed `fsync` the commit stands in the log, and the next process may find it there.
/// PostgreSQL's lost connections (also as a pooler tells of them), shutdowns, and "statement completion unknown".
fn leaves_commit_open(code: &str) -> bool {
    const SQLITE_IOERR: u32 = 10;
    match code.parse::<u32>() {
        Ok(sqlite) if code.len() < 5 => sqlite & 0xff == SQLITE_IOERR,
        _ => ["08", "57P", "40003"].iter().any(|class| code.starts_with(class)),
    }
}

/// The participants of a batch of whom nothing is remembered.
fn strangers(batch: &[NewCheckIn], pasts: &Pasts) -> Vec<Uuid> {
    let strangers: BTreeSet<Uuid> =
        batch.iter().map(|new| new.participant).filter(|participant| !pasts.contains_key(participant)).collect();
    strangers.into_iter().collect()
}

#[derive(Serialize)]
struct Name<'a> {
    participant: String,
    id: &'a str,
}

/// The check-ins of a batch that the log may have under the same name.
fn names_met<'a>(batch: &'a [NewCheckIn], pasts: &Pasts) -> Vec<Name<'a>> {
    let met = batch.iter().filter(|new| pasts.get(&new.participant).is_some_and(|past| past.may_have(&new.id)));
    met.map(|new| Name { participant: new.participant.simple().to_string(), id: &new.id }).collect()
}

type FirstAnswers = HashMap<(Uuid, String), StoredCheckIn>;

fn first_answers(rows: Vec<Row>) -> FirstAnswers {
    rows.into_iter().map(|row| ((row.participant, row.id.clone()), row.into())).collect()
}

/// What a batch writes, and what it answers.
struct Plan<'a> {
    outcomes: Vec<Outcome>,
    rows: Vec<NewRow<'a>>,
    changes: Changes,
    pasts: Pasts,
}

/// A check-in with what the participant's past made of it.
struct NewRow<'a> {
    new: &'a NewCheckIn,
    seq: i64,
    verdict: Verdict,
    first_visit: bool,
}

/// What to write and to answer, worked out without the database.
fn plan<'a>(batch: &'a [NewCheckIn], first: &FirstAnswers, pasts: Pasts, too_fast: TooFast<'_>) -> Plan<'a> {
    let (outcomes, rows) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
    let mut plan = Plan { outcomes, rows, changes: Changes::new(), pasts };
    for new in batch {
        let outcome = plan.settle(new, first, too_fast);
        plan.outcomes.push(outcome);
    }
    // Every writer inserts in the order of the keys, else two nodes could wait for each other.
    plan.rows.sort_by_key(|row| (row.new.participant, row.seq));
    plan
}

impl<'a> Plan<'a> {
    fn settle(&mut self, new: &'a NewCheckIn, first: &FirstAnswers, too_fast: TooFast<'_>) -> Outcome {
        let Some(past) = self.pasts.get_mut(&new.participant) else { return Outcome::Gone };
        if past.may_have(&new.id) {
            let kept = first.get(&(new.participant, new.id.clone())).cloned();
            if let Some(kept) = kept.or_else(|| earlier(&self.rows, new)) {
                return if kept.seal == new.seal { Outcome::Repeated(kept) } else { Outcome::IdReused };
            }
        }
        if past.history.len() >= OF_ONE_MAX {
            return Outcome::TooMany;
        }
        let hurried = past.history.neighbours(new.occurred_ms).any(|earlier| too_fast(earlier, new));
        let row = NewRow {
            new,
            seq: past.history.next_number(),
            verdict: if hurried { Verdict::Uncertain } else { new.verdict },
            first_visit: !past.history.has_been_at(new.waypoint),
        };
        let stored = row.stored();
        past.history.record(row.entry(), &mut self.changes);
        past.digests.push(digest(&new.id));
        self.rows.push(row);
        Outcome::Recorded(stored)
    }
}

/// The check-in of the same name that this batch has already.
fn earlier(rows: &[NewRow<'_>], new: &NewCheckIn) -> Option<StoredCheckIn> {
    let same = |row: &&NewRow<'_>| row.new.participant == new.participant && row.new.id == new.id;
    rows.iter().find(same).map(NewRow::stored)
}

impl NewRow<'_> {
    fn entry(&self) -> Entry {
        let NewCheckIn { occurred_ms, route, waypoint, .. } = *self.new;
        Entry { occurred_ms, route, waypoint, verdict: self.verdict }
    }

    fn stored(&self) -> StoredCheckIn {
        StoredCheckIn {
            id: self.new.id.clone(),
            waypoint: self.new.waypoint,
            occurred_ms: self.new.occurred_ms,
            received_ms: self.new.received_ms,
            verdict: self.verdict,
            distance_m: self.new.distance_m,
            first_visit: self.first_visit,
            seq: self.seq,
            seal: self.new.seal.to_vec(),
        }
    }
}

fn bulk<'a>(rows: &'a [NewRow<'a>]) -> Bulk<'a> {
    let whole = |pick: fn(&NewRow<'_>) -> i64| Column::Whole(rows.iter().map(pick).collect());
    let real = |pick: fn(&NewRow<'_>) -> f64| Column::Real(rows.iter().map(pick).collect());
    Bulk {
        into: "check_ins",
        columns: vec![
            ("participant", Column::Id(rows.iter().map(|row| row.new.participant).collect())),
            ("id", Column::Text(rows.iter().map(|row| &*row.new.id).collect())),
            ("seq", whole(|row| row.seq)),
            ("route_key", whole(|row| row.new.route)),
            ("waypoint_key", whole(|row| row.new.waypoint)),
            ("revision", whole(|row| row.new.revision)),
            ("occurred_ms", whole(|row| row.new.occurred_ms)),
            ("received_ms", whole(|row| row.new.received_ms)),
            ("verdict", whole(|row| i64::from(row.verdict == Verdict::Uncertain))),
            ("method", Column::Text(vec!["position"; rows.len()])),
            ("distance_m", real(|row| row.new.distance_m)),
            ("accuracy_m", real(|row| row.new.accuracy_m)),
            ("first_visit", whole(|row| i64::from(row.first_visit))),
            ("seal", Column::Bytes(rows.iter().map(|row| &row.new.seal[..]).collect())),
        ],
        on_conflict: "on conflict do nothing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(id: &str) -> NewCheckIn {
        NewCheckIn {
            participant: Uuid::from_u128(7),
            id: id.into(),
            route: 1,
            waypoint: 2,
            revision: 1,
            occurred_ms: 0,
            received_ms: 0,
            verdict: Verdict::Inside,
            distance_m: 0.0,
            accuracy_m: 0.0,
            seal: [0; 16],
        }
    }

    #[test]
    fn nobody_has_so_many_check_ins_that_others_wait_and_a_repeat_is_no_new_one() {
        let mut history = History::default();
        for number in 1..OF_ONE_MAX {
            let entry = Entry { occurred_ms: 0, route: 1, waypoint: 2, verdict: Verdict::Inside };
            history.recall(entry, i64::try_from(number).expect("small"));
        }
        let pasts = Pasts::from([(Uuid::from_u128(7), Past { history, digests: Vec::new() })]);
        let batch = ["last", "one more", "last"].map(new);
        let plan = plan(&batch, &FirstAnswers::new(), pasts, &|_, _| false);
        let [Outcome::Recorded(last), Outcome::TooMany, Outcome::Repeated(again)] = &plan.outcomes[..] else {
            panic!("{:?}", plan.outcomes)
        };
        assert_eq!((last, plan.rows.len()), (again, 1));
    }

    #[test]
    fn an_id_that_only_shares_its_digest_with_another_is_new() {
        let past = Past { history: History::default(), digests: vec![digest("one")] };
        let batch = [new("one")];
        let pasts = Pasts::from([(Uuid::from_u128(7), past)]);
        assert_eq!(names_met(&batch, &pasts).len(), 1, "the log is asked");
        // It answers that it has nothing of this name.
        let plan = plan(&batch, &FirstAnswers::new(), pasts, &|_, _| false);
        assert!(matches!(plan.outcomes[..], [Outcome::Recorded(_)]), "{:?}", plan.outcomes);
    }
}
