//! What a drill did and what came of it, as a table for people.

use crate::audit::Toll;
use crate::say;
use std::path::Path;
use std::time::Duration;

/// What a fault tells about itself.
#[derive(Default)]
pub struct Seen {
    /// Until check-ins were taken again.
    pub back: Option<Duration>,
    pub note: String,
}

#[derive(Default)]
pub struct Report {
    rows: Vec<[String; 7]>,
}

const HEAD: [&str; 7] = ["fault", "acknowledged", "refused (5xx)", "unknown", "of them kept", "writes back", "note"];

impl Report {
    pub fn add(&mut self, fault: &str, acked: usize, refused: usize, toll: &Toll, seen: Seen) {
        let back = seen.back.map_or(String::from("-"), |time| format!("{:.1} s", time.as_secs_f64()));
        let numbers = [acked, refused, toll.open - refused, toll.unheard].map(|number| number.to_string());
        let [acked, refused, unknown, kept] = numbers;
        let row = [fault.into(), acked, refused, unknown, kept, back, seen.note];
        say(&HEAD
            .iter()
            .zip(&row)
            .skip(1)
            .fold(fault.to_string(), |line, (head, cell)| format!("{line}; {head} {cell}")));
        self.rows.push(row);
    }

    /// Shows it, and leaves it in a file.
    pub fn end(&self, name: &str) {
        let head = HEAD.map(String::from);
        let width = |column: usize| self.rows.iter().chain([&head]).map(|row| row[column].len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
        let line = |row: &[String; 7]| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            format!("{}\n", cells.join("  ").trim_end())
        };
        let table: String = std::iter::once(&head).chain(&self.rows).map(line).collect();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("drill");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.txt")), &table).unwrap();
        say(&format!("{name}\n{table}"));
    }
}
