//! Writes KML and KMZ. What a placemark's own parts cannot hold goes into its extended data, one datum a field, under the path
//! that a table has for a heading, so that it is read back.

use super::super::gpx::{lang_of, xml_text};
use super::plain::plain;
use crate::domain::route::{Lang, StudyRoute, Text};
use crate::formats::columns;
use quick_xml::escape::{escape, partial_escape};
use std::io::{self, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

/// Writes a KML file. Returns what it cannot hold.
///
/// # Errors
/// The writer's.
pub fn write(route: &StudyRoute, out: &mut dyn Write) -> io::Result<Vec<String>> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<kml xmlns="http://www.opengis.net/kml/2.2">"#)?;
    writeln!(out, "<Document>")?;
    if let Some(name) = carried(&route.title).or(first(&route.title)) {
        writeln!(out, "  <name>{}</name>", xml_text(name))?;
    }
    let table = columns::flatten(route);
    let paths: Vec<String> = table.headings.iter().map(|heading| path_of(heading)).collect();
    for (waypoint, row) in route.waypoints.iter().zip(table.rows()) {
        let cells = paths.iter().zip(&row).filter(|(path, cell)| !cell.is_blank() && *path != "lat" && *path != "lon");
        let mut data = cells.map(|(path, cell)| (path.clone(), cell.text().into_owned())).collect();
        let (lat, lon) = (waypoint.position.lat(), waypoint.position.lon());
        write_placemark(out, &waypoint.body.title, &waypoint.body.summary, &mut data)?;
        writeln!(out, "    <Point><coordinates>{lon},{lat}</coordinates></Point>")?;
        writeln!(out, "  </Placemark>")?;
    }
    if !route.line.is_empty() {
        let mut data = vec![("id".to_string(), route.slug.clone())];
        texts("title", &route.title, &mut data);
        texts("summary", &route.summary, &mut data);
        write_placemark(out, &route.title, &route.summary, &mut data)?;
        write!(out, "    <LineString><tessellate>1</tessellate><coordinates>")?;
        for [lon, lat] in &route.line {
            write!(out, "{lon},{lat} ")?;
        }
        writeln!(out, "</coordinates></LineString>")?;
        writeln!(out, "  </Placemark>")?;
    }
    writeln!(out, "</Document>")?;
    writeln!(out, "</kml>")?;
    let unheld = "characters that XML does not know, such as control characters".to_string();
    Ok(table.lost.into_iter().chain([unheld]).collect())
}

/// Writes a KMZ archive with one `doc.kml`. Returns what it cannot hold.
///
/// # Errors
/// The writer's.
pub fn write_kmz(route: &StudyRoute, out: &mut dyn Write) -> io::Result<Vec<String>> {
    let mut archive = ZipWriter::new_stream(out);
    archive.start_file("doc.kml", SimpleFileOptions::default())?;
    let lost = write(route, &mut archive)?;
    archive.finish()?;
    Ok(lost)
}

/// Name, description and extended data. What name and description carry does not stand among the data once more: a designer who
/// changes a name on the map would be contradicted by it.
fn write_placemark(
    out: &mut dyn Write,
    title: &Text,
    summary: &Text,
    data: &mut Vec<(String, String)>,
) -> io::Result<()> {
    writeln!(out, "  <Placemark>")?;
    if let Some(carried) = carried(title) {
        without(data, "title", carried);
        writeln!(out, "    <name>{}</name>", xml_text(carried))?;
    }
    if let Some(carried) = carried(summary).filter(|text| plain(&partial_escape(*text)) == *text) {
        without(data, "summary", carried);
        // A description is HTML.
        writeln!(out, "    <description>{}</description>", xml_text(&partial_escape(carried)))?;
    }
    writeln!(out, "    <ExtendedData>")?;
    for (name, value) in data {
        writeln!(out, r#"      <Data name="{}"><value>{}</value></Data>"#, escape(name.as_str()), xml_text(value))?;
    }
    writeln!(out, "    </ExtendedData>")
}

fn without(data: &mut Vec<(String, String)>, field: &str, carried: &str) {
    let path = format!("{field}.{}", lang_of(carried).tag());
    data.retain(|(name, _)| *name != path);
}

/// The text that a name carries: one that is read back as it is, in its own language.
fn carried(text: &Text) -> Option<&str> {
    let mut texts = Lang::ALL.into_iter().map(|lang| (lang, text.get(lang)));
    let carried = texts.find(|(lang, text)| !text.is_empty() && lang_of(text) == *lang && text.trim() == *text);
    carried.map(|(_, text)| text)
}

fn first(text: &Text) -> Option<&str> {
    Lang::ALL.into_iter().map(|lang| text.get(lang)).find(|text| !text.is_empty())
}

fn texts(field: &str, text: &Text, data: &mut Vec<(String, String)>) {
    for lang in Lang::ALL {
        if !text.get(lang).is_empty() {
            data.push((format!("{field}.{}", lang.tag()), text.get(lang).into()));
        }
    }
}

/// The path of a table's heading, which is short and reads alike.
fn path_of(heading: &str) -> String {
    columns::field_of(heading).map_or_else(|| heading.into(), |field| field.to_string())
}
