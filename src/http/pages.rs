//! The built pages and their files: from memory, compressed beforehand, each with an ETag. What is named by its content may be kept
//! for ever; everything else is asked about each time. Refuses to know what a page does.

use super::documents;
use super::problem::{Code, Problem};
use super::request::coding_quality;
use crate::domain::map_tiles::MapTiles;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Files under this are named by their content.
const BY_CONTENT: &str = "assets/";
/// A page may run its own scripts and ask its own origin, and for map tiles where an operator has chosen a source; nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:TILES; font-src 'self'; \
    media-src 'self' blob:; connect-src 'self' data: blob:TILES; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default";
/// What a page may ask the phone for.
const PERMISSIONS: &str = "camera=(self), geolocation=(self), gyroscope=(self), accelerometer=(self), magnetometer=(self), \
    xr-spatial-tracking=(self), microphone=(), payment=(), usb=()";
/// A browser that came over TLS once comes so for a year.
const TLS_ONLY: &str = "max-age=31536000";

/// All files of the pages, by address.
pub struct Files {
    by_address: HashMap<String, File>,
    policy: HeaderValue,
}

struct File {
    media_type: &'static str,
    hash: String,
    plain: Bytes,
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
    is_by_content: bool,
}

impl Files {
    /// Files by their paths, which may ask a source of map tiles too; `x.br` and `x.gz` are `x` compressed, `x/index.html` is the page at `/x`.
    #[must_use]
    pub fn new(built: impl Iterator<Item = (String, Cow<'static, [u8]>)>, tiles: Option<&MapTiles>) -> Self {
        let mut built: HashMap<String, Bytes> = built.map(|(path, bytes)| (path, bytes_of(bytes))).collect();
        let paths: Vec<String> = built.keys().filter(|path| !is_compressed(path)).cloned().collect();
        let file = |path: String| {
            let (gzip, brotli) = (built.remove(&format!("{path}.gz")), built.remove(&format!("{path}.br")));
            let plain = built.remove(&path)?;
            let hash = documents::hash(&plain);
            let is_by_content = path.starts_with(BY_CONTENT);
            Some((address(&path), File { media_type: media_type(&path), hash, plain, gzip, brotli, is_by_content }))
        };
        Self { by_address: paths.into_iter().filter_map(file).collect(), policy: policy(tiles) }
    }

    /// The addresses that these files have beside the API's, but for those under one folder.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let own = self.by_address.keys().map(String::as_str).filter(|at| *at != "/" && !at.starts_with("/assets/"));
        own.chain((!self.by_address.is_empty()).then_some("/assets/{*file}"))
    }

    /// The endpoints of the files. `/` is not among them: there a page is one of several answers.
    pub fn endpoints<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.addresses().fold(Router::new(), |router, address| router.route(address, get(one)))
    }

    /// The page at `/`, where there is one.
    #[must_use]
    pub fn home(&self, headers: &HeaderMap) -> Option<Response> {
        self.by_address.get("/").map(|file| file.respond(headers, &self.policy))
    }
}

async fn one(Extension(files): Extension<Arc<Files>>, request: Request) -> Result<Response, Problem> {
    let path = request.uri().path();
    let missing = || Problem::new(Code::NotFound, "No such file belongs to the pages; load the page anew.");
    let file = files.by_address.get(path).ok_or_else(missing)?;
    Ok(file.respond(request.headers(), &files.policy))
}

impl File {
    fn respond(&self, request: &HeaderMap, policy: &HeaderValue) -> Response {
        let mut response = if documents::client_has_it(request, &self.hash) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.body(request)
        };
        let headers = response.headers_mut();
        let put = |headers: &mut HeaderMap, name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
        put(headers, header::VARY, "accept, accept-encoding");
        put(
            headers,
            header::CACHE_CONTROL,
            if self.is_by_content { "public, max-age=31536000, immutable" } else { "no-cache" },
        );
        // A worker obeys the policy of its own script.
        if self.media_type.starts_with("text/") {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        if self.media_type.starts_with("text/html") {
            put(headers, header::HeaderName::from_static("permissions-policy"), PERMISSIONS);
        }
        if request.get("x-forwarded-proto").is_some_and(|proto| proto == "https") {
            put(headers, header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
        }
        // Weak: it is the same for every coding.
        if let Ok(etag) = HeaderValue::from_str(&format!("W/\"{}\"", self.hash)) {
            headers.insert(header::ETAG, etag);
        }
        response
    }

    fn body(&self, request: &HeaderMap) -> Response {
        let takes = |coding| coding_quality(request, coding) > 0.0;
        let (coding, bytes) = match (&self.brotli, &self.gzip) {
            (Some(brotli), _) if takes("br") => (Some("br"), brotli),
            (_, Some(gzip)) if takes("gzip") => (Some("gzip"), gzip),
            _ => (None, &self.plain),
        };
        let mut response = Response::new(bytes.clone().into());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    }
}

fn policy(tiles: Option<&MapTiles>) -> HeaderValue {
    let origins: String = tiles.iter().flat_map(|tiles| tiles.origins()).flat_map(|origin| [" ", origin]).collect();
    // What makes a source of tiles has looked at its letters.
    HeaderValue::try_from(POLICY.replace("TILES", &origins)).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn bytes_of(bytes: Cow<'static, [u8]>) -> Bytes {
    match bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

fn is_compressed(path: &str) -> bool {
    [".br", ".gz"].iter().any(|ending| path.ends_with(ending))
}

fn address(path: &str) -> String {
    match path.strip_suffix("index.html") {
        Some(folder) => format!("/{}", folder.trim_end_matches('/')),
        None => format!("/{path}"),
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "glb" => "model/gltf-binary",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn files(built: &[(&str, &'static str)]) -> Files {
        with_tiles(built, None)
    }

    fn with_tiles(built: &[(&str, &'static str)], tiles: Option<&MapTiles>) -> Files {
        Files::new(built.iter().map(|(path, text)| ((*path).to_string(), Cow::Borrowed(text.as_bytes()))), tiles)
    }

    fn asked(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[tokio::test]
    async fn a_file_is_sent_in_the_best_coding_that_is_taken_and_not_again_to_who_has_it() {
        let files = files(&[("index.html", "plain"), ("index.html.br", "brotli"), ("index.html.gz", "gzip")]);
        for (takes, sent) in [("", "plain"), ("gzip", "gzip"), ("gzip, br", "brotli"), ("br;q=0, gzip", "gzip")] {
            let response = files.home(&asked(&[("accept-encoding", takes)])).expect("a page");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, sent, "{takes}");
        }
        let first = files.home(&HeaderMap::new()).expect("a page");
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
        assert_eq!(files.home(&again).expect("a page").status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn what_is_named_by_its_content_is_kept_and_pages_are_asked_about() {
        let files = files(&[("design/index.html", "page"), ("assets/x-1.js", "script"), ("sw.js", "worker")]);
        let mut addresses: Vec<&str> = files.addresses().collect();
        addresses.sort_unstable();
        assert_eq!(addresses, ["/assets/{*file}", "/design", "/sw.js"]);
        let kept = |address: &str| {
            let response = files.by_address[address].respond(&HeaderMap::new(), &files.policy);
            response.headers()[header::CACHE_CONTROL].clone()
        };
        assert_eq!(kept("/assets/x-1.js"), "public, max-age=31536000, immutable");
        assert_eq!([kept("/design"), kept("/sw.js")], ["no-cache", "no-cache"]);
        let page = files.by_address["/design"].respond(&asked(&[("x-forwarded-proto", "https")]), &files.policy);
        let worker = files.by_address["/sw.js"].respond(&HeaderMap::new(), &files.policy);
        for it in [&page, &worker] {
            assert_eq!(it.headers()[header::CONTENT_SECURITY_POLICY], POLICY.replace("TILES", ""));
        }
        assert_eq!(page.headers()[header::STRICT_TRANSPORT_SECURITY], TLS_ONLY);
        assert!(!POLICY.contains("unsafe") && files.home(&HeaderMap::new()).is_none());
    }

    #[test]
    fn pages_may_ask_the_source_of_map_tiles_for_pictures_and_nobody_else() {
        let tiles =
            MapTiles::new("https://a.example/{z}/{x}/{y} https://b.example:444/{z}/{x}/{y} /{z}/{x}/{y}", "©", "", 18);
        let files = with_tiles(&[("index.html", "page")], tiles.expect("fine").as_ref());
        let page = files.home(&HeaderMap::new()).expect("a page");
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("a text");
        let asks: Vec<&str> = policy.split("; ").filter(|rule| rule.contains("https://")).collect();
        let origins = "data: blob: https://a.example https://b.example:444";
        assert_eq!(asks, [format!("img-src 'self' {origins}"), format!("connect-src 'self' {origins}")]);
    }
}
