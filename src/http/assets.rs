//! `/v1/assets/{sha256}`: the files of exhibits, for everybody and for ever: what has this address never changes. In whole or in
//! part, piece by piece. Nothing that is given from here can run a script.

use super::openapi::params::RangeParams;
use super::problem::{Code, Problem};
use super::request::NoQuery;
use super::state::Live;
use crate::design::assets::{self, is_hash};
use crate::formats::media;
use crate::store::Asset;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use std::fmt::Write;
use std::ops::Range;

/// A year, and never again to be asked about.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// The file with this hash.
#[utoipa::path(get, path = "/v1/assets/{sha256}", tag = "visitors", params(
    ("sha256" = String, Path),
    RangeParams,
), responses(
    (status = 200, description = "The file", body = String, content_type = "*/*", headers(("etag" = String), ("accept-ranges" = String))),
    (status = 206, description = "The part that was asked for", body = String, content_type = "*/*",
        headers(("etag" = String), ("content-range" = String))),
    (status = 304, description = "The client has it"),
    (status = 404, description = "`unknown-asset`", body = Problem, content_type = "application/problem+json"),
    (status = 416, description = "`range-not-satisfiable`", body = Problem, content_type = "application/problem+json",
        headers(("content-range" = String))),
))]
pub async fn get(
    live: Live,
    method: Method,
    headers: HeaderMap,
    Path(sha256): Path<String>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let asset = if is_hash(&sha256) { live.store.asset(&sha256).await? } else { None };
    let asset = asset.ok_or_else(unknown)?;
    let tag = format!("\"{sha256}\"");
    let mut response = Response::default();
    let about = response.headers_mut();
    about.insert(header::ETAG, value(&tag));
    about.insert(header::CACHE_CONTROL, FOR_EVER);
    if is_known(&headers, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let wanted = match wanted(&headers, &tag, asset.bytes) {
        Wanted::Nothing => return Err(not_there(asset.bytes)),
        Wanted::Part(range) => Some(range),
        Wanted::Whole => None,
    };
    describe(about, &asset);
    let range = wanted.clone().unwrap_or(0..asset.bytes);
    about.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if let Some(Range { start, end }) = wanted {
        about.insert(header::CONTENT_RANGE, value(&format!("bytes {start}-{}/{}", end - 1, asset.bytes)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    if method != Method::HEAD {
        let pieces = assets::read(live.blobs()?, &sha256, range).await?;
        *response.body_mut() = Body::from_stream(pieces);
    }
    Ok(response)
}

/// What an address that is none of ours, or no longer, is answered.
pub fn unknown() -> Problem {
    Problem::new(Code::UnknownAsset, "There is no file with this hash; an exhibit's \"href\" names one that is there.")
}

fn not_there(bytes: u64) -> Problem {
    Problem::new(Code::RangeNotSatisfiable, format!("The file has {bytes} bytes; ask for some of them."))
        .with("bytes", bytes)
}

fn describe(about: &mut HeaderMap, asset: &Asset) {
    about.insert(header::CONTENT_TYPE, value(&asset.media_type));
    about.insert(header::CONTENT_DISPOSITION, value(&disposition(asset)));
    about.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    about.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    about.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// The file's name for whoever saves it (RFC 6266), with the ending of what it is.
fn disposition(asset: &Asset) -> String {
    let stem = asset.name.rsplit_once('.').map_or(asset.name.as_str(), |(stem, _)| stem);
    let stem = if stem.is_empty() { asset.sha256.get(..16).unwrap_or_default() } else { stem };
    let name = format!("{stem}.{}", media::ending(&asset.media_type));
    let plain: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let mut coded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            coded.push(char::from(byte));
        } else {
            let _ = write!(coded, "%{byte:02X}");
        }
    }
    format!("inline; filename=\"{plain}\"; filename*=UTF-8''{coded}")
}

/// Weak comparison (RFC 9110 §13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(Range<u64>),
    Nothing,
}

/// What of so many bytes is asked for. Several ranges at once, and what is not understood, mean the whole (RFC 9110 §14.2), and
/// so does a range of another file than the one that is there.
fn wanted(headers: &HeaderMap, tag: &str, bytes: u64) -> Wanted {
    let Some(range) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Wanted::Whole };
    if headers.get(header::IF_RANGE).is_some_and(|value| value.as_bytes() != tag.as_bytes()) {
        return Wanted::Whole;
    }
    let Ok(parsed) = http_range_header::parse_range_header(range) else { return Wanted::Whole };
    if parsed.len() != 1 {
        return Wanted::Whole;
    }
    match parsed.validate(bytes).as_deref() {
        Ok([part]) => Wanted::Part(*part.start()..part.end().saturating_add(1)),
        _ => Wanted::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &str, if_range: Option<&str>) -> Wanted {
        let mut headers = HeaderMap::from_iter([(header::RANGE, range.parse().expect("a header"))]);
        if let Some(tag) = if_range {
            headers.insert(header::IF_RANGE, tag.parse().expect("a header"));
        }
        wanted(&headers, "\"a\"", 100)
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (range, expected) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=10-19", Wanted::Part(10..20)),
            ("bytes=90-", Wanted::Part(90..100)),
            ("bytes=-5", Wanted::Part(95..100)),
            ("bytes=-500", Wanted::Part(0..100)),
            ("bytes=90-99999999999999999999999", Wanted::Part(90..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=200-300", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=5-1", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(asked(range, None), expected, "{range}");
        }
        assert_eq!(asked("bytes=0-0", Some("\"a\"")), Wanted::Part(0..1));
        for other in ["\"b\"", "W/\"a\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(asked("bytes=0-0", Some(other)), Wanted::Whole, "{other}");
        }
    }
}
