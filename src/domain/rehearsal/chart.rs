//! A rehearsal as text for a terminal: one bar a stop, told apart by shading, not by colour. Han and full-width characters take
//! two columns; the bars come last in the line, so that a terminal that draws shades wide still aligns everything before them.

use super::{Rehearsal, WaypointOutcome};
use crate::domain::route::Lang;
use std::fmt::Write;

/// Narrowest and widest chart, columns.
const WIDTH_RANGE: (usize, usize) = (40, 200);
/// Shades of the four classes: at once, after a second fix, later, not at all.
const SHADES: [char; 4] = ['█', '▓', '▒', '░'];

/// Draws the chart, at most `width` columns wide (from 40 to 200).
#[must_use]
pub fn chart(rehearsal: &Rehearsal, width: usize, lang: Lang) -> String {
    let width = width.clamp(WIDTH_RANGE.0, WIDTH_RANGE.1);
    let label = |outcome: &WaypointOutcome| format!("{:>2} {}", outcome.order, plain(outcome.title.shown(lang)));
    let longest = rehearsal.waypoints.iter().map(|outcome| columns(&label(outcome))).max().unwrap_or(0);
    let figures = |outcome: &WaypointOutcome| format!("{}/{}", outcome.walkers - outcome.failed, outcome.walkers);
    let figures_width = rehearsal.waypoints.iter().map(|outcome| figures(outcome).len()).max().unwrap_or(0);
    let label_width = longest.min(width / 2 - figures_width.min(width / 4));
    let bar_width = width.saturating_sub(label_width + figures_width + 2).max(SHADES.len());
    let mut out = String::new();
    for outcome in &rehearsal.waypoints {
        let label = fitted(&label(outcome), label_width);
        let cells = cells(outcome, bar_width);
        let bar: String = SHADES.iter().zip(cells).flat_map(|(&shade, n)| std::iter::repeat_n(shade, n)).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{label} {:>figures_width$} {bar}", figures(outcome));
    }
    let legend = match lang {
        Lang::ZhCn => ["一次成功", "第二次定位", "更晚", "未成功"],
        Lang::En => ["at once", "second fix", "later", "not at all"],
    };
    let legend: Vec<String> = SHADES.iter().zip(legend).map(|(shade, word)| format!("{shade} {word}")).collect();
    let _ = writeln!(out, "{}", legend.join("  "));
    out
}

/// Cells of the bar for each class. What happened to anybody is seen: its class has a cell at least.
fn cells(outcome: &WaypointOutcome, width: usize) -> [usize; 4] {
    let counts = [outcome.at_once, outcome.after_second_fix, outcome.later, outcome.failed];
    let counts = counts.map(|count| usize::try_from(count).unwrap_or(0));
    let all = counts.iter().sum::<usize>().max(1);
    let mut cells = counts.map(|count| if count == 0 { 0 } else { (count * width / all).max(1) });
    let largest = (0..4).max_by_key(|&i| counts[i]).unwrap_or(0);
    let others: usize = (0..4).filter(|&i| i != largest).map(|i| cells[i]).sum();
    cells[largest] = width.saturating_sub(others);
    cells
}

/// Without what would move the cursor.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Cut or filled up to exactly `width` columns.
fn fitted(text: &str, width: usize) -> String {
    let mut out = String::new();
    let cut = columns(text) > width;
    let room = if cut { width.saturating_sub(1) } else { width };
    let mut used = 0;
    for c in text.chars() {
        if used + column_count(c) > room {
            break;
        }
        used += column_count(c);
        out.push(c);
    }
    if cut {
        out.push('…');
        used += 1;
    }
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

fn columns(text: &str) -> usize {
    text.chars().map(column_count).sum()
}

/// Columns of one character: the wide blocks of Unicode's East Asian Width that occur in names.
fn column_count(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        _ => 1,
    }
}
