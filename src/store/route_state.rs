//! A route as its designers see it: what is published, what it will become, and when.

use super::audit_log::Who;
use super::contents::{self, ContentKey};
use super::sql::{Sql, on, statements};
use super::{Result, Store, StoreError, json};
use crate::domain::geodesy::LatLon;
use crate::domain::route::{StudyRoute, Text, Waypoint};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

statements! {
    STATE = Sql::both(
        "select r.route_key, r.slug, r.revision, r.withdrawn, v.head, v.published_ms, v.author published_by,
                d.content_key, d.base_revision, d.version, d.head draft_head, d.author, d.created_ms, d.updated_by,
                d.updated_ms, s.at_ms, s.draft_version scheduled_version, s.note, s.acknowledged, s.author scheduled_by,
                s.author_key scheduled_key, s.failure
         from study_routes r
         left join revisions v on v.route_key = r.route_key and v.revision = r.revision
         left join drafts d on d.route_key = r.route_key
         left join schedules s on s.route_key = r.route_key
         where r.slug = $1",
    );
    REVISION_PAGE = Sql::both(
        "select v.ordinal, v.document from waypoint_versions v
         where v.route_key = $1 and +v.first_revision <= $2 and (v.last_revision is null or v.last_revision >= $2)
           and v.ordinal >= $3 and v.ordinal < $4 order by v.ordinal",
    );
    REVISION_LEN = Sql::both(
        "select coalesce((
           select v.ordinal from waypoint_versions v
           where v.route_key = $1 and +v.first_revision <= $2 and (v.last_revision is null or v.last_revision >= $2)
           order by v.ordinal desc limit 1), -1) + 1",
    );
    REVISION_BY_SLUG = Sql::pair(
        "select v.ordinal, v.document from waypoints w join waypoint_versions v on v.waypoint_key = w.waypoint_key
         where w.route_key = $1 and w.slug in (select value from json_each($3))
           and v.first_revision <= $2 and (v.last_revision is null or v.last_revision >= $2)",
        "select v.ordinal, v.document from waypoints w join waypoint_versions v on v.waypoint_key = w.waypoint_key
         where w.route_key = $1 and w.slug in (select value from jsonb_array_elements_text($3::jsonb) value)
           and v.first_revision <= $2 and (v.last_revision is null or v.last_revision >= $2)",
    );
    // Places that are published under one of these names, on any route.
    PLACES_NAMED = Sql::pair(
        "select document from waypoint_versions where last_revision is null
         and (document ->> '$.body.title.\"zh-CN\"' in (select value from json_each($1))
              or document ->> '$.body.title.en' in (select value from json_each($1))) limit 1000",
        "select document from waypoint_versions where last_revision is null
         and (document::jsonb #>> '{body,title,zh-CN}' in (select value from jsonb_array_elements_text($1::jsonb) value)
              or document::jsonb #>> '{body,title,en}' in (select value from jsonb_array_elements_text($1::jsonb) value))
         limit 1000",
    );
    SLUGS = Sql::both(
        "select r.slug from study_routes r left join drafts d on d.route_key = r.route_key
         where r.revision > 0 or d.version is not null order by r.slug",
    );
}

/// What a route is called, what one learns on it, and its drawn line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Title.
    pub title: Text,
    /// What one learns on it.
    pub summary: Text,
    /// The drawn line, `[longitude, latitude]`.
    pub line: Vec<[f64; 2]>,
}

impl Head {
    /// A route's head.
    #[must_use]
    pub fn of(route: &StudyRoute) -> Self {
        Self { title: route.title.clone(), summary: route.summary.clone(), line: route.line.clone() }
    }

    /// The route with this head.
    #[must_use]
    pub fn with(self, slug: &str, waypoints: Vec<Waypoint>) -> StudyRoute {
        StudyRoute { slug: slug.into(), title: self.title, summary: self.summary, line: self.line, waypoints }
    }
}

/// Which state of a route's content somebody has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// There is no such route.
    Nothing,
    /// No draft: what is published as this revision.
    Published(i64),
    /// A state of the draft.
    Draft(i64),
}

impl fmt::Display for Version {
    /// As an entity tag without its quotes: `d7` or `r3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("none"),
            Self::Published(revision) => write!(f, "r{revision}"),
            Self::Draft(version) => write!(f, "d{version}"),
        }
    }
}

impl FromStr for Version {
    type Err = ();
    fn from_str(tag: &str) -> std::result::Result<Self, ()> {
        let number = |digits: &str| digits.parse().map_err(|_| ());
        match tag.split_at_checked(1) {
            Some(("d", digits)) => number(digits).map(Self::Draft),
            Some(("r", digits)) => number(digits).map(Self::Published),
            _ => Err(()),
        }
    }
}

/// A route as its designers see it.
#[derive(Clone, Debug)]
pub struct RouteState {
    /// The store's number of it.
    pub key: i64,
    /// Its name.
    pub slug: String,
    /// Its last revision; 0 when it was never published.
    pub revision: i64,
    /// Whether that revision was taken back.
    pub withdrawn: bool,
    /// Title, summary and line as published.
    pub head: Head,
    /// When the last revision was published, milliseconds since 1970.
    pub published_ms: Option<i64>,
    /// Who published it.
    pub published_by: String,
    /// What it will become.
    pub draft: Option<DraftState>,
    /// When it will.
    pub schedule: Option<Schedule>,
}

/// A draft, without its waypoints.
#[derive(Clone, Debug)]
pub struct DraftState {
    /// Its waypoints.
    pub content: ContentKey,
    /// The revision it was begun from.
    pub base_revision: i64,
    /// Counts up with every change.
    pub version: i64,
    /// Title, summary and line.
    pub head: Head,
    /// Who began it.
    pub author: String,
    /// When.
    pub created_ms: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_ms: i64,
}

/// A publication to come.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// When.
    pub at_ms: i64,
    /// The state of the draft that is to be published.
    pub draft_version: i64,
    /// Why.
    pub note: String,
    /// Names of the lint rules whose warnings were acknowledged.
    pub acknowledged: Vec<String>,
    /// Whose doing.
    pub who: Who,
    /// Why it did not happen when its time came.
    pub failure: Option<String>,
}

impl RouteState {
    /// Which state this is.
    #[must_use]
    pub fn version(&self) -> Version {
        match &self.draft {
            Some(draft) => Version::Draft(draft.version),
            None if self.revision == 0 => Version::Nothing,
            None => Version::Published(self.revision),
        }
    }

    /// Title, summary and line as the next publication would have them.
    #[must_use]
    pub fn next_head(&self) -> &Head {
        self.draft.as_ref().map_or(&self.head, |draft| &draft.head)
    }
}

/// Whether anybody is served it.
pub(super) fn is_published(state: &RouteState) -> bool {
    state.revision > 0 && !state.withdrawn
}

impl Store {
    /// A route as its designers see it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_state(&self, slug: &str) -> Result<Option<RouteState>> {
        let row: Option<StateRow> = on!(self, |pools, dialect| {
            sqlx::query_as(STATE.on(dialect)).bind(slug).fetch_optional(&pools.read).await?
        });
        row.map(RouteState::try_from).transpose()
    }

    /// Waypoints as the next publication would have them, in their order, from a place on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_page(&self, state: &RouteState, from: i64, limit: i64) -> Result<Vec<Waypoint>> {
        self.route_documents(state, from, limit).await?.into_iter().map(contents::waypoint).collect()
    }

    /// The same as the store keeps them: place and document.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_documents(&self, state: &RouteState, from: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        match &state.draft {
            Some(draft) => self.content_documents(draft.content, from, limit).await,
            None => self.revision_documents(state.key, state.revision, from, limit).await,
        }
    }

    /// What one revision of a route had, from a place on: place and document.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revision_documents(
        &self,
        route_key: i64,
        revision: i64,
        from: i64,
        limit: i64,
    ) -> Result<Vec<(i64, String)>> {
        on!(self, |pools, dialect| {
            let query = sqlx::query_as(REVISION_PAGE.on(dialect)).bind(route_key).bind(revision);
            Ok(query.bind(from).bind(from.saturating_add(limit)).fetch_all(&pools.read).await?)
        })
    }

    /// How many waypoints the next publication would have.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_len(&self, state: &RouteState) -> Result<usize> {
        match &state.draft {
            Some(draft) => self.content_len(draft.content).await,
            None => self.published_len(state).await,
        }
    }

    /// How many waypoints the last revision has.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn published_len(&self, state: &RouteState) -> Result<usize> {
        let count: i64 = on!(self, |pools, dialect| {
            let query = sqlx::query_scalar(REVISION_LEN.on(dialect)).bind(state.key).bind(state.revision);
            query.fetch_one(&pools.read).await?
        });
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Those of these ids, as the next publication would have them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_waypoints(&self, state: &RouteState, ids: &[String]) -> Result<Vec<Waypoint>> {
        if let Some(draft) = &state.draft {
            return self.content_by_id(draft.content, ids).await;
        }
        let rows: Vec<(i64, String)> = on!(self, |pools, dialect| {
            let query = sqlx::query_as(REVISION_BY_SLUG.on(dialect)).bind(state.key).bind(state.revision);
            query.bind(json(ids)?).fetch_all(&pools.read).await?
        });
        rows.into_iter().map(contents::waypoint).collect()
    }

    /// A new set on what the next publication would stand on, without what a draft has changed of it.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn begin_beside_route(&self, state: &RouteState, now_ms: i64) -> Result<ContentKey> {
        match &state.draft {
            Some(draft) => self.begin_beside(draft.content, now_ms).await,
            None => self.begin_on_revision(state.key, state.revision, now_ms).await,
        }
    }

    /// Gives such a set what a draft has changed and it has not.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn fill_from_route(&self, content: ContentKey, state: &RouteState) -> Result<()> {
        match &state.draft {
            Some(draft) => self.fill_content(content, draft.content).await,
            None => Ok(()),
        }
    }

    /// The published places that have one of these names, on any route.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn places_named(&self, names: &[&str]) -> Result<Vec<(String, LatLon)>> {
        let documents: Vec<String> = on!(self, |pools, dialect| {
            sqlx::query_scalar(PLACES_NAMED.on(dialect)).bind(json(names)?).fetch_all(&pools.read).await?
        });
        let mut places = Vec::new();
        for document in documents {
            let waypoint = contents::waypoint((0, document))?;
            for title in [waypoint.body.title.zh_cn, waypoint.body.title.en] {
                places.push((title, waypoint.position));
            }
        }
        Ok(places)
    }

    /// The names of all routes that were ever published or have a draft.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_slugs(&self) -> Result<Vec<String>> {
        on!(self, |pools, dialect| Ok(sqlx::query_scalar(SLUGS.on(dialect)).fetch_all(&pools.read).await?))
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct StateRow {
    route_key: i64,
    slug: String,
    revision: i64,
    withdrawn: i64,
    head: Option<String>,
    published_ms: Option<i64>,
    published_by: Option<String>,
    content_key: Option<i64>,
    base_revision: Option<i64>,
    version: Option<i64>,
    draft_head: Option<String>,
    author: Option<String>,
    created_ms: Option<i64>,
    updated_by: Option<String>,
    updated_ms: Option<i64>,
    at_ms: Option<i64>,
    scheduled_version: Option<i64>,
    note: Option<String>,
    acknowledged: Option<String>,
    scheduled_by: Option<String>,
    scheduled_key: Option<Uuid>,
    failure: Option<String>,
}

impl TryFrom<StateRow> for RouteState {
    type Error = StoreError;
    fn try_from(row: StateRow) -> Result<Self> {
        let read = |head: &str| serde_json::from_str(head).map_err(|_| StoreError::Corrupt { table: "revisions" });
        let draft = match (row.version, &row.draft_head) {
            (Some(version), Some(head)) => Some(DraftState {
                content: ContentKey(row.content_key.unwrap_or_default()),
                base_revision: row.base_revision.unwrap_or_default(),
                version,
                head: read(head)?,
                author: row.author.unwrap_or_default(),
                created_ms: row.created_ms.unwrap_or_default(),
                updated_by: row.updated_by.unwrap_or_default(),
                updated_ms: row.updated_ms.unwrap_or_default(),
            }),
            _ => None,
        };
        let schedule = row.at_ms.map(|at_ms| Schedule {
            at_ms,
            draft_version: row.scheduled_version.unwrap_or_default(),
            note: row.note.unwrap_or_default(),
            acknowledged: serde_json::from_str(row.acknowledged.as_deref().unwrap_or("[]")).unwrap_or_default(),
            who: Who {
                key_id: row.scheduled_key,
                name: row.scheduled_by.unwrap_or_default(),
                role: None,
                request_id: String::new(),
            },
            failure: row.failure,
        });
        Ok(Self {
            key: row.route_key,
            slug: row.slug,
            revision: row.revision,
            withdrawn: row.withdrawn != 0,
            head: row.head.as_deref().map_or_else(|| Ok(Head::default()), read)?,
            published_ms: row.published_ms,
            published_by: row.published_by.unwrap_or_default(),
            draft,
            schedule,
        })
    }
}
