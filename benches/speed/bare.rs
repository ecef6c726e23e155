//! The limit of an answer: axum as its own manual starts it, one route, no layer, a body that is there already. Its bodies are as
//! long as the answers that it stands beside, one after the other. Asked by POST, it reads the body first.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bodies, and which comes next.
type Bodies = Arc<(Vec<Bytes>, AtomicUsize)>;

/// Serves at this path, with bodies of these lengths (numbers with commas), and says where.
#[tokio::main]
pub async fn serve(path: &str, lengths: &str) {
    let lengths: Vec<usize> = lengths.split(',').map(|length| length.parse().expect("a length")).collect();
    let longest = Bytes::from(vec![b'x'; lengths.iter().copied().max().unwrap_or_default()]);
    let bodies = lengths.iter().map(|&length| longest.slice(..length)).collect();
    let bodies: Bodies = Arc::new((bodies, AtomicUsize::new(0)));
    let router = Router::new().route(path, axum::routing::get(get).post(post)).with_state(bodies);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    // The same words as the program's log, so that one reader waits for both.
    eprintln!("{{\"message\":\"listening\",\"address\":\"{address}\"}}\n{{\"message\":\"ready\"}}");
    axum::serve(listener, router).await.expect("served");
}

async fn get(State(bodies): State<Bodies>) -> Response {
    answer(&bodies)
}

async fn post(State(bodies): State<Bodies>, body: Bytes) -> Response {
    std::hint::black_box(body);
    answer(&bodies)
}

fn answer(bodies: &Bodies) -> Response {
    let (bodies, next) = &**bodies;
    let body = bodies[next.fetch_add(1, Ordering::Relaxed) % bodies.len()].clone();
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
