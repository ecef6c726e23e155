//! USDZ: a ZIP archive that phones read in place, so nothing in it is compressed and every file begins at a multiple of 64 bytes.
//! The archive is walked from its first byte to its last; one that reads differently from its end is refused.

use super::{Refused, damaged, le16, le32, trailing, unreadable};
use std::collections::HashSet;

/// Most files of an archive.
const ENTRIES_MAX: usize = 2_000;
const ALIGNED_BYTES: usize = 64;
const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
const ENDINGS: [&str; 11] = ["usd", "usda", "usdc", "png", "jpg", "jpeg", "exr", "avif", "m4a", "mp3", "wav"];

/// One file of the archive.
struct Entry<'a> {
    name: &'a [u8],
    at: usize,
    bytes: u32,
    checksum: u32,
}

/// Whether a ZIP archive begins with a USD file, uncompressed.
pub fn begins(head: &[u8]) -> bool {
    local(head, 0).is_some_and(|(entry, _)| is_usd(entry.name))
}

fn is_usd(name: &[u8]) -> bool {
    [&b".usd"[..], b".usda", b".usdc"].into_iter().any(|ending| name.ends_with(ending))
}

/// Walks an archive.
pub fn inspect(file: &[u8]) -> Result<(), Refused> {
    let (mut at, mut entries, mut names) = (0, Vec::new(), HashSet::new());
    while file.get(at..).is_some_and(|rest| rest.starts_with(b"PK\x03\x04")) {
        let (entry, data) = local(file, at).ok_or_else(compressed)?;
        check_name(entry.name)?;
        let body = usize::try_from(entry.bytes).ok().and_then(|bytes| file.get(data..data.checked_add(bytes)?));
        let body = body.ok_or_else(|| damaged("USDZ"))?;
        if data % ALIGNED_BYTES != 0 {
            return Err(unreadable(
                "The files in the USDZ do not begin at multiples of 64 bytes; export it with a USDZ tool.",
            ));
        }
        if crc32fast::hash(body) != entry.checksum || entries.len() >= ENTRIES_MAX || !names.insert(entry.name) {
            return Err(damaged("USDZ"));
        }
        at = data + body.len();
        entries.push(entry);
    }
    let end = central(file, at, &entries).ok_or_else(|| damaged("USDZ"))?;
    if end < file.len() {
        return Err(trailing("USDZ", (file.len() - end) as u64));
    }
    Ok(())
}

fn compressed() -> Refused {
    unreadable(
        "The USDZ is compressed, encrypted or cut off; export it with a USDZ tool, which stores files as they are.",
    )
}

/// A file's own header, and where its bytes begin.
fn local(file: &[u8], at: usize) -> Option<(Entry<'_>, usize)> {
    let head = file.get(at..at.checked_add(LOCAL_BYTES)?)?;
    let (flags, method) = (le16(head, 6)?, le16(head, 8)?);
    let (packed, bytes) = (le32(head, 18)?, le32(head, 22)?);
    // Of the flags, only the one for UTF-8 names: not encrypted, sizes stand here and not behind.
    if !head.starts_with(b"PK\x03\x04") || flags & !0x0800 != 0 || method != 0 || packed != bytes {
        return None;
    }
    let name_end = at + LOCAL_BYTES + usize::from(le16(head, 26)?);
    let name = file.get(at + LOCAL_BYTES..name_end)?;
    Some((Entry { name, at, bytes, checksum: le32(head, 14)? }, name_end + usize::from(le16(head, 28)?)))
}

/// A name that stays inside and is of a kind that belongs there.
fn check_name(name: &[u8]) -> Result<(), Refused> {
    let text = std::str::from_utf8(name).unwrap_or_default();
    let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let leaves = text.starts_with('/') || text.contains(['\\', ':', '\0']) || text.split('/').any(|part| part == "..");
    if leaves || !ENDINGS.contains(&ending.as_str()) {
        let shown: String = String::from_utf8_lossy(name).chars().take(80).collect();
        return Err(unreadable(format!("The USDZ holds \"{shown}\", which does not belong there. Export it anew.")));
    }
    Ok(())
}

/// Where the archive ends, if its list names the same files in the same places.
fn central(file: &[u8], start: usize, entries: &[Entry<'_>]) -> Option<usize> {
    let mut at = start;
    for entry in entries {
        let head = file.get(at..at.checked_add(CENTRAL_BYTES)?)?;
        let lengths = [le16(head, 28)?, le16(head, 30)?, le16(head, 32)?].map(usize::from);
        let name = file.get(at + CENTRAL_BYTES..at + CENTRAL_BYTES + lengths[0])?;
        let same = head.starts_with(b"PK\x01\x02")
            && le16(head, 10)? == 0
            && le32(head, 16)? == entry.checksum
            && [le32(head, 20)?, le32(head, 24)?] == [entry.bytes; 2]
            && usize::try_from(le32(head, 42)?).ok()? == entry.at
            && name == entry.name;
        if !same {
            return None;
        }
        at += CENTRAL_BYTES + lengths.iter().sum::<usize>();
    }
    let end = file.get(at..at.checked_add(END_BYTES)?)?;
    let counts = [le16(end, 8)?, le16(end, 10)?].map(usize::from);
    let sound = end.starts_with(b"PK\x05\x06")
        && counts == [entries.len(); 2]
        && usize::try_from(le32(end, 12)?).ok()? == at - start
        && usize::try_from(le32(end, 16)?).ok()? == start
        && le16(end, 20)? == 0;
    (sound && entries.first().is_some_and(|first| is_usd(first.name))).then_some(at + END_BYTES)
}
