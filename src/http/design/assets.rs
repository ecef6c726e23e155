//! `/v1/design/assets…`: designers put the files of their exhibits here, see what was found in them and where they are used, and
//! remove those that nothing names.

use crate::design::assets::{self, AssetError, is_hash};
use crate::domain::asset::AssetReport;
use crate::domain::time;
use crate::formats::media::ASSET_MAX_BYTES;
use crate::http::assets::unknown;
use crate::http::openapi::params::{NameParams, PageParams};
use crate::http::problem::Problem;
use crate::http::request::{NoQuery, Page, Query};
use crate::http::staff::Designer;
use crate::http::state::Live;
use crate::http::upload::Upload;
use crate::store::{Asset, AssetUse};
use axum::extract::{Path, RawQuery};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

const NO_STORE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// A file that can be named by exhibits.
#[derive(Serialize, ToSchema)]
pub struct DesignAsset {
    sha256: String,
    /// Where everybody gets it.
    href: String,
    media_type: String,
    bytes: u64,
    /// As its maker called it.
    name: String,
    /// What was found in it.
    report: AssetReport,
    /// What its maker should hear.
    warnings: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Who sent it.
    created_by: String,
    /// Since when nothing names it, as far as was looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    unused_since: Option<String>,
}

impl From<Asset> for DesignAsset {
    fn from(asset: Asset) -> Self {
        Self {
            href: href(&asset.sha256),
            sha256: asset.sha256,
            media_type: asset.media_type,
            bytes: asset.bytes,
            name: asset.name,
            report: asset.findings.report,
            warnings: asset.findings.warnings,
            created_at: time::rfc3339(asset.created_ms),
            created_by: asset.created_by,
            unused_since: asset.unused_since_ms.map(time::rfc3339),
        }
    }
}

/// The address of a file.
pub fn href(sha256: &str) -> String {
    format!("/v1/assets/{sha256}")
}

/// A page of files, in the order they came.
#[derive(Serialize, ToSchema)]
pub struct DesignAssetList {
    items: Vec<DesignAsset>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A file and where it is used.
#[derive(Serialize, ToSchema)]
pub struct DesignAssetDetail {
    #[serde(flatten)]
    asset: DesignAsset,
    /// The first hundred documents that name it.
    used_in: Vec<WireUse>,
}

/// A document that names a file.
#[derive(Serialize, ToSchema)]
pub struct WireUse {
    /// The study route; drafts do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    waypoint: String,
    /// `published`, `earlier` (a revision that can be restored) or `draft`.
    state: String,
}

impl From<AssetUse> for WireUse {
    fn from(used: AssetUse) -> Self {
        Self { route: used.route, waypoint: used.waypoint, state: used.state }
    }
}

/// Puts a file. What it is, is told by what stands in it; what a camera wrote into a picture is taken out. The same file again
/// changes nothing.
#[utoipa::path(post, path = "/v1/design/assets", tag = "design", security(("key" = ["designer"])), params(NameParams),
    request_body(content = String, content_type = "application/octet-stream", description = "The file as it is"), responses(
    (status = 201, description = "It is kept, and can be named by exhibits", body = DesignAsset, headers(("location" = String))),
    (status = 200, description = "It was there", body = DesignAsset, headers(("location" = String))),
    (status = 409, description = "`asset-being-removed`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`unsupported-asset`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create(
    live: Live,
    designer: Designer,
    RawQuery(query): RawQuery,
    upload: Upload,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let name = query.take("name")?.unwrap_or_default();
    query.finish()?;
    let spooled = upload.spool(ASSET_MAX_BYTES).await?;
    let (now_ms, who) = (live.ambient.now_ms(), designer.who());
    let (asset, is_new) = assets::add(&live.store, live.blobs()?, spooled.file, &name, &who, now_ms).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let location = [(header::LOCATION, href(&asset.sha256))];
    Ok((status, NO_STORE, location, axum::Json(DesignAsset::from(asset))).into_response())
}

/// All files, in the order they came.
#[utoipa::path(get, path = "/v1/design/assets", tag = "design", security(("key" = ["designer"])), params(PageParams), responses(
    (status = 200, description = "A page of files", body = DesignAssetList),
))]
pub async fn list(live: Live, _: Designer, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let Page { limit, after } = query.page()?;
    query.finish()?;
    // One more than asked for tells whether there is a next page.
    let mut found = live.store.assets(after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| Page::cursor(last.key));
    let items = found.into_iter().map(DesignAsset::from).collect();
    Ok((NO_STORE, axum::Json(DesignAssetList { items, next })).into_response())
}

/// One file, and where it is used.
#[utoipa::path(get, path = "/v1/design/assets/{sha256}", tag = "design", security(("key" = ["designer"])),
    params(("sha256" = String, Path)), responses(
    (status = 200, description = "The file", body = DesignAssetDetail),
    (status = 404, description = "`unknown-asset`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn one(live: Live, _: Designer, Path(sha256): Path<String>, _: NoQuery) -> Result<Response, Problem> {
    let asset = if is_hash(&sha256) { live.store.asset(&sha256).await? } else { None };
    let asset = DesignAsset::from(asset.ok_or_else(unknown)?);
    let used_in = live.store.asset_uses(&sha256).await?.into_iter().map(WireUse::from).collect();
    Ok((NO_STORE, axum::Json(DesignAssetDetail { asset, used_in })).into_response())
}

/// Removes a file that nothing names.
#[utoipa::path(delete, path = "/v1/design/assets/{sha256}", tag = "design", security(("key" = ["designer"])),
    params(("sha256" = String, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "`unknown-asset`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`asset-in-use`, with `used_in`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn remove(
    live: Live,
    designer: Designer,
    Path(sha256): Path<String>,
    _: NoQuery,
) -> Result<Response, Problem> {
    if !is_hash(&sha256) {
        return Err(AssetError::Unknown.into());
    }
    let now_ms = live.ambient.now_ms();
    assets::remove(&live.store, live.blobs()?, &sha256, &designer.who(), now_ms).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
