//! What a draft changes of what is published, and what is published around that: enough to judge a publication without reading all
//! of a long route.

use super::contents;
use super::overlay;
use super::route_state::{RouteState, is_published};
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use crate::domain::geodesy::LatLon;
use crate::domain::lint::cells::{self, Level};
use crate::domain::lint::{OtherKeys, Spot};
use crate::domain::route::{Text, Waypoint};
use crate::domain::zone::Zone;
use serde::Deserialize;

/// Cells that one statement looks into.
const CELLS_TOGETHER: usize = 5_000;
/// Stops with one key that are worth counting.
const KEYS_COUNTED_MAX: i64 = 10;

statements! {
    CHANGED_LEN = Sql::both(
        "select count(*) from (select 1 from draft_waypoints where content_key = $1 limit $2) some_changes",
    );
    CHANGED = Sql::both(
        "select d.slug, d.ordinal, coalesce(x.document, d.document) as document, v.ordinal as ordinal_before,
                v.document as document_before
         from draft_waypoints d
         left join waypoints w on w.route_key = $2 and w.slug = d.slug
         left join waypoint_versions x on x.waypoint_key = w.waypoint_key and x.first_revision = d.first_revision
         left join waypoint_versions v on v.waypoint_key = w.waypoint_key and v.first_revision <= $3
           and (v.last_revision is null or v.last_revision >= $3)
         where d.content_key = $1 and d.slug > $4 and case when v.ordinal is null then d.ordinal >= 0
           else d.ordinal <> v.ordinal or d.content_hash <> v.content_hash end
         order by d.slug limit $5",
    );
    WITHOUT_CELL = Sql::both(
        "select count(*) from (
           select 1 from waypoint_versions where route_key = $1 and last_revision is null and spot is null limit 1) one",
    );
    NEXT_CELL = Sql::both(
        "select min(spot) from waypoint_versions where route_key = $1 and last_revision is null and spot >= $2",
    );
    IN_CELLS = Sql::pair(
        "select ordinal, document from waypoint_versions
         where route_key = $1 and last_revision is null and spot in (select value from json_each($2))",
        "select ordinal, document from waypoint_versions
         where route_key = $1 and last_revision is null
           and spot in (select value::bigint from jsonb_array_elements_text($2::jsonb) value)",
    );
    // A key between two others is below the upper one or above the lower one, however the database orders texts.
    OTHER_KEY = Sql::both(
        "select v.answer_key from waypoint_versions v join waypoints w on w.waypoint_key = v.waypoint_key
         where v.route_key = $1 and v.last_revision is null and v.answer_key is not null
           and (v.answer_key < $3 or v.answer_key > $3)
           and not exists (select 1 from draft_waypoints d where d.content_key = $2 and d.slug = w.slug)
         limit 1",
    );
    KEY_COUNT = Sql::both(
        "select count(*) from (
           select 1 from waypoint_versions v join waypoints w on w.waypoint_key = v.waypoint_key
           where v.route_key = $1 and v.last_revision is null and v.answer_key = $3
             and not exists (select 1 from draft_waypoints d where d.content_key = $2 and d.slug = w.slug)
           limit $4) some_stops",
    );
}

/// A stop that differs: its name, and what it is and was, numbered by its places.
pub type Changed = (String, Option<Waypoint>, Option<Waypoint>);
type ChangedRow = (String, i64, String, Option<i64>, Option<String>);

/// What can be said of a waypoint without its texts.
#[derive(Deserialize)]
pub struct Glance {
    /// Its id.
    pub id: Box<str>,
    /// Where it is.
    pub position: LatLon,
    body: GlanceBody,
}

#[derive(Deserialize)]
struct GlanceBody {
    #[serde(default)]
    title: Text,
    #[serde(default)]
    zone: Zone,
    #[serde(default)]
    questions: Vec<GlanceQuestion>,
}

#[derive(Deserialize)]
struct GlanceQuestion {
    #[serde(default)]
    key: String,
}

impl Glance {
    /// Of a document.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(document: &str) -> Result<Self> {
        serde_json::from_str(document).map_err(|_| StoreError::Corrupt { table: "waypoints" })
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self) -> &Text {
        &self.body.title
    }

    /// The spot at a place, and the keys of its questions.
    #[must_use]
    pub fn into_spot(self, place: usize) -> (Spot, Vec<String>) {
        let keys = self.body.questions.into_iter().map(|question| question.key).collect();
        (Spot { place, id: self.id, position: self.position, zone: self.body.zone }, keys)
    }
}

impl Store {
    /// Puts a draft on the last revision, so that its own rows say how it differs. What it has stays as it is.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn put_draft_on_last(&self, state: &RouteState) -> Result<()> {
        let Some(draft) = &state.draft else { return Ok(()) };
        let (content, route_key, revision) = (draft.content.0, state.key, state.revision);
        on!(self, |pools, dialect| {
            let base: Option<(Option<i64>, Option<i64>)> =
                sqlx::query_as(overlay::BASE.on(dialect)).bind(content).fetch_optional(&pools.read).await?;
            if base.is_none_or(|base| base == (Some(route_key), Some(revision))) {
                return Ok(());
            }
            let mut tx = pools.write.begin().await?;
            sqlx::query(super::drafts::LOCK_ROUTE.on(dialect)).bind(&state.slug).execute(&mut *tx).await?;
            overlay::put_on!(tx, dialect, content, route_key, revision);
            tx.commit().await?;
            Ok(())
        })
    }

    /// How many rows a draft on the last revision has, up to `most`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn changed_len(&self, state: &RouteState, most: usize) -> Result<usize> {
        let Some(draft) = &state.draft else { return Ok(0) };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let count: i64 = on!(self, |pools, dialect| {
            let count = sqlx::query_scalar(CHANGED_LEN.on(dialect)).bind(draft.content.0).bind(most);
            count.fetch_one(&pools.read).await?
        });
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// The stops of a draft on the last revision that differ from what is published, after a name, in the order of their names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn changed_page(&self, state: &RouteState, after: &str, limit: i64) -> Result<Vec<Changed>> {
        let Some(draft) = &state.draft else { return Ok(Vec::new()) };
        let rows: Vec<ChangedRow> = on!(self, |pools, dialect| {
            let query = sqlx::query_as(CHANGED.on(dialect)).bind(draft.content.0).bind(state.key);
            query.bind(state.revision).bind(after).bind(limit).fetch_all(&pools.read).await?
        });
        rows.into_iter().map(changed).collect()
    }

    /// The levels of the cells in which published zones of a route lie; `None` when that is not known of all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn levels(&self, state: &RouteState) -> Result<Option<Vec<Level>>> {
        if !is_published(state) {
            return Ok(Some(Vec::new()));
        }
        on!(self, |pools, dialect| {
            let unknown = sqlx::query_scalar(WITHOUT_CELL.on(dialect)).bind(state.key);
            let unknown: i64 = unknown.fetch_one(&pools.read).await?;
            if unknown > 0 {
                return Ok(None);
            }
            let (mut found, mut from) = (Vec::new(), 0);
            loop {
                let next = sqlx::query_scalar(NEXT_CELL.on(dialect)).bind(state.key).bind(from);
                let next: Option<i64> = next.fetch_one(&pools.read).await?;
                let level = next.and_then(|cell| cells::levels().find(|level| cells::numbers_of(*level).1 >= cell));
                let Some(level) = level else { return Ok(Some(found)) };
                found.push(level);
                from = cells::numbers_of(level).1 + 1;
            }
        })
    }

    /// The published waypoints whose zones lie in these cells; `None` when they are more than `most`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn in_cells(&self, state: &RouteState, cells: &[i64], most: usize) -> Result<Option<Vec<Waypoint>>> {
        let mut found = Vec::new();
        let cells = if is_published(state) { cells } else { &[] };
        for chunk in cells.chunks(CELLS_TOGETHER) {
            let rows: Vec<(i64, String)> = on!(self, |pools, dialect| {
                let query = sqlx::query_as(IN_CELLS.on(dialect)).bind(state.key).bind(json(chunk)?);
                query.fetch_all(&pools.read).await?
            });
            found.extend(rows);
            if found.len() > most {
                return Ok(None);
            }
        }
        found.into_iter().map(contents::waypoint).collect::<Result<_>>().map(Some)
    }

    /// What the questions of the published stops say together that a draft on the last revision leaves as they are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn other_keys(&self, state: &RouteState) -> Result<OtherKeys> {
        if !is_published(state) {
            return Ok(OtherKeys::None);
        }
        let content = state.draft.as_ref().map_or(0, |draft| draft.content.0);
        on!(self, |pools, dialect| {
            let other = |known: &str| {
                sqlx::query_scalar(OTHER_KEY.on(dialect)).bind(state.key).bind(content).bind(known.to_string())
            };
            // An empty one stands for several, and no key of one question is as short.
            let several = sqlx::query_scalar(KEY_COUNT.on(dialect)).bind(state.key).bind(content).bind("").bind(1_i64);
            let several: i64 = several.fetch_one(&pools.read).await?;
            let one: Option<String> = other("").fetch_optional(&pools.read).await?;
            let Some(one) = one else { return Ok(if several > 0 { OtherKeys::Several } else { OtherKeys::None }) };
            let another: Option<String> = other(&one).fetch_optional(&pools.read).await?;
            if several > 0 || another.is_some() {
                return Ok(OtherKeys::Several);
            }
            let count = sqlx::query_scalar(KEY_COUNT.on(dialect)).bind(state.key).bind(content).bind(&one);
            let count: i64 = count.bind(KEYS_COUNTED_MAX).fetch_one(&pools.read).await?;
            Ok(OtherKeys::One(one.trim_start_matches('=').into(), usize::try_from(count).unwrap_or_default()))
        })
    }

    /// Places and documents of what is published, from a place on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn published_documents(&self, state: &RouteState, from: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        if !is_published(state) {
            return Ok(Vec::new());
        }
        self.revision_documents(state.key, state.revision, from, limit).await
    }
}

fn changed((slug, ordinal, document, ordinal_before, document_before): ChangedRow) -> Result<Changed> {
    let before = ordinal_before.zip(document_before).map(contents::waypoint).transpose()?;
    let now = (ordinal >= 0).then_some((ordinal, document)).map(contents::waypoint).transpose()?;
    Ok((slug, before, now))
}
