//! Uploads in parts, by the tus protocol: broken off, gone on with, over a restart of the server in between.

use crate::app::{HOUR, TestApp};
use crate::assets::{designer, hash};
use crate::client::{Call, Operator};
use crate::openapi::{check_answer, document};
use crate::support::samples::*;
use reqwest::Method;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const UPLOADS: &str = "/v1/design/uploads";

fn tus(designer: &Operator, method: &str, path: &str) -> Call {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    designer.call(method, path).header("tus-resumable", "1.0.0")
}

async fn begin(designer: &Operator, length: usize) -> String {
    let begun = tus(designer, "POST", UPLOADS)
        .header("upload-length", &length.to_string())
        .header("upload-metadata", "filetype dmlkZW8vbXA0,filename 6ZOc6ZKfLm1wNA==")
        .await
        .expect(201);
    assert!(!begun.header("upload-expires").is_empty(), "{begun:?}");
    begun.header("location")
}

fn part(designer: &Operator, place: &str, offset: usize, bytes: &[u8]) -> Call {
    tus(designer, "PATCH", place)
        .header("upload-offset", &offset.to_string())
        .body("application/offset+octet-stream", bytes.to_vec())
}

/// Sends the head of a part and some of its bytes, and hangs up.
fn break_off(app: &TestApp, designer: &Operator, place: &str, offset: usize, bytes: &[u8]) {
    let mut stream = TcpStream::connect(app.door.address).expect("a connection");
    let (key, length) = (&designer.key, bytes.len() + 1_000);
    let head = format!(
        "PATCH {place} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ntus-resumable: 1.0.0\r\nupload-offset: {offset}\r\n\
         content-type: application/offset+octet-stream\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), bytes].concat()).expect("sent");
}

async fn offset_becomes(designer: &Operator, place: &str, offset: usize) {
    let asked = Instant::now();
    loop {
        let state = tus(designer, "HEAD", place).await.expect(200);
        if state.header("upload-offset") == offset.to_string() {
            return;
        }
        assert!(asked.elapsed() < Duration::from_secs(20), "{offset}: {state:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_a_break_and_a_restart_where_it_was() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let film = mp4(b"isom", b"vide", &(0..=255).cycle().take(2_500_000).collect::<Vec<u8>>());
    let place = begin(&designer, film.len()).await;
    let first = part(&designer, &place, 0, &film[..1_000_000]).await.expect(204);
    assert_eq!((first.header("upload-offset"), first.header("content-location")), ("1000000".into(), String::new()));
    break_off(&app, &designer, &place, 1_000_000, &film[1_000_000..1_700_000]);
    offset_becomes(&designer, &place, 1_700_000).await;
    let app = app.restart().await;
    let designer = Operator { door: app.door.clone(), ..designer };
    let state = tus(&designer, "HEAD", &place).await.expect(200);
    assert_eq!(
        (state.header("upload-offset"), state.header("upload-length")),
        ("1700000".into(), film.len().to_string())
    );
    assert_eq!(state.header("cache-control"), "no-store");
    let elsewhere = part(&designer, &place, 1_000_000, &film[1_000_000..]).await.refused(409, "upload-offset");
    assert_eq!(elsewhere["upload_offset"], 1_700_000);
    let last = part(&designer, &place, 1_700_000, &film[1_700_000..]).await.expect(204);
    assert_eq!(last.header("content-location"), format!("/v1/assets/{}", hash(&film)));
    assert!(app.get(&last.header("content-location")).await.expect(200).bytes == film);
    let told = designer.get(&format!("/v1/design/assets/{}", hash(&film))).await.expect(200).json();
    assert_eq!(told["name"], "铜钟.mp4");
    let state = tus(&designer, "HEAD", &place).await.expect(200);
    assert_eq!(state.header("content-location"), last.header("content-location"), "also when that answer was lost");
    let parts = app.folder().path().join("studyroute.db.assets/uploads");
    assert_eq!(std::fs::read_dir(parts).expect("a folder").count(), 0, "the parts are gone");
}

#[tokio::test]
async fn the_protocol_is_kept_to_in_refusals_too() {
    let app = TestApp::start().await;
    let (document, designer) = (document(&app).await, designer(&app).await);
    let place = begin(&designer, 100).await;
    let octets = "application/offset+octet-stream";
    let id = "/v1/design/uploads/{id}";
    let with = |call: Call, name: &str, value: &str| call.header(name, value);
    for (method, path, call, status, code) in [
        ("post", UPLOADS, designer.post(UPLOADS).header("upload-length", "5"), 412, "tus-version"),
        ("post", UPLOADS, with(tus(&designer, "POST", UPLOADS), "upload-length", "200000001"), 413, "body-too-large"),
        ("post", UPLOADS, with(tus(&designer, "POST", UPLOADS), "upload-length", "+5"), 400, "bad-request"),
        ("post", UPLOADS, with(tus(&designer, "POST", UPLOADS), "upload-defer-length", "1"), 400, "bad-request"),
        ("post", UPLOADS, with(tus(&designer, "POST", UPLOADS), "upload-length", "0"), 400, "bad-request"),
        (
            "patch",
            id,
            tus(&designer, "PATCH", &place).header("upload-offset", "0").body("image/png", "x"),
            415,
            "unsupported-media-type",
        ),
        ("patch", id, tus(&designer, "PATCH", &place).body(octets, "x"), 400, "bad-request"),
        ("patch", id, part(&designer, &place, 7, b"x"), 409, "upload-offset"),
        ("patch", id, part(&designer, &place, 0, &[1; 101]), 413, "body-too-large"),
        ("patch", id, part(&designer, "/v1/design/uploads/x", 0, b"x"), 404, "unknown-upload"),
        ("patch", id, part(&designer, &place, 0, &[1; 100]), 422, "unsupported-asset"),
        ("delete", id, tus(&designer, "DELETE", &place), 404, "unknown-upload"),
    ] {
        let answer = call.await;
        check_answer(&document, method, path, &answer);
        assert_eq!(answer.header("tus-resumable"), "1.0.0", "{answer:?}");
        assert_eq!(answer.header("tus-version").is_empty(), status != 412, "{answer:?}");
        answer.refused(status, code);
    }
    let all = app.call(Method::OPTIONS, UPLOADS).await;
    assert!(all.status < 300, "{all:?}");
    for (name, value) in
        [("tus-version", "1.0.0"), ("tus-extension", "creation,termination,expiration"), ("tus-max-size", "200000000")]
    {
        assert_eq!(all.header(name), value);
    }
    assert!(app.call(Method::OPTIONS, "/v1/routes").await.header("tus-version").is_empty());
}

#[tokio::test]
async fn an_upload_is_its_owners_until_it_is_given_up_or_rests_too_long() {
    let app = TestApp::start().await;
    let (designer, other) = (designer(&app).await, designer(&app).await);
    let place = begin(&designer, 100).await;
    part(&other, &place, 0, b"x").await.refused(404, "unknown-upload");
    let operator = app.operator().await;
    for (asking, status) in [(&designer, 200), (&other, 404), (&operator, 403)] {
        assert_eq!(tus(asking, "HEAD", &place).await.status, status);
    }
    assert_eq!(app.call(Method::HEAD, &place).header("tus-resumable", "1.0.0").await.status, 401);
    tus(&designer, "DELETE", &place).await.expect(204);
    assert_eq!(tus(&designer, "HEAD", &place).await.status, 404);
    let place = begin(&designer, 100).await;
    part(&designer, &place, 0, b"x").await.expect(204);
    app.pass(23 * HOUR);
    part(&designer, &place, 1, b"x").await.expect(204);
    app.pass(25 * HOUR);
    part(&designer, &place, 2, b"x").await.refused(404, "unknown-upload");
    begin(&designer, 100).await;
    let parts = app.folder().path().join("studyroute.db.assets/uploads");
    assert_eq!(std::fs::read_dir(parts).expect("a folder").count(), 0, "what was given up is gone");
    for _ in 1..16 {
        begin(&designer, 100).await;
    }
    let one_more = tus(&designer, "POST", UPLOADS).header("upload-length", "5").await;
    one_more.refused(429, "too-many-uploads");
    begin(&other, 100).await;
}
