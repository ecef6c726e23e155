//! What commands print: tables for people, JSON for programs. Results go to stdout, everything else to stderr.

use anyhow::Result;
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::{IsTerminal, Write};

/// How to print.
pub struct Output {
    json: bool,
}

impl Output {
    /// Tables, or JSON.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Rows under headings; as JSON a list of objects.
    ///
    /// # Errors
    /// When stdout is gone.
    pub fn table<const N: usize>(&self, headings: [&str; N], rows: Vec<[String; N]>) -> Result<()> {
        if self.json {
            let rows = rows.into_iter().map(|row| {
                let members = headings.iter().zip(row).map(|(name, value)| ((*name).to_string(), Value::from(value)));
                Value::Object(members.collect::<Map<_, _>>())
            });
            return Self::document(&rows.collect());
        }
        Self::text(&grid(headings, rows))
    }

    /// A JSON document, or the same in words for people.
    ///
    /// # Errors
    /// When stdout is gone.
    pub fn either(&self, document: &impl Serialize, words: &str) -> Result<()> {
        if self.json { Self::document(&serde_json::to_value(document)?) } else { Self::text(words) }
    }

    /// A refusal: as JSON on stdout, in words on stderr.
    ///
    /// # Errors
    /// When stdout is gone.
    pub fn refusal(&self, document: &Value, words: &str) -> Result<()> {
        if self.json {
            return Self::document(document);
        }
        eprintln!("{}", words.trim_end());
        Ok(())
    }

    fn text(text: &str) -> Result<()> {
        writeln!(std::io::stdout().lock(), "{}", text.trim_end())?;
        Ok(())
    }

    /// A JSON document, whatever was asked for.
    ///
    /// # Errors
    /// When stdout is gone.
    pub fn document(document: &Value) -> Result<()> {
        writeln!(std::io::stdout().lock(), "{document:#}")?;
        Ok(())
    }

    /// Something alone on stdout, to be taken up by a script.
    ///
    /// # Errors
    /// When stdout is gone.
    pub fn alone(&self, name: &str, value: &str) -> Result<()> {
        if self.json {
            return Self::document(&Value::Object(Map::from_iter([(name.to_string(), Value::from(value))])));
        }
        writeln!(std::io::stdout().lock(), "{value}")?;
        Ok(())
    }

    /// A progress bar on stderr; silent when nobody watches.
    #[must_use]
    pub fn progress(&self, steps: u64, what: &'static str) -> ProgressBar {
        self.bar(steps, what, "{msg} {bar:30} {pos}/{len}")
    }

    /// The same for bytes.
    #[must_use]
    pub fn progress_bytes(&self, what: &'static str) -> ProgressBar {
        self.bar(0, what, "{msg} {bar:30} {bytes}/{total_bytes}")
    }

    fn bar(&self, steps: u64, what: &'static str, template: &str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template(template);
        ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
    }
}

/// Rows under headings, in columns.
#[must_use]
pub fn grid<const N: usize>(headings: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_header(headings);
    table.add_rows(rows);
    table.lines().map(|line| line.trim_end().to_string()).collect::<Vec<_>>().join("\n")
}
