//! Names with values beside a place, as KML's extended data and GeoJSON's properties have them: each goes to the field that its
//! name means, and the file as a whole remembers which did and which did not.

use super::columns::{self, Field, Target};
use super::{COLUMNS_MAX, Column, Entry, Mistake, Understood};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The names met so far in a file.
#[derive(Default)]
pub(super) struct Names {
    met: HashMap<String, Option<Field>>,
    columns: Vec<Column>,
    ignored: Vec<String>,
}

impl Names {
    /// Puts each value where its name belongs. Returns the height above the ellipsoid, which belongs to the position.
    pub(super) fn take(&mut self, entry: &mut Entry, data: impl Iterator<Item = (String, Value)>) -> Option<f64> {
        let mut height_m = None;
        for (name, value) in data {
            let Some(field) = self.field(&name) else { continue };
            let text = match value {
                // A layer's empty cell: the program has to write something for every place.
                Value::Null => continue,
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(said) => said.to_string(),
                nested @ (Value::Array(_) | Value::Object(_)) => nested.to_string(),
            };
            let result = match field.target {
                Target::Id => {
                    entry.id = Some(text.trim().to_string()).filter(|id| !id.is_empty());
                    Ok(())
                }
                Target::HeightM | Target::Crs if text.trim().is_empty() => Ok(()),
                Target::HeightM => {
                    height_m = super::gpx::number(&text);
                    height_m.map(drop).ok_or_else(|| "is not a number; write metres such as 48.5".to_string())
                }
                Target::Crs => match columns::crs_of(&text) {
                    Some(crs) => {
                        entry.crs = Some(crs);
                        Ok(())
                    }
                    None => Err("is not known; write wgs84, gcj02 or bd09".into()),
                },
                _ => columns::put(&field, &text, &mut entry.patch),
            };
            if let Err(message) = result {
                entry.mistakes.push(Mistake::new(&name, &text, message));
            }
        }
        if let Err(message) = columns::settle(&mut entry.patch) {
            entry.mistakes.push(Mistake::new("", "", message));
        }
        height_m
    }

    /// A property that a route file has under this very name.
    pub(super) fn own(&mut self, name: &str) {
        if self.is_new(name) {
            self.met.insert(name.into(), None);
            self.columns.push(Column { heading: name.into(), field: name.into() });
        }
    }

    fn field(&mut self, name: &str) -> Option<Field> {
        if let Some(field) = self.met.get(name) {
            return field.clone();
        }
        // Where a place is, is drawn.
        let drawn = |field: &Field| matches!(field.target, Target::Lat | Target::Lon | Target::Pair(_));
        let field = columns::field_of(name).filter(|field| !drawn(field));
        if self.is_new(name) {
            match &field {
                Some(field) => self.columns.push(Column { heading: name.into(), field: field.to_string() }),
                None => self.ignored.push(name.into()),
            }
            self.met.insert(name.into(), field.clone());
        }
        field
    }

    /// Whether a name is to be remembered: not met, and not more than bounded memory allows.
    fn is_new(&self, name: &str) -> bool {
        self.met.len() < COLUMNS_MAX && name.len() <= super::xml::NAME_MAX_BYTES && !self.met.contains_key(name)
    }

    /// Says in the account of the file what was met.
    pub(super) fn into_understood(self, understood: &mut Understood) {
        understood.columns.extend(self.columns);
        understood.ignored.extend(self.ignored);
    }
}

/// What a line keeps of its names: `id`, `title` and `summary`.
pub(super) fn line_patch(id: Option<String>, patch: Map<String, Value>) -> Map<String, Value> {
    let kept = patch.into_iter().filter(|(field, _)| field == "title" || field == "summary");
    id.map(|id| ("id".to_string(), Value::String(id))).into_iter().chain(kept).collect()
}
