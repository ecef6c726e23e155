//! The people with keys: who they are, and what they may do. A key is looked up at every request and never cached, so that a
//! revoked one opens nothing from the next request on, on every node; people with keys are few and ask seldom.

use super::client::ClientAddress;
use super::front::REQUEST_ID;
use super::limits::Limits;
use super::problem::{Code, Problem};
use super::state::{Live, Shell, bearer};
use crate::domain::token::{Holder, Secret};
use crate::store::{AccessKey, Role, Who};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams};
use axum::http::{HeaderMap, request::Parts};
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// How often the use of a key is noted.
const KEY_USE_EVERY_MS: i64 = 60_000;

/// The person whose key the request carries.
pub struct Staff(pub AccessKey);

impl OptionalFromRequestParts<Arc<Shell>> for Staff {
    type Rejection = Problem;

    /// A participant's token is no key and asks as the public; a key that is not valid is refused, so that a revoked one is
    /// noticed instead of showing rounded figures.
    async fn from_request_parts(parts: &mut Parts, shell: &Arc<Shell>) -> Result<Option<Self>, Problem> {
        let live = <Live as FromRequestParts<_>>::from_request_parts(parts, shell).await?;
        let Some(token) = bearer(&parts.headers)?.map(String::from) else { return Ok(None) };
        if Secret::parse(Holder::Participant, &token).is_some() {
            return Ok(None);
        }
        let Ok(ClientAddress(address)) = ClientAddress::from_request_parts(parts, shell).await;
        let limits = parts.extensions.get::<Limits>();
        key_of(&live, limits, address, &token).await.map(|key| Some(Self(key)))
    }
}

/// The valid key with this secret; its use is noted.
///
/// # Errors
/// When it is none.
pub async fn key_of(live: &Live, limits: Option<&Limits>, from: IpAddr, token: &str) -> Result<AccessKey, Problem> {
    limits.map_or(Ok(()), |limits| limits.may_try_a_key(from))?;
    let key = valid_key(live, token).await.inspect_err(|problem| {
        if let (Some(limits), "token-invalid") = (limits, problem.code()) {
            limits.failed_with_a_key(from);
        }
    })?;
    let now_ms = live.ambient.now_ms();
    if key.last_used_ms.is_none_or(|used_ms| now_ms - used_ms > KEY_USE_EVERY_MS)
        && live.store.note_key_use(key.id, now_ms).await.is_err()
    {
        tracing::warn!("the use of a key could not be noted");
    }
    Ok(key)
}

async fn valid_key(live: &Live, token: &str) -> Result<AccessKey, Problem> {
    let refused = || Problem::new(Code::TokenInvalid, "The key is not valid, has expired or was revoked.");
    let secret = Secret::parse(Holder::Staff, token).ok_or_else(refused)?;
    let key = live.store.key(secret.id()).await?.ok_or_else(refused)?;
    let is_it = bool::from(key.secret_hash[..].ct_eq(&secret.hash()[..]));
    if is_it && key.is_valid(live.ambient.now_ms()) { Ok(key) } else { Err(refused()) }
}

/// Somebody who writes study routes: a designer or an admin, whose key names the study route of the address, or none. Whoever it
/// does not name is refused before the body is read and before anything is looked up: the answer is the same whether the route
/// exists or not, so nobody learns of a draft they may not see.
pub struct Designer {
    key: AccessKey,
    request_id: String,
}

impl Designer {
    /// Whether the key is for this study route; for lists, which show nobody what they may not see.
    #[must_use]
    pub fn edits(&self, slug: &str) -> bool {
        self.key.routes.is_empty() || self.key.routes.iter().any(|route| route == slug)
    }

    /// The person as the audit log names them.
    #[must_use]
    pub fn who(&self) -> Who {
        named(&self.key, self.request_id.clone())
    }
}

impl FromRequestParts<Arc<Shell>> for Designer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shell: &Arc<Shell>) -> Result<Self, Problem> {
        let key = with_role(parts, shell, &[Role::Designer, Role::Admin]).await?;
        let designer = Self { key, request_id: request_id(&parts.headers) };
        let named = match RawPathParams::from_request_parts(parts, shell).await {
            Ok(named) => named,
            Err(RawPathParamsRejection::MissingPathParams(_)) => return Ok(designer),
            Err(_) => return Err(Problem::new(Code::BadRequest, "The address is not UTF-8.")),
        };
        let foreign = named.iter().any(|(name, slug)| name == "route" && !designer.edits(slug));
        if foreign {
            let detail = "Your key is for other study routes. Ask an admin for a key that names this one.";
            return Err(Problem::new(Code::Forbidden, detail));
        }
        Ok(designer)
    }
}

/// Somebody who may do everything.
pub struct Admin {
    key: AccessKey,
    request_id: String,
}

impl Admin {
    /// The person as the audit log names them.
    #[must_use]
    pub fn who(&self) -> Who {
        named(&self.key, self.request_id.clone())
    }
}

impl FromRequestParts<Arc<Shell>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shell: &Arc<Shell>) -> Result<Self, Problem> {
        let key = with_role(parts, shell, &[Role::Admin]).await?;
        Ok(Self { key, request_id: request_id(&parts.headers) })
    }
}

async fn with_role(parts: &mut Parts, shell: &Arc<Shell>, roles: &[Role]) -> Result<AccessKey, Problem> {
    let staff = <Staff as OptionalFromRequestParts<_>>::from_request_parts(parts, shell).await?;
    let Some(Staff(key)) = staff else {
        return Err(match bearer(&parts.headers)? {
            None => Problem::new(
                Code::TokenMissing,
                "Send your key as Authorization: Bearer …; an admin makes one, or studyroute key create.",
            ),
            Some(_) => Problem::new(Code::TokenInvalid, "This is a participant's token; this call needs a key."),
        });
    };
    if roles.contains(&key.role) {
        return Ok(key);
    }
    let needed: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let detail = format!("Your key is one of role {}; this call needs {}.", key.role.as_str(), needed.join(" or "));
    Err(Problem::new(Code::Forbidden, detail))
}

/// Whoever the request's key belongs to, valid or not, as the audit log names them when they are refused; and whether it was.
/// Of a key that is not valid only its id is named, which is no secret; of anything else nothing.
pub async fn asking(live: &Live, headers: &HeaderMap) -> (Who, bool) {
    let request_id = request_id(headers);
    let token = bearer(headers).ok().flatten();
    let shown = token.and_then(|token| Secret::parse(Holder::Staff, token)).map(|secret| secret.id());
    if let (Some(token), Some(_)) = (token, shown)
        && let Ok(key) = valid_key(live, token).await
    {
        return (named(&key, request_id), true);
    }
    (Who { key_id: shown, name: "unknown key".into(), role: None, request_id }, false)
}

fn named(key: &AccessKey, request_id: String) -> Who {
    Who { key_id: Some(key.id), name: key.name.clone(), role: Some(key.role), request_id }
}

/// The id that the front gave the request.
fn request_id(headers: &HeaderMap) -> String {
    headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::Ambient;
    use crate::design::keys::{Drawn, KeyWish, create};
    use crate::http::state::tests::inner;
    use axum::http::{Request, header};
    use uuid::Uuid;

    const NOW_MS: i64 = 1_777_600_800_000;

    async fn shell(folder: &tempfile::TempDir) -> Arc<Shell> {
        let shell = Shell::new(Ambient::with_clock(|| NOW_MS));
        shell.go_live(inner(folder).await);
        Arc::new(shell)
    }

    /// A request with the key of a new holder.
    async fn request(shell: &Arc<Shell>, role: Role, routes: &[&str]) -> Parts {
        let live = Live::of(shell).expect("it is live");
        let routes = routes.iter().map(ToString::to_string).collect();
        let wish = KeyWish { name: "Ann".into(), role, routes, expires_days: None };
        let drawn = Drawn { id: Uuid::from_u128(fastrand::u128(..)), bits: [7; 32] };
        let made = create(&live.store, wish, &drawn, &Who::command_line(), NOW_MS).await.expect("a key");
        let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {}", made.secret.reveal()));
        request.header(&REQUEST_ID, "req-7").body(()).expect("a request").into_parts().0
    }

    #[tokio::test]
    async fn designers_and_admins_write_routes_and_only_admins_do_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let shell = shell(&folder).await;
        for (role, writes, rules) in
            [(Role::Designer, true, false), (Role::Operator, false, false), (Role::Admin, true, true)]
        {
            let mut parts = request(&shell, role, &[]).await;
            let designer = Designer::from_request_parts(&mut parts, &shell).await.map(|designer| designer.who());
            let admin = Admin::from_request_parts(&mut parts, &shell).await.map(|admin| admin.who());
            assert_eq!((designer.is_ok(), admin.is_ok()), (writes, rules), "{role:?}");
            for who in [designer, admin] {
                match who {
                    Ok(who) => {
                        assert_eq!((&*who.name, who.role, &*who.request_id), ("Ann", Some(role), "req-7"));
                    }
                    Err(problem) => assert_eq!(problem.code(), "forbidden"),
                }
            }
        }
    }

    #[tokio::test]
    async fn a_designer_edits_the_routes_of_their_key_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let shell = shell(&folder).await;
        let mut parts = request(&shell, Role::Designer, &["peoples-canal", "a"]).await;
        let some = Designer::from_request_parts(&mut parts, &shell).await.expect("a designer");
        assert!(some.edits("peoples-canal") && some.edits("a"));
        for slug in ["confucius-mencius", "no-such-route", "", "peoples", "peoples-canal,a"] {
            assert!(!some.edits(slug), "{slug}");
        }
        let mut parts = request(&shell, Role::Designer, &[]).await;
        let all = Designer::from_request_parts(&mut parts, &shell).await.expect("a designer");
        assert!(all.edits("confucius-mencius"));
    }
}
