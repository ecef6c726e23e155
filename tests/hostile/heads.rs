//! Hostile heads and framing: what stands around the body.

use super::rig::{Case, Rig, Want, get, post};
use std::io::Write;

const BODY: &str = "{\"lat\":35.6,\"lon\":117}";
const BAD: Want = Want::Problem(400, "bad-request");

/// A POST with these headers, and bytes after its head.
fn framed(headers: &str, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("POST /v1/nearby HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n");
    [head.as_bytes(), bytes.as_ref()].concat()
}

fn length(headers: &str) -> String {
    format!("Content-Length: {}\r\n{headers}", BODY.len())
}

pub fn framing(_: &Rig) -> Vec<Case> {
    let chunked = |extra: &str| format!("Transfer-Encoding: chunked\r\nConnection: close\r\n{extra}");
    let one = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    let smuggled = format!("{one}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    let pieces: String = BODY.chars().map(|c| format!("1\r\n{c}\r\n")).collect::<String>() + "0\r\n\r\n";
    let endless: String = "1000\r\n".to_string() + &"x".repeat(0x1000) + "\r\n";
    let extension = format!("{:x};{}\r\n{BODY}\r\n0\r\n\r\n", BODY.len(), "e".repeat(100_000));
    let extensions = format!("1;{}\r\n{{\r\n", "e".repeat(1_000)).repeat(60);
    let trailers: String = (0..5_000).map(|i| format!("t{i}: v\r\n")).collect();
    let table: Vec<(&str, Vec<u8>, Want)> = vec![
        ("chunks of a byte", framed(&chunked(""), pieces), Want::Done(200)),
        ("an expected 100", framed(&length("Expect: 100-continue\r\nConnection: close\r\n"), BODY), Want::Done(200)),
        ("two lengths", framed(&length("Content-Length: 3\r\n"), BODY), Want::Parted),
        ("two lengths in one", framed("Content-Length: 22, 3\r\n", BODY), Want::Parted),
        ("a length and chunks", framed(&length("Transfer-Encoding: chunked\r\n"), &smuggled), Want::Either(&[200])),
        (
            "chunks and a length of 0",
            framed("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", &smuggled),
            Want::Either(&[200]),
        ),
        ("chunks of nobody's kind", framed("Transfer-Encoding: xchunked\r\n", &one), Want::Parted),
        ("gzip as transfer encoding", framed("Transfer-Encoding: gzip\r\n", &one), Want::Parted),
        ("chunked, then identity", framed("Transfer-Encoding: chunked, identity\r\n", &one), Want::Parted),
        ("chunked with a vertical tab", framed("Transfer-Encoding: \x0bchunked\r\n", &one), Want::Parted),
        ("a space before the colon", framed("Transfer-Encoding : chunked\r\n", &one), Want::Parted),
        ("a chunk size that is none", framed(&chunked(""), "ZZ\r\n{}\r\n0\r\n\r\n"), BAD),
        ("a chunk size below 0", framed(&chunked(""), "-1\r\n{}\r\n0\r\n\r\n"), BAD),
        ("a chunk size with 0x", framed(&chunked(""), "0x2\r\n{}\r\n0\r\n\r\n"), BAD),
        ("a chunk size beyond 64 bits", framed(&chunked(""), "FFFFFFFFFFFFFFFFF\r\n{}"), BAD),
        (
            "a chunk of 2^63",
            framed(&chunked(""), "7FFFFFFFFFFFFFFF\r\n{}".to_string() + &"x".repeat(100_000)),
            Want::Problem(413, "body-too-large"),
        ),
        ("a chunk longer than it says", framed(&chunked(""), "1\r\n{}\r\n0\r\n\r\n"), BAD),
        ("an empty chunk size", framed(&chunked(""), "\r\n\r\n"), BAD),
        ("an extension of 100 KB", framed(&chunked(""), extension), BAD),
        ("60 KB of extensions", framed(&chunked(""), extensions), BAD),
        ("5,000 trailers", framed(&chunked(""), format!("2\r\n{{}}\r\n0\r\n{trailers}\r\n")), Want::Refused),
        ("1 MB in chunks", framed(&chunked(""), endless.repeat(256)), Want::Problem(413, "body-too-large")),
        ("10 GB announced", framed("Content-Length: 10000000000\r\n", "{"), Want::Problem(413, "body-too-large")),
        (
            "10 GB announced and waited for",
            framed("Content-Length: 10000000000\r\nExpect: 100-continue\r\n", ""),
            Want::Problem(413, "body-too-large"),
        ),
        ("2^64 bytes announced", framed("Content-Length: 18446744073709551616\r\n", ""), Want::Parted),
        ("a length below 0", framed("Content-Length: -1\r\n", BODY), Want::Parted),
        ("a length with a plus", framed("Content-Length: +22\r\n", BODY), Want::Parted),
        ("a length in hex", framed("Content-Length: 0x16\r\n", BODY), Want::Parted),
        ("an empty length", framed("Content-Length: \r\n", BODY), Want::Parted),
        (
            "a length that is too short",
            framed("Content-Length: 10\r\nConnection: close\r\n", BODY),
            Want::Problem(400, "invalid-json"),
        ),
        (
            "a body after a GET",
            get("/healthz", "Content-Length: 5\r\n").into_bytes().into_iter().chain(*b"hello").collect(),
            Want::Done(200),
        ),
        ("an upgrade", get("/healthz", "Upgrade: h2c\r\nHTTP2-Settings: AA\r\n").into(), Want::Done(200)),
    ];
    table.into_iter().map(|(name, request, want)| Case::new(name, request, want)).collect()
}

pub fn heads(_: &Rig) -> Vec<Case> {
    let many = |n: usize| (0..n).map(|i| format!("x{i}: y\r\n")).collect::<String>();
    let long = |n: usize| format!("x: {}\r\n", "a".repeat(n));
    let line = |line: &str| format!("{line}\r\nHost: x\r\nConnection: close\r\n\r\n");
    let table: Vec<(&str, Vec<u8>, Want)> = vec![
        ("90 headers", get("/healthz", &many(90)).into(), Want::Done(200)),
        ("a header of 15,000 bytes", get("/healthz", &long(15_000)).into(), Want::Done(200)),
        ("5,000 headers", get("/healthz", &many(5_000)).into(), Want::Parted),
        ("101 headers", get("/healthz", &many(101)).into(), Want::Parted),
        ("a header of 64 KB", get("/healthz", &long(65_536)).into(), Want::Parted),
        ("a header name of 64 KB", get("/healthz", &format!("{}: x\r\n", "n".repeat(65_536))).into(), Want::Parted),
        ("an address of 64 KB", get(&format!("/{}", "a".repeat(65_536)), "").into(), Want::Parted),
        ("an address of 5 KB", get(&format!("/{}", "a".repeat(5_000)), "").into(), Want::Problem(414, "uri-too-long")),
        ("a folded header", get("/healthz", "x: a\r\n b\r\n").into(), Want::Parted),
        ("a NUL in a header", get("/healthz", "x: a\0b\r\n").into(), Want::Parted),
        ("a bare CR in a header", get("/healthz", "x: a\rb: c\r\n").into(), Want::Parted),
        ("a header without a colon", get("/healthz", "hello\r\n").into(), Want::Parted),
        ("a header without a name", get("/healthz", ": x\r\n").into(), Want::Parted),
        ("a space in a header's name", get("/healthz", "a b: x\r\n").into(), Want::Parted),
        ("no Host", b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n".to_vec(), BAD),
        ("two Hosts", get("/healthz", "Host: evil.example\r\n").into(), BAD),
        ("no Host, as HTTP/1.0 may", b"GET /healthz HTTP/1.0\r\n\r\n".to_vec(), Want::Done(200)),
        ("HTTP/0.9", b"GET /\r\n".to_vec(), Want::Parted),
        ("HTTP/3.0", line("GET / HTTP/3.0").into(), Want::Parted),
        ("HTTP/1.15", line("GET / HTTP/1.15").into(), Want::Parted),
        ("HTCPCP", line("BREW / HTCPCP/1.0").into(), Want::Parted),
        ("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(), Want::Parted),
        (
            "a TLS hello",
            [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), vec![b'a'; 200]].concat(),
            Want::Parted,
        ),
        ("a thousand zeros", vec![0; 1_000], Want::Parted),
        ("SSH", b"SSH-2.0-OpenSSH_9.0\r\n\r\n".to_vec(), Want::Parted),
        ("two spaces in the request line", line("GET  /healthz HTTP/1.1").into(), Want::Parted),
        ("a tab in the request line", line("GET\t/healthz\tHTTP/1.1").into(), Want::Parted),
        ("bare line feeds", b"GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n".to_vec(), Want::Either(&[200])),
        (
            "empty lines before the request",
            format!("\r\n\r\n{}", line("GET /healthz HTTP/1.1")).into(),
            Want::Either(&[200]),
        ),
    ];
    table.into_iter().map(|(name, request, want)| Case::new(name, request, want)).collect()
}

/// Headers that choose, compress, forward or compare.
pub fn headers(_: &Rig) -> Vec<Case> {
    let mut cases = vec![Case::new("honest", get("/v1/routes", "Accept: application/geo+json\r\n"), Want::Done(200))];
    let garbage = [
        "",
        ",,,,;;;;====",
        "\u{ff}\u{fe}",
        "*;q=NaN",
        "a;q=1e999,b;q=-1",
        "en;q=0.0000000000000000000001",
        "\"unfinished",
        "W/\"",
        "'; DROP TABLE routes; --",
        "../../etc/passwd",
        "999.999.999.999, ::::",
        "\u{202e}ne",
    ];
    let commas = ",".repeat(15_000);
    for name in [
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "If-None-Match",
        "X-Forwarded-For",
        "X-Request-Id",
        "Origin",
        "Range",
        "If-Modified-Since",
        "Forwarded",
        "Cookie",
    ] {
        for value in garbage.iter().copied().chain([&*commas]) {
            let shown: String = value.chars().take(20).collect();
            let request = get("/v1/routes/confucius-mencius", &format!("{name}: {value}\r\n"));
            cases.push(Case::new(format!("{name}: {shown}"), request, Want::Done(200)));
        }
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 50_000_000]).expect("memory");
    let bomb = gzip.finish().expect("memory");
    let no = || Want::Problem(415, "unsupported-media-type");
    for (name, headers, body, want) in [
        ("a bomb of gzip", "Content-Encoding: gzip\r\n", &bomb[..], no()),
        ("gzip twice", "Content-Encoding: gzip, gzip\r\n", BODY.as_bytes(), no()),
        ("an unknown encoding", "Content-Encoding: \u{ff}\r\n", BODY.as_bytes(), no()),
        ("identity", "Content-Encoding: identity\r\n", BODY.as_bytes(), Want::Done(200)),
    ] {
        cases.push(Case::new(name, post("/v1/nearby", headers, body), want));
    }
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonx", "\u{ff}"]
    {
        let request = post("/v1/nearby", "", BODY);
        let request = String::from_utf8(request).expect("text").replace("application/json", media_type);
        cases.push(Case::new(format!("Content-Type: {media_type}"), request, no()));
    }
    cases
}
