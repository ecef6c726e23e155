//! What is drawn in a placemark: points, lines, areas, and the odd ways in which coordinates are written.

use crate::formats::xml::{Element, Xml};
use crate::formats::{LINE_POSITIONS_MAX, Mistake, Position, Refused, feed::TOKEN_MAX_BYTES};

/// A height and what it counts from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Altitude {
    pub metres: f64,
    /// Above sea level, not above the ground.
    pub absolute: bool,
}

/// All that one placemark draws. Of many like mistakes the first is kept.
#[derive(Default)]
pub(super) struct Geometry {
    points: u64,
    point: Option<(Position, Option<Altitude>)>,
    lines: u64,
    line: Vec<Position>,
    areas: u64,
    others: Vec<String>,
    mistakes: Vec<Mistake>,
}

impl Geometry {
    /// Reads a child of a placemark that may be a geometry; what else there is, is left.
    pub(super) fn child(&mut self, xml: &mut Xml<'_>, element: &Element) -> Result<(), Refused> {
        match element.name.as_str() {
            "MultiGeometry" | "MultiTrack" => {
                while let Some(child) = xml.child()? {
                    self.child(xml, &child)?;
                }
                Ok(())
            }
            "Point" => self.point(xml, element),
            "LineString" | "LinearRing" => {
                self.lines += 1;
                while let Some(child) = xml.child()? {
                    if child.name == "coordinates" {
                        let text = xml.text(TOKEN_MAX_BYTES)?.unwrap_or_default();
                        self.line_of(coordinates(&text), &child);
                    } else {
                        xml.skip()?;
                    }
                }
                Ok(())
            }
            "Track" => self.track(xml),
            "Polygon" => {
                self.areas += 1;
                xml.skip()
            }
            "Model" => {
                self.others.push("a 3-D model".into());
                xml.skip()
            }
            _ => xml.skip(),
        }
    }

    fn point(&mut self, xml: &mut Xml<'_>, element: &Element) -> Result<(), Refused> {
        self.points += 1;
        let (mut written, mut absolute) = (None, false);
        while let Some(child) = xml.child()? {
            match child.name.as_str() {
                "coordinates" => written = xml.text(crate::formats::VALUE_MAX_BYTES)?,
                "altitudeMode" => absolute = xml.text(64)?.is_some_and(|mode| mode.trim() == "absolute"),
                _ => xml.skip()?,
            }
        }
        let written = written.unwrap_or_default();
        let mut found = coordinates(&written);
        match (found.next(), found.next()) {
            (Some(Ok((position, metres))), None) => {
                self.point = Some((position, metres.map(|metres| Altitude { metres, absolute })));
            }
            _ => self.mistake(written.trim(), element),
        }
        Ok(())
    }

    /// A `gx:Track`: each `gx:coord` is longitude, latitude and altitude, with spaces between.
    fn track(&mut self, xml: &mut Xml<'_>) -> Result<(), Refused> {
        self.lines += 1;
        while let Some(child) = xml.child()? {
            if child.name != "coord" {
                xml.skip()?;
                continue;
            }
            let text = xml.text(256)?.unwrap_or_default();
            // A position that is not known is an empty element.
            if !text.trim().is_empty() {
                let joined = text.split_whitespace().collect::<Vec<_>>().join(",");
                self.line_of(coordinates(&joined), &child);
            }
        }
        Ok(())
    }

    fn line_of<'t>(
        &mut self,
        found: impl Iterator<Item = Result<(Position, Option<f64>), &'t str>>,
        element: &Element,
    ) {
        for position in found {
            match position {
                Ok(_) if self.line.len() == LINE_POSITIONS_MAX => {
                    if self.mistakes.is_empty() {
                        let message = format!("has more than {LINE_POSITIONS_MAX} positions; simplify the line");
                        self.mistakes.push(Mistake::new("coordinates", "", message));
                    }
                    return;
                }
                Ok((position, _)) => self.line.push(position),
                Err(written) => self.mistake(written, element),
            }
        }
    }

    fn mistake(&mut self, written: &str, element: &Element) {
        if self.mistakes.is_empty() {
            let message = format!(
                "the coordinates in line {} cannot be read; write longitude,latitude in degrees, such as 116.98,35.59",
                element.line
            );
            self.mistakes.push(Mistake::new("coordinates", written, message));
        }
    }

    /// Why nothing can be made of it.
    pub(super) fn unfit(&self) -> Option<String> {
        let drawn = match (self.points, self.lines, self.areas, self.others.first()) {
            (1, ..) | (0, 1.., ..) | (0, 0, 0, None) => return None,
            (2.., ..) => return Some(format!("one placemark with {} points; make a placemark of each", self.points)),
            (_, _, 1.., _) => "an area, which is neither a place nor a line",
            (.., other) => return other.map(|other| format!("{other}, which is neither a place nor a line")),
        };
        Some(format!("{drawn}; mark the place with a point"))
    }

    pub(super) fn is_line(&self) -> bool {
        self.points == 0 && self.lines > 0
    }

    pub(super) fn is_joined(&self) -> bool {
        self.is_line() && self.lines > 1
    }

    pub(super) fn into_line(self) -> (Vec<Position>, Vec<Mistake>) {
        (self.line, self.mistakes)
    }

    /// The one point; what is wrong with it goes to `mistakes`.
    pub(super) fn into_point(mut self, mistakes: &mut Vec<Mistake>) -> Option<(Position, Option<Altitude>)> {
        mistakes.append(&mut self.mistakes);
        self.point
    }
}

/// `longitude,latitude[,altitude]`, one after the other with white space between. White space beside a comma, which some programs
/// write, separates nothing.
fn coordinates(text: &str) -> impl Iterator<Item = Result<(Position, Option<f64>), &str>> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let whole = rest;
        let (mut numbers, mut count) = ([0.0; 3], 0_usize);
        let mut good = true;
        loop {
            let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
            let (written, after) = rest.split_at(end);
            match (written.parse::<f64>().ok().filter(|value| value.is_finite()), numbers.get_mut(count)) {
                (Some(value), Some(place)) => *place = value,
                _ => good = false,
            }
            count += 1;
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after.trim_start(),
                None => break,
            }
        }
        let [lon, lat, height] = numbers;
        let found = (Position { lat, lon, height_m: None }, (count == 3).then_some(height));
        let written = whole.get(..whole.len() - rest.len()).unwrap_or(whole).trim_end();
        Some(if good && count >= 2 { Ok(found) } else { Err(written) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_read_as_other_programs_read_them() {
        let read = |text| coordinates(text).map(|c| c.map(|(p, h)| (p.lon, p.lat, h))).collect::<Vec<_>>();
        assert_eq!(read(" 1,2,3\n\t4,5,6 "), [Ok((1.0, 2.0, Some(3.0))), Ok((4.0, 5.0, Some(6.0)))]);
        assert_eq!(read("1, 2, 3 4 ,5"), [Ok((1.0, 2.0, Some(3.0))), Ok((4.0, 5.0, None))]);
        assert_eq!(read("116.98,35.59"), [Ok((116.98, 35.59, None))]);
        assert_eq!(read(""), []);
        assert_eq!(read("1 2"), [Err("1"), Err("2")]);
        assert_eq!(read("1,NaN 2,3"), [Err("1,NaN"), Ok((2.0, 3.0, None))]);
        assert_eq!(read("1,2,3,4"), [Err("1,2,3,4")]);
        assert_eq!(read("1,,2"), [Err("1,,2")]);
        assert_eq!(read("1,2,"), [Err("1,2,")]);
    }
}
