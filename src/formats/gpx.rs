//! GPX 1.0 and 1.1, as handheld GPS devices and GIS programs write it: `wpt` are places, `rte` and `trk` are lines. Times, symbols,
//! types and extensions are not read.

use super::xml::{Element, Xml};
use super::{
    Entry, Format, Item, LINE_POSITIONS_MAX, Mistake, Place, Position, Refused, Sink, Source, Understood,
    VALUE_MAX_BYTES,
};
use crate::domain::route::{Lang, StudyRoute};
use quick_xml::escape::escape;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Who a height read from such a file is ascribed to, until a designer says better.
pub const HEIGHT_SOURCE: &str = "GPX file";
/// Longest number, in bytes.
const NUMBER_MAX_BYTES: usize = 64;

/// Reads a file. Points of routes are places only where the file has no waypoint of its own.
///
/// # Errors
/// What the file is refused for; what came before is to be thrown away.
pub fn read(source: &mut dyn Source, sink: Sink<'_>) -> Result<Understood, Refused> {
    source.rewind()?;
    let mut reader = GpxReader {
        sink,
        understood: Understood::new(Format::Gpx),
        waypoints: 0,
        route_points: 0,
        heights: 0,
        joined: 0,
    };
    let whole = reader.file(source, false)?;
    if whole.is_continue() && reader.waypoints == 0 && reader.route_points > 0 {
        source.rewind()?;
        reader.note("the file has no waypoints; the points of its routes are read as places");
        // Who takes the items may have had enough; that is no error.
        let _ = reader.file(source, true)?;
    }
    if reader.heights > 0 {
        reader.note("ele is taken as height above sea level, with the source \"GPX file\"; say who measured it");
    }
    if reader.joined > 0 {
        reader.note("a track of several segments is read as one line; gaps are drawn straight");
    }
    Ok(reader.understood)
}

struct GpxReader<'a> {
    sink: Sink<'a>,
    understood: Understood,
    waypoints: u64,
    route_points: u64,
    heights: u64,
    joined: u64,
}

impl GpxReader<'_> {
    fn note(&mut self, text: &str) {
        self.understood.notes.push(text.into());
    }

    /// Walks the file once: for all but the points of routes, or for them alone.
    fn file(&mut self, source: &mut dyn Source, route_points: bool) -> Result<ControlFlow<()>, Refused> {
        let mut source = source;
        let mut xml = Xml::new(&mut source)?;
        self.understood.encoding = Some(xml.encoding());
        match xml.child()? {
            Some(root) if root.name == "gpx" => (),
            _ => return Err(Refused::Unreadable("is not a GPX file: its outermost element is not gpx".into())),
        }
        while let Some(element) = xml.child()? {
            let flow = match (element.name.as_str(), route_points) {
                ("wpt", false) => {
                    self.waypoints += 1;
                    let entry = self.point(&mut xml, &element)?;
                    (self.sink)(Item::Entry(entry))
                }
                ("rte" | "trk", false) => self.line(&mut xml, &element)?,
                ("rte", true) => self.route_points(&mut xml)?,
                _ => {
                    xml.skip()?;
                    ControlFlow::Continue(())
                }
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        xml.child()?;
        Ok(ControlFlow::Continue(()))
    }

    fn route_points(&mut self, xml: &mut Xml<'_>) -> Result<ControlFlow<()>, Refused> {
        let mut flow = ControlFlow::Continue(());
        while let Some(element) = xml.child()? {
            if element.name == "rtept" && flow.is_continue() {
                let entry = self.point(xml, &element)?;
                flow = (self.sink)(Item::Entry(entry));
            } else {
                xml.skip()?;
            }
        }
        Ok(flow)
    }

    fn point(&mut self, xml: &mut Xml<'_>, element: &Element) -> Result<Entry, Refused> {
        let mut mistakes = Vec::new();
        let position = position_of(element, &mut mistakes);
        let (mut words, mut height) = (Words::default(), None);
        while let Some(child) = xml.child()? {
            if child.name == "ele" {
                height = height_of(xml, &mut mistakes)?;
            } else {
                words.child(xml, &child, &mut mistakes)?;
            }
        }
        let mut patch = words.patch();
        if let Some(metres) = height {
            self.heights += 1;
            patch.insert("altitude".into(), json!({ "metres": metres, "source": HEIGHT_SOURCE }));
        }
        Ok(Entry { place: Place::Line(element.line), id: None, position, crs: None, patch, mistakes })
    }

    fn line(&mut self, xml: &mut Xml<'_>, element: &Element) -> Result<ControlFlow<()>, Refused> {
        let mut line = Drawn::default();
        let (mut words, mut segments) = (Words::default(), 0_u64);
        while let Some(child) = xml.child()? {
            match child.name.as_str() {
                "rtept" => {
                    self.route_points += 1;
                    line.add(&child);
                    xml.skip()?;
                }
                "trkseg" => {
                    segments += 1;
                    while let Some(point) = xml.child()? {
                        if point.name == "trkpt" {
                            line.add(&point);
                        }
                        xml.skip()?;
                    }
                }
                _ => words.child(xml, &child, &mut line.mistakes)?,
            }
        }
        self.joined += u64::from(segments > 1);
        let Drawn { positions, mistakes, .. } = line;
        Ok((self.sink)(Item::Line { place: Place::Line(element.line), positions, patch: words.patch(), mistakes }))
    }
}

/// The positions of a line, and what could not be read of it; of many like mistakes the first.
#[derive(Default)]
struct Drawn {
    positions: Vec<Position>,
    mistakes: Vec<Mistake>,
    full: bool,
}

impl Drawn {
    fn add(&mut self, point: &Element) {
        if self.positions.len() == LINE_POSITIONS_MAX {
            if !std::mem::replace(&mut self.full, true) {
                let message = format!("has more than {LINE_POSITIONS_MAX} points; simplify the line");
                self.mistakes.push(Mistake::new(&point.name, "", message));
            }
            return;
        }
        let mut mistakes = Vec::new();
        self.positions.extend(position_of(point, &mut mistakes));
        if self.mistakes.is_empty() {
            self.mistakes.append(&mut mistakes);
        }
    }
}

/// `lat` and `lon`; each that is missing or no number is a mistake.
fn position_of(element: &Element, mistakes: &mut Vec<Mistake>) -> Option<Position> {
    let mut degrees = |name: &str| {
        let written = element.attribute(name);
        let value = written.and_then(number);
        if value.is_none() {
            let message = match written {
                Some(_) => format!("{name} in line {} is not a number; write degrees such as 35.5965", element.line),
                None => format!("{} in line {} has no {name}; add it in degrees", element.name, element.line),
            };
            mistakes.push(Mistake::new(name, written.unwrap_or_default(), message));
        }
        value
    };
    let (lat, lon) = (degrees("lat"), degrees("lon"));
    Some(Position { lat: lat?, lon: lon?, height_m: None })
}

fn height_of(xml: &mut Xml<'_>, mistakes: &mut Vec<Mistake>) -> Result<Option<f64>, Refused> {
    let written = xml.text(NUMBER_MAX_BYTES)?.unwrap_or_else(|| "…".into());
    let value = number(&written);
    if value.is_none() && !written.trim().is_empty() {
        mistakes.push(Mistake::new("ele", written.trim(), "is not a number; write metres such as 48.5"));
    }
    Ok(value)
}

/// A finite number.
pub(super) fn number(written: &str) -> Option<f64> {
    written.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Name and description of a place or a line.
#[derive(Default)]
struct Words {
    name: String,
    desc: String,
    cmt: String,
}

impl Words {
    fn child(&mut self, xml: &mut Xml<'_>, child: &Element, mistakes: &mut Vec<Mistake>) -> Result<(), Refused> {
        let field = match child.name.as_str() {
            "name" => &mut self.name,
            "desc" => &mut self.desc,
            "cmt" => &mut self.cmt,
            _ => return xml.skip(),
        };
        match xml.text(VALUE_MAX_BYTES)? {
            Some(text) => text.trim().clone_into(field),
            None => mistakes.push(too_long(&child.name)),
        }
        Ok(())
    }

    fn patch(self) -> Map<String, Value> {
        let summary = if self.desc.is_empty() { self.cmt } else { self.desc };
        let mut patch = Map::new();
        for (field, text) in [("title", self.name), ("summary", summary)] {
            if !text.is_empty() {
                patch.insert(field.into(), json!({ (lang_of(&text).tag()): text }));
            }
        }
        patch
    }
}

/// The mistake of a text beyond the bound.
pub(super) fn too_long(column: &str) -> Mistake {
    Mistake::new(column, "", format!("is longer than {} KiB; shorten it", VALUE_MAX_BYTES >> 10))
}

/// The language of a text that does not say it: Chinese where a Chinese character stands in it.
pub(super) fn lang_of(text: &str) -> Lang {
    let han = |c: char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    if text.contains(han) { Lang::ZhCn } else { Lang::En }
}

/// The text in Chinese, else in English.
fn in_one_language(text: &crate::domain::route::Text) -> &str {
    Lang::ALL.into_iter().map(|lang| text.get(lang).trim()).find(|text| !text.is_empty()).unwrap_or_default()
}

/// Writes GPX 1.1: a `wpt` for every stop, a `rte` for the line. Returns what the format cannot hold.
///
/// # Errors
/// The writer's.
pub fn write(route: &StudyRoute, out: &mut dyn Write) -> io::Result<Vec<String>> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="studyroute">"#)?;
    for waypoint in &route.waypoints {
        let body = &waypoint.body;
        writeln!(out, r#"  <wpt lat="{}" lon="{}">"#, waypoint.position.lat(), waypoint.position.lon())?;
        if let Some(altitude) = body.altitude.as_ref().filter(|altitude| altitude.metres.is_finite()) {
            writeln!(out, "    <ele>{}</ele>", altitude.metres)?;
        }
        write_words(out, "    ", in_one_language(&body.title), in_one_language(&body.summary))?;
        writeln!(out, "  </wpt>")?;
    }
    if !route.line.is_empty() {
        writeln!(out, "  <rte>")?;
        write_words(out, "    ", in_one_language(&route.title), in_one_language(&route.summary))?;
        for [lon, lat] in &route.line {
            writeln!(out, r#"    <rtept lat="{lat}" lon="{lon}"/>"#)?;
        }
        writeln!(out, "  </rte>")?;
    }
    writeln!(out, "</gpx>")?;
    Ok([
        "titles and summaries in the second language",
        "ids",
        "zones",
        "themes, county, period and heritage",
        "facts, questions and exhibits",
        "where positions and heights come from, and heights above the ellipsoid",
        "opening hours",
    ]
    .map(String::from)
    .into())
}

fn write_words(out: &mut dyn Write, indent: &str, name: &str, desc: &str) -> io::Result<()> {
    for (element, text) in [("name", name), ("desc", desc)] {
        if !text.is_empty() {
            writeln!(out, "{indent}<{element}>{}</{element}>", xml_text(text))?;
        }
    }
    Ok(())
}

/// A text between tags: escaped, without what XML cannot hold.
pub(super) fn xml_text(text: &str) -> String {
    let held: String = text.chars().filter(|&c| super::xml::is_character(c)).collect();
    // A bare carriage return would be read back as a line feed.
    escape(held.as_str()).replace('\r', "&#13;")
}
