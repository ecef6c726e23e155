//! Tells what a file is by what stands in it; its name is not asked. What is none of the formats is refused with what to do instead.

use super::archive::Archive;
use super::xml::Xml;
use super::{Format, Refused, Source, feed, kml};
use std::io::Read;

/// How much of a file is looked at, in bytes.
const HEAD_BYTES: u64 = 4_096;

/// Files that are often sent by mistake, by their first bytes.
const FOREIGN: [(&[u8], &str); 10] = [
    (
        b"\xd0\xcf\x11\xe0",
        "is an old Excel or Word file, or one protected by a password; save it as .xlsx without a password",
    ),
    (b"\x00\x00\x27\x0a", "is a part of a Shapefile; open it in QGIS and export the layer as GeoJSON"),
    (b"SQLite format 3\0", "is a GeoPackage or another database; open it in QGIS and export the layer as GeoJSON"),
    (b"%PDF", "is a PDF; send the table or the map's places instead"),
    (b"\x89PNG", "is a picture; send the places instead"),
    (b"\xff\xd8\xff", "is a picture; send the places instead"),
    (b"\x1f\x8b", "is packed with gzip; unpack it first"),
    (b"7z\xbc\xaf", "is packed with 7-Zip; unpack it first"),
    (b"Rar!", "is packed with RAR; unpack it first"),
    (b"{\\rtf", "is a text document; send the table as .xlsx or .csv instead"),
];

/// Archives that are often sent by mistake, by a file in them.
const FOREIGN_ARCHIVES: [(&str, &str); 5] = [
    ("word/document.xml", "is a Word document; copy the table into a spreadsheet and save it as .xlsx"),
    ("Index/Document.iwa", "is an Apple Numbers or Pages file; export it as Excel (.xlsx) or CSV"),
    ("content.xml", "is an OpenDocument file; save the table as .xlsx"),
    (".shp", "is a packed Shapefile; open it in QGIS and export the layer as GeoJSON"),
    ("xl/workbook.bin", "is a binary Excel file (.xlsb); save it as .xlsx"),
];

/// The format of a file; a table of text is [`Format::Csv`], whatever stands between its cells.
///
/// # Errors
/// It is none of the formats, or its beginning is already refused.
pub fn detect(source: &mut dyn Source) -> Result<Format, Refused> {
    source.rewind()?;
    let mut head = Vec::new();
    (&mut *source).take(HEAD_BYTES).read_to_end(&mut head)?;
    source.rewind()?;
    if let Some((_, message)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(Refused::Unreadable((*message).into()));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return archived(source);
    }
    let text = feed::beginning(&head)?;
    let text = text.trim_start();
    match text.chars().next() {
        None => Err(Refused::Unreadable("is empty; save or send it again".into())),
        Some('<') => marked_up(source, text),
        Some('{' | '[' | '\u{1e}') => Ok(Format::GeoJson),
        Some(_) if text.contains(is_binary) => Err(Refused::Unreadable(
            "is no text and none of the known formats; send GeoJSON, GPX, KML, KMZ, CSV or .xlsx".into(),
        )),
        Some(_) => Ok(Format::Csv),
    }
}

/// Control characters that no text file has. A zero byte is half a character of UTF-16, which the reader of tables tells.
fn is_binary(c: char) -> bool {
    matches!(c, '\u{1}'..='\u{8}' | '\u{e}'..='\u{1a}' | '\u{1c}'..='\u{1d}' | '\u{1f}')
}

fn archived(source: &mut dyn Source) -> Result<Format, Refused> {
    let archive = Archive::open(source)?;
    let names: Vec<String> = archive.names().collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    if has("xl/workbook.xml") {
        return Ok(Format::Xlsx);
    }
    if names.iter().any(|name| kml::is_kml(name)) {
        return Ok(Format::Kmz);
    }
    let foreign = FOREIGN_ARCHIVES.iter().find(|(sign, _)| names.iter().any(|name| name.ends_with(sign)));
    Err(Refused::Unreadable(match foreign {
        Some((_, message)) => (*message).into(),
        None => "is an archive without a KML file and no Excel file; unpack it and send the file inside".into(),
    }))
}

fn marked_up(source: &mut dyn Source, text: &str) -> Result<Format, Refused> {
    let start: String = text.chars().take(14).collect::<String>().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Err(Refused::Unreadable("is a web page; download the file itself, not the page that shows it".into()));
    }
    let mut source = source;
    let root = Xml::new(&mut source)?.child()?.map(|root| root.name).unwrap_or_default();
    match root.as_str() {
        "gpx" => Ok(Format::Gpx),
        "kml" => Ok(Format::Kml),
        other => {
            let shown: String = other.chars().take(40).collect();
            Err(Refused::Unreadable(format!(
                "is XML but neither GPX nor KML (its outermost element is {shown:?}); export it as GPX or KML"
            )))
        }
    }
}
