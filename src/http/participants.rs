//! `POST /v1/participants`: a new anonymous visitor. Nothing is asked, nothing is kept but a random id (which begins with its week) and a token's hash.

use super::client::ClientAddress;
use super::limits::Limits;
use super::problem::{Code, Problem};
use super::request::{Json, NoQuery};
use super::state::Live;
use crate::domain::participant;
use crate::domain::token::{Holder, Secret};
use crate::store::Participant;
use axum::extract::Extension;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A request for a participant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NewParticipant {
    /// A class's code, with a seat.
    group_code: Option<String>,
    /// A numbered place in the class.
    #[serde(default, deserialize_with = "super::strict::whole")]
    seat: Option<u32>,
}

/// A new participant. The token is shown this once.
#[derive(Serialize, ToSchema)]
pub struct ParticipantCreated {
    participant_id: Uuid,
    /// Send it as `Authorization: Bearer …`.
    token: String,
}

/// A new participant.
#[utoipa::path(post, path = "/v1/participants", tag = "visitors", request_body = NewParticipant, responses(
    (status = 201, description = "The participant and its token, which is shown this once", body = ParticipantCreated),
    (status = 422, description = "`unknown-group`", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "`too-many-participants`", body = Problem, content_type = "application/problem+json",
        headers(("retry-after" = u32))),
))]
pub async fn create(
    live: Live,
    Extension(limits): Extension<Limits>,
    ClientAddress(address): ClientAddress,
    _: NoQuery,
    Json(body): Json<NewParticipant>,
) -> Result<Response, Problem> {
    // Before the group is looked at, so that codes cannot be guessed without a limit.
    limits.admit(address)?;
    if body.group_code.is_some() || body.seat.is_some() {
        return Err(Problem::new(
            Code::UnknownGroup,
            "No group has this code. Send {} for a participant without a group.",
        ));
    }
    let now_ms = live.ambient.now_ms();
    let id = participant::new_id(now_ms, live.ambient.random_id()?);
    let secret = Secret::new(Holder::Participant, id, &live.ambient.random_256()?);
    let participant = Participant { id, token_hash: secret.hash().to_vec(), created_ms: now_ms };
    live.store.create_participant(&participant).await?;
    let created = ParticipantCreated { participant_id: id, token: secret.reveal().to_string() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], axum::Json(created)).into_response())
}
