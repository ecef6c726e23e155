//! Compressed answers put together from parts that were compressed before.
//!
//! A gzip stream (RFC 1952) is a run of deflate blocks (RFC 1951) and a checksum over what they say. A part that ends on a whole byte
//! can be followed by any other, and the checksum of a whole follows from those of its parts. So what is the same for
//! every visitor is compressed once, what is not goes between as it is, and putting an answer together is copying. Each part is
//! compressed for itself, which costs some of the gain; for phones on weak networks half an answer is still better than a whole one.

use super::reused;
use crate::domain::crs::Crs;
use crate::domain::route::Lang;
use flate2::{Compress, Compression, FlushCompress};
use std::sync::Arc;

/// Memory for parts, in bytes, roughly.
const ROOM_BYTES: u64 = 64 * 1024 * 1024;
/// What the cache itself takes for an entry, roughly.
const ENTRY_BYTES: usize = 200;
/// Longest stored block.
const STORED_MAX_BYTES: usize = 65_535;
/// The reflected polynomial of gzip's checksum.
const POLYNOMIAL: u32 = 0xedb8_8320;
/// Magic number, deflate, no flags, no time, no extra flags, unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The last block, which is empty.
const LAST_BLOCK: [u8; 5] = [1, 0, 0, 0xff, 0xff];
/// How much a part may grow when it does not shrink.
const GROWTH_BYTES: usize = 64;

/// A part compressed once.
pub struct Part {
    blocks: Box<[u8]>,
    length: usize,
    checksum: u32,
    /// What the checksum before this part is multiplied by.
    shift: u32,
}

impl Part {
    /// Compresses a part.
    #[must_use]
    pub fn new(plain: &[u8]) -> Self {
        let mut blocks = Vec::with_capacity(plain.len() + GROWTH_BYTES);
        let mut compress = Compress::new(Compression::default(), false);
        let done = compress.compress_vec(plain, &mut blocks, FlushCompress::Sync);
        let is_whole =
            done.is_ok() && compress.total_in() == plain.len() as u64 && blocks.ends_with(&[0, 0, 0xff, 0xff]);
        if !is_whole || blocks.len() > plain.len() {
            blocks.clear();
            store(&mut blocks, plain);
        }
        let (length, checksum) = (plain.len(), crc32fast::hash(plain));
        Self { blocks: blocks.into(), length, checksum, shift: shift_by(length) }
    }
}

/// Prepared that were asked for before, while there is room.
pub struct Prepared(moka::sync::Cache<PartName, Arc<Part>>);

/// Which part: the generation of the index, the point's number, the language, the reference system.
pub type PartName = (i64, u32, Lang, Crs);

impl Default for Prepared {
    fn default() -> Self {
        let weigh = |_: &PartName, part: &Arc<Part>| {
            u32::try_from(part.blocks.len() + size_of::<Part>() + ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        Self(moka::sync::Cache::builder().max_capacity(ROOM_BYTES).weigher(weigh).build())
    }
}

impl Prepared {
    /// The part of this name, compressed from what `put_plain` writes if nobody asked before.
    pub fn get(&self, name: PartName, put_plain: impl FnOnce(&mut Vec<u8>)) -> Arc<Part> {
        if let Some(part) = self.0.get(&name) {
            return part;
        }
        let mut plain = Vec::new();
        put_plain(&mut plain);
        let part = Arc::new(Part::new(&plain));
        self.0.insert(name, Arc::clone(&part));
        part
    }
}

/// An answer being put together.
pub struct Answer {
    out: Vec<u8>,
    checksum: u32,
    length: usize,
}

impl Answer {
    /// Nothing yet, with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        let mut out = reused::buffer(bytes + HEAD.len() + GROWTH_BYTES);
        out.extend_from_slice(&HEAD);
        Self { out, checksum: 0, length: 0 }
    }

    /// Goes on with bytes as they are.
    pub fn plain(&mut self, bytes: &[u8]) {
        let mut checksum = crc32fast::Hasher::new_with_initial(self.checksum);
        checksum.update(bytes);
        self.checksum = checksum.finalize();
        self.length += bytes.len();
        store(&mut self.out, bytes);
    }

    /// Goes on with a part.
    pub fn part(&mut self, part: &Part) {
        self.checksum = times(part.shift, self.checksum) ^ part.checksum;
        self.length += part.length;
        self.out.extend_from_slice(&part.blocks);
    }

    /// The whole stream.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.out.extend_from_slice(&LAST_BLOCK);
        self.out.extend_from_slice(&self.checksum.to_le_bytes());
        // Modulo 2³², as the format has it.
        let [a, b, c, d, ..] = self.length.to_le_bytes();
        self.out.extend_from_slice(&[a, b, c, d]);
        self.out
    }
}

fn store(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(STORED_MAX_BYTES) {
        let [low, high, ..] = chunk.len().to_le_bytes();
        out.extend_from_slice(&[0, low, high, !low, !high]);
        out.extend_from_slice(chunk);
    }
}

/// x to the power of eight times `bytes`, modulo the polynomial: what a checksum is multiplied by when so many bytes follow.
fn shift_by(bytes: usize) -> u32 {
    // The highest bit stands for x⁰; one byte is x⁸.
    let (mut power, mut square, mut rest) = (1 << 31, 1 << 23, bytes);
    while rest > 0 {
        if rest & 1 == 1 {
            power = times(square, power);
        }
        square = times(square, square);
        rest >>= 1;
    }
    power
}

/// The product of two polynomials over GF(2), modulo the checksum's (as zlib's `multmodp`).
fn times(a: u32, mut b: u32) -> u32 {
    let (mut product, mut bit) = (0, 1_u32 << 31);
    while bit > 0 {
        // Without branches: which bits are set is as good as chance.
        product ^= b & 0_u32.wrapping_sub(u32::from(a & bit != 0));
        b = (b >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(b & 1));
        bit >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read;

    fn read(stream: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(stream).read_to_end(&mut text).expect("a stream with its checksum");
        text
    }

    proptest! {
        #[test]
        fn parts_and_plain_bytes_read_back_as_one_text(pieces in prop::collection::vec((any::<bool>(), "[ -~孔庙运河]{0,400}"), 0..12)) {
            let mut answer = Answer::with_capacity(100);
            for (compressed, piece) in &pieces {
                if *compressed { answer.part(&Part::new(piece.as_bytes())) } else { answer.plain(piece.as_bytes()) }
            }
            let whole: String = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
            prop_assert_eq!(read(&answer.finish()), whole.into_bytes());
        }
    }

    #[test]
    fn long_and_unyielding_bytes_read_back_too() {
        let mut random = fastrand::Rng::with_seed(3);
        let bytes: Vec<u8> = (0..200_000).map(|_| random.u8(..)).collect();
        let mut answer = Answer::with_capacity(0);
        answer.part(&Part::new(&bytes));
        answer.plain(&bytes);
        assert_eq!(read(&answer.finish()), [&bytes[..], &bytes[..]].concat());
    }

    #[test]
    fn text_shrinks() {
        let text = "石头很耐压，却怕拉、怕弯，碎碑拼好以后，接缝就是最薄弱的地方。{\"kind\":\"circle\"}".repeat(8);
        assert!(Part::new(text.as_bytes()).blocks.len() * 3 < text.len());
    }
}
