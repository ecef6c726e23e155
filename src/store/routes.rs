//! Published study routes: publishing a revision, and reading all that is published as one consistent snapshot.

use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use crate::domain::route::{Published, StudyRoute, Text, Waypoint};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Rows that travel in one JSON parameter.
const CHUNK_ROWS: usize = 2_000;

statements! {
    BEGIN_WRITE = Sql::pair("begin immediate", "begin");
    // Both freeze what the transaction sees: the generation and the content belong together.
    BEGIN_SNAPSHOT = Sql::pair("begin", "begin isolation level repeatable read read only");
    GENERATION = Sql::both("select value from generation where only_row = 1");
    BUMP_GENERATION = Sql::both("update generation set value = value + 1 where only_row = 1");
    FIND_ROUTE = Sql::pair(
        "select route_key, revision, file_hash from study_routes where slug = $1",
        // Two nodes that import the same route take turns.
        "select route_key, revision, file_hash from study_routes where slug = $1 for update",
    );
    INSERT_ROUTE = Sql::both(
        "insert into study_routes (slug, revision, file_hash) values ($1, 0, '') on conflict (slug) do nothing",
    );
    UPDATE_ROUTE = Sql::both("update study_routes set revision = $2, file_hash = $3 where route_key = $1");
    INSERT_REVISION = Sql::both(
        "insert into revisions (route_key, revision, published_ms, content_hash, head) values ($1, $2, $3, $4, $5)",
    );
    INSERT_WAYPOINTS = Sql::pair(
        "insert into waypoints (route_key, slug)
         select $1, value from json_each($2) where true on conflict (route_key, slug) do nothing",
        "insert into waypoints (route_key, slug)
         select $1, value from jsonb_array_elements_text($2::jsonb) value on conflict (route_key, slug) do nothing",
    );
    WAYPOINT_KEYS = Sql::both("select slug, waypoint_key from waypoints where route_key = $1");
    VALID_VERSIONS = Sql::both(
        "select v.waypoint_key, v.content_hash from waypoint_versions v
         join waypoints w on w.waypoint_key = v.waypoint_key
         where w.route_key = $1 and v.last_revision is null",
    );
    CLOSE_VERSIONS = Sql::pair(
        "update waypoint_versions set last_revision = $1
         where last_revision is null and waypoint_key in (select value from json_each($2))",
        "update waypoint_versions set last_revision = $1
         where last_revision is null and waypoint_key in (select value::bigint from jsonb_array_elements_text($2::jsonb) value)",
    );
    INSERT_VERSIONS = Sql::pair(
        "insert into waypoint_versions (waypoint_key, first_revision, last_revision, ordinal, content_hash, document)
         select value ->> 'waypoint_key', $1, null, value ->> 'ordinal', value ->> 'content_hash', value ->> 'document'
         from json_each($2)",
        "insert into waypoint_versions (waypoint_key, first_revision, last_revision, ordinal, content_hash, document)
         select x.waypoint_key, $1, null, x.ordinal, x.content_hash, x.document
         from jsonb_to_recordset($2::jsonb) as x(waypoint_key bigint, ordinal bigint, content_hash text, document text)",
    );
    PUBLISHED_ROUTES = Sql::both(
        "select r.route_key, r.slug, r.revision, v.published_ms, v.head from study_routes r
         join revisions v on v.route_key = r.route_key and v.revision = r.revision
         where r.revision > 0 order by r.slug",
    );
    PUBLISHED_WAYPOINTS = Sql::both(
        "select w.route_key, v.waypoint_key, v.document from waypoint_versions v
         join waypoints w on w.waypoint_key = v.waypoint_key
         where v.last_revision is null order by w.route_key, v.ordinal",
    );
}

/// What came of a publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishOutcome {
    /// The study route.
    pub slug: String,
    /// Its revision now.
    pub revision: i64,
    /// Waypoints added, changed or withdrawn; 0 with `published` false when the content was there already.
    pub changed: usize,
    /// Whether a new revision was made.
    pub published: bool,
    /// The generation after it.
    pub generation: i64,
}

#[derive(Serialize, Deserialize)]
struct Head {
    title: Text,
    summary: Text,
    line: Vec<[f64; 2]>,
}

#[derive(Serialize)]
struct NewVersion {
    waypoint_key: i64,
    ordinal: usize,
    content_hash: String,
    document: String,
}

impl Store {
    /// The number of the content now published.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn generation(&self) -> Result<i64> {
        on!(self, |pools, dialect| Ok(sqlx::query_scalar(GENERATION.on(dialect)).fetch_one(&pools.read).await?))
    }

    /// Publishes a route as its next revision, all or nothing; content that was imported last time changes nothing.
    ///
    /// # Errors
    /// When the database does not take it; then nothing has changed.
    pub async fn publish(&self, route: &StudyRoute, now_ms: i64) -> Result<PublishOutcome> {
        let content_hash = hash(&json(route)?);
        let head = Head { title: route.title.clone(), summary: route.summary.clone(), line: route.line.clone() };
        let head = json(&head)?;
        let slugs: Vec<&str> = route.waypoints.iter().map(|w| w.id.as_str()).collect();
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin_with(BEGIN_WRITE.on(dialect)).await?;
            sqlx::query(INSERT_ROUTE.on(dialect)).bind(&route.slug).execute(&mut *tx).await?;
            let (route_key, revision, file_hash): (i64, i64, String) =
                sqlx::query_as(FIND_ROUTE.on(dialect)).bind(&route.slug).fetch_one(&mut *tx).await?;
            if file_hash == content_hash {
                tx.rollback().await?;
                let generation = self.generation().await?;
                return Ok(PublishOutcome {
                    slug: route.slug.clone(),
                    revision,
                    changed: 0,
                    published: false,
                    generation,
                });
            }
            for chunk in slugs.chunks(CHUNK_ROWS) {
                sqlx::query(INSERT_WAYPOINTS.on(dialect)).bind(route_key).bind(json(chunk)?).execute(&mut *tx).await?;
            }
            let keys: Vec<(String, i64)> =
                sqlx::query_as(WAYPOINT_KEYS.on(dialect)).bind(route_key).fetch_all(&mut *tx).await?;
            let valid: Vec<(i64, String)> =
                sqlx::query_as(VALID_VERSIONS.on(dialect)).bind(route_key).fetch_all(&mut *tx).await?;
            let (closed, new, changed) = differences(route, &keys.into_iter().collect(), &valid)?;
            for chunk in closed.chunks(CHUNK_ROWS) {
                sqlx::query(CLOSE_VERSIONS.on(dialect)).bind(revision).bind(json(chunk)?).execute(&mut *tx).await?;
            }
            for chunk in new.chunks(CHUNK_ROWS) {
                let rows = json(chunk)?;
                sqlx::query(INSERT_VERSIONS.on(dialect)).bind(revision + 1).bind(rows).execute(&mut *tx).await?;
            }
            sqlx::query(INSERT_REVISION.on(dialect))
                .bind(route_key)
                .bind(revision + 1)
                .bind(now_ms)
                .bind(&content_hash)
                .bind(head)
                .execute(&mut *tx)
                .await?;
            sqlx::query(UPDATE_ROUTE.on(dialect))
                .bind(route_key)
                .bind(revision + 1)
                .bind(&content_hash)
                .execute(&mut *tx)
                .await?;
            sqlx::query(BUMP_GENERATION.on(dialect)).execute(&mut *tx).await?;
            let generation = sqlx::query_scalar(GENERATION.on(dialect)).fetch_one(&mut *tx).await?;
            tx.commit().await?;
            Ok(PublishOutcome {
                slug: route.slug.clone(),
                revision: revision + 1,
                changed,
                published: true,
                generation,
            })
        })
    }

    /// Everything that is published, with its generation, as of one moment.
    ///
    /// # Errors
    /// When the database does not answer or holds what the domain refuses.
    pub async fn snapshot(&self) -> Result<(i64, Vec<Published>)> {
        type HeadRow = (i64, String, i64, i64, String);
        let (generation, heads, documents): (i64, Vec<HeadRow>, Vec<(i64, i64, String)>) =
            on!(self, |pools, dialect| {
                let mut tx = pools.read.begin_with(BEGIN_SNAPSHOT.on(dialect)).await?;
                let generation = sqlx::query_scalar(GENERATION.on(dialect)).fetch_one(&mut *tx).await?;
                let heads = sqlx::query_as(PUBLISHED_ROUTES.on(dialect)).fetch_all(&mut *tx).await?;
                let documents = sqlx::query_as(PUBLISHED_WAYPOINTS.on(dialect)).fetch_all(&mut *tx).await?;
                tx.rollback().await?;
                (generation, heads, documents)
            });
        let mut waypoints: HashMap<i64, Vec<(i64, Waypoint)>> = HashMap::new();
        for (route_key, waypoint_key, document) in documents {
            let waypoint = parse(&document, "waypoint_versions")?;
            waypoints.entry(route_key).or_default().push((waypoint_key, waypoint));
        }
        let mut routes = Vec::with_capacity(heads.len());
        for (key, slug, revision, published_ms, head) in heads {
            let Head { title, summary, line } = parse(&head, "revisions")?;
            let (waypoint_keys, waypoints) = waypoints.remove(&key).unwrap_or_default().into_iter().unzip();
            let route = StudyRoute { slug, title, summary, line, waypoints };
            routes.push(Published { key, revision, published_ms, route, waypoint_keys });
        }
        Ok((generation, routes))
    }
}

fn parse<T: serde::de::DeserializeOwned>(document: &str, table: &'static str) -> Result<T> {
    serde_json::from_str(document).map_err(|_| StoreError::Corrupt { table })
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Which valid versions end, which new ones begin, and how many waypoints that touches.
fn differences(
    route: &StudyRoute,
    keys: &HashMap<String, i64>,
    valid: &[(i64, String)],
) -> Result<(Vec<i64>, Vec<NewVersion>, usize)> {
    let valid: BTreeMap<i64, &str> = valid.iter().map(|(key, hash)| (*key, hash.as_str())).collect();
    let (mut new, mut kept, mut seen) = (Vec::new(), HashSet::new(), HashSet::new());
    for (ordinal, waypoint) in route.waypoints.iter().enumerate() {
        let Some(&waypoint_key) = keys.get(&waypoint.id) else {
            return Err(StoreError::Corrupt { table: "waypoints" });
        };
        if !seen.insert(waypoint_key) {
            // Else one of two stops of the same name could be kept and the other written beside it.
            return Err(StoreError::Conflict);
        }
        let document = json(waypoint)?;
        let content_hash = hash(&format!("{ordinal} {document}"));
        if valid.get(&waypoint_key).is_some_and(|&hash| hash == content_hash) {
            kept.insert(waypoint_key);
        } else {
            new.push(NewVersion { waypoint_key, ordinal, content_hash, document });
        }
    }
    let closed: Vec<i64> = valid.keys().copied().filter(|key| !kept.contains(key)).collect();
    let replaced: HashSet<i64> = new.iter().map(|version| version.waypoint_key).collect();
    let withdrawn = closed.iter().filter(|key| !replaced.contains(key)).count();
    let changed = new.len() + withdrawn;
    Ok((closed, new, changed))
}
