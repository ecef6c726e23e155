//! What every handler can reach, and who is asking. Until the content is loaded there is only the outer shell: handlers ask
//! for [`Live`] and are answered 503 by themselves.

use super::documents::Documents;
use super::gzip::Prepared;
use super::problem::{Code, Problem};
use crate::ambient::Ambient;
use crate::domain::token::{Holder, Secret};
use crate::index::{Current, Index};
use crate::store::{Blobs, Store};
use crate::tasks::lookups::Lookups;
use crate::tasks::recorder::Recorder;
use crate::tasks::refresher::Refresher;
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, header, request::Parts};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Large bodies under way at once.
pub const UPLOADS_MAX: usize = 8;
/// Streams of counts at once.
pub const WATCHERS_MAX: usize = 256;
/// Participants whose token hashes are kept in memory.
const TOKEN_CACHE_MAX: u64 = 100_000;
/// A token erased on another node is still recognised here this long; the writer refuses its check-ins all the same.
const TOKEN_CACHE_FOR: Duration = Duration::from_secs(30);

/// Balancers ask at least this often.
const WATCHED_WITHIN: Duration = Duration::from_secs(10);
/// The usual time between two questions of a balancer.
const FAREWELL: Duration = Duration::from_secs(2);

/// The state of the HTTP room.
pub struct Shell {
    /// Clock and chance.
    pub ambient: Ambient,
    live: OnceLock<Arc<Inner>>,
    stopping: AtomicBool,
    /// When somebody last asked whether it is ready.
    watched: Mutex<Option<Instant>>,
}

/// What is there once the content is loaded.
pub struct Inner {
    /// The database.
    pub store: Store,
    /// The generation being served.
    pub current: Arc<Current>,
    /// Writes check-ins.
    pub recorder: Recorder,
    lookups: Lookups,
    /// Keeps the index in step.
    pub refresher: Arc<Refresher>,
    /// Serialised static content.
    pub documents: Documents,
    /// What of many answers is compressed once.
    pub prepared: Prepared,
    /// Route files that could not be imported at start, with the first mistake of each.
    pub broken_files: Vec<String>,
    /// Large bodies that may still come.
    pub uploads: Arc<Semaphore>,
    /// Streams of counts that may still begin.
    pub watchers: Arc<Semaphore>,
    blobs: Option<Blobs>,
    /// Hashes of tokens seen lately; `None` for participants erased lately.
    tokens: moka::sync::Cache<Uuid, Option<[u8; 32]>>,
}

impl Inner {
    /// Puts the rooms together.
    #[must_use]
    pub fn new(
        store: Store,
        current: Arc<Current>,
        recorder: Recorder,
        lookups: Lookups,
        refresher: Arc<Refresher>,
        broken_files: Vec<String>,
    ) -> Self {
        let tokens = moka::sync::Cache::builder().max_capacity(TOKEN_CACHE_MAX).time_to_live(TOKEN_CACHE_FOR).build();
        let (documents, prepared) = (Documents::new(), Prepared::default());
        let (uploads, watchers) = (Arc::new(Semaphore::new(UPLOADS_MAX)), Arc::new(Semaphore::new(WATCHERS_MAX)));
        Self {
            store,
            current,
            recorder,
            lookups,
            refresher,
            documents,
            prepared,
            broken_files,
            uploads,
            watchers,
            blobs: None,
            tokens,
        }
    }

    /// The same with a place for files.
    #[must_use]
    pub fn with_blobs(self, blobs: Option<Blobs>) -> Self {
        Self { blobs, ..self }
    }

    /// Where the files of exhibits are.
    ///
    /// # Errors
    /// When nobody said where.
    pub fn blobs(&self) -> Result<&Blobs, Problem> {
        let nowhere = "This server has no place for files; whoever runs it sets it with the setting assets.";
        self.blobs.as_ref().ok_or_else(|| Problem::new(Code::AssetsUnavailable, nowhere))
    }

    /// The generation being served. Take it once per request.
    #[must_use]
    pub fn index(&self) -> Arc<Index> {
        self.current.load()
    }

    /// The hash of a participant's token.
    async fn token_hash(&self, participant: Uuid) -> Result<[u8; 32], Problem> {
        if let Some(known) = self.tokens.get(&participant) {
            return known.ok_or_else(invalid);
        }
        let found = self.lookups.token_hash(participant).await?.ok_or_else(invalid)?;
        let hash = found.try_into().map_err(|_| invalid())?;
        // What was read just before an erasure must not come back just after it: what stands here already stays.
        self.tokens.entry(participant).or_insert(Some(hash)).into_value().ok_or_else(invalid)
    }

    /// Refuses an erased participant's token from now on.
    pub fn refuse_token(&self, participant: Uuid) {
        self.tokens.insert(participant, None);
    }
}

impl Shell {
    /// A shell without content.
    #[must_use]
    pub fn new(ambient: Ambient) -> Self {
        Self { ambient, live: OnceLock::new(), stopping: AtomicBool::new(false), watched: Mutex::new(None) }
    }

    /// From now on requests are answered.
    pub fn go_live(&self, inner: Inner) {
        if self.live.set(Arc::new(inner)).is_err() {
            tracing::error!("the content was loaded twice; the first is kept");
        }
    }

    /// From now on `/readyz` says no.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Somebody asks whether it is ready, as balancers do again and again.
    pub fn note_watched(&self) {
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// How long connections are still to be taken once it stops: a balancer has to hear that it is not ready before its next
    /// connection is refused, or broken with a request on it. Where nobody asks, nobody has to hear.
    #[must_use]
    pub fn farewell(&self) -> Duration {
        let watched = *self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.is_some_and(|last| last.elapsed() < WATCHED_WITHIN) { FAREWELL } else { Duration::ZERO }
    }

    /// Whether the process is about to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// What is loaded, if it is.
    #[must_use]
    pub fn live(&self) -> Option<&Arc<Inner>> {
        self.live.get()
    }
}

/// The loaded content and the clock; asking for it answers 503 until there is content.
#[derive(Clone)]
pub struct Live {
    inner: Arc<Inner>,
    /// Clock and chance.
    pub ambient: Ambient,
}

impl Live {
    /// What the shell has loaded, if it has.
    #[must_use]
    pub fn of(shell: &Shell) -> Option<Self> {
        Some(Self { inner: Arc::clone(shell.live()?), ambient: shell.ambient.clone() })
    }
}

impl Deref for Live {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl FromRequestParts<Arc<Shell>> for Live {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, shell: &Arc<Shell>) -> Result<Self, Problem> {
        Self::of(shell)
            .ok_or_else(|| Problem::new(Code::NotReady, "The service is loading its content; try again in a moment."))
    }
}

/// The participant whose token the request carries.
pub struct Visitor {
    /// Who.
    pub id: Uuid,
    /// The token, with which repeats are sealed.
    pub secret: Secret,
}

impl FromRequestParts<Arc<Shell>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shell: &Arc<Shell>) -> Result<Self, Problem> {
        let live = Live::from_request_parts(parts, shell).await?;
        let Some(token) = bearer(&parts.headers)? else {
            return Err(Problem::new(
                Code::TokenMissing,
                "Send the participant's token as Authorization: Bearer …; POST /v1/participants gives one.",
            ));
        };
        let secret = Secret::parse(Holder::Participant, token).ok_or_else(invalid)?;
        let known = live.token_hash(secret.id()).await?;
        if !bool::from(known[..].ct_eq(&secret.hash()[..])) {
            return Err(invalid());
        }
        Ok(Self { id: secret.id(), secret })
    }
}

fn invalid() -> Problem {
    Problem::new(Code::TokenInvalid, "The token is not valid, or its participant has been erased.")
}

/// The one bearer token of a request.
///
/// # Errors
/// When there is more than one, or the header holds something else.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        // Which of them a proxy before us looked at, nobody knows.
        return Err(Problem::new(Code::TokenInvalid, "Authorization is there more than once; send it once."));
    }
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Some(token.trim()))
        .ok_or_else(|| Problem::new(Code::TokenInvalid, "Authorization must read: Bearer, a space, the token."))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::http::wire::render;
    use crate::store::Participant;
    use crate::tasks::recorder::RecorderLimits;

    /// What is there on an empty database.
    pub async fn inner(folder: &tempfile::TempDir) -> Inner {
        let store = Store::open(&format!("sqlite:{}", folder.path().join("x.db").display())).await.expect("a store");
        let current = Arc::new(Current::new(Index::build(0, Vec::new(), render)));
        let refresher = Arc::new(Refresher::new(store.clone(), Arc::clone(&current), render));
        let limits = RecorderLimits { queue_max: 1, batch_max: 1 };
        let (recorder, _) = Recorder::start(&store, Arc::clone(&current), limits).expect("a thread");
        let lookups = Lookups::start(&store).expect("a thread");
        Inner::new(store, current, recorder, lookups, refresher, Vec::new())
    }

    #[tokio::test]
    async fn a_look_up_that_read_before_an_erasure_does_not_bring_the_token_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = inner(&folder).await;
        let participant = Participant { id: Uuid::from_u128(7), token_hash: vec![7; 32], created_ms: 0 };
        inner.store.create_participant(&participant).await.expect("a participant");
        inner.refuse_token(participant.id);
        // The row stands for what a slow look-up has read before it went.
        let late = inner.token_hash(participant.id).await;
        assert_eq!(late.expect_err("erased").code(), "token-invalid");
        assert!(inner.token_hash(Uuid::from_u128(8)).await.is_err(), "nobody");
    }
}
