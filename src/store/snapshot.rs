//! Reading what is published as of one moment: all of it, or only what differs from what somebody serves already. Waypoints come
//! as they stand in the database, in parts, so that nobody has to hold all of them at once.

use super::contents;
use super::route_state::Head;
use super::routes::{GENERATION, read_head};
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use crate::domain::published::RouteHead;
use crate::domain::route::{Published, StudyRoute, Waypoint};
use futures_util::TryStreamExt;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use tokio::sync::mpsc;

statements! {
    // Both freeze what the transaction sees: the generation and the content belong together.
    PUBLISHED_ROUTES = Sql::both(
        "select r.route_key, r.revision, v.published_ms from study_routes r
         join revisions v on v.route_key = r.route_key and v.revision = r.revision
         where r.revision > 0 and r.withdrawn = 0",
    );
    PUBLISHED_THEN = Sql::pair(
        "select v.route_key, v.published_ms from json_each($1) k
         join revisions v on v.route_key = k.value ->> 'key' and v.revision = k.value ->> 'revision'",
        "select v.route_key, v.published_ms from jsonb_to_recordset($1::jsonb) as k(key bigint, revision bigint)
         join revisions v on v.route_key = k.key and v.revision = k.revision",
    );
    HEADS = Sql::pair(
        "select r.route_key, r.slug, r.revision, v.published_ms, v.head from study_routes r
         join revisions v on v.route_key = r.route_key and v.revision = r.revision
         where r.route_key in (select value from json_each($1)) order by r.slug",
        "select r.route_key, r.slug, r.revision, v.published_ms, v.head from study_routes r
         join revisions v on v.route_key = r.route_key and v.revision = r.revision
         where r.route_key in (select value::bigint from jsonb_array_elements_text($1::jsonb) value) order by r.slug",
    );
    // Crossed, so that SQLite reads the large table as it lies on the disk. Versions of a route without a revision are being prepared.
    ALL_WAYPOINTS = Sql::both(
        "select w.route_key, r.slug, v.waypoint_key, v.ordinal, v.document from waypoint_versions v
         cross join waypoints w cross join study_routes r
         where v.last_revision is null and w.waypoint_key = v.waypoint_key and r.route_key = w.route_key and r.revision > 0",
    );
    WAYPOINTS_OF = Sql::pair(
        "select w.route_key, r.slug, v.waypoint_key, v.ordinal, v.document from json_each($1) k
         join study_routes r on r.route_key = k.value join waypoints w on w.route_key = r.route_key
         join waypoint_versions v on v.waypoint_key = w.waypoint_key where v.last_revision is null",
        "select w.route_key, r.slug, v.waypoint_key, v.ordinal, v.document
         from jsonb_array_elements_text($1::jsonb) k
         join study_routes r on r.route_key = k.value::bigint join waypoints w on w.route_key = r.route_key
         join waypoint_versions v on v.waypoint_key = w.waypoint_key where v.last_revision is null",
    );
    // Without a document where the waypoint is no longer published.
    WAYPOINTS_CHANGED = Sql::pair(
        "select c.route_key, r.slug, c.waypoint_key, coalesce(v.ordinal, 0) as ordinal, coalesce(v.document, '') as document from (
           select distinct c.route_key, c.waypoint_key from json_each($1) k
           join waypoint_changes c on c.route_key = k.value ->> 'key' and c.revision > k.value ->> 'revision') c
         join study_routes r on r.route_key = c.route_key
         left join waypoint_versions v on v.waypoint_key = c.waypoint_key and v.last_revision is null",
        "select c.route_key, r.slug, c.waypoint_key, coalesce(v.ordinal, 0) as ordinal, coalesce(v.document, '') as document from (
           select distinct c.route_key, c.waypoint_key from jsonb_to_recordset($1::jsonb) as k(key bigint, revision bigint)
           join waypoint_changes c on c.route_key = k.key and c.revision > k.revision) c
         join study_routes r on r.route_key = c.route_key
         left join waypoint_versions v on v.waypoint_key = c.waypoint_key and v.last_revision is null",
    );
    DOCUMENT_OF = Sql::both(
        "select ordinal, document from waypoint_versions
         where waypoint_key = $1 and first_revision <= $2 and (last_revision is null or last_revision >= $2)",
    );
}

/// Documents that travel in one part, bytes: some milliseconds of reading them.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// A revision of a route that somebody serves. Its time tells it from one of the same number in another history, as a database
/// that was put back to an older state has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Served {
    /// The store's number of the route.
    pub key: i64,
    /// Its revision.
    pub revision: i64,
    /// When that was published, milliseconds since 1970.
    pub published_ms: i64,
}

/// A waypoint as it stands in the database.
#[derive(Debug, sqlx::FromRow)]
pub struct StoredWaypoint {
    /// The store's number of its route.
    pub route_key: i64,
    /// Its route's name.
    pub slug: String,
    /// The store's number of it.
    pub waypoint_key: i64,
    /// Place in the visiting order, from 0.
    pub ordinal: i64,
    document: String,
}

impl StoredWaypoint {
    /// Its content; none when it is no longer published.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(self) -> Result<Option<Waypoint>> {
        if self.document.is_empty() {
            return Ok(None);
        }
        contents::waypoint((self.ordinal, self.document)).map(Some)
    }
}

/// How what is published differs from what somebody serves, but for the waypoints.
#[derive(Debug)]
pub struct Changes {
    /// The number of what is published.
    pub generation: i64,
    /// Routes that are new or have another revision.
    pub routes: Vec<RouteHead>,
    /// The store's numbers of those of them that come with all their waypoints, because nothing of them was served.
    pub whole: HashSet<i64>,
    /// The store's numbers of routes that are no longer published.
    pub gone: Vec<i64>,
}

/// What to read of the routes.
#[derive(Default)]
struct Plan {
    /// Served as an earlier revision of the same history.
    moved_on: Vec<Served>,
    /// To be read whole.
    whole: HashSet<i64>,
    gone: Vec<i64>,
}

impl Plan {
    /// `then` knows when the served revisions of routes that have another one now were published.
    fn new(served: &[Served], now: &[Served], then: &HashMap<i64, i64>) -> Self {
        let mut plan = Self::default();
        let mut left: HashMap<i64, Served> = served.iter().map(|served| (served.key, *served)).collect();
        for now in now {
            match left.remove(&now.key) {
                Some(served) if served == *now => {}
                Some(served) if served.revision < now.revision && then.get(&now.key) == Some(&served.published_ms) => {
                    plan.moved_on.push(served);
                }
                _ => drop(plan.whole.insert(now.key)),
            }
        }
        plan.gone = left.into_keys().collect();
        plan
    }
}

impl Store {
    /// Reads, as of one moment, how what is published differs from `served`; of new routes and of those with a foreign history
    /// everything. Waypoints go into `parts` meanwhile.
    ///
    /// # Errors
    /// When the database does not answer or holds what cannot be read, or when nobody takes the parts any more.
    pub async fn changes(&self, served: &[Served], parts: mpsc::Sender<Vec<StoredWaypoint>>) -> Result<Changes> {
        on!(self, |pools, dialect| {
            let mut tx = pools.read.begin().await?;
            let generation = sqlx::query_scalar(GENERATION.on(dialect)).fetch_one(&mut *tx).await?;
            let now: Vec<(i64, i64, i64)> = sqlx::query_as(PUBLISHED_ROUTES.on(dialect)).fetch_all(&mut *tx).await?;
            let now: Vec<Served> = now.into_iter().map(Served::from).collect();
            let then = sqlx::query_as(PUBLISHED_THEN.on(dialect)).bind(json(&differing(served, &now))?);
            let then: Vec<(i64, i64)> = then.fetch_all(&mut *tx).await?;
            let plan = Plan::new(served, &now, &then.into_iter().collect());
            let keys: Vec<i64> = plan.whole.iter().copied().chain(plan.moved_on.iter().map(|s| s.key)).collect();
            let heads = sqlx::query_as(HEADS.on(dialect)).bind(json(&keys)?).fetch_all(&mut *tx).await?;
            // With nothing served everything is read, and then the tables are read as they lie.
            let whole = if served.is_empty() { ALL_WAYPOINTS } else { WAYPOINTS_OF };
            for (statement, given, asked) in [
                (whole, (!served.is_empty()).then(|| json(&plan.whole)).transpose()?, !plan.whole.is_empty()),
                (WAYPOINTS_CHANGED, Some(json(&plan.moved_on)?), !plan.moved_on.is_empty()),
            ] {
                if asked {
                    let mut query = sqlx::query_as(statement.on(dialect));
                    if let Some(given) = given {
                        query = query.bind(given);
                    }
                    pass_on(query.fetch(&mut *tx), &parts).await?;
                }
            }
            tx.rollback().await?;
            let routes = heads.into_iter().map(route_head).collect::<Result<_>>()?;
            Ok(Changes { generation, routes, whole: plan.whole, gone: plan.gone })
        })
    }

    /// Everything that is published, with its generation, as of one moment: for who can hold it.
    ///
    /// # Errors
    /// When the database does not answer or holds what the domain refuses.
    pub async fn snapshot(&self) -> Result<(i64, Vec<Published>)> {
        let (send, mut parts) = mpsc::channel::<Vec<StoredWaypoint>>(1);
        let collect = async {
            let mut waypoints: HashMap<i64, Vec<StoredWaypoint>> = HashMap::new();
            while let Some(part) = parts.recv().await {
                for waypoint in part {
                    waypoints.entry(waypoint.route_key).or_default().push(waypoint);
                }
            }
            waypoints
        };
        let (changes, mut waypoints) = tokio::join!(self.changes(&[], send), collect);
        let Changes { generation, routes, .. } = changes?;
        let whole = |head: RouteHead| {
            let RouteHead { key, slug, revision, published_ms, title, summary, line } = head;
            let mut stored = waypoints.remove(&key).unwrap_or_default();
            stored.sort_unstable_by_key(|waypoint| waypoint.ordinal);
            let waypoint_keys = stored.iter().map(|waypoint| waypoint.waypoint_key).collect();
            let read = stored.into_iter().filter_map(|waypoint| waypoint.read().transpose());
            let route = StudyRoute { slug, title, summary, line, waypoints: read.collect::<Result<_>>()? };
            Ok(Published { key, revision, published_ms, route, waypoint_keys })
        };
        Ok((generation, routes.into_iter().map(whole).collect::<Result<_>>()?))
    }

    /// A waypoint as one revision of its route has it, which never changes; none when that revision has it not.
    ///
    /// # Errors
    /// When the database does not answer or holds what cannot be read.
    pub async fn waypoint_of_revision(&self, waypoint_key: i64, revision: i64) -> Result<Option<Waypoint>> {
        let row: Option<(i64, String)> = on!(self, |pools, dialect| {
            let query = sqlx::query_as(DOCUMENT_OF.on(dialect)).bind(waypoint_key).bind(revision);
            query.fetch_optional(&pools.read).await?
        });
        row.map(contents::waypoint).transpose()
    }
}

impl From<(i64, i64, i64)> for Served {
    fn from((key, revision, published_ms): (i64, i64, i64)) -> Self {
        Self { key, revision, published_ms }
    }
}

/// The served routes that are published as another revision now.
fn differing(served: &[Served], now: &[Served]) -> Vec<Served> {
    let now: HashMap<i64, i64> = now.iter().map(|now| (now.key, now.revision)).collect();
    let differs = |served: &&Served| now.get(&served.key).is_some_and(|revision| *revision != served.revision);
    served.iter().filter(differs).copied().collect()
}

type HeadRow = (i64, String, i64, i64, String);

fn route_head((key, slug, revision, published_ms, head): HeadRow) -> Result<RouteHead> {
    let Head { title, summary, line } = read_head(&head)?;
    Ok(RouteHead { key, slug, revision, published_ms, title, summary, line })
}

/// Gives rows on in parts.
async fn pass_on(
    mut rows: impl futures_util::Stream<Item = sqlx::Result<StoredWaypoint>> + Unpin,
    parts: &mpsc::Sender<Vec<StoredWaypoint>>,
) -> Result<()> {
    let nobody = || StoreError::Unfit("nobody takes what was read".into());
    let (mut part, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        bytes += row.document.len();
        part.push(row);
        if bytes >= PART_BYTES {
            bytes = 0;
            parts.send(std::mem::take(&mut part)).await.map_err(|_| nobody())?;
        }
    }
    if part.is_empty() { Ok(()) } else { parts.send(part).await.map_err(|_| nobody()) }
}
