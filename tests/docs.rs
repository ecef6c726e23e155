//! What the documents say is true: README's requests give the printed answers, its table of settings is the code's, the
//! places it names exist.

#[path = "support/started.rs"]
mod started;

use started::started;
use std::path::Path;
use std::process::{Child, Command};
use studyroute::config::SETTINGS;

fn readme() -> String {
    std::fs::read_to_string("README.md").expect("README.md is there")
}

/// The program on a free port; killed when dropped.
struct Server {
    child: Child,
    address: String,
    database: String,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("studyroute.db").display());
        let mut serve = Command::new(env!("CARGO_BIN_EXE_studyroute"));
        serve.args(["serve", "--listen", "127.0.0.1:0", "--database", &database]);
        let (child, address) = started(&mut serve, "ready", drop);
        Self { child, address, database, folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Commands and printed answers of all `console` blocks, in order.
fn examples(text: &str) -> Vec<(String, String)> {
    let blocks = text.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let mut found: Vec<(String, String)> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command.into(), String::new())),
            (None, Some((_, answer))) => answer.push_str(line),
            (None, None) => panic!("an answer without a command: {line}"),
        }
    }
    found
}

/// Whether `text` is `pattern`, where … stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (i, part) in parts.iter().enumerate() {
        if i + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// Runs all examples of a document in one shell, because a later one uses what an earlier one got.
fn check_examples(server: &Server, text: &str, expected: usize) {
    let examples = examples(text);
    assert_eq!(examples.len(), expected, "examples");
    let script: Vec<String> = examples
        .iter()
        .map(|(command, _)| format!("{}\necho; echo ----", command.replace("127.0.0.1:8080", &server.address)))
        .collect();
    let program = Path::new(env!("CARGO_BIN_EXE_studyroute")).parent().expect("a folder");
    let output = Command::new("bash")
        .args(["-c", &format!("PATH={}:$PATH\n{}", program.display(), script.join("\n"))])
        .current_dir(server.folder.path())
        .env("STUDYROUTE_DATABASE", &server.database)
        .output()
        .expect("bash runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let answers: Vec<String> =
        printed.split("----\n").map(|answer| answer.lines().collect::<String>().trim().to_string()).collect();
    for ((command, expected), answer) in examples.iter().zip(answers) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(fits(expected.trim(), &answer), "$ {command}\nexpected {expected}\nprinted  {answer}\n{said}");
    }
}

#[test]
fn the_first_requests_of_the_readme_give_the_printed_answers() {
    check_examples(&Server::start(), &readme(), 3);
}

#[test]
fn the_commands_of_the_designers_guide_give_the_printed_answers() {
    let server = Server::start();
    std::fs::copy("tests/corpus/tables/excel-gbk-comma.csv", server.folder.path().join("stops.csv")).expect("a copy");
    let guide = std::fs::read_to_string("docs/designers.md").expect("the guide is there");
    check_examples(&server, &guide, 7);
}

#[test]
fn an_answer_must_fit_its_pattern() {
    assert!(fits("a…c", "abc") && fits("a…", "a") && fits("abc", "abc") && fits("…b…d", "abcd"));
    assert!(!fits("a…c", "abd") && !fits("abc", "abcd") && !fits("…x…", "abc") && !fits("a", "b"));
}

#[test]
fn the_table_of_settings_is_the_codes() {
    let readme = readme();
    for setting in &SETTINGS {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let row = format!("| `{}` | {default} | {} |", setting.name, setting.help);
        assert!(readme.contains(&row), "README lacks this row:\n{row}");
    }
    let rows = readme.split("| setting | default | meaning |").nth(1).expect("the table");
    let rows = rows.lines().skip(2).take_while(|line| line.starts_with("| `")).count();
    assert_eq!(rows, SETTINGS.len(), "README has rows that are no settings");
}

#[test]
fn the_map_names_places_that_exist() {
    let readme = readme();
    let map =
        readme.split("## The map of the house").nth(1).and_then(|rest| rest.split("```").nth(1)).expect("the map");
    let mut named = 0;
    for line in map.lines().filter(|line| !line.trim().is_empty()) {
        for place in line.split("  ").next().unwrap_or_default().split(',') {
            assert!(Path::new(place.trim()).exists(), "the map names {place}, which is not there");
            named += 1;
        }
    }
    assert!(named > 8);
    for rest in readme.split("](").skip(1) {
        let target = rest.split(')').next().unwrap_or_default();
        assert!(target.starts_with("http") || Path::new(target).exists(), "README links to {target}");
    }
}

#[test]
fn every_makefile_name_that_a_document_mentions_exists() {
    let makefile = std::fs::read_to_string("Makefile").expect("a Makefile");
    for document in ["README.md", "CONTRIBUTING.md", "docs/designers.md", "docs/keeping.md", ".ci/run"] {
        let text = std::fs::read_to_string(document).expect("readable");
        // As a command: at the beginning of a line or in backticks; "to make one" is a sentence.
        let commands = text.split("\nmake ").skip(1).chain(text.split("`make ").skip(1));
        for rest in commands {
            let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let known = name.is_empty() || makefile.contains(&format!("\n{name}:"));
            assert!(known, "{document} mentions make {name}");
        }
    }
}

#[test]
fn the_commands_of_the_guide_to_keeping_data_exist_with_their_flags() {
    let guide = std::fs::read_to_string("docs/keeping.md").expect("the guide is there");
    let blocks = guide.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let commands: Vec<&str> = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("studyroute ")).collect();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands {
        let command = command.split('#').next().unwrap_or_default();
        let name = command.split(' ').next().unwrap_or_default();
        let help = Command::new(env!("CARGO_BIN_EXE_studyroute")).args([name, "--help"]).output().expect("it runs");
        assert!(help.status.success(), "there is no command {name}");
        let help = String::from_utf8(help.stdout).expect("text");
        for flag in command.split(' ').filter(|word| word.starts_with("--")) {
            assert!(help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")), "{name} has no {flag}");
        }
    }
    let named: Vec<&str> = guide.split("| `retention").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    assert_eq!(named.len(), 3);
    for name in named {
        let known = |setting: &studyroute::config::Setting| setting.name.strip_prefix("retention") == Some(name);
        assert!(SETTINGS.iter().any(known), "retention{name} is no setting");
    }
}

#[test]
fn the_benchmarks_say_where_when_and_from_what_they_were_measured() {
    let page = std::fs::read_to_string("BENCHMARKS.md").expect("the page");
    let table = page.split("<!-- table: written by `make bench` -->").nth(1).expect("the mark before the table");
    let table = table.split("<!-- end of the table -->").next().expect("the mark after the table");
    let named = ["Machine: ", "Date: ", "Commit: ", "Command: `"];
    assert!(named.iter().all(|name| table.contains(name)), "the table's head lacks one of {named:?}");
    let file = std::fs::read_to_string("BENCHMARKS.json").expect("the file beside the page");
    let file: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    let commit = file["commit"].as_str().expect("a commit");
    assert!(table.contains(&format!("Commit: {commit}.")), "page and file are of one run");
    let rows = file["rows"].as_array().expect("rows");
    let cells = table.lines().filter(|line| line.starts_with("| ")).count() - 1;
    assert!(!rows.is_empty() && rows.len() == cells, "{cells} rows in the page, {} in the file", rows.len());
    for row in rows {
        let measured = row["figure"].is_object();
        assert!(
            measured || !row["more"].as_str().unwrap_or_default().is_empty(),
            "a row without figure says why: {row}"
        );
    }
}
