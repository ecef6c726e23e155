//! Publishing: what the lint says of a draft, and what follows. Errors block; warnings that the published state does not have
//! already must be acknowledged by name, so that nobody publishes what nobody has looked at.

use super::review;
use crate::domain::lint::{Finding, Level, Review, Rule};
use crate::domain::route::StudyRoute;
use crate::domain::time::DAY_MS;
use crate::store::{
    DraftState, NewSchedule, NotEdited, NotReleased, Publication, PublishOutcome, Release, RouteState, Store,
    StoreError, Version, Who,
};
use crate::traces;
use std::collections::{BTreeMap, HashSet};
use tracing::Instrument;

/// Longest note of a publication, in characters.
pub const NOTE_MAX: usize = 1_000;
/// Most rules that one publication acknowledges.
pub const ACKNOWLEDGED_MAX: usize = 100;
/// Farthest time that a publication may be set for: a year.
pub const SCHEDULE_MAX_MS: i64 = 366 * DAY_MS;
/// The warning that somebody else published after a draft was begun.
pub const PUBLISHED_MEANWHILE: &str = "published-meanwhile";
/// Waypoints that are read together.
const PAGE_ROWS: i64 = 2_000;

/// Which state of a route somebody means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// What the next publication would have.
    Draft,
    /// What is served.
    Published,
    /// One revision.
    Revision(i64),
}

impl std::str::FromStr for State {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "draft" => Ok(Self::Draft),
            "published" => Ok(Self::Published),
            number => match number.parse() {
                Ok(revision) if revision >= 1 => Ok(Self::Revision(revision)),
                _ => Err("must be draft, published or the number of a revision".into()),
            },
        }
    }
}

/// What the lint says of a state of a route.
#[derive(Debug)]
pub struct Checked {
    /// The state that was looked at.
    pub version: Version,
    /// Everything that is wrong or could be better.
    pub findings: Vec<Finding>,
    /// Those warnings that the published state does not have: rule by rule, how often.
    pub to_acknowledge: BTreeMap<&'static str, usize>,
}

impl Checked {
    /// How many findings block a publication.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.rule.level() == Level::Error).count()
    }
}

/// Why nothing was published. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The lint finds mistakes.
    #[error("the draft has mistakes: {}", rules_of(.0))]
    Mistakes(Vec<Finding>),
    /// Warnings have not been acknowledged.
    #[error("there are warnings that nobody has acknowledged: {}", counted(.0))]
    Unacknowledged(BTreeMap<&'static str, usize>, Vec<Finding>),
    /// The time is past or too far.
    #[error("the time must lie within the next year")]
    Time,
    /// It cannot be published.
    #[error("it cannot be published")]
    NotReleased(NotReleased),
    /// The draft cannot be changed now.
    #[error("the draft cannot be changed now")]
    NotEdited(NotEdited),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Findings by rule.
#[must_use]
pub fn by_rule(findings: &[Finding]) -> BTreeMap<&'static str, usize> {
    let mut rules = BTreeMap::new();
    for finding in findings {
        *rules.entry(finding.rule.name()).or_default() += 1;
    }
    rules
}

fn rules_of(findings: &[Finding]) -> String {
    counted(&by_rule(findings))
}

/// Rules in words, each with how often.
#[must_use]
pub fn counted(rules: &BTreeMap<&'static str, usize>) -> String {
    let each: Vec<String> = rules.iter().map(|(rule, count)| format!("{rule} ({count})")).collect();
    each.join(", ")
}

impl PublishError {
    /// What the audit log calls it: the code that a request would have been refused with.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Mistakes(_) => "lint-errors",
            Self::Unacknowledged(..) => "lint-warnings",
            _ => "precondition-failed",
        }
    }
}

/// One state of a route with all its content; `None` when there is no such state.
///
/// # Errors
/// When the store does not answer.
pub async fn content(store: &Store, state: &RouteState, which: State) -> Result<Option<StudyRoute>, StoreError> {
    match which {
        State::Draft => match &state.draft {
            Some(draft) => drafted(store, state, draft).await.map(Some),
            None if state.withdrawn => Ok(None),
            None => store.revision_content(state, state.revision).await,
        },
        State::Published if state.withdrawn => Ok(None),
        State::Published => store.revision_content(state, state.revision).await,
        State::Revision(revision) => store.revision_content(state, revision).await,
    }
}

async fn drafted(store: &Store, state: &RouteState, draft: &DraftState) -> Result<StudyRoute, StoreError> {
    let mut waypoints = Vec::new();
    loop {
        let from = i64::try_from(waypoints.len()).unwrap_or(i64::MAX);
        let page = store.route_page(state, from, PAGE_ROWS).await?;
        let last = i64::try_from(page.len()).unwrap_or(i64::MAX) < PAGE_ROWS;
        waypoints.extend(page);
        if last {
            return Ok(draft.head.clone().with(&state.slug, waypoints));
        }
    }
}

/// What the lint says of a route's draft.
///
/// # Errors
/// When the store does not answer.
pub async fn check(store: &Store, state: &RouteState, planned_hour: Option<u8>) -> Result<Checked, StoreError> {
    let findings = review::everything(store, state, planned_hour).await?;
    let review = review::changes(store, state, planned_hour).await?;
    let to_acknowledge = to_acknowledge(state, &review);
    Ok(Checked { version: state.version(), findings, to_acknowledge })
}

/// The warnings that a draft would bring: rule by rule, how often.
fn to_acknowledge(state: &RouteState, review: &Review) -> BTreeMap<&'static str, usize> {
    let mut rules = review.fresh_counts().clone();
    if state.draft.as_ref().is_some_and(|draft| draft.base_revision != state.revision) {
        rules.insert(PUBLISHED_MEANWHILE, 1);
    }
    rules
}

/// Whether somebody can acknowledge this.
#[must_use]
pub fn is_rule(name: &str) -> bool {
    name == PUBLISHED_MEANWHILE || Rule::ALL.iter().any(|rule| rule.name() == name && rule.level() == Level::Warning)
}

/// Lets a draft through that has no mistakes and no warning that nobody has acknowledged. Only what it changes is looked at, and
/// what stands around that: a mistake that is served already, in a stop that nobody has touched, keeps no other correction waiting.
async fn gate(store: &Store, state: &RouteState, acknowledged: &[String]) -> Result<(), PublishError> {
    let mut review = review::changes(store, state, None).await?;
    if review.error_count() > 0 {
        return Err(PublishError::Mistakes(review.errors()));
    }
    let known: HashSet<&str> = acknowledged.iter().map(String::as_str).collect();
    let mut open = to_acknowledge(state, &review);
    open.retain(|rule, _| !known.contains(rule));
    if open.is_empty() {
        return Ok(());
    }
    let mut about = review.fresh();
    about.retain(|finding| open.contains_key(finding.rule.name()));
    Err(PublishError::Unacknowledged(open, about))
}

/// Publishes a route's draft.
///
/// # Errors
/// When there is no draft, it has mistakes or unacknowledged warnings, or somebody changed it meanwhile.
pub async fn publish(
    store: &Store,
    slug: &str,
    seen: Option<Version>,
    acknowledged: &[String],
    publication: &Publication,
) -> Result<PublishOutcome, PublishError> {
    let state = store.route_state(slug).await?;
    let Some(state) = state else { return Err(PublishError::NotReleased(NotReleased::NoRoute)) };
    if state.draft.is_none() {
        return Err(PublishError::NotReleased(NotReleased::NoDraft));
    }
    if seen.is_some_and(|seen| seen != state.version()) {
        return Err(PublishError::NotReleased(NotReleased::Stale(Box::new(state))));
    }
    gate(store, &state, acknowledged).await?;
    // What was checked is what is published, whoever changes it meanwhile.
    let release = Release::Draft(state.version(), state.revision);
    let releasing = store.release(slug, &release, publication).instrument(traces::publish());
    releasing.await?.map_err(PublishError::NotReleased)
}

/// Brings an old revision back as a new one.
///
/// # Errors
/// When there is no such revision, or the store does not take it.
pub async fn restore(
    store: &Store,
    slug: &str,
    revision: i64,
    publication: &Publication,
) -> Result<PublishOutcome, PublishError> {
    let release = Release::Restore(revision);
    let releasing = store.release(slug, &release, publication).instrument(traces::publish());
    releasing.await?.map_err(PublishError::NotReleased)
}

/// Takes a route back: visitors no longer get it, its counts stay, and what it held becomes its draft.
///
/// # Errors
/// When it is not published, or the store does not take it.
pub async fn withdraw(store: &Store, slug: &str, publication: &Publication) -> Result<PublishOutcome, PublishError> {
    let release = Release::Withdraw;
    let releasing = store.release(slug, &release, publication).instrument(traces::publish());
    releasing.await?.map_err(PublishError::NotReleased)
}

/// Sets the time at which a draft is to be published, if it could be published now.
///
/// # Errors
/// When it could not, when the time is past or too far, or when somebody changed the draft meanwhile.
pub async fn schedule(
    store: &Store,
    slug: &str,
    seen: Option<Version>,
    new: &NewSchedule,
    who: &Who,
    now_ms: i64,
) -> Result<(), PublishError> {
    if !(now_ms + 1..=now_ms + SCHEDULE_MAX_MS).contains(&new.at_ms) {
        return Err(PublishError::Time);
    }
    let state = store.route_state(slug).await?;
    let Some(state) = state else { return Err(PublishError::NotReleased(NotReleased::NoRoute)) };
    if state.draft.is_none() {
        return Err(PublishError::NotReleased(NotReleased::NoDraft));
    }
    if seen.is_some_and(|seen| seen != state.version()) {
        return Err(PublishError::NotReleased(NotReleased::Stale(Box::new(state))));
    }
    gate(store, &state, &new.acknowledged).await?;
    store.schedule(slug, Some(state.version()), Some(new), who, now_ms).await?.map_err(PublishError::NotEdited)
}

/// Publishes every draft whose time has come. Says whether any was. What cannot be published is noted and may be changed again.
///
/// # Errors
/// When the store does not answer; the next look tries again.
pub async fn publish_due(store: &Store, now_ms: i64) -> Result<bool, StoreError> {
    let mut any = false;
    for slug in store.due_schedules(now_ms).await? {
        let Some(state) = store.route_state(&slug).await? else { continue };
        let Some(schedule) = &state.schedule else { continue };
        let publication = Publication { who: schedule.who.clone(), note: schedule.note.clone(), now_ms };
        let seen = Some(Version::Draft(schedule.draft_version));
        match publish(store, &slug, seen, &schedule.acknowledged, &publication).await {
            // A draft that changes nothing is gone all the same.
            Ok(outcome) => {
                tracing::info!(route = slug, revision = outcome.revision, "published as scheduled");
                any |= outcome.published;
            }
            Err(PublishError::Store(error)) => return Err(error),
            // Another node was faster: nothing is left to do.
            Err(PublishError::NotReleased(NotReleased::NoDraft | NotReleased::NoRoute)) => {}
            Err(error) => {
                tracing::error!(route = slug, %error, "cannot be published as scheduled");
                store.fail_schedule(&slug, &error.to_string(), error.outcome(), schedule, now_ms).await?;
            }
        }
    }
    Ok(any)
}
