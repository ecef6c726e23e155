//! What `/metrics` tells beside what is counted where it happens: how the process and its parts stand at the moment of asking.
//! Refuses to count anything itself, and to tell anything of a visitor.

use super::door::DoorStats;
use super::problem::Code;
use super::state::{Inner, Shell};
use crate::store::Blobs;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Renders the figures.
pub struct Figures {
    prometheus: Option<PrometheusHandle>,
    door: Arc<DoorStats>,
    process: metrics_process::Collector,
}

impl Figures {
    /// Figures of this process; none without a recorder of metrics.
    #[must_use]
    pub fn new(prometheus: Option<PrometheusHandle>, door: Arc<DoorStats>) -> Self {
        // What begins to exist with its first 1 has never risen as Prometheus sees it, so what is watched begins at 0.
        for code in Code::ALL.iter().filter(|code| matches!(code.status(), 429 | 500..)) {
            metrics::counter!("studyroute_refusals_total", "code" => code.as_str()).increment(0);
        }
        metrics::gauge!("studyroute_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Self { prometheus, door, process: metrics_process::Collector::default() }
    }

    /// The text for Prometheus.
    pub fn told(&self, shell: &Shell, is_ready: bool, database_answers: bool) -> Option<String> {
        let prometheus = self.prometheus.as_ref()?;
        metrics::gauge!("studyroute_ready").set(f64::from(u8::from(is_ready)));
        metrics::gauge!("studyroute_database_answers").set(f64::from(u8::from(database_answers)));
        metrics::counter!("studyroute_connections_refused_total").absolute(self.door.refused.load(Ordering::Relaxed));
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        {
            metrics::gauge!("studyroute_clock_seconds").set(shell.ambient.now_ms() as f64 / 1_000.0);
            metrics::gauge!("studyroute_connections").set(self.door.connections.load(Ordering::Relaxed) as f64);
        }
        if let Some(live) = shell.live() {
            tell_content(live);
        }
        self.process.collect();
        Some(prometheus.render())
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn tell_content(live: &Inner) {
    let index = live.index();
    metrics::gauge!("studyroute_queue_check_ins").set(live.recorder.depth() as f64);
    metrics::gauge!("studyroute_queue_max_check_ins").set(live.recorder.depth_max() as f64);
    metrics::gauge!("studyroute_index_generation").set(index.generation() as f64);
    metrics::gauge!("studyroute_database_generation").set(live.refresher.database_generation() as f64);
    metrics::gauge!("studyroute_index_waypoints").set(index.len() as f64);
    metrics::gauge!("studyroute_index_lag_seconds").set(live.refresher.lag().as_secs_f64());
    // No number while the database itself answers counts.
    let replica_lag_s = live.store.replica_lag().map_or(f64::NAN, |lag| lag.as_secs_f64());
    metrics::gauge!("studyroute_replica_lag_seconds").set(replica_lag_s);
    metrics::gauge!("studyroute_index_age_seconds").set(live.refresher.age().as_secs_f64());
    metrics::gauge!("studyroute_broken_files").set(live.broken_files.len() as f64);
    let disks = [("database", live.store.disk()), ("assets", live.blobs().ok().and_then(Blobs::disk))];
    for (part, disk) in disks.into_iter().filter_map(|(part, disk)| Some((part, disk?))) {
        metrics::gauge!("studyroute_disk_free_bytes", "part" => part).set(disk.free as f64);
        metrics::gauge!("studyroute_disk_size_bytes", "part" => part).set(disk.size as f64);
    }
}
