//! A collector: takes what is sent to it and keeps it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;

/// The collector; gone when dropped.
pub struct Collector {
    pub base: String,
    pub endpoint: String,
    kept: Arc<Mutex<Vec<Bytes>>>,
    _runtime: Runtime,
}

/// Everything that was sent.
#[derive(Default)]
pub struct Told {
    pub spans: Vec<Span>,
    pub service: String,
    pub bytes: Vec<u8>,
}

#[derive(Debug)]
pub struct Span {
    pub name: String,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub is_server: bool,
    pub attributes: BTreeMap<String, String>,
    pub events: usize,
}

impl Collector {
    pub fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let kept: Arc<Mutex<Vec<Bytes>>> = Arc::default();
        let service = Router::new().route("/v1/traces", post(keep)).with_state(Arc::clone(&kept));
        runtime.spawn(async move { axum::serve(listener, service).await });
        Self { endpoint: format!("{base}/v1/traces"), base, kept, _runtime: runtime }
    }

    pub fn told(&self) -> Told {
        let mut told = Told::default();
        for body in self.kept.lock().expect("kept").iter() {
            told.bytes.extend_from_slice(body);
            let request = ExportTraceServiceRequest::decode(body.clone()).expect("OTLP");
            for resource in request.resource_spans {
                let service = resource.resource.map(|resource| attributes(&resource.attributes)).unwrap_or_default();
                told.service = service.get("service.name").cloned().unwrap_or_default();
                told.spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans).map(span));
            }
        }
        told
    }
}

async fn keep(State(kept): State<Arc<Mutex<Vec<Bytes>>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    kept.lock().expect("kept").push(body);
    StatusCode::OK
}

fn span(span: opentelemetry_proto::tonic::trace::v1::Span) -> Span {
    Span {
        name: span.name,
        trace: hex::encode(span.trace_id),
        id: hex::encode(span.span_id),
        parent: hex::encode(span.parent_span_id),
        is_server: span.kind == SpanKind::Server as i32,
        attributes: attributes(&span.attributes),
        events: span.events.len(),
    }
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute.value.as_ref()))).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

impl Told {
    /// The one of this name.
    pub fn span(&self, name: &str) -> &Span {
        let names: Vec<&str> = self.spans.iter().map(|span| span.name.as_str()).collect();
        self.spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} among {names:?}"))
    }
}
