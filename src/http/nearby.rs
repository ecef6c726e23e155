//! `GET` and `POST /v1/nearby`: the exhibits around a visitor, nearest first.
//!
//! The only thing worked out per visitor is distance, bearing and offset; the rest of each item was serialised when the
//! generation was built. Where the visitor asked is neither stored nor logged.

use super::front::Question;
use super::gzip::{self, Prepared};
use super::openapi::params::ContentParams;
use super::problem::Problem;
use super::request::{self, Form, Json, Query};
use super::reused;
use super::state::{Inner, Live};
use super::wire;
use crate::domain::crs::{self, Crs};
use crate::domain::geodesy::{Frame, LatLon};
use crate::domain::route::Lang;
use crate::index::{Index, Neighbour, Wanted};
use axum::extract::RawQuery;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

/// Widest search.
const RADIUS_MAX_M: f64 = 100_000.0;
const RADIUS_DEFAULT_M: f64 = 1_000.0;
const LIMIT_MAX: usize = 100;
const LIMIT_DEFAULT: usize = 20;
/// A phone that stands still asks again after this.
const REFRESH_AFTER_S: u32 = 300;
/// A phone that walks asks again after between these.
const REFRESH_MIN_M: f64 = 20.0;
const REFRESH_MAX_M: f64 = 1_000.0;

/// The same question as JSON, for clients that keep positions out of addresses because proxies log those.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lat": 35.5967, "lon": 116.9842, "radius_m": 500, "limit": 3}))]
pub struct NearbyRequest {
    /// Latitude in `crs`, −90 to 90 degrees.
    lat: f64,
    /// Longitude in `crs`, −180 to 180 degrees.
    lon: f64,
    /// 1 to 100,000 metres; 1,000 unless told.
    radius_m: Option<f64>,
    /// 1 to 100 items; 20 unless told.
    #[serde(default, deserialize_with = "super::strict::whole")]
    limit: Option<usize>,
    /// Only this study route.
    route: Option<String>,
    /// Only this theme.
    theme: Option<String>,
    /// `wgs84` (default), `gcj02` or `bd09`, of the position and of the answer.
    crs: Option<String>,
    /// `zh-CN` or `en`; else `Accept-Language`.
    lang: Option<String>,
}

struct Asked {
    place: LatLon,
    radius_m: f64,
    limit: usize,
    route: Option<String>,
    theme: Option<String>,
    crs: Crs,
    lang: Lang,
}

/// What is near, nearest first.
#[utoipa::path(get, path = "/v1/nearby", tag = "visitors", params(
    ("lat" = f64, Query, description = "Latitude in `crs`, −90 to 90 degrees", example = 35.5967),
    ("lon" = f64, Query, description = "Longitude in `crs`, −180 to 180 degrees", example = 116.9842),
    ("radius_m" = Option<f64>, Query, description = "1 to 100,000 metres (default 1,000)"),
    ("limit" = Option<u32>, Query, description = "1 to 100 items (default 20)"),
    ("route" = Option<String>, Query, description = "Only this study route"),
    ("theme" = Option<String>, Query, description = "Only this theme"),
    ContentParams,
), responses(
    (status = 200, description = "The waypoints around, or the same as a GeoJSON FeatureCollection", content(
        (super::openapi::Nearby = "application/json"), (super::openapi::FeatureCollection = "application/geo+json")),
        headers(("vary" = String), ("content-language" = String))),
))]
pub async fn get(live: Live, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    ask(&live, &headers, query.as_deref())
}

/// The same without waiting.
#[expect(clippy::unnecessary_wraps, reason = "others cannot always")]
pub fn at_once(question: &Question<'_>) -> Option<Result<Response, Problem>> {
    Some(ask(question.live, question.headers, question.query))
}

fn ask(live: &Inner, headers: &HeaderMap, query: Option<&str>) -> Result<Response, Problem> {
    let mut query = Query::parse(query);
    let crs = query.crs()?;
    let required = |name: &str| Problem::parameter(name, "is missing; give the visitor's position in degrees");
    let lat = query.number("lat", -90.0..=90.0)?.ok_or_else(|| required("lat"))?;
    let lon = query.number("lon", -180.0..=180.0)?.ok_or_else(|| required("lon"))?;
    let asked = Asked {
        place: place(crs, lat, lon),
        radius_m: query.number("radius_m", 1.0..=RADIUS_MAX_M)?.unwrap_or(RADIUS_DEFAULT_M),
        limit: query.whole("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT),
        route: query.take("route")?,
        theme: query.take("theme")?,
        crs,
        lang: query.lang(headers)?,
    };
    query.finish()?;
    answer(live, headers, &asked, Problem::parameter)
}

/// What is near, with the position in the body instead of the address.
#[utoipa::path(post, path = "/v1/nearby", tag = "visitors", request_body = NearbyRequest, responses(
    (status = 200, description = "As for GET", content(
        (super::openapi::Nearby = "application/json"), (super::openapi::FeatureCollection = "application/geo+json")),
        headers(("vary" = String), ("content-language" = String))),
))]
pub async fn post(
    live: Live,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Json(body): Json<NearbyRequest>,
) -> Result<Response, Problem> {
    let member = |name: &str, what: String| Problem::member(&format!("/{name}"), what);
    Query::parse(query.as_deref()).finish()?;
    let crs = body.crs.as_deref().map_or(Ok(Crs::Wgs84), request::parse_crs).map_err(|e| member("crs", e))?;
    request::check_position(body.lat, body.lon, member)?;
    let radius_m = body.radius_m.unwrap_or(RADIUS_DEFAULT_M);
    if !(1.0..=RADIUS_MAX_M).contains(&radius_m) {
        return Err(member("radius_m", format!("must be from 1 to {RADIUS_MAX_M} metres")));
    }
    let limit = body.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(member("limit", format!("must be from 1 to {LIMIT_MAX}")));
    }
    let lang = match &body.lang {
        Some(tag) => request::parse_lang(tag).map_err(|e| member("lang", e))?,
        None => Query::parse(None).lang(&headers)?,
    };
    let place = place(crs, body.lat, body.lon);
    let asked = Asked { place, radius_m, limit, route: body.route, theme: body.theme, crs, lang };
    answer(&live, &headers, &asked, member)
}

/// The caller has checked the numbers, and a shift of half a kilometre does not leave the earth.
fn place(crs: Crs, lat: f64, lon: f64) -> LatLon {
    let (shifted_lat, shifted_lon) = crs::to_wgs84(crs, lat, lon);
    LatLon::new(shifted_lat, shifted_lon).or_else(|_| LatLon::new(lat, lon)).unwrap_or_else(|_| LatLon::origin())
}

fn answer(
    live: &Inner,
    headers: &HeaderMap,
    asked: &Asked,
    wrong: impl Fn(&str, String) -> Problem,
) -> Result<Response, Problem> {
    let index = &*live.index();
    if let Some(route) = &asked.route
        && index.route(route).is_none()
    {
        return Err(wrong("route", "is not the name of a published study route; GET /v1/routes lists them".into()));
    }
    if let Some(theme) = &asked.theme
        && !index.has_theme(theme)
    {
        let known: Vec<&str> = index.themes().collect();
        return Err(wrong("theme", format!("no waypoint has it; there are {}", known.join(", "))));
    }
    let frame = Frame::at(asked.place);
    let wanted = Wanted { route: asked.route.as_deref(), theme: asked.theme.as_deref() };
    let found = index.nearby(&frame, asked.radius_m, asked.limit, wanted);
    let form = request::accepted_form(headers);
    // Without an item there is nothing to gain.
    let compressed = request::coding_quality(headers, "gzip") > 0.0 && !found.is_empty();
    let mut out = Writer::new(index, asked, &found, compressed.then_some(&live.prepared));
    match form {
        Form::Json => put_json(&mut out, index, asked, &found),
        Form::GeoJson => put_geojson(&mut out, index, asked, &found),
    }
    let mut response = Response::new(reused::body(out.finish()));
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    let media_type = if form == Form::Json { "application/json" } else { "application/geo+json" };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language, accept-encoding"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(asked.lang.tag()));
    // Where somebody stands is nothing for caches.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// Headers of an answer, those that the front adds included.
const HEADERS: usize = 10;
/// A guess of an answer's size, so that its buffer seldom grows.
const HEAD_BYTES: usize = 160;
const ITEM_BYTES: usize = 160;

/// An answer being written, as it stands or compressed: what is about the visitor as it stands, each fragment as a part.
struct Writer<'a> {
    text: Vec<u8>,
    compressed: Option<(gzip::Answer, &'a Prepared)>,
}

impl<'a> Writer<'a> {
    fn new(index: &Index, asked: &Asked, found: &[Neighbour], prepared: Option<&'a Prepared>) -> Self {
        let fragments = found.iter().map(|n| index.fragment(n.point, asked.lang).len());
        let bytes = HEAD_BYTES + fragments.map(|length| length + ITEM_BYTES).sum::<usize>();
        match prepared {
            None => Self { text: reused::buffer(bytes), compressed: None },
            Some(prepared) => {
                let answer = gzip::Answer::with_capacity(bytes);
                Self { text: Vec::with_capacity(HEAD_BYTES + ITEM_BYTES), compressed: Some((answer, prepared)) }
            }
        }
    }

    fn fragment(&mut self, index: &Index, asked: &Asked, point: u32) {
        let fragment = |out: &mut Vec<u8>| wire::put_fragment(index.fragment(point, asked.lang), asked.crs, out);
        match &mut self.compressed {
            None => fragment(&mut self.text),
            Some((answer, prepared)) => {
                answer.plain(&self.text);
                self.text.clear();
                answer.part(&prepared.get((index.generation(), point, asked.lang, asked.crs), fragment));
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        match self.compressed {
            None => self.text,
            Some((mut answer, _)) => {
                answer.plain(&self.text);
                answer.finish()
            }
        }
    }
}

fn put_json(out: &mut Writer<'_>, index: &Index, asked: &Asked, found: &[Neighbour]) {
    put(&mut out.text, "{");
    put_head(&mut out.text, index, asked, found);
    put(&mut out.text, ",\"items\":[");
    for (i, neighbour) in found.iter().enumerate() {
        put(&mut out.text, if i == 0 { "{" } else { ",{" });
        put_offsets(&mut out.text, neighbour);
        put(&mut out.text, ",\"waypoint\":");
        out.fragment(index, asked, neighbour.point);
        put(&mut out.text, "}");
    }
    put(&mut out.text, "]}");
}

fn put_geojson(out: &mut Writer<'_>, index: &Index, asked: &Asked, found: &[Neighbour]) {
    put(&mut out.text, "{\"type\":\"FeatureCollection\",");
    put_head(&mut out.text, index, asked, found);
    put(&mut out.text, ",\"features\":[");
    let mut first = true;
    for neighbour in found {
        let Some(stop) = index.stop(neighbour.point) else { continue };
        let (lat, lon) = wire::shift(asked.crs, stop.site.position.lat(), stop.site.position.lon());
        put(&mut out.text, if first { "{" } else { ",{" });
        first = false;
        // Slugs need no escaping.
        put(&mut out.text, "\"type\":\"Feature\",\"id\":\"");
        put(&mut out.text, &stop.name());
        put(&mut out.text, "\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[");
        put(&mut out.text, ryu::Buffer::new().format_finite(lon));
        put(&mut out.text, ",");
        put(&mut out.text, ryu::Buffer::new().format_finite(lat));
        put(&mut out.text, "]},\"properties\":{");
        put_offsets(&mut out.text, neighbour);
        put(&mut out.text, ",\"waypoint\":");
        out.fragment(index, asked, neighbour.point);
        put(&mut out.text, "}}");
    }
    put(&mut out.text, "]}");
}

/// When a phone should ask again: having walked half way to the nearest waypoint, within bounds.
fn put_head(out: &mut Vec<u8>, index: &Index, asked: &Asked, found: &[Neighbour]) {
    let nearest_m = found.first().map_or(asked.radius_m, |n| n.distance_m);
    put(out, "\"crs\":\"");
    put(out, asked.crs.as_str());
    put(out, "\",\"generation\":");
    put(out, itoa::Buffer::new().format(index.generation()));
    put(out, ",\"refresh\":{\"distance_m\":");
    put_fixed::<0>(out, (nearest_m / 2.0).clamp(REFRESH_MIN_M, REFRESH_MAX_M));
    put(out, ",\"after_s\":");
    put(out, itoa::Buffer::new().format(REFRESH_AFTER_S));
    put(out, "}");
}

fn put_offsets(out: &mut Vec<u8>, neighbour: &Neighbour) {
    put(out, "\"distance_m\":");
    put_fixed::<3>(out, neighbour.distance_m);
    put(out, ",\"bearing_deg\":");
    // Rounding may reach 360, which is 0.
    let bearing_deg = neighbour.enu.bearing_deg();
    put_fixed::<5>(out, if bearing_deg >= 359.999_995 { 0.0 } else { bearing_deg });
    put(out, ",\"enu_m\":{\"east\":");
    put_fixed::<3>(out, neighbour.enu.east);
    put(out, ",\"north\":");
    put_fixed::<3>(out, neighbour.enu.north);
    put(out, ",\"up\":");
    put_fixed::<3>(out, neighbour.enu.up);
    put(out, "}");
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Writes a number of at most some hundred thousands with so many places; general formatting costs several times as much.
fn put_fixed<const PLACES: u32>(out: &mut Vec<u8>, value: f64) {
    let unit = const { 10_u32.pow(PLACES) };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "metres and degrees, bounded by the radius"
    )]
    let rest = (value.abs() * f64::from(unit) + 0.5) as u64;
    if value < 0.0 && rest > 0 {
        out.push(b'-');
    }
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(rest).as_bytes();
    let (whole, part) = digits.split_at(digits.len().saturating_sub(PLACES as usize));
    out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    if PLACES > 0 {
        out.push(b'.');
        out.extend_from_slice(&b"00000"[part.len().min(5)..PLACES as usize]);
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<const PLACES: u32>(value: f64) -> String {
        let mut out = Vec::new();
        put_fixed::<PLACES>(&mut out, value);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn fixed_numbers_read_back_as_what_was_written() {
        let metres = [0.0, -0.000_4, -0.078_4, 0.000_5, 999.999_6, -99_999.000_9, 100_000.0].map(written::<3>);
        assert_eq!(metres, ["0.000", "0.000", "-0.078", "0.001", "1000.000", "-99999.001", "100000.000"]);
        assert_eq!([0.0, 12.5, 1_000.0].map(written::<0>), ["0", "13", "1000"]);
        assert_eq!([0.0, 359.123_456_7].map(written::<5>), ["0.00000", "359.12346"]);
    }
}
