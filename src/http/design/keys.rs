//! `/v1/design/keys…`: admins make, rotate and revoke keys. A secret is in the answer that made it and nowhere else.

use crate::design::keys::{self, Drawn, KeyError, KeyWish, MadeKey};
use crate::domain::time;
use crate::http::openapi::params::PageParams;
use crate::http::problem::Problem;
use crate::http::request::{Json, NoQuery, Page, Query};
use crate::http::staff::Admin;
use crate::http::state::Live;
use crate::store::{AccessKey, Role};
use axum::extract::{Path, RawQuery};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

const NO_STORE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub struct Key {
    id: Uuid,
    /// Who holds it.
    name: String,
    /// `designer`, `operator` or `admin`.
    role: &'static str,
    /// The study routes it is for; none means all.
    routes: Vec<String>,
    /// `valid`, `expired` or `revoked`.
    state: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it stops by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// Within a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// The key that was made in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    followed_by: Option<Uuid>,
}

/// A page of keys, oldest first.
#[derive(Serialize, ToSchema)]
pub struct KeyList {
    items: Vec<Key>,
    /// Continues the list, as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A key that has just been made.
#[derive(Serialize, ToSchema)]
pub struct KeyMade {
    #[serde(flatten)]
    key: Key,
    /// Send it as `Authorization: Bearer …`. It is shown this once.
    secret: String,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Ms Kong, Jining No. 1 School", "role": "designer", "routes": ["peoples-canal"],
    "expires_days": 365}))]
pub struct KeyRequest {
    /// Who will hold it.
    name: String,
    /// `designer` writes study routes, `operator` sees exact counts, `admin` may do everything.
    role: String,
    /// For designers: only these study routes, whether they exist yet or not; none means all.
    #[serde(default)]
    routes: Option<Vec<String>>,
    /// Days until it stops; never if left out.
    #[serde(default, deserialize_with = "crate::http::strict::whole")]
    expires_days: Option<u32>,
}

/// How a key is followed by another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"grace_s": 3600}))]
pub struct RotateRequest {
    /// How long the old one still works, seconds; at once if left out.
    #[serde(default, deserialize_with = "crate::http::strict::whole")]
    grace_s: Option<u32>,
}

impl Key {
    fn new(key: AccessKey, now_ms: i64) -> Self {
        Self {
            state: keys::state(&key, now_ms),
            id: key.id,
            name: key.name,
            role: key.role.as_str(),
            routes: key.routes,
            created_at: time::rfc3339(key.created_ms),
            expires_at: key.expires_ms.map(time::rfc3339),
            revoked_at: key.revoked_ms.map(time::rfc3339),
            last_used_at: key.last_used_ms.map(time::rfc3339),
            followed_by: key.followed_by,
        }
    }
}

/// All keys, oldest first; never their secrets.
#[utoipa::path(get, path = "/v1/design/keys", tag = "design", security(("key" = ["admin"])), params(PageParams), responses(
    (status = 200, description = "A page of keys", body = KeyList),
))]
pub async fn list(live: Live, _: Admin, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let Page { limit, after } = query.page()?;
    query.finish()?;
    // One more than asked for tells whether there is a next page.
    let mut kept = live.store.keys(after, limit + 1).await?;
    let next = (kept.len() > limit).then(|| Page::cursor(after.saturating_add(i64::try_from(limit).unwrap_or(0))));
    kept.truncate(limit);
    let now_ms = live.ambient.now_ms();
    let items = kept.into_iter().map(|key| Key::new(key, now_ms)).collect();
    Ok((NO_STORE, axum::Json(KeyList { items, next })).into_response())
}

/// A new key. Its secret is shown this once.
#[utoipa::path(post, path = "/v1/design/keys", tag = "design", security(("key" = ["admin"])), request_body = KeyRequest,
    responses((status = 201, description = "The key with its secret", body = KeyMade)))]
pub async fn create(live: Live, admin: Admin, _: NoQuery, Json(body): Json<KeyRequest>) -> Result<Response, Problem> {
    let role: Role = body.role.parse().map_err(|what: String| Problem::member("/role", what))?;
    let routes = body.routes.unwrap_or_default();
    let wish = KeyWish { name: body.name, role, routes, expires_days: body.expires_days };
    let now_ms = live.ambient.now_ms();
    let made = keys::create(&live.store, wish, &drawn(&live)?, &admin.who(), now_ms).await?;
    Ok(answer(made, now_ms))
}

/// A new key for the holder of an old one: the same name, role and routes, and the same span of life anew. The old one stops at
/// once, or after the grace. A key is followed once. An admin may rotate their own.
#[utoipa::path(post, path = "/v1/design/keys/{id}/rotate", tag = "design", security(("key" = ["admin"])),
    params(("id" = String, Path, description = "The old key's id")), request_body = RotateRequest, responses(
    (status = 201, description = "The new key with its secret", body = KeyMade),
    (status = 404, description = "`unknown-key`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`key-not-valid`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn rotate(
    live: Live,
    admin: Admin,
    Path(id): Path<String>,
    _: NoQuery,
    Json(body): Json<RotateRequest>,
) -> Result<Response, Problem> {
    let (id, now_ms) = (read_id(&id)?, live.ambient.now_ms());
    let grace_s = body.grace_s.unwrap_or(0);
    let made = keys::rotate(&live.store, id, grace_s, &drawn(&live)?, &admin.who(), now_ms).await?;
    Ok(answer(made, now_ms))
}

/// Takes a key back: from the next request on it opens nothing. An admin may take back any key, also their own and the last one
/// of all admins; `studyroute key create` beside the database always makes another.
#[utoipa::path(delete, path = "/v1/design/keys/{id}", tag = "design", security(("key" = ["admin"])),
    params(("id" = String, Path, description = "The key's id")), responses(
    (status = 204, description = "Revoked, now or before"),
    (status = 404, description = "`unknown-key`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn revoke(live: Live, admin: Admin, Path(id): Path<String>, _: NoQuery) -> Result<Response, Problem> {
    keys::revoke(&live.store, read_id(&id)?, &admin.who(), live.ambient.now_ms()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn read_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| KeyError::Unknown(Uuid::nil()).into())
}

fn drawn(live: &Live) -> Result<Drawn, Problem> {
    Ok(Drawn { id: live.ambient.random_id()?, bits: live.ambient.random_256()? })
}

fn answer(made: MadeKey, now_ms: i64) -> Response {
    let made = KeyMade { secret: made.secret.reveal().to_string(), key: Key::new(made.key, now_ms) };
    (StatusCode::CREATED, NO_STORE, axum::Json(made)).into_response()
}
