//! Settles the rows of a file one by one: which waypoint a row is about, what it makes of it, or why it cannot.

use super::known::{Ids, Known, NewIds, Number, Stop, digest, names_of};
use super::suspicion::Suspicion;
use super::{Import, ROWS_SHOWN_MAX, Report, Suggestion, order, places};
use crate::domain::crs::Crs;
use crate::domain::geodesy::LatLon;
use crate::domain::lint::{SLUG_MAX, WAYPOINTS_MAX, is_slug};
use crate::domain::route::{Coordinate, Waypoint, WaypointBody};
use crate::domain::zone::Zone;
use crate::formats::{Entry, Mistake, Place, Position, Understood, geojson, gpx, kml};
use crate::store::{Store, StoreError, Written};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// Radius of a zone that the file does not give, metres; what phones need on open ground.
const ZONE_ASSUMED_M: f64 = 50.0;
/// A waypoint that moves farther than this is no longer where its source says.
const MOVED_MIN_M: f64 = 1.0;
/// Places as near as this are one place, written with fewer digits or converted there and back.
const SAME_PLACE_M: f64 = 0.01;
/// Heights as near as this are one height, written in two ways.
const SAME_HEIGHT_M: f64 = 0.01;
/// Names that are looked up among the places of other routes.
const NAMES_ELSEWHERE_MAX: usize = 200;
/// Mistakes of one row that the report shows; a row with more is to be written anew.
const MISTAKES_SHOWN_MAX: usize = 20;

/// What became, or would become, of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowResult {
    /// It cannot be taken; its mistakes say why.
    Refused,
    /// A new waypoint.
    Added,
    /// A waypoint that changes.
    Changed,
    /// The draft has it just so already.
    Unchanged,
    /// It is no place; nothing is made of it.
    Skipped,
}

/// One row's result.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowReport {
    /// Where it stands in the file: `{"line": 7}`, `{"row": 7}` or `{"feature": 7}`.
    #[schema(value_type = Object)]
    pub place: Place,
    /// The waypoint.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// What became of it.
    pub result: RowResult,
    /// How far the waypoint moves, metres to the decimetre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_m: Option<f64>,
    /// Column, value, what is wrong and what to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub mistakes: Vec<Mistake>,
}

/// A row, and the waypoint that it is about.
pub struct Row {
    entry: Entry,
    id: String,
    /// None when it cannot be said which waypoint it is about.
    number: Option<Number>,
    position: Option<LatLon>,
    system: Crs,
}

/// All rows of a file.
pub struct Rows {
    known: Known,
    import: Import,
    ids: Ids,
    new_ids: NewIds,
    /// Where the waypoints of the file go, in the order of the file.
    order: Vec<Number>,
    /// What a row says of its place in the order.
    wanted: HashMap<Number, u32>,
    counts: BTreeMap<RowResult, u64>,
    shown: BTreeMap<RowResult, Vec<RowReport>>,
    suspicion: Suspicion,
    elsewhere: HashMap<String, Position>,
}

impl Rows {
    /// Nothing settled yet.
    pub fn new(known: Known, ids: Ids, import: &Import) -> Self {
        Self {
            order: if import.replace { Vec::new() } else { (0..known.len()).collect() },
            known,
            import: import.clone(),
            ids,
            new_ids: NewIds::default(),
            wanted: HashMap::new(),
            counts: BTreeMap::new(),
            shown: BTreeMap::new(),
            suspicion: Suspicion::default(),
            elsewhere: HashMap::new(),
        }
    }

    /// How many rows have been settled.
    pub fn count(&self) -> u64 {
        self.counts.iter().filter(|(result, _)| **result != RowResult::Skipped).map(|(_, count)| count).sum()
    }

    /// Notes something that is no place.
    pub fn skip(&mut self, place: Place, reason: &str) {
        self.note(place, "", RowResult::Skipped, None, vec![Mistake::new("", "", reason)]);
    }

    /// Notes something that cannot be taken.
    pub fn refuse(&mut self, place: Place, mistakes: Vec<Mistake>) {
        self.note(place, "", RowResult::Refused, None, mistakes);
    }

    /// Finds out where a row is and which waypoint it is about; what is wrong with that joins its mistakes.
    pub fn meet(&mut self, mut entry: Entry) -> Row {
        let declared = self.import.crs.or(entry.crs);
        let system = declared.unwrap_or(Crs::Wgs84);
        let mut position = None;
        if let Some(written) = &entry.position {
            match places::read(written, system, &self.import) {
                Ok(place) => position = Some(place),
                Err((mistake, swapped)) => {
                    entry.mistakes.push(mistake);
                    self.suspicion.impossible(swapped);
                }
            }
        }
        let names = names_of(&entry);
        let (number, mut id) = match self.identify(&entry, &names, position) {
            Ok(number) => (number, number.map(|number| self.ids.name(number).to_string()).unwrap_or_default()),
            Err(mistake) => {
                entry.mistakes.push(mistake);
                (None, String::new())
            }
        };
        if id.is_empty() {
            id = entry.id.clone().unwrap_or_default();
        }
        if let (None, Some(written)) = (declared, &entry.position) {
            let (lat, lon) = places::numbers(written, &self.import);
            self.compare(names, lat, lon, &id);
        }
        Row { entry, id, number, position, system }
    }

    /// Which waypoint a row is about: the one it names by id, the one that has its name already, or a new one.
    fn identify(
        &mut self,
        entry: &Entry,
        names: &[String],
        position: Option<LatLon>,
    ) -> Result<Option<Number>, Mistake> {
        if let Some(id) = &entry.id {
            if !is_slug(id) {
                let message = format!(
                    "cannot be used in an address; use at most {SLUG_MAX} lower-case letters a–z, digits and single hyphens, or leave the column out"
                );
                return Err(Mistake::new("id", id, message));
            }
            let number = self.ids.number(id);
            if let Some(place) = self.ids.taken(number) {
                let message = format!("stands in {place} already; every waypoint has one row");
                return Err(Mistake::new("id", id, message));
            }
            self.ids.take(number, entry.place);
            return Ok(Some(number));
        }
        let Some(last) = names.last() else {
            return Err(Mistake::new("title", "", "has neither a name nor an id; give the place a name"));
        };
        let known = self.known.named(names, position, &self.ids);
        if !entry.mistakes.is_empty() {
            // It will not be taken, so it leaves the waypoint and the id to the next row of this name.
            return Ok(known);
        }
        let number = known.unwrap_or_else(|| {
            let id = self.new_ids.next(last, &self.ids);
            self.ids.number(&id)
        });
        self.ids.take(number, entry.place);
        Ok(Some(number))
    }

    /// The draft's waypoint of an id.
    fn known_stop(&self, id: &str) -> Option<&Stop> {
        self.ids.find(id).and_then(|number| self.known.stop(number))
    }

    fn compare(&mut self, names: Vec<String>, lat: f64, lon: f64, id: &str) {
        if let Some(position) = self.known_stop(id).map(|stop| stop.position) {
            self.suspicion.compare(lat, lon, position);
        } else if self.elsewhere.len() < NAMES_ELSEWHERE_MAX {
            for name in names {
                self.elsewhere.insert(name, Position { lat, lon, height_m: None });
            }
        }
    }

    /// The waypoints of the draft that these rows are about.
    pub fn existing(&self, rows: &[Row]) -> Vec<String> {
        let ids = rows.iter().map(|row| &row.id);
        ids.filter(|id| self.known_stop(id).is_some()).cloned().collect()
    }

    /// Makes a waypoint of a row and says its place, or notes why not. `existing` has the draft's waypoints that the batch is about.
    pub fn settle(&mut self, row: Row, existing: &HashMap<String, Waypoint>) -> Option<(usize, Written)> {
        let (place, id, number) = (row.entry.place, row.id.clone(), row.number);
        let asks = row.entry.patch.contains_key("order");
        let made = self.make(row, existing.get(&id)).and_then(|waypoint| {
            let unfit = |_| vec![Mistake::new("", "", "cannot be written down")];
            let number = number.ok_or_else(Vec::new)?;
            Ok((Written::new(&waypoint).map_err(unfit)?, waypoint, number))
        });
        let (written, waypoint, number) = match made {
            Ok(made) => made,
            Err(mistakes) => {
                self.note(place, &id, RowResult::Refused, None, mistakes);
                return None;
            }
        };
        let stop = self.known.stop(number);
        let result = match stop {
            None => RowResult::Added,
            Some(stop) if stop.digest == digest(written.hash()) => RowResult::Unchanged,
            Some(_) => RowResult::Changed,
        };
        let moved_m = stop.map(|stop| (stop.position.distance_m(waypoint.position) * 10.0).round() / 10.0);
        let at = self.place(number);
        if waypoint.body.order > 0 && asks {
            self.wanted.insert(number, waypoint.body.order);
        }
        self.note(place, &id, result, moved_m.filter(|moved_m| *moved_m > 0.0), Vec::new());
        // What the draft has just so stays where it is.
        (result != RowResult::Unchanged || self.import.replace).then_some((at, written))
    }

    /// The waypoint that a row makes, from what was there.
    fn make(&self, row: Row, before: Option<&Waypoint>) -> Result<Waypoint, Vec<Mistake>> {
        let Row { mut entry, id, position, system, .. } = row;
        let mut mistakes = std::mem::take(&mut entry.mistakes);
        let mut position = position.or(before.map(|waypoint| waypoint.position));
        if position.is_none() && mistakes.is_empty() {
            let message = "has no position, and the draft has no waypoint of this name; give it one";
            mistakes.push(Mistake::new("lat", "", message));
        }
        if let (Some(place), Some(before)) = (&mut position, before)
            && place.distance_m(before.position) <= SAME_PLACE_M
        {
            *place = before.position;
        }
        let is_new = self.known_stop(&id).is_none();
        if (is_new || self.import.replace) && self.order.len() >= WAYPOINTS_MAX {
            let message = format!("the route would have more than {WAYPOINTS_MAX} waypoints; split it");
            mistakes.push(Mistake::new("", "", message));
        }
        // What cannot be read makes other things look wrong that are not.
        let (Some(position), true) = (position, mistakes.is_empty()) else { return Err(mistakes) };
        let body = self.body(&entry, before, position, system).map_err(|mistake| vec![mistake])?;
        let height_m = entry.position.and_then(|written| written.height_m);
        let height_m = height_m.or_else(|| before.and_then(|waypoint| waypoint.height_m));
        let mut waypoint = places::in_wgs84(Waypoint { id, position, height_m, body }, &entry.patch, system);
        if waypoint.body.coordinate.precision_m == 0.0 && moves(&entry, before, position) {
            // Nobody has said how well the place is known: no better than the zone asks.
            let reach_m = waypoint.body.zone.reach_m(position);
            waypoint.body.coordinate.precision_m =
                if reach_m > 0.0 { reach_m.min(ZONE_ASSUMED_M) } else { ZONE_ASSUMED_M };
        }
        Ok(waypoint)
    }

    /// The properties that a row makes: what was there, what is known of every row of this import, what the row says.
    fn body(
        &self,
        entry: &Entry,
        before: Option<&Waypoint>,
        position: LatLon,
        system: Crs,
    ) -> Result<WaypointBody, Mistake> {
        let mut patch = entry.patch.clone();
        let mut body = before.map(|waypoint| waypoint.body.clone()).unwrap_or_default();
        if moves(entry, before, position) {
            body.coordinate = self.provenance(system);
            if let Some(Value::Object(said)) = patch.get_mut("coordinate") {
                // An empty cell names no source.
                said.retain(|_, value| !value.is_null());
            }
        }
        let assumed_m = self.import.radius_m.unwrap_or(ZONE_ASSUMED_M);
        let assumed = Zone::Circle { radius_m: assumed_m, to_be_surveyed: true };
        if before.is_none() {
            body.zone = assumed.clone();
        }
        let mut body = merged(&body, patch).map_err(|(field, message)| Mistake::new(&field, "", message))?;
        if before.is_none() && matches!(body.zone, Zone::Circle { radius_m, .. } if radius_m == 0.0) {
            body.zone = assumed;
        }
        Ok(body)
    }

    fn provenance(&self, system: Crs) -> Coordinate {
        Coordinate {
            source: self.import.source.clone().unwrap_or_else(|| "导入的文件 (imported file)".into()),
            source_datum: system.as_str().into(),
            precision_m: self.import.precision_m.unwrap_or_default(),
            note: Some("导入时未经实地测量 (not surveyed when imported)".into()),
            ..Coordinate::default()
        }
    }

    /// Where in the draft a waypoint goes: its old place, or the end.
    fn place(&mut self, number: Number) -> usize {
        if self.known.stop(number).is_some() && !self.import.replace {
            return number as usize;
        }
        self.order.push(number);
        self.order.len() - 1
    }

    fn note(&mut self, place: Place, id: &str, result: RowResult, moved_m: Option<f64>, mut mistakes: Vec<Mistake>) {
        *self.counts.entry(result).or_default() += 1;
        let shown = self.shown.entry(result).or_default();
        if shown.len() >= ROWS_SHOWN_MAX {
            return;
        }
        let more = mistakes.len().saturating_sub(MISTAKES_SHOWN_MAX);
        if more > 0 {
            mistakes.truncate(MISTAKES_SHOWN_MAX);
            mistakes.push(Mistake::new(
                "",
                "",
                format!("has more mistakes ({more}), which show when these are mended"),
            ));
        }
        shown.push(RowReport { place, id: id.into(), result, moved_m, mistakes });
    }

    /// The order that the rows ask for, when it is not the one they are in.
    pub fn reordered(&self) -> Option<Vec<String>> {
        let order = order::asked_for(&self.order, &self.wanted);
        (order != self.order).then(|| order.into_iter().map(|number| self.ids.name(number).to_string()).collect())
    }

    /// Whether the draft's stops will stand in another order.
    fn order_changes(&self) -> bool {
        let after = order::asked_for(&self.order, &self.wanted);
        // The numbers of the draft's own are their places.
        !after.into_iter().filter(|number| self.known.stop(*number).is_some()).is_sorted()
    }

    /// What the places of other routes that have the same names say, when the draft itself had nothing to compare with.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_elsewhere(&mut self, store: &Store) -> Result<Vec<Suggestion>, StoreError> {
        if self.suspicion.compared() == 0 && !self.elsewhere.is_empty() {
            let names: Vec<&str> = self.elsewhere.keys().map(String::as_str).collect();
            for (name, known) in store.places_named(&names).await? {
                if let Some(written) = self.elsewhere.get(&name) {
                    self.suspicion.compare(written.lat, written.lon, known);
                }
            }
        }
        Ok(self.suspicion.verdict(self.count(), self.import.swap_axes))
    }

    /// The report, without what concerns the file as a whole.
    pub fn report(&mut self, understood: Understood, import: &Import) -> Report {
        let heading = |field: &str| {
            let column = understood.columns.iter().find(|column| column.field == field);
            column.map_or_else(|| field.to_string(), |column| column.heading.clone())
        };
        let mut results: Vec<RowReport> = std::mem::take(&mut self.shown).into_values().flatten().collect();
        for mistake in results.iter_mut().flat_map(|row| &mut row.mistakes) {
            mistake.column = heading(&mistake.column);
        }
        let count = |result| self.counts.get(&result).copied().unwrap_or_default();
        let gone = |number: &Number| self.ids.taken(*number).is_none();
        let removed = if import.replace { (0..self.known.len()).filter(gone).count() } else { 0 };
        Report {
            route: String::new(),
            dry_run: import.dry_run,
            accepted: false,
            crs: import.crs.or(understood.crs.as_ref().map(|(crs, _)| *crs)).unwrap_or(Crs::Wgs84),
            rows: self.count(),
            added: count(RowResult::Added),
            changed: count(RowResult::Changed),
            unchanged: count(RowResult::Unchanged),
            removed: removed as u64,
            refused: count(RowResult::Refused),
            reordered: self.order_changes(),
            route_changed: false,
            suggestions: Vec::new(),
            results,
            etag: None,
            understood,
        }
    }
}

/// Whether a row puts a waypoint elsewhere than it was, so that its source says nothing of it any more.
fn moves(entry: &Entry, before: Option<&Waypoint>, position: LatLon) -> bool {
    entry.position.is_some() && before.is_none_or(|waypoint| waypoint.position.distance_m(position) > MOVED_MIN_M)
}

/// What a row makes of a waypoint's properties.
fn merged(body: &WaypointBody, mut patch: serde_json::Map<String, Value>) -> Result<WaypointBody, (String, String)> {
    let mut value = serde_json::to_value(body).map_err(|error| (String::new(), error.to_string()))?;
    if let (Some(Value::Object(said)), Some(known)) = (patch.get("altitude"), &body.altitude) {
        let metres = said.get("metres").and_then(Value::as_f64);
        let same = metres.is_some_and(|metres| (metres - known.metres).abs() < SAME_HEIGHT_M);
        let source = said.get("source").and_then(Value::as_str).unwrap_or_default();
        if same && [gpx::HEIGHT_SOURCE, kml::HEIGHT_SOURCE].contains(&source) {
            // A tool that hands the height on knows nothing of who measured it.
            patch.remove("altitude");
        }
    }
    let kind = patch.get("zone").and_then(|zone| zone.get("kind"));
    if kind.is_some_and(|kind| *kind != value["zone"]["kind"]) {
        // A circle does not become a polygon member by member.
        value["zone"] = Value::Null;
    }
    json_patch::merge(&mut value, &Value::Object(patch));
    let Value::Object(properties) = value else { return Ok(body.clone()) };
    geojson::properties(Some(properties))
}
