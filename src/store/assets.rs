//! What is known of exhibits' files, and which documents name them. The bytes are in [`super::Blobs`]; a row is there before its
//! file may be named, and is marked before the bytes go, so that nobody puts a file that is just being removed.

use super::audit_log::INSERT_DEEDS;
use super::sql::{Sql, on, statements};
use super::{Deed, Result, Store, StoreError, json};
use crate::domain::asset::Findings;
use futures_util::TryStreamExt;
use std::collections::HashSet;

/// Most uses that are told.
pub const USES_MAX: usize = 100;
/// A removal that takes longer than this was broken off.
pub const REMOVAL_MAX_MS: i64 = 10 * 60_000;
/// The length of a hash in documents.
const HASH_CHARS: usize = 64;

statements! {
    INSERT = Sql::both(
        "insert into assets (sha256, media_type, bytes, name, report, created_ms, created_by)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (sha256) do nothing",
    );
    INSERT_CONDEMNED = Sql::both(
        "insert into assets (sha256, media_type, bytes, name, report, created_ms, created_by, removed_ms)
         values ($1, '', 0, '', '', $2, '', $2) on conflict (sha256) do nothing",
    );
    REMOVED = Sql::pair(
        "select removed_ms from assets where sha256 = $1",
        "select removed_ms from assets where sha256 = $1 for update",
    );
    PUT_AGAIN = Sql::both("update assets set unused_since_ms = null where sha256 = $1 and unused_since_ms is not null");
    FIND = Sql::both(
        "select asset_key, sha256, media_type, bytes, name, report, created_ms, created_by, unused_since_ms
         from assets where sha256 = $1 and removed_ms is null",
    );
    FIND_MANY = Sql::pair(
        "select asset_key, sha256, media_type, bytes, name, report, created_ms, created_by, unused_since_ms
         from assets where sha256 in (select value from json_each($1)) and removed_ms is null",
        "select asset_key, sha256, media_type, bytes, name, report, created_ms, created_by, unused_since_ms
         from assets where sha256 in (select value from jsonb_array_elements_text($1::jsonb) value) and removed_ms is null",
    );
    LIST = Sql::both(
        "select asset_key, sha256, media_type, bytes, name, report, created_ms, created_by, unused_since_ms
         from assets where asset_key > $1 and removed_ms is null order by asset_key limit $2",
    );
    // Whoever saves a document waits until the removal is decided.
    LOCK_DOCUMENTS = Sql::pair("select 1", "lock table waypoint_versions, draft_waypoints in share mode");
    USES = Sql::pair(
        "select r.slug as route, w.slug as waypoint,
                case when v.last_revision is null then 'published' else 'earlier' end as state
         from waypoint_versions v join waypoints w on w.waypoint_key = v.waypoint_key
         join study_routes r on r.route_key = w.route_key where instr(v.document, $1) > 0
         union select r.slug, d.slug, 'draft' from draft_waypoints d
         join contents c on c.content_key = d.content_key
         left join drafts x on x.content_key = d.content_key left join study_routes r on r.route_key = x.route_key
         where instr(d.document, $1) > 0
         order by 3 desc, 1, 2 limit $2",
        "select r.slug as route, w.slug as waypoint,
                case when v.last_revision is null then 'published' else 'earlier' end as state
         from waypoint_versions v join waypoints w on w.waypoint_key = v.waypoint_key
         join study_routes r on r.route_key = w.route_key where strpos(v.document, $1) > 0
         union select r.slug, d.slug, 'draft' from draft_waypoints d
         join contents c on c.content_key = d.content_key
         left join drafts x on x.content_key = d.content_key left join study_routes r on r.route_key = x.route_key
         where strpos(d.document, $1) > 0
         order by 3 desc, 1, 2 limit $2",
    );
    CONDEMN = Sql::both("update assets set removed_ms = $2 where sha256 = $1 and removed_ms is null");
    FORGET = Sql::both("delete from assets where sha256 = $1 and removed_ms = $2");
    // What was given up and is not yet swept away names nothing any more.
    DOCUMENTS = Sql::both(
        "select document from waypoint_versions
         union all select d.document from draft_waypoints d join contents c on c.content_key = d.content_key",
    );
    MARK_UNUSED = Sql::pair(
        "update assets set unused_since_ms = $1 where unused_since_ms is null and removed_ms is null
         and sha256 not in (select value from json_each($2))",
        "update assets set unused_since_ms = $1 where unused_since_ms is null and removed_ms is null
         and sha256 not in (select value from jsonb_array_elements_text($2::jsonb) value)",
    );
    MARK_USED = Sql::pair(
        "update assets set unused_since_ms = null where unused_since_ms is not null
         and sha256 in (select value from json_each($1))",
        "update assets set unused_since_ms = null where unused_since_ms is not null
         and sha256 in (select value from jsonb_array_elements_text($1::jsonb) value)",
    );
    UNUSED = Sql::both(
        "select sha256 from assets where unused_since_ms <= $1 and removed_ms is null order by asset_key",
    );
    BROKEN_OFF = Sql::both("select sha256, removed_ms from assets where removed_ms <= $1 order by asset_key");
}

/// A file to be known from now on.
#[derive(Clone, Debug)]
pub struct NewAsset {
    /// Of the kept bytes, hexadecimal.
    pub sha256: String,
    /// What it is.
    pub media_type: String,
    /// How large.
    pub bytes: u64,
    /// As its maker called it, cleaned.
    pub name: String,
    /// What was found in it.
    pub findings: Findings,
}

/// A known file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its place in lists.
    pub key: i64,
    /// Of the kept bytes, hexadecimal.
    pub sha256: String,
    /// What it is.
    pub media_type: String,
    /// How large.
    pub bytes: u64,
    /// As its maker called it, cleaned.
    pub name: String,
    /// What was found in it.
    pub findings: Findings,
    /// When it came.
    pub created_ms: i64,
    /// Who sent it.
    pub created_by: String,
    /// Since when nothing names it, as far as was looked.
    pub unused_since_ms: Option<i64>,
}

/// What became of a file that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    New,
    /// It was there.
    Known,
    /// The same file is just being removed; a little later it can be put.
    BeingRemoved,
}

/// A document that names a file.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AssetUse {
    /// The study route; an import that has not ended has none yet.
    pub route: Option<String>,
    /// The waypoint.
    pub waypoint: String,
    /// `published`, `earlier` (a revision that can be restored) or `draft`.
    pub state: String,
}

/// Whether a file may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condemned {
    /// It is nobody's any more; its bytes may be removed.
    Yes,
    /// These name it.
    InUse(Vec<AssetUse>),
    /// There is no such file.
    Unknown,
}

#[derive(sqlx::FromRow)]
struct Row {
    asset_key: i64,
    sha256: String,
    media_type: String,
    bytes: i64,
    name: String,
    report: String,
    created_ms: i64,
    created_by: String,
    unused_since_ms: Option<i64>,
}

impl TryFrom<Row> for Asset {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let corrupt = || StoreError::Corrupt { table: "assets" };
        Ok(Self {
            key: row.asset_key,
            sha256: row.sha256,
            media_type: row.media_type,
            bytes: u64::try_from(row.bytes).map_err(|_| corrupt())?,
            name: row.name,
            findings: serde_json::from_str(&row.report).map_err(|_| corrupt())?,
            created_ms: row.created_ms,
            created_by: row.created_by,
            unused_since_ms: row.unused_since_ms,
        })
    }
}

impl Store {
    /// Makes a file known, with its deed; one that is known stays as it is.
    ///
    /// # Errors
    /// When the database does not take it; then nothing has changed.
    pub async fn put_asset(&self, new: &NewAsset, deed: &Deed) -> Result<Put> {
        let bytes = i64::try_from(new.bytes).unwrap_or(i64::MAX);
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            let inserted = sqlx::query(INSERT.on(dialect))
                .bind(&new.sha256)
                .bind(&new.media_type)
                .bind(bytes)
                .bind(&new.name)
                .bind(json(&new.findings)?)
                .bind(deed.at_ms)
                .bind(&deed.who.name)
                .execute(&mut *tx)
                .await?;
            if inserted.rows_affected() > 0 {
                sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
                tx.commit().await?;
                return Ok(Put::New);
            }
            let removed: Option<Option<i64>> =
                sqlx::query_scalar(REMOVED.on(dialect)).bind(&new.sha256).fetch_optional(&mut *tx).await?;
            if removed != Some(None) {
                return Ok(Put::BeingRemoved);
            }
            sqlx::query(PUT_AGAIN.on(dialect)).bind(&new.sha256).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Put::Known)
        })
    }

    /// A known file.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn asset(&self, sha256: &str) -> Result<Option<Asset>> {
        let row: Option<Row> = on!(self, |pools, dialect| sqlx::query_as(FIND.on(dialect))
            .bind(sha256)
            .fetch_optional(&pools.read)
            .await?);
        row.map(Asset::try_from).transpose()
    }

    /// Those of these files that are known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn assets_of(&self, hashes: &[String]) -> Result<Vec<Asset>> {
        let hashes = json(hashes)?;
        let rows: Vec<Row> = on!(self, |pools, dialect| {
            sqlx::query_as(FIND_MANY.on(dialect)).bind(&hashes).fetch_all(&pools.read).await?
        });
        rows.into_iter().map(Asset::try_from).collect()
    }

    /// Known files in the order they came, after this place.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn assets(&self, after: i64, limit: usize) -> Result<Vec<Asset>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> = on!(self, |pools, dialect| {
            sqlx::query_as(LIST.on(dialect)).bind(after).bind(limit).fetch_all(&pools.read).await?
        });
        rows.into_iter().map(Asset::try_from).collect()
    }

    /// The first documents that name a file.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn asset_uses(&self, sha256: &str) -> Result<Vec<AssetUse>> {
        on!(self, |pools, dialect| {
            Ok(sqlx::query_as(USES.on(dialect)).bind(sha256).bind(uses_max()).fetch_all(&pools.read).await?)
        })
    }

    /// Marks a file as being removed, with its deed, unless a document names it: both in one transaction, for which whoever saves
    /// a document waits.
    ///
    /// # Errors
    /// When the database does not take it; then nothing has changed.
    pub async fn condemn_asset(&self, sha256: &str, deed: &Deed) -> Result<Condemned> {
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            sqlx::query(LOCK_DOCUMENTS.on(dialect)).execute(&mut *tx).await?;
            let uses: Vec<AssetUse> =
                sqlx::query_as(USES.on(dialect)).bind(sha256).bind(uses_max()).fetch_all(&mut *tx).await?;
            let is_known: Option<Option<i64>> =
                sqlx::query_scalar(REMOVED.on(dialect)).bind(sha256).fetch_optional(&mut *tx).await?;
            if is_known != Some(None) {
                return Ok(Condemned::Unknown);
            }
            if !uses.is_empty() {
                return Ok(Condemned::InUse(uses));
            }
            sqlx::query(CONDEMN.on(dialect)).bind(sha256).bind(deed.at_ms).execute(&mut *tx).await?;
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Condemned::Yes)
        })
    }

    /// Marks bytes that nobody knows as being removed; `false` when somebody does know them.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn condemn_orphan(&self, sha256: &str, now_ms: i64) -> Result<bool> {
        on!(self, |pools, dialect| {
            let condemn = sqlx::query(INSERT_CONDEMNED.on(dialect)).bind(sha256).bind(now_ms);
            Ok(condemn.execute(&pools.write).await?.rows_affected() > 0)
        })
    }

    /// Forgets a file whose bytes are gone, by the mark it got.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn forget_asset(&self, sha256: &str, removed_ms: i64) -> Result<()> {
        on!(self, |pools, dialect| {
            sqlx::query(FORGET.on(dialect)).bind(sha256).bind(removed_ms).execute(&pools.write).await?;
            Ok(())
        })
    }

    /// Reads all documents, and notes which files nothing names now.
    ///
    /// # Errors
    /// When the database does not answer or does not take it.
    pub async fn mark_unused_assets(&self, now_ms: i64) -> Result<()> {
        let used = json(&self.named_hashes().await?)?;
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            sqlx::query(MARK_USED.on(dialect)).bind(&used).execute(&mut *tx).await?;
            sqlx::query(MARK_UNUSED.on(dialect)).bind(now_ms).bind(&used).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(())
        })
    }

    /// Everything in documents that may be the hash of a file.
    async fn named_hashes(&self) -> Result<HashSet<String>> {
        let mut found = HashSet::new();
        on!(self, |pools, dialect| {
            let mut tx = pools.read.begin().await?;
            let mut documents = sqlx::query_scalar::<_, String>(DOCUMENTS.on(dialect)).fetch(&mut *tx);
            while let Some(document) = documents.try_next().await? {
                found.extend(hashes(&document));
            }
        });
        Ok(found)
    }

    /// Files that nothing has named since this instant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unused_assets(&self, since_ms: i64) -> Result<Vec<String>> {
        on!(self, |pools, dialect| {
            Ok(sqlx::query_scalar(UNUSED.on(dialect)).bind(since_ms).fetch_all(&pools.read).await?)
        })
    }

    /// Removals that were broken off, with the mark of each.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn broken_off_removals(&self, now_ms: i64) -> Result<Vec<(String, i64)>> {
        on!(self, |pools, dialect| {
            let find = sqlx::query_as(BROKEN_OFF.on(dialect)).bind(now_ms - REMOVAL_MAX_MS);
            Ok(find.fetch_all(&pools.read).await?)
        })
    }
}

fn uses_max() -> i64 {
    i64::try_from(USES_MAX).unwrap_or(i64::MAX)
}

/// Words of 64 hexadecimal digits.
fn hashes(document: &str) -> impl Iterator<Item = String> + '_ {
    let words = document.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == HASH_CHARS);
    words.map(str::to_string)
}
