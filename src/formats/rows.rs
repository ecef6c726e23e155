//! What CSV files and spreadsheets have in common: titles, then a row of headings, then one waypoint a row.
//!
//! The headings are looked for among the first rows. Holds one row at a time.

use super::columns::{Cell, Columns, Target, field_of};
use super::{Item, Mistake, Place, Refused, Sink, Understood};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// How many rows may stand down to the headings.
pub const HEADING_ROWS_MAX: usize = 20;

/// The rows of one table as they come.
pub struct Rows {
    columns: Option<Columns>,
    /// Rows before the headings.
    titles: usize,
    /// Whether a row without its last cells is damaged, or only empty there.
    whole: bool,
}

impl Rows {
    /// For rows that always have a cell under every heading.
    #[must_use]
    pub fn whole() -> Self {
        Self { columns: None, titles: 0, whole: true }
    }

    /// For rows that end with their last filled cell; what is missing is empty.
    #[must_use]
    pub fn sparse() -> Self {
        Self { columns: None, titles: 0, whole: false }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// There is no row of headings, or its headings contradict each other.
    pub fn row(&mut self, place: Place, mut cells: Vec<Cell<'_>>, sink: Sink<'_>) -> Result<ControlFlow<()>, Refused> {
        if cells.iter().all(Cell::is_blank) {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(columns) = &self.columns else {
            let headings: Vec<Cow<'_, str>> = cells.iter().map(Cell::text).collect();
            if score(&headings) >= 2 {
                self.columns = Some(Columns::new(&headings)?);
            } else {
                self.titles += 1;
                if self.titles >= HEADING_ROWS_MAX {
                    return Err(no_headings());
                }
            }
            return Ok(ControlFlow::Continue(()));
        };
        let (found, width) = (cells.len(), columns.width());
        if !self.whole && found < width {
            cells.resize(width, Cell::Empty);
        }
        let Some(mut item) = columns.item(place, &cells) else { return Ok(ControlFlow::Continue(())) };
        if let Item::Entry(entry) = &mut item
            && cells.len() < width
        {
            let message = format!(
                "has {found} cells under {width} headings; add the missing ones, or close a quotation mark that stands open"
            );
            entry.mistakes.push(Mistake::new("", "", message));
        }
        Ok(sink(item))
    }

    /// How the table was understood.
    ///
    /// # Errors
    /// No row of headings came.
    pub fn understood(self, mut understood: Understood) -> Result<Understood, Refused> {
        let columns = self.columns.ok_or_else(no_headings)?;
        (understood.columns, understood.ignored) = columns.understood();
        understood.crs = columns.crs();
        if self.titles > 0 {
            understood.notes.push(format!("rows left out above the headings: {}", self.titles));
        }
        understood.notes.extend(columns.notes());
        Ok(understood)
    }
}

/// How much a row looks like headings: how many it has that are known; a cell for a pair of coordinates counts for two.
pub fn score(cells: &[Cow<'_, str>]) -> usize {
    let known = cells.iter().filter_map(|cell| field_of(cell));
    known.map(|field| if matches!(field.target, Target::Pair(_)) { 2 } else { 1 }).sum()
}

fn no_headings() -> Refused {
    Refused::Unreadable(format!(
        "has no row of headings among its first {HEADING_ROWS_MAX} rows; write headings such as 名称, 纬度, 经度 (name, latitude, longitude) \
         above the waypoints"
    ))
}
