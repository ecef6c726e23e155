//! Static answers: serialised, hashed and compressed once per generation, then served as bytes with an ETag.
//!
//! An answer is made when it is first asked for and kept while there is room. Its ETag is the hash of its bytes, so it stays
//! the same over restarts and over publications that did not touch it.

use super::front::Question;
use super::problem::Problem;
use super::request;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::{Arc, OnceLock};

/// Memory for documents and their compressed forms, in bytes, roughly.
const ROOM_BYTES: u64 = 128 * 1024 * 1024;
/// Headers that an answer gets here and on its way out.
const HEADERS: usize = 10;
/// Shorter answers are not compressed: the head would outweigh what is saved.
const COMPRESS_MIN_BYTES: usize = 600;
/// Brotli's effort: 11 takes twenty times as long for a tenth less.
const BROTLI_QUALITY: u32 = 6;

/// The documents of the newest generations.
pub struct Documents(moka::sync::Cache<(i64, String), Arc<Document>>);

/// One static answer.
pub struct Document {
    media_type: &'static str,
    language: &'static str,
    hash: String,
    /// By coding.
    etags: [HeaderValue; 3],
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

impl Default for Documents {
    fn default() -> Self {
        Self::new()
    }
}

impl Documents {
    /// No documents yet.
    #[must_use]
    pub fn new() -> Self {
        let weigh = |_: &(i64, String), document: &Arc<Document>| {
            // Both compressed forms together are smaller than the plain one.
            u32::try_from(document.plain.len() * 2 + 256).unwrap_or(u32::MAX)
        };
        Self(moka::sync::Cache::builder().max_capacity(ROOM_BYTES).weigher(weigh).build())
    }

    /// The answer to one question about one generation, made by `make` if nobody asked before.
    ///
    /// # Errors
    /// What `make` says.
    pub async fn answer(
        &self,
        generation: i64,
        question: String,
        headers: &HeaderMap,
        make: impl FnOnce() -> Result<Document, Problem> + Send + 'static,
    ) -> Result<Response, Problem> {
        let key = (generation, question);
        let document = if let Some(document) = self.0.get(&key) {
            document
        } else {
            // A long list takes a while to write down; that is not for the threads that answer others.
            let document = tokio::task::spawn_blocking(make).await.map_err(|_| Problem::internal())??;
            let document = Arc::new(document);
            self.0.insert(key, Arc::clone(&document));
            document
        };
        if document.needs_compressing(headers) {
            let document = Arc::clone(&document);
            let headers = headers.clone();
            return tokio::task::spawn_blocking(move || document.respond(&headers))
                .await
                .map_err(|_| Problem::internal());
        }
        Ok(document.respond(headers))
    }
}

/// What is the address of a document: that of the request in its own words, and what headers say of language and form.
#[must_use]
pub fn key(path: &str, query: Option<&str>, headers: &HeaderMap) -> String {
    let (query, lang, form) =
        (query.unwrap_or_default(), request::accepted_language(headers).tag(), request::accepted_form(headers));
    format!("{path}?{query} {lang} {form:?}")
}

/// Answers a question that somebody asked before in the same words.
pub fn at_once(question: &Question<'_>) -> Option<Result<Response, Problem>> {
    let key = key(question.path, question.query, question.headers);
    let document = question.live.documents.0.get(&(question.live.index().generation(), key))?;
    (!document.needs_compressing(question.headers)).then(|| Ok(document.respond(question.headers)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Document {
    /// Serialises a value.
    ///
    /// # Errors
    /// When it cannot be serialised.
    pub fn json(
        value: &impl serde::Serialize,
        media_type: &'static str,
        language: &'static str,
    ) -> Result<Self, Problem> {
        let bytes = serde_json::to_vec(value).map_err(|_| Problem::internal())?;
        Ok(Self::new(bytes, media_type, language))
    }

    /// Takes bytes as they are; `language` is empty for what has none.
    #[must_use]
    pub fn new(bytes: Vec<u8>, media_type: &'static str, language: &'static str) -> Self {
        let hash = hash(&bytes);
        let etags = ["", "-gzip", "-br"].map(|suffix| {
            let etag = HeaderValue::from_str(&format!("\"{hash}{suffix}\""));
            etag.unwrap_or(HeaderValue::from_static("\"\""))
        });
        Self { media_type, language, hash, etags, plain: bytes.into(), gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    fn coding(&self, headers: &HeaderMap) -> Coding {
        if self.plain.len() < COMPRESS_MIN_BYTES {
            return Coding::Identity;
        }
        let quality = |coding: &str| request::coding_quality(headers, coding);
        match (quality("br"), quality("gzip")) {
            (br, gzip) if br > 0.0 && br >= gzip => Coding::Brotli,
            (_, gzip) if gzip > 0.0 => Coding::Gzip,
            _ => Coding::Identity,
        }
    }

    fn needs_compressing(&self, headers: &HeaderMap) -> bool {
        match self.coding(headers) {
            Coding::Identity => false,
            Coding::Gzip => self.gzip.get().is_none(),
            Coding::Brotli => self.brotli.get().is_none(),
        }
    }

    /// The response for these request headers: 304 if the client has it, else the best encoding it takes.
    #[must_use]
    pub fn respond(&self, headers: &HeaderMap) -> Response {
        let coding = self.coding(headers);
        let name = match coding {
            Coding::Identity => None,
            Coding::Gzip => Some("gzip"),
            Coding::Brotli => Some("br"),
        };
        let mut response = if client_has_it(headers, &self.hash) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(self.bytes(coding).into());
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
            if let Some(name) = name {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            }
            if !self.language.is_empty() {
                response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language));
            }
            response
        };
        let headers = response.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(header::ETAG, self.etags[coding as usize].clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language, accept-encoding"));
        // A publication must show in the next answer, so a copy is always asked about; 304 makes that cheap.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
        response
    }

    fn bytes(&self, coding: Coding) -> Bytes {
        match coding {
            Coding::Identity => self.plain.clone(),
            Coding::Gzip => self.gzip.get_or_init(|| gzip(&self.plain)).clone(),
            Coding::Brotli => self.brotli.get_or_init(|| brotli(&self.plain)).clone(),
        }
    }
}

/// What an ETag is made of.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..12])
}

/// Whether the client has the bytes of this hash. Weak comparison (RFC 9110 §13.1.2): any encoding of them will do.
#[must_use]
pub fn client_has_it(headers: &HeaderMap, hash: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').map(str::trim).any(|tag| {
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            tag == "*" || inner.is_some_and(|tag| tag.split('-').next() == Some(hash))
        })
    })
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing to memory does not fail.
    drop(encoder.write_all(plain));
    encoder.finish().unwrap_or_default().into()
}

fn brotli(plain: &[u8]) -> Bytes {
    let mut out = Vec::new();
    {
        let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, BROTLI_QUALITY, 22);
        drop(encoder.write_all(plain));
    }
    out.into()
}
