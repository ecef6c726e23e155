//! A service that breaks one promise: it stands before the real one and passes on everything else.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use reqwest::Client;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::runtime::Runtime;

/// Which promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every fifth lone check-in is acknowledged and forgotten.
    Forgets,
    /// The first check-in of a list stands there twice.
    ListsTwice,
    /// The first check-in of a list has another distance.
    ListsOtherwise,
    /// A list has one that nobody made.
    ListsMore,
    /// Nobody is ever counted.
    CountsNobody,
}

struct Between {
    fault: Fault,
    real: String,
    client: Client,
    lone: AtomicU32,
}

/// The service; gone when dropped.
pub struct Faulty {
    pub base: String,
    _runtime: Runtime,
}

impl Faulty {
    pub fn before(real: &str, fault: Fault) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let client = Client::builder().no_proxy().build().expect("a client");
        let between = Arc::new(Between { fault, real: real.into(), client, lone: AtomicU32::new(0) });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let service = Router::new().fallback(answer).with_state(between);
        runtime.spawn(async move { axum::serve(listener, service).await });
        Self { base, _runtime: runtime }
    }
}

async fn answer(State(between): State<Arc<Between>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_string();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let is_lone = path == "/v1/check-ins";
    if is_lone && between.fault == Fault::Forgets && between.lone.fetch_add(1, Ordering::SeqCst) % 5 == 4 {
        return forgotten(&serde_json::from_slice(&body).expect("JSON"));
    }
    let mut headers = head.headers;
    // What is changed here must be readable here.
    headers.remove(header::ACCEPT_ENCODING);
    headers.remove(header::HOST);
    let address = format!("{}{path}", between.real);
    let real =
        between.client.request(head.method, address).headers(headers).body(body).send().await.expect("an answer");
    let (status, mut headers) = (real.status(), real.headers().clone());
    let mut body = real.bytes().await.expect("a body").to_vec();
    if status == StatusCode::OK {
        body = changed(between.fault, &path, body);
    }
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let mut response = Response::new(Body::from(body));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

fn forgotten(sent: &Value) -> Response<Body> {
    let kept = json!({"id": sent["id"], "waypoint": sent["waypoint"], "verdict": "inside", "distance_m": 1.0, "first_visit": true,
        "occurred_at": sent["occurred_at"], "received_at": sent["occurred_at"]});
    let response = Response::builder().status(201).header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from(kept.to_string())).expect("a response")
}

fn changed(fault: Fault, path: &str, body: Vec<u8>) -> Vec<u8> {
    let is_list = path.starts_with("/v1/me/check-ins");
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return body };
    let items = answer["items"].as_array_mut().filter(|items| is_list && !items.is_empty());
    match (fault, items) {
        (Fault::ListsTwice, Some(items)) => items.push(items[0].clone()),
        (Fault::ListsOtherwise, Some(items)) => items[0]["distance_m"] = json!(12_345.0),
        (Fault::ListsMore, Some(items)) => {
            let mut more = items[0].clone();
            more["id"] = json!("nobody-made-this");
            items.push(more);
        }
        (Fault::CountsNobody, _) if path.starts_with("/v1/counts") => {
            answer["people"] = json!(0);
            answer["check_ins"] = json!(0);
        }
        _ => return body,
    }
    answer.to_string().into_bytes()
}
