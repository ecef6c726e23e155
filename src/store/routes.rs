//! Publications: a route's content becomes its next revision, whole and in one transaction, whether it comes from a file, a draft or
//! an old revision.

use super::audit_log::{Deed, INSERT_DEEDS, Who};
use super::contents::{self, ContentKey, FileDigest};
use super::drafts::{DROP_DRAFT, DROP_SCHEDULE, INSERT_ROUTE, LOCK_ROUTE, NEXT_VERSION, SAVE_DRAFT};
use super::route_state::{Head, RouteState, STATE, StateRow, Version};
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use super::{overlay, prepare};
use crate::domain::route::{StudyRoute, Waypoint};
use serde::Serialize;
use std::collections::HashSet;

statements! {
    GENERATION = Sql::both("select value from generation where only_row = 1");
    BUMP_GENERATION = Sql::both("update generation set value = value + 1 where only_row = 1");
    FILE_HASH = Sql::both("select revision, file_hash from study_routes where slug = $1");
    UPDATE_ROUTE = Sql::both(
        "update study_routes set revision = $2, withdrawn = $3, file_hash = coalesce($4, file_hash), preparing_content = null
         where route_key = $1",
    );
    INSERT_REVISION = Sql::both(
        "insert into revisions (route_key, revision, published_ms, content_hash, head, kind, note, author, author_key,
           restored_revision)
         values ($1, $2, $3, '', $4, $5, $6, $7, $8, $9)",
    );
    INSERT_WAYPOINTS = Sql::both(
        "insert into waypoints (route_key, slug)
         select $1, slug from draft_waypoints where content_key = $2 and ordinal >= $3 and ordinal < $4 order by ordinal
         on conflict (route_key, slug) do nothing",
    );
    // What stays as it is, at the same place, stays valid; everything else that the set names ends with the revision before.
    CLOSE_VERSIONS = Sql::both(
        "update waypoint_versions set last_revision = $3
         where last_revision is null and waypoint_key in (
             select w.waypoint_key from draft_waypoints d join waypoints w on w.route_key = $1 and w.slug = d.slug
             where d.content_key = $2)
           and not exists (
             select 1 from waypoints w
             join draft_waypoints d on d.content_key = $2 and d.slug = w.slug
             where w.waypoint_key = waypoint_versions.waypoint_key
               and d.ordinal = waypoint_versions.ordinal and d.content_hash = waypoint_versions.content_hash)",
    );
    CLOSE_ALL = Sql::both(
        "update waypoint_versions set last_revision = $2 where last_revision is null and waypoint_key in (
           select waypoint_key from waypoints where route_key = $1)",
    );
    // By places, because SQLite keeps all that one statement inserts from its own table in memory first.
    INSERT_VERSIONS = Sql::both(
        "insert into waypoint_versions (waypoint_key, route_key, first_revision, ordinal, content_hash, document, spot, answer_key)
         select w.waypoint_key, $1, $3, d.ordinal, d.content_hash, coalesce(v.document, d.document), d.spot, d.answer_key
         from draft_waypoints d join waypoints w on w.route_key = $1 and w.slug = d.slug
         left join waypoint_versions v on v.waypoint_key = w.waypoint_key and v.first_revision = d.first_revision
         where d.content_key = $2 and d.ordinal >= $4 and d.ordinal < $5 and not exists (
           select 1 from waypoint_versions o where o.waypoint_key = w.waypoint_key and o.last_revision is null)
         order by d.ordinal",
    );
    WITHDRAWN_WAYPOINTS = Sql::both(
        "select count(*) from draft_waypoints d join waypoints w on w.route_key = $1 and w.slug = d.slug
         join waypoint_versions o on o.waypoint_key = w.waypoint_key and o.last_revision = $3
         where d.content_key = $2 and d.ordinal < 0",
    );
    REVISION_HEAD = Sql::both("select head from revisions where route_key = $1 and revision = $2 and kind <> 'withdraw'");
    REVISIONS = Sql::both(
        "select v.revision, v.published_ms, v.kind, v.note, v.author, v.restored_revision,
                coalesce((select x.ordinal from waypoint_versions x
                  where x.route_key = v.route_key and +x.first_revision <= v.revision
                    and (x.last_revision is null or x.last_revision >= v.revision)
                  order by x.ordinal desc limit 1), -1) + 1 waypoints
         from revisions v join study_routes r on r.route_key = v.route_key
         where r.slug = $1 and v.revision < $2 order by v.revision desc limit $3",
    );
    REVISION_WAYPOINTS = Sql::both(
        "select v.ordinal, v.document from waypoint_versions v
         where v.route_key = $1 and +v.first_revision <= $2 and (v.last_revision is null or v.last_revision >= $2)
         order by v.ordinal",
    );
}

/// The number of no set of waypoints.
const NO_CONTENT: i64 = 0;
/// Places whose versions are written by one statement.
const PLACES_TOGETHER: i64 = 5_000;

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

/// What a publication takes its content from.
#[derive(Debug)]
pub enum Release<'a> {
    /// A route file: a filled set, its head, and the digest of the file.
    File(ContentKey, &'a Head, &'a str),
    /// The route's draft, if it is in this state and this revision is the last.
    Draft(Version, i64),
    /// An old revision.
    Restore(i64),
    /// Nothing: the route is taken back. What it held becomes its draft, unless it has one.
    Withdraw,
}

impl Release<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::File(..) => "import",
            Self::Draft(..) => "publish",
            Self::Restore(_) => "restore",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Who publishes, why and when.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Who.
    pub who: Who,
    /// Why.
    pub note: String,
    /// When, milliseconds since 1970.
    pub now_ms: i64,
}

/// Why nothing was published. Nothing was kept.
#[derive(Debug)]
pub enum NotReleased {
    /// There is no such route.
    NoRoute,
    /// There is no draft.
    NoDraft,
    /// There is no such revision with content.
    NoRevision,
    /// It is not published now.
    NotPublished,
    /// Somebody changed the draft meanwhile.
    Stale(Box<RouteState>),
}

/// One revision of a route's history.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Revision {
    /// Counts up from 1.
    pub revision: i64,
    /// When, milliseconds since 1970.
    pub published_ms: i64,
    /// `import`, `publish`, `restore` or `withdraw`.
    pub kind: String,
    /// Why.
    pub note: String,
    /// Who.
    pub author: String,
    /// The revision it brought back.
    pub restored_revision: Option<i64>,
    /// How many waypoints it has.
    pub waypoints: i64,
}

/// Where a publication's waypoints stand and what its head is, in a transaction of either database.
macro_rules! source {
    ($tx:ident, $dialect:ident, $state:ident, $release:ident, $now_ms:ident) => {
        match $release {
            Release::File(content, head, _) => (content.0, (*head).clone()),
            Release::Draft(seen, last) => {
                let Some(draft) = &$state.draft else { return Ok(Err(NotReleased::NoDraft)) };
                if (*seen, *last) != ($state.version(), $state.revision) {
                    return Ok(Err(NotReleased::Stale(Box::new($state))));
                }
                (draft.content.0, draft.head.clone())
            }
            Release::Restore(revision) => {
                let head = sqlx::query_scalar(REVISION_HEAD.on($dialect)).bind($state.key).bind(revision);
                let Some(head): Option<String> = head.fetch_optional(&mut *$tx).await? else {
                    return Ok(Err(NotReleased::NoRevision));
                };
                let begun = sqlx::query_scalar(contents::BEGIN_ON_REVISION.on($dialect)).bind($now_ms);
                let content: i64 = begun.bind($state.key).bind(revision).fetch_one(&mut *$tx).await?;
                (content, read_head(&head)?)
            }
            Release::Withdraw if $state.revision == 0 || $state.withdrawn => {
                return Ok(Err(NotReleased::NotPublished));
            }
            Release::Withdraw => (NO_CONTENT, $state.head.clone()),
        }
    };
}

/// Ends the versions that change and begins the new ones. Gives how many waypoints that touches.
macro_rules! replace_versions {
    ($tx:ident, $dialect:ident, $route_key:expr, $content:ident, $revision:ident) => {{
        let last = $revision - 1;
        overlay::put_on!($tx, $dialect, $content, $route_key, last);
        let add = sqlx::query(INSERT_WAYPOINTS.on($dialect)).bind($route_key).bind($content).bind(0_i64).bind(i64::MAX);
        add.execute(&mut *$tx).await?;
        let close = sqlx::query(CLOSE_VERSIONS.on($dialect)).bind($route_key).bind($content).bind(last);
        close.execute(&mut *$tx).await?;
        let count: i64 = sqlx::query_scalar(contents::COUNT.on($dialect)).bind($content).fetch_one(&mut *$tx).await?;
        let mut changed = 0;
        for place in (0..count).step_by(usize::try_from(PLACES_TOGETHER).unwrap_or(usize::MAX)) {
            let insert = sqlx::query(INSERT_VERSIONS.on($dialect)).bind($route_key).bind($content).bind($revision);
            let insert = insert.bind(place).bind(place + PLACES_TOGETHER);
            changed += insert.execute(&mut *$tx).await?.rows_affected();
        }
        let gone = sqlx::query_scalar(WITHDRAWN_WAYPOINTS.on($dialect)).bind($route_key).bind($content).bind(last);
        let gone: i64 = gone.fetch_one(&mut *$tx).await?;
        changed + u64::try_from(gone).unwrap_or_default()
    }};
}

/// Makes the versions those of the next revision. Gives how many waypoints that touches.
macro_rules! change_versions {
    ($tx:ident, $dialect:ident, $state:ident, $release:ident, $content:ident, $prepared:ident) => {
        if let Release::Withdraw = $release {
            let close = sqlx::query(CLOSE_ALL.on($dialect)).bind($state.key).bind($state.revision);
            close.execute(&mut *$tx).await?.rows_affected()
        } else if prepare::is_whole!($tx, $dialect, $state, $content, $prepared) {
            let count = sqlx::query_scalar(contents::COUNT.on($dialect)).bind($content);
            let count: i64 = count.fetch_one(&mut *$tx).await?;
            u64::try_from(count).unwrap_or_default()
        } else {
            let next = $state.revision + 1;
            replace_versions!($tx, $dialect, $state.key, $content, next)
        }
    };
}

/// After a publication a draft that was published is no more, and what was taken back is one again: gives the number of that.
macro_rules! settle_draft {
    ($tx:ident, $dialect:ident, $state:ident, $release:ident, $content:ident, $publication:ident) => {{
        let Publication { who, now_ms, .. } = $publication;
        let mut begun_version = None;
        if let Release::Withdraw = $release {
            if $state.draft.is_none() {
                let begun = sqlx::query_scalar(contents::BEGIN_ON_REVISION.on($dialect)).bind(now_ms);
                let content: i64 = begun.bind($state.key).bind($state.revision).fetch_one(&mut *$tx).await?;
                let version = sqlx::query_scalar(NEXT_VERSION.on($dialect)).bind($state.key);
                let version: i64 = version.fetch_one(&mut *$tx).await?;
                let save = sqlx::query(SAVE_DRAFT.on($dialect)).bind($state.key).bind(content);
                let save = save.bind($state.revision + 1).bind(version).bind(json(&$state.head)?);
                save.bind(&who.name).bind(now_ms).execute(&mut *$tx).await?;
                begun_version = Some(version);
            }
        } else {
            sqlx::query(contents::DROP_CONTENT.on($dialect)).bind($content).execute(&mut *$tx).await?;
        }
        if let Release::Draft(..) = $release {
            sqlx::query(DROP_DRAFT.on($dialect)).bind($state.key).execute(&mut *$tx).await?;
            sqlx::query(DROP_SCHEDULE.on($dialect)).bind($state.key).execute(&mut *$tx).await?;
        }
        begun_version
    }};
}

impl Store {
    /// The number of the content now published.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn generation(&self) -> Result<i64> {
        on!(self, |pools, dialect| Ok(sqlx::query_scalar(GENERATION.on(dialect)).fetch_one(&pools.read).await?))
    }

    /// The route's revision, if the file of this digest is what was imported last: importing it again changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn imported(&self, slug: &str, file_hash: &str) -> Result<Option<i64>> {
        let known: Option<(i64, String)> = on!(self, |pools, dialect| {
            sqlx::query_as(FILE_HASH.on(dialect)).bind(slug).fetch_optional(&pools.read).await?
        });
        Ok(known.filter(|(_, hash)| *hash == file_hash).map(|(revision, _)| revision))
    }

    /// Publishes a whole route as its next revision, all or nothing; what was imported last time changes nothing.
    ///
    /// # Errors
    /// When the database does not take it; then nothing has changed.
    pub async fn publish(&self, route: &StudyRoute, now_ms: i64) -> Result<PublishOutcome> {
        let file_hash = FileDigest::of(route)?;
        if let Some(revision) = self.imported(&route.slug, &file_hash).await? {
            return self.unchanged(&route.slug, revision).await;
        }
        let ids: HashSet<&str> = route.waypoints.iter().map(|waypoint| waypoint.id.as_str()).collect();
        if ids.len() != route.waypoints.len() {
            // Else one of two stops of the same name would be written over the other.
            return Err(StoreError::Conflict);
        }
        let content = self.begin_content(now_ms).await?;
        let waypoints: Vec<(usize, Waypoint)> = route.waypoints.iter().cloned().enumerate().collect();
        self.put_content(content, &waypoints).await?;
        self.release_file(&route.slug, content, &Head::of(route), &file_hash, now_ms).await
    }

    /// What is said of a file that was imported last time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unchanged(&self, slug: &str, revision: i64) -> Result<PublishOutcome> {
        let generation = self.generation().await?;
        Ok(PublishOutcome { slug: slug.into(), revision, changed: 0, published: false, generation })
    }

    /// Publishes the filled set of a route file.
    ///
    /// # Errors
    /// When the database does not take it; then nothing has changed.
    pub async fn release_file(
        &self,
        slug: &str,
        content: ContentKey,
        head: &Head,
        file_hash: &str,
        now_ms: i64,
    ) -> Result<PublishOutcome> {
        let publication = Publication { who: Who::command_line(), note: String::new(), now_ms };
        let release = Release::File(content, head, file_hash);
        let released = self.release(slug, &release, &publication).await?;
        let outcome = released.map_err(|_| StoreError::Corrupt { table: "study_routes" })?;
        if !outcome.published {
            self.drop_content(content).await?;
        }
        Ok(outcome)
    }

    /// Makes the next revision of a route, all or nothing.
    ///
    /// # Errors
    /// When the database does not take it, or the inner one; then nothing has changed.
    pub async fn release(
        &self,
        slug: &str,
        release: &Release<'_>,
        publication: &Publication,
    ) -> Result<std::result::Result<PublishOutcome, NotReleased>> {
        let Publication { who, note, now_ms } = publication;
        let prepared = self.prepare(slug, release).await?;
        on!(self, |pools, dialect| {
            let mut tx = pools.write.begin().await?;
            if let Release::File(..) = release {
                sqlx::query(INSERT_ROUTE.on(dialect)).bind(slug).execute(&mut *tx).await?;
            }
            sqlx::query(LOCK_ROUTE.on(dialect)).bind(slug).execute(&mut *tx).await?;
            let row: Option<StateRow> = sqlx::query_as(STATE.on(dialect)).bind(slug).fetch_optional(&mut *tx).await?;
            let Some(state) = row.map(RouteState::try_from).transpose()? else { return Ok(Err(NotReleased::NoRoute)) };
            let (content, head) = source!(tx, dialect, state, release, now_ms);
            let revision = state.revision + 1;
            let (_, last_file): (i64, String) =
                sqlx::query_as(FILE_HASH.on(dialect)).bind(slug).fetch_one(&mut *tx).await?;
            let file_hash = if let Release::File(_, _, hash) = release { Some(*hash) } else { None };
            let known = match file_hash {
                // Another node has imported it a moment ago.
                Some(hash) => hash == last_file,
                None => head == state.head && !state.withdrawn && !matches!(release, Release::Withdraw),
            };
            let changed = change_versions!(tx, dialect, state, release, content, prepared);
            let changed = usize::try_from(changed).unwrap_or(usize::MAX);
            if known && (changed == 0 || file_hash.is_some()) {
                let generation = sqlx::query_scalar(GENERATION.on(dialect)).fetch_one(&mut *tx).await?;
                if let Release::Draft(..) = release {
                    // A draft that says what is published says nothing more, and would wait for its time for ever.
                    settle_draft!(tx, dialect, state, release, content, publication);
                    let done = Deed::done(*now_ms, who, "drop draft", "");
                    let deed = Deed { route: Some(slug.into()), detail: "it changes nothing".into(), ..done };
                    sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
                    tx.commit().await?;
                } else {
                    tx.rollback().await?;
                }
                let (slug, revision) = (state.slug, state.revision);
                return Ok(Ok(PublishOutcome { slug, revision, changed: 0, published: false, generation }));
            }
            let restored = if let Release::Restore(revision) = release { Some(*revision) } else { None };
            let insert = sqlx::query(INSERT_REVISION.on(dialect)).bind(state.key).bind(revision).bind(now_ms);
            let insert = insert.bind(json(&head)?).bind(release.kind()).bind(note).bind(&who.name);
            insert.bind(who.key_id).bind(restored).execute(&mut *tx).await?;
            let withdrawn = i64::from(matches!(release, Release::Withdraw));
            let update = sqlx::query(UPDATE_ROUTE.on(dialect)).bind(state.key).bind(revision).bind(withdrawn);
            update.bind(file_hash).execute(&mut *tx).await?;
            let draft_version = settle_draft!(tx, dialect, state, release, content, publication);
            sqlx::query(BUMP_GENERATION.on(dialect)).execute(&mut *tx).await?;
            let generation = sqlx::query_scalar(GENERATION.on(dialect)).fetch_one(&mut *tx).await?;
            let done = Deed::done(*now_ms, who, release.kind(), revision.to_string());
            let (route, revision_made) = (Some(slug.into()), Some(revision));
            let deed = Deed { route, revision: revision_made, draft_version, detail: note.clone(), ..done };
            sqlx::query(INSERT_DEEDS.on(dialect)).bind(json(&[deed])?).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Ok(PublishOutcome { slug: slug.into(), revision, changed, published: true, generation }))
        })
    }

    /// A route's history before a revision, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revisions(&self, slug: &str, before: i64, limit: i64) -> Result<Vec<Revision>> {
        on!(self, |pools, dialect| {
            let query = sqlx::query_as(REVISIONS.on(dialect)).bind(slug).bind(before).bind(limit);
            Ok(query.fetch_all(&pools.read).await?)
        })
    }

    /// What one revision of a route held; `None` when there is no such revision.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revision_content(&self, state: &RouteState, revision: i64) -> Result<Option<StudyRoute>> {
        let (head, rows): (Option<String>, Vec<(i64, String)>) = on!(self, |pools, dialect| {
            let head = sqlx::query_scalar(REVISION_HEAD.on(dialect)).bind(state.key).bind(revision);
            let rows = sqlx::query_as(REVISION_WAYPOINTS.on(dialect)).bind(state.key).bind(revision);
            (head.fetch_optional(&pools.read).await?, rows.fetch_all(&pools.read).await?)
        });
        let Some(head) = head else { return Ok(None) };
        let waypoints = rows.into_iter().map(contents::waypoint).collect::<Result<_>>()?;
        Ok(Some(read_head(&head)?.with(&state.slug, waypoints)))
    }
}

pub(super) fn read_head(head: &str) -> Result<Head> {
    serde_json::from_str(head).map_err(|_| StoreError::Corrupt { table: "revisions" })
}
