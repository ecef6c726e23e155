//! `POST /v1/participants`: a new anonymous visitor. Nothing is asked, nothing is kept but a random id (which begins with its week) and a token's hash.

use super::client::ClientAddress;
use super::problem::{Code, Problem};
use super::request::{Json, NoQuery};
use super::state::Live;
use crate::domain::participant;
use crate::domain::token::{Holder, Secret};
use crate::store::Participant;
use axum::extract::Extension;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Addresses remembered before those that have been quiet are dropped.
const ADDRESSES_MAX: usize = 100_000;

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

/// How many participants one address may make: a class behind one school address gets through, a robot does not.
#[derive(Clone)]
pub struct Admission(Arc<DefaultKeyedRateLimiter<IpAddr>>);

impl Admission {
    /// `burst` at once, then `per_minute`.
    #[must_use]
    pub fn new(burst: NonZeroU32, per_minute: NonZeroU32) -> Self {
        Self(Arc::new(RateLimiter::keyed(Quota::per_minute(per_minute).allow_burst(burst))))
    }

    fn admit(&self, address: IpAddr) -> Result<(), Problem> {
        if self.0.len() > ADDRESSES_MAX {
            self.0.retain_recent();
        }
        self.0.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Problem::new(
                Code::TooManyParticipants,
                "Too many new participants came from this address. A phone needs only one; keep its token.",
            )
            .retry_after_s(seconds.saturating_add(fastrand::u32(0..=2)))
        })
    }
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
    Extension(admission): Extension<Admission>,
    ClientAddress(address): ClientAddress,
    _: NoQuery,
    Json(body): Json<NewParticipant>,
) -> Result<Response, Problem> {
    // Before the group is looked at, so that codes cannot be guessed without a limit.
    admission.admit(address)?;
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
