//! The log of accepted check-ins: written in batches with their counters in one transaction, read back by their participant.
//!
//! Nothing is counted twice whatever happens, by two unique keys that both begin with the participant: `(participant, id)`
//! meets a repeat, `(participant, seq)` meets a second node that counts the same participant at the same moment.

use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, counts, json, json_ids};
use crate::domain::check_in::Verdict;
use crate::domain::counts::{Changes, Entry, History};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

statements! {
    BEGIN_WRITE = Sql::pair("begin immediate", "begin");
    EXISTING = Sql::pair(
        "select p.participant, c.id, c.waypoint_key, c.occurred_ms, c.received_ms, c.verdict, c.distance_m, c.first_visit,
                c.seq, c.seal
         from json_each($1) j
         join participants p on p.participant = unhex(j.value ->> 'participant')
         left join check_ins c on c.participant = p.participant and c.id = j.value ->> 'id'",
        "select p.participant, c.id, c.waypoint_key, c.occurred_ms, c.received_ms, c.verdict, c.distance_m, c.first_visit,
                c.seq, c.seal
         from jsonb_to_recordset($1::jsonb) as j(participant uuid, id text)
         join participants p on p.participant = j.participant
         left join check_ins c on c.participant = p.participant and c.id = j.id",
    );
    ENTRIES = Sql::pair(
        "select participant, seq, occurred_ms, route_key, waypoint_key, verdict from check_ins
         where participant in (select unhex(value) from json_each($1)) order by participant, seq",
        "select participant, seq, occurred_ms, route_key, waypoint_key, verdict from check_ins
         where participant in (select value::uuid from jsonb_array_elements_text($1::jsonb) value) order by participant, seq",
    );
    INSERT = Sql::pair(
        "insert into check_ins (participant, id, seq, route_key, waypoint_key, revision, occurred_ms, received_ms, verdict,
                method, distance_m, accuracy_m, first_visit, seal)
         select unhex(value ->> 'participant'), value ->> 'id', value ->> 'seq', value ->> 'route_key',
                value ->> 'waypoint_key', value ->> 'revision', value ->> 'occurred_ms', value ->> 'received_ms',
                value ->> 'verdict', value ->> 'method', value ->> 'distance_m', value ->> 'accuracy_m',
                value ->> 'first_visit', unhex(value ->> 'seal')
         from json_each($1) where true on conflict do nothing",
        "insert into check_ins (participant, id, seq, route_key, waypoint_key, revision, occurred_ms, received_ms, verdict,
                method, distance_m, accuracy_m, first_visit, seal)
         select x.participant, x.id, x.seq, x.route_key, x.waypoint_key, x.revision, x.occurred_ms, x.received_ms, x.verdict,
                x.method, x.distance_m, x.accuracy_m, x.first_visit, decode(x.seal, 'hex')
         from jsonb_to_recordset($1::jsonb) as x(participant uuid, id text, seq bigint, route_key bigint,
              waypoint_key bigint, revision bigint, occurred_ms bigint, received_ms bigint, verdict bigint, method text,
              distance_m double precision, accuracy_m double precision, first_visit bigint, seal text)
         on conflict do nothing",
    );
    PAGE = Sql::both(
        "select participant, id, waypoint_key, occurred_ms, received_ms, verdict, distance_m, first_visit, seq, seal
         from check_ins where participant = $1 and seq > $2 order by seq limit $3",
    );
    ONE = Sql::both(
        "select participant, id, waypoint_key, occurred_ms, received_ms, verdict, distance_m, first_visit, seq, seal
         from check_ins where participant = $1 and id = $2",
    );
    PROGRESS = Sql::both(
        "select c.waypoint_key, min(c.occurred_ms), min(c.verdict), count(*) from check_ins c
         where c.participant = $1 group by c.waypoint_key",
    );
    NAMES = Sql::pair(
        "select w.waypoint_key, r.slug, w.slug from waypoints w join study_routes r on r.route_key = w.route_key
         where w.waypoint_key in (select value from json_each($1))",
        "select w.waypoint_key, r.slug, w.slug from waypoints w join study_routes r on r.route_key = w.route_key
         where w.waypoint_key in (select value::bigint from jsonb_array_elements_text($1::jsonb) value)",
    );
}

/// A judged check-in on its way into the log. It holds no latitude and no longitude.
#[derive(Clone, Debug)]
pub struct NewCheckIn {
    /// Whose.
    pub participant: Uuid,
    /// The client's name for it.
    pub id: String,
    /// Where.
    pub route: i64,
    /// Where.
    pub waypoint: i64,
    /// The route's revision it was judged by.
    pub revision: i64,
    /// When, by the phone.
    pub occurred_ms: i64,
    /// When, by the server.
    pub received_ms: i64,
    /// The verdict so far; the speed rule may lower it.
    pub verdict: Verdict,
    /// Metres from the fix to the waypoint.
    pub distance_m: f64,
    /// The phone's radius of doubt, metres.
    pub accuracy_m: f64,
    /// Digest of the request under the participant's token.
    pub seal: [u8; 16],
}

/// A check-in as the log has it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCheckIn {
    /// The client's name for it.
    pub id: String,
    /// The store's number of the waypoint.
    pub waypoint: i64,
    /// When, by the phone.
    pub occurred_ms: i64,
    /// When, by the server.
    pub received_ms: i64,
    /// The verdict.
    pub verdict: Verdict,
    /// Metres from the fix to the waypoint.
    pub distance_m: f64,
    /// Whether it was this participant's first at this waypoint.
    pub first_visit: bool,
    /// Its number in the participant's log.
    pub seq: i64,
    /// Digest of the request.
    pub seal: Vec<u8>,
}

/// What became of one check-in of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is in the log now.
    Recorded(StoredCheckIn),
    /// It was there before; this is the first answer.
    Repeated(StoredCheckIn),
    /// Its id names another check-in.
    IdReused,
    /// Its participant has been erased.
    Gone,
}

/// One participant's presence at one waypoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The store's number of the waypoint.
    pub waypoint: i64,
    /// When first, by the phone.
    pub first_ms: i64,
    /// The surest verdict.
    pub verdict: Verdict,
    /// How many.
    pub check_ins: i64,
}

/// A row of the log as far as counting is concerned.
#[derive(sqlx::FromRow)]
pub(super) struct EntryRow {
    participant: Uuid,
    seq: i64,
    occurred_ms: i64,
    route_key: i64,
    waypoint_key: i64,
    verdict: i64,
}

impl EntryRow {
    pub(super) fn entry(self) -> (Uuid, Entry) {
        let verdict = verdict(self.verdict);
        let entry =
            Entry { occurred_ms: self.occurred_ms, route: self.route_key, waypoint: self.waypoint_key, verdict };
        (self.participant, entry)
    }
}

/// A row of the log, or of a participant without the asked check-in (all but the participant null).
#[derive(sqlx::FromRow)]
struct Row {
    participant: Uuid,
    id: Option<String>,
    waypoint_key: Option<i64>,
    occurred_ms: Option<i64>,
    received_ms: Option<i64>,
    verdict: Option<i64>,
    distance_m: Option<f64>,
    first_visit: Option<i64>,
    seq: Option<i64>,
    seal: Option<Vec<u8>>,
}

impl Row {
    fn stored(self) -> Option<StoredCheckIn> {
        Some(StoredCheckIn {
            id: self.id?,
            waypoint: self.waypoint_key?,
            occurred_ms: self.occurred_ms?,
            received_ms: self.received_ms?,
            verdict: verdict(self.verdict?),
            distance_m: self.distance_m?,
            first_visit: self.first_visit? != 0,
            seq: self.seq?,
            seal: self.seal?,
        })
    }
}

fn verdict(code: i64) -> Verdict {
    if code == 0 { Verdict::Inside } else { Verdict::Uncertain }
}

#[derive(Serialize)]
struct InsertRow {
    participant: String,
    id: String,
    seq: i64,
    route_key: i64,
    waypoint_key: i64,
    revision: i64,
    occurred_ms: i64,
    received_ms: i64,
    verdict: i64,
    method: &'static str,
    distance_m: f64,
    accuracy_m: f64,
    first_visit: i64,
    seal: String,
}

/// What the log already holds of a batch.
struct Known {
    participants: HashSet<Uuid>,
    check_ins: HashMap<(Uuid, String), StoredCheckIn>,
}

/// What a batch writes, and what it answers.
struct Plan {
    outcomes: Vec<Outcome>,
    rows: Vec<InsertRow>,
    changes: Changes,
    histories: HashMap<Uuid, History>,
}

/// The speed rule: whether one more check-in so near in time to an earlier one is too fast to be sure of.
pub type TooFast<'a> = &'a (dyn Fn(&Entry, &NewCheckIn) -> bool + Send + Sync);

impl Store {
    /// Records a batch: rows, first answers of repeats, and counters, in one transaction. `cache` holds the histories of
    /// participants who were here lately; a stale one makes the batch fail with [`StoreError::Conflict`], never miscount.
    ///
    /// # Errors
    /// When nothing of the batch was kept; after [`StoreError::OutcomeUnknown`] all of it may have been.
    pub async fn record(
        &self,
        batch: &[NewCheckIn],
        cache: &HashMap<Uuid, History>,
        too_fast: TooFast<'_>,
    ) -> Result<(Vec<Outcome>, HashMap<Uuid, History>)> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin_with(BEGIN_WRITE.on(dialect)).await?;
            let existing: Vec<Row> =
                sqlx::query_as(EXISTING.on(dialect)).bind(lookups(batch)?).fetch_all(&mut *tx).await?;
            let known = Known::new(existing);
            let missing: BTreeSet<Uuid> =
                known.participants.iter().copied().filter(|id| !cache.contains_key(id)).collect();
            let entries: Vec<EntryRow> = if missing.is_empty() {
                Vec::new()
            } else {
                let ids: Vec<Uuid> = missing.iter().copied().collect();
                sqlx::query_as(ENTRIES.on(dialect)).bind(json_ids(&ids)?).fetch_all(&mut *tx).await?
            };
            let plan = plan(batch, &known, histories(&known, entries, cache), too_fast);
            if plan.rows.is_empty() {
                tx.rollback().await?;
                return Ok((plan.outcomes, plan.histories));
            }
            let written =
                sqlx::query(INSERT.on(dialect)).bind(json(&plan.rows)?).execute(&mut *tx).await?.rows_affected();
            if usize::try_from(written).ok() != Some(plan.rows.len()) {
                return Err(StoreError::Conflict);
            }
            let counters = counts::Rows::added(&plan.changes);
            sqlx::query(counts::ADD_STEPS.on(dialect)).bind(counters.steps()?).execute(&mut *tx).await?;
            sqlx::query(counts::ADD_TALLIES.on(dialect)).bind(counters.tallies()?).execute(&mut *tx).await?;
            tx.commit().await.map_err(commit_error)?;
            Ok((plan.outcomes, plan.histories))
        })
    }

    /// A participant's check-ins in the order they were recorded, after number `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_ins_of(&self, participant: Uuid, after: i64, limit: usize) -> Result<Vec<StoredCheckIn>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> = on!(self, |pools, dialect| sqlx::query_as(PAGE.on(dialect))
            .bind(participant)
            .bind(after)
            .bind(limit)
            .fetch_all(&pools.read)
            .await?);
        Ok(rows.into_iter().filter_map(Row::stored).collect())
    }

    /// One check-in by the client's name for it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_in(&self, participant: Uuid, id: &str) -> Result<Option<StoredCheckIn>> {
        let row: Option<Row> = on!(self, |pools, dialect| sqlx::query_as(ONE.on(dialect))
            .bind(participant)
            .bind(id)
            .fetch_optional(&pools.read)
            .await?);
        Ok(row.and_then(Row::stored))
    }

    /// Where a participant has been.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn progress(&self, participant: Uuid) -> Result<Vec<Progress>> {
        let rows: Vec<(i64, i64, i64, i64)> = on!(self, |pools, dialect| sqlx::query_as(PROGRESS.on(dialect))
            .bind(participant)
            .fetch_all(&pools.read)
            .await?);
        Ok(rows
            .into_iter()
            .map(|(waypoint, first_ms, code, check_ins)| Progress {
                waypoint,
                first_ms,
                verdict: verdict(code),
                check_ins,
            })
            .collect())
    }

    /// The names `route/waypoint` of waypoints, withdrawn ones too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waypoint_names(&self, keys: &[i64]) -> Result<HashMap<i64, String>> {
        let rows: Vec<(i64, String, String)> = on!(self, |pools, dialect| sqlx::query_as(NAMES.on(dialect))
            .bind(json(keys)?)
            .fetch_all(&pools.read)
            .await?);
        Ok(rows.into_iter().map(|(key, route, waypoint)| (key, format!("{route}/{waypoint}"))).collect())
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

fn lookups(batch: &[NewCheckIn]) -> Result<String> {
    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Lookup<'a> {
        participant: String,
        id: &'a str,
    }
    let lookups: BTreeSet<Lookup<'_>> =
        batch.iter().map(|new| Lookup { participant: new.participant.simple().to_string(), id: &new.id }).collect();
    json(&lookups)
}

impl Known {
    fn new(rows: Vec<Row>) -> Self {
        let participants = rows.iter().map(|row| row.participant).collect();
        let check_ins = rows
            .into_iter()
            .filter_map(|row| {
                let participant = row.participant;
                row.stored().map(|stored| ((participant, stored.id.clone()), stored))
            })
            .collect();
        Self { participants, check_ins }
    }
}

/// What participants have in the log, from rows of it.
pub(super) fn recall(rows: Vec<EntryRow>) -> HashMap<Uuid, History> {
    let mut histories: HashMap<Uuid, History> = HashMap::new();
    for row in rows {
        let (seq, (participant, entry)) = (row.seq, row.entry());
        histories.entry(participant).or_default().recall(entry, seq);
    }
    histories
}

/// The histories of a batch's participants: from memory, else as just read, else empty.
fn histories(known: &Known, rows: Vec<EntryRow>, cache: &HashMap<Uuid, History>) -> HashMap<Uuid, History> {
    let mut read = recall(rows);
    let mut of = |id: &Uuid| cache.get(id).cloned().or_else(|| read.remove(id)).unwrap_or_default();
    known.participants.iter().map(|id| (*id, of(id))).collect()
}

/// What to write and to answer, worked out without the database.
fn plan(batch: &[NewCheckIn], known: &Known, histories: HashMap<Uuid, History>, too_fast: TooFast<'_>) -> Plan {
    let mut plan =
        Plan { outcomes: Vec::with_capacity(batch.len()), rows: Vec::new(), changes: Changes::new(), histories };
    let mut added: BTreeMap<(Uuid, String), StoredCheckIn> = BTreeMap::new();
    for new in batch {
        let name = (new.participant, new.id.clone());
        let outcome = match known.check_ins.get(&name).or_else(|| added.get(&name)) {
            Some(first) if first.seal == new.seal => Outcome::Repeated(first.clone()),
            Some(_) => Outcome::IdReused,
            None => match plan.add(new, too_fast) {
                Some(stored) => {
                    added.insert(name, stored.clone());
                    Outcome::Recorded(stored)
                }
                None => Outcome::Gone,
            },
        };
        plan.outcomes.push(outcome);
    }
    // Every writer inserts in the order of the keys, else two nodes could wait for each other.
    plan.rows.sort_by(|a, b| (&a.participant, a.seq).cmp(&(&b.participant, b.seq)));
    plan
}

impl Plan {
    fn add(&mut self, new: &NewCheckIn, too_fast: TooFast<'_>) -> Option<StoredCheckIn> {
        let history = self.histories.get_mut(&new.participant)?;
        let hurried = history.neighbours(new.occurred_ms).any(|earlier| too_fast(earlier, new));
        let verdict = if hurried { Verdict::Uncertain } else { new.verdict };
        let first_visit = !history.has_been_at(new.waypoint);
        let seq = history.next_number();
        let entry = Entry { occurred_ms: new.occurred_ms, route: new.route, waypoint: new.waypoint, verdict };
        history.record(entry, &mut self.changes);
        self.rows.push(InsertRow {
            participant: new.participant.simple().to_string(),
            id: new.id.clone(),
            seq,
            route_key: new.route,
            waypoint_key: new.waypoint,
            revision: new.revision,
            occurred_ms: new.occurred_ms,
            received_ms: new.received_ms,
            verdict: i64::from(verdict == Verdict::Uncertain),
            method: "position",
            distance_m: new.distance_m,
            accuracy_m: new.accuracy_m,
            first_visit: i64::from(first_visit),
            seal: hex::encode(new.seal),
        });
        Some(StoredCheckIn {
            id: new.id.clone(),
            waypoint: new.waypoint,
            occurred_ms: new.occurred_ms,
            received_ms: new.received_ms,
            verdict,
            distance_m: new.distance_m,
            first_visit,
            seq,
            seal: new.seal.to_vec(),
        })
    }
}
