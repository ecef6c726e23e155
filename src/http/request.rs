//! Reading requests strictly: query parameters that are misspelt or twice there are refused, bodies are JSON with a bounded
//! depth, and what is wrong is named by parameter or JSON pointer. Also what language and form an answer should have.

use super::problem::{Code, Problem};
use crate::domain::crs::Crs;
use crate::domain::geodesy::LatLon;
use crate::domain::route::Lang;
use crate::domain::time::{self, Day};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use std::borrow::Cow;
use std::fmt::Write;
use std::ops::RangeInclusive;

/// Deepest nesting of a body.
const JSON_DEPTH_MAX: usize = 32;
/// Of a member's name that the client made up, so much is said back.
const POINTER_MAX: usize = 80;
/// Longest cursor, in characters.
const CURSOR_MAX: usize = 200;

/// The query of a request. Take what is known, then [`Query::finish`].
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Splits a query string.
    #[must_use]
    pub fn parse(query: Option<&'a str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect())
    }

    /// All values of a parameter that may be repeated.
    pub fn take_all(&mut self, name: &str) -> Vec<String> {
        self.0.extract_if(.., |(known, _)| known == name).map(|(_, value)| value.into_owned()).collect()
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// When it is there more than once.
    pub fn take(&mut self, name: &str) -> Result<Option<String>, Problem> {
        Ok(self.text(name)?.map(Cow::into_owned))
    }

    fn text(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, Problem> {
        let Some(at) = self.0.iter().position(|(known, _)| known == name) else { return Ok(None) };
        let (_, value) = self.0.remove(at);
        if self.0.iter().any(|(known, _)| known == name) {
            return Err(Problem::parameter(name, "is given more than once; give it once"));
        }
        Ok(Some(value))
    }

    /// A number within a range.
    ///
    /// # Errors
    /// When it is no number or out of range.
    pub fn number(&mut self, name: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        // Rust also reads "inf" and "nan"; neither is in any range.
        match text.parse::<f64>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(Problem::parameter(name, format!("must be a number from {} to {}", range.start(), range.end()))),
        }
    }

    /// A whole number within a range.
    ///
    /// # Errors
    /// When it is no whole number or out of range.
    pub fn whole(&mut self, name: &str, range: RangeInclusive<usize>) -> Result<Option<usize>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse::<usize>() {
            Ok(number) if range.contains(&number) && text.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(number)),
            _ => Err(Problem::parameter(
                name,
                format!("must be a whole number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    /// A calendar day.
    ///
    /// # Errors
    /// When it is not written as one.
    pub fn day(&mut self, name: &str) -> Result<Option<Day>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let day = time::parse_date(&text);
        day.map(Some).ok_or_else(|| Problem::parameter(name, "must be a day written YYYY-MM-DD"))
    }

    /// Yes or no; no when it is not there.
    ///
    /// # Errors
    /// When it is neither.
    pub fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        match self.text(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::parameter(name, "must be true or false")),
        }
    }

    /// The reference system of coordinates in and out.
    ///
    /// # Errors
    /// When it is not a known one.
    pub fn crs(&mut self) -> Result<Crs, Problem> {
        self.text("crs")?.map_or(Ok(Crs::Wgs84), |text| parse_crs(&text).map_err(|e| Problem::parameter("crs", e)))
    }

    /// The language of the answer: the parameter, else `Accept-Language`, else Chinese.
    ///
    /// # Errors
    /// When the parameter is not a known language.
    pub fn lang(&mut self, headers: &HeaderMap) -> Result<Lang, Problem> {
        match self.text("lang")? {
            Some(tag) => parse_lang(&tag).map_err(|e| Problem::parameter("lang", e)),
            None => Ok(accepted_language(headers)),
        }
    }

    /// A page of a list: how many, and after how many.
    ///
    /// # Errors
    /// When either is wrong.
    pub fn page(&mut self) -> Result<Page, Problem> {
        let limit = self.whole("limit", 1..=1_000)?.unwrap_or(100);
        let after = match self.text("cursor")? {
            None => 0,
            Some(cursor) => Page::read_cursor(&cursor).ok_or_else(|| {
                Problem::parameter("cursor", "is not one that this service gave out; take it from \"next\"")
            })?,
        };
        Ok(Page { limit, after })
    }

    /// Refuses what nobody took.
    ///
    /// # Errors
    /// When a parameter is left.
    pub fn finish(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().take(40).collect();
                let detail = format!("\"{name}\" is not a parameter of this call; check its spelling or leave it out");
                Err(Problem::new(Code::UnknownParameter, detail).with("parameter", name))
            }
        }
    }
}

/// A query with nothing in it, for calls that take no parameters.
pub struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::parse(parts.uri.query()).finish().map(|()| Self)
    }
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most so many.
    pub limit: usize,
    /// After this one.
    pub after: i64,
}

impl Page {
    /// The opaque cursor that continues after `last`.
    #[must_use]
    pub fn cursor(last: i64) -> String {
        hex::encode(format!("after:{last}"))
    }

    fn read_cursor(cursor: &str) -> Option<i64> {
        if cursor.len() > CURSOR_MAX {
            return None;
        }
        let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
        text.strip_prefix("after:")?.parse().ok().filter(|after| *after >= 0)
    }
}

/// Reads the name of a reference system.
///
/// # Errors
/// With the known ones.
pub fn parse_crs(text: &str) -> Result<Crs, String> {
    text.parse().map_err(|_| "must be wgs84, gcj02 or bd09".to_string())
}

/// Reads a language tag.
///
/// # Errors
/// With the known ones.
pub fn parse_lang(tag: &str) -> Result<Lang, String> {
    match_language(tag).ok_or_else(|| "must be zh-CN or en".to_string())
}

fn match_language(tag: &str) -> Option<Lang> {
    match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "zh" => Some(Lang::ZhCn),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// The best of our languages by `Accept-Language` (RFC 9110 §12.5.4); Chinese when none fits.
#[must_use]
pub fn accepted_language(headers: &HeaderMap) -> Lang {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, Lang::ZhCn);
    for (tag, quality) in weighted(header) {
        if let Some(lang) = match_language(tag)
            && quality > best.0
        {
            best = (quality, lang);
        }
    }
    best.1
}

/// The forms an answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/json`.
    Json,
    /// `application/geo+json`.
    GeoJson,
}

/// The form asked for by `Accept`; JSON when nothing fits, because an answer in another form is more use than none.
#[must_use]
pub fn accepted_form(headers: &HeaderMap) -> Form {
    let header = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let quality = |wanted: &[&str]| {
        weighted(header).filter(|(name, _)| wanted.contains(name)).map(|(_, quality)| quality).fold(0.0, f64::max)
    };
    let geo = quality(&["application/geo+json"]);
    if geo > 0.0 && geo >= quality(&["application/json"]) { Form::GeoJson } else { Form::Json }
}

/// Whether `Accept` likes this media type better than JSON: a person reads the answer.
#[must_use]
pub fn likes_better(headers: &HeaderMap, media_type: &str) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let quality = |wanted: &str| weighted(accept).find(|(name, _)| *name == wanted).map_or(0.0, |(_, quality)| quality);
    quality(media_type) > quality("application/json")
}

/// How much a client likes a content coding, from 0 for not at all to 1.
#[must_use]
pub fn coding_quality(headers: &HeaderMap, coding: &str) -> f64 {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    weighted(accepted).find(|(name, _)| name.eq_ignore_ascii_case(coding)).map_or(0.0, |(_, quality)| quality)
}

/// The names and qualities of a weighted header such as `Accept`.
pub fn weighted(header: &str) -> impl Iterator<Item = (&str, f64)> {
    header.split(',').map(|part| {
        let mut parts = part.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts.find_map(|p| p.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        (name, quality)
    })
}

/// A latitude and longitude that are on the earth, whatever their reference system.
///
/// # Errors
/// Says which is not.
pub fn check_position(lat: f64, lon: f64, report: impl Fn(&str, String) -> Problem) -> Result<(), Problem> {
    LatLon::new(lat, lon).map(drop).map_err(|error| {
        let name = if error == crate::domain::geodesy::BadPosition::Lat { "lat" } else { "lon" };
        report(name, error.to_string())
    })
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_media_type(request.headers())?;
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::new(Code::BadRequest, "The body could not be read to its end."))?;
        from_json(&bytes).map(Json)
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |detail: &str| Problem::new(Code::UnsupportedMediaType, detail);
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
        return Err(refused("Send the body with Content-Type: application/json."));
    }
    let encoding = headers.get(header::CONTENT_ENCODING).map_or(&b""[..], |v| v.as_bytes());
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity") {
        return Err(refused("Send the body without Content-Encoding."));
    }
    Ok(())
}

/// Reads a value and names what is wrong by its JSON pointer (RFC 6901).
///
/// # Errors
/// When the bytes are not such a value.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    check_depth(bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    if let Ok(value) = super::strict::object(&mut reader)
        && reader.end().is_ok()
    {
        return Ok(value);
    }
    // Only what is wrong is read once more, with an eye on where one is.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let value = super::strict::object(tracked);
    let value = value.map_err(|error| Problem::member(&pointer(&track.path()), plain(&error)))?;
    reader.end().map_err(|error| Problem::member("", plain(&error)))?;
    Ok(value)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        if pointer.len() > POINTER_MAX {
            break;
        }
        match segment {
            Segment::Seq { index } => drop(write!(pointer, "/{index}")),
            Segment::Map { key } => {
                let key: String = key.chars().take(POINTER_MAX).collect();
                let _ = write!(pointer, "/{}", key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { variant } => drop(write!(pointer, "/{variant}")),
            Segment::Unknown => {}
        }
    }
    pointer
}

fn plain(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    match error.classify() {
        Category::Eof => "the JSON ends too early".into(),
        Category::Io | Category::Syntax => {
            format!("is not JSON at line {} column {}", error.line(), error.column())
        }
        Category::Data => {
            let text = error.to_string();
            let text = text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text);
            let (found, expected) = text.rsplit_once("expected ").unwrap_or((text, ""));
            let found: String = found.chars().take(200).collect();
            if expected.is_empty() { found } else { format!("{found}expected {}", json_name(expected)) }
        }
    }
}

/// What the reader calls by its type's name here, as JSON calls it.
fn json_name(expected: &str) -> &str {
    match expected {
        "f64" => "a number",
        "usize" | "u64" | "u32" => "a whole number, 0 or more",
        "a sequence" => "an array",
        struct_name if struct_name.starts_with("struct ") => "an object",
        words => words,
    }
}

/// Counts brackets outside strings, before anything is built from them.
fn check_depth(bytes: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for &byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            let detail = format!("The JSON is nested more than {JSON_DEPTH_MAX} levels deep; no call needs that.");
            return Err(Problem::new(Code::TooDeep, detail));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("a header"))])
    }

    #[test]
    fn the_language_is_the_best_of_what_is_accepted_and_chinese_otherwise() {
        for (accept, expected) in [
            ("", Lang::ZhCn),
            ("en", Lang::En),
            ("en-GB,en;q=0.9", Lang::En),
            ("zh-TW, en;q=0.5", Lang::ZhCn),
            ("fr, en;q=0.1", Lang::En),
            ("en;q=0.3, zh-Hans;q=0.8", Lang::ZhCn),
            ("fr", Lang::ZhCn),
            ("en;q=0", Lang::ZhCn),
        ] {
            assert_eq!(accepted_language(&headers(header::ACCEPT_LANGUAGE, accept)), expected, "{accept}");
        }
    }

    #[test]
    fn geojson_is_given_when_it_is_liked_best() {
        for (accept, expected) in [
            ("", Form::Json),
            ("*/*", Form::Json),
            ("application/geo+json", Form::GeoJson),
            ("application/geo+json;q=0.5, application/json", Form::Json),
            ("application/geo+json, application/json;q=0.9", Form::GeoJson),
            ("image/png", Form::Json),
        ] {
            assert_eq!(accepted_form(&headers(header::ACCEPT, accept)), expected, "{accept}");
        }
    }

    #[test]
    fn a_misspelt_or_repeated_parameter_is_refused() {
        let mut query = Query::parse(Some("lat=1&raduis_m=5"));
        assert_eq!(query.number("lat", -90.0..=90.0).expect("a number"), Some(1.0));
        assert_eq!(query.finish().expect_err("left over").code(), "unknown-parameter");
        assert!(Query::parse(Some("lat=1&lat=2")).number("lat", -90.0..=90.0).is_err());
        for text in ["NaN", "inf", "", "１２", "1e999", "0x10", "90.0001"] {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("lat", text).finish();
            assert!(Query::parse(Some(&query)).number("lat", -90.0..=90.0).is_err(), "{text}");
        }
    }

    #[test]
    fn cursors_are_only_ours() {
        let page = Query::parse(Some(&format!("limit=5&cursor={}", Page::cursor(42)))).page().expect("ours");
        assert_eq!(page, Page { limit: 5, after: 42 });
        for cursor in ["x", "00", "61667465723a2d31", &"61".repeat(200)] {
            assert!(Query::parse(Some(&format!("cursor={cursor}"))).page().is_err(), "{cursor}");
        }
    }

    #[test]
    fn json_mistakes_are_named_by_pointer_and_depth_is_bounded() {
        #[derive(serde::Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            #[expect(dead_code, reason = "only read")]
            lat: f64,
        }
        #[derive(serde::Deserialize, Debug)]
        struct Outer {
            #[expect(dead_code, reason = "only read")]
            position: Inner,
        }
        let detail =
            |text: &str| serde_json::to_value(from_json::<Outer>(text.as_bytes()).expect_err("wrong")).expect("JSON");
        assert_eq!(detail(r#"{"position":{"lat":"x"}}"#)["pointer"], "/position/lat");
        assert_eq!(detail(r#"{"position":{"lat":1,"lot":2}}"#)["pointer"], "/position/lot");
        assert_eq!(detail(r#"{"position":{"lat":1,"lat":2}}"#)["code"], "invalid-json");
        assert_eq!(detail(r#"{"position":{"lat":1}} x"#)["code"], "invalid-json");
        assert_eq!(detail(&"[".repeat(100_000))["code"], "too-deep");
        assert_eq!(detail(r#"[{"lat":1}]"#)["detail"], "the body: invalid type: sequence, expected an object");
        assert_eq!(
            detail(r#"{"position":{"lat":true}}"#)["detail"],
            "/position/lat: invalid type: boolean `true`, expected a number"
        );
        let long = detail(&format!(r#"{{"position":{{"{}":1}}}}"#, "k".repeat(60_000))).to_string();
        assert!(long.len() < 1_000, "what the client made up is not said back at length");
        assert!(
            from_json::<String>(format!("\"{}\"", "[".repeat(100)).as_bytes()).is_ok(),
            "brackets in strings are text"
        );
    }
}
