//! The laws of the house that a program can check: which room may see which, which library lives where, how long files are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rooms, floor by floor from the ground. A room sees only floors below its own, and what stands beside the house.
const FLOORS: [&[&str]; 7] = [
    &["domain"],
    &["store", "index", "formats"],
    &["tasks", "design"],
    &["http", "web"],
    &["app"],
    &["cli"],
    &["main", "lib"],
];

/// Beside the house: who may see the clock, the settings and traces.
const BESIDE: [(&str, &[&str]); 3] = [
    ("ambient", &["http", "app", "cli"]),
    ("config", &["app", "cli"]),
    ("traces", &["http", "tasks", "design", "cli", "config"]),
];

/// Libraries that live in one room. Everybody else has to ask that room.
const AT_HOME: [(&str, &[&str]); 29] = [
    ("sqlx", &["store"]),
    ("object_store", &["store"]),
    ("rand", &["domain"]),
    ("rand_distr", &["domain"]),
    ("rand_pcg", &["domain"]),
    ("quick_xml", &["formats"]),
    ("zip", &["formats"]),
    ("csv", &["formats"]),
    ("calamine", &["formats"]),
    ("rust_xlsxwriter", &["formats"]),
    ("encoding_rs", &["formats"]),
    ("gltf", &["formats"]),
    ("maud", &["web"]),
    ("rust_embed", &["web"]),
    ("axum", &["http"]),
    ("hyper", &["http"]),
    ("hashbrown", &["index"]),
    // The domain derives the shapes of what designers send and get, as it derives serde's.
    ("utoipa", &["http", "domain", "design"]),
    ("metrics_process", &["http"]),
    ("clap", &["cli", "config"]),
    ("reqwest", &["cli", "traces"]),
    ("rustix", &["cli", "store"]),
    ("jiff", &["domain", "ambient"]),
    ("getrandom", &["ambient"]),
    ("opentelemetry", &["traces"]),
    ("opentelemetry_sdk", &["traces"]),
    ("opentelemetry_otlp", &["traces"]),
    ("opentelemetry_http", &["traces"]),
    ("tracing_opentelemetry", &["traces"]),
];

const FILE_LINES_MAX: usize = 500;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn room(file: &Path) -> String {
    let inside = file.strip_prefix("src").expect("in src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_string()
}

/// The file's code without comments and without its tests.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).expect("readable");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Every `crate::room` in a text.
fn rooms_seen(code: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let names = group.split('}').next().unwrap_or_default().split(',');
            seen.extend(names.map(|name| name.trim().split("::").next().unwrap_or_default().to_string()));
        } else {
            seen.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    seen
}

#[test]
fn dependencies_point_inward() {
    let mut broken = Vec::new();
    let files = sources(Path::new("src"));
    assert!(files.len() > 30, "the house was found");
    for file in files {
        // The file of tests of a module belongs to no room's code.
        let own = room(&file);
        for other in rooms_seen(&code(&file)) {
            let beside = BESIDE.iter().find(|(name, _)| *name == other);
            let allowed = match (floor(&own), floor(&other), beside) {
                _ if own == other => true,
                (_, _, Some((_, seers))) => seers.contains(&own.as_str()),
                (Some(above), Some(below), None) => above > below,
                // What stands beside the house speaks its innermost words.
                (None, Some(0), None) => BESIDE.iter().any(|(name, _)| *name == own),
                // What has no floor is not a room of this house.
                (_, None, None) | (None, Some(_), None) => false,
            };
            if !allowed {
                broken.push(format!("{} sees {other}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_library_lives_in_its_room() {
    let mut broken = Vec::new();
    for file in sources(Path::new("src")) {
        let (own, code) = (room(&file), code(&file));
        for (library, homes) in AT_HOME {
            let used = [format!("{library}::"), format!("use {library};")].iter().any(|needle| {
                code.match_indices(needle.as_str()).any(|(at, _)| {
                    // Not the end of a longer name such as `my_sqlx::` or of a path such as `crate::geojson::`.
                    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                })
            });
            if used && !homes.contains(&own.as_str()) {
                broken.push(format!("{} uses {library}, which lives in {homes:?}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_file_is_longer_than_a_reader_bears() {
    let folders = ["src", "tests", "benches"].map(Path::new);
    let files = folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| sources(folder));
    let long: BTreeMap<String, usize> = files
        .map(|file| (file.display().to_string(), std::fs::read_to_string(&file).expect("readable").lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_module_opens_with_what_it_does() {
    let silent: Vec<String> = sources(Path::new("src"))
        .into_iter()
        .filter(|file| !std::fs::read_to_string(file).expect("readable").starts_with("//!"))
        .map(|file| file.display().to_string())
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
