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

/// Which deeds of the audit log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// Only those on this study route.
    route: Option<String>,
    /// Only those by the holder of this name.
    who: Option<String>,
    /// First day in Asia/Shanghai, YYYY-MM-DD (default: the first of all).
    from: Option<String>,
    /// Last day (default: the last of all).
    to: Option<String>,
    /// `done`, or the code of a problem.
    outcome: Option<String>,
}

/// Which part of a file.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct RangeParams {
    /// `bytes=0-99`, `bytes=100-` or `bytes=-100`; several at once are answered with the whole file.
    range: Option<String>,
    /// The `ETag` of the file of which the client has a part.
    #[param(rename = "if-range")]
    if_range: Option<String>,
    /// An `ETag` the client has.
    #[param(rename = "if-none-match")]
    if_none_match: Option<String>,
}

/// What a file is called.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NameParams {
    /// As its maker calls it.
    name: Option<String>,
}

/// Which protocol is spoken.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct TusParams {
    /// `1.0.0`
    #[param(rename = "tus-resumable")]
    tus_resumable: String,
}

/// What will be sent.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct TusStartParams {
    /// How many bytes the whole file has.
    #[param(rename = "upload-length")]
    upload_length: u64,
    /// Pairs of a name and base64, separated by commas; `filename` is read.
    #[param(rename = "upload-metadata")]
    upload_metadata: Option<String>,
}

/// Which part is sent.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct TusPartParams {
    /// How many bytes stand before it.
    #[param(rename = "upload-offset")]
    upload_offset: u64,
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

/// What to follow.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveParams {
    /// Only this study route.
    route: Option<String>,
    /// First day in Asia/Shanghai, YYYY-MM-DD (default: the first counted day).
    from: Option<String>,
    /// Last day (default: today, or the last counted day if that is later); at most ten years after `from`.
    to: Option<String>,
}

/// In which numbers.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CrsParams {
    /// `wgs84` (default), `gcj02` or `bd09`, of every coordinate in and out.
    crs: Option<String>,
}

/// Which state a change was made on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct MatchParams {
    /// The `ETag` of the draft that was seen, or `*` for whichever it is.
    #[param(rename = "if-match")]
    if_match: Option<String>,
    /// `*`: the route must not be there yet.
    #[param(rename = "if-none-match")]
    if_none_match: Option<String>,
}

/// Which two states.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DiffParams {
    /// `published` (default), `draft`, or the number of a revision.
    from: Option<String>,
    /// `draft` (default), `published`, or the number of a revision.
    to: Option<String>,
    /// Of the text: `zh-CN` (default) or `en`; else `Accept-Language`.
    lang: Option<String>,
}

/// When the stops are to be visited.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LintParams {
    /// Hour of the day in Asia/Shanghai, 0 to 23, held against opening hours.
    planned_hour: Option<u8>,
}

/// Which state as which file.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// `geojson` (default, holds everything), `gpx`, `kml`, `kmz`, `csv`, `tsv` or `xlsx`.
    format: Option<String>,
    /// `draft` (default), `published`, or the number of a revision.
    of: Option<String>,
}

/// How to take a file.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportParams {
    /// `geojson`, `gpx`, `kml`, `kmz`, `csv`, `tsv` or `xlsx`; without it the content tells.
    format: Option<String>,
    /// Of a workbook: which sheet; without it the first.
    sheet: Option<String>,
    /// `wgs84`, `gcj02` or `bd09`; without it WGS 84, unless the numbers look as if they were another: then it is asked for.
    crs: Option<String>,
    /// Whether latitude and longitude stand in each other's place.
    swap_axes: Option<bool>,
    /// Only say what would happen.
    dry_run: Option<bool>,
    /// Take the rows that are right although others are wrong.
    partial: Option<bool>,
    /// Waypoints that the file does not have leave the draft.
    replace: Option<bool>,
    /// What to write as the source of positions that do not name theirs.
    source: Option<String>,
    /// How far such positions may be off, metres.
    precision_m: Option<f64>,
    /// Radius of the zone of new waypoints that have none, metres.
    radius_m: Option<f64>,
}

/// Whether to wait.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct PreferParams {
    /// `respond-async`: answer 202 at once, with the address where progress and result are read.
    prefer: Option<String>,
}

/// Which state, in which language.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RehearseParams {
    /// `draft` (default), `published`, or the number of a revision.
    of: Option<String>,
    /// Of the page: `zh-CN` (default) or `en`; else `Accept-Language`.
    lang: Option<String>,
}
