//! Taking a designer's file into a draft: read it once from end to end, settle every row by itself, write what is right beside
//! the draft, and swap it in when the whole is right. A rehearsal of it (`dry_run`) does the same and then lets go of what it
//! wrote, so it says exactly what the real one would do. Memory does not grow with the texts of the file.

mod known;
mod names;
mod order;
mod places;
mod rows;
mod suspicion;

pub use rows::{RowReport, RowResult};
pub use suspicion::Suggestion;

use crate::domain::crs::Crs;
use crate::domain::route::Text;
use crate::formats::{self, Format, Item, Mistake, Options, Place, Position, Refused, Understood};
use crate::store::{ContentKey, Edit, Head, NotEdited, RouteState, Store, StoreError, Version, Who};
use known::{Ids, Known};
use rows::{Row, Rows};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use utoipa::ToSchema;

/// Items that travel together from the reader to the writer, and batches that may wait between them. An item may weigh ten times
/// its text, so there are few.
const BATCH_ITEMS: usize = 50;
const BATCHES_WAITING: usize = 2;
/// Waypoints that are written together: fewer would wait for the disk more often.
const WRITTEN_TOGETHER: usize = 250;
/// Waypoints of the draft that are looked at together.
const PAGE_ROWS: i64 = 250;
/// Rows that the report shows one by one; the rest is counted.
pub const ROWS_SHOWN_MAX: usize = 1_000;
/// Longest source that a sender gives, in characters.
pub const SOURCE_MAX: usize = 500;
/// How far a position may be off, as a sender says it, metres.
pub const PRECISION_M: RangeInclusive<f64> = 0.001..=100_000.0;
/// Radius of new zones, as a sender says it, metres.
pub const RADIUS_M: RangeInclusive<f64> = 1.0..=100_000.0;

/// What to do with a file.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one answer to one question that the sender is asked")]
pub struct Import {
    /// What it is; without it that is found out.
    pub format: Option<Format>,
    /// Which sheet of a workbook; the first one otherwise.
    pub sheet: Option<String>,
    /// The reference system of its coordinates; without it WGS 84, unless the file looks as if it were another.
    pub crs: Option<Crs>,
    /// Whether latitude and longitude stand in each other's place.
    pub swap_axes: bool,
    /// Only say what would happen.
    pub dry_run: bool,
    /// Take the rows that are right although others are wrong.
    pub partial: bool,
    /// Waypoints of the draft that the file does not have go.
    pub replace: bool,
    /// What to write as the source of positions that do not name theirs.
    pub source: Option<String>,
    /// How far such a position may be off, metres.
    pub precision_m: Option<f64>,
    /// Radius of the zone of new waypoints that have none, metres.
    pub radius_m: Option<f64>,
}

/// How far an import has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of the file.
    pub total_bytes: AtomicU64,
    /// Bytes read.
    pub read_bytes: AtomicU64,
    /// Rows settled.
    pub rows: AtomicU64,
}

/// What came, or would come, of an import.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that happened or not")]
pub struct Report {
    /// The study route.
    pub route: String,
    /// Whether nothing was kept because nothing was to be kept.
    pub dry_run: bool,
    /// Whether the file was (or would be) taken in.
    pub accepted: bool,
    /// How the file was understood.
    #[schema(value_type = Object)]
    pub understood: Understood,
    /// The reference system that its numbers were read in.
    #[schema(value_type = String)]
    pub crs: Crs,
    /// Rows or features that are places.
    pub rows: u64,
    /// New waypoints.
    pub added: u64,
    /// Waypoints that change.
    pub changed: u64,
    /// Waypoints that the draft has just so already.
    pub unchanged: u64,
    /// Waypoints of the draft that go, because the file does not have them.
    pub removed: u64,
    /// Rows that cannot be taken.
    pub refused: u64,
    /// Whether stops change their places.
    pub reordered: bool,
    /// Whether title, summary or line of the route change.
    pub route_changed: bool,
    /// What makes the file look wrong as a whole, and what would mend it.
    pub suggestions: Vec<Suggestion>,
    /// Row by row, the refused ones first; the first thousand of each sort.
    pub results: Vec<RowReport>,
    /// The draft's ETag afterwards, to send as If-Match with the next change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// Why nothing came of an import at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file as a whole cannot be read.
    #[error(transparent)]
    File(#[from] Refused),
    /// The draft cannot be changed now.
    #[error("the draft cannot be changed now")]
    NotEdited(NotEdited),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be read from the disk.
    #[error("the file could not be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Takes a file into a route's draft, which begins with it if there is none.
///
/// # Errors
/// When the file as a whole, the draft or the store refuses; then nothing has changed. Wrong rows are in the report.
pub async fn run(
    store: &Store,
    slug: &str,
    seen: Option<Version>,
    file: File,
    import: &Import,
    progress: &Arc<Progress>,
    (who, now_ms): (&Who, i64),
) -> Result<Report, ImportError> {
    let state = store.route_state(slug).await?;
    if let (Some(seen), Some(state)) = (seen, &state)
        && state.version() != seen
    {
        return Err(ImportError::NotEdited(NotEdited::Stale(Box::new(state.clone()))));
    }
    // Known before the file is read, and then a rehearsal hears of it too.
    if let Some(schedule) = state.as_ref().and_then(|state| state.schedule.as_ref())
        && schedule.failure.is_none()
    {
        return Err(ImportError::NotEdited(NotEdited::Scheduled(schedule.at_ms)));
    }
    // Whoever changes the draft while the file is read is not overwritten.
    let base = state.as_ref().map_or(Version::Nothing, RouteState::version);
    let content = match &state {
        Some(state) if !import.replace => store.begin_beside_route(state, now_ms).await?,
        _ => store.begin_content(now_ms).await?,
    };
    let staged = match stage(store, state.as_ref(), content, file, import, progress).await {
        Ok(staged) => taken(store, state.as_ref(), content, staged, import).await,
        Err(error) => Err(error),
    };
    let (head, mut report) = match staged {
        Ok((Some(head), report)) => (head, report),
        Ok((None, mut report)) => {
            store.drop_content(content).await?;
            report.etag = unchanged(store, slug, base).await?;
            report.route = slug.into();
            return Ok(report);
        }
        Err(error) => {
            store.drop_content(content).await?;
            return Err(error);
        }
    };
    let edit = Edit::Adopt(content, Some(&head));
    match store.edit_draft(slug, Some(base), &edit, who, now_ms).await? {
        Ok(state) => {
            (report.etag, report.route) = (etag(&state), slug.into());
            Ok(report)
        }
        Err(refusal) => {
            store.drop_content(content).await?;
            Err(ImportError::NotEdited(refusal))
        }
    }
}

/// Completes what was staged with what the draft has beside; gives the head too if it is to be taken.
async fn taken(
    store: &Store,
    state: Option<&RouteState>,
    content: ContentKey,
    staged: Staged,
    import: &Import,
) -> Result<(Option<Head>, Report), ImportError> {
    let Staged { mut report, head, order } = staged;
    let changes = report.added + report.changed + report.removed > 0 || report.reordered || report.route_changed;
    report.accepted = report.suggestions.is_empty() && (report.refused == 0 || import.partial);
    if import.dry_run || !report.accepted || !changes {
        return Ok((None, report));
    }
    if let Some(state) = state.filter(|_| !import.replace) {
        store.fill_from_route(content, state).await?;
    }
    if let Some(order) = order {
        store.order_content(content, &order).await?;
    }
    Ok((Some(head), report))
}

/// The route's ETag, if it is in the state that the file was read beside: else the report says nothing of it.
async fn unchanged(store: &Store, slug: &str, base: Version) -> Result<Option<String>, ImportError> {
    match store.route_state(slug).await? {
        Some(state) if state.version() != base => Err(ImportError::NotEdited(NotEdited::Stale(Box::new(state)))),
        state => Ok(state.as_ref().and_then(etag)),
    }
}

/// As a route's own answer has it; a route that is not there has none.
fn etag(state: &RouteState) -> Option<String> {
    let version = state.version();
    (version != Version::Nothing).then(|| format!("\"{version}\""))
}

struct Staged {
    report: Report,
    head: Head,
    /// The order that the rows ask for, where it is another.
    order: Option<Vec<String>>,
}

/// Reads the whole file and writes what it changes into a set that nobody sees yet.
async fn stage(
    store: &Store,
    state: Option<&RouteState>,
    content: ContentKey,
    mut file: File,
    import: &Import,
    progress: &Arc<Progress>,
) -> Result<Staged, ImportError> {
    let bytes = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    progress.total_bytes.store(bytes, Ordering::Relaxed);
    let (known, ids) = known_of(store, state).await?;
    let mut rows = Rows::new(known, ids, import);
    let (mut line, mut settled) = (None, Vec::new());
    let (send, mut receive) = mpsc::channel(BATCHES_WAITING);
    let options = Options { format: import.format, sheet: import.sheet.clone() };
    let counted = Counted { file, read_bytes: 0, total_bytes: bytes, progress: Arc::clone(progress) };
    let reader = tokio::task::spawn_blocking(move || read(counted, &options, &send));
    while let Some(batch) = receive.recv().await {
        let batch = sort(batch, &mut rows, &mut line);
        let ids = rows.existing(&batch);
        let existing = match state {
            Some(state) if !ids.is_empty() => store.route_waypoints(state, &ids).await?,
            _ => Vec::new(),
        };
        let existing = existing.into_iter().map(|waypoint| (waypoint.id.clone(), waypoint)).collect();
        settled.extend(batch.into_iter().filter_map(|row| rows.settle(row, &existing)));
        progress.rows.store(rows.count(), Ordering::Relaxed);
        if settled.len() >= WRITTEN_TOGETHER {
            store.put_written(content, &settled).await?;
            settled.clear();
        }
    }
    store.put_written(content, &settled).await?;
    let understood = reader.await.map_err(|_| Refused::Unreadable("could not be read".into()))??;
    let before = state.map(|state| state.next_head().clone()).unwrap_or_default();
    let mut head = before.clone();
    if let Some(line) = line {
        // Only now all of the file is known, and with it what reference system it names.
        let system = import.crs.or(understood.crs.as_ref().map(|(crs, _)| *crs)).unwrap_or(Crs::Wgs84);
        let place = line.place;
        if let Err(mistakes) = draw(&mut head, line, system, (import, understood.format)) {
            rows.refuse(place, mistakes);
        }
    }
    let suggestions = rows.look_elsewhere(store).await?;
    let order = rows.reordered();
    let report = Report { route_changed: head != before, suggestions, ..rows.report(understood, import) };
    Ok(Staged { report, head, order })
}

/// The rows of a batch, each with the waypoint that it is about; the first line is put aside, the rest noted.
fn sort(batch: Vec<Item>, rows: &mut Rows, line: &mut Option<Line>) -> Vec<Row> {
    let mut met = Vec::with_capacity(batch.len());
    for item in batch {
        match item {
            Item::Entry(entry) => met.push(rows.meet(entry)),
            Item::Line { place, positions, patch, mistakes } if line.is_none() => {
                *line = Some(Line { place, positions, patch, mistakes });
            }
            Item::Line { place, .. } => rows.skip(place, "is a second line; the route has one, the first is taken"),
            Item::Skipped { place, reason } => rows.skip(place, &reason),
        }
    }
    met
}

fn read(mut source: Counted, options: &Options, send: &mpsc::Sender<Vec<Item>>) -> Result<Understood, Refused> {
    let mut batch = Vec::with_capacity(BATCH_ITEMS);
    let understood = formats::read(&mut source, options, &mut |item| {
        batch.push(item);
        if batch.len() < BATCH_ITEMS {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ITEMS));
        // Nobody takes any more when the writer has failed.
        if send.blocking_send(full).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    // The same: the writer says itself why it failed.
    drop(send.blocking_send(batch));
    Ok(understood)
}

/// What the draft has: names, places and digests, not the texts.
async fn known_of(store: &Store, state: Option<&RouteState>) -> Result<(Known, Ids), StoreError> {
    let (mut known, mut ids) = (Known::default(), Ids::default());
    let Some(state) = state else { return Ok((known, ids)) };
    loop {
        let page = store.route_documents(state, i64::from(known.len()), PAGE_ROWS).await?;
        if page.is_empty() {
            known.finish();
            return Ok((known, ids));
        }
        for (_, document) in &page {
            known.add(document, &mut ids)?;
        }
    }
}

/// A drawn line of the file.
struct Line {
    place: Place,
    positions: Vec<Position>,
    patch: Map<String, Value>,
    mistakes: Vec<Mistake>,
}

/// The route's line, and what the file calls it; all of it or nothing. Only GeoJSON can mean the route by the line's name: a handheld
/// calls its tracks by the day, so such a name is taken where there is none yet.
fn draw(head: &mut Head, line: Line, system: Crs, (import, format): (&Import, Format)) -> Result<(), Vec<Mistake>> {
    let Line { positions, patch, mut mistakes, .. } = line;
    let names_the_route = format == Format::GeoJson;
    let corners = places::read_line(&positions, system, import).map_err(|mistake| mistakes.push(mistake));
    let (Ok(corners), true) = (corners, mistakes.is_empty()) else { return Err(mistakes) };
    if corners.len() >= 2 {
        head.line = corners;
    }
    for (name, text) in [("title", &mut head.title), ("summary", &mut head.summary)] {
        let given = patch.get(name).cloned().and_then(|value| serde_json::from_value::<Text>(value).ok());
        for (given, kept) in given.into_iter().flat_map(|given| [(given.zh_cn, true), (given.en, false)]) {
            let text = if kept { &mut text.zh_cn } else { &mut text.en };
            if !given.is_empty() && (names_the_route || text.is_empty()) {
                *text = given;
            }
        }
    }
    Ok(())
}

/// Counts what is read of a file. A file may be walked twice or from its end, so that what counts is how much is read, not where.
struct Counted {
    file: File,
    read_bytes: u64,
    total_bytes: u64,
    progress: Arc<Progress>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.file.read(buffer)?;
        self.read_bytes = self.read_bytes.saturating_add(bytes as u64).min(self.total_bytes);
        self.progress.read_bytes.store(self.read_bytes, Ordering::Relaxed);
        Ok(bytes)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}
