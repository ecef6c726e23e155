//! The audit log: who did what to study routes and keys, and who tried to. A change writes its deed in its own transaction, with
//! [`INSERT_DEEDS`]; what was refused is noted by itself. Refuses to change or remove an entry: so does the database.

use super::keys::Role;
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use serde::Serialize;
use uuid::Uuid;

statements! {
    // A JSON array of deeds, so that every transaction can run it with one parameter.
    INSERT_DEEDS = Sql::pair(
        "insert into audit_log (at_ms, key_id, who, role, action, route, subject, revision, draft_version, outcome, detail,
                request_id)
         select value ->> 'at_ms', unhex(value ->> 'key_id', '-'), value ->> 'name', value ->> 'role', value ->> 'action',
                value ->> 'route', value ->> 'subject', value ->> 'revision', value ->> 'draft_version',
                value ->> 'outcome', value ->> 'detail', value ->> 'request_id'
         from json_each($1)",
        "insert into audit_log (at_ms, key_id, who, role, action, route, subject, revision, draft_version, outcome, detail,
                request_id)
         select at_ms, key_id, name, role, action, route, subject, revision, draft_version, outcome, detail, request_id
         from jsonb_to_recordset($1::jsonb) as x(at_ms bigint, key_id uuid, name text, role text, action text, route text,
              subject text, revision bigint, draft_version bigint, outcome text, detail text, request_id text)",
    );
    DEEDS = Sql::both(
        "select entry, at_ms, key_id, who, role, action, route, subject, revision, draft_version, outcome, detail, request_id
         from audit_log
         where entry < $1 and at_ms >= $2 and at_ms < $3 and (cast($4 as text) is null or who = $4)
               and (cast($5 as text) is null or outcome = $5)
         order by entry desc limit $6",
    );
    // The same by itself, so that it walks the index.
    DEEDS_OF_ROUTE = Sql::both(
        "select entry, at_ms, key_id, who, role, action, route, subject, revision, draft_version, outcome, detail, request_id
         from audit_log
         where entry < $1 and at_ms >= $2 and at_ms < $3 and (cast($4 as text) is null or who = $4)
               and (cast($5 as text) is null or outcome = $5) and route = $7
         order by entry desc limit $6",
    );
}

/// The outcome of a deed that was done; any other is the code of a problem.
pub const DONE: &str = "done";

/// Who does something, as the audit log names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Who {
    /// The key that was shown; none at the command line.
    pub key_id: Option<Uuid>,
    /// The name of the key's holder, or "command line".
    pub name: String,
    /// What the holder may do.
    pub role: Option<Role>,
    /// The request, as the access log names it; empty at the command line.
    pub request_id: String,
}

impl Who {
    /// The program by itself.
    #[must_use]
    pub fn service() -> Self {
        Self { name: "studyroute".into(), ..Self::command_line() }
    }

    /// Whoever can run the program beside the database.
    #[must_use]
    pub fn command_line() -> Self {
        Self { key_id: None, name: "command line".into(), role: None, request_id: String::new() }
    }
}

/// One thing that was done, or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// When.
    pub at_ms: i64,
    /// By whom.
    #[serde(flatten)]
    pub who: Who,
    /// What, such as "publish"; for a refused request its method and template.
    pub action: String,
    /// On which study route, by its slug.
    pub route: Option<String>,
    /// To what: a waypoint, a key's id, a file.
    pub subject: String,
    /// The revision that came of it.
    pub revision: Option<i64>,
    /// The version of the draft that came of it.
    pub draft_version: Option<i64>,
    /// [`DONE`], or the code of the problem it was refused with.
    pub outcome: String,
    /// What else a reader should know, in a few words.
    pub detail: String,
}

impl Deed {
    /// Something that was done; what more there is to say is set beside it.
    #[must_use]
    pub fn done(at_ms: i64, who: &Who, action: &str, subject: impl Into<String>) -> Self {
        Self {
            at_ms,
            who: who.clone(),
            action: action.into(),
            route: None,
            subject: subject.into(),
            revision: None,
            draft_version: None,
            outcome: DONE.into(),
            detail: String::new(),
        }
    }
}

/// A deed with its number in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDeed {
    /// Its number; later deeds have greater ones.
    pub entry: i64,
    /// The deed.
    pub deed: Deed,
}

/// Which deeds to read. The default is all of them.
#[derive(Clone, Debug, Default)]
pub struct DeedFilter {
    /// On this study route.
    pub route: Option<String>,
    /// By the holder of this name.
    pub who: Option<String>,
    /// At this instant or later.
    pub since_ms: Option<i64>,
    /// Before this instant.
    pub until_ms: Option<i64>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// Older than this entry, the last of the page before.
    pub after: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    entry: i64,
    at_ms: i64,
    key_id: Option<Uuid>,
    who: String,
    role: Option<String>,
    action: String,
    route: Option<String>,
    subject: String,
    revision: Option<i64>,
    draft_version: Option<i64>,
    outcome: String,
    detail: String,
    request_id: String,
}

impl TryFrom<Row> for StoredDeed {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let role = row.role.map(|role| role.parse()).transpose();
        let role = role.map_err(|_| StoreError::Corrupt { table: "audit_log" })?;
        let deed = Deed {
            at_ms: row.at_ms,
            who: Who { key_id: row.key_id, name: row.who, role, request_id: row.request_id },
            action: row.action,
            route: row.route,
            subject: row.subject,
            revision: row.revision,
            draft_version: row.draft_version,
            outcome: row.outcome,
            detail: row.detail,
        };
        Ok(Self { entry: row.entry, deed })
    }
}

impl Store {
    /// Notes a deed that changed nothing, such as a refused one.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn note_deed(&self, deed: &Deed) -> Result<()> {
        on!(self, |pools, dialect| {
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&pools.write).await?;
            Ok(())
        })
    }

    /// A page of deeds, newest first. The next page follows its last entry.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deeds(&self, filter: &DeedFilter, limit: usize) -> Result<Vec<StoredDeed>> {
        let rows: Vec<Row> = on!(self, |pools, dialect| {
            let statement = if filter.route.is_some() { DEEDS_OF_ROUTE } else { DEEDS };
            let query = sqlx::query_as(statement.on(dialect))
                .bind(filter.after.unwrap_or(i64::MAX))
                .bind(filter.since_ms.unwrap_or(i64::MIN))
                .bind(filter.until_ms.unwrap_or(i64::MAX))
                .bind(&filter.who)
                .bind(&filter.outcome)
                .bind(i64::try_from(limit).unwrap_or(i64::MAX));
            let query = match &filter.route {
                Some(route) => query.bind(route),
                None => query,
            };
            query.fetch_all(&pools.read).await?
        });
        rows.into_iter().map(StoredDeed::try_from).collect()
    }
}
