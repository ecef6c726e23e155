//! Looking at a draft before it is published: at all of it, page by page, for whoever asks what could be better; or at what differs from
//! what is published and what stands around that, which is all that a publication has to be judged by. Neither holds the texts of a
//! long route, and neither works on the threads that answer visitors.

use crate::domain::lint::{Around, AssetFacts, Changes, Circumstances, Finding, Review, Side, Spot, Whole};
use crate::domain::route::{StudyRoute, Waypoint};
use crate::store::{Glance, RouteState, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// Waypoints, and files, that are read together.
const PAGE_ROWS: i64 = 2_000;
const HASHES_TOGETHER: usize = 500;
/// Around so many changes the neighbours are looked up; around more it is quicker to go through the whole route.
const LOOKED_UP_MAX: usize = 200;
/// Neighbours that are read for that.
const NEIGHBOURS_MAX: usize = 20_000;

type Facts = HashMap<String, AssetFacts>;

/// Does what takes a while off the threads that answer visitors, reading what the database says included; it ends when nobody waits
/// for it any more.
async fn aside<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let (runtime, wanted) = (Handle::current(), CancellationToken::new());
    let _waiting = wanted.clone().drop_guard();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(wanted.run_until_cancelled(work))).await;
    done.ok().flatten().unwrap_or_else(|| Err(StoreError::Unfit("the draft could not be checked".into())))
}

/// Everything that the lint says of what the next publication would have.
///
/// # Errors
/// When the store does not answer.
pub async fn everything(store: &Store, state: &RouteState, hour: Option<u8>) -> Result<Vec<Finding>, StoreError> {
    let (store, state) = (store.clone(), state.clone());
    aside(async move { page_by_page(&store, &state, hour).await }).await
}

async fn page_by_page(store: &Store, state: &RouteState, hour: Option<u8>) -> Result<Vec<Finding>, StoreError> {
    if state.draft.is_none() && state.withdrawn {
        return Ok(Vec::new());
    }
    let mut whole = Whole::default();
    whole.head(&state.next_head().clone().with(&state.slug, Vec::new()));
    for from in (0..).step_by(usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX)) {
        let page = store.route_page(state, from, PAGE_ROWS).await?;
        if page.is_empty() {
            break;
        }
        let facts = facts_of(store, files_of(page.iter())).await?;
        let circumstances = Circumstances { planned_hour: hour, asset: &|sha256| facts.get(sha256).cloned() };
        for waypoint in &page {
            whole.stop(waypoint, Some(&circumstances));
        }
    }
    Ok(whole.finish())
}

/// What is wrong in what a draft changes, and which warnings it would bring.
///
/// # Errors
/// When the store does not answer.
pub async fn changes(store: &Store, state: &RouteState, hour: Option<u8>) -> Result<Review, StoreError> {
    let (store, state) = (store.clone(), state.clone());
    aside(async move { compared(&store, &state, hour).await }).await
}

async fn compared(store: &Store, state: &RouteState, hour: Option<u8>) -> Result<Review, StoreError> {
    let mut review = Review::default();
    let Some(draft) = &state.draft else { return Ok(review) };
    store.put_draft_on_last(state).await?;
    let head = |head: &crate::store::Head| head.clone().with(&state.slug, Vec::new());
    let before: Option<StudyRoute> = (state.revision > 0 && !state.withdrawn).then(|| head(&state.head));
    review.head(before.as_ref(), &head(&draft.head));
    review.count(store.route_len(state).await?);
    if store.changed_len(state, LOOKED_UP_MAX + 1).await? > LOOKED_UP_MAX {
        return in_all(store, state, hour, review).await;
    }
    match looked_up(store, state).await? {
        None => in_all(store, state, hour, review).await,
        Some((changes, around)) => {
            let files = files_of(changes.each().flat_map(|(before, now)| before.into_iter().chain(now)));
            let facts = facts_of(store, files).await?;
            let circumstances = Circumstances { planned_hour: hour, asset: &|sha256| facts.get(sha256).cloned() };
            for (before, now) in changes.each() {
                review.stop((before, !around.one_key.0), (now, !around.one_key.1), &circumstances);
            }
            review.keys(around.one_key.0, around.one_key.1);
            review.around(around.before.around(), around.now.around());
            Ok(review)
        }
    }
}

/// Stops that are known of a state, and how many it has.
struct Known(Vec<Spot>, usize);

impl Known {
    /// Of unchanged ones and one side of the changes.
    fn of<'a>(
        unchanged: &'a BTreeMap<u32, Waypoint>,
        changed: impl Iterator<Item = &'a Waypoint>,
        count: usize,
    ) -> Self {
        let mut stops: Vec<&Waypoint> = unchanged.values().chain(changed).collect();
        stops.sort_by_key(|stop| stop.body.order);
        let place = |stop: &Waypoint| usize::try_from(stop.body.order).unwrap_or_default().saturating_sub(1);
        Self(stops.into_iter().map(|stop| Spot::of(place(stop), stop)).collect(), count)
    }

    fn around(&self) -> Around<'_> {
        Around { spots: &self.0, count: self.1 }
    }
}

/// What stands around few changes.
struct Surroundings {
    before: Known,
    now: Known,
    /// Whether all questions of the route have one key, before and now.
    one_key: (bool, bool),
}

/// The changes and what stands around them; `None` when that is too much to be looked up.
async fn looked_up(store: &Store, state: &RouteState) -> Result<Option<(Changes, Surroundings)>, StoreError> {
    let mut changes = Changes::default();
    for (_, before, now) in store.changed_page(state, "", PAGE_ROWS).await? {
        changes.add(before, now);
    }
    let Some(one_key) = changes.same_keys(&store.other_keys(state).await?) else { return Ok(None) };
    let Some(levels) = store.levels(state).await? else { return Ok(None) };
    let Some(looking) = changes.seen_from(&levels) else { return Ok(None) };
    let looking: Vec<i64> = looking.into_iter().collect();
    let Some(looking) = store.in_cells(state, &looking, NEIGHBOURS_MAX).await? else { return Ok(None) };
    let seen: Vec<i64> = changes.looked_into(&looking, &levels).into_iter().collect();
    let Some(seen) = store.in_cells(state, &seen, NEIGHBOURS_MAX).await? else { return Ok(None) };
    let mut unchanged: BTreeMap<u32, Waypoint> =
        looking.into_iter().chain(seen).map(|waypoint| (waypoint.body.order, waypoint)).collect();
    for range in changes.places() {
        let (from, limit) =
            (i64::try_from(range.start).unwrap_or(i64::MAX), i64::try_from(range.len()).unwrap_or(i64::MAX));
        for (ordinal, document) in store.published_documents(state, from, limit).await? {
            let waypoint = crate::store::numbered(ordinal, &document)?;
            unchanged.insert(waypoint.body.order, waypoint);
        }
    }
    let count_before = store.published_len(state).await?;
    let count_now = store.route_len(state).await?;
    let (mut ids_before, mut ids_now) = (HashSet::new(), Vec::new());
    for (before, now) in changes.each() {
        ids_before.extend(before.map(|stop| stop.id.clone()));
        ids_now.extend(now);
    }
    unchanged.retain(|_, waypoint| !ids_before.contains(&waypoint.id));
    let before = Known::of(&unchanged, changes.each().filter_map(|(before, _)| before), count_before);
    let now = Known::of(&unchanged, ids_now.into_iter(), count_now);
    Ok(Some((changes, Surroundings { before, now, one_key })))
}

/// Goes through all changes, and twice through the whole route without its texts.
async fn in_all(store: &Store, state: &RouteState, hour: Option<u8>, mut review: Review) -> Result<Review, StoreError> {
    let mut after = String::new();
    loop {
        let page = store.changed_page(state, &after, PAGE_ROWS).await?;
        let Some((last, ..)) = page.last() else { break };
        after.clone_from(last);
        let stops = page.iter().flat_map(|(_, before, now)| before.iter().chain(now));
        let facts = facts_of(store, files_of(stops)).await?;
        let circumstances = Circumstances { planned_hour: hour, asset: &|sha256| facts.get(sha256).cloned() };
        for (_, before, now) in &page {
            // The keys of all are compared with the whole route.
            review.stop((before.as_ref(), false), (now.as_ref(), false), &circumstances);
        }
    }
    review.all_before(&side_of(store, state, true).await?);
    review.all_now(&side_of(store, state, false).await?);
    Ok(review)
}

/// A whole route without its texts, as it is published or as the next publication would have it.
async fn side_of(store: &Store, state: &RouteState, published: bool) -> Result<Side, StoreError> {
    let mut side = Side::default();
    loop {
        let from = i64::try_from(side.len()).unwrap_or(i64::MAX);
        let documents = if published {
            store.published_documents(state, from, PAGE_ROWS).await?
        } else {
            store.route_documents(state, from, PAGE_ROWS).await?
        };
        if documents.is_empty() {
            return Ok(side);
        }
        for (_, document) in documents {
            let (spot, keys) = Glance::read(&document)?.into_spot(side.len());
            side.add(spot, keys.iter().map(String::as_str));
        }
    }
}

/// The files that waypoints use.
fn files_of<'a>(waypoints: impl Iterator<Item = &'a Waypoint>) -> Vec<String> {
    let exhibits = waypoints.flat_map(|waypoint| &waypoint.body.exhibits);
    let hashes: BTreeSet<&String> = exhibits.flat_map(|exhibit| &exhibit.assets).map(|asset| &asset.sha256).collect();
    hashes.into_iter().cloned().collect()
}

/// What is known of files.
async fn facts_of(store: &Store, hashes: Vec<String>) -> Result<Facts, StoreError> {
    let mut facts = HashMap::new();
    for chunk in hashes.chunks(HASHES_TOGETHER) {
        for asset in store.assets_of(chunk).await? {
            let triangles = asset.findings.report.model.map(|model| model.triangles);
            facts.insert(asset.sha256, AssetFacts { bytes: asset.bytes, media_type: asset.media_type, triangles });
        }
    }
    Ok(facts)
}
