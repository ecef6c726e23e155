//! What came of an import, in words: how the file was understood, which rows cannot be taken and why, and how to go on.

use super::super::words::many;
use crate::cli::output::grid;
use crate::design::import::{Import, Report, RowReport, RowResult, Suggestion};
use crate::formats::{Column, Understood};

/// The whole report of one file.
pub fn in_words(file: &str, report: &Report, import: &Import) -> String {
    let mut said = vec![file.to_string()];
    said.extend(
        understood(&report.understood, report, import).into_iter().map(|(name, value)| format!("  {name:<12} {value}")),
    );
    said.extend([String::new(), rows(report) + &summary(report), outcome(report, import)]);
    said.join("\n")
}

fn understood(how: &Understood, report: &Report, import: &Import) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    // Excel and its users call it by its older name.
    let name = |encoding| if encoding == "gb18030" { "GBK (gb18030)" } else { encoding };
    let encoding = how.encoding.map(|encoding| format!(" in {}", name(encoding))).unwrap_or_default();
    let delimiter = match how.delimiter {
        Some('\t') => ", tabs between the cells".into(),
        Some(',') => ", commas between the cells".into(),
        Some(';') => ", semicolons between the cells".into(),
        Some(other) => format!(", {other} between the cells"),
        None => String::new(),
    };
    lines.push(("format", format!("{}{encoding}{delimiter}", how.format)));
    lines.extend(how.sheet.iter().map(|sheet| ("sheet", sheet.clone())));
    let from = match (&import.crs, &how.crs) {
        (Some(_), _) => "as you say".into(),
        (None, Some((_, place))) => format!("as {place} says"),
        (None, None) => "assumed".into(),
    };
    let swapped = if import.swap_axes { "; latitude and longitude swapped" } else { "" };
    lines.push(("coordinates", format!("{}, {from}{swapped}", report.crs)));
    // Headings that end with the name of their field, as an export writes them, need no explanation.
    let (plain, guessed): (Vec<&Column>, Vec<&Column>) =
        how.columns.iter().partition(|column| column.heading.ends_with(&column.field));
    let mut columns: Vec<String> =
        guessed.iter().map(|column| format!("{} → {}", column.heading, column.field)).collect();
    if !plain.is_empty() {
        columns.push(format!("{} named as their fields", many(plain.len() as u64, "column")));
    }
    for (i, column) in columns.into_iter().enumerate() {
        lines.push((if i == 0 { "columns" } else { "" }, column));
    }
    if !how.ignored.is_empty() {
        lines.push(("left out", format!("{} (no field of this name)", how.ignored.join(", "))));
    }
    lines.extend(how.notes.iter().map(|note| ("note", note.clone())));
    lines
}

/// A line for each mistake of a refused row, and for what was left out.
fn rows(report: &Report) -> String {
    let told = |result: RowResult| report.results.iter().filter(move |row| row.result == result);
    let shown: Vec<[String; 5]> =
        told(RowResult::Refused).chain(told(RowResult::Skipped)).flat_map(|row| row_lines(row).into_iter()).collect();
    if shown.is_empty() {
        return String::new();
    }
    let more = report.refused.saturating_sub(told(RowResult::Refused).count() as u64);
    let more = if more == 0 { String::new() } else { format!("\n  … and {} more", many(more, "refused row")) };
    grid(["place", "result", "column", "value", "what to do"], shown) + &more + "\n\n"
}

fn row_lines(row: &RowReport) -> Vec<[String; 5]> {
    let verdict = if row.result == RowResult::Refused { "refused" } else { "left out" };
    let lines = row.mistakes.iter().map(|mistake| {
        let (column, value) = (mistake.column.clone(), mistake.value.clone());
        [row.place.to_string(), verdict.into(), column, value, mistake.message.clone()]
    });
    lines.collect()
}

fn summary(report: &Report) -> String {
    let Report { rows, added, changed, unchanged, removed, refused, .. } = report;
    let mut said = format!(
        "{}: {added} added, {changed} changed, {unchanged} unchanged, {removed} removed, {refused} refused",
        many(*rows, "row")
    );
    if report.reordered {
        said += "; the visiting order changes";
    }
    if report.route_changed {
        said += "; the route's own title, summary or line changes";
    }
    said
}

fn outcome(report: &Report, import: &Import) -> String {
    let route = &report.route;
    if let Some(suggestion) = report.suggestions.first() {
        let (reason, flag) = (&suggestion.reason, flag(suggestion));
        return format!("Nothing was taken: {reason}. Import it again with {flag}.");
    }
    let changes = report.added + report.changed + report.removed > 0 || report.reordered || report.route_changed;
    match (report.accepted, import.dry_run) {
        (true, _) if !changes => format!("The draft of {route} has all this already and stays as it is."),
        (false, _) => format!(
            "Nothing was taken. Mend {}, or take the others with --partial.",
            if report.refused == 1 { "this row" } else { "these rows" }
        ),
        (true, true) => "Nothing was kept; without --dry-run all this would be taken.".into(),
        (true, false) => {
            format!("It is in the draft of {route}; studyroute lint {route} says what that still needs.")
        }
    }
}

fn flag(suggestion: &Suggestion) -> String {
    let name = suggestion.parameter.replace('_', "-");
    if suggestion.value == "true" { format!("--{name}") } else { format!("--{name} {}", suggestion.value) }
}
