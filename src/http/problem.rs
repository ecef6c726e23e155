//! Everything that can go wrong, as RFC 9457 `application/problem+json` with a stable code. The one place where an error of an
//! inner room gets a status. A 5xx never carries internal text: the cause goes to the log once, here.

use crate::design::assets::AssetError;
use crate::design::keys::KeyError;
use crate::design::uploads::{OPEN_MAX, PARTS_MAX, UploadError};
use crate::domain::check_in::{AGE_MAX_MS, AHEAD_MAX_MS, Refusal};
use crate::formats::Refused;
use crate::store::{BlobError, StoreError};
use crate::tasks::lookups::LookupError;
use crate::tasks::recorder::RecordError;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The media type of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";

macro_rules! codes {
    ($($name:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// What went wrong. The code is stable; clients decide by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the title says it")]
        pub enum Code { $($name),+ }

        impl Code {
            /// All codes.
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// The stable code on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status),+ }
            }

            /// A short title.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title),+ }
            }
        }
    };
}

codes! {
    InvalidParameter = "invalid-parameter", 400, "A query parameter is wrong";
    UnknownParameter = "unknown-parameter", 400, "A query parameter is not known";
    InvalidJson = "invalid-json", 400, "The body is not what this call takes";
    TooDeep = "too-deep", 400, "The JSON is nested too deeply";
    BadRequest = "bad-request", 400, "The request is not understood";
    TokenMissing = "token-missing", 401, "A bearer token is needed";
    TokenInvalid = "token-invalid", 401, "The bearer token is not valid";
    Forbidden = "forbidden", 403, "The key does not open this";
    NotFound = "not-found", 404, "There is nothing at this address";
    UnknownRoute = "unknown-route", 404, "There is no such study route";
    UnknownWaypoint = "unknown-waypoint", 404, "There is no such waypoint";
    NoDraft = "no-draft", 404, "The study route has no draft";
    UnknownRevision = "unknown-revision", 404, "There is no such revision";
    UnknownImport = "unknown-import", 404, "There is no such import";
    UnknownKey = "unknown-key", 404, "There is no such key";
    UnknownAsset = "unknown-asset", 404, "There is no such file";
    UnknownUpload = "unknown-upload", 404, "There is no such upload";
    MethodNotAllowed = "method-not-allowed", 405, "This address does not take this method";
    BodyTimeout = "body-timeout", 408, "The body came too slowly";
    HeadTimeout = "request-head-timeout", 408, "The request's head came too slowly";
    CheckInIdReused = "check-in-id-reused", 409, "This id names another check-in";
    DraftScheduled = "draft-scheduled", 409, "The draft waits to be published";
    WaypointExists = "waypoint-exists", 409, "There is a waypoint of this id";
    NotPublished = "not-published", 409, "The study route is not published";
    KeyNotValid = "key-not-valid", 409, "The key has expired, was revoked or is followed by another";
    AssetInUse = "asset-in-use", 409, "Documents name this file";
    AssetBeingRemoved = "asset-being-removed", 409, "The same file is just being removed";
    UploadOffset = "upload-offset", 409, "The part belongs elsewhere";
    TusVersion = "tus-version", 412, "Uploads in parts speak tus 1.0.0";
    PreconditionFailed = "precondition-failed", 412, "It has changed since it was read";
    BodyTooLarge = "body-too-large", 413, "The body is too large";
    UriTooLong = "uri-too-long", 414, "The address is too long";
    UnsupportedMediaType = "unsupported-media-type", 415, "The body has the wrong media type";
    RangeNotSatisfiable = "range-not-satisfiable", 416, "The file has no such part";
    UnsupportedAsset = "unsupported-asset", 422, "This file is not taken";
    OutsideZone = "outside-zone", 422, "The position is outside the zone";
    WrongCrs = "wrong-crs", 422, "The position is in another reference system than it says";
    TooOld = "too-old", 422, "The check-in is too old";
    TooFarAhead = "too-far-ahead", 422, "The check-in lies in the future";
    TooManyCheckIns = "too-many-check-ins", 422, "The participant has too many check-ins";
    UnknownGroup = "unknown-group", 422, "There is no such group";
    InvalidOrder = "invalid-order", 422, "The order does not name every waypoint once";
    LintErrors = "lint-errors", 422, "The draft has mistakes";
    LintWarnings = "lint-warnings", 422, "There are warnings that nobody has acknowledged";
    InvalidTime = "invalid-time", 422, "The time cannot be used";
    ImportRefused = "import-refused", 422, "The file has rows that cannot be taken";
    UnreadableFile = "unreadable-file", 422, "The file cannot be read";
    CannotRehearse = "cannot-rehearse", 422, "The rehearsal cannot be held like this";
    PreconditionRequired = "precondition-required", 428, "The request must say which version it changes";
    TooManyParticipants = "too-many-participants", 429, "Too many new participants from one address";
    TooManyFailedKeys = "too-many-failed-keys", 429, "Too many keys from one address were not valid";
    TooManyUploads = "too-many-uploads", 429, "Too many uploads under way";
    HeadTooLarge = "head-too-large", 431, "The request's head is too large";
    Internal = "internal", 500, "Something went wrong here";
    NotReady = "not-ready", 503, "The service is starting or stopping";
    TooManyConnections = "too-many-connections", 503, "Too many connections at once";
    Overloaded = "overloaded", 503, "Too many requests at once";
    StoreUnavailable = "store-unavailable", 503, "The database cannot be used now";
    AssetsUnavailable = "assets-unavailable", 503, "Files cannot be kept or read now";
    OutcomeUnknown = "outcome-unknown", 503, "Whether it was kept is not known";
    Timeout = "timeout", 503, "The answer took too long";
}

/// A problem as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"type": "/problems#outside-zone", "title": "The position is outside the zone", "status": 422,
    "detail": "The position is 412 m from the waypoint; its zone reaches 250 m.", "code": "outside-zone",
    "distance_m": 412.3, "radius_m": 250.0}))]
pub struct Problem {
    /// Where the code is explained.
    #[serde(rename = "type")]
    kind: String,
    /// What went wrong, in general.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong here and what to do.
    detail: String,
    /// Stable; decide by this.
    code: &'static str,
    /// More members, depending on the code.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    more: Map<String, Value>,
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem with its sentence for the client.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry = matches!(code.status(), 429 | 503);
        Self {
            kind: format!("/problems#{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            detail: detail.into(),
            code: code.as_str(),
            more: Map::new(),
            // Jittered, so that a class that was refused together does not come back together.
            retry_after_s: retry.then(|| fastrand::u32(1..=5)),
        }
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.into(), value.into());
        self
    }

    /// Comes back no sooner than this.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// A wrong query parameter.
    #[must_use]
    pub fn parameter(name: &str, what_to_do: impl std::fmt::Display) -> Self {
        Self::new(Code::InvalidParameter, format!("{name}: {what_to_do}")).with("parameter", name)
    }

    /// A wrong member of the body.
    #[must_use]
    pub fn member(pointer: &str, what_to_do: impl std::fmt::Display) -> Self {
        let place = if pointer.is_empty() { "the body" } else { pointer };
        Self::new(Code::InvalidJson, format!("{place}: {what_to_do}")).with("pointer", pointer)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Its body, for the door, which answers without the router.
    #[must_use]
    pub fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// Marks a response with its problem's code for the log and the metrics.
#[derive(Clone, Copy)]
pub struct ProblemCode(pub &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == 416
            && let Some(bytes) = self.more.get("bytes")
            && let Ok(range) = HeaderValue::from_str(&format!("bytes */{bytes}"))
        {
            headers.insert(header::CONTENT_RANGE, range);
        }
        response.extensions_mut().insert(ProblemCode(self.code));
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = error.with_causes(), "the store failed");
        match error {
            StoreError::Conflict | StoreError::Unavailable(_) => Self::store_unavailable(),
            StoreError::OutcomeUnknown => RecordError::OutcomeUnknown.into(),
            StoreError::Refused(_) | StoreError::Corrupt { .. } | StoreError::Unfit(_) => Self::internal(),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Full => Self::new(
                Code::Overloaded,
                "Too many check-ins are waiting. Nothing was kept; send the same check-in again after Retry-After.",
            ),
            RecordError::Unavailable => Self::new(
                Code::StoreUnavailable,
                "The check-in could not be kept. Send the same check-in with the same id again after Retry-After.",
            ),
            RecordError::OutcomeUnknown => Self::new(
                Code::OutcomeUnknown,
                "It is not known whether the check-in was kept. Sending it again with the same id is safe.",
            ),
        }
    }
}

impl From<LookupError> for Problem {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Full => Self::overloaded(),
            LookupError::Unavailable => Self::store_unavailable(),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Wish { part, what } => Self::member(&format!("/{part}"), what),
            KeyError::Unknown(_) => {
                Self::new(Code::UnknownKey, "No key has this id; GET /v1/design/keys shows them all.")
            }
            KeyError::NotValid(_) => {
                Self::new(Code::KeyNotValid, "This key has expired or was revoked; make a new one instead.")
            }
            KeyError::Followed(_, successor) => {
                Self::new(Code::KeyNotValid, format!("This key is followed by {successor} already; rotate that one."))
                    .with("followed_by", successor.to_string())
            }
            KeyError::Store(error) => error.into(),
        }
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the place of assets failed");
        Self::new(Code::AssetsUnavailable, "Files cannot be kept or read at the moment. Try again after Retry-After.")
    }
}

impl From<AssetError> for Problem {
    fn from(error: AssetError) -> Self {
        match error {
            AssetError::Refused(Refused::TooLarge(words)) => Self::new(Code::BodyTooLarge, words),
            AssetError::Refused(Refused::Unreadable(words)) => Self::new(Code::UnsupportedAsset, words),
            AssetError::InUse(uses) => {
                let used_in: Vec<Value> = uses
                    .iter()
                    .map(|used| json!({"route": used.route, "waypoint": used.waypoint, "state": used.state}))
                    .collect();
                let detail = "Documents name this file. Take it out of the exhibits named in used_in first.";
                Self::new(Code::AssetInUse, detail).with("used_in", used_in)
            }
            AssetError::Unknown => Self::new(Code::UnknownAsset, "There is no file with this hash."),
            AssetError::BeingRemoved => Self::new(
                Code::AssetBeingRemoved,
                "The same file is just being removed. Send it again in some minutes.",
            ),
            AssetError::Store(error) => error.into(),
            AssetError::Blob(error) => error.into(),
        }
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge(bytes) => {
                Self::new(Code::BodyTooLarge, format!("A file may have {bytes} bytes.")).with("limit_bytes", bytes)
            }
            UploadError::TooMany => Self::new(
                Code::TooManyUploads,
                format!("{OPEN_MAX} uploads of your key are under way. Finish one, or give one up with DELETE."),
            ),
            UploadError::Parts => Self::new(
                Code::TooManyUploads,
                format!("The upload came in {PARTS_MAX} parts. Begin anew with larger ones."),
            ),
            UploadError::Unknown => Self::new(
                Code::UnknownUpload,
                "There is no such upload of your key, or it rested for more than a day. Begin anew.",
            ),
            UploadError::Offset(bytes) => {
                Self::new(Code::UploadOffset, format!("{bytes} bytes were kept so far; send what comes behind them."))
                    .with("upload_offset", bytes)
            }
            UploadError::Asset(error) => error.into(),
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the system failed");
        Self::internal()
    }
}

impl Problem {
    /// What a client hears of a mistake of ours.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(Code::Internal, "This is a mistake of the service, not yours. It has been written to its log.")
    }

    /// What a client hears when too many ask at once.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::new(Code::Overloaded, "Too many requests at once. Nothing was kept; try again after Retry-After.")
    }

    /// What a client hears when the database does not answer.
    fn store_unavailable() -> Self {
        let detail = "The database cannot be used at the moment. Try again after the time in Retry-After.";
        Self::new(Code::StoreUnavailable, detail)
    }

    /// A refused check-in. `now` is the server's clock, to be held against the phone's.
    #[must_use]
    pub fn refused(refusal: Refusal, occurred: &str, now: &str) -> Self {
        match refusal {
            Refusal::Outside { distance_m, radius_m, zone_distance_m } => Self::new(
                Code::OutsideZone,
                format!(
                    "The position is {distance_m:.0} m from the waypoint; its zone reaches {radius_m:.0} m. Go {zone_distance_m:.0} m nearer and try again."
                ),
            )
            .with("distance_m", millimetres(distance_m))
            .with("radius_m", millimetres(radius_m))
            .with("zone_distance_m", millimetres(zone_distance_m)),
            Refusal::WrongCrs { declared, suspected } => Self::new(
                Code::WrongCrs,
                format!("The position is outside as {declared} but inside if it is {suspected}: send it with \"crs\": \"{suspected}\"."),
            )
            .with("declared_crs", declared.as_str())
            .with("suspected_crs", suspected.as_str()),
            Refusal::TooOld => Self::new(
                Code::TooOld,
                format!(
                    "The check-in says {occurred}, the server's clock says {now}: check-ins are taken for {} days. If it was not that long ago, the phone's clock is behind.",
                    AGE_MAX_MS / 86_400_000
                ),
            )
            .with("occurred_at", occurred)
            .with("server_time", now),
            Refusal::TooFarAhead => Self::new(
                Code::TooFarAhead,
                format!(
                    "The check-in says {occurred}, the server's clock says {now}: the phone's clock is more than {} hours ahead. Set the phone's clock.",
                    AHEAD_MAX_MS / 3_600_000
                ),
            )
            .with("occurred_at", occurred)
            .with("server_time", now),
        }
    }
}

/// A length as the wire has it: metres to the millimetre.
#[must_use]
pub fn millimetres(metres: f64) -> f64 {
    (metres * 1_000.0).round() / 1_000.0
}

/// All codes as a table for people, served at `/problems`.
#[must_use]
pub fn table() -> Value {
    Code::ALL
        .iter()
        .map(|code| json!({"code": code.as_str(), "status": code.status(), "title": code.title()}))
        .collect()
}
