//! Texts of cells to values of a waypoint's properties, and those into a merge patch. Refuses what could mean two values.

use super::names::{Field, Target, bare};
use super::shape::{LIST_MAX, Path, Shape, Step};
use crate::formats::VALUE_MAX_BYTES;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

/// Longest number that is looked at, in bytes.
const NUMBER_MAX_BYTES: usize = 64;
/// What stands between several words in one cell.
const BETWEEN_WORDS: [char; 7] = [';', '；', '、', ',', '，', '|', '\n'];
const YES: [&str; 9] = ["yes", "y", "true", "1", "是", "对", "有", "真", "on"];
const NO: [&str; 9] = ["no", "n", "false", "0", "否", "不", "无", "假", "off"];

/// Puts what a cell or property says into a patch; an empty text empties the field. A field that is no property (position, id,
/// reference system) is its caller's and changes nothing here. After the last one comes [`settle`].
///
/// # Errors
/// What is wrong with the text and what to do.
pub fn put(field: &Field, text: &str, patch: &mut Map<String, Value>) -> Result<(), String> {
    let Target::Body(way, shape) = &field.target else { return Ok(()) };
    if text.len() > VALUE_MAX_BYTES {
        return Err(format!("is longer than {} KiB; shorten it", VALUE_MAX_BYTES >> 10));
    }
    let value = if text.trim().is_empty() { Value::Null } else { value_of(shape, text)? };
    let said = |language| Path(way.0.iter().copied().chain([Step::Member(language)]).collect());
    match (shape, value) {
        (Shape::Bilingual, Value::Null) => {
            fill(patch, &said("zh-CN"), Value::Null);
            fill(patch, &said("en"), Value::Null);
        }
        (Shape::Bilingual, value) => fill(patch, &said(language_of(text)), value),
        (_, value) => fill(patch, way, value),
    }
    Ok(())
}

/// The language of a text that nobody names: one Han character makes it Chinese.
fn language_of(text: &str) -> &'static str {
    let han =
        |c: char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '〇');
    if text.contains(han) { "zh-CN" } else { "en" }
}

/// Whether a word survives beside others in one cell.
pub fn is_one_word(word: &str) -> bool {
    !word.is_empty() && word.trim() == word && !word.contains(BETWEEN_WORDS)
}

fn value_of(shape: &Shape, text: &str) -> Result<Value, String> {
    match shape {
        Shape::Text | Shape::Bilingual => Ok(Value::from(text)),
        Shape::Number => number(text).map(Value::from),
        Shape::Metres => metres(text).map(Value::from),
        Shape::Whole => whole(text).map(Value::from),
        Shape::Flag => flag(text).map(Value::from),
        Shape::Word(words) => word(text, words).map(Value::from),
        Shape::Words => {
            let words = text.split(BETWEEN_WORDS).map(str::trim).filter(|word| !word.is_empty());
            Ok(words.take(LIST_MAX).map(Value::from).collect())
        }
        Shape::Rings => {
            let rings: Result<Vec<Vec<[f64; 2]>>, _> = serde_json::from_str(text);
            rings.map(|rings| serde_json::json!(rings)).map_err(|_| {
                "is no polygon; write its rings as [[[longitude, latitude], …]], the last position equal to the first".into()
            })
        }
        Shape::Object(_) | Shape::List(_) => Err("cannot be one cell; give a column to each part".into()),
    }
}

/// A number with a decimal point or comma; thousands may be set apart where nothing else can be meant.
pub fn number(text: &str) -> Result<f64, String> {
    let plain: String = text.nfkc().filter(|c| !c.is_whitespace() && *c != '\'').collect();
    let plain = plain.replace(['−', '–'], "-").replace('，', ",");
    let wrong = || "is not a number; write digits such as 50 or 12.5".to_string();
    let known = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+' | 'e' | 'E');
    if plain.len() > NUMBER_MAX_BYTES && plain.parse::<f64>().is_err() || !plain.chars().all(known) {
        return Err(wrong());
    }
    let separators: Vec<char> = plain.chars().filter(|c| matches!(c, '.' | ',')).collect();
    let groups = |separator: char| {
        let mut parts = plain.split(separator);
        let first = parts.next().is_some_and(|p| (1..=3).contains(&p.trim_start_matches(['-', '+']).len()));
        first && parts.all(|part| part.split(['.', ',']).next().is_some_and(|p| p.len() == 3))
    };
    let plain = match separators.as_slice() {
        [] | ['.'] => plain,
        [','] if groups(',') => {
            return Err(format!(
                "could be {} or {}; write it without a comma",
                plain.replace(',', ""),
                plain.replace(',', ".")
            ));
        }
        [','] => plain.replace(',', "."),
        [.., last] if separators.iter().all(|c| c == last) && groups(*last) => plain.replace(*last, ""),
        [head @ .., last] if !head.contains(last) && groups(if *last == '.' { ',' } else { '.' }) => {
            plain.replace(if *last == '.' { ',' } else { '.' }, "").replace(',', ".")
        }
        _ => return Err(wrong()),
    };
    plain.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(wrong)
}

/// A length, with or without its unit.
pub fn metres(text: &str) -> Result<f64, String> {
    let plain = text.nfkc().collect::<String>().trim().to_lowercase();
    let units = [
        ("公里", 1_000.0),
        ("千米", 1_000.0),
        ("km", 1_000.0),
        ("metres", 1.0),
        ("meters", 1.0),
        ("metre", 1.0),
        ("meter", 1.0),
        ("米", 1.0),
        ("m", 1.0),
    ];
    let unit = units.iter().find_map(|(unit, factor)| Some((plain.strip_suffix(unit)?, *factor)));
    let (digits, factor) = unit.unwrap_or((&plain, 1.0));
    number(digits).map(|value| value * factor).map_err(|message| match message.strip_prefix("is not a number") {
        Some(_) => "is not a length in metres; write digits such as 50".into(),
        None => message,
    })
}

fn whole(text: &str) -> Result<u64, String> {
    let wrong = || "is not a whole number; write digits such as 3".to_string();
    let plain: String = text.nfkc().collect();
    if let Ok(value) = plain.trim().parse() {
        return Ok(value);
    }
    let value = number(&plain).map_err(|_| wrong())?;
    // Beyond this a spreadsheet's number is no longer exact.
    let exact = (0.0..=9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0;
    exact.then(|| format!("{value}").parse().ok()).flatten().ok_or_else(wrong)
}

fn flag(text: &str) -> Result<bool, String> {
    if matches!(text.trim(), "✓" | "✔" | "√") {
        return Ok(true);
    }
    let word = bare(text);
    match (YES.contains(&word.as_str()), NO.contains(&word.as_str())) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err("is neither yes nor no; write yes or no, 是 or 否".into()),
    }
}

fn word(text: &str, words: &[(&'static str, &[&str])]) -> Result<&'static str, String> {
    let written = bare(text);
    let known = words.iter().find(|(word, others)| bare(word) == written || others.contains(&written.as_str()));
    known.map(|(word, _)| *word).ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("is not known here; write one of {}", names.join(", "))
    })
}

/// Sets the value at the end of a path, making the way there.
fn fill(patch: &mut Map<String, Value>, way: &Path, value: Value) {
    let mut steps = way.0.iter();
    let Some(Step::Member(first)) = steps.next() else { return };
    let mut place = patch.entry(*first).or_insert(Value::Null);
    for step in steps {
        match step {
            Step::Member(name) => {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                let Value::Object(members) = place else { return };
                place = members.entry(*name).or_insert(Value::Null);
            }
            Step::Element(index) => {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let Value::Array(elements) = place else { return };
                if elements.len() <= *index {
                    elements.resize(index + 1, Value::Null);
                }
                let Some(element) = elements.get_mut(*index) else { return };
                place = element;
            }
        }
    }
    *place = value;
}

/// Makes one patch of what many cells have put there: lists lose the elements that nothing was written into, a zone is either
/// a circle or a polygon, and an altitude or opening hours without anything in them are none.
///
/// # Errors
/// When the parts contradict each other.
pub fn settle(patch: &mut Map<String, Value>) -> Result<(), String> {
    patch.values_mut().for_each(|value| prune(value, false));
    for (name, main) in [("altitude", "metres"), ("opening_hours", "text")] {
        let Some(Value::Object(parts)) = patch.get(name) else { continue };
        match parts.get(main) {
            Some(value) if is_blank(value) && parts.values().all(is_blank) => {
                patch.insert(name.into(), Value::Null);
            }
            // Nothing may be made of a source alone.
            None if parts.values().all(is_blank) => {
                patch.remove(name);
            }
            Some(value) if is_blank(value) && main == "metres" => {
                patch.insert(name.into(), Value::Null);
                return Err("has a source of an altitude but no altitude; write the metres or empty the source".into());
            }
            _ => {}
        }
    }
    settle_zone(patch)
}

fn settle_zone(patch: &mut Map<String, Value>) -> Result<(), String> {
    let Some(Value::Object(zone)) = patch.get_mut("zone") else { return Ok(()) };
    let given = |name: &str| zone.get(name).is_some_and(|value| !value.is_null());
    let (radius, rings) = (given("radius_m"), given("coordinates"));
    if radius && rings {
        patch.remove("zone");
        return Err("has both a radius and a polygon; empty one of them".into());
    }
    if radius || rings {
        let (kind, other) = if rings { ("polygon", "radius_m") } else { ("circle", "coordinates") };
        if zone.get("kind").and_then(Value::as_str).is_some_and(|said| said != kind) {
            return Err(format!("has the measures of a {kind} but another kind; write {kind} there or leave it empty"));
        }
        zone.insert("kind".into(), kind.into());
        zone.insert(other.into(), Value::Null);
    } else if zone.contains_key("radius_m") || zone.contains_key("coordinates") {
        // An emptied zone is a circle of no size.
        zone.insert("kind".into(), "circle".into());
        zone.insert("radius_m".into(), Value::from(0.0));
        zone.insert("coordinates".into(), Value::Null);
    } else {
        // Without its measures a kind cannot change.
        zone.remove("kind");
    }
    Ok(())
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().all(is_blank),
        _ => false,
    }
}

/// In a list null is a value to a merge patch, so there what is empty has to go.
fn prune(value: &mut Value, in_list: bool) {
    match value {
        Value::Array(elements) => {
            elements.retain(|element| !is_blank(element));
            for element in elements.iter_mut() {
                prune(element, true);
            }
            elements.retain(|element| !is_blank(element));
        }
        Value::Object(members) => {
            members.values_mut().for_each(|member| prune(member, in_list));
            if in_list {
                members.retain(|_, member| !is_blank(member));
            }
        }
        _ => {}
    }
}
