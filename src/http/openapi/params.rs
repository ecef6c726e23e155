//! Parameters that several calls share, for the document only: handlers read them strictly, by `request::Query`.

#![expect(dead_code, reason = "the document is made from the fields, nobody reads them")]

use utoipa::IntoParams;

/// In which words and numbers.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContentParams {
    /// `wgs84` (default), `gcj02` or `bd09`, of every coordinate in and out.
    crs: Option<String>,
    /// `zh-CN` (default) or `en`; else `Accept-Language`.
    lang: Option<String>,
}

/// What the client has already.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct KnownParams {
    /// An `ETag` the client has.
    #[param(rename = "if-none-match")]
    if_none_match: Option<String>,
}

/// Which part of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// 1 to 1,000 (default 100).
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What to count.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CountParams {
    /// Only this study route.
    route: Option<String>,
    /// First day in Asia/Shanghai, YYYY-MM-DD (default: the first counted day).
    from: Option<String>,
    /// Last day (default: today, or the last counted day if that is later); at most ten years after `from`.
    to: Option<String>,
    /// `day`, `route`, `waypoint`, `hour`; may be repeated.
    by: Option<Vec<String>>,
}
