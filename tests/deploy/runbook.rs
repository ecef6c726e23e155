//! RUNBOOK.md is held against the rules, the program and the files: each alert has its section, and what a section says to type is
//! there.

use crate::{figures, paths, rules, text, yaml};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use studyroute::config::SETTINGS;

fn runbook() -> String {
    text("RUNBOOK.md")
}

/// Sections of the third level: heading and text.
fn sections(text: &str) -> Vec<(String, String)> {
    let parts = text.split("\n### ").skip(1);
    let parts = parts.map(|part| part.split("\n## ").next().unwrap_or(part).split("\n# ").next().unwrap_or(part));
    parts
        .map(|part| part.split_once('\n').expect("a heading"))
        .map(|(head, body)| (head.to_string(), body.to_string()))
        .collect()
}

/// Everything that stands as something to type: lines of blocks and what is in backticks.
fn typed(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (i, part) in text.split("```").enumerate() {
        if i % 2 == 1 {
            let lines = part.lines().skip(1).map(|line| line.split("  #").next().unwrap_or(line).trim().to_string());
            found.extend(lines.filter(|line| !line.is_empty()));
        } else {
            found.extend(part.split('`').skip(1).step_by(2).map(|word| word.replace('\n', " ")));
        }
    }
    found
}

/// What stands behind a word in what is typed, up to the end of that command.
fn behind(word: &str) -> Vec<String> {
    let typed = typed(&runbook());
    let all = typed.iter().flat_map(|line| line.match_indices(word).map(|(at, _)| (line, at)).collect::<Vec<_>>());
    let begins = all.filter(|(line, at)| line[..*at].is_empty() || line[..*at].ends_with([' ', '(']));
    let ends = ['|', ';', '&', ')'];
    begins.map(|(line, at)| line[at + word.len()..].split(ends).next().unwrap_or_default().trim().to_string()).collect()
}

#[test]
fn every_alert_has_a_section_and_every_section_an_alert() {
    let text = runbook();
    let sections = sections(&text);
    let about: Vec<&(String, String)> = sections.iter().filter(|(head, _)| head.starts_with("Studyroute")).collect();
    let told: BTreeSet<&str> = about.iter().map(|(head, _)| head.as_str()).collect();
    let names = rules::names();
    assert_eq!(told, names.iter().map(String::as_str).collect());
    for (head, body) in about {
        for part in ["**Means.**", "**Look.**", "**Do.**", "**Over.**"] {
            assert_eq!(body.matches(part).count(), 1, "{head}: {part}");
        }
        let look = body.split("**Look.**").nth(1).and_then(|rest| rest.split("**Do.**").next()).expect("how to look");
        assert!(look.contains('`') || look.contains("panel"), "{head} does not say what to type");
    }
}

#[test]
fn links_lead_to_sections_and_files_that_there_are() {
    let text = runbook();
    let anchor = |head: &str| {
        let plain = head.to_lowercase().replace(' ', "-");
        plain.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect::<String>()
    };
    let heads: BTreeSet<String> = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect();
    let mut links = 0;
    for rest in text.split("](").skip(1) {
        let target = rest.split(')').next().expect("an end");
        match target.strip_prefix('#') {
            Some(section) => assert!(heads.contains(section), "no section {section}"),
            None => assert!(Path::new(target).exists(), "no file {target}"),
        }
        links += 1;
    }
    assert!(links > 20, "{links}");
    for line in typed(&text) {
        for word in line.split_whitespace().filter(|word| word.starts_with("deploy/") && word.contains('.')) {
            // What an operator makes of the example beside it.
            let made = word.ends_with("/.env") && Path::new(&word.replace(".env", "env.example")).exists();
            assert!(made || Path::new(word.trim_end_matches([',', ';'])).exists(), "no file {word}");
        }
    }
}

#[test]
fn every_command_is_one_of_the_program_with_flags_that_it_takes() {
    let mut tried = BTreeSet::new();
    let commands = [behind("studyroute "), behind("dc run --rm --no-deps node-1 ")].concat();
    for command in commands {
        let words: Vec<&str> =
            command.split_whitespace().take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase())).collect();
        // The names of namespaces and containers are no commands.
        let is_command = words
            .first()
            .is_some_and(|word| !["exec", "logs", "set", "rollout", "delete", "--", "studyroute"].contains(word));
        let words = if is_command { words } else { continue };
        let depth = if ["key", "asset", "draft"].contains(&words[0]) { 2 } else { 1 };
        let words = &words[..depth.min(words.len())];
        let help = Command::new(env!("CARGO_BIN_EXE_studyroute")).args(words).arg("--help").output().expect("it runs");
        assert!(help.status.success(), "studyroute {command}: {}", crate::said(&help));
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        for flag in command.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(
                help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")),
                "studyroute {command}: {flag}"
            );
        }
        tried.insert(words.join(" "));
    }
    assert!(tried.len() >= 10, "{tried:?}");
}

#[test]
fn every_command_to_the_pair_is_one_of_its_script_and_every_service_is_one_of_compose() {
    let script = text("deploy/compose/postgres/node");
    let known = script.lines().find(|line| line.trim().starts_with("start | state")).expect("the commands");
    let commands = [behind("/pair/node "), behind("dc run --rm db-a "), behind("dc run --rm db-b ")].concat();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands {
        let word = command.split_whitespace().next().expect("a command");
        assert!(
            known.contains(&format!("{word} "))
                || script.contains(&format!("\n    {word} | "))
                || script.contains(&format!("| {word})")),
            "node {command}"
        );
    }
    let services = yaml("deploy/compose/compose.yaml")["services"].clone();
    let mut named = 0;
    for word in ["exec ", "restart ", "start ", "stop ", "kill ", "logs "] {
        for command in behind(&format!("dc {word}")) {
            let mut words = command.split_whitespace().filter(|word| {
                !word.starts_with('-') && !["HUP", "10m", "5m", "2m", "1m", "20m", "30", "50"].contains(word)
            });
            let service = words.next().expect("a service").trim_end_matches("$n").to_string();
            assert!(
                services.as_object().expect("services").keys().any(|name| name.starts_with(&service)),
                "dc {word}{command}"
            );
            named += 1;
        }
    }
    assert!(named > 40, "{named}");
}

#[test]
fn every_question_to_prometheus_names_what_there_is() {
    let typed = typed(&runbook());
    let questions =
        typed.iter().filter_map(|line| line.strip_prefix("ask ")).map(|question| question.trim_matches('\''));
    let questions: Vec<String> = questions.map(ToString::to_string).collect();
    assert!(questions.len() > 25, "{questions:?}");
    for question in &questions {
        figures::check("RUNBOOK.md", question);
    }
    rules::assert_read(questions.into_iter());
}

#[test]
fn addresses_and_settings_that_it_names_are_the_programs() {
    let paths = paths();
    let pages = ["/v1/design/…", "/assets/…"];
    for word in typed(&runbook()) {
        let is_path =
            word.starts_with('/') && !word.starts_with("/backups") && !word.starts_with("/pair") && !word.contains(' ');
        let plain = word.split('?').next().expect("a path");
        assert!(!is_path || paths.iter().any(|path| path == plain) || pages.contains(&plain), "{word} is no address");
        if word.starts_with("STUDYROUTE_") {
            crate::assert_settings(std::iter::once(word.as_str()));
        }
        let is_name = word.contains('-') && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let is_setting_like = ["participants-", "queue-max", "trusted-", "connections-", "drain-"]
            .iter()
            .any(|start| word.starts_with(start));
        assert!(
            !(is_name && is_setting_like) || SETTINGS.iter().any(|setting| setting.name == word),
            "{word} is no setting"
        );
    }
}
