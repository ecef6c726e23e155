//! Excel workbooks: the first visible sheet, or the one that is named, row by row; and workbooks in which nothing is a formula.
//!
//! What a formula last gave is read, no formula is reckoned and nothing outside the file is opened. The text that cells share is
//! held in memory as the format demands, up to a bound; rows are not.

mod guard;

use super::columns::{Cell, EVERYDAY, Table, everyday, flatten};
use super::rows::Rows;
use super::{COLUMNS_MAX, Format, Place, Refused, Sink, Source, Understood};
use crate::domain::route::{StudyRoute, Waypoint};
use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};
use rust_xlsxwriter::{Format as Style, Workbook, Worksheet, XlsxError};
use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Longest text of a cell, in UTF-16 units, as Excel counts.
const CELL_MAX_UNITS: usize = 32_767;
/// Most sheets that are named to whoever has to choose.
const SHEETS_SHOWN_MAX: usize = 20;
const WIDTH_CHARACTERS: f64 = 24.0;

/// Reads one sheet row by row.
///
/// # Errors
/// The file as a whole is no workbook, has no such sheet, or goes beyond a bound.
pub fn read(source: &mut dyn Source, sheet: Option<&str>, sink: Sink<'_>) -> Result<Understood, Refused> {
    guard::check(source)?;
    source.rewind()?;
    let mut workbook = Xlsx::new(source).map_err(refusal)?;
    let sheets = visible(&workbook);
    let sheet = chosen(&sheets, sheet)?;
    let mut reader = workbook.worksheet_cells_reader(&sheet).map_err(refusal)?;
    let mut rows = Rows::sparse();
    let (mut cells, mut at) = (Vec::new(), 0);
    loop {
        let next = reader.next_cell().map_err(refusal)?;
        let row = next.as_ref().map(|cell| cell.get_position().0);
        if row != Some(at) {
            let place = Place::Row(u64::from(at) + 1);
            if let ControlFlow::Break(()) = rows.row(place, std::mem::take(&mut cells), sink)? {
                break;
            }
        }
        let Some(cell) = next else { break };
        let (row, column) = cell.get_position();
        at = row;
        put(&mut cells, column as usize, value(cell.get_value()))?;
    }
    let mut understood = Understood::new(Format::Xlsx);
    (understood.sheet, understood.sheets) = (Some(sheet), sheets);
    understood.sheets.truncate(SHEETS_SHOWN_MAX);
    rows.understood(understood)
}

/// Names of the sheets that a person sees.
fn visible(workbook: &Xlsx<&mut dyn Source>) -> Vec<String> {
    let sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    sheets.filter(|sheet| sheet.visible == SheetVisible::Visible).map(|sheet| sheet.name.clone()).collect()
}

fn chosen(visible: &[String], wanted: Option<&str>) -> Result<String, Refused> {
    let found = match wanted {
        Some(wanted) => visible.iter().find(|name| name.trim() == wanted.trim()),
        None => visible.first(),
    };
    found.cloned().ok_or_else(|| {
        let shown =
            visible.iter().take(SHEETS_SHOWN_MAX).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
        Refused::Unreadable(match wanted {
            Some(wanted) => format!("has no visible sheet “{wanted}”; it has {shown}"),
            None => "has no visible sheet; show one and save the workbook".into(),
        })
    })
}

fn put(cells: &mut Vec<Cell<'static>>, column: usize, value: Cell<'static>) -> Result<(), Refused> {
    if value == Cell::Empty {
        return Ok(());
    }
    if column >= COLUMNS_MAX {
        return Err(Refused::TooLarge(format!(
            "has more than {COLUMNS_MAX} columns; delete those that are not needed"
        )));
    }
    if cells.len() <= column {
        cells.resize(column + 1, Cell::Empty);
    }
    if let Some(cell) = cells.get_mut(column) {
        *cell = value;
    }
    Ok(())
}

fn value(value: &DataRef<'_>) -> Cell<'static> {
    let text = |text: &str| Cell::Text(Cow::Owned(text.into()));
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(string) | DataRef::DateTimeIso(string) | DataRef::DurationIso(string) => text(string),
        DataRef::SharedString(string) => text(string),
        DataRef::Bool(yes) => text(if *yes { "yes" } else { "no" }),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Int(number) => text(&number.to_string()),
        DataRef::DateTime(date) if date.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
            let time = if (hour, minute, second) == (0, 0, 0) {
                String::new()
            } else {
                format!(" {hour:02}:{minute:02}:{second:02}")
            };
            text(&format!("{year}-{month:02}-{day:02}{time}"))
        }
        DataRef::DateTime(duration) => Cell::Number(duration.as_f64()),
        DataRef::Error(error) => Cell::Error(Cow::Owned(error.to_string())),
    }
}

fn refusal(error: calamine::XlsxError) -> Refused {
    match error {
        calamine::XlsxError::Password => Refused::Unreadable("is protected by a password; save it without one".into()),
        calamine::XlsxError::Io(error) => error.into(),
        _ => guard::broken(),
    }
}

/// All fields of a route, with what the workbook cannot hold.
///
/// # Errors
/// `out` cannot be written, or the route has more waypoints than a sheet has rows.
pub fn write(route: &StudyRoute, out: &mut dyn Write) -> io::Result<Vec<String>> {
    let mut table = flatten(route);
    while let Some(property) = too_long(&table) {
        table.leave_out(property, "some text is longer than a cell of a workbook may be");
    }
    let mut workbook = Workbook::new();
    write_sheet(workbook.add_worksheet(), &table).map_err(io::Error::other)?;
    out.write_all(&workbook.save_to_buffer().map_err(io::Error::other)?)?;
    Ok(table.lost)
}

/// The everyday headings over one example, and a sheet that explains them in both languages.
///
/// # Errors
/// `out` cannot be written.
pub fn template(example: &Waypoint, out: &mut dyn Write) -> io::Result<()> {
    let mut workbook = Workbook::new();
    write_sheet(workbook.add_worksheet(), &everyday(std::slice::from_ref(example))).map_err(io::Error::other)?;
    write_help(workbook.add_worksheet()).map_err(io::Error::other)?;
    out.write_all(&workbook.save_to_buffer().map_err(io::Error::other)?)
}

/// The first property of which some text does not fit into a cell.
fn too_long(table: &Table<'_>) -> Option<&'static str> {
    let long = |cell: &Cell<'_>| matches!(cell, Cell::Text(text) if text.encode_utf16().count() > CELL_MAX_UNITS);
    table.rows().find_map(|cells| table.property(cells.iter().position(long)?))
}

fn write_sheet(sheet: &mut Worksheet, table: &Table<'_>) -> Result<(), XlsxError> {
    let bold = Style::new().set_bold();
    for (column, heading) in (0..).zip(&table.headings) {
        sheet.write_string_with_format(0, column, heading, &bold)?;
        sheet.set_column_width(column, WIDTH_CHARACTERS)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, cells) in (1..).zip(table.rows()) {
        for (column, cell) in (0..).zip(&cells) {
            match cell {
                Cell::Number(number) => sheet.write_number(row, column, *number)?,
                Cell::Text(text) if !text.is_empty() => sheet.write_string(row, column, text.as_ref())?,
                _ => continue,
            };
        }
    }
    Ok(())
}

fn write_help(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let bold = Style::new().set_bold();
    sheet.set_name("说明 Help")?;
    for (column, (heading, width)) in (0..).zip([("列 Column", 40.0), ("填写什么", 60.0), ("What to write", 60.0)])
    {
        sheet.write_string_with_format(0, column, heading, &bold)?;
        sheet.set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, column) in (1..).zip(&EVERYDAY) {
        sheet.write_string(row, 0, column.heading)?;
        sheet.write_string(row, 1, column.zh_cn)?;
        sheet.write_string(row, 2, column.en)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
