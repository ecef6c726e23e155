//! Files made to do harm, and harmless ones that look alike: each is answered in words, and the service goes on.

use crate::app::TestApp;
use crate::client::Operator;
use crate::imports::{CANAL, IMPORT, NEW, designer, draft, import, left_behind, taken};
use crate::openapi::{check_answer, document};
use crate::support::samples::png;
use serde_json::{Value, json};
use std::io::{Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use zip::write::{SimpleFileOptions, ZipWriter};

const KML: &str =
    "<kml><Placemark><name>闸</name><Point><coordinates>116.9,35.5</coordinates></Point></Placemark></kml>";

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).expect("a name");
        zip.write_all(bytes).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// The archive with some bytes of its n-th directory header changed.
fn patched(mut bytes: Vec<u8>, n: usize, at: usize, new: &[u8]) -> Vec<u8> {
    let mut headers = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(b"PK\x01\x02"));
    let start = headers.nth(n).expect("a header") + at;
    bytes[start..start + new.len()].copy_from_slice(new);
    bytes
}

/// The archive under other names of the same length.
fn renamed(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    for at in 0..bytes.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

fn gpx(inside: &str) -> String {
    format!("<gpx version=\"1.1\">{inside}<wpt lat=\"35.5\" lon=\"116.9\"><name>闸</name></wpt></gpx>")
}

fn utf_16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// Each is either taken with so many places, or refused with this word; then it was as if nobody had asked.
async fn assert_outcomes(app: &TestApp, designer: &Operator, cases: Vec<(&str, Vec<u8>, Result<u64, &str>)>) {
    let document = document(app).await;
    for (name, bytes, expected) in cases {
        let answer = import(designer, NEW, "?dry_run=true", bytes.clone()).await;
        check_answer(&document, "post", IMPORT, &answer);
        match expected {
            Ok(places) => {
                let report = answer.expect(200).json();
                assert_eq!(
                    (&report["added"], &report["accepted"]),
                    (&json!(places), &json!(true)),
                    "{name}: {report:#}"
                );
            }
            Err(word) => {
                let code = if answer.status == 413 { "body-too-large" } else { "unreadable-file" };
                let status = if answer.status == 413 { 413 } else { 422 };
                let problem = import(designer, NEW, "", bytes).await.refused(status, code);
                assert_eq!(problem, answer.refused(status, code), "{name}: the same words both times");
                let detail = problem["detail"].as_str().expect("words");
                let is_sentence = detail.starts_with("The file ") || detail.starts_with("In line ");
                assert!(detail.contains(word) && is_sentence && detail.ends_with('.'), "{name}: {detail}");
            }
        }
        app.get("/readyz").await.expect(200);
    }
    assert_eq!((draft(designer, NEW).await, left_behind(app).await), (Value::Null, (0, 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_made_to_do_harm_are_refused_and_others_are_read() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let one = || packed(&[("doc.kml", KML.as_bytes())]);
    let two = || packed(&[("doc.kml", KML.as_bytes()), ("xyz.kml", KML.as_bytes())]);
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|i| format!("files/{i}.png")).collect();
        let pictures = names.iter().map(|name| (name.as_str(), &b"x"[..]));
        packed(&std::iter::once(("doc.kml", KML.as_bytes())).chain(pictures).collect::<Vec<_>>())
    };
    let mut link = ZipWriter::new(Cursor::new(Vec::new()));
    link.add_symlink("doc.kml", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
    let link = link.finish().expect("memory takes it").into_inner();
    let blank =
        [b"<kml>", &[b"<!--", &vec![b' '; 1 << 16][..], b"-->"].concat().repeat(40 << 4)[..], b"</kml>"].concat();
    let size = u32::try_from(KML.len()).expect("small");
    let cases = vec![
        ("plain", one(), Ok(1)),
        ("pictures beside", many(900), Ok(1)),
        ("an archive beside", packed(&[("doc.kml", KML.as_bytes()), ("inner.zip", &one())]), Ok(1)),
        ("20,000 files", many(20_000), Err("1000 files")),
        ("a bomb", packed(&[("doc.kml", &blank)]), Err("unpacks to more")),
        ("files on top of each other", patched(two(), 1, 42, &[0; 4]), Err("on top of each other")),
        ("declares less than it holds", patched(one(), 0, 24, &(size - 1).to_le_bytes()), Err("broken")),
        ("declares gigabytes", patched(one(), 0, 24, &0xffff_fff0_u32.to_le_bytes()), Err("another size")),
        ("upwards", renamed(two(), "xyz.kml", "../.kml"), Err("points out")),
        ("from the root", renamed(two(), "xyz.kml", "/yz.kml"), Err("points out")),
        ("from a drive", renamed(two(), "xyz.kml", "C:z.kml"), Err("points out")),
        ("one name twice", renamed(two(), "xyz.kml", "doc.kml"), Err("two files of one name")),
        ("a link", link, Err("points out")),
        ("an archive alone in it", packed(&[("inner.kmz", &one())]), Err("")),
        ("cut", one()[..60].to_vec(), Err("broken")),
        ("a Word document", packed(&[("word/document.xml", b"x")]), Err("Word")),
    ];
    assert_outcomes(&app, &designer, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_made_to_do_harm_are_refused_and_others_are_read() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let canary = TcpListener::bind("127.0.0.1:0").expect("a port");
    canary.set_nonblocking(true).expect("told");
    let url = format!("http://{}/x", canary.local_addr().expect("an address"));
    let entity = |declared: &str| format!("<!DOCTYPE gpx [{declared}]>{}", gpx("<name>&x;</name>")).into_bytes();
    let laughs =
        String::from_utf8(entity("<!ENTITY y \"yyyyyyyyyy\"><!ENTITY x \"&y;&y;&y;&y;&y;&y;&y;&y;\">")).expect("text");
    let attributes =
        |count: u32| gpx(&format!("<x{}/>", (0..count).map(|i| format!(" a{i}=\"\"")).collect::<Vec<_>>().concat()));
    let nested = |depth: usize| gpx(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
    let deep = |depth: usize| {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let place = r#"{"type":"Point","coordinates":[116.9,35.5]}"#;
        format!(r#"{{"type":"Feature","geometry":{place},"properties":{{"name":"闸","x":{value}}}}}"#).into_bytes()
    };
    let csv = |name: &str| format!("名称,纬度,经度\n{name},35.5,116.9\n").into_bytes();
    let network = "<NetworkLink><Link><href>";
    let cases = vec![
        ("plain XML", gpx("").into(), Ok(1)),
        ("UTF-16", utf_16(&gpx("")), Ok(1)),
        ("90 attributes", attributes(90).into(), Ok(1)),
        ("depth 40", nested(40).into(), Ok(1)),
        ("a schema elsewhere", gpx("").replace("<gpx", &format!("<gpx xsi='{url}'")).into(), Ok(1)),
        (
            "a network link",
            KML.replace("<kml>", &format!("<kml>{network}{url}</href></Link></NetworkLink>")).into(),
            Ok(1),
        ),
        ("laughs", laughs.clone().into(), Err("document type")),
        ("laughs in UTF-16", utf_16(&laughs), Err("document type")),
        ("an external entity", entity(&format!("<!ENTITY x SYSTEM \"{url}\">")), Err("document type")),
        ("a file here", entity("<!ENTITY x SYSTEM \"file:///etc/passwd\">"), Err("document type")),
        ("an external DTD", format!("<!DOCTYPE gpx SYSTEM \"{url}\">{}", gpx("")).into(), Err("document type")),
        ("50,000 attributes", attributes(50_000).into(), Err("attributes")),
        ("depth 100,000", nested(100_000).into(), Err("nested")),
        ("JSON", deep(10), Ok(1)),
        ("deep JSON", deep(100_000), Err("nested")),
        ("cut JSON", deep(10)[..80].to_vec(), Err("")),
        ("other JSON", br#"{"hello":"world"}"#.to_vec(), Err("GeoJSON")),
        ("a table", csv("闸"), Ok(1)),
        ("a quoted comma", csv("\"闸, 坝\""), Ok(1)),
        ("an open quotation mark", csv(&format!("\"闸{}", "x".repeat(5 << 20))), Err("not closed")),
        ("NUL bytes", csv("闸\0\0"), Err("")),
        ("nothing but NUL bytes", vec![0; 5_000], Err("")),
        ("old Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old".to_vec(), Err(".xlsx")),
        ("a picture", png(16, 16), Err("picture")),
        ("only headings in prose", "hello world\n".repeat(30).into(), Err("headings")),
    ];
    assert_outcomes(&app, &designer, cases).await;
    let contacted = canary.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(contacted, Err(std::io::ErrorKind::WouldBlock), "somebody followed a link");
}

/// Sends a request by hand and reads what comes back until the other side is silent.
fn by_hand(app: &TestApp, designer: &Operator, length: &str, body: &[u8], hang_up: bool) -> String {
    let mut stream = TcpStream::connect(app.door.address).expect("a connection");
    let head = format!(
        "POST /v1/design/routes/{CANAL}/import HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{length}\r\nconnection: close\r\n\r\n",
        designer.key
    );
    stream.write_all(&[head.as_bytes(), body].concat()).expect("sent");
    if hang_up {
        stream.shutdown(std::net::Shutdown::Write).expect("told");
    }
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("told");
    let mut answer = Vec::new();
    // Whoever was refused in the middle of sending may find the connection reset.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_much_or_too_little_is_refused_and_leaves_nothing() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let problem = import(&designer, CANAL, "", "").await.refused(422, "unreadable-file");
    assert!(problem["detail"].as_str().expect("words").contains("empty"), "{problem}");
    let huge = by_hand(&app, &designer, &format!("content-length: {}", 513_u64 << 20), b"", false);
    assert!(huge.starts_with("HTTP/1.1 413 ") && huge.contains("\"body-too-large\""), "{huge}");
    let rows = "编号,名称\nkangcheng-dam,坝\n";
    let length = format!("content-length: {}", rows.len());
    assert!(by_hand(&app, &designer, &length, rows.as_bytes(), false).starts_with("HTTP/1.1 200 "), "a whole one");
    let etag = draft(&designer, CANAL).await["etag"].clone();
    assert_eq!(etag, "\"d1\"");
    // Cut off: what came is a good table, but it is not the whole.
    let cut = rows.replace('坝', "闸");
    for (length, body) in [
        (length.replace(&rows.len().to_string(), "4000"), cut.clone()),
        ("transfer-encoding: chunked".into(), format!("{:x}\r\n{cut}\r\n", cut.len())),
    ] {
        let answer = by_hand(&app, &designer, &length, body.as_bytes(), true);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    app.get("/readyz").await.expect(200);
    assert_eq!((draft(&designer, CANAL).await["etag"].clone(), left_behind(&app).await), (etag, (0, 0)));
    assert_eq!(taken(&designer, CANAL, "", rows).await["unchanged"], 1);
}
