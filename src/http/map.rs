//! `/v1/map`: the ground that the operator of this server has chosen to be shown below routes. The same for everybody, for as long
//! as the process runs.

use super::documents::Document;
use crate::domain::map_tiles::MapTiles;
use axum::extract::Extension;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// What maps show beside the routes' own data.
#[derive(Serialize, ToSchema)]
pub struct MapGround<'a> {
    /// Where map tiles come from; null where maps show the routes' own data alone.
    tiles: Option<&'a MapTiles>,
}

/// What is told of it, made once at start.
pub struct Map(Document);

impl Map {
    /// Of a source of tiles, if there is one.
    #[must_use]
    pub fn new(tiles: Option<&MapTiles>) -> Self {
        Self(Document::new(json!(MapGround { tiles }).to_string().into_bytes(), "application/json", ""))
    }
}

/// Where maps get their ground from, and what has to be written on them for it.
#[utoipa::path(get, path = "/v1/map", tag = "visitors", responses((status = 200, description = "The source of map tiles, if there is one",
    body = MapGround)))]
pub async fn get(Extension(map): Extension<Arc<Map>>, headers: HeaderMap) -> Response {
    map.0.respond(&headers)
}
