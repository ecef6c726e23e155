//! The family of MP4 (ISO base media): films, M4A sound, AVIF pictures. Boxes must fill the file to its last byte.

use super::{Form, Refused, TAKEN, be32, broken_off, contains, damaged, read_at, trailing, unreadable};
use crate::formats::Source;
use std::io::SeekFrom;

/// Most boxes of a file, or of one box.
const BOXES_MAX: usize = 50_000;
/// Largest description of a film.
const MOOV_MAX_BYTES: u64 = 32 * 1024 * 1024;
const FILM_BOXES: [&[u8; 4]; 14] = [
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp", b"pdin", b"emsg",
    b"meta", b"udta",
];
const AVIF_BOXES: [&[u8; 4]; 3] = [b"ftyp", b"meta", b"mdat"];
/// Boxes in which the kind of a track stands.
const TRACK_PATH: [&[u8; 4]; 2] = [b"trak", b"mdia"];

/// Which of them it is, by its brands.
pub fn form(head: &[u8]) -> Result<Form, Refused> {
    let length = be32(head, 0).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let brands = head.get(8..length.min(head.len())).unwrap_or_default();
    let major = brands.get(..4).unwrap_or_default();
    let has = |brand: &[u8]| brands.chunks(4).enumerate().any(|(i, known)| i != 1 && known == brand);
    if has(b"avis") && major == b"avis" {
        return Err(unreadable("This is an AVIF that moves; save it as MP4, or as AVIF with one picture."));
    }
    if has(b"avif") {
        return Ok(Form::Avif);
    }
    match major {
        b"M4A " | b"M4B " => Ok(Form::M4a),
        b"mp41"
        | b"mp42"
        | b"avc1"
        | b"M4V "
        | b"M4VH"
        | b"M4VP"
        | b"dash"
        | b"msdh"
        | [b'i', b's', b'o', b'm' | b'2'..=b'9' | b'a'..=b'c'] => Ok(Form::Mp4),
        b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" => {
            Err(unreadable(format!("This is a HEIC picture, which only some phones show; save it as JPEG. {TAKEN}")))
        }
        b"qt  " => Err(unreadable(format!("This is a QuickTime film; save it as MP4. {TAKEN}"))),
        _ => Err(unreadable(format!("This is a relative of MP4 that not all phones play; save it as MP4. {TAKEN}"))),
    }
}

/// A film or a sound: its boxes, and which tracks they hold.
pub fn film(source: &mut dyn Source, bytes: u64, is_film: bool, warnings: &mut Vec<String>) -> Result<(), Refused> {
    let what = if is_film { "film" } else { "sound" };
    let (mut at, mut moov, mut has_media) = (0, None, false);
    for _ in 0..BOXES_MAX {
        if at == bytes {
            break;
        }
        let head = read_at(source, at, (bytes - at).min(16))?;
        let (kind, length) = header(&head, bytes - at).ok_or_else(|| damaged(what))?;
        if !FILM_BOXES.contains(&&kind) {
            return Err(hidden(what, kind, bytes - at));
        }
        has_media |= &kind == b"mdat";
        if &kind == b"moov" {
            if length > MOOV_MAX_BYTES || moov.is_some() {
                return Err(damaged(what));
            }
            moov = Some(read_at(source, at, length)?);
        }
        at += length;
    }
    let moov = moov.filter(|_| at == bytes && has_media).ok_or_else(|| damaged(what))?;
    source.seek(SeekFrom::Start(0)).map_err(broken_off)?;
    let shows = has_pictures(&moov).ok_or_else(|| damaged(what))?;
    if is_film && !shows {
        return Err(unreadable("This MP4 has sound but no pictures; save it as M4A or MP3."));
    }
    if !is_film && shows {
        return Err(unreadable("This M4A has moving pictures; save it as MP4, or without them."));
    }
    if contains(&moov, b"\xa9xyz") || contains(&moov, b"com.apple.quicktime.location") {
        warnings.push(
            "The file says where it was made. If that is nobody's business, export it without its location.".into(),
        );
    }
    Ok(())
}

/// An AVIF: its boxes, and that nothing in it tells of camera or place.
pub fn avif(file: &[u8]) -> Result<(), Refused> {
    let what = "picture";
    let mut meta = None;
    for (kind, body) in children(file).ok_or_else(|| damaged(what))? {
        if !AVIF_BOXES.contains(&&kind) {
            return Err(hidden(what, kind, body.len() as u64));
        }
        if &kind == b"meta" {
            meta = body.get(4..);
        }
    }
    let meta = meta.and_then(children).ok_or_else(|| damaged(what))?;
    let items = meta.iter().find(|(kind, _)| kind == b"iinf").map(|(_, body)| *body).ok_or_else(|| damaged(what))?;
    // Version 0 counts in two bytes, later ones in four.
    let skip = if items.first() == Some(&0) { 6 } else { 8 };
    let items = items.get(skip..).and_then(children).ok_or_else(|| damaged(what))?;
    let tells =
        items.iter().any(|(_, item)| contains(item, b"Exif") || contains(item, b"mime") || contains(item, b"uri "));
    if tells {
        return Err(unreadable(
            "The AVIF tells of camera, place or maker (EXIF or XMP). Export it without metadata, and send that.",
        ));
    }
    Ok(())
}

fn hidden(what: &str, kind: [u8; 4], bytes: u64) -> Refused {
    if kind.iter().all(|b| b.is_ascii_alphanumeric() || b" _-".contains(b)) {
        let kind = String::from_utf8_lossy(&kind).into_owned();
        return unreadable(format!(
            "The {what} has a part \"{kind}\" that is not known here. Save it anew without extras."
        ));
    }
    trailing(what, bytes)
}

/// Kind and whole length of the box that begins here, of which `left` bytes can be.
fn header(head: &[u8], left: u64) -> Option<([u8; 4], u64)> {
    let kind = head.get(4..8)?.try_into().ok()?;
    let (length, least) = match be32(head, 0)? {
        0 => (left, 8),
        1 => (u64::from_be_bytes(head.get(8..16)?.try_into().ok()?), 16),
        length => (u64::from(length), 8),
    };
    (least..=left).contains(&length).then_some((kind, length))
}

/// The boxes that fill these bytes, with what is in them.
fn children(bytes: &[u8]) -> Option<Vec<([u8; 4], &[u8])>> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while !rest.is_empty() && found.len() < BOXES_MAX {
        let (kind, length) = header(rest, rest.len() as u64)?;
        let (this, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let skip = if be32(this, 0) == Some(1) { 16 } else { 8 };
        found.push((kind, this.get(skip..)?));
        rest = after;
    }
    rest.is_empty().then_some(found)
}

/// Whether a `moov` box has a track of moving pictures.
fn has_pictures(moov: &[u8]) -> Option<bool> {
    let mut level = children(moov)?;
    level = level.into_iter().filter_map(|(_, body)| children(body)).flatten().collect();
    for name in TRACK_PATH {
        let inside = level.into_iter().filter(|(kind, _)| kind == name);
        level = inside.filter_map(|(_, body)| children(body)).flatten().collect();
    }
    let kinds: Vec<&[u8]> =
        level.iter().filter(|(kind, _)| kind == b"hdlr").filter_map(|(_, b)| b.get(8..12)).collect();
    (!kinds.is_empty()).then(|| kinds.contains(&&b"vide"[..]))
}
