//! The pages of `web/`, built into the program, which use the public API only; and reports, made from what the domain found.

pub mod rehearsal;

use rust_embed::RustEmbed;
use serde_json::Value;
use std::borrow::Cow;

/// What `/` shows where the pages have not been built.
pub const HOME: &str = include_str!("../../web/home.html");
const PROBLEMS: &str = include_str!("../../web/problems.html");

/// The page that explains the problem codes; `table` is a list of `{code, status, title}`.
#[must_use]
pub fn problems(table: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let row = |row: &Value| {
        let (code, status, title) = (text(&row["code"]), text(&row["status"]), text(&row["title"]));
        format!("<tr id=\"{code}\"><td><code>{code}</code></td><td>{status}</td><td>{title}</td></tr>")
    };
    let rows: Vec<String> = table.as_array().into_iter().flatten().map(row).collect();
    PROBLEMS.replace("<!-- rows -->", &rows.join("\n"))
}

/// What `npm run build` made of `web/`. A debug build reads it from the disk when the program starts.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Built;

/// The files of the built pages, by their paths under `web/dist`; none where the pages have not been built.
pub fn built() -> impl Iterator<Item = (String, Cow<'static, [u8]>)> {
    // The folder itself is kept by an empty file.
    let paths = Built::iter().filter(|path| !path.starts_with('.'));
    paths.filter_map(|path| Some((path.to_string(), Built::get(&path)?.data)))
}
