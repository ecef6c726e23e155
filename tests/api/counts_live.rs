//! The totals as they change, by server-sent events.

use crate::app::TestApp;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;
use studyroute::http::state::WATCHERS_MAX;

const HALL: &str = "confucius-mencius/dacheng-hall";

/// A stream of events, asked for as a browser does.
struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(app: &TestApp, query: &str, key: &str) -> Self {
        let mut stream = TcpStream::connect(app.door.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        let head = format!(
            "GET /v1/counts/live{query} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\naccept-encoding: gzip\r\nauthorization: Bearer {key}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        Self(BufReader::new(stream))
    }

    /// The next event; `None` when the server has ended the stream.
    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        while self.0.read_line(&mut line).expect("in time") > 0 {
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data.trim()).expect("JSON"));
            }
            line.clear();
        }
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_come_at_once_and_again_when_somebody_has_checked_in() {
    let app = TestApp::start().await;
    let key = app.operator().await.key;
    let mut stream = Stream::open(&app, "?route=confucius-mencius", &key);
    let first = tokio::task::block_in_place(|| stream.next()).expect("an event");
    assert_eq!((&first["people"], &first["exact"]), (&0.into(), &true.into()));
    app.participant().await.check_in(HALL).kept().await;
    let then = tokio::task::block_in_place(|| stream.next()).expect("an event");
    assert_eq!((&then["people"], &then["check_ins"]), (&1.into(), &1.into()));
    let counted = app.get("/v1/counts?route=confucius-mencius").bearer(&key).await.expect(200).json();
    assert_eq!(then, counted, "an event is what /v1/counts says");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_does_not_hold_up_a_stop() {
    let app = TestApp::start().await;
    let key = app.operator().await.key;
    let mut stream = Stream::open(&app, "", &key);
    tokio::task::block_in_place(|| stream.next()).expect("an event");
    let stopped = tokio::time::timeout(Duration::from_secs(5), app.stop()).await;
    stopped.expect("well before the drain ends").expect("in order");
    assert_eq!(tokio::task::block_in_place(|| stream.next()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_no_stream_and_there_is_a_bound_on_streams() {
    let app = TestApp::start_with(|config| config.connections_per_address_max = 1_000).await;
    assert_eq!(app.get("/v1/counts/live?by=day").await.expect(400).json()["code"], "invalid-parameter");
    let key = app.operator().await.key;
    let open = |_| tokio::task::block_in_place(|| Stream::open(&app, "", &key));
    let mut streams: Vec<Stream> = (0..WATCHERS_MAX).map(open).collect();
    for stream in &mut streams {
        tokio::task::block_in_place(|| stream.next()).expect("it has begun");
    }
    let refused = app.get("/v1/counts/live").try_once().await.expect("an answer");
    assert_eq!((refused.status, &refused.json()["code"]), (503, &"overloaded".into()));
    drop(streams);
}
