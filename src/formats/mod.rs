//! Files to study routes and back. Each format is one file: bytes in, what stands in them out, and what is wrong in a designer's
//! words. Pure: no database, no disk, no network; what a file refers to is never fetched.
//!
//! A reader pushes items one by one, so that memory does not grow with the file. It reads what the file says and judges
//! only that; what becomes of it is decided by who takes the items.

pub mod angle;
pub mod archive;
pub mod columns;
pub mod csv;
mod decoding;
pub mod detect;
pub mod encoding;
pub mod features;
mod feed;
pub mod geojson;
pub mod gpx;
pub mod kml;
pub mod media;
mod named;
mod rows;
pub mod xlsx;
mod xml;

use crate::domain::crs::Crs;
use crate::domain::route::StudyRoute;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use std::io::{self, Read, Seek, Write};
use std::ops::ControlFlow;

/// Largest file that is read.
pub const FILE_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Most positions of one drawn line.
pub const LINE_POSITIONS_MAX: usize = 100_000;
/// Longest text of one property, in bytes.
pub const VALUE_MAX_BYTES: usize = 64 * 1024;
/// Most columns, properties or extended data of one place.
pub const COLUMNS_MAX: usize = 1_000;

/// The formats that are read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 7946, old files with a `crs` member, RFC 8142 sequences and one feature a line.
    GeoJson,
    /// GPX 1.0 and 1.1.
    Gpx,
    /// KML 2.2.
    Kml,
    /// KML in a ZIP archive.
    Kmz,
    /// Comma or semicolon between the cells.
    Csv,
    /// Tabs between the cells.
    Tsv,
    /// Office Open XML spreadsheet.
    Xlsx,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 7] = [Self::GeoJson, Self::Gpx, Self::Kml, Self::Kmz, Self::Csv, Self::Tsv, Self::Xlsx];

    /// The word on the command line and on the wire, which is also the usual ending of file names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::Gpx => "gpx",
            Self::Kml => "kml",
            Self::Kmz => "kmz",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Xlsx => "xlsx",
        }
    }

    /// The IANA media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::GeoJson => "application/geo+json",
            Self::Gpx => "application/gpx+xml",
            Self::Kml => "application/vnd.google-earth.kml+xml",
            Self::Kmz => "application/vnd.google-earth.kmz",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|format| format.as_str() == text);
        known.ok_or_else(|| "a format is geojson, gpx, kml, kmz, csv, tsv or xlsx".into())
    }
}

/// Where something stands in its file, counted from 1 as the designer's tool counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A line of text: where the row of a CSV file begins, or an element of an XML file.
    Line(u64),
    /// A row of a sheet.
    Row(u64),
    /// A feature of a GeoJSON file, or a placemark of a KML file.
    Feature(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Row(n) => write!(f, "row {n}"),
            Self::Feature(n) => write!(f, "feature {n}"),
        }
    }
}

/// Something wrong in one row or feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The column's heading, the property or the element, as it stands in the file; empty for the whole row.
    pub column: String,
    /// What stands there, cut to 80 characters.
    pub value: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Mistake {
    /// A mistake; a long value is cut.
    #[must_use]
    pub fn new(column: &str, value: &str, message: impl Into<String>) -> Self {
        Self { column: column.into(), value: value.chars().take(80).collect(), message: message.into() }
    }
}

/// A position as written: degrees, not yet checked for being on the earth, nothing converted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// What stands as latitude.
    pub lat: f64,
    /// What stands as longitude.
    pub lon: f64,
    /// Height, metres, where the file says one.
    pub height_m: Option<f64>,
}

/// A place that may become a waypoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it stands in the file.
    pub place: Place,
    /// The waypoint's id, where the file has one.
    pub id: Option<String>,
    /// Where it is; `None` when the file does not say (a table may change texts alone) or when a mistake says why.
    pub position: Option<Position>,
    /// The reference system that this row itself names.
    pub crs: Option<Crs>,
    /// What the file says of the waypoint, in the shape of a route file's properties
    /// ([`crate::domain::route::WaypointBody`]), as an RFC 7396 merge patch: what is left out stays, null empties.
    pub patch: Map<String, Value>,
    /// What could not be read.
    pub mistakes: Vec<Mistake>,
}

/// What a file holds, one by one in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A place that may become a waypoint.
    Entry(Entry),
    /// A drawn line: the route's own, where there is one.
    Line {
        /// Where it stands in the file.
        place: Place,
        /// Its positions.
        positions: Vec<Position>,
        /// `id`, `title`, `summary` where the file has them.
        patch: Map<String, Value>,
        /// What could not be read.
        mistakes: Vec<Mistake>,
    },
    /// Something that is neither, left out, and why.
    Skipped {
        /// Where it stands in the file.
        place: Place,
        /// What it is and why it is left out.
        reason: String,
    },
}

/// A column and the field it fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The heading as it stands in the file.
    pub heading: String,
    /// The field, as a path such as `title.en` or `facts[0].source`; `lat`, `lon`, `height_m`, `id`, `crs` beside.
    pub field: String,
}

/// How a file was understood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Understood {
    /// The format.
    pub format: Format,
    /// The encoding of its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
    /// What stands between cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The sheet that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// All sheets that could be read instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<String>,
    /// The reference system that the file itself names, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crs: Option<(Crs, String)>,
    /// Which column fills which field.
    pub columns: Vec<Column>,
    /// Columns that nothing is made of.
    pub ignored: Vec<String>,
    /// What else a designer should know: what was left out, what was assumed.
    pub notes: Vec<String>,
}

impl Understood {
    /// Nothing but the format.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            encoding: None,
            delimiter: None,
            sheet: None,
            sheets: Vec::new(),
            crs: None,
            columns: Vec::new(),
            ignored: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// Why a file as a whole is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not what it says, broken, or made to do harm.
    #[error("{0}")]
    Unreadable(String),
    /// It goes beyond a bound.
    #[error("{0}")]
    TooLarge(String),
}

impl From<io::Error> for Refused {
    /// A guard between the file and its reader can only speak through [`io::Error`]; its word is kept.
    fn from(error: io::Error) -> Self {
        let said = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()).cloned();
        said.unwrap_or_else(|| Self::Unreadable(format!("cannot be read to its end ({error}); save or send it again")))
    }
}

/// A file on disk or in memory.
pub trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// Takes items; `Break` ends the reading without an error.
pub type Sink<'a> = &'a mut dyn FnMut(Item) -> ControlFlow<()>;

/// What a reader is told beside the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The format that the sender says it is; without it the content alone tells.
    pub format: Option<Format>,
    /// The sheet that is read, of a workbook.
    pub sheet: Option<String>,
}

/// Reads a file of any format.
///
/// # Errors
/// What the file is refused for; what came before is to be thrown away.
pub fn read(source: &mut dyn Source, options: &Options, sink: Sink<'_>) -> Result<Understood, Refused> {
    let found = detect::detect(source)?;
    // What stands between the cells of a table is told apart by its own reader.
    let is_table = |format| matches!(format, Format::Csv | Format::Tsv);
    if let Some(said) = options.format.filter(|&said| said != found && !(is_table(said) && is_table(found))) {
        return Err(Refused::Unreadable(format!("is sent as {said} but is {found}; name the right format or none")));
    }
    match found {
        Format::GeoJson => features::read(source, sink),
        Format::Gpx => gpx::read(source, sink),
        Format::Kml => kml::read(source, sink),
        Format::Kmz => kml::read_kmz(source, sink),
        Format::Csv | Format::Tsv => csv::read(source, sink),
        Format::Xlsx => xlsx::read(source, options.sheet.as_deref(), sink),
    }
}

/// Writes a study route in a format. Returns what that format cannot hold, in a designer's words.
///
/// # Errors
/// The writer's.
pub fn write(format: Format, route: &StudyRoute, out: &mut dyn Write) -> io::Result<Vec<String>> {
    match format {
        Format::GeoJson => features::write(route, out),
        Format::Gpx => gpx::write(route, out),
        Format::Kml => kml::write(route, out),
        Format::Kmz => kml::write_kmz(route, out),
        Format::Csv => csv::write(route, b',', out),
        Format::Tsv => csv::write(route, b'\t', out),
        Format::Xlsx => xlsx::write(route, out),
    }
}
