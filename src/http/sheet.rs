//! CSV as spreadsheets open it: UTF-8 with BOM, CRLF, quotes where they are needed, and no cell that a spreadsheet would run.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Lines of CSV.
#[derive(Default)]
pub struct Sheet(String);

impl Sheet {
    /// A sheet that begins as a file does.
    #[must_use]
    pub fn new() -> Self {
        Self("\u{feff}".into())
    }

    /// Lines that follow others.
    #[must_use]
    pub fn more() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn line(&mut self, cells: impl IntoIterator<Item = String>) {
        for (i, cell) in cells.into_iter().enumerate() {
            if i > 0 {
                self.0.push(',');
            }
            self.cell(&cell);
        }
        self.0.push_str("\r\n");
    }

    fn cell(&mut self, text: &str) {
        let quoted = text.contains(['"', ',', '\r', '\n']);
        if quoted {
            self.0.push('"');
        }
        // A spreadsheet takes such a text for a formula; after an apostrophe it is one no longer.
        if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
            self.0.push('\'');
        }
        self.0.push_str(&text.replace('"', "\"\""));
        if quoted {
            self.0.push('"');
        }
    }

    /// What has been written.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// An answer that is kept as a file of this name. What it says depends on who asks.
#[must_use]
pub fn download(name: &str, body: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("authorization")),
    ];
    let mut response = (headers, body.into()).into_response();
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_needed_and_never_run() {
        let mut sheet = Sheet::new();
        let cells = ["plain", "a,b", "say \"x\"", "two\nlines", "=1+1", "-1", "@x,y", "", "人民的运河", "＝1"];
        sheet.line(cells.map(String::from));
        assert_eq!(
            sheet.into_text(),
            "\u{feff}plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",'=1+1,'-1,\"'@x,y\",,人民的运河,'＝1\r\n"
        );
    }
}
