//! Headings of tables and names of properties to the fields of a waypoint, row by row into merge patches. CSV, spreadsheets, KML's
//! extended data and foreign GeoJSON properties all go through this one mapping.
//!
//! A path such as `facts[0].text.zh-CN` counts from 0, `facts.1.text.zh-CN` from 1 (from 0 where the file has a `.0`). A list is
//! taken whole: its columns together make all of it. An empty cell empties its field, an absent column leaves it as it is.
//! Refuses to guess: a heading that nobody knows is left out and said to be, two columns for one field refuse the file.

mod names;
mod shape;
mod table;
mod values;

pub use names::{Field, Target, crs_of, field_of};
pub use table::{EVERYDAY, Table, everyday, flatten};
pub use values::{put, settle};

use super::angle::{self, Axis};
use super::{COLUMNS_MAX, Column, Entry, Item, Mistake, Place, Position, Refused};
use crate::domain::crs::Crs;
use serde_json::Map;
use shape::{Path, Shape, Step};
use std::borrow::Cow;

/// What stands in one cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Text, never run as a formula.
    Text(Cow<'a, str>),
    /// A number.
    Number(f64),
    /// What a spreadsheet shows where a formula failed, such as `#N/A`.
    Error(Cow<'a, str>),
}

impl Cell<'_> {
    /// Nothing, or nothing but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Number(_) | Self::Error(_) => false,
        }
    }

    /// As text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) | Self::Error(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

/// The columns of one table.
#[derive(Clone, Debug)]
pub struct Columns {
    headings: Vec<String>,
    fields: Vec<Option<Field>>,
    /// The reference system that a heading names.
    crs: Option<Crs>,
}

impl Columns {
    /// Understands the headings of a table.
    ///
    /// # Errors
    /// There are none, or too many; two mean the same field; nothing tells which waypoint a row is.
    pub fn new(headings: &[Cow<'_, str>]) -> Result<Self, Refused> {
        let used = headings.iter().rposition(|heading| !heading.trim().is_empty()).map_or(0, |last| last + 1);
        if used > COLUMNS_MAX {
            return Err(Refused::TooLarge(format!(
                "has more than {COLUMNS_MAX} columns; delete those that are not needed"
            )));
        }
        let headings: Vec<String> = headings.iter().take(used).map(|heading| heading.trim().to_string()).collect();
        let dot_base = usize::from(!headings.iter().any(|h| h.contains(".0.") || h.ends_with(".0")));
        let fields = headings.iter().map(|heading| names::field_counted(heading, dot_base)).collect();
        let mut columns = Self { headings, fields, crs: None };
        columns.leave_out_addresses();
        columns.tell_languages();
        columns.refuse_doubles()?;
        columns.refuse_strangers()?;
        columns.crs = columns.one_crs()?;
        Ok(columns)
    }

    /// How many cells a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.headings.len()
    }

    /// Which column fills which field, and the headings that nothing is made of.
    #[must_use]
    pub fn understood(&self) -> (Vec<Column>, Vec<String>) {
        let known = self.known().map(|(i, field)| Column { heading: self.heading(i).into(), field: field.to_string() });
        let ignored =
            self.headings.iter().zip(&self.fields).filter(|(heading, field)| field.is_none() && !heading.is_empty());
        (known.collect(), ignored.map(|(heading, _)| heading.clone()).collect())
    }

    /// What a designer should know before taking the rows.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut lists: Vec<&str> = Vec::new();
        for (_, field) in self.known() {
            if let Target::Body(Path(steps), _) = &field.target
                && let [Step::Member(list), Step::Element(_), ..] = steps.as_slice()
                && !lists.contains(list)
            {
                lists.push(list);
            }
        }
        lists
            .iter()
            .map(|list| format!("the columns of {list} make the whole list; what they leave out is removed"))
            .collect()
    }

    /// The reference system that the headings name, with the heading that does.
    #[must_use]
    pub fn crs(&self) -> Option<(Crs, String)> {
        let named = self.known().find(|(_, field)| field.crs.is_some())?;
        Some((self.crs?, self.heading(named.0).into()))
    }

    /// One row as an item; a blank row is none, a row that names no waypoint is skipped and said to be.
    #[must_use]
    pub fn item(&self, place: Place, cells: &[Cell<'_>]) -> Option<Item> {
        if cells.iter().all(Cell::is_blank) {
            return None;
        }
        let entry = self.entry(place, cells);
        let placed = entry.position.is_some() || entry.mistakes.iter().any(|mistake| self.is_position(&mistake.column));
        let named =
            entry.id.is_some() || (!self.has_position() && entry.patch.get("title").is_some_and(|t| !blank_text(t)));
        if placed || named {
            return Some(Item::Entry(entry));
        }
        let reason = if self.has_position() {
            "has neither coordinates nor an id, as a remark or a sum has none; give it one of them if it is a waypoint"
        } else {
            "has neither an id nor a name; give it one of them if it is a waypoint"
        };
        Some(Item::Skipped { place, reason: reason.into() })
    }

    /// One row: its place in the file and its cells in the order of the headings. A missing cell leaves its field as it is.
    #[must_use]
    pub fn entry(&self, place: Place, cells: &[Cell<'_>]) -> Entry {
        let mut entry = Entry { place, id: None, position: None, crs: None, patch: Map::new(), mistakes: Vec::new() };
        let (mut lat, mut lon, mut height_m) = (None, None, None);
        for (i, field) in self.known() {
            let Some(cell) = cells.get(i) else { continue };
            let text = cell.text();
            let result = match &field.target {
                _ if matches!(cell, Cell::Error(_)) => {
                    Err("is a formula that failed; mend it or write the value itself".to_string())
                }
                Target::Id => {
                    entry.id = Some(text.trim().to_string()).filter(|id| !id.is_empty());
                    Ok(())
                }
                _ if cell.is_blank() => put(field, "", &mut entry.patch),
                Target::Lat => degrees(cell, Axis::Lat).map(|value| lat = Some(value)),
                Target::Lon => degrees(cell, Axis::Lon).map(|value| lon = Some(value)),
                Target::Pair(order) => angle::read_pair(&text, *order).map(|(a, b)| (lat, lon) = (Some(a), Some(b))),
                Target::HeightM => values::metres(&text).map(|value| height_m = Some(value)),
                Target::Crs => crs_of(&text)
                    .map(|crs| entry.crs = Some(crs))
                    .ok_or_else(|| "is not a known reference system; write wgs84, gcj02 or bd09".to_string()),
                Target::Body(..) => put(field, &text, &mut entry.patch),
            };
            if let Err(message) = result {
                entry.mistakes.push(Mistake::new(self.heading(i), &text, message));
            }
        }
        if let Err(message) = settle(&mut entry.patch) {
            entry.mistakes.push(Mistake::new("", "", message));
        }
        self.place_entry(&mut entry, lat, lon, height_m);
        self.count_cells(&mut entry, cells);
        entry
    }

    fn place_entry(&self, entry: &mut Entry, lat: Option<f64>, lon: Option<f64>, height_m: Option<f64>) {
        if let (Some(lat), Some(lon)) = (lat, lon) {
            entry.position = Some(Position { lat, lon, height_m });
        } else if lat.is_some() != lon.is_some() {
            let missing = if lat.is_some() { Target::Lon } else { Target::Lat };
            let column = self.known().find(|(_, field)| field.target == missing).map_or("", |(i, _)| self.heading(i));
            if !entry.mistakes.iter().any(|mistake| mistake.column == column) {
                let message = "is empty; write both latitude and longitude, or neither";
                entry.mistakes.push(Mistake::new(column, "", message));
            }
        }
        match (entry.crs, self.crs) {
            (Some(row), Some(heading)) if row != heading => {
                let message = format!("says {row} but the heading says {heading}; keep one of them");
                entry.mistakes.push(Mistake::new("", row.as_str(), message));
                entry.position = None;
            }
            (row, heading) => entry.crs = row.or(heading),
        }
    }

    fn count_cells(&self, entry: &mut Entry, cells: &[Cell<'_>]) {
        if let Some(cell) = cells.iter().skip(self.width()).find(|cell| !cell.is_blank()) {
            let message = format!(
                "has more cells than the {} headings; put a text with commas or quotation marks into quotation marks",
                self.width()
            );
            entry.mistakes.push(Mistake::new("", &cell.text(), message));
        }
    }

    fn known(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().enumerate().filter_map(|(i, field)| Some((i, field.as_ref()?)))
    }

    fn heading(&self, i: usize) -> &str {
        self.headings.get(i).map_or("", String::as_str)
    }

    fn has(&self, wanted: impl Fn(&Target) -> bool) -> bool {
        self.known().any(|(_, field)| wanted(&field.target))
    }

    fn has_position(&self) -> bool {
        self.has(is_place)
    }

    fn is_position(&self, heading: &str) -> bool {
        self.known().any(|(i, field)| is_place(&field.target) && self.heading(i) == heading)
    }

    /// Beside latitude and longitude a column "location" holds an address; a height without a place says nothing.
    fn leave_out_addresses(&mut self) {
        let both = self.has(|t| *t == Target::Lat) && self.has(|t| *t == Target::Lon);
        let placed = self.has_position();
        for field in &mut self.fields {
            let useless = match field.as_ref().map(|field| &field.target) {
                Some(Target::Pair(_)) => both,
                Some(Target::HeightM) => !placed,
                _ => false,
            };
            if useless {
                *field = None;
            }
        }
    }

    /// A heading without a language takes the one that its neighbour leaves; of two such, the Chinese heading is for Chinese.
    fn tell_languages(&mut self) {
        let han = |text: &str| text.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}'));
        let paths: Vec<Option<Path>> = self.fields.iter().map(|field| Some(field.as_ref()?.path()?.clone())).collect();
        for i in 0..self.fields.len() {
            let Some(Field { target: Target::Body(path, shape @ Shape::Bilingual), .. }) =
                self.fields.get_mut(i).and_then(Option::as_mut)
            else {
                continue;
            };
            let taken = |language| {
                let whole = Path(path.0.iter().copied().chain([Step::Member(language)]).collect());
                paths.iter().any(|other| other.as_ref() == Some(&whole))
            };
            let own = self.headings.get(i).is_some_and(|heading| han(heading));
            let mut rivals = paths.iter().zip(&self.headings).enumerate();
            let rival = rivals.any(|(j, (p, h))| j != i && p.as_ref() == Some(&*path) && han(h) != own);
            let language = match (taken("zh-CN"), taken("en"), rival) {
                (true, true, _) | (false, false, false) => continue,
                (false, true, _) => "zh-CN",
                (true, false, _) => "en",
                (false, false, true) => {
                    if own {
                        "zh-CN"
                    } else {
                        "en"
                    }
                }
            };
            path.0.push(Step::Member(language));
            *shape = &Shape::Text;
        }
    }

    fn refuse_doubles(&self) -> Result<(), Refused> {
        let mut seen: Vec<(Vec<Step>, String, usize)> = Vec::new();
        for (i, field) in self.known() {
            let steps = field.path().map_or_else(Vec::new, |path| path.0.clone());
            seen.push((steps, field.to_string(), i));
        }
        seen.sort();
        for pair in seen.windows(2) {
            let [(a, a_name, i), (b, b_name, j)] = pair else { continue };
            let nested = !a.is_empty() && b.starts_with(a);
            if nested || a_name == b_name {
                return Err(Refused::Unreadable(format!(
                    "has two columns for {a_name}: “{}” and “{}”; delete one or rename it",
                    self.heading(*i),
                    self.heading(*j)
                )));
            }
        }
        Ok(())
    }

    fn refuse_strangers(&self) -> Result<(), Refused> {
        let lat = self.has(|t| *t == Target::Lat);
        let lon = self.has(|t| *t == Target::Lon);
        let says = |message: &str| Err(Refused::Unreadable(message.into()));
        if self.headings.is_empty() {
            return says(
                "has no headings; write them into the first row: 名称, 纬度, 经度 or name, latitude, longitude",
            );
        }
        if lat && !lon {
            return says(
                "has a column of latitudes but none of longitudes; add one with the heading 经度 or longitude",
            );
        }
        if lon && !lat {
            return says("has a column of longitudes but none of latitudes; add one with the heading 纬度 or latitude");
        }
        let title = |t: &Target| matches!(t, Target::Body(path, _) if path.0.first() == Some(&Step::Member("title")));
        if !self.has_position() && !self.has(|t| *t == Target::Id || title(t)) {
            return says(
                "has no heading that tells which waypoint a row is; write headings such as 编号, 名称, 纬度, 经度 \
                 (id, name, latitude, longitude) into the first row",
            );
        }
        Ok(())
    }

    fn one_crs(&self) -> Result<Option<Crs>, Refused> {
        let mut named = self.known().filter_map(|(i, field)| Some((field.crs?, self.heading(i))));
        let Some((crs, heading)) = named.next() else { return Ok(None) };
        match named.find(|(other, _)| *other != crs) {
            Some((_, other)) => Err(Refused::Unreadable(format!(
                "names two reference systems, in “{heading}” and “{other}”; keep the columns of one of them"
            ))),
            None => Ok(Some(crs)),
        }
    }
}

impl Field {
    fn path(&self) -> Option<&Path> {
        match &self.target {
            Target::Body(path, _) => Some(path),
            _ => None,
        }
    }
}

fn is_place(target: &Target) -> bool {
    matches!(target, Target::Lat | Target::Lon | Target::Pair(_))
}

fn blank_text(title: &serde_json::Value) -> bool {
    title.as_object().is_none_or(|languages| languages.values().all(serde_json::Value::is_null))
}

fn degrees(cell: &Cell<'_>, axis: Axis) -> Result<f64, String> {
    match cell {
        Cell::Number(number) if number.is_finite() => Ok(*number),
        cell => angle::read(&cell.text(), axis),
    }
}

#[cfg(test)]
mod tests;
