//! Pictures without what their camera wrote: of all parts, only those that make the picture are kept, and of EXIF only how the
//! picture is turned, so that what was upright stays upright. Nothing is decoded.

use super::{Form, Media, Refused, be32, boxes, check_pixels, damaged, le16, le32, trailing};
use crate::domain::asset::PictureReport;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};
use img_parts::png::Png;
use img_parts::riff::RiffContent;
use img_parts::webp::WebP;
use img_parts::{Bytes, ImageEXIF};

/// Chunks of a PNG that say how it looks.
const PNG_KEPT: [&[u8; 4]; 18] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
    b"cLLI", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];
/// Chunks of a WebP that say how it looks.
const WEBP_KEPT: [&[u8; 4]; 7] = [b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// The flag of a WebP that says it has XMP.
const WEBP_XMP: u8 = 0x04;
/// A JFIF header without a thumbnail.
const JFIF_BYTES: usize = 14;
/// Most entries of an EXIF directory that are looked at.
const EXIF_ENTRIES_MAX: usize = 1_000;
const ORIENTATION_TAG: u16 = 0x0112;

/// A picture as it is kept, what was taken out, and how it is turned.
struct Cleaned {
    file: Bytes,
    removed: Vec<&'static str>,
    orientation: u8,
}

/// Measures and cleans a picture.
pub fn inspect(form: Form, file: Vec<u8>, media: &mut Media) -> Result<(), Refused> {
    let size = imagesize::blob_size(&file).map_err(|_| damaged("picture"))?;
    let (width, height) = (size.width as u64, size.height as u64);
    check_pixels(width, height, "picture")?;
    let file = Bytes::from(file);
    let cleaned = match form {
        Form::Png => png(&file)?,
        Form::Jpeg => jpeg(&file)?,
        Form::Webp => webp(&file)?,
        _ => {
            boxes::avif(&file)?;
            Cleaned { file: file.clone(), removed: Vec::new(), orientation: 1 }
        }
    };
    // The same picture, and no larger one that stood behind the first.
    if imagesize::blob_size(&cleaned.file).ok() != Some(size) {
        return Err(damaged("picture"));
    }
    // From 5 on, the picture lies on its side.
    let (width, height) = if cleaned.orientation >= 5 { (height, width) } else { (width, height) };
    let px = |edge| u32::try_from(edge).unwrap_or(u32::MAX);
    media.report.picture = Some(PictureReport { width_px: px(width), height_px: px(height) });
    media.report.removed = cleaned.removed.iter().map(ToString::to_string).collect();
    media.report.removed.sort();
    media.report.removed.dedup();
    if cleaned.file != file {
        media.cleaned = Some(cleaned.file.to_vec());
    }
    Ok(())
}

fn png(file: &Bytes) -> Result<Cleaned, Refused> {
    let mut png = Png::from_bytes(file.clone()).map_err(|_| damaged("PNG"))?;
    let kinds = || png.chunks().iter().map(img_parts::png::PngChunk::kind);
    let is_whole = kinds().next() == Some(*b"IHDR") && kinds().last() == Some(*b"IEND");
    if !is_whole || kinds().filter(|kind| kind == b"IHDR").count() != 1 || !kinds().any(|kind| &kind == b"IDAT") {
        return Err(damaged("PNG"));
    }
    if file.len() > png.len() {
        return Err(trailing("PNG", (file.len() - png.len()) as u64));
    }
    let orientation = png.exif().map_or(1, |exif| orientation(&exif));
    let removed = kinds().filter(|kind| !PNG_KEPT.contains(&kind)).map(|kind| match &kind {
        b"eXIf" => "EXIF",
        b"tEXt" | b"zTXt" | b"iTXt" => "texts",
        b"tIME" => "time",
        _ => "unknown chunks",
    });
    let removed: Vec<_> = removed.collect();
    if !removed.is_empty() {
        png.chunks_mut().retain(|chunk| PNG_KEPT.contains(&&chunk.kind()));
        if orientation != 1 {
            png.set_exif(Some(turned(orientation)));
        }
    }
    Ok(Cleaned { file: png.encoder().bytes(), removed, orientation })
}

fn jpeg(file: &Bytes) -> Result<Cleaned, Refused> {
    let mut jpeg = Jpeg::from_bytes(file.clone()).map_err(|_| damaged("JPEG"))?;
    let scan = jpeg.segments().iter().find(|segment| segment.has_entropy()).ok_or_else(|| damaged("JPEG"))?;
    let rest = scan.clone().encoder().bytes();
    let rest = rest.get(scan.len()..).unwrap_or_default();
    let end = end_of_scans(rest).ok_or_else(|| damaged("JPEG"))?;
    if end < rest.len() {
        return Err(trailing("JPEG", (rest.len() - end) as u64));
    }
    let is_frame = |marker: u8| (0xc0..=0xcf).contains(&marker) && ![0xc4, 0xc8, 0xcc].contains(&marker);
    let frames = jpeg.segments().iter().filter(|segment| is_frame(segment.marker())).count();
    if frames != 1 {
        return Err(damaged("JPEG"));
    }
    let orientation = jpeg.exif().map_or(1, |exif| orientation(&exif));
    let removed: Vec<_> = jpeg.segments().iter().filter_map(without).collect();
    if !removed.is_empty() {
        jpeg.segments_mut().retain(|segment| without(segment).is_none_or(|what| what == "thumbnail"));
        for segment in jpeg.segments_mut() {
            if without(segment).is_some() {
                let mut plain = segment.contents().get(..JFIF_BYTES - 2).unwrap_or_default().to_vec();
                plain.extend([0, 0]);
                *segment = JpegSegment::new_with_contents(markers::APP0, plain.into());
            }
        }
        if orientation != 1 {
            jpeg.set_exif(Some(turned(orientation)));
        }
    }
    Ok(Cleaned { file: jpeg.encoder().bytes(), removed, orientation })
}

/// What a segment holds that is not the picture.
fn without(segment: &JpegSegment) -> Option<&'static str> {
    let contents = segment.contents();
    match segment.marker() {
        markers::APP0 if contents.starts_with(b"JFIF\0") && contents.len() >= JFIF_BYTES => {
            (contents.len() > JFIF_BYTES).then_some("thumbnail")
        }
        markers::APP1 if contents.starts_with(b"Exif\0") => Some("EXIF"),
        markers::APP1 if contents.starts_with(b"http://ns.adobe.com/") => Some("XMP"),
        markers::APP2 if contents.starts_with(b"ICC_PROFILE\0") => None,
        markers::APP13 => Some("IPTC"),
        // Without it, some pictures have the wrong colours.
        markers::APP14 if contents.starts_with(b"Adobe") => None,
        markers::APP0..=markers::APP15 => Some("application data"),
        markers::COM => Some("comments"),
        _ => None,
    }
}

/// Where the picture ends: behind the last of its scans, between which only tables may stand.
fn end_of_scans(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += rest.get(at..)?.iter().position(|byte| *byte == markers::P)?;
        match *rest.get(at + 1)? {
            markers::EOI => return Some(at + 2),
            0x00 | 0xd0..=0xd7 => at += 2,
            markers::P => at += 1,
            // DHT, SOS, DQT, DNL, DRI
            0xc4 | 0xda..=0xdd => {
                let length = rest.get(at + 2..at + 4)?.try_into().ok().map(u16::from_be_bytes)?;
                at += 2 + usize::from(length.max(2));
            }
            _ => return None,
        }
    }
}

fn webp(file: &Bytes) -> Result<Cleaned, Refused> {
    let length = le32(file, 4).ok_or_else(|| damaged("WebP"))? as usize;
    let length = length + length % 2 + 8;
    if file.len() > length {
        return Err(trailing("WebP", (file.len() - length) as u64));
    }
    let mut webp = WebP::from_bytes(file.clone()).map_err(|_| damaged("WebP"))?;
    if ![b"VP8 ", b"VP8L", b"ANMF"].into_iter().any(|image| webp.has_chunk(*image)) {
        return Err(damaged("WebP"));
    }
    let orientation = webp.exif().map_or(1, |exif| orientation(&exif));
    let removed = webp.chunks().iter().map(img_parts::riff::RiffChunk::id).filter(|id| !WEBP_KEPT.contains(&id));
    let removed = removed.map(|id| match &id {
        b"EXIF" => "EXIF",
        b"XMP " => "XMP",
        _ => "unknown chunks",
    });
    let removed: Vec<_> = removed.collect();
    if !removed.is_empty() {
        webp.chunks_mut().retain(|chunk| WEBP_KEPT.contains(&&chunk.id()));
        for chunk in webp.chunks_mut().iter_mut().filter(|chunk| &chunk.id() == b"VP8X") {
            if let RiffContent::Data(data) = chunk.content_mut() {
                let mut flags = data.to_vec();
                flags.iter_mut().take(1).for_each(|byte| *byte &= !WEBP_XMP);
                *data = flags.into();
            }
        }
        webp.set_exif((orientation != 1).then(|| turned(orientation)));
    }
    Ok(Cleaned { file: webp.encoder().bytes(), removed, orientation })
}

/// How an EXIF block says the picture is turned: 1, upright, to 8.
fn orientation(exif: &[u8]) -> u8 {
    read_orientation(exif).unwrap_or(1)
}

fn read_orientation(exif: &[u8]) -> Option<u8> {
    let is_little = exif.starts_with(b"II");
    let short = |at: usize| {
        let bytes = le16(exif, at)?;
        Some(if is_little { bytes } else { bytes.swap_bytes() })
    };
    let first = if is_little { le32(exif, 4)? } else { be32(exif, 4)? };
    let first = usize::try_from(first).ok()?;
    let entries = usize::from(short(first)?).min(EXIF_ENTRIES_MAX);
    let mut places = (0..entries).map(|entry| first + 2 + 12 * entry);
    let place = places.find(|at| short(*at) == Some(ORIENTATION_TAG))?;
    u8::try_from(short(place + 8)?).ok().filter(|turn| (1..=8).contains(turn))
}

/// An EXIF block that says nothing but how the picture is turned.
fn turned(orientation: u8) -> Bytes {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.into()
}
