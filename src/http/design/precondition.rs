//! Nobody overwrites what they have not seen: `If-Match` names the state that a change was made on, and whoever is late gets told
//! what happened meanwhile.

use crate::domain::time;
use crate::http::problem::{Code, Problem};
use crate::http::state::Live;
use crate::store::{RouteState, Version};
use axum::http::{HeaderMap, HeaderName, header};
use serde_json::{Value, json};

/// The state that a request was made on; `None` when it says `If-Match: *`, or nothing where nothing is needed.
///
/// # Errors
/// `precondition-required` when it has to say and does not.
pub fn seen(headers: &HeaderMap, needed: bool) -> Result<Option<Version>, Problem> {
    match (one(headers, &header::IF_MATCH)?, one(headers, &header::IF_NONE_MATCH)?) {
        (Some("*"), None) => Ok(None),
        // A tag that is not ours names a state that never was.
        (Some(tag), None) => Ok(Some(unquoted(tag).parse().unwrap_or(Version::Draft(-1)))),
        (None, Some("*")) => Ok(Some(Version::Nothing)),
        (None, Some(_)) => {
            Err(Problem::new(Code::BadRequest, "If-None-Match takes * here: the route must not be there yet."))
        }
        (Some(_), Some(_)) => Err(Problem::new(Code::BadRequest, "Send If-Match or If-None-Match, not both.")),
        (None, None) if needed => Err(Problem::new(
            Code::PreconditionRequired,
            "Send If-Match with the ETag of the draft that you have seen, or If-None-Match: * for a new route.",
        )),
        (None, None) => Ok(None),
    }
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    let text = value.map(|value| value.to_str().map(str::trim)).transpose();
    match (text, values.next()) {
        (Ok(text), None) => Ok(text),
        _ => Err(Problem::new(Code::BadRequest, format!("{name} must name one entity tag."))),
    }
}

fn unquoted(tag: &str) -> &str {
    tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or("")
}

/// The refusal of a change that comes too late, with what happened meanwhile.
pub async fn stale(live: &Live, seen: Option<Version>, state: &RouteState) -> Problem {
    let changes = match seen {
        Some(seen) => live.store.changes_since(&state.slug, seen).await,
        None => Ok(Vec::new()),
    };
    let changes = match changes {
        Ok(changes) => changes,
        Err(error) => return error.into(),
    };
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|change| {
            json!({"at": time::rfc3339(change.at_ms), "who": change.who, "action": change.action, "subject": change.subject})
        })
        .collect();
    Problem::new(
        Code::PreconditionFailed,
        "Somebody has changed this route since you read it. Read it again, look at what changed, and send your change anew.",
    )
    .with("etag", format!("\"{}\"", state.version()))
    .with("changes", changes)
}
