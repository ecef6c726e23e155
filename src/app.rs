//! The composition root: bind, open the store, import, load the index, start the tasks, serve, and stop it all in order.

mod schedules;
mod watchers;

use crate::ambient::Ambient;
use crate::config::Config;
use crate::design::beside::Beside;
use crate::design::route_file::{self, RouteFileError};
use crate::domain::crs::Crs;
use crate::domain::lint::Finding;
use crate::domain::route::StudyRoute;
use crate::formats::geojson;
use crate::http::door::{self, DoorLimits, DoorStats};
use crate::http::front::{AccessLog, FrontLimits, HEAD_MAX_BYTES, Permits};
use crate::http::state::{Inner, Shell};
use crate::http::{Files, Fittings, Limits, Nodes, PageTexts, TrustedProxies, service, wire};
use crate::index::{Current, Index};
use crate::store::{Blobs, PublishOutcome, Store, assets_setting};
use crate::tasks::lookups::Lookups;
use crate::tasks::recorder::{Recorder, RecorderLimits};
use crate::tasks::refresher::Refresher;
use crate::web;
use anyhow::{Context, Result, bail};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Descriptors kept for the database, the log and the listener.
const DESCRIPTORS_KEPT: u64 = 64;
/// However long the requests took to finish, the tasks that write have at least this long to end what they have begun.
const WRITERS_DRAIN_MIN: Duration = Duration::from_secs(1);
/// How long the database's connections may take to end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the metrics' histograms are folded.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Serves on the configured address until `stop`.
///
/// # Errors
/// When it cannot start.
pub async fn serve(config: Config, ambient: Ambient, stop: CancellationToken) -> Result<()> {
    let listener = door::listen(config.listen)
        .with_context(|| format!("cannot listen on {}; is another server running there?", config.listen))?;
    serve_on(listener, config, ambient, stop).await
}

/// Serves on a listener until `stop`. It answers from the start; what needs content is answered 503 until that is loaded.
///
/// # Errors
/// When the database cannot be opened or what is published cannot be loaded.
pub async fn serve_on(listener: TcpListener, config: Config, ambient: Ambient, stop: CancellationToken) -> Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let shell = Arc::new(Shell::new(ambient.clone()));
    let permits = Arc::new(Permits::new(FrontLimits::default()));
    permits.watch_lag(Handle::current()).context("it cannot be seen whether requests are late")?;
    let nodes = Nodes::default();
    let stats = Arc::new(DoorStats::default());
    let service = service(Arc::clone(&shell), fittings(&config, permits, Arc::clone(&stats), &nodes)?);
    let serving = CancellationToken::new();
    let limits = door_limits(&config);
    let door = tokio::spawn(door::serve(listener, service, limits, stats, serving.clone(), config.drain));
    // A database that does not answer must not keep the process from stopping.
    let loaded = tokio::select! {
        loaded = load(&config, &ambient, &shell, &nodes, &serving) => loaded.map(Some),
        () = stop.cancelled() => Ok(None),
    };
    let Loaded { store, recorder, schedules, watchers } = match loaded {
        Ok(Some(loaded)) => loaded,
        early => {
            serving.cancel();
            return early.map(|_| tracing::info!("stopped before it was ready"));
        }
    };
    tracing::info!("ready");
    stop.cancelled().await;
    tracing::info!("stopping");
    shell.stop();
    tokio::time::sleep(shell.farewell().min(config.drain)).await;
    let stopping = Instant::now();
    serving.cancel();
    if !door.await.unwrap_or(false) {
        tracing::warn!("some connections were cut off");
    }
    if let Some(live) = shell.live() {
        live.recorder.close();
    }
    let left = config.drain.saturating_sub(stopping.elapsed()).max(WRITERS_DRAIN_MIN);
    let within = |task| tokio::time::timeout(left, task);
    let (recorder, schedules, _) = tokio::join!(within(recorder), within(schedules), within(watchers));
    if recorder.is_err() {
        tracing::error!("the recorder did not finish in time; what it held was never acknowledged");
    }
    if schedules.is_err() {
        tracing::warn!("a scheduled publication was cut off; the next start looks at it again");
    }
    // A server that is no more keeps its connections for as long as nobody says so.
    if tokio::time::timeout(CLOSE_TIMEOUT, store.close()).await.is_err() {
        tracing::warn!("the database did not let go of its connections");
    }
    tracing::info!("stopped");
    Ok(())
}

/// What was loaded and started, for stopping it in order.
struct Loaded {
    store: Store,
    recorder: JoinHandle<()>,
    schedules: JoinHandle<()>,
    watchers: JoinHandle<()>,
}

async fn load(
    config: &Config,
    ambient: &Ambient,
    shell: &Shell,
    nodes: &Nodes,
    serving: &CancellationToken,
) -> Result<Loaded> {
    let mut store = open(&config.database).await?;
    if !config.database_replica.is_empty() {
        store = store.with_replica(&config.database_replica)?;
    }
    let blobs = open_assets(config)?;
    let broken_files = import_at_start(&store, blobs.as_ref(), &config.routes_data, ambient).await;
    // Before visitors come, so that none waits behind it; what does not succeed now does later.
    while store.make_week(ambient.now_ms()).await.unwrap_or(false) {}
    let current = Arc::new(Current::new(Index::build(0, Vec::new(), wire::render)));
    let refresher = Arc::new(Refresher::new(store.clone(), Arc::clone(&current), wire::render));
    refresher.refresh().await.context("the published routes cannot be loaded")?;
    let limits = RecorderLimits { queue_max: config.queue_max, batch_max: config.batch_max };
    let (recorder, recording) =
        Recorder::start(&store, Arc::clone(&current), limits).context("check-ins cannot be recorded")?;
    let (task, until) = (Arc::clone(&refresher), serving.clone());
    tokio::spawn(async move { task.run(until).await });
    let (node, until) = (ambient.random_id()?, serving.clone());
    let watchers = watchers::start(store.clone(), Arc::clone(&refresher), node, nodes.clone(), until);
    let schedules =
        schedules::watch(store.clone(), Arc::clone(&refresher), ambient.clone(), config.retention, serving.clone());
    let schedules = tokio::spawn(schedules);
    let lookups = Lookups::start(&store).context("tokens cannot be looked up")?;
    let inner = Inner::new(store.clone(), current, recorder, lookups, refresher, broken_files);
    shell.go_live(inner.with_blobs(blobs));
    Ok(Loaded { store, recorder: recording, schedules, watchers })
}

/// Opens the database, or says in words why not.
///
/// # Errors
/// When it cannot be opened.
pub async fn open(url: &str) -> Result<Store> {
    Store::open(url)
        .await
        .with_context(|| format!("the database {} cannot be opened", crate::config::without_password(url)))
}

/// The same, of one that is there: a file that is not would be made, and an empty database found sound, copied or moved.
///
/// # Errors
/// When it is not there or cannot be opened.
pub async fn open_existing(url: &str) -> Result<Store> {
    let file = url.strip_prefix("sqlite:").map(|file| file.strip_prefix("//").unwrap_or(file));
    if let Some(file) = file.filter(|file| !Path::new(file).exists()) {
        bail!("there is no database {file}; say where it is with --database or STUDYROUTE_DATABASE");
    }
    open(url).await
}

/// The same, also when the database is only half moved to.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_unfinished(url: &str) -> Result<Store> {
    Store::open_unfinished(url)
        .await
        .with_context(|| format!("the database {} cannot be opened", crate::config::without_password(url)))
}

/// Opens the place of exhibits' files; `None` when there is no file to lie beside and nobody said where.
///
/// # Errors
/// When it cannot be opened.
pub fn open_assets(config: &Config) -> Result<Option<Blobs>> {
    let Some(setting) = assets_setting(&config.assets, &config.database) else {
        tracing::warn!(
            "the setting assets says nothing, so files of exhibits are neither taken nor given, and erasures are not journaled"
        );
        return Ok(None);
    };
    Blobs::open(&setting).map(Some).with_context(|| format!("the files of exhibits cannot be kept at {setting}"))
}

/// A broken route file stops nothing that was published before: it is named and left out.
async fn import_at_start(store: &Store, blobs: Option<&Blobs>, folder: &Path, ambient: &Ambient) -> Vec<String> {
    let files = route_files(folder);
    if files.is_empty() {
        tracing::warn!(folder = %folder.display(), "there are no route files to import");
    }
    let mut broken = Vec::new();
    for file in files {
        match import_file(store, blobs, &file, Crs::Wgs84, ambient).await {
            Ok(outcome) if outcome.published => {
                tracing::info!(route = outcome.slug, revision = outcome.revision, "a route file was published");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(file = %file.display(), "a route file was left out: {error:#}");
                broken.push(format!("{}: {error:#}", file.display()));
            }
        }
    }
    broken
}

/// Reads and checks one route file.
///
/// # Errors
/// When it is not fit to be published; names the first mistakes.
pub async fn read_file(file: &Path, crs: Crs) -> Result<StudyRoute> {
    let bytes = tokio::fs::read(file).await.with_context(|| format!("cannot read {}", file.display()))?;
    let file = file.to_path_buf();
    let read = tokio::task::spawn_blocking(move || {
        let mut route = geojson::read_as(&bytes, crs)?;
        let beside = Beside::look(&file);
        route.waypoints.iter_mut().for_each(|waypoint| beside.fill(waypoint));
        Ok(route)
    });
    read.await?.map_err(|findings: Vec<Finding>| {
        let first: Vec<String> = findings.iter().take(5).map(ToString::to_string).collect();
        anyhow::anyhow!("{} mistakes; {}", findings.len(), first.join("; "))
    })
}

/// Reads, checks and publishes one route file.
///
/// # Errors
/// When the file is not fit to be published (with the first mistakes) or the database does not take it.
pub async fn import_file(
    store: &Store,
    blobs: Option<&Blobs>,
    file: &Path,
    crs: Crs,
    ambient: &Ambient,
) -> Result<PublishOutcome> {
    route_file::publish(store, blobs, file, crs, ambient.now_ms()).await.map_err(|error| match error {
        RouteFileError::Io(error) => anyhow::Error::from(error).context(format!("cannot read {}", file.display())),
        other => other.into(),
    })
}

/// The route files at a path: the file itself, or `route.geojson` in it and in its folders, in the order of their names.
#[must_use]
pub fn route_files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_path_buf()];
    }
    let own = path.join("route.geojson");
    let folders = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    let inner = folders.map(|entry| entry.path().join("route.geojson"));
    let mut files: Vec<PathBuf> = std::iter::once(own).chain(inner).filter(|file| file.is_file()).collect();
    files.sort();
    files
}

fn fittings(config: &Config, permits: Arc<Permits>, door: Arc<DoorStats>, nodes: &Nodes) -> Result<Fittings> {
    // The setting of the log decides about its lines too.
    let is_logged = config.access_log && tracing::enabled!(target: "access", tracing::Level::INFO);
    let log = is_logged.then(|| AccessLog::start(std::io::stderr())).transpose();
    Ok(Fittings {
        permits,
        log: log.context("there is no thread for the access log")?,
        limits: Limits::new(
            config.participants_burst,
            config.participants_per_minute,
            config.failed_keys_per_minute,
            nodes,
        ),
        proxies: TrustedProxies(config.trusted_proxies.clone().into()),
        pages: PageTexts { home: web::HOME, problems: web::problems, rehearsal: web::rehearsal::page },
        files: Arc::new(Files::new(web::built(), config.map_tiles.as_ref())),
        map_tiles: config.map_tiles.clone(),
        prometheus: install_metrics(),
        door,
    })
}

/// There is one recorder of metrics per process; servers in the same process share it.
fn install_metrics() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(metrics_recorder).clone()?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(METRICS_UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    Some(handle)
}

fn metrics_recorder() -> Option<PrometheusHandle> {
    const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
    const BATCHES: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 25.0, 100.0, 250.0, 500.0];
    use metrics_exporter_prometheus::Matcher;
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("batch_check_ins".into()), &BATCHES))
        .and_then(PrometheusBuilder::install_recorder)
        .ok()
}

/// As many connections as asked for, but never more than the system gives descriptors.
fn door_limits(config: &Config) -> DoorLimits {
    let wanted = config.connections_max as u64 + DESCRIPTORS_KEPT;
    let descriptors = rlimit::increase_nofile_limit(wanted).unwrap_or(1_024);
    let room = usize::try_from(descriptors.saturating_sub(DESCRIPTORS_KEPT)).unwrap_or(usize::MAX).max(1);
    if room < config.connections_max {
        tracing::warn!(connections = room, "the system's limit of open files allows fewer connections than asked for");
    }
    DoorLimits {
        connections_max: config.connections_max.min(room),
        connections_per_address_max: config.connections_per_address_max,
        head_max_bytes: 3 * HEAD_MAX_BYTES,
        ..DoorLimits::default()
    }
}
