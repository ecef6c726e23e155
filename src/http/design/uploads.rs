//! `/v1/design/uploads…`: files in parts, by the tus protocol 1.0 (core, creation, termination, expiration), so that a large film
//! goes on where it was when the network of a school breaks off.

use super::assets::href;
use crate::design::uploads::{self, UploadError};
use crate::domain::time;
use crate::formats::media::ASSET_MAX_BYTES;
use crate::http::openapi::params::{TusParams, TusPartParams, TusStartParams};
use crate::http::problem::{Code, Problem};
use crate::http::request::NoQuery;
use crate::http::staff::Designer;
use crate::http::state::Live;
use crate::http::upload::Upload;
use crate::store::StoredUpload;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

const FOLDER: &str = "/v1/design/uploads";
const VERSION: &str = "1.0.0";
const PART_TYPE: &str = "application/offset+octet-stream";
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// Headers of the protocol that pages may send and read.
pub const TUS_HEADERS: [HeaderName; 5] = [RESUMABLE, LENGTH, OFFSET, METADATA, EXPIRES];

/// Whether a path belongs to uploads in parts.
#[must_use]
pub fn is_upload(path: &str) -> bool {
    path.strip_prefix(FOLDER).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Says in an answer which protocol is spoken, and to `OPTIONS` all of it.
pub fn announce(response: &mut Response, to_options: bool) {
    let (is_other, about) = (response.status() == StatusCode::PRECONDITION_FAILED, response.headers_mut());
    about.insert(RESUMABLE, HeaderValue::from_static(VERSION));
    if to_options || is_other {
        about.insert("tus-version", HeaderValue::from_static(VERSION));
    }
    if to_options {
        about.insert("tus-extension", HeaderValue::from_static("creation,termination,expiration"));
        about.insert("tus-max-size", HeaderValue::from(ASSET_MAX_BYTES));
    }
}

/// Begins an upload.
#[utoipa::path(post, path = "/v1/design/uploads", tag = "design", security(("key" = ["designer"])),
    params(TusParams, TusStartParams), responses(
    (status = 201, description = "Begun; send the parts to `Location`", headers(("location" = String), ("upload-expires" = String))),
    (status = 400, description = "`bad-request`, `unknown-parameter`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`tus-version`", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "`body-too-large`", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "`too-many-uploads`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create(live: Live, designer: Designer, headers: HeaderMap, _: NoQuery) -> Result<Response, Problem> {
    check_version(&headers)?;
    let length = number(&headers, &LENGTH)?;
    if length == 0 {
        return Err(Problem::new(Code::BadRequest, "Upload-Length is 0; an empty file is of no use."));
    }
    let name = file_name(&headers).unwrap_or_default();
    let (id, now_ms) = (live.ambient.random_id()?, live.ambient.now_ms());
    uploads::forget_expired(&live.store, live.blobs()?, now_ms).await?;
    let upload = uploads::begin(&live.store, id, &owner(&designer), &name, length, now_ms).await?;
    let location = [(header::LOCATION, format!("{FOLDER}/{id}"))];
    Ok((StatusCode::CREATED, location, [(EXPIRES, expires(&upload))]).into_response())
}

/// How far an upload has come.
#[utoipa::path(head, path = "/v1/design/uploads/{id}", tag = "design", security(("key" = ["designer"])),
    params(("id" = Uuid, Path), TusParams), responses(
    (status = 200, description = "The rest belongs behind `Upload-Offset`; `Content-Location` is the file that came of it",
        headers(("upload-offset" = String), ("upload-length" = String), ("upload-expires" = String))),
    (status = 404, description = "`unknown-upload`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`asset-being-removed`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`tus-version`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`unsupported-asset`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn state(
    live: Live,
    designer: Designer,
    headers: HeaderMap,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    let upload = find(&live, &designer, &id).await?;
    let length =
        [(LENGTH, HeaderValue::from(upload.length)), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::OK, length, settle(&live, &designer, &upload).await?).into_response())
}

/// Sends the part behind `Upload-Offset`. What came of a part that breaks off is kept. The answer to the last one has the file's
/// address in `Content-Location`.
#[utoipa::path(patch, path = "/v1/design/uploads/{id}", tag = "design", security(("key" = ["designer"])),
    params(("id" = Uuid, Path), TusParams, TusPartParams),
    request_body(content = String, content_type = "application/offset+octet-stream", description = "The part as it is"), responses(
    (status = 204, description = "The part is durable", headers(("upload-offset" = String), ("upload-expires" = String))),
    (status = 404, description = "`unknown-upload`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`upload-offset`, `asset-being-removed`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`tus-version`", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "`unsupported-media-type`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`unsupported-asset`", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "`too-many-uploads`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn part(
    live: Live,
    designer: Designer,
    headers: HeaderMap,
    Path(id): Path<String>,
    _: NoQuery,
    body: Upload,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value != PART_TYPE) {
        return Err(Problem::new(Code::UnsupportedMediaType, format!("Send the part with Content-Type: {PART_TYPE}.")));
    }
    let offset = number(&headers, &OFFSET)?;
    let upload = find(&live, &designer, &id).await?;
    if offset != upload.received {
        return Err(UploadError::Offset(upload.received).into());
    }
    // In a task of its own: what came before the client went away is kept all the same.
    let kept = tokio::spawn(async move {
        let (spooled, broken) = body.spool_what_comes(upload.length - upload.received).await?;
        let part = (spooled.file, spooled.bytes, live.ambient.random_id()?);
        let now_ms = live.ambient.now_ms();
        let upload = uploads::append(&live.store, live.blobs()?, upload, part, now_ms).await?;
        if let Some(broken) = broken {
            return Err(broken);
        }
        settle(&live, &designer, &upload).await
    });
    let about = kept.await.map_err(|_| Problem::internal())??;
    Ok((StatusCode::NO_CONTENT, about).into_response())
}

/// Gives an upload up.
#[utoipa::path(delete, path = "/v1/design/uploads/{id}", tag = "design", security(("key" = ["designer"])),
    params(("id" = Uuid, Path), TusParams), responses(
    (status = 204, description = "Forgotten"),
    (status = 404, description = "`unknown-upload`", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "`tus-version`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn cancel(
    live: Live,
    designer: Designer,
    headers: HeaderMap,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    let upload = find(&live, &designer, &id).await?;
    uploads::forget(&live.store, live.blobs()?, &upload).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Only the key that began an upload goes on with it.
fn owner(designer: &Designer) -> String {
    designer.who().key_id.map(|id| id.to_string()).unwrap_or_default()
}

async fn find(live: &Live, designer: &Designer, id: &str) -> Result<StoredUpload, Problem> {
    let id = Uuid::try_parse(id).map_err(|_| UploadError::Unknown)?;
    Ok(uploads::find(&live.store, id, &owner(designer), live.ambient.now_ms()).await?)
}

/// How far it is, and when it is whole, the file that it makes: also when the answer to the last part was lost.
async fn settle(live: &Live, designer: &Designer, upload: &StoredUpload) -> Result<HeaderMap, Problem> {
    let mut about = HeaderMap::from_iter([(OFFSET, HeaderValue::from(upload.received)), (EXPIRES, expires(upload))]);
    if upload.received == upload.length {
        let (now_ms, who) = (live.ambient.now_ms(), designer.who());
        let asset = uploads::finish(&live.store, live.blobs()?, upload, &who, now_ms).await?;
        about.extend(HeaderValue::from_str(&href(&asset.sha256)).ok().map(|place| (header::CONTENT_LOCATION, place)));
    }
    Ok(about)
}

fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get(RESUMABLE).is_some_and(|value| value == VERSION) {
        return Ok(());
    }
    Err(Problem::new(Code::TusVersion, format!("Uploads in parts speak tus {VERSION}; send Tus-Resumable: {VERSION}.")))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Problem> {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain).ok_or_else(|| {
        Problem::new(Code::BadRequest, format!("{name} must be there once, as a whole number of bytes."))
    })
}

fn expires(upload: &StoredUpload) -> HeaderValue {
    HeaderValue::from_str(&time::http_date(upload.expires_ms)).unwrap_or(HeaderValue::from_static(""))
}

/// `filename` of the metadata, which are pairs of a name and base64.
fn file_name(headers: &HeaderMap) -> Option<String> {
    let pairs = headers.get(METADATA)?.to_str().ok()?;
    let coded = pairs.split(',').map(str::trim).find_map(|pair| pair.strip_prefix("filename "))?;
    String::from_utf8(base64(coded)?).ok()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0u32);
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (held, bits) = ((held << 6 | u32::from(six)) & 0xffff, bits + 6);
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_what_its_sender_calls_it() {
        let named =
            |metadata: &str| file_name(&HeaderMap::from_iter([(METADATA, metadata.parse().expect("a header"))]));
        assert_eq!(named("filename YmVsbC5nbGI=").as_deref(), Some("bell.glb"));
        assert_eq!(named("filetype eA==, filename 6ZOc6ZKfLmdsYg==,x").as_deref(), Some("铜钟.glb"));
        for metadata in ["", "filename", "filename !!", "filename /w=="] {
            assert_eq!(named(metadata), None, "{metadata}");
        }
    }
}
