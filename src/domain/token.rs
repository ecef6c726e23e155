//! Bearer secrets: a participant's token and an operator's key.
//!
//! `srp_` or `srk_`, then the holder's id and 256 random bits in hex, then a CRC-32 of all that, so that scanners recognise a
//! leaked one and a mistyped one is refused without a look into the store. The store keeps a SHA-256 of the whole, never the
//! secret; that is enough because the secret is random, not chosen. Chance comes in as an argument.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Who holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A participant's phone.
    Participant,
    /// A person with a role.
    Staff,
}

impl Holder {
    fn prefix(self) -> &'static str {
        match self {
            Self::Participant => "srp_",
            Self::Staff => "srk_",
        }
    }
}

const BODY_BYTES: usize = 16 + 32;

/// A secret as its holder has it. Prints as dots.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    holder: Holder,
    id: Uuid,
    text: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}…", self.holder.prefix())
    }
}

impl Secret {
    /// Makes a secret from 256 random bits.
    #[must_use]
    pub fn new(holder: Holder, id: Uuid, random: &[u8; 32]) -> Self {
        let body = format!("{}{}{}", holder.prefix(), hex::encode(id.as_bytes()), hex::encode(random));
        let text = format!("{body}{:08x}", crc32fast::hash(body.as_bytes()));
        Self { holder, id, text }
    }

    /// Reads a secret; `None` for anything that was not made by [`Secret::new`].
    #[must_use]
    pub fn parse(holder: Holder, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(holder.prefix())?;
        if rest.len() != BODY_BYTES * 2 + 8 || !rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return None;
        }
        let (body, crc) = text.split_at(text.len() - 8);
        if u32::from_str_radix(crc, 16).ok()? != crc32fast::hash(body.as_bytes()) {
            return None;
        }
        let id = Uuid::try_parse(rest.get(..32)?).ok()?;
        Some(Self { holder, id, text: text.to_string() })
    }

    /// The holder's id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The secret itself, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What the store keeps.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// A digest of `content` that only the holder of this secret can make, 128 bits.
    ///
    /// The store compares repeats of a check-in by it and cannot guess the position behind it, because it has not got the secret.
    #[must_use]
    pub fn seal(&self, content: &[u8]) -> [u8; 16] {
        let mut out = [0; 16];
        // HMAC takes keys of every length.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.text.as_bytes()) {
            mac.update(content);
            out.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_a_damaged_one_does_not() {
        let id = Uuid::from_u128(7);
        let secret = Secret::new(Holder::Participant, id, &[0xab; 32]);
        let text = secret.reveal();
        assert_eq!(Secret::parse(Holder::Participant, text), Some(secret.clone()));
        assert_eq!(Secret::parse(Holder::Participant, text).map(|s| s.id()), Some(id));
        assert_eq!(Secret::parse(Holder::Staff, text), None);
        for i in 0..text.len() {
            let mut damaged = text.to_string();
            damaged.replace_range(i..=i, if &text[i..=i] == "0" { "1" } else { "0" });
            assert_eq!(Secret::parse(Holder::Participant, &damaged), None, "{i}");
        }
        for other in ["", "srp_", &text.to_uppercase(), &format!("{text}0"), "srp_令牌"] {
            assert_eq!(Secret::parse(Holder::Participant, other), None);
        }
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new(Holder::Staff, Uuid::nil(), &[9; 32]);
        assert_eq!(format!("{secret:?}"), "srk_…");
    }

    #[test]
    fn seals_differ_by_secret_and_by_content() {
        let one = Secret::new(Holder::Participant, Uuid::nil(), &[1; 32]);
        let two = Secret::new(Holder::Participant, Uuid::nil(), &[2; 32]);
        assert_eq!(one.seal(b"x"), one.seal(b"x"));
        assert_ne!(one.seal(b"x"), two.seal(b"x"));
        assert_ne!(one.seal(b"x"), one.seal(b"y"));
        assert_ne!(one.hash(), two.hash());
    }
}
