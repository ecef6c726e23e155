//! Publications to come: a draft that stands still until its time.

use super::audit_log::{Deed, INSERT_DEEDS, Who};
use super::drafts::{DROP_SCHEDULE, LOCK_ROUTE, NotEdited};
use super::route_state::{RouteState, STATE, Schedule, StateRow, Version};
use super::sql::{Sql, on, statements};
use super::{Result, Store, json};
use crate::domain::time;

statements! {
    SAVE_SCHEDULE = Sql::both(
        "insert into schedules (route_key, at_ms, draft_version, note, acknowledged, author, author_key, failure)
         values ($1, $2, $3, $4, $5, $6, $7, null)
         on conflict (route_key) do update set at_ms = excluded.at_ms, draft_version = excluded.draft_version,
           note = excluded.note, acknowledged = excluded.acknowledged, author = excluded.author,
           author_key = excluded.author_key, failure = null",
    );
    FAIL_SCHEDULE = Sql::both(
        "update schedules set failure = $2 where at_ms <= $3
           and route_key = (select route_key from study_routes where slug = $1)",
    );
    DUE = Sql::both(
        "select r.slug from schedules s join study_routes r on r.route_key = s.route_key
         where s.at_ms <= $1 and s.failure is null order by s.at_ms, r.slug",
    );
}

/// When, why, and which warnings are known.
#[derive(Debug)]
pub struct NewSchedule {
    /// When to publish.
    pub at_ms: i64,
    /// Why.
    pub note: String,
    /// Names of the lint rules whose warnings were acknowledged.
    pub acknowledged: Vec<String>,
}

impl Store {
    /// Sets the time at which a draft is to be published, or with `None` takes it back. The draft stands still until then.
    ///
    /// # Errors
    /// When the database does not take it; the inner one when there is no draft or somebody changed it meanwhile.
    pub async fn schedule(
        &self,
        slug: &str,
        seen: Option<Version>,
        new: Option<&NewSchedule>,
        who: &Who,
        now_ms: i64,
    ) -> Result<std::result::Result<(), NotEdited>> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            sqlx::query(LOCK_ROUTE.on(dialect)).bind(slug).execute(&mut *tx).await?;
            let row: Option<StateRow> = sqlx::query_as(STATE.on(dialect)).bind(slug).fetch_optional(&mut *tx).await?;
            let Some(state) = row.map(RouteState::try_from).transpose()? else { return Ok(Err(NotEdited::NoRoute)) };
            if seen.is_some_and(|seen| seen != state.version()) {
                return Ok(Err(NotEdited::Stale(Box::new(state))));
            }
            let (Some(draft), true) = (&state.draft, new.is_some() || state.schedule.is_some()) else {
                return Ok(Err(NotEdited::NoRoute));
            };
            if let Some(new) = new {
                let save = sqlx::query(SAVE_SCHEDULE.on(dialect)).bind(state.key).bind(new.at_ms);
                let save = save.bind(draft.version).bind(&new.note).bind(json(&new.acknowledged)?);
                save.bind(&who.name).bind(who.key_id).execute(&mut *tx).await?;
            } else {
                sqlx::query(DROP_SCHEDULE.on(dialect)).bind(state.key).execute(&mut *tx).await?;
            }
            let action = if new.is_some() { "schedule" } else { "cancel schedule" };
            let done = Deed::done(now_ms, who, action, new.map_or_else(String::new, |new| time::rfc3339(new.at_ms)));
            let deed = Deed { route: Some(slug.into()), draft_version: Some(draft.version), ..done };
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Ok(()))
        })
    }

    /// The routes whose time has come.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due_schedules(&self, now_ms: i64) -> Result<Vec<String>> {
        on!(self, |pools, dialect| {
            Ok(sqlx::query_scalar(DUE.on(dialect)).bind(now_ms).fetch_all(&pools.read).await?)
        })
    }

    /// Keeps why a draft could not be published when its time came, and lets it be changed again.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn fail_schedule(
        &self,
        slug: &str,
        why: &str,
        outcome: &str,
        schedule: &Schedule,
        now_ms: i64,
    ) -> Result<()> {
        let done = Deed::done(now_ms, &schedule.who, "publish as scheduled", "");
        let deed = Deed { route: Some(slug.into()), outcome: outcome.into(), detail: why.into(), ..done };
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let fail = sqlx::query(FAIL_SCHEDULE.on(dialect)).bind(slug).bind(why).bind(now_ms);
            // Another node may have published it meanwhile; then nothing has failed.
            if fail.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(());
            }
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(())
        })
    }
}
