//! The guard before the spreadsheet library, which believes what a workbook says of itself: every part is inflated and looked
//! through once, and what would fill the memory or lies outside any sheet is refused.

use crate::formats::archive::Archive;
use crate::formats::{Refused, Source};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::cell::Cell;
use std::io::{self, BufReader, Read};

/// Most text that cells share: the library holds all of it.
pub const SHARED_STRINGS_MAX_BYTES: usize = 128 * 1024 * 1024;
/// Largest part that is neither a sheet nor the shared text.
const PART_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Largest cell, as XML.
const CELL_MAX_BYTES: usize = 1024 * 1024;
/// Rows and columns of a sheet in any program.
const SHEET_ROWS_MAX: u32 = 1_048_576;
const SHEET_COLUMNS_MAX: u32 = 16_384;

/// Looks through a workbook.
///
/// # Errors
/// What the workbook is refused for.
pub fn check(source: &mut dyn Source) -> Result<(), Refused> {
    let mut archive = Archive::open(source)?;
    let names: Vec<String> = archive.names().collect();
    if !names.iter().any(|name| name.eq_ignore_ascii_case("xl/workbook.xml")) {
        return Err(Refused::Unreadable("is no Excel workbook; save it as “Excel workbook (.xlsx)”".into()));
    }
    if names.iter().any(|name| name.to_ascii_lowercase().starts_with("xl/externallinks/")) {
        return Err(Refused::Unreadable(
            "takes values from other workbooks; copy the sheet and paste it as values into a new workbook".into(),
        ));
    }
    for name in names {
        let mut part = archive.read(&name)?;
        let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if ending == "xml" || ending == "rels" {
            check_part(&mut part)?;
        } else {
            io::copy(&mut part, &mut io::sink())?;
        }
    }
    Ok(())
}

fn check_part(part: &mut dyn Read) -> Result<(), Refused> {
    let left = Cell::new(PART_MAX_BYTES);
    let mut reader = Reader::from_reader(BufReader::new(Metered { part, left: &left }));
    let (mut buffer, mut root, mut in_cell) = (Vec::new(), None, false);
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(refusal)?;
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                let name = start.local_name();
                let name: &[u8] = name.as_ref().as_ref();
                if root.is_none() {
                    root = Some(name.to_vec());
                    if name == b"sst" {
                        left.set(SHARED_STRINGS_MAX_BYTES);
                    }
                }
                match name {
                    b"c" | b"row" => check_place(start, b"r")?,
                    b"dimension" => check_place(start, b"ref")?,
                    b"Relationship" => check_relationship(start)?,
                    _ => {}
                }
                in_cell |= name == b"c" && matches!(event, Event::Start(_));
            }
            Event::End(end) if end.local_name().as_ref() == "c" => in_cell = false,
            Event::DocType(_) => return Err(broken()),
            Event::Eof => return Ok(()),
            _ => {}
        }
        // The library holds one cell of a sheet at a time.
        if root.as_deref() == Some(b"worksheet") && !in_cell {
            left.set(CELL_MAX_BYTES);
        }
    }
}

/// The library reckons with these letters and digits before anybody has checked them.
fn check_place(start: &BytesStart<'_>, attribute: &[u8]) -> Result<(), Refused> {
    let Some(value) = attribute_of(start, attribute)? else { return Ok(()) };
    let mut before = (0, 0);
    for corner in value.split(':') {
        let place = place_of(corner).filter(|place| place.0 >= before.0 && place.1 >= before.1);
        before = place.ok_or_else(|| {
            let shown: String = value.chars().take(40).collect();
            Refused::Unreadable(format!("names a cell “{shown}” that no sheet has; save the workbook again"))
        })?;
    }
    Ok(())
}

/// Column (0 where none is named) and row, both from 1.
fn place_of(corner: &str) -> Option<(u32, u32)> {
    let digits = corner.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, digits) = corner.split_at(digits);
    if letters.len() > 3 || digits.len() > 7 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let column =
        letters.bytes().fold(0, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let row = digits.parse().ok()?;
    (column <= SHEET_COLUMNS_MAX && (1..=SHEET_ROWS_MAX).contains(&row)).then_some((column, row))
}

/// What the library opens by name has to be among the parts that were looked through, and nothing else is opened.
fn check_relationship(start: &BytesStart<'_>) -> Result<(), Refused> {
    let kind = attribute_of(start, b"Type")?.unwrap_or_default();
    let target = attribute_of(start, b"Target")?.unwrap_or_default();
    let opened = ["/worksheet", "/sharedStrings", "/styles", "/theme"].iter().any(|end| kind.ends_with(end));
    if opened && !target.to_ascii_lowercase().ends_with(".xml") { Err(broken()) } else { Ok(()) }
}

fn attribute_of(start: &BytesStart<'_>, name: &[u8]) -> Result<Option<String>, Refused> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| broken())?;
        let own: &[u8] = attribute.key.as_ref().as_ref();
        if own == name {
            let value: &[u8] = attribute.value.as_ref().as_ref();
            return Ok(Some(String::from_utf8_lossy(value).into_owned()));
        }
    }
    Ok(None)
}

pub fn broken() -> Refused {
    Refused::Unreadable("is a broken workbook; open it in Excel or WPS and save it again as .xlsx".into())
}

fn refusal(error: quick_xml::Error) -> Refused {
    match error {
        quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => Refused::TooLarge(format!(
            "holds more than {} MiB of text in its cells, or one cell of more than {} MiB; split it or save it as CSV UTF-8",
            SHARED_STRINGS_MAX_BYTES >> 20,
            CELL_MAX_BYTES >> 20
        )),
        quick_xml::Error::Io(error) => {
            error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()).cloned().unwrap_or_else(broken)
        }
        _ => broken(),
    }
}

/// A part of the workbook that may give only so many bytes.
struct Metered<'a> {
    part: &'a mut dyn Read,
    left: &'a Cell<usize>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let n = self.part.read(buffer)?;
        self.left.set(self.left.get().saturating_sub(n));
        Ok(n)
    }
}
