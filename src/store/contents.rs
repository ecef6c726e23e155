//! Sets of waypoints: what a draft holds, what an import is writing. A set stands by itself, or on a revision of its route: then
//! it has what that revision had, but for the rows of its own, so that a change costs what it changes and not what the route weighs.
//! A set is filled in short transactions, so that a large file does not keep check-ins waiting, and belongs to nobody until a draft
//! or a publication takes it in one.

use super::prepare;
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use crate::domain::lint;
use crate::domain::route::{StudyRoute, Waypoint};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Waypoints written in one transaction: some tens of milliseconds of the writer.
pub(super) const CHUNK_ROWS: usize = 500;
const CHUNK_STEP: i64 = 500;
/// A set that belongs to nobody and is older than this was left behind by an import that was cut off.
const ABANDONED_MS: i64 = 24 * 3_600_000;
/// Rows that one sweep takes away in one transaction.
const SWEEP_ROWS: i64 = 2_000;

statements! {
    /// A new, empty set that stands by itself.
    BEGIN_CONTENT = Sql::both("insert into contents (created_ms) values ($1) returning content_key");
    /// A new set with what one revision of a route had.
    BEGIN_ON_REVISION = Sql::both(
        "insert into contents (created_ms, route_key, base_revision) values ($1, $2, $3) returning content_key",
    );
    BEGIN_BESIDE = Sql::both(
        "insert into contents (created_ms, route_key, base_revision)
         select $1, route_key, base_revision from contents where content_key = $2 returning content_key",
    );
    PUT_WAYPOINTS = Sql::pair(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document, spot, answer_key)
         select $1, value ->> 'slug', value ->> 'ordinal', value ->> 'content_hash', value ->> 'document', value ->> 'spot',
                value ->> 'answer_key'
         from json_each($2) where true
         on conflict (content_key, slug) do update
         set ordinal = excluded.ordinal, content_hash = excluded.content_hash, document = excluded.document,
             spot = excluded.spot, answer_key = excluded.answer_key, first_revision = null",
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document, spot, answer_key)
         select $1, x.slug, x.ordinal, x.content_hash, x.document, x.spot, x.answer_key
         from jsonb_to_recordset($2::jsonb)
           as x(slug text, ordinal bigint, content_hash text, document text, spot bigint, answer_key text)
         on conflict (content_key, slug) do update
         set ordinal = excluded.ordinal, content_hash = excluded.content_hash, document = excluded.document,
             spot = excluded.spot, answer_key = excluded.answer_key, first_revision = null",
    );
    /// Gives rows of its own to what a set has of its base at these places: they name the base's versions and say nothing else yet.
    HOLD = Sql::both(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document, first_revision, spot, answer_key)
         select c.content_key, w.slug, v.ordinal, v.content_hash, '', v.first_revision, v.spot, v.answer_key
         from contents c join waypoint_versions v on v.route_key = c.route_key
         join waypoints w on w.waypoint_key = v.waypoint_key
         where c.content_key = $1 and v.ordinal >= $2 and v.ordinal < $3
           and +v.first_revision <= c.base_revision
           and (v.last_revision is null or v.last_revision >= c.base_revision)
           and not exists (select 1 from draft_waypoints d where d.content_key = $1 and d.slug = w.slug)",
    );
    LAST_OF_PART = Sql::both(
        "select max(slug) from (
           select slug from draft_waypoints where content_key = $1 and slug > $2 order by slug limit $3) part",
    );
    // What the other set has already stays.
    COPY_CONTENT_PART = Sql::both(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document, first_revision, spot, answer_key)
         select $1, slug, ordinal, content_hash, document, first_revision, spot, answer_key from draft_waypoints
         where content_key = $2 and slug > $3 and slug <= $4
         on conflict (content_key, slug) do nothing",
    );
    // Places have no gaps, so that so many places are so many waypoints.
    PAGE = Sql::both(
        "select d.ordinal, coalesce(v.document, d.document) as document
         from contents c join draft_waypoints d on d.content_key = c.content_key
         left join waypoints w on d.first_revision is not null and w.route_key = c.route_key and w.slug = d.slug
         left join waypoint_versions v on v.waypoint_key = w.waypoint_key and v.first_revision = d.first_revision
         where c.content_key = $1 and d.ordinal >= $2 and d.ordinal < $3
         union all
         select v.ordinal, v.document
         from contents c join waypoint_versions v on v.route_key = c.route_key
         join waypoints w on w.waypoint_key = v.waypoint_key
         where c.content_key = $1 and v.ordinal >= $2 and v.ordinal < $3
           and +v.first_revision <= c.base_revision
           and (v.last_revision is null or v.last_revision >= c.base_revision)
           and not exists (select 1 from draft_waypoints d where d.content_key = $1 and d.slug = w.slug)
         order by 1",
    );
    /// How many waypoints: one more than the last place.
    COUNT = Sql::both(
        "select coalesce(max(ordinal), -1) + 1 from (
           select max(d.ordinal) ordinal from contents c join draft_waypoints d on d.content_key = c.content_key
           where c.content_key = $1
           union all
           select ordinal from (
             select v.ordinal from contents c join waypoint_versions v on v.route_key = c.route_key
             join waypoints w on w.waypoint_key = v.waypoint_key
             where c.content_key = $1 and +v.first_revision <= c.base_revision
               and (v.last_revision is null or v.last_revision >= c.base_revision)
               and not exists (select 1 from draft_waypoints d where d.content_key = $1 and d.slug = w.slug)
             order by v.ordinal desc limit 1) last_of_base) last_places",
    );
    BY_SLUG = Sql::pair(
        "select d.ordinal, coalesce(v.document, d.document) as document
         from contents c join draft_waypoints d on d.content_key = c.content_key
         left join waypoints w on d.first_revision is not null and w.route_key = c.route_key and w.slug = d.slug
         left join waypoint_versions v on v.waypoint_key = w.waypoint_key and v.first_revision = d.first_revision
         where c.content_key = $1 and d.slug in (select value from json_each($2)) and +d.ordinal >= 0
         union all
         select v.ordinal, v.document
         from contents c join waypoints w on w.route_key = c.route_key and w.slug in (select value from json_each($2))
         join waypoint_versions v on v.waypoint_key = w.waypoint_key
         where c.content_key = $1 and v.first_revision <= c.base_revision
           and (v.last_revision is null or v.last_revision >= c.base_revision)
           and not exists (select 1 from draft_waypoints d where d.content_key = $1 and d.slug = w.slug)",
        "select d.ordinal, coalesce(v.document, d.document) as document
         from contents c join draft_waypoints d on d.content_key = c.content_key
         left join waypoints w on d.first_revision is not null and w.route_key = c.route_key and w.slug = d.slug
         left join waypoint_versions v on v.waypoint_key = w.waypoint_key and v.first_revision = d.first_revision
         where c.content_key = $1 and d.slug in (select value from jsonb_array_elements_text($2::jsonb) value)
           and +d.ordinal >= 0
         union all
         select v.ordinal, v.document
         from contents c
         join waypoints w on w.route_key = c.route_key
           and w.slug in (select value from jsonb_array_elements_text($2::jsonb) value)
         join waypoint_versions v on v.waypoint_key = w.waypoint_key
         where c.content_key = $1 and v.first_revision <= c.base_revision
           and (v.last_revision is null or v.last_revision >= c.base_revision)
           and not exists (select 1 from draft_waypoints d where d.content_key = $1 and d.slug = w.slug)",
    );
    /// Where the waypoint of an id stands; null or below 0 when there is none.
    PLACE_OF = Sql::both(
        "select coalesce(
           (select d.ordinal from draft_waypoints d where d.content_key = $1 and d.slug = $2),
           (select v.ordinal from contents c join waypoints w on w.route_key = c.route_key and w.slug = $2
            join waypoint_versions v on v.waypoint_key = w.waypoint_key
            where c.content_key = $1 and v.first_revision <= c.base_revision
              and (v.last_revision is null or v.last_revision >= c.base_revision)))",
    );
    SHIFT = Sql::both(
        "update draft_waypoints set ordinal = ordinal + $4 where content_key = $1 and ordinal >= $2 and ordinal < $3",
    );
    REMOVE = Sql::both(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document) values ($1, $2, -1, '', '')
         on conflict (content_key, slug) do update
         set ordinal = -1, content_hash = '', document = '', first_revision = null, spot = null, answer_key = null",
    );
    // Without the list made into a table, SQLite reads all of it again for every row.
    REORDER = Sql::pair(
        "with o as materialized (select key, value from json_each($2))
         update draft_waypoints set ordinal = o.key from o where content_key = $1 and slug = o.value and ordinal >= 0",
        "update draft_waypoints set ordinal = o.place - 1
         from jsonb_array_elements_text($2::jsonb) with ordinality o (name, place)
         where content_key = $1 and slug = o.name and ordinal >= 0",
    );
    DROP_CONTENT = Sql::both("delete from contents where content_key = $1");
    ABANDONED = Sql::both(
        "delete from contents where created_ms < $1
         and not exists (select 1 from drafts d where d.content_key = contents.content_key)",
    );
    SWEEP = Sql::pair(
        "delete from draft_waypoints where rowid in (
           select rowid from draft_waypoints d
           where not exists (select 1 from contents c where c.content_key = d.content_key) limit $1)",
        "delete from draft_waypoints where ctid in (
           select ctid from draft_waypoints d
           where not exists (select 1 from contents c where c.content_key = d.content_key) limit $1)",
    );
}

/// Names a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentKey(pub(super) i64);

/// A waypoint as sets keep it: its document says nothing of the order, that stands beside it.
#[derive(Debug, Serialize)]
pub struct Written {
    slug: String,
    content_hash: String,
    document: String,
    spot: Option<i64>,
    answer_key: Option<String>,
}

impl Written {
    /// Writes a waypoint down.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(waypoint: &Waypoint) -> Result<Self> {
        let document = if waypoint.body.order == 0 {
            json(waypoint)?
        } else {
            let mut unnumbered = waypoint.clone();
            unnumbered.body.order = 0;
            json(&unnumbered)?
        };
        let (spot, answer_key) = (lint::cell_of(waypoint), lint::answer_key(waypoint));
        Ok(Self { slug: waypoint.id.clone(), content_hash: hash(&document), document, spot, answer_key })
    }

    /// What its content is told apart by.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.content_hash
    }
}

/// A waypoint at its place.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    pub ordinal: usize,
    #[serde(flatten)]
    pub written: &'a Written,
}

/// What two documents are told apart by.
#[must_use]
pub fn hash(document: &str) -> String {
    hex::encode(Sha256::digest(document.as_bytes()))
}

/// The digest of a route file's content, gathered part by part; however it is laid out, the same content has the same one.
pub struct FileDigest {
    sha256: Sha256,
    stops: usize,
}

impl FileDigest {
    /// Of the route itself; what it has of waypoints is not looked at.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn new(route: &StudyRoute) -> Result<Self> {
        let StudyRoute { slug, title, summary, line, .. } = route;
        let (slug, title, summary, line) = (json(slug)?, json(title)?, json(summary)?, json(line)?);
        let head = format!("{{\"slug\":{slug},\"title\":{title},\"summary\":{summary},\"line\":{line},\"waypoints\":[");
        Ok(Self { sha256: Sha256::new_with_prefix(head), stops: 0 })
    }

    /// And of the next waypoint.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn add(&mut self, waypoint: &Waypoint) -> Result<()> {
        if self.stops > 0 {
            self.sha256.update(",");
        }
        self.stops += 1;
        self.sha256.update(json(waypoint)?);
        Ok(())
    }

    /// All waypoints have come.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.sha256.update("]}");
        hex::encode(self.sha256.finalize())
    }

    /// Of a whole route.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn of(route: &StudyRoute) -> Result<String> {
        let mut digest = Self::new(route)?;
        route.waypoints.iter().try_for_each(|waypoint| digest.add(waypoint))?;
        Ok(digest.finish())
    }
}

/// The digest of a waypoint's content without its place in the order, as the store keeps it.
///
/// # Errors
/// When it cannot be written down.
pub fn content_hash(waypoint: &Waypoint) -> Result<String> {
    Written::new(waypoint).map(|written| written.content_hash)
}

/// The waypoint of a row, numbered by its place.
pub(super) fn waypoint((ordinal, document): (i64, String)) -> Result<Waypoint> {
    numbered(ordinal, &document)
}

/// The waypoint of a document, numbered by its place from 0.
///
/// # Errors
/// When it cannot be read.
pub fn numbered(ordinal: i64, document: &str) -> Result<Waypoint> {
    let mut waypoint: Waypoint =
        serde_json::from_str(document).map_err(|_| StoreError::Corrupt { table: "waypoints" })?;
    waypoint.body.order = u32::try_from(ordinal + 1).unwrap_or(u32::MAX);
    Ok(waypoint)
}

impl Store {
    /// A new, empty set.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn begin_content(&self, now_ms: i64) -> Result<ContentKey> {
        let key: i64 = on!(self, |pools, dialect| {
            sqlx::query_scalar(BEGIN_CONTENT.on(dialect)).bind(now_ms).fetch_one(&pools.write).await?
        });
        Ok(ContentKey(key))
    }

    /// A new set on the revision that another stands on, without what that other holds itself.
    ///
    /// # Errors
    /// When the database does not take it.
    pub(super) async fn begin_beside(&self, other: ContentKey, now_ms: i64) -> Result<ContentKey> {
        let key: Option<i64> = on!(self, |pools, dialect| {
            let begun = sqlx::query_scalar(BEGIN_BESIDE.on(dialect)).bind(now_ms).bind(other.0);
            begun.fetch_optional(&pools.write).await?
        });
        key.map(ContentKey).ok_or(StoreError::Conflict)
    }

    /// A new set with what one revision of a route had. Nothing is copied: a revision never changes.
    ///
    /// # Errors
    /// When the database does not take it.
    pub(super) async fn begin_on_revision(&self, route_key: i64, revision: i64, now_ms: i64) -> Result<ContentKey> {
        let key: i64 = on!(self, |pools, dialect| {
            let begun = sqlx::query_scalar(BEGIN_ON_REVISION.on(dialect)).bind(now_ms).bind(route_key).bind(revision);
            begun.fetch_one(&pools.write).await?
        });
        Ok(ContentKey(key))
    }

    /// Gives a set what another holds itself and it does not, in short transactions. Whoever takes it must see that the other has
    /// not changed.
    ///
    /// # Errors
    /// When the database does not take it.
    pub(super) async fn fill_content(&self, content: ContentKey, from: ContentKey) -> Result<()> {
        let mut after = String::new();
        loop {
            let last: Option<String> = on!(self, |pools, dialect| {
                let last = sqlx::query_scalar(LAST_OF_PART.on(dialect)).bind(from.0).bind(&after);
                last.bind(CHUNK_STEP).fetch_one(&pools.read).await?
            });
            let Some(last) = last else { return Ok(()) };
            on!(self, |pools, dialect| {
                let part = sqlx::query(COPY_CONTENT_PART.on(dialect)).bind(content.0).bind(from.0);
                part.bind(&after).bind(&last).execute(&pools.write).await?;
            });
            after = last;
        }
    }

    /// Writes waypoints at their places, from 0, in a set that nobody has taken yet.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn put_content(&self, content: ContentKey, waypoints: &[(usize, Waypoint)]) -> Result<()> {
        for chunk in waypoints.chunks(CHUNK_ROWS) {
            let written: Vec<(usize, Written)> =
                chunk.iter().map(|(place, waypoint)| Ok((*place, Written::new(waypoint)?))).collect::<Result<_>>()?;
            self.put_written(content, &written).await?;
        }
        Ok(())
    }

    /// The same, of waypoints that are written down already. They are written in one transaction.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn put_written(&self, content: ContentKey, waypoints: &[(usize, Written)]) -> Result<()> {
        if waypoints.is_empty() {
            return Ok(());
        }
        let rows: Vec<Row<'_>> =
            waypoints.iter().map(|(ordinal, written)| Row { ordinal: *ordinal, written }).collect();
        let rows = json(&rows)?;
        on!(self, |pools, dialect| {
            sqlx::query(PUT_WAYPOINTS.on(dialect)).bind(content.0).bind(&rows).execute(&pools.write).await?;
        });
        Ok(())
    }

    /// Documents of a set with their places, from one on, in their order.
    pub(super) async fn content_documents(
        &self,
        content: ContentKey,
        from: i64,
        limit: i64,
    ) -> Result<Vec<(i64, String)>> {
        on!(self, |pools, dialect| {
            let query = sqlx::query_as(PAGE.on(dialect)).bind(content.0).bind(from).bind(from.saturating_add(limit));
            Ok(query.fetch_all(&pools.read).await?)
        })
    }

    /// The waypoints of a set that have these ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn content_by_id(&self, content: ContentKey, ids: &[String]) -> Result<Vec<Waypoint>> {
        let ids = json(ids)?;
        let rows: Vec<(i64, String)> = on!(self, |pools, dialect| {
            sqlx::query_as(BY_SLUG.on(dialect)).bind(content.0).bind(&ids).fetch_all(&pools.read).await?
        });
        rows.into_iter().map(waypoint).collect()
    }

    /// Puts the waypoints of a set in an order that names each once.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn order_content(&self, content: ContentKey, ids: &[String]) -> Result<()> {
        let names = json(ids)?;
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let hold = sqlx::query(HOLD.on(dialect)).bind(content.0).bind(0_i64).bind(i64::MAX);
            hold.execute(&mut *tx).await?;
            sqlx::query(REORDER.on(dialect)).bind(content.0).bind(&names).execute(&mut *tx).await?;
            tx.commit().await?;
        });
        Ok(())
    }

    /// How many waypoints a set has.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn content_len(&self, content: ContentKey) -> Result<usize> {
        let count: i64 = on!(self, |pools, dialect| {
            sqlx::query_scalar(COUNT.on(dialect)).bind(content.0).fetch_one(&pools.read).await?
        });
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Gives a set up; [`Store::sweep_contents`] takes its rows away later, in small steps.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn drop_content(&self, content: ContentKey) -> Result<()> {
        on!(self, |pools, dialect| {
            sqlx::query(DROP_CONTENT.on(dialect)).bind(content.0).execute(&pools.write).await?;
        });
        Ok(())
    }

    /// Takes away rows of sets that were given up or left behind. Says whether more is left.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn sweep_contents(&self, now_ms: i64) -> Result<bool> {
        on!(self, |pools, dialect| {
            sqlx::query(ABANDONED.on(dialect)).bind(now_ms - ABANDONED_MS).execute(&pools.write).await?;
            let prepared = sqlx::query(prepare::SWEEP_PREPARED.on(dialect)).bind(SWEEP_ROWS);
            let prepared = prepared.execute(&pools.write).await?.rows_affected();
            let swept = sqlx::query(SWEEP.on(dialect)).bind(SWEEP_ROWS).execute(&pools.write).await?;
            Ok(swept.rows_affected() + prepared > 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::published;

    #[test]
    fn the_digest_of_a_file_is_that_of_the_route_written_down_at_once() {
        for route in published() {
            assert_eq!(FileDigest::of(&route).expect("a digest"), hash(&json(&route).expect("JSON")));
        }
    }
}
