//! The bytes of an XML or JSON file as UTF-8, decoded once before anybody parses them, so that no parser sees another text than
//! its guards did. Counts lines for messages, and ends a token that never ends.

use super::Refused;
use super::decoding::Decoding;
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, BufRead, Read};

/// Longest token, in bytes: the positions of a drawn line of [`super::LINE_POSITIONS_MAX`] are one.
pub const TOKEN_MAX_BYTES: usize = 8 * 1024 * 1024;
/// How much is looked at to tell the encoding.
const HEAD_BYTES: usize = 1024;
const CHUNK_BYTES: usize = 32 * 1024;

/// A file as UTF-8.
pub struct Feed<'s> {
    source: &'s mut dyn Read,
    decoding: Decoding,
    /// Of the next byte to be taken, from 1.
    line: u64,
    /// What the token may still take.
    left_bytes: usize,
}

impl<'s> Feed<'s> {
    /// Tells the encoding from a byte order mark, the width of the first character, or an XML declaration; else it is UTF-8.
    ///
    /// # Errors
    /// The file cannot be read, or declares an encoding that nobody knows.
    pub fn new(source: &'s mut dyn Read) -> Result<Self, Refused> {
        let mut raw = Vec::with_capacity(CHUNK_BYTES);
        (&mut *source).take(HEAD_BYTES as u64).read_to_end(&mut raw)?;
        let decoding = Decoding::new(encoding_of(&raw)?, raw);
        Ok(Self { source, decoding, line: 1, left_bytes: TOKEN_MAX_BYTES })
    }

    /// The name of the encoding.
    pub fn encoding(&self) -> &'static str {
        self.decoding.encoding()
    }

    /// The line that is read, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A token ended well; the next one may take as much again.
    pub fn next_token(&mut self) {
        self.left_bytes = TOKEN_MAX_BYTES;
    }
}

impl BufRead for Feed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.decoding.refill(self.source, |name, line| {
            Refused::Unreadable(format!("is not {name} text at line {line}; save it as UTF-8"))
        })?;
        let rest = self.decoding.rest();
        if self.left_bytes == 0 && !rest.is_empty() {
            let mib = TOKEN_MAX_BYTES >> 20;
            let message = format!("has more than {mib} MiB in one piece at line {}; split it", self.line);
            return Err(io::Error::other(Refused::TooLarge(message)));
        }
        Ok(rest.get(..self.left_bytes).unwrap_or(rest))
    }

    fn consume(&mut self, amount: usize) {
        let rest = self.decoding.rest();
        let taken = rest.get(..amount).unwrap_or(rest);
        for byte in taken {
            self.line += u64::from(*byte == b'\n');
        }
        let bytes = taken.len();
        self.left_bytes = self.left_bytes.saturating_sub(bytes);
        self.decoding.take(bytes);
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buffer)?;
        self.consume(n);
        Ok(n)
    }
}

/// The encoding that the first bytes of a file tell.
///
/// # Errors
/// It declares one that nobody knows, or one that it plainly is not written in.
pub fn encoding_of(head: &[u8]) -> Result<&'static Encoding, Refused> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    match head {
        [0, second, ..] if *second != 0 => return Ok(UTF_16BE),
        [first, 0, third, ..] if *first != 0 && *third != 0 => return Ok(UTF_16LE),
        _ => (),
    }
    let Some(label) = declared(head) else { return Ok(UTF_8) };
    match Encoding::for_label(label) {
        // Its bytes are those of ASCII, so it is not written in two-byte units.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
            Err(Refused::Unreadable("declares UTF-16 but is not written in it; save it as UTF-8".into()))
        }
        // What calls itself GBK is read as the whole of GB 18030.
        Some(encoding) if encoding == encoding_rs::GBK => Ok(GB18030),
        Some(encoding) => Ok(encoding),
        None => {
            let label = String::from_utf8_lossy(label).chars().take(40).collect::<String>();
            Err(Refused::Unreadable(format!("declares the unknown encoding {label:?}; save it as UTF-8")))
        }
    }
}

/// The encoding that an XML declaration names.
fn declared(head: &[u8]) -> Option<&[u8]> {
    let head = head.strip_prefix(b"<?xml")?;
    let end = head.windows(2).position(|window| window == b"?>")?;
    let declaration = head.get(..end)?;
    let word = b"encoding";
    let at = declaration.windows(word.len()).position(|window| window == word)?;
    let rest = declaration.get(at + word.len()..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    rest.split(|byte| byte == quote).next()
}

/// The first characters of a file, decoded; what cannot be decoded ends them.
///
/// # Errors
/// As [`encoding_of`].
pub fn beginning(head: &[u8]) -> Result<String, Refused> {
    Ok(encoding_of(head)?.decode_with_bom_removal(head).0.into_owned())
}
