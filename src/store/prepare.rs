//! The first publication of a long route: its waypoints are written beforehand, in short transactions, as versions of a revision that
//! is not there yet, so that nobody sees them and check-ins do not wait; the publication itself then only says that it is.
//!
//! Whoever writes has claimed the route for its set, and looks in every transaction whether it still has: a change of the draft, or
//! somebody else's claim, ends that, and what was written is taken away before it is written anew.

use super::contents::ContentKey;
use super::drafts::{INSERT_ROUTE, LOCK_ROUTE};
use super::overlay;
use super::route_state::{RouteState, STATE, StateRow};
use super::routes::{INSERT_VERSIONS, INSERT_WAYPOINTS, Release};
use super::sql::{Sql, on, statements};
use super::{Result, Store};

/// Fewer waypoints are written by the publication itself.
const PREPARED_MIN: usize = 2_000;
/// Waypoints that are written in one transaction: some tens of milliseconds of the writer.
const STEP_ROWS: i64 = 1_000;
/// The revision that they will be of.
const FIRST: i64 = 1;

statements! {
    CLAIM = Sql::both("update study_routes set preparing_content = $2 where route_key = $1 and revision = 0");
    // Locks the route too.
    HOLD_CLAIM = Sql::both(
        "update study_routes set preparing_content = $2 where route_key = $1 and preparing_content = $2 and revision = 0",
    );
    DELETE_PREPARED = Sql::both(
        "delete from waypoint_versions where waypoint_key in (
           select waypoint_key from waypoint_versions where route_key = $1 limit $2)",
    );
    SWEEP_PREPARED = Sql::both(
        "delete from waypoint_versions where waypoint_key in (
           select v.waypoint_key from study_routes r join waypoint_versions v on v.route_key = r.route_key
           where r.revision = 0 and not exists (select 1 from contents c where c.content_key = r.preparing_content)
           limit $1)",
    );
}

/// Whether what was prepared is the set that is published, in a transaction of either database. If not, nothing stays of it.
macro_rules! is_whole {
    ($tx:ident, $dialect:ident, $state:ident, $content:ident, $prepared:ident) => {{
        use $crate::store::prepare::{DELETE_PREPARED, HOLD_CLAIM};
        let hold = sqlx::query(HOLD_CLAIM.on($dialect)).bind($state.key).bind($content);
        let whole = hold.execute(&mut *$tx).await?.rows_affected() > 0 && $prepared == Some($content);
        if $state.revision == 0 && !whole {
            sqlx::query(DELETE_PREPARED.on($dialect)).bind($state.key).bind(i64::MAX).execute(&mut *$tx).await?;
        }
        whole
    }};
}

pub(super) use is_whole;

impl Store {
    /// Writes the waypoints of a route's first publication beforehand, if they are many; [`Store::release`] begins with it. Gives the
    /// number of the set when all of it is written.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn prepare(&self, slug: &str, release: &Release<'_>) -> Result<Option<i64>> {
        let state = self.route_state(slug).await?;
        let content = match (release, state.as_ref().and_then(|state| state.draft.as_ref())) {
            (Release::File(content, ..), _) => *content,
            (Release::Draft(..), Some(draft)) => draft.content,
            _ => return Ok(None),
        };
        let many = self.content_len(content).await? >= PREPARED_MIN;
        if !many || state.is_some_and(|state| state.revision > 0) {
            return Ok(None);
        }
        let Some((state, content)) = self.claim(slug, release).await? else { return Ok(None) };
        while self.prepare_step(&state, content, None).await?.is_some_and(|rows| rows > 0) {}
        let count = i64::try_from(self.content_len(ContentKey(content)).await?).unwrap_or(i64::MAX);
        let mut place = 0;
        while place < count {
            if self.prepare_step(&state, content, Some(place)).await?.is_none() {
                return Ok(None);
            }
            place += STEP_ROWS;
        }
        Ok(Some(content))
    }

    /// Claims a route that was never published for the many waypoints of a set.
    async fn claim(&self, slug: &str, release: &Release<'_>) -> Result<Option<(RouteState, i64)>> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            if let Release::File(..) = release {
                sqlx::query(INSERT_ROUTE.on(dialect)).bind(slug).execute(&mut *tx).await?;
            }
            sqlx::query(LOCK_ROUTE.on(dialect)).bind(slug).execute(&mut *tx).await?;
            let row: Option<StateRow> = sqlx::query_as(STATE.on(dialect)).bind(slug).fetch_optional(&mut *tx).await?;
            let state = row.map(RouteState::try_from).transpose()?.filter(|state| state.revision == 0);
            let content = match (release, &state) {
                (Release::File(content, ..), Some(_)) => content.0,
                (Release::Draft(seen, _), Some(state)) if *seen == state.version() => {
                    state.draft.as_ref().map_or(0, |draft| draft.content.0)
                }
                _ => return Ok(None),
            };
            let Some(state) = state else { return Ok(None) };
            overlay::put_on!(tx, dialect, content, state.key, 0_i64);
            sqlx::query(CLAIM.on(dialect)).bind(state.key).bind(content).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Some((state, content)))
        })
    }

    /// One short transaction: takes away what was prepared before, or writes the waypoints from a place on. `None` when the
    /// claim is lost.
    async fn prepare_step(&self, state: &RouteState, content: i64, place: Option<i64>) -> Result<Option<u64>> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let hold = sqlx::query(HOLD_CLAIM.on(dialect)).bind(state.key).bind(content);
            if hold.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(None);
            }
            let done = if let Some(place) = place {
                let add = sqlx::query(INSERT_WAYPOINTS.on(dialect)).bind(state.key).bind(content);
                add.bind(place).bind(place + STEP_ROWS).execute(&mut *tx).await?;
                let insert = sqlx::query(INSERT_VERSIONS.on(dialect)).bind(state.key).bind(content).bind(FIRST);
                insert.bind(place).bind(place + STEP_ROWS).execute(&mut *tx).await?
            } else {
                let delete = sqlx::query(DELETE_PREPARED.on(dialect)).bind(state.key).bind(STEP_ROWS);
                delete.execute(&mut *tx).await?
            };
            tx.commit().await?;
            Ok(Some(done.rows_affected()))
        })
    }
}
