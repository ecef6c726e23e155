//! Drafts: what a route will become. A route without a draft shows its published state; the first change begins one on it.
//! Every change names the state it was made on, and a number never comes twice, so nobody overwrites what they have not seen.

use super::audit_log::{Deed, INSERT_DEEDS, Who};
use super::contents::{self, ContentKey, Row, Written};
use super::route_state::{Head, RouteState, STATE, StateRow, Version};
use super::sql::{Sql, on, statements};
use super::{Result, Store, json};
use crate::domain::route::Waypoint;
use serde::Serialize;
use std::collections::HashSet;

statements! {
    LOCK_ROUTE = Sql::pair("select 1 from study_routes where slug = $1", "select 1 from study_routes where slug = $1 for update");
    INSERT_ROUTE = Sql::both(
        "insert into study_routes (slug, revision, file_hash) values ($1, 0, '') on conflict (slug) do nothing",
    );
    NEXT_VERSION = Sql::both(
        "update study_routes set last_draft_version = last_draft_version + 1, preparing_content = null
         where route_key = $1 returning last_draft_version",
    );
    SAVE_DRAFT = Sql::both(
        "insert into drafts (route_key, content_key, base_revision, version, head, author, created_ms, updated_by, updated_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $6, $7)
         on conflict (route_key) do update set content_key = excluded.content_key, version = excluded.version,
           head = excluded.head, updated_by = excluded.updated_by, updated_ms = excluded.updated_ms",
    );
    DROP_DRAFT = Sql::both("delete from drafts where route_key = $1");
    DROP_SCHEDULE = Sql::both("delete from schedules where route_key = $1");
    // A state begins with the first deed that names it; scheduling or dropping it names it again.
    CHANGES = Sql::both(
        "select at_ms, who, action, subject from audit_log
         where route = $1 and outcome = 'done' and entry > coalesce(
           (select min(entry) from audit_log where route = $1 and outcome = 'done' and draft_version = $2), 0)
         order by entry desc limit 20",
    );
    CHANGES_SINCE_REVISION = Sql::both(
        "select at_ms, who, action, subject from audit_log
         where route = $1 and outcome = 'done' and entry > coalesce(
           (select min(entry) from audit_log where route = $1 and outcome = 'done' and revision = $2), 0)
         order by entry desc limit 20",
    );
}

/// One change of a draft.
#[derive(Debug)]
pub enum Edit<'a> {
    /// New title, summary and line.
    Head(&'a Head),
    /// A new waypoint, at a place from 0 or at the end.
    Add(&'a Waypoint, Option<usize>),
    /// Another content of a waypoint, and perhaps another place.
    Change(&'a Waypoint, Option<usize>),
    /// A waypoint less.
    Remove(&'a str),
    /// All waypoints in another order.
    Order(&'a [String]),
    /// All content anew: a filled set, and a head when that changes too.
    Adopt(ContentKey, Option<&'a Head>),
}

/// Why a change was not made. Nothing was kept.
#[derive(Debug)]
pub enum NotEdited {
    /// There is no such route.
    NoRoute,
    /// Somebody changed it meanwhile.
    Stale(Box<RouteState>),
    /// The draft is to be published at a time, so it stands still until then.
    Scheduled(i64),
    /// There is no such waypoint.
    NoWaypoint,
    /// There is one of that id already.
    WaypointExists,
    /// The list does not name every waypoint once.
    NotThisOrder,
}

/// What somebody else did meanwhile.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub struct Change {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// What.
    pub action: String,
    /// To which waypoint or revision.
    pub subject: String,
}

/// One statement's worth of a change.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    /// The places from one up to (not with) another move by so much.
    Shift(i64, i64, i64),
    /// A waypoint goes.
    Remove(&'a str),
    /// A waypoint's content at its place.
    Put(usize),
    /// All places anew.
    Order,
}

/// Works out the steps of a change among `count` waypoints, when the one it is about stands at `place`.
fn steps<'a>(edit: &Edit<'a>, count: i64, place: Option<i64>) -> std::result::Result<Vec<Step<'a>>, NotEdited> {
    let wanted = |at: usize, last: i64| i64::try_from(at).unwrap_or(last).min(last);
    let index = |place: i64| usize::try_from(place).unwrap_or_default();
    match (edit, place) {
        (Edit::Head(_) | Edit::Adopt(..), _) => Ok(Vec::new()),
        (Edit::Add(..), Some(_)) => Err(NotEdited::WaypointExists),
        (Edit::Change(..) | Edit::Remove(_), None) => Err(NotEdited::NoWaypoint),
        (Edit::Add(_, at), None) => {
            let to = at.map_or(count, |at| wanted(at, count));
            Ok(vec![Step::Shift(to, count, 1), Step::Put(index(to))])
        }
        (Edit::Change(_, at), Some(from)) => {
            let to = at.map_or(from, |at| wanted(at, count - 1));
            let shift = if to > from { Step::Shift(from + 1, to + 1, -1) } else { Step::Shift(to, from, 1) };
            Ok(vec![shift, Step::Put(index(to))])
        }
        (Edit::Remove(id), Some(from)) => Ok(vec![Step::Remove(id), Step::Shift(from + 1, count, -1)]),
        (Edit::Order(ids), _) => {
            let distinct: HashSet<&String> = ids.iter().collect();
            let whole = distinct.len() == ids.len() && i64::try_from(ids.len()).is_ok_and(|named| named == count);
            if whole { Ok(vec![Step::Order]) } else { Err(NotEdited::NotThisOrder) }
        }
    }
}

/// Takes the steps of a change in a transaction of either database.
macro_rules! apply {
    ($tx:ident, $dialect:ident, $content:ident, $edit:ident) => {{
        let count: i64 = sqlx::query_scalar(contents::COUNT.on($dialect)).bind($content).fetch_one(&mut *$tx).await?;
        let about = sqlx::query_scalar(contents::PLACE_OF.on($dialect)).bind($content).bind($edit.about());
        let place: Option<i64> = about.fetch_one(&mut *$tx).await?;
        let steps = match steps($edit, count, place.filter(|place| *place >= 0)) {
            Ok(steps) => steps,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for step in steps {
            match step {
                Step::Shift(from, to, by) => {
                    let hold = sqlx::query(contents::HOLD.on($dialect)).bind($content).bind(from).bind(to);
                    hold.execute(&mut *$tx).await?;
                    let query = sqlx::query(contents::SHIFT.on($dialect)).bind($content).bind(from).bind(to).bind(by);
                    query.execute(&mut *$tx).await?;
                }
                Step::Remove(id) => {
                    sqlx::query(contents::REMOVE.on($dialect)).bind($content).bind(id).execute(&mut *$tx).await?;
                }
                Step::Put(ordinal) => {
                    let Some(waypoint) = $edit.waypoint() else { continue };
                    let row = Row { ordinal, written: &Written::new(waypoint)? };
                    let query = sqlx::query(contents::PUT_WAYPOINTS.on($dialect)).bind($content);
                    query.bind(json(&[row])?).execute(&mut *$tx).await?;
                }
                Step::Order => {
                    let hold = sqlx::query(contents::HOLD.on($dialect)).bind($content).bind(0_i64).bind(count);
                    hold.execute(&mut *$tx).await?;
                    let query = sqlx::query(contents::REORDER.on($dialect)).bind($content).bind(json($edit.order())?);
                    let placed = query.execute(&mut *$tx).await?.rows_affected();
                    if i64::try_from(placed).ok() != Some(count) {
                        return Ok(Err(NotEdited::NotThisOrder));
                    }
                }
            }
        }
    }};
}

impl Edit<'_> {
    /// The waypoint that it is about; empty when it is about all.
    fn about(&self) -> &str {
        match self {
            Self::Add(waypoint, _) | Self::Change(waypoint, _) => &waypoint.id,
            Self::Remove(id) => id,
            Self::Head(_) | Self::Order(_) | Self::Adopt(..) => "",
        }
    }

    fn waypoint(&self) -> Option<&Waypoint> {
        match self {
            Self::Add(waypoint, _) | Self::Change(waypoint, _) => Some(waypoint),
            _ => None,
        }
    }

    fn order(&self) -> &[String] {
        if let Self::Order(ids) = self { ids } else { &[] }
    }

    fn head(&self) -> Option<&Head> {
        match self {
            Self::Head(head) => Some(head),
            Self::Adopt(_, head) => *head,
            _ => None,
        }
    }

    fn deed(&self, slug: &str, version: i64, who: &Who, now_ms: i64) -> Deed {
        let action = match self {
            Self::Head(_) => "change route",
            Self::Add(..) => "add waypoint",
            Self::Change(..) => "change waypoint",
            Self::Remove(_) => "remove waypoint",
            Self::Order(_) => "order waypoints",
            Self::Adopt(..) => "replace content",
        };
        let done = Deed::done(now_ms, who, action, self.about());
        Deed { route: Some(slug.into()), draft_version: Some(version), ..done }
    }
}

impl Store {
    /// Makes one change to a route's draft, which begins with it if there was none. `seen` is the state that it was made on.
    ///
    /// # Errors
    /// When the database does not take it; the inner one when the change cannot be made.
    pub async fn edit_draft(
        &self,
        slug: &str,
        seen: Option<Version>,
        edit: &Edit<'_>,
        who: &Who,
        now_ms: i64,
    ) -> Result<std::result::Result<RouteState, NotEdited>> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let begins = matches!(edit, Edit::Head(_) | Edit::Adopt(..));
            if begins {
                sqlx::query(INSERT_ROUTE.on(dialect)).bind(slug).execute(&mut *tx).await?;
            }
            sqlx::query(LOCK_ROUTE.on(dialect)).bind(slug).execute(&mut *tx).await?;
            let row: Option<StateRow> = sqlx::query_as(STATE.on(dialect)).bind(slug).fetch_optional(&mut *tx).await?;
            let state = match allowed(row.map(RouteState::try_from).transpose()?, seen) {
                Ok(state) => state,
                Err(refusal) => return Ok(Err(refusal)),
            };
            // Its only draft was dropped: it is there again when somebody gives it a head.
            if !begins && state.version() == Version::Nothing {
                return Ok(Err(NotEdited::NoRoute));
            }
            let (content, base_revision) = match (&state.draft, edit) {
                (_, Edit::Adopt(content, _)) => (content.0, state.revision),
                (Some(draft), _) => (draft.content.0, draft.base_revision),
                (None, _) => {
                    let begun = sqlx::query_scalar(contents::BEGIN_ON_REVISION.on(dialect)).bind(now_ms);
                    let content: i64 = begun.bind(state.key).bind(state.revision).fetch_one(&mut *tx).await?;
                    (content, state.revision)
                }
            };
            apply!(tx, dialect, content, edit);
            if let (Some(draft), Edit::Adopt(..)) = (&state.draft, edit) {
                let given_up = sqlx::query(contents::DROP_CONTENT.on(dialect)).bind(draft.content.0);
                given_up.execute(&mut *tx).await?;
            }
            let version: i64 = sqlx::query_scalar(NEXT_VERSION.on(dialect)).bind(state.key).fetch_one(&mut *tx).await?;
            let head = json(edit.head().unwrap_or_else(|| state.next_head()))?;
            let save = sqlx::query(SAVE_DRAFT.on(dialect)).bind(state.key).bind(content).bind(base_revision);
            save.bind(version).bind(head).bind(&who.name).bind(now_ms).execute(&mut *tx).await?;
            let deed = edit.deed(slug, version, who, now_ms);
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            // Read before anybody else can change it: who made this state must not be told of a later one as theirs.
            let row: StateRow = sqlx::query_as(STATE.on(dialect)).bind(slug).fetch_one(&mut *tx).await?;
            let state = RouteState::try_from(row)?;
            tx.commit().await?;
            Ok(Ok(state))
        })
    }

    /// Drops a draft: the route's next change begins from what is published.
    ///
    /// # Errors
    /// When the database does not take it; the inner one when there is nothing to drop or somebody changed it meanwhile.
    pub async fn drop_draft(
        &self,
        slug: &str,
        seen: Option<Version>,
        who: &Who,
        now_ms: i64,
    ) -> Result<std::result::Result<(), NotEdited>> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            sqlx::query(LOCK_ROUTE.on(dialect)).bind(slug).execute(&mut *tx).await?;
            let row: Option<StateRow> = sqlx::query_as(STATE.on(dialect)).bind(slug).fetch_optional(&mut *tx).await?;
            let state = match allowed(row.map(RouteState::try_from).transpose()?, seen) {
                Ok(state) => state,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let Some(draft) = &state.draft else { return Ok(Err(NotEdited::NoRoute)) };
            sqlx::query(contents::DROP_CONTENT.on(dialect)).bind(draft.content.0).execute(&mut *tx).await?;
            sqlx::query(DROP_DRAFT.on(dialect)).bind(state.key).execute(&mut *tx).await?;
            // one that failed; any other makes the draft stand still
            sqlx::query(DROP_SCHEDULE.on(dialect)).bind(state.key).execute(&mut *tx).await?;
            let deed = Deed {
                route: Some(slug.into()),
                draft_version: Some(draft.version),
                ..Deed::done(now_ms, who, "drop draft", "")
            };
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Ok(()))
        })
    }

    /// What happened to a route since somebody saw it, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn changes_since(&self, slug: &str, seen: Version) -> Result<Vec<Change>> {
        let (statement, number) = match seen {
            Version::Draft(version) => (CHANGES, version),
            Version::Published(revision) => (CHANGES_SINCE_REVISION, revision),
            Version::Nothing => (CHANGES_SINCE_REVISION, 0),
        };
        on!(self, |pools, dialect| {
            let query = sqlx::query_as(statement.on(dialect)).bind(slug).bind(number);
            Ok(query.fetch_all(&pools.read).await?)
        })
    }
}

/// Whether a change made on `seen` may be made now.
fn allowed(state: Option<RouteState>, seen: Option<Version>) -> std::result::Result<RouteState, NotEdited> {
    let Some(state) = state else { return Err(NotEdited::NoRoute) };
    if seen.is_some_and(|seen| seen != state.version()) {
        return Err(NotEdited::Stale(Box::new(state)));
    }
    match &state.schedule {
        Some(schedule) if schedule.failure.is_none() => Err(NotEdited::Scheduled(schedule.at_ms)),
        _ => Ok(state),
    }
}
