//! Sets of waypoints: what a draft holds, what an import is writing. A set is filled in short transactions, so that a large file
//! does not keep check-ins waiting, and belongs to nobody until a draft or a publication takes it in one.

use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use crate::domain::route::Waypoint;
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
    /// A new, empty set.
    BEGIN_CONTENT = Sql::both("insert into contents (created_ms) values ($1) returning content_key");
    PUT_WAYPOINTS = Sql::pair(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document)
         select $1, value ->> 'slug', value ->> 'ordinal', value ->> 'content_hash', value ->> 'document'
         from json_each($2) where true
         on conflict (content_key, slug) do update
         set ordinal = excluded.ordinal, content_hash = excluded.content_hash, document = excluded.document",
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document)
         select $1, x.slug, x.ordinal, x.content_hash, x.document
         from jsonb_to_recordset($2::jsonb) as x(slug text, ordinal bigint, content_hash text, document text)
         on conflict (content_key, slug) do update
         set ordinal = excluded.ordinal, content_hash = excluded.content_hash, document = excluded.document",
    );
    /// Fills a set with what one revision of a route held.
    COPY_REVISION = Sql::both(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document)
         select $1, w.slug, v.ordinal, v.content_hash, v.document from waypoint_versions v
         join waypoints w on w.waypoint_key = v.waypoint_key
         where w.route_key = $2 and v.first_revision <= $3 and (v.last_revision is null or v.last_revision >= $3)",
    );
    // By name, because the names of a route are in an index and its places are not.
    COPY_REVISION_PART = Sql::both(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document)
         select $1, w.slug, v.ordinal, v.content_hash, v.document from waypoints w
         join waypoint_versions v on v.waypoint_key = w.waypoint_key
         where w.route_key = $2 and v.first_revision <= $3 and (v.last_revision is null or v.last_revision >= $3)
           and w.slug > $4 and w.slug <= $5",
    );
    LAST_OF_PART = Sql::both(
        "select max(slug) from (
           select slug from waypoints where route_key = $1 and slug > $2 order by slug limit $3) part",
    );
    COPY_CONTENT_PART = Sql::both(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document)
         select $1, slug, ordinal, content_hash, document from draft_waypoints
         where content_key = $2 and ordinal >= $3 and ordinal < $4",
    );
    PAGE = Sql::both(
        "select ordinal, document from draft_waypoints
         where content_key = $1 and ordinal >= $2 order by ordinal limit $3",
    );
    COUNT = Sql::both("select count(*) from draft_waypoints where content_key = $1");
    HASHES = Sql::both("select slug, ordinal, content_hash from draft_waypoints where content_key = $1");
    BY_SLUG = Sql::pair(
        "select ordinal, document from draft_waypoints
         where content_key = $1 and slug in (select value from json_each($2))",
        "select ordinal, document from draft_waypoints
         where content_key = $1 and slug in (select value from jsonb_array_elements_text($2::jsonb) value)",
    );
    // Without the list made into a table, SQLite reads all of it again for every row.
    REORDER = Sql::pair(
        "with o as materialized (select key, value from json_each($2))
         update draft_waypoints set ordinal = o.key from o where content_key = $1 and slug = o.value",
        "update draft_waypoints set ordinal = o.place - 1
         from jsonb_array_elements_text($2::jsonb) with ordinality o (name, place)
         where content_key = $1 and slug = o.name",
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

/// A waypoint's row.
#[derive(Serialize)]
pub(super) struct Row {
    slug: String,
    ordinal: usize,
    content_hash: String,
    document: String,
}

impl Row {
    /// The document says nothing of the order: that stands beside it.
    pub(super) fn new(ordinal: usize, waypoint: &Waypoint) -> Result<Self> {
        let mut waypoint = waypoint.clone();
        waypoint.body.order = 0;
        let document = json(&waypoint)?;
        Ok(Self { slug: waypoint.id, ordinal, content_hash: hash(&document), document })
    }
}

/// What two documents are told apart by.
pub(super) fn hash(document: &str) -> String {
    hex::encode(Sha256::digest(document.as_bytes()))
}

/// The digest of a waypoint's content without its place in the order, as the store keeps it.
///
/// # Errors
/// When it cannot be written down.
pub fn content_hash(waypoint: &Waypoint) -> Result<String> {
    Row::new(0, waypoint).map(|row| row.content_hash)
}

/// The waypoint of a row, numbered by its place.
pub(super) fn waypoint((ordinal, document): (i64, String)) -> Result<Waypoint> {
    let mut waypoint: Waypoint =
        serde_json::from_str(&document).map_err(|_| StoreError::Corrupt { table: "waypoints" })?;
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

    /// A new set with what another holds, copied in short transactions. Whoever takes it must see that the other has not changed.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn copy_content(&self, from: ContentKey, now_ms: i64) -> Result<ContentKey> {
        let copy = self.begin_content(now_ms).await?;
        for place in (0..).step_by(CHUNK_ROWS) {
            let copied = on!(self, |pools, dialect| {
                let part = sqlx::query(COPY_CONTENT_PART.on(dialect)).bind(copy.0).bind(from.0);
                part.bind(place).bind(place + CHUNK_STEP).execute(&pools.write).await?.rows_affected()
            });
            // Places have no gaps, so an empty part is the end.
            if copied == 0 {
                break;
            }
        }
        Ok(copy)
    }

    /// A new set with what one revision of a route held, copied in short transactions; a revision never changes.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn copy_revision(&self, route_key: i64, revision: i64, now_ms: i64) -> Result<ContentKey> {
        let (copy, mut after) = (self.begin_content(now_ms).await?, String::new());
        loop {
            let last: Option<String> = on!(self, |pools, dialect| {
                let last = sqlx::query_scalar(LAST_OF_PART.on(dialect)).bind(route_key).bind(&after);
                last.bind(CHUNK_STEP).fetch_one(&pools.read).await?
            });
            let Some(last) = last else { return Ok(copy) };
            on!(self, |pools, dialect| {
                let part = sqlx::query(COPY_REVISION_PART.on(dialect)).bind(copy.0).bind(route_key).bind(revision);
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
            let rows: Vec<Row> =
                chunk.iter().map(|(place, waypoint)| Row::new(*place, waypoint)).collect::<Result<_>>()?;
            let rows = json(&rows)?;
            on!(self, |pools, dialect| {
                sqlx::query(PUT_WAYPOINTS.on(dialect)).bind(content.0).bind(&rows).execute(&pools.write).await?;
            });
        }
        Ok(())
    }

    /// Waypoints of a set in their order, from a place on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn content_page(&self, content: ContentKey, from: i64, limit: i64) -> Result<Vec<Waypoint>> {
        let rows: Vec<(i64, String)> = on!(self, |pools, dialect| {
            let query = sqlx::query_as(PAGE.on(dialect)).bind(content.0).bind(from).bind(limit);
            query.fetch_all(&pools.read).await?
        });
        rows.into_iter().map(waypoint).collect()
    }

    /// The waypoints of a set that have these ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn content_by_id(&self, content: ContentKey, ids: &[String]) -> Result<Vec<Waypoint>> {
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
        on!(self, |pools, dialect| {
            sqlx::query(REORDER.on(dialect)).bind(content.0).bind(json(ids)?).execute(&pools.write).await?;
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

    /// Id, place and digest of every waypoint of a set, to see what an import would change without holding its texts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn content_hashes(&self, content: ContentKey) -> Result<Vec<(String, i64, String)>> {
        on!(self, |pools, dialect| {
            Ok(sqlx::query_as(HASHES.on(dialect)).bind(content.0).fetch_all(&pools.read).await?)
        })
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
            let swept = sqlx::query(SWEEP.on(dialect)).bind(SWEEP_ROWS).execute(&pools.write).await?;
            Ok(swept.rows_affected() > 0)
        })
    }
}
