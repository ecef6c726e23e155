//! What is kept only for so long: tokens that nobody uses, what joins a person's check-ins, and old entries of the audit log. Whoever
//! calls says what is old; what is done is done in small steps, and any number of nodes may do it.

use super::audit_log::{Deed, INSERT_DEEDS, Who};
use super::sql::{Sql, on, statements};
use super::{Dialect, Result, Store, json};
use crate::domain::time::DAY_MS;
use uuid::Uuid;

/// Rows of one step.
const STEP_ROWS: i64 = 500;
/// The hash of no token.
const NOTHING: [u8; 0] = [];
/// Participants of one step, each with all its check-ins.
const STEP_PARTICIPANTS: i64 = 50;

statements! {
    IDLE_TOKENS = Sql::both(
        "select p.participant from participants p
         where length(p.token_hash) > 0 and p.created_ms < $1 and not exists (
           select 1 from check_ins c where c.participant = p.participant and c.received_ms >= $1) limit $2",
    );
    // What its participant counted stays; nobody can speak for it any more. Looked at again, as a check-in may just have come.
    END_TOKEN = Sql::both(
        "update participants set token_hash = $3 where participant = $1 and not exists (
           select 1 from check_ins c where c.participant = $1 and c.received_ms >= $2)",
    );
    UNUSED = Sql::both(
        "select p.participant from participants p where p.created_ms < $1 and not exists (
           select 1 from check_ins c where c.participant = p.participant and c.received_ms >= $1) limit $2",
    );
    OLD_ENTRIES = Sql::both("select count(*) from (select 1 from audit_log where at_ms < $1 limit $2) old_entries");
    FORGET_ENTRIES = Sql::both(
        "delete from audit_log where entry in (select entry from audit_log where at_ms < $1 order by at_ms limit $2)",
    );
}

/// The time, and since when something must have been used to be kept, milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct KeptSince {
    /// The time now.
    pub now_ms: i64,
    /// A token: since its participant was made or last sent a check-in.
    pub tokens_ms: i64,
    /// What joins the check-ins of a participant: likewise.
    pub participants_ms: i64,
    /// An entry of the audit log: since it was written. The database itself refuses to forget those of the last 190 days.
    pub entries_ms: i64,
}

/// What one step has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Tokens that are worth nothing now.
    pub tokens: u64,
    /// Participants whose check-ins are counted and joined no more.
    pub participants: u64,
    /// Entries of the audit log.
    pub entries: u64,
}

impl Retired {
    /// Whether there was nothing to do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::AddAssign for Retired {
    fn add_assign(&mut self, other: Self) {
        self.tokens += other.tokens;
        self.participants += other.participants;
        self.entries += other.entries;
    }
}

impl Store {
    /// Retires a few of those that are older. Totals stay true, as with every erasure.
    ///
    /// # Errors
    /// When the database does not take it; what was retired before that stays so.
    pub async fn retire(&self, since: KeptSince) -> Result<Retired> {
        let joined_ms = match self.dialect() {
            Dialect::Sqlite => since.participants_ms,
            // There they go by the week.
            Dialect::Postgres => since.participants_ms.saturating_sub(7 * DAY_MS),
        };
        // What is to be done is looked for beside the writer, which check-ins wait for.
        let (idle, unused): (Vec<Uuid>, Vec<Uuid>) = on!(self, |pools, dialect| {
            let idle = sqlx::query_scalar(IDLE_TOKENS.on(dialect)).bind(since.tokens_ms).bind(STEP_ROWS);
            let unused = sqlx::query_scalar(UNUSED.on(dialect)).bind(joined_ms).bind(STEP_PARTICIPANTS);
            (idle.fetch_all(&pools.read).await?, unused.fetch_all(&pools.read).await?)
        });
        let tokens = on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let mut tokens = 0;
            for id in &idle {
                let end = sqlx::query(END_TOKEN.on(dialect)).bind(id).bind(since.tokens_ms).bind(&NOTHING[..]);
                tokens += end.execute(&mut *tx).await?.rows_affected();
            }
            tx.commit().await?;
            tokens
        });
        let mut participants = 0;
        for id in unused {
            participants += u64::from(self.erase_participant(id).await?);
        }
        Ok(Retired { tokens, participants, entries: self.forget_entries(since).await? })
    }

    /// Forgetting is a deed too, and the newest: beside it the database knows the others to be old, however quiet it was.
    async fn forget_entries(&self, since: KeptSince) -> Result<u64> {
        let old: i64 = on!(self, |pools, dialect| {
            let old = sqlx::query_scalar(OLD_ENTRIES.on(dialect)).bind(since.entries_ms).bind(STEP_ROWS);
            old.fetch_one(&pools.read).await?
        });
        if old == 0 {
            return Ok(0);
        }
        let deed = Deed::done(since.now_ms, &Who::service(), "audit forget", format!("{old} entries"));
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            let forget = sqlx::query(FORGET_ENTRIES.on(dialect)).bind(since.entries_ms).bind(STEP_ROWS);
            let forgotten = forget.execute(&mut *tx).await?.rows_affected();
            tx.commit().await?;
            Ok(forgotten)
        })
    }
}
