//! The questions: options, key, sources, and whether the letters of the right answers give them away.

use super::texts::{LABEL, PARAGRAPH};
use super::{Findings, Rule};
use crate::domain::route::{Question, Waypoint};
use std::collections::HashSet;

/// So many questions with the same letter as key are no chance.
pub(super) const SAME_KEYS_MIN: usize = 4;

pub(super) fn check(out: &mut Findings<'_, '_>, waypoint: &Waypoint) {
    let mut ids = HashSet::new();
    for (i, question) in waypoint.body.questions.iter().enumerate() {
        if !ids.insert(question.id.as_str()) {
            out.add(Rule::DuplicateId, &format!("questions[{i}].id"), "stands twice; each question needs its own");
        }
        check_question(out, i, question);
    }
}

fn check_question(out: &mut Findings<'_, '_>, i: usize, question: &Question) {
    let at = |name: &str| format!("questions[{i}].{name}");
    out.text(format_args!("questions[{i}].prompt"), &question.prompt, PARAGRAPH);
    let explanation = PARAGRAPH.or(Rule::MissingExplanation);
    out.text(format_args!("questions[{i}].explanation"), &question.explanation, explanation);
    out.source(Rule::QuestionWithoutSource, &at("source"), &question.source);
    if !(3..=4).contains(&question.options.len()) {
        let message = format!("has {}; give three or four", question.options.len());
        out.add(Rule::QuestionOptions, &at("options"), message);
    }
    let mut seen = HashSet::new();
    for (j, option) in question.options.iter().enumerate() {
        out.text(format_args!("questions[{i}].options[{j}].text"), &option.text, LABEL);
        if !seen.insert(option.id.as_str()) {
            let message = "stands twice; each option needs its own";
            out.add(Rule::QuestionOptions, &at(&format!("options[{j}].id")), message);
        }
    }
    if !seen.contains(question.key.as_str()) {
        out.add(Rule::QuestionKey, &at("key"), format!("\"{}\" is not the id of an option", question.key));
    }
}

/// The keys of a route's questions, gathered stop by stop. Children find out soon that the answer is always b.
#[derive(Default)]
pub(super) struct Keys {
    /// The key of the first question, and how many questions there are; no key when another came.
    all: Option<(Option<String>, usize)>,
}

impl Keys {
    pub(super) fn add<'k>(&mut self, keys: impl Iterator<Item = &'k str>) {
        for next in keys {
            let (key, count) = self.all.get_or_insert_with(|| (Some(next.into()), 0));
            *count += 1;
            if key.as_deref().is_some_and(|key| key != next) {
                *key = None;
            }
        }
    }

    /// Those of one stop.
    pub(super) fn of(waypoint: &Waypoint) -> Self {
        let mut keys = Self::default();
        keys.add(keys_of(waypoint));
        keys
    }

    /// Whether there are several.
    pub(super) fn differ(&self) -> bool {
        matches!(self.all, Some((None, _)))
    }

    /// The key that all questions have, when they are so many that it is no chance.
    pub(super) fn same(&self) -> Option<(&str, usize)> {
        let (key, count) = self.all.as_ref()?;
        key.as_deref().filter(|_| *count >= SAME_KEYS_MIN).map(|key| (key, *count))
    }
}

pub(super) fn keys_of(waypoint: &Waypoint) -> impl Iterator<Item = &str> {
    waypoint.body.questions.iter().map(|question| question.key.as_str())
}

pub(super) fn add_same_key(out: &mut Findings<'_, '_>, (key, count): (&str, usize)) {
    let message = format!(
        "all {count} questions have the key \"{key}\"; put the right answers at different places among the options"
    );
    out.add(Rule::SameKey, "questions", message);
}

/// The key of all questions of a stop behind a `=`; empty when they have several, `None` when there is no question.
#[must_use]
pub fn answer_key(waypoint: &Waypoint) -> Option<String> {
    let (key, _) = Keys::of(waypoint).all?;
    Some(key.map(|key| format!("={key}")).unwrap_or_default())
}
