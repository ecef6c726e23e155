//! Making, rotating and revoking the keys of designers, operators and admins. Every change is a deed in the audit log, written
//! in the same transaction. The secret leaves here once and is kept nowhere.

use crate::domain::lint::is_slug;
use crate::domain::time::DAY_MS;
use crate::domain::token::{Holder, Secret};
use crate::store::{AccessKey, Deed, NewKey, Role, Store, StoreError, Who};
use uuid::Uuid;

/// Longest name of a key's holder, in characters.
pub const NAME_MAX: usize = 100;
/// Most study routes of one key.
pub const ROUTES_MAX: usize = 100;
/// Longest life of a key that ends by itself: ten years.
pub const EXPIRES_MAX_DAYS: u32 = 3_650;
/// Longest time that a rotated key works beside its successor: a week.
pub const GRACE_MAX_S: u32 = 7 * 86_400;

/// A key as somebody wants it.
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// Who will hold it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// For designers: only these study routes; none means all.
    pub routes: Vec<String>,
    /// Days until it stops; none means never.
    pub expires_days: Option<u32>,
}

/// What chance gives for a key.
#[derive(Clone, Copy)]
pub struct Drawn {
    /// The key's id.
    pub id: Uuid,
    /// The secret's bits.
    pub bits: [u8; 32],
}

/// A key that has just been made, with the secret that nobody will see again.
#[derive(Debug)]
pub struct MadeKey {
    /// The key.
    pub key: AccessKey,
    /// Its secret.
    pub secret: Secret,
}

/// Why there is no key, or none less.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A part of the wish cannot be.
    #[error("{what}")]
    Wish {
        /// Which part, by its name on the wire.
        part: &'static str,
        /// What is wrong and what to do.
        what: String,
    },
    /// No key has this id.
    #[error("there is no key with the id {0}; the list of keys shows them all")]
    Unknown(Uuid),
    /// The key opens nothing any more, so there is nothing to pass on.
    #[error("the key {0} has expired or was revoked; make a new one instead")]
    NotValid(Uuid),
    /// Another key was made in its place before.
    #[error("the key {0} is followed by {1} already; rotate that one")]
    Followed(Uuid, Uuid),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn wrong(part: &'static str, what: impl Into<String>) -> KeyError {
    KeyError::Wish { part, what: what.into() }
}

impl KeyWish {
    /// Refuses what cannot be, and settles the rest: names without spaces around them, every route once.
    fn settled(mut self) -> Result<Self, KeyError> {
        self.name = self.name.trim().to_string();
        if self.name.is_empty() || self.name.chars().count() > NAME_MAX || self.name.chars().any(char::is_control) {
            return Err(wrong("name", format!("must be 1 to {NAME_MAX} characters on one line: who holds the key")));
        }
        if !self.routes.is_empty() && self.role != Role::Designer {
            let role = self.role.as_str();
            return Err(wrong("routes", format!("limits designers only; leave it out for an {role}")));
        }
        if let Some(bad) = self.routes.iter().find(|slug| !is_slug(slug)) {
            let bad: String = bad.chars().take(NAME_MAX).collect();
            return Err(wrong("routes", format!("\"{bad}\" is not the name of a study route, such as peoples-canal")));
        }
        self.routes.sort();
        self.routes.dedup();
        if self.routes.len() > ROUTES_MAX {
            return Err(wrong("routes", format!("names more than {ROUTES_MAX} study routes; make a second key")));
        }
        if self.expires_days.is_some_and(|days| !(1..=EXPIRES_MAX_DAYS).contains(&days)) {
            return Err(wrong("expires_days", format!("must be 1 to {EXPIRES_MAX_DAYS}; leave it out for no end")));
        }
        Ok(self)
    }
}

/// Makes a key.
///
/// # Errors
/// When the wish cannot be, or the store does not take it.
pub async fn create(store: &Store, wish: KeyWish, drawn: &Drawn, who: &Who, now_ms: i64) -> Result<MadeKey, KeyError> {
    let KeyWish { name, role, routes, expires_days } = wish.settled()?;
    let expires_ms = expires_days.map(|days| now_ms + i64::from(days) * DAY_MS);
    let (key, secret) = drawn.key(name, role, routes, now_ms, expires_ms);
    let deed = Deed { detail: about(&key), ..Deed::done(now_ms, who, "key create", key.id.to_string()) };
    store.create_key(&key, &deed).await?;
    Ok(MadeKey { key: kept(key), secret })
}

/// Gives the holder of a key a new one in its place: the same name, role and routes, and the same span of life anew. The old
/// one stops at once, or works beside it for the grace.
///
/// # Errors
/// When the grace is too long, the key is unknown, no longer valid or followed already, or the store does not take it.
pub async fn rotate(
    store: &Store,
    id: Uuid,
    grace_s: u32,
    drawn: &Drawn,
    who: &Who,
    now_ms: i64,
) -> Result<MadeKey, KeyError> {
    if grace_s > GRACE_MAX_S {
        return Err(wrong("grace_s", format!("must be at most {GRACE_MAX_S} seconds, a week")));
    }
    let old = store.key(id).await?.ok_or(KeyError::Unknown(id))?;
    if !old.is_valid(now_ms) {
        return Err(KeyError::NotValid(id));
    }
    // During its grace it has no span of life of its own to pass on.
    if let Some(successor) = old.followed_by {
        return Err(KeyError::Followed(id, successor));
    }
    let expires_ms = old.expires_ms.map(|expires_ms| now_ms + (expires_ms - old.created_ms));
    // Never later than it would have stopped by itself.
    let graced_ms = now_ms + i64::from(grace_s) * 1_000;
    let stop_ms = (grace_s > 0).then(|| old.expires_ms.map_or(graced_ms, |expires_ms| expires_ms.min(graced_ms)));
    let (key, secret) = drawn.key(old.name, old.role, old.routes, now_ms, expires_ms);
    let detail = format!("{}; follows {id}, which stops after {grace_s} s", about(&key));
    let deed = Deed { detail, ..Deed::done(now_ms, who, "key rotate", key.id.to_string()) };
    if store.rotate_key(id, stop_ms, &key, &deed).await? {
        Ok(MadeKey { key: kept(key), secret })
    } else {
        Err(KeyError::NotValid(id))
    }
}

/// Takes a key back. Says whether it had not been taken back before. Any key may go, also the last of an admin: whoever can run
/// the program beside the database can always make another.
///
/// # Errors
/// When no key has this id, or the store does not take it.
pub async fn revoke(store: &Store, id: Uuid, who: &Who, now_ms: i64) -> Result<bool, KeyError> {
    let key = store.key(id).await?.ok_or(KeyError::Unknown(id))?;
    let detail = format!("{} {}", key.role.as_str(), key.name);
    let deed = Deed { detail, ..Deed::done(now_ms, who, "key revoke", id.to_string()) };
    Ok(store.revoke_key(id, &deed).await?)
}

/// What state a key is in, in one word.
#[must_use]
pub fn state(key: &AccessKey, now_ms: i64) -> &'static str {
    if key.revoked_ms.is_some() {
        "revoked"
    } else if key.is_valid(now_ms) {
        "valid"
    } else {
        "expired"
    }
}

impl Drawn {
    fn key(
        &self,
        name: String,
        role: Role,
        routes: Vec<String>,
        created_ms: i64,
        expires_ms: Option<i64>,
    ) -> (NewKey, Secret) {
        let secret = Secret::new(Holder::Staff, self.id, &self.bits);
        (NewKey { id: self.id, name, role, routes, secret_hash: secret.hash(), created_ms, expires_ms }, secret)
    }
}

fn about(key: &NewKey) -> String {
    let routes = if key.routes.is_empty() { "all routes".into() } else { key.routes.join(", ") };
    format!("{} {}: {routes}", key.role.as_str(), key.name)
}

fn kept(key: NewKey) -> AccessKey {
    AccessKey {
        id: key.id,
        name: key.name,
        role: key.role,
        routes: key.routes,
        secret_hash: key.secret_hash.to_vec(),
        created_ms: key.created_ms,
        expires_ms: key.expires_ms,
        revoked_ms: None,
        last_used_ms: None,
        followed_by: None,
    }
}
