//! The recipe of the container: what it copies is there and is not kept away, and is all that cargo and the program need.

use crate::{assert_settings, files, text};
use std::path::{Path, PathBuf};
use std::process::Command;

const RECIPE: &str = "deploy/container/Containerfile";

/// The recipe's instructions, continued lines joined, by stage.
fn stages() -> Vec<Vec<(String, String)>> {
    let joined = text(RECIPE).replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut stages: Vec<Vec<(String, String)>> = Vec::new();
    for line in lines {
        let (word, rest) = line.split_once(' ').expect("an instruction and what it is about");
        if word == "FROM" {
            stages.push(Vec::new());
        }
        stages.last_mut().expect("FROM comes first").push((word.to_string(), rest.trim().to_string()));
    }
    stages
}

/// Sources and target of a COPY, and the stage it copies from.
fn copy(rest: &str) -> (Option<&str>, Vec<&str>, &str) {
    let (flags, mut paths): (Vec<&str>, Vec<&str>) = rest.split_whitespace().partition(|word| word.starts_with("--"));
    let target = paths.pop().expect("a target");
    (flags.iter().find_map(|flag| flag.strip_prefix("--from=")), paths, target)
}

/// What of the repository a stage has: each file of git's that a COPY names, or that a COPY from the pages' stage brings along.
fn copied(stage: usize, into: &Path) {
    let stages = stages();
    let pages = &stages[0];
    let own = stages[stage].iter().filter(|(word, _)| word == "COPY").map(|(_, rest)| copy(rest));
    for (from, sources, target) in own {
        for source in sources {
            // What the pages' stage got from the repository lies under /build there, as in the repository.
            let source = source.trim_start_matches("/build/");
            let given = from.is_none()
                || pages
                    .iter()
                    .any(|(word, rest)| word == "COPY" && copy(rest).1.iter().any(|s| source.starts_with(s)));
            assert!(given, "{source} comes from nowhere");
            let name = if target.ends_with('/') {
                Path::new(target).join(Path::new(source).file_name().expect("a name"))
            } else {
                target.into()
            };
            put(source, &into.join(name));
        }
    }
}

fn put(source: &str, target: &Path) {
    let from = Path::new(source);
    assert!(from.exists(), "the recipe copies {source}, which is not there");
    std::fs::create_dir_all(target.parent().expect("a folder")).expect("made");
    if from.is_file() {
        std::fs::copy(from, target).expect("a copy");
        return;
    }
    for file in files(from).into_iter().filter(|file| !is_ignored(file)) {
        let place = target.join(Path::new(&file).strip_prefix(from).expect("below"));
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        std::fs::copy(&file, place).expect("a copy");
    }
}

/// Whether `.dockerignore` keeps a path away: of its lines the last that fits decides.
fn is_ignored(path: &str) -> bool {
    let mut ignored = false;
    for line in text(".dockerignore").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (keeps, pattern) = line.strip_prefix('!').map_or((true, line), |pattern| (false, pattern));
        if fits(pattern, path) {
            ignored = keeps;
        }
    }
    ignored
}

/// Whether a path is what a pattern names, or lies below it; `*` is anything within a part.
fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    pattern.split('/').all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part))
}

/// Paths in the repository that the code has compiled in.
fn compiled_in() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in files(Path::new("src")) {
        let code = text(&file);
        for marker in ["include_str!(\"", "include_bytes!(\"", "migrate!(\"", "#[folder = \""] {
            for rest in code.split(marker).skip(1) {
                let path = rest.split('"').next().expect("an end");
                let beside = Path::new(&file).parent().expect("a folder");
                let path = if marker.starts_with("include") { beside.join(path) } else { path.into() };
                found.push(path.canonicalize().expect("it is there"));
            }
        }
    }
    found
}

#[test]
fn what_the_recipe_copies_is_enough_for_cargo_and_for_what_is_compiled_in() {
    let folder = tempfile::tempdir().expect("a folder");
    copied(1, folder.path());
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(folder.path())
        .output()
        .expect("cargo runs");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    // Cargo asks for these only when it builds, and then for all of them.
    let manifest: toml::Table = text("Cargo.toml").parse().expect("TOML");
    for bench in manifest["bench"].as_array().expect("benches") {
        let main = format!("benches/{}/main.rs", bench["name"].as_str().expect("a name"));
        assert!(folder.path().join(&main).exists(), "{main} is not copied");
    }
    let needed = compiled_in();
    assert!(needed.len() >= 6, "{needed:?}");
    let here = Path::new(".").canonicalize().expect("here");
    for path in needed.iter().map(|path| path.strip_prefix(&here).expect("in the repository")) {
        // The built pages are made by the first stage.
        assert!(folder.path().join(path).exists() || path.starts_with("web/dist"), "{} is not copied", path.display());
    }
    for file in files(Path::new("src")).iter().chain(&files(Path::new("migrations"))) {
        assert!(folder.path().join(file).exists(), "{file} is not copied");
    }
}

#[test]
fn the_pages_stage_has_what_its_commands_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = folder.path().join("web");
    let stages = stages();
    for (from, sources, target) in stages[0].iter().filter(|(word, _)| word == "COPY").map(|(_, rest)| copy(rest)) {
        assert_eq!(from, None);
        let target = match target {
            "./" if sources == ["web"] => web.clone(),
            "./" => web.join("x").parent().expect("a folder").to_path_buf(),
            other => folder.path().join(other.trim_start_matches("/build/")),
        };
        for source in sources {
            let whole = Path::new(source).is_dir();
            put(
                source,
                &if whole { target.clone() } else { target.join(Path::new(source).file_name().expect("a name")) },
            );
        }
    }
    let package: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(web.join("package.json")).expect("there")).expect("JSON");
    for script in ["models", "build"] {
        let command = package["scripts"][script].as_str().expect("a script");
        for word in command.split_whitespace().filter(|word| word.contains('/')) {
            assert!(web.join(word).exists(), "{script} runs {word}");
        }
    }
    assert!(
        web.join("vite.config.ts").exists() && folder.path().join("routes-data/peoples-canal/route.geojson").exists()
    );
    assert!(
        !web.join("node_modules").exists() && !web.join("dist/index.html").exists(),
        "what was made here is left here"
    );
}

#[test]
fn the_container_is_nobody_in_particular_and_asks_the_program_itself_how_it_is() {
    let stages = stages();
    let last = stages.last().expect("a stage");
    let told = |word: &str| last.iter().filter(|(w, _)| w == word).map(|(_, rest)| rest.as_str()).collect::<Vec<_>>();
    let [user] = told("USER")[..] else { panic!("one user") };
    let ids: Vec<u32> = user.split(':').map(|id| id.parse().expect("a number")).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| *id >= 10_000), "{user}");
    assert_eq!(told("RUN"), Vec::<&str>::new(), "the last stage runs nothing");
    assert_eq!((&told("ENTRYPOINT")[..], &told("CMD")[..]), (&["[\"studyroute\"]"][..], &["[\"serve\"]"][..]));
    assert!(told("HEALTHCHECK")[0].ends_with("CMD [\"studyroute\", \"ready\"]"), "{last:?}");
    let set = told("ENV").join(" ");
    let names = set.split_whitespace().filter_map(|word| word.split_once('=').map(|(name, _)| name));
    assert_eq!(assert_settings(names), 3, "{set}");
    let port = set.split("STUDYROUTE_LISTEN=0.0.0.0:").nth(1).and_then(|rest| rest.split(' ').next());
    assert_eq!(told("EXPOSE"), vec![port.expect("a port")]);
    assert!(told("VOLUME") == ["/data"] && set.contains("sqlite:/data/"), "{set}");
}

#[test]
fn every_stage_has_a_fixed_version_that_is_new_enough() {
    let recipe = text(RECIPE);
    let rust = recipe.split("FROM rust:").nth(1).and_then(|rest| rest.split('-').next()).expect("a version");
    let manifest: toml::Table = text("Cargo.toml").parse().expect("TOML");
    let least = manifest["package"]["rust-version"].as_str().expect("a version");
    let numbers = |version: &str| version.split('.').map(|part| part.parse().expect("a number")).collect::<Vec<u32>>();
    assert!(numbers(rust) >= numbers(least), "rust {rust} is older than {least}");
    assert!(manifest["profile"].get("dist").is_some() && recipe.contains("cargo build --locked --profile dist"));
    for line in recipe.lines().filter(|line| line.starts_with("FROM ")) {
        let image = line.split(' ').nth(1).expect("an image");
        let tag = image.split_once(':').expect("a version").1;
        assert!(tag.contains("bookworm"), "built and run on the same Debian: {line}");
    }
}
