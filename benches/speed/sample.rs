//! Seeded waypoints with texts as long as the real ones: the project's own, at other places and under other names.

use crate::places;
use std::path::Path;
use studyroute::domain::geodesy::LatLon;
use studyroute::domain::route::{StudyRoute, Text, Waypoint, WaypointBody};
use studyroute::formats::geojson;

/// Facts and questions that a seeded waypoint keeps: nearby shows none of either, so its answers stay as long as the real ones
/// while a million waypoints weigh 4 GB and not 6.
const FACTS: usize = 1;
const QUESTIONS: usize = 1;

/// Characters of a short summary: with so many a feature of a file weighs some 420 bytes.
const SHORT_SUMMARY: usize = 24;

/// How much a seeded waypoint says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// As much as the real ones, but for facts and questions.
    Real,
    /// A name and the beginning of a summary.
    Short,
}

impl std::str::FromStr for Length {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "real" => Ok(Self::Real),
            "short" => Ok(Self::Short),
            _ => Err(format!("{text} is no length")),
        }
    }
}

/// The study routes of the project.
pub fn routes() -> Vec<StudyRoute> {
    let files = studyroute::app::route_files(Path::new("routes-data"));
    files.iter().map(|file| geojson::read(&std::fs::read(file).expect("readable")).expect("good")).collect()
}

/// Where the real waypoints lie.
pub fn real_places() -> Vec<LatLon> {
    routes().iter().flat_map(|route| route.waypoints.iter().map(|waypoint| waypoint.position)).collect()
}

/// What seeded waypoints are copied from.
pub struct Pattern {
    heads: Vec<StudyRoute>,
    known: Vec<Waypoint>,
}

impl Pattern {
    pub fn new(length: Length) -> Self {
        let mut heads = routes();
        let mut known: Vec<Waypoint> =
            heads.iter_mut().flat_map(|route| std::mem::take(&mut route.waypoints)).collect();
        for waypoint in &mut known {
            waypoint.body.facts.truncate(FACTS);
            waypoint.body.questions.truncate(QUESTIONS);
            if length == Length::Short {
                shorten(waypoint);
            }
        }
        Self { heads, known }
    }

    /// All routes over these places, one after the other.
    pub fn routes<'a>(&'a self, places: &'a [LatLon]) -> impl Iterator<Item = StudyRoute> + 'a {
        places.chunks(places::ROUTE_STOPS).enumerate().map(|(number, places)| self.route(number, places))
    }

    /// One route over all these places, for a file. Every position has a note: an import gives one to those without, and the next
    /// import of the same table would take it away again and change every row.
    pub fn whole(&self, slug: &str, places: &[LatLon]) -> StudyRoute {
        let noted = |(i, &place): (usize, &LatLon)| {
            let mut waypoint = self.waypoint(i, place);
            waypoint.body.coordinate.note.get_or_insert_with(|| "seeded".into());
            waypoint
        };
        let waypoints = places.iter().enumerate().map(noted).collect();
        let line = [places[0], places[places.len() - 1]].map(|place| [place.lon(), place.lat()]).into();
        let (title, summary) = (self.heads[0].title.clone(), self.heads[0].summary.clone());
        StudyRoute { slug: slug.into(), title, summary, line, waypoints }.numbered()
    }

    fn route(&self, number: usize, places: &[LatLon]) -> StudyRoute {
        let head = &self.heads[number % self.heads.len()];
        let first = number * places::ROUTE_STOPS;
        let waypoints = places.iter().enumerate().map(|(i, &place)| self.waypoint(first + i, place)).collect();
        let line = places.iter().step_by(places::ROUTE_STOPS / 20).map(|place| [place.lon(), place.lat()]).collect();
        let (title, summary) = (head.title.clone(), head.summary.clone());
        StudyRoute { slug: format!("line-{number}"), title, summary, line, waypoints }.numbered()
    }

    fn waypoint(&self, i: usize, place: LatLon) -> Waypoint {
        let mut waypoint = self.known[i % self.known.len()].clone();
        waypoint.id = format!("{}-{i}", waypoint.id);
        for title in [&mut waypoint.body.title.zh_cn, &mut waypoint.body.title.en] {
            *title = format!("{title} {i}");
        }
        waypoint.position = place;
        for exhibit in &mut waypoint.body.exhibits {
            let position = &mut exhibit.geopose.position;
            (position.lat, position.lon) = (place.lat(), place.lon());
        }
        waypoint
    }
}

fn shorten(waypoint: &mut Waypoint) {
    let body = &waypoint.body;
    let short = |text: &str| text.chars().take(SHORT_SUMMARY).collect();
    let summary = Text { zh_cn: short(&body.summary.zh_cn), en: short(&body.summary.en) };
    let (title, zone, themes, coordinate) =
        (body.title.clone(), body.zone.clone(), body.themes.clone(), body.coordinate.clone());
    waypoint.body = WaypointBody { title, summary, zone, themes, coordinate, ..WaypointBody::default() };
}
