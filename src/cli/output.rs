//! What commands print: tables for people, JSON for programs. Results go to stdout, everything else to stderr.

use anyhow::Result;
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
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
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::NOTHING).set_header(headings);
        table.add_rows(rows);
        let mut out = std::io::stdout().lock();
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
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
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}");
        ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
    }
}
