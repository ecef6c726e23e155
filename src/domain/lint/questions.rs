//! The questions: options, key, sources, and whether the letters of the right answers give them away.

use super::texts::{LABEL, PARAGRAPH};
use super::{Findings, Rule};
use crate::domain::route::{Question, StudyRoute, Waypoint};
use std::collections::HashSet;

/// So many questions with the same letter as key are no chance.
const SAME_KEYS_MIN: usize = 4;

pub(super) fn check(out: &mut Findings<'_>, waypoint: &Waypoint) {
    let mut ids = HashSet::new();
    for (i, question) in waypoint.body.questions.iter().enumerate() {
        if !ids.insert(question.id.as_str()) {
            out.add(Rule::DuplicateId, &format!("questions[{i}].id"), "stands twice; each question needs its own");
        }
        check_question(out, i, question);
    }
}

fn check_question(out: &mut Findings<'_>, i: usize, question: &Question) {
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

/// Children find out soon that the answer is always b.
pub(super) fn check_keys<'a>(out: &mut Findings<'a>, route: &'a StudyRoute) {
    let message = |key: &str, count| {
        format!(
            "all {count} questions have the key \"{key}\"; put the right answers at different places among the options"
        )
    };
    if let Some((key, count)) = same_key(route.waypoints.iter().flat_map(|waypoint| &waypoint.body.questions)) {
        out.turn_to_route();
        out.add(Rule::SameKey, "questions", message(key, count));
        return;
    }
    for (i, waypoint) in route.waypoints.iter().enumerate() {
        if let Some((key, count)) = same_key(waypoint.body.questions.iter()) {
            out.turn_to(i, waypoint);
            out.add(Rule::SameKey, "questions", message(key, count));
        }
    }
}

fn same_key<'a>(mut questions: impl Iterator<Item = &'a Question>) -> Option<(&'a str, usize)> {
    let key = questions.next()?.key.as_str();
    let mut count = 1;
    for question in questions {
        if question.key != key {
            return None;
        }
        count += 1;
    }
    (count >= SAME_KEYS_MIN).then_some((key, count))
}
