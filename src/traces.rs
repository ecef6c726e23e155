//! Traces: what a request, a commit, a refresh or a publication took, told to a collector (OTLP over HTTP) if the settings name one.
//!
//! Off by default; then a span costs one look at a flag. Refuses to tell more than logs do: an endpoint's template and a status, never a
//! path, a query, a token or a position. A collector that does not answer disturbs nobody: what it does not take is dropped.

use http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracing::{Span, Subscriber, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// The target of all spans, by which logs leave them out.
pub const TARGET: &str = "traces";
const TRACEPARENT: &str = "traceparent";
/// Spans that may wait for the collector; more are dropped.
const QUEUE_MAX: usize = 4_096;
const BATCH_MAX: usize = 512;
/// How often waiting spans are sent.
const EVERY: Duration = Duration::from_secs(1);
/// How long the collector may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long the last spans may take when the program ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where spans go, and how many.
#[derive(Clone, Debug, PartialEq)]
pub struct Collector {
    /// The address of an OTLP/HTTP receiver.
    pub endpoint: String,
    /// The share of traces that begin here and are told.
    pub share: f64,
}

/// Traces that are told; spans still waiting are sent when [`Traces::end`] is called.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to tell. Called before there are threads that must not wait.
    ///
    /// # Errors
    /// When the endpoint is no address or there is no client.
    pub fn start(collector: &Collector) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        // The program's own choice of cryptography; another one is there only in tests.
        drop(rustls::crypto::ring::default_provider().install_default());
        // Spans are sent by a thread of their own, so this client may wait.
        let client = reqwest::blocking::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(&collector.endpoint)
            .with_timeout(TIMEOUT)
            .with_http_client(client)
            .build()?;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_MAX)
            .with_max_export_batch_size(BATCH_MAX)
            .with_scheduled_delay(EVERY)
            .build();
        let exporter = Telling { exporter, is_heard: AtomicBool::new(true) };
        let service = [("service.name", env!("CARGO_PKG_NAME")), ("service.version", env!("CARGO_PKG_VERSION"))];
        let resource =
            Resource::builder_empty().with_attributes(service.map(|(name, value)| KeyValue::new(name, value)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(config).build())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(collector.share))))
            .with_resource(resource.build())
            .build();
        Ok(Self(provider))
    }

    /// Takes up spans of this program, and nothing else that is logged.
    #[must_use]
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TARGET, tracing::Level::INFO))
    }

    /// Sends what still waits.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(FAREWELL) {
            tracing::warn!(%error, "the last traces were not delivered");
        }
    }
}

/// Says once that the collector does not answer, and once that it does again.
#[derive(Debug)]
struct Telling<E> {
    exporter: E,
    is_heard: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Telling<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let told = self.exporter.export(batch).await;
        let was_heard = self.is_heard.swap(told.is_ok(), Ordering::Relaxed);
        match &told {
            Err(error) if was_heard => tracing::warn!(%error, "the collector takes no traces; they are dropped"),
            Ok(()) if !was_heard => tracing::info!("the collector takes traces again"),
            Ok(()) | Err(_) => {}
        }
        told
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// A request: of the caller's trace, if it names one.
#[must_use]
pub fn request(method: &str, template: &str, headers: &HeaderMap) -> Span {
    let span = info_span!(
        target: TARGET,
        "request",
        otel.name = format!("{method} {template}"),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = method,
        http.route = template,
        http.response.status_code = tracing::field::Empty,
    );
    if !span.is_disabled() && headers.contains_key(TRACEPARENT) {
        // What cannot be read begins a trace of its own, and a span that nobody takes has no parent.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&HeaderExtractor(headers)));
    }
    span
}

/// The request was answered.
pub fn answered(span: &Span, status: u16) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// A transaction of check-ins. It serves many requests, so it is a trace of its own.
#[must_use]
pub fn commit(check_ins: usize) -> Span {
    info_span!(target: TARGET, parent: None, "commit check-ins", check_ins)
}

/// A new generation is made and put in the place of the old one.
#[must_use]
pub fn refresh(generation: i64) -> Span {
    info_span!(target: TARGET, "refresh", generation)
}

/// A route is published, brought back or taken back.
#[must_use]
pub fn publish() -> Span {
    info_span!(target: TARGET, "publish")
}
