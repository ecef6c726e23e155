//! Files of exhibits by HTTP: put by designers, given to everybody, removed when nothing names them.

use crate::app::TestApp;
use crate::client::{Answer, Operator};
use crate::openapi::{check_answer, document};
use crate::support::samples::*;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpStream;
use studyroute::formats::geojson;
use studyroute::store::Role;

const PUT: &str = "/v1/design/assets";
const ONE: &str = "/v1/design/assets/{sha256}";

pub async fn designer(app: &TestApp) -> Operator {
    app.staff(Role::Designer, None).await
}

async fn put(designer: &Operator, query: &str, file: Vec<u8>) -> Answer {
    designer.post(&format!("{PUT}{query}")).body("application/octet-stream", file).await
}

pub fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[tokio::test]
async fn a_file_that_was_put_is_given_to_everybody_for_ever() {
    let app = TestApp::start().await;
    let (document, designer) = (document(&app).await, designer(&app).await);
    let file = glb(2_000, &png(16, 16));
    let kept = put(&designer, "?name=..%2F铜钟%20(1).glb", file.clone()).await.expect(201);
    check_answer(&document, "post", PUT, &kept);
    let told = kept.json();
    assert_eq!((&told["sha256"], &told["bytes"]), (&json!(hash(&file)), &json!(file.len())));
    assert_eq!(
        (&told["media_type"], &told["report"]["model"]["triangles"]),
        (&json!("model/gltf-binary"), &json!(2_000))
    );
    let again = put(&designer, "", file.clone()).await.expect(200);
    check_answer(&document, "post", PUT, &again);
    assert_eq!(again.json(), told, "the same file again changes nothing");
    let href = told["href"].as_str().expect("an address");
    for accepts in ["", "gzip, br"] {
        let given = app.get(href).header("accept-encoding", accepts).await.expect(200);
        assert!(given.bytes == file);
        for (name, value) in [
            ("content-type", "model/gltf-binary"),
            ("content-length", &file.len().to_string()),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("etag", &format!("\"{}\"", hash(&file))),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("access-control-allow-origin", "*"),
            ("content-encoding", ""),
            (
                "content-disposition",
                "inline; filename=\"__ (1).glb\"; filename*=UTF-8''%E9%93%9C%E9%92%9F%20%281%29.glb",
            ),
        ] {
            assert_eq!(given.header(name), value, "{name}");
        }
    }
    let head = app.call(Method::HEAD, href).await.expect(200);
    assert_eq!((head.header("content-length"), head.bytes.len()), (file.len().to_string(), 0));
    let list = designer.get("/v1/design/assets?limit=1").await.expect(200);
    check_answer(&document, "get", PUT, &list);
    assert_eq!(list.json(), json!({"items": [told]}));
    let one = designer.get(&format!("{PUT}/{}", hash(&file))).await.expect(200);
    check_answer(&document, "get", ONE, &one);
    assert_eq!(one.json()["used_in"], json!([]));
    for path in ["/v1/assets/x", &format!("/v1/assets/{}", "0".repeat(64)), &format!("/v1/assets/{}", "A".repeat(64))] {
        check_answer(&document, "get", "/v1/assets/{sha256}", &app.get(path).await);
        app.get(path).await.refused(404, "unknown-asset");
    }
}

#[tokio::test]
async fn parts_of_a_file_and_revalidation_are_as_the_standard_says() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let file = mp4(b"isom", b"vide", &vec![7; 300_000]);
    let told = put(&designer, "", file.clone()).await.expect(201).json();
    let (href, tag) = (told["href"].as_str().expect("an address"), format!("\"{}\"", hash(&file)));
    let size = file.len();
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=100000-200000", 100_000, 200_001),
        ("bytes=-10", size - 10, size),
        (&format!("bytes={}-", size - 1), size - 1, size),
        ("bytes=5-99999999", 5, size),
    ] {
        let part = app.get(href).header("range", range).header("if-range", &tag).await.expect(206);
        assert!(part.bytes == file[from..to], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{size}", to - 1));
        assert_eq!((part.header("content-length"), part.header("etag")), ((to - from).to_string(), tag.clone()));
    }
    for (range, if_range) in [("bytes=0-1,5-6", &*tag), ("bytes=9-1", &tag), ("bytes=0-1", "\"other\"")] {
        let whole = app.get(href).header("range", range).header("if-range", if_range).await.expect(200);
        assert!(whole.bytes == file, "{range} {if_range}");
    }
    let beyond = app.get(href).header("range", &format!("bytes={size}-")).await;
    assert_eq!(beyond.header("content-range"), format!("bytes */{size}"));
    beyond.refused(416, "range-not-satisfiable");
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".into()] {
        let not_again = app.get(href).header("if-none-match", &known).header("range", "bytes=0-1").await.expect(304);
        assert_eq!((not_again.bytes.len(), not_again.header("etag")), (0, tag.clone()), "{known}");
    }
    app.get(href).header("if-none-match", "\"x\"").await.expect(200);
}

#[tokio::test]
async fn what_a_camera_wrote_is_not_given_away() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let told = put(&designer, "?name=IMG_1.jpg", jpeg(40, 30, &[(0xe1, &[b"Exif\0\0", &exif(6)[..]].concat())])).await;
    let told = told.expect(201).json();
    assert_eq!(told["report"]["removed"], json!(["EXIF"]));
    assert_eq!(told["report"]["picture"], json!({"width_px": 30, "height_px": 40}));
    let given = app.get(told["href"].as_str().expect("an address")).await.expect(200);
    assert!(!given.text().contains("GPS") && hash(&given.bytes) == told["sha256"].as_str().expect("a hash"));
}

#[tokio::test]
async fn what_visitors_may_not_be_shown_is_refused_with_what_to_do() {
    let app = TestApp::start().await;
    let (document, designer) = (document(&app).await, designer(&app).await);
    let script = b"<script>alert(1)</script>";
    for (file, words) in [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), "SVG"),
        (b"<!DOCTYPE html><html></html>".to_vec(), "page of text"),
        ([png(8, 8), script.to_vec()].concat(), "Behind the end"),
        ([jpeg(8, 8, &[]), usdz(&[("a.usda", b"x")])].concat(), "Behind the end"),
        (png(60_000, 60_000), "pixels"),
        (b"\x89PNG\r\n\x1a\nnot at all".to_vec(), "damaged"),
        (b"MZ this program cannot be run".to_vec(), "Taken are"),
        (Vec::new(), "empty"),
    ] {
        let answer = put(&designer, "?name=innocent.png", file).await;
        check_answer(&document, "post", PUT, &answer);
        let detail = answer.refused(422, "unsupported-asset")["detail"].to_string();
        assert!(detail.contains(words), "{words}: {detail}");
    }
    let mut heavy = png(8, 8);
    heavy.resize(20_000_001, 0);
    put(&designer, "", heavy).await.refused(413, "body-too-large");
    put(&designer, "?nmae=x", png(8, 8)).await.refused(400, "unknown-parameter");
    assert_eq!(designer.get(PUT).await.expect(200).json()["items"], json!([]), "nothing was kept");
}

#[tokio::test]
async fn only_designers_put_and_remove() {
    let app = TestApp::start().await;
    let (operator, phone) = (app.operator().await, app.participant().await);
    let path = format!("{PUT}/{}", "0".repeat(64));
    for (method, path) in [(Method::POST, PUT), (Method::GET, PUT), (Method::GET, &path), (Method::DELETE, &path)] {
        app.call(method.clone(), path).await.refused(401, "token-missing");
        phone.call(method.clone(), path).await.refused(401, "token-invalid");
        operator.call(method.clone(), path).await.refused(403, "forbidden");
    }
    designer(&app).await.call(Method::DELETE, &path).await.refused(404, "unknown-asset");
}

#[tokio::test]
async fn a_file_that_a_document_names_stays_and_says_where_it_is_used() {
    let app = TestApp::start().await;
    let (document, designer) = (document(&app).await, designer(&app).await);
    let told = put(&designer, "", png(8, 8)).await.expect(201).json();
    let sha256 = told["sha256"].as_str().expect("a hash");
    let path = format!("{PUT}/{sha256}");
    let file = std::fs::read("routes-data/peoples-canal/route.geojson").expect("the route");
    let mut route = geojson::read(&file).expect("good");
    route.waypoints[0].body.exhibits[0].assets = serde_json::from_value(json!([{"role": "full", "href": told["href"],
        "media_type": "image/png", "bytes": told["bytes"], "sha256": sha256}]))
    .expect("an asset");
    let (store, first) = (app.store().await, route.waypoints[0].id.clone());
    store.publish(&route, app.now()).await.expect("published");
    let refused = designer.call(Method::DELETE, &path).await;
    check_answer(&document, "delete", ONE, &refused);
    let problem = refused.refused(409, "asset-in-use");
    assert_eq!(problem["used_in"], json!([{"route": "peoples-canal", "waypoint": first, "state": "published"}]));
    route.waypoints[0].body.exhibits[0].assets.clear();
    store.publish(&route, app.now()).await.expect("published");
    let detail = designer.get(&path).await.expect(200);
    check_answer(&document, "get", ONE, &detail);
    assert_eq!(detail.json()["used_in"][0]["state"], "earlier", "an earlier revision can be restored");
    designer.call(Method::DELETE, &path).await.refused(409, "asset-in-use");
    let other = put(&designer, "", png(9, 9)).await.expect(201).json();
    designer.call(Method::DELETE, &format!("{PUT}/{}", other["sha256"].as_str().expect("a hash"))).await.expect(204);
    app.get(other["href"].as_str().expect("an address")).await.refused(404, "unknown-asset");
    app.get(told["href"].as_str().expect("an address")).await.expect(200);
    assert_eq!(put(&designer, "", png(9, 9)).await.expect(201).json()["href"], other["href"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_have_a_number_and_a_size() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let begin = |length: u64| {
        let mut stream = TcpStream::connect(app.door.address).expect("a connection");
        let key = &designer.key;
        let head = format!(
            "POST {PUT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        (String::from_utf8_lossy(&answer).into_owned(), stream)
    };
    assert_eq!(begin(200_000_001).0, "HTTP/1.1 413", "before any of it was sent");
    let under_way: Vec<_> = (0..8).map(|_| begin(1_000)).collect();
    assert!(under_way.iter().all(|(answer, _)| answer == "HTTP/1.1 100"));
    assert_eq!(begin(1_000).0, "HTTP/1.1 503");
    app.get("/v1/routes").await.expect(200);
    drop(under_way);
    put(&designer, "", png(8, 8)).await.expect(201);
}
