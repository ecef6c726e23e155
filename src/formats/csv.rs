//! CSV and TSV as spreadsheet programs save them, and CSV that they open without harm.
//!
//! A cell that a spreadsheet would run as a formula is written with an apostrophe before it, which reading takes off again. Refuses
//! a quotation mark that never closes before it eats the file.

use super::columns::{Cell, Table, everyday, flatten};
use super::encoding::{self, Decoded};
use super::rows::{HEADING_ROWS_MAX, Rows, score};
use super::{Format, Place, Refused, Sink, Source, Understood};
use crate::domain::route::{StudyRoute, Waypoint};
use csv::{ByteRecord, ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use std::borrow::Cow;
use std::cell::Cell as Counter;
use std::io::{self, Cursor, Read, Write};
use std::ops::ControlFlow;

/// Largest row.
pub const ROW_MAX_BYTES: usize = 4 * 1024 * 1024;
/// How much is looked at to tell what stands between the cells.
const SAMPLE_BYTES: u64 = 64 * 1024;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
/// A cell that begins with one of these is run as a formula by some spreadsheet program.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Reads a table row by row.
///
/// # Errors
/// The file as a whole is no table, or goes beyond a bound.
pub fn read(source: &mut dyn Source, sink: Sink<'_>) -> Result<Understood, Refused> {
    let mut decoded = encoding::decode(source)?;
    let encoding = decoded.encoding();
    let mut sample = Vec::new();
    (&mut decoded).take(SAMPLE_BYTES).read_to_end(&mut sample)?;
    let old_mac = sample.contains(&b'\r') && !sample.contains(&b'\n');
    if old_mac {
        sample.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
    }
    let delimiter = delimiter_of(&sample)?;
    let left = Counter::new(ROW_MAX_BYTES);
    let lines = Lines { sample: Cursor::new(sample), rest: decoded, old_mac, left: &left };
    // A last line end, so that every row has one.
    let mut reader = reader(delimiter, lines.chain(&b"\n"[..]));
    let (mut rows, mut record) = (Rows::whole(), ByteRecord::new());
    while reader.read_byte_record(&mut record).map_err(|error| refusal(error, &record))? {
        left.set(ROW_MAX_BYTES);
        let within = record.iter().flatten().filter(|&&byte| byte == b'\n').count() as u64;
        let line = reader.position().line().saturating_sub(within + 1);
        let record = StringRecord::from_byte_record_lossy(std::mem::take(&mut record));
        if line == 1 && record.get(0).is_some_and(|cell| cell.starts_with("sep=")) {
            continue;
        }
        if let ControlFlow::Break(()) = rows.row(Place::Line(line), cells(&record), sink)? {
            break;
        }
    }
    let mut understood = Understood::new(if delimiter == b'\t' { Format::Tsv } else { Format::Csv });
    understood.encoding = Some(encoding);
    understood.delimiter = Some(char::from(delimiter));
    rows.understood(understood)
}

/// All fields of a route, with what the table cannot hold.
///
/// # Errors
/// `out` cannot be written.
pub fn write(route: &StudyRoute, delimiter: u8, out: &mut dyn Write) -> io::Result<Vec<String>> {
    let table = flatten(route);
    write_table(&table, delimiter, out)?;
    Ok(table.lost)
}

/// The everyday headings in both languages over one example.
///
/// # Errors
/// `out` cannot be written.
pub fn template(example: &Waypoint, out: &mut dyn Write) -> io::Result<()> {
    write_table(&everyday(std::slice::from_ref(example)), b',', out)
}

fn write_table(table: &Table<'_>, delimiter: u8, out: &mut dyn Write) -> io::Result<()> {
    // Without the mark Excel takes the file for GBK.
    out.write_all("\u{feff}".as_bytes())?;
    let mut writer = WriterBuilder::new().delimiter(delimiter).terminator(Terminator::CRLF).from_writer(out);
    writer.write_record(&table.headings)?;
    for cells in table.rows() {
        writer.write_record(cells.iter().map(|cell| match cell {
            Cell::Text(text) if needs_guard(text) => format!("'{text}"),
            cell => cell.text().into_owned(),
        }))?;
    }
    writer.flush()
}

/// Whether a spreadsheet would do something with a text other than show it; apostrophes before it make no difference.
fn needs_guard(text: &str) -> bool {
    let begins = text.trim_start_matches('\'').starts_with(|c: char| FORMULA.contains(&c) || c.is_whitespace());
    begins || text.ends_with(char::is_whitespace)
}

fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| needs_guard(rest)).unwrap_or_else(|| text.trim())
}

fn cells(record: &StringRecord) -> Vec<Cell<'_>> {
    let last = record.len().saturating_sub(1);
    let texts = record.iter().enumerate().map(|(i, text)| match text.strip_suffix('\r') {
        // Rows end at the line feed, so that a carriage return before it stands in the last cell.
        Some(text) if i == last => unguarded(text),
        _ => unguarded(text),
    });
    texts.map(|text| if text.is_empty() { Cell::Empty } else { Cell::Text(Cow::Borrowed(text)) }).collect()
}

fn reader<R: Read>(delimiter: u8, text: R) -> csv::Reader<R> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(text)
}

/// What stands between the cells: what Excel's first line says, else what makes most known headings.
fn delimiter_of(sample: &[u8]) -> Result<u8, Refused> {
    if let Some([delimiter, b'\r' | b'\n', ..]) = sample.strip_prefix(b"sep=") {
        return Ok(*delimiter);
    }
    let known = |delimiter: u8| {
        let records = reader(delimiter, sample).into_byte_records().take(HEADING_ROWS_MAX).filter_map(Result::ok);
        let score_of = |record| {
            score(&cells(&StringRecord::from_byte_record_lossy(record)).iter().map(Cell::text).collect::<Vec<_>>())
        };
        records.map(score_of).max().unwrap_or(0)
    };
    let best = DELIMITERS.into_iter().rev().max_by_key(|delimiter| known(*delimiter)).unwrap_or(b',');
    let first_line = sample.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if known(best) < 2 && String::from_utf8_lossy(first_line).contains('，') {
        return Err(Refused::Unreadable(
            "has full-width commas （，） between its cells; replace them with commas (,)".into(),
        ));
    }
    Ok(best)
}

fn refusal(error: csv::Error, record: &ByteRecord) -> Refused {
    let line = record.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => Refused::TooLarge(format!(
            "has a row of more than {} MiB after line {line}; a quotation mark there is not closed: close it",
            ROW_MAX_BYTES >> 20
        )),
        csv::ErrorKind::Io(error) => error.into(),
        _ => Refused::Unreadable(format!("cannot be read after line {line}; save it as CSV again")),
    }
}

/// The text of the file; ends a row that never ends.
struct Lines<'a, 's> {
    sample: Cursor<Vec<u8>>,
    rest: Decoded<'s>,
    /// Lines end in a carriage return alone.
    old_mac: bool,
    /// What the row may still take.
    left: &'a Counter<usize>,
}

impl Read for Lines<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let n = match self.sample.read(buffer)? {
            0 => self.rest.read(buffer)?,
            n => n,
        };
        self.left.set(self.left.get().saturating_sub(n));
        if self.old_mac {
            buffer.iter_mut().take(n).filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
