//! Files of exhibits in a bucket: the real program against a small stand-in for S3 that speaks HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "support/plain_routes.rs"]
mod plain_routes;
#[path = "support/samples.rs"]
mod samples;
#[path = "support/started.rs"]
mod started;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use samples::{mp4, png};
use serde_json::Value;
use started::started;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Output};
use std::sync::{Arc, Mutex};

/// What is in the bucket, the parts of uploads under way, and what was asked.
#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Bytes>,
    parts: BTreeMap<(String, u32), Bytes>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Bucket>>;

fn query(uri: &Uri) -> BTreeMap<String, String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

async fn serve(State(bucket): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let signed =
        parts.headers.get(header::AUTHORIZATION).is_some_and(|v| v.to_str().unwrap().contains("key-of-a-test"));
    if !signed {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut bucket = bucket.lock().expect("the bucket");
    let (name, query) = (parts.uri.path().to_string(), query(&parts.uri));
    let kind = query.keys().find(|key| ["uploads", "uploadId", "list-type"].contains(&key.as_str()));
    bucket.asked.push(format!("{} {}", parts.method, kind.map_or("", String::as_str)));
    match (&parts.method, kind.map(String::as_str)) {
        (&Method::PUT, None) => {
            bucket.objects.insert(name, body);
            ([(header::ETAG, "\"x\"")], "").into_response()
        }
        (&Method::POST, Some("uploads")) => format!(
            "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>{}</UploadId></InitiateMultipartUploadResult>",
            bucket.asked.len()
        )
        .into_response(),
        (&Method::PUT, Some("uploadId")) => {
            bucket.parts.insert((query["uploadId"].clone(), query["partNumber"].parse().expect("a number")), body);
            ([(header::ETAG, "\"x\"")], "").into_response()
        }
        (&Method::POST, Some("uploadId")) => {
            let id = &query["uploadId"];
            let all = bucket.parts.iter().filter(|((of, _), _)| of == id).map(|(_, part)| part.to_vec());
            let whole = all.collect::<Vec<_>>().concat();
            bucket.objects.insert(name, whole.into());
            "<CompleteMultipartUploadResult><ETag>\"x\"</ETag></CompleteMultipartUploadResult>".into_response()
        }
        (&Method::GET, Some("list-type")) => list(&bucket, &name, &query["prefix"]),
        (&Method::GET | &Method::HEAD, None) => give(bucket.objects.get(&name), &parts.headers),
        (&Method::DELETE, None) => {
            bucket.objects.remove(&name);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}

fn list(bucket: &Bucket, root: &str, prefix: &str) -> Response {
    let root = format!("{}/", root.trim_end_matches('/'));
    let names = bucket.objects.iter().filter_map(|(name, bytes)| Some((name.strip_prefix(&root)?, bytes)));
    let all = names.filter(|(name, _)| name.starts_with(prefix)).map(|(name, bytes)| {
        format!(
            "<Contents><Key>{name}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified><ETag>\"x\"</ETag><Size>{}</Size></Contents>",
            bytes.len()
        )
    });
    format!("<ListBucketResult>{}</ListBucketResult>", all.collect::<String>()).into_response()
}

fn give(object: Option<&Bytes>, headers: &HeaderMap) -> Response {
    let Some(bytes) = object else { return StatusCode::NOT_FOUND.into_response() };
    let range = headers.get(header::RANGE).map(|range| range.to_str().expect("text").to_string());
    let range = range.and_then(|range| {
        let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?.min(bytes.len() - 1)))
    });
    let (status, from, to) = match range {
        Some((from, to)) => (StatusCode::PARTIAL_CONTENT, from, to + 1),
        None => (StatusCode::OK, 0, bytes.len()),
    };
    let about = [
        (header::ETAG, "\"x\"".to_string()),
        (header::LAST_MODIFIED, "Wed, 01 Jan 2020 00:00:00 GMT".into()),
        (header::CONTENT_LENGTH, (to - from).to_string()),
        (header::CONTENT_RANGE, format!("bytes {from}-{}/{}", to - 1, bytes.len())),
    ];
    (status, about, Body::from(bytes.slice(from..to))).into_response()
}

fn start_bucket() -> (SocketAddr, Shared) {
    let (address, addresses) = std::sync::mpsc::channel();
    let bucket = Shared::default();
    let state = Arc::clone(&bucket);
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            address.send(listener.local_addr().expect("an address")).expect("somebody waits");
            let router = axum::Router::new().fallback(serve).layer(DefaultBodyLimit::disable()).with_state(state);
            axum::serve(listener, router).await.expect("it serves");
        });
    });
    (addresses.recv().expect("an address"), bucket)
}

struct Desk {
    folder: tempfile::TempDir,
    endpoint: String,
}

impl Desk {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_studyroute"));
        command
            .args(args)
            .env("STUDYROUTE_DATABASE", format!("sqlite:{}", self.path("studyroute.db")))
            .env("STUDYROUTE_ASSETS", "s3://exhibits/of/jining")
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "cn-north-1")
            .env("AWS_ACCESS_KEY_ID", "key-of-a-test")
            .env("AWS_SECRET_ACCESS_KEY", "secret-of-a-test");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).expect("writable");
        self.path(name)
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn serve_routes(desk: &Desk) -> (Server, String) {
    let mut serve = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    serve.arg("--routes-data").arg(plain_routes::plain_routes());
    let (child, address) = started(&mut serve, "ready", drop);
    (Server(child), address)
}

#[test]
fn a_bucket_keeps_gives_and_forgets_files() {
    let (address, bucket) = start_bucket();
    let desk = Desk { folder: tempfile::tempdir().expect("a folder"), endpoint: format!("http://{address}") };
    let film: Vec<u8> = mp4(b"isom", b"vide", &(0..=250).cycle().take(20_000_000).collect::<Vec<u8>>());
    let (small, large) = (desk.write("a.png", &png(8, 8)), desk.write("b.mp4", &film));
    let added = desk.json(&["asset", "add", &small, &large]);
    assert_eq!((&added[0]["result"], &added[1]["result"]), (&"kept".into(), &"kept".into()), "{added}");
    let parts = bucket.lock().expect("the bucket").asked.iter().filter(|asked| *asked == "PUT uploadId").count();
    assert_eq!(parts, 3, "eight mebibytes each");
    let hash = |row: usize| added[row]["sha256"].as_str().expect("a hash").to_string();
    assert_eq!(desk.json(&["asset", "add", &small])[0]["result"], "was there");

    let (_server, door) = serve_routes(&desk);
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::blocking::Client::builder().no_proxy().build().expect("a client");
    let href = format!("http://{door}/v1/assets/{}", hash(1));
    let whole = client.get(&href).send().expect("an answer").bytes().expect("a body");
    assert!(whole == film);
    let part = client.get(&href).header("range", "bytes=9000000-9000099").send().expect("an answer");
    assert_eq!(part.status(), 206);
    assert!(part.bytes().expect("a body") == film[9_000_000..9_000_100]);
    let key =
        String::from_utf8(desk.run(&["key", "create", "--role", "designer", "--name", "Ann"]).stdout).expect("a key");
    let upload = |file: Vec<u8>| {
        let call = client.post(format!("http://{door}/v1/design/assets")).bearer_auth(key.trim());
        call.body(file).send().expect("an answer")
    };
    assert_eq!(upload(png(9, 9)).status(), 201);

    let removed = desk.run(&["asset", "remove", &hash(0)]);
    assert!(removed.status.success(), "{removed:?}");
    assert_eq!(desk.run(&["asset", "remove", &hash(0)]).status.code(), Some(1));
    assert_eq!(desk.json(&["asset", "list"]).as_array().map(Vec::len), Some(2));
    let orphan = format!("/exhibits/of/jining/sha256/cd/{}", "cd".repeat(32));
    bucket.lock().expect("the bucket").objects.insert(orphan.clone(), Bytes::from_static(b"x"));
    let collected = desk.json(&["asset", "collect", "--grace-days", "1"]);
    assert_eq!(collected[0]["left behind"], "1");
    let objects: Vec<String> = bucket.lock().expect("the bucket").objects.keys().cloned().collect();
    assert!(
        objects.len() == 2 && objects.iter().all(|name| name.starts_with("/exhibits/of/jining/sha256/")),
        "{objects:?}"
    );
    assert!(!objects.contains(&orphan));
}

#[test]
fn a_bucket_that_does_not_answer_is_told_apart_from_a_bad_file() {
    let desk = Desk { folder: tempfile::tempdir().expect("a folder"), endpoint: "http://127.0.0.1:9".into() };
    let file = desk.write("a.png", &png(8, 8));
    let output = desk.run(&["asset", "add", &file]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("the place of assets cannot be used"), "{printed}");
}
