//! The pages of `web/`, built into the program, which use the public API only; and reports, made from what the domain found.

pub mod rehearsal;

use serde_json::Value;

/// What this is and where to go.
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
