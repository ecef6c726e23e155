//! MP3 and OGG: the first frames, or all pages, must be what they say.

use super::{Refused, damaged, read_at, trailing, unreadable};
use crate::formats::Source;

/// Longest ID3 tag before the sound: it may hold a cover.
const TAG_MAX_BYTES: u64 = 10_000_000;
/// Zeros that some programs leave between the tag and the sound.
const PADDING_MAX_BYTES: u64 = 4 * 1024;
/// Frames that must follow each other.
const FRAMES_READ: usize = 3;
/// The header of an OGG page without its table.
const PAGE_HEAD_BYTES: u64 = 27;
const PAGE_TABLE_MAX_BYTES: u64 = 255;

/// Kilobits per second of MPEG-1 layer III, and of MPEG-2 and 2.5.
const KBPS: [[u32; 14]; 2] = [
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// An MP3: an ID3 tag perhaps, then frames that follow each other.
pub fn mp3(source: &mut dyn Source, bytes: u64) -> Result<(), Refused> {
    let head = read_at(source, 0, bytes.min(10))?;
    let tag = if head.starts_with(b"ID3") { tag_bytes(&head).ok_or_else(|| damaged("MP3"))? } else { 0 };
    if tag > TAG_MAX_BYTES.min(bytes) {
        return Err(damaged("MP3"));
    }
    let window = read_at(source, tag, (bytes - tag).min(PADDING_MAX_BYTES))?;
    let padding = if tag > 0 { window.iter().take_while(|byte| **byte == 0).count() as u64 } else { 0 };
    let mut at = tag + padding;
    for _ in 0..FRAMES_READ {
        if at == bytes {
            return Err(damaged("MP3"));
        }
        let frame = read_at(source, at, (bytes - at).min(4))?;
        let length = frame_bytes(&frame).ok_or_else(|| damaged("MP3"))?;
        at += length;
        if at > bytes {
            return Err(damaged("MP3"));
        }
    }
    Ok(())
}

/// The whole length of an ID3 tag; its size has seven bits a byte.
fn tag_bytes(head: &[u8]) -> Option<u64> {
    let size = head.get(6..10)?;
    if size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    Some(size.iter().fold(0, |sum, byte| sum << 7 | u64::from(*byte)) + 10)
}

/// The length of the layer III frame that begins here.
fn frame_bytes(head: &[u8]) -> Option<u64> {
    let &[sync, version, rates, _] = head else { return None };
    if sync != 0xff || version & 0xe0 != 0xe0 || version & 0x06 != 0x02 {
        return None;
    }
    let (table, hertz, samples) = match version >> 3 & 3 {
        3 => (0, [44_100, 48_000, 32_000], 144_000),
        2 => (1, [22_050, 24_000, 16_000], 72_000),
        0 => (1, [11_025, 12_000, 8_000], 72_000),
        _ => return None,
    };
    let kbps = KBPS.get(table)?.get(usize::from(rates >> 4).checked_sub(1)?)?;
    let hertz = hertz.get(usize::from(rates >> 2 & 3))?;
    Some(u64::from(samples * kbps / hertz + u32::from(rates >> 1 & 1)))
}

/// An OGG: pages to the last byte, with Vorbis or Opus in them.
pub fn ogg(source: &mut dyn Source, bytes: u64) -> Result<(), Refused> {
    let first = read_at(source, 0, bytes.min(PAGE_HEAD_BYTES + PAGE_TABLE_MAX_BYTES + 8))?;
    let body = PAGE_HEAD_BYTES + u64::from(*first.get(26).ok_or_else(|| damaged("OGG"))?);
    let codec = first.get(usize::try_from(body).unwrap_or(usize::MAX)..).unwrap_or_default();
    if !codec.starts_with(b"\x01vorbis") && !codec.starts_with(b"OpusHead") {
        return Err(unreadable("This OGG holds something else than Vorbis or Opus sound; save it as MP3."));
    }
    let mut at = 0;
    while at < bytes {
        let page = read_at(source, at, (bytes - at).min(PAGE_HEAD_BYTES + PAGE_TABLE_MAX_BYTES))?;
        if !page.starts_with(b"OggS\0") {
            return Err(if at == 0 { damaged("OGG") } else { trailing("sound", bytes - at) });
        }
        let entries = usize::from(*page.get(26).ok_or_else(|| damaged("OGG"))?);
        let table = page.get(27..27 + entries).ok_or_else(|| damaged("OGG"))?;
        at += PAGE_HEAD_BYTES + entries as u64 + table.iter().map(|lace| u64::from(*lace)).sum::<u64>();
    }
    if at == bytes { Ok(()) } else { Err(damaged("OGG")) }
}
