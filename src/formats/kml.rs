//! KML 2.0 to 2.3, alone or packed as KMZ, as Google Earth and GIS programs write it: a placemark with a point is a place, one with
//! a line or a track is a line. Styles and views are not read; links are named and never followed.

mod geometry;
mod plain;
mod written;

pub use written::{write, write_kmz};

use self::geometry::Geometry;
use super::archive::Archive;
use super::gpx::{lang_of, too_long};
use super::named::Names;
use super::xml::{Element, Xml};
use super::{COLUMNS_MAX, Entry, Format, Item, Mistake, Place, Refused, Sink, Source, Understood, VALUE_MAX_BYTES};
use serde_json::{Map, Value, json};
use std::io::Read;
use std::ops::ControlFlow;

/// Who a height read from such a file is ascribed to, until a designer says better.
pub const HEIGHT_SOURCE: &str = "KML file";

/// Reads a KML file.
///
/// # Errors
/// What the file is refused for; what came before is to be thrown away.
pub fn read(source: &mut dyn Source, sink: Sink<'_>) -> Result<Understood, Refused> {
    source.rewind()?;
    let mut source = source;
    let mut reader = KmlReader::new(Format::Kml, sink);
    // Who takes the items may have had enough; that is no error.
    let _ = reader.file(&mut source)?;
    Ok(reader.account())
}

/// Reads the KML in a KMZ archive: `doc.kml`, else the first file. Some programs put nothing there but links to the other files of
/// the archive; these are then read instead.
///
/// # Errors
/// What the file is refused for; what came before is to be thrown away.
pub fn read_kmz(source: &mut dyn Source, sink: Sink<'_>) -> Result<Understood, Refused> {
    let mut archive = Archive::open(source)?;
    let mut names: Vec<String> = archive.names().filter(|name| is_kml(name)).collect();
    names.sort_by_key(|name| name != "doc.kml");
    let Some((main, others)) = names.split_first() else {
        return Err(Refused::Unreadable("is an archive without a KML file; save the places as KMZ again".into()));
    };
    let mut reader = KmlReader::new(Format::Kmz, sink);
    let mut flow = reader.file(&mut archive.read(main)?)?;
    let read_others = reader.placemarks == 0;
    if !others.is_empty() {
        let which = if read_others { "holds no placemark; all are read" } else { "alone is read" };
        reader.understood.notes.push(format!("the archive holds {} KML files; {main} {which}", names.len()));
    }
    for name in others.iter().filter(|_| read_others) {
        if flow.is_continue() {
            flow = reader.file(&mut archive.read(name)?)?;
        }
    }
    Ok(reader.account())
}

/// Whether a file in an archive is KML, by its name.
pub(super) fn is_kml(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("kml"))
}

struct KmlReader<'a> {
    sink: Sink<'a>,
    understood: Understood,
    names: Names,
    placemarks: u64,
    heights: u64,
    dropped: u64,
    joined: u64,
}

/// What a placemark says of itself.
#[derive(Default)]
struct Said {
    name: String,
    description: String,
    data: Vec<(String, String)>,
    geometry: Geometry,
    mistakes: Vec<Mistake>,
}

impl<'a> KmlReader<'a> {
    fn new(format: Format, sink: Sink<'a>) -> Self {
        let understood = Understood::new(format);
        Self { sink, understood, names: Names::default(), placemarks: 0, heights: 0, dropped: 0, joined: 0 }
    }

    fn file(&mut self, source: &mut dyn Read) -> Result<ControlFlow<()>, Refused> {
        let mut xml = Xml::new(source)?;
        self.understood.encoding = Some(xml.encoding());
        match xml.child()? {
            Some(root) if root.name == "kml" => (),
            _ => return Err(Refused::Unreadable("is not a KML file: its outermost element is not kml".into())),
        }
        let flow = self.container(&mut xml)?;
        if flow.is_continue() {
            xml.child()?;
        }
        Ok(flow)
    }

    /// How it all was understood.
    fn account(self) -> Understood {
        let mut understood = self.understood;
        self.names.into_understood(&mut understood);
        let said = [
            (
                self.heights,
                "absolute altitudes are taken as heights above sea level, with the source \"KML file\"; say who measured them",
            ),
            (self.dropped, "altitudes that count from the ground are left out"),
            (self.joined, "a placemark of several lines is read as one line; gaps are drawn straight"),
        ];
        understood.notes.extend(said.into_iter().filter(|(count, _)| *count > 0).map(|(_, note)| note.to_string()));
        understood
    }

    /// Folders and documents hold placemarks and each other; the guard bounds how deep.
    fn container(&mut self, xml: &mut Xml<'_>) -> Result<ControlFlow<()>, Refused> {
        while let Some(element) = xml.child()? {
            let flow = match element.name.as_str() {
                "Document" | "Folder" => self.container(xml)?,
                "Placemark" => self.placemark(xml)?,
                "NetworkLink" => self.skipped(
                    xml,
                    &element,
                    "a network link; links are not followed, save what it shows in the file",
                )?,
                "GroundOverlay" | "PhotoOverlay" | "ScreenOverlay" => {
                    self.skipped(xml, &element, "a picture laid over the map, which is no place")?
                }
                "Tour" => self.skipped(xml, &element, "a tour of views, which is no place")?,
                _ => {
                    xml.skip()?;
                    ControlFlow::Continue(())
                }
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn skipped(&mut self, xml: &mut Xml<'_>, element: &Element, reason: &str) -> Result<ControlFlow<()>, Refused> {
        xml.skip()?;
        Ok((self.sink)(Item::Skipped { place: Place::Line(element.line), reason: reason.into() }))
    }

    fn placemark(&mut self, xml: &mut Xml<'_>) -> Result<ControlFlow<()>, Refused> {
        self.placemarks += 1;
        let mut said = Said::default();
        while let Some(child) = xml.child()? {
            match child.name.as_str() {
                "name" => said.name = text_of(xml, &child, &mut said.mistakes)?,
                "description" => said.description = text_of(xml, &child, &mut said.mistakes)?,
                "ExtendedData" => extended(xml, &mut said)?,
                _ => said.geometry.child(xml, &child)?,
            }
        }
        let item = self.item(said);
        Ok((self.sink)(item))
    }

    fn item(&mut self, mut said: Said) -> Item {
        let place = Place::Feature(self.placemarks);
        if let Some(reason) = said.geometry.unfit() {
            return Item::Skipped { place, reason };
        }
        let mut entry = Entry {
            place,
            id: None,
            position: None,
            crs: None,
            patch: Map::new(),
            mistakes: std::mem::take(&mut said.mistakes),
        };
        let data = said.data.into_iter().map(|(name, value)| (name, Value::String(value)));
        let height_m = self.names.take(&mut entry, data);
        fill(&mut entry.patch, "title", said.name.trim().to_string());
        fill(&mut entry.patch, "summary", plain::plain(&said.description));
        self.joined += u64::from(said.geometry.is_joined());
        if said.geometry.is_line() {
            let (positions, mut mistakes) = said.geometry.into_line();
            mistakes.append(&mut entry.mistakes);
            return Item::Line { place, positions, patch: super::named::line_patch(entry.id, entry.patch), mistakes };
        }
        let point = said.geometry.into_point(&mut entry.mistakes);
        if let Some((position, altitude)) = point {
            entry.position = Some(super::Position { height_m, ..position });
            self.dropped += u64::from(altitude.is_some_and(|altitude| !altitude.absolute && altitude.metres != 0.0));
            if let Some(altitude) = altitude.filter(|altitude| altitude.absolute)
                && !entry.patch.contains_key("altitude")
            {
                self.heights += 1;
                let altitude = json!({ "metres": altitude.metres, "source": HEIGHT_SOURCE });
                entry.patch.insert("altitude".into(), altitude);
            }
        }
        Item::Entry(entry)
    }
}

/// Puts a text into its language, where the extended data say nothing.
fn fill(patch: &mut Map<String, Value>, field: &str, text: String) {
    if text.is_empty() {
        return;
    }
    let texts = patch.entry(field).or_insert_with(|| json!({}));
    if let Some(texts) = texts.as_object_mut() {
        texts.entry(lang_of(&text).tag()).or_insert(Value::String(text));
    }
}

fn text_of(xml: &mut Xml<'_>, element: &Element, mistakes: &mut Vec<Mistake>) -> Result<String, Refused> {
    let text = xml.text(VALUE_MAX_BYTES)?;
    if text.is_none() {
        mistakes.push(too_long(&element.name));
    }
    Ok(text.unwrap_or_default())
}

/// `Data` with a `value`, or `SimpleData` of a schema.
fn extended(xml: &mut Xml<'_>, said: &mut Said) -> Result<(), Refused> {
    while let Some(child) = xml.child()? {
        let name = child.attribute("name").unwrap_or_default().to_string();
        match child.name.as_str() {
            "SchemaData" => extended(xml, said)?,
            "SimpleData" => {
                let text = xml.text(VALUE_MAX_BYTES)?;
                datum(said, name, text);
            }
            "Data" => {
                while let Some(part) = xml.child()? {
                    if part.name == "value" {
                        let text = xml.text(VALUE_MAX_BYTES)?;
                        datum(said, name.clone(), text);
                    } else {
                        xml.skip()?;
                    }
                }
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn datum(said: &mut Said, name: String, text: Option<String>) {
    match text {
        None => said.mistakes.push(too_long(&name)),
        Some(_) if said.data.len() == COLUMNS_MAX => {
            let message = format!("there are more than {COLUMNS_MAX} data of one placemark; remove some");
            if said.mistakes.iter().all(|mistake| mistake.message != message) {
                said.mistakes.push(Mistake::new("ExtendedData", "", message));
            }
        }
        Some(text) => said.data.push((name, text)),
    }
}
