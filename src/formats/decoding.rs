//! Bytes of a known encoding as UTF-8, piece by piece. Refuses to replace what it cannot decode, and to guess the encoding: that is
//! for those who know what sort of file it is.

use super::Refused;
use encoding_rs::{Decoder, DecoderResult, Encoding};
use std::io::{self, Read};

const CHUNK_BYTES: usize = 32 * 1024;

/// What has been read of a source and not yet been taken.
pub struct Decoding {
    decoder: Decoder,
    /// Read and not yet decoded.
    raw: Vec<u8>,
    /// Decoded; `text[at..]` is not yet taken.
    text: Vec<u8>,
    at: usize,
    ended: bool,
    /// Of the last byte that was decoded, from 1.
    line: u64,
}

impl Decoding {
    /// Begins with bytes that were read already.
    pub fn new(encoding: &'static Encoding, raw: Vec<u8>) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { decoder, raw, text: Vec::new(), at: 0, ended: false, line: 1 }
    }

    /// The name of the encoding.
    pub fn encoding(&self) -> &'static str {
        self.decoder.encoding().name()
    }

    /// What is decoded and not yet taken; nothing after a refill is the end.
    pub fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes so many bytes of the rest.
    pub fn take(&mut self, bytes: usize) {
        self.at = self.text.len().min(self.at.saturating_add(bytes));
    }

    /// Decodes the next piece when all is taken. `damaged` says what the encoding's name and the line mean to a designer.
    ///
    /// # Errors
    /// The source's, or what `damaged` says; then the rest holds what stands before the damage.
    pub fn refill(&mut self, source: &mut dyn Read, damaged: impl Fn(&str, u64) -> Refused) -> io::Result<()> {
        while self.at == self.text.len() && !self.ended {
            if self.raw.is_empty() {
                (&mut *source).take(CHUNK_BYTES as u64).read_to_end(&mut self.raw)?;
            }
            let last = self.raw.is_empty();
            let room = self.decoder.max_utf8_buffer_length_without_replacement(self.raw.len());
            self.text.resize(room.unwrap_or(CHUNK_BYTES * 4), 0);
            self.at = 0;
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(&self.raw, &mut self.text, last);
            self.text.truncate(written);
            self.raw.drain(..read);
            for byte in &self.text {
                self.line += u64::from(*byte == b'\n');
            }
            if let DecoderResult::Malformed(..) = result {
                return Err(io::Error::other(damaged(self.encoding(), self.line)));
            }
            self.ended = last && result == DecoderResult::InputEmpty;
        }
        Ok(())
    }
}
