//! The texts: written in both languages, short enough for a phone, and without characters that nobody sees.

use super::{FACTS_MIN, Findings, Rule};
use crate::domain::route::{Lang, StudyRoute, Text, Waypoint};
use std::fmt;

/// What is expected of a text.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// The rule that is broken when it is written in no language.
    empty: Rule,
    /// Most characters that fit on a phone, in Chinese and in English.
    longest: [usize; 2],
}

const TITLE: Kind = Kind { empty: Rule::NoTitle, longest: [24, 60] };
const SUMMARY: Kind = Kind { empty: Rule::NoSummary, longest: [400, 1_000] };
/// A line of its own under a title.
pub(super) const LABEL: Kind = Kind { empty: Rule::MissingText, longest: [60, 150] };
/// A paragraph.
pub(super) const PARAGRAPH: Kind = Kind { empty: Rule::MissingText, longest: [200, 500] };
/// What an exhibit teaches.
pub(super) const LESSON: Kind = Kind { empty: Rule::MissingText, longest: [400, 1_000] };

impl Kind {
    /// The same, with a rule of its own for a text that is not there.
    pub(super) const fn or(self, empty: Rule) -> Self {
        Self { empty, ..self }
    }
}

pub(super) fn check_head(out: &mut Findings<'_, '_>, route: &StudyRoute) {
    out.text(format_args!("title"), &route.title, TITLE);
    out.text(format_args!("summary"), &route.summary, SUMMARY);
}

pub(super) fn check(out: &mut Findings<'_, '_>, waypoint: &Waypoint) {
    let body = &waypoint.body;
    out.text(format_args!("title"), &body.title, TITLE);
    out.text(format_args!("summary"), &body.summary, SUMMARY);
    out.text(format_args!("county"), &body.county, LABEL.or(Rule::NoCounty));
    out.text(format_args!("period"), &body.period, LABEL.or(Rule::NoPeriod));
    out.text(format_args!("heritage.status"), &body.heritage.status, PARAGRAPH.or(Rule::NoHeritage));
    if body.themes.is_empty() {
        out.add(Rule::NoTheme, "themes", "is empty; name at least one, such as hydraulics");
    }
    for (i, theme) in body.themes.iter().enumerate() {
        out.slug(&format!("themes[{i}]"), theme);
    }
    if body.facts.len() < FACTS_MIN {
        let message = format!("has {}; give at least {FACTS_MIN}, each with its source", body.facts.len());
        out.add(Rule::FewFacts, "facts", message);
    }
    for (i, fact) in body.facts.iter().enumerate() {
        out.text(format_args!("facts[{i}].date"), &fact.date, LABEL);
        out.text(format_args!("facts[{i}].text"), &fact.text, PARAGRAPH);
        out.source(Rule::FactWithoutSource, &format!("facts[{i}].source"), &fact.source);
    }
    if let Some(hours) = &body.opening_hours {
        out.text(format_args!("opening_hours.text"), &hours.text, LABEL);
        out.source(Rule::HoursWithoutSource, "opening_hours.source", &hours.source);
    }
    if let Some(altitude) = &body.altitude {
        out.source(Rule::AltitudeWithoutSource, "altitude.source", &altitude.source);
    }
}

impl Findings<'_, '_> {
    /// Checks one text. Its name is written only when something is found.
    pub(super) fn text(&mut self, property: fmt::Arguments<'_>, text: &Text, kind: Kind) {
        if Lang::ALL.iter().all(|&lang| text.get(lang).trim().is_empty()) {
            self.add(kind.empty, &property.to_string(), "is missing; write it in Chinese and in English");
            return;
        }
        for (lang, longest) in Lang::ALL.into_iter().zip(kind.longest) {
            let words = text.get(lang);
            let at = || format!("{property}.{}", lang.tag());
            if words.trim().is_empty() {
                self.add(Rule::MissingLanguage, &at(), "is missing; write this text in both languages");
            }
            let length = words.chars().count();
            if length > longest {
                let message = format!("has {length} characters, more than {longest} do not fit on a phone; shorten it");
                self.add(Rule::TextTooLong, &at(), message);
            }
            if let Some(character) = words.chars().find(|c| is_hidden(*c)) {
                let message = format!(
                    "holds the invisible character U+{:04X}, which can turn or break the text; delete it, or type the text again",
                    u32::from(character)
                );
                self.add(Rule::HiddenCharacters, &at(), message);
            }
            if let Some(word) = words.split(|c: char| !c.is_alphabetic()).find(|word| is_mixed(word)) {
                let message =
                    format!("the word \"{word}\" mixes Latin letters with Greek or Cyrillic ones; type it again");
                self.add(Rule::MixedScript, &at(), message);
            }
        }
    }
}

/// Controls, characters without width, and those that turn the direction of writing.
fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether a word has Latin letters beside Greek or Cyrillic ones, which look alike.
fn is_mixed(word: &str) -> bool {
    let latin = |c: char| c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}');
    // Lone Greek letters such as the µ of µm or the Δ of ΔT are symbols, not a slip of the keyboard.
    let foreign = word.chars().filter(|c| matches!(c, '\u{370}'..='\u{52f}')).count();
    let greek_symbol = foreign == 1 && word.chars().next().is_some_and(|c| matches!(c, '\u{391}'..='\u{3c9}'));
    foreign > 0 && !greek_symbol && word.chars().any(latin)
}
