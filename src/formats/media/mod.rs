//! Files of exhibits: what a file is by what stands in it, never by its name or by what its sender says. Pictures are given back
//! without what their camera wrote about place and maker; models are counted. Nothing is decoded, nothing is fetched.
//!
//! Refuses every format that can carry a script or that not all phones show, and every file that is two things at once.

mod boxes;
mod glb;
mod picture;
mod sound;
mod usdz;

#[cfg(test)]
mod tests;

use super::{Refused, Source};
use crate::domain::asset::{AssetKind, AssetReport};
use std::io::SeekFrom;

/// Largest picture.
pub const PICTURE_MAX_BYTES: u64 = 20 * MB;
/// Most pixels of a picture, and of a texture in a model.
pub const PICTURE_MAX_PX: u64 = 40_000_000;
/// Largest sound.
pub const AUDIO_MAX_BYTES: u64 = 50 * MB;
/// Largest film.
pub const VIDEO_MAX_BYTES: u64 = 200 * MB;
/// Largest model.
pub const MODEL_MAX_BYTES: u64 = 50 * MB;
/// Largest file of any kind.
pub const ASSET_MAX_BYTES: u64 = VIDEO_MAX_BYTES;
/// A model larger than this is too much for the role `reduced` on a phone network.
pub const REDUCED_MODEL_BYTES: u64 = 300_000;
/// More triangles make cheap phones stutter.
pub const PHONE_TRIANGLES: u64 = 60_000;
/// Longer edges are made smaller by many phones, or not shown.
pub const PHONE_TEXTURE_EDGE_PX: u32 = 2_048;
/// More memory for textures makes phones close the page.
pub const PHONE_TEXTURE_BYTES: u64 = 128 * MB;

const MB: u64 = 1_000_000;
/// So much of a file tells what it is.
const HEAD_BYTES: u64 = 4 * 1024;
const TAKEN: &str = "Taken are models as glTF binary (.glb) or USDZ, pictures as PNG, JPEG, WebP or AVIF, sound as MP3, OGG or M4A, and films as MP4.";

/// A file that may be shown to visitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The IANA media type.
    pub media_type: &'static str,
    /// The usual ending of file names.
    pub ending: &'static str,
    /// What was found.
    pub report: AssetReport,
    /// What its maker should hear.
    pub warnings: Vec<String>,
    /// The bytes to keep instead of the file's own, when something was taken out.
    pub cleaned: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Glb,
    Usdz,
    Png,
    Jpeg,
    Webp,
    Avif,
    Mp3,
    Ogg,
    M4a,
    Mp4,
}

impl Form {
    fn kind(self) -> AssetKind {
        match self {
            Self::Glb | Self::Usdz => AssetKind::Model,
            Self::Png | Self::Jpeg | Self::Webp | Self::Avif => AssetKind::Picture,
            Self::Mp3 | Self::Ogg | Self::M4a => AssetKind::Audio,
            Self::Mp4 => AssetKind::Video,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Glb => "model/gltf-binary",
            Self::Usdz => "model/vnd.usdz+zip",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Mp3 => "audio/mpeg",
            Self::Ogg => "audio/ogg",
            Self::M4a => "audio/mp4",
            Self::Mp4 => "video/mp4",
        }
    }
}

/// The usual ending of the files of a media type.
#[must_use]
pub fn ending(media_type: &str) -> &'static str {
    match media_type {
        "model/gltf-binary" => "glb",
        "model/vnd.usdz+zip" => "usdz",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/webp" => "webp",
        "image/avif" => "avif",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "audio/mp4" => "m4a",
        "video/mp4" => "mp4",
        _ => "bin",
    }
}

/// Looks at a file.
///
/// # Errors
/// When it is not taken: what it is, and what to do.
pub fn inspect(source: &mut dyn Source) -> Result<Media, Refused> {
    let bytes = source.seek(SeekFrom::End(0)).map_err(broken_off)?;
    let head = read_at(source, 0, bytes.min(HEAD_BYTES))?;
    let form = form(&head)?;
    let (what, max) = match form.kind() {
        AssetKind::Model => ("a model", MODEL_MAX_BYTES),
        AssetKind::Picture => ("a picture", PICTURE_MAX_BYTES),
        AssetKind::Audio => ("a sound", AUDIO_MAX_BYTES),
        AssetKind::Video => ("a film", VIDEO_MAX_BYTES),
    };
    if bytes > max {
        return Err(Refused::TooLarge(format!(
            "The file has {}; {what} may have {}. Make it smaller and send it again.",
            megabytes(bytes),
            megabytes(max)
        )));
    }
    let mut media = Media {
        media_type: form.media_type(),
        ending: ending(form.media_type()),
        report: AssetReport::new(form.kind()),
        warnings: Vec::new(),
        cleaned: None,
    };
    match form {
        Form::Png | Form::Jpeg | Form::Webp | Form::Avif => {
            let file = read_at(source, 0, bytes)?;
            picture::inspect(form, file, &mut media)?;
        }
        Form::Glb => glb::inspect(&read_at(source, 0, bytes)?, &mut media)?,
        Form::Usdz => usdz::inspect(&read_at(source, 0, bytes)?)?,
        Form::Mp3 => sound::mp3(source, bytes)?,
        Form::Ogg => sound::ogg(source, bytes)?,
        Form::M4a | Form::Mp4 => boxes::film(source, bytes, form == Form::Mp4, &mut media.warnings)?,
    }
    Ok(media)
}

/// What a file is by its first bytes.
fn form(head: &[u8]) -> Result<Form, Refused> {
    if head.is_empty() {
        return Err(unreadable("The file is empty; choose another."));
    }
    if head.starts_with(b"glTF") {
        return Ok(Form::Glb);
    }
    if head.get(4..8) == Some(b"ftyp") {
        return boxes::form(head);
    }
    let found = infer::get(head).map(|found| found.mime_type());
    match found {
        Some("image/png") => Ok(Form::Png),
        Some("image/jpeg") => Ok(Form::Jpeg),
        Some("image/webp") => Ok(Form::Webp),
        Some("audio/mpeg") => Ok(Form::Mp3),
        Some("audio/ogg" | "audio/opus") => Ok(Form::Ogg),
        _ if head.starts_with(b"PK\x03\x04") && usdz::begins(head) => Ok(Form::Usdz),
        found => Err(unreadable(format!("{} {TAKEN}", other(found, head)))),
    }
}

/// What is not taken, by a name that its maker knows.
fn other(found: Option<&str>, head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    if text.contains("<svg") {
        return "This is an SVG picture, which can carry scripts; save it as PNG or WebP.".into();
    }
    match found {
        Some("image/gif") => "This is a GIF; save it as PNG, or as MP4 if it moves.".into(),
        Some("application/pdf") => "This is a PDF; save its pictures as PNG or JPEG.".into(),
        Some("text/html" | "text/xml") => "This is a page of text, not a picture, model, sound or film.".into(),
        Some(known) => format!("This is {known}."),
        None if text.trim_start().starts_with('{') && text.contains("\"asset\"") => {
            "This seems to be a glTF model in several files; export it as one .glb file.".into()
        }
        None => "What this file is cannot be told from its first bytes.".into(),
    }
}

/// A part of a file. Nobody asks for more than the bounds above.
fn read_at(source: &mut dyn Source, at: u64, length: u64) -> Result<Vec<u8>, Refused> {
    source.seek(SeekFrom::Start(at)).map_err(broken_off)?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    source.read_exact(&mut bytes).map_err(broken_off)?;
    Ok(bytes)
}

fn broken_off(_: std::io::Error) -> Refused {
    unreadable("The file could not be read to its end; send it again.")
}

fn unreadable(words: impl Into<String>) -> Refused {
    Refused::Unreadable(words.into())
}

fn damaged(what: &str) -> Refused {
    unreadable(format!("The {what} is damaged or cut off. Open it in the program that made it, and save it anew."))
}

/// Files that are two things at once carry the second behind the end of the first.
fn trailing(what: &str, bytes: u64) -> Refused {
    unreadable(format!(
        "Behind the end of the {what} there are {bytes} more bytes. Open it in a program for such files, save it anew, and send that."
    ))
}

fn check_pixels(width: u64, height: u64, what: &str) -> Result<(), Refused> {
    if width == 0 || height == 0 {
        return Err(damaged(what));
    }
    if width.saturating_mul(height) > PICTURE_MAX_PX {
        let max = PICTURE_MAX_PX / 1_000_000;
        return Err(unreadable(format!(
            "The {what} has {width} × {height} pixels; at most {max} million are taken. Make it smaller."
        )));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / MB as f64)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}
