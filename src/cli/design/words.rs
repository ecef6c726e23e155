//! What designers read when something is not done, with the command that goes on; and how flags are read.

use crate::cli::output::grid;
use crate::design::publish::{self, NOTE_MAX, PUBLISHED_MEANWHILE, PublishError};
use crate::domain::lint::{Finding, Rule, SLUG_MAX, is_slug};
use crate::domain::route::Lang;
use crate::domain::time;
use crate::store::{NotEdited, NotReleased};
use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Findings that a refusal shows; the lint shows them all.
const FINDINGS_SHOWN: usize = 5;

/// There is no such route.
pub fn unknown_route(slug: &str) -> String {
    format!(
        "there is no study route {slug}; studyroute draft list names them, and studyroute import FILE --route {slug} begins one"
    )
}

/// There is no such state of a route.
pub fn unknown_state(slug: &str) -> anyhow::Error {
    anyhow!("{slug} has nothing published, or no revision of this number; studyroute history {slug} lists them")
}

/// Why a draft was not changed.
pub fn not_edited(slug: &str, refusal: &NotEdited) -> anyhow::Error {
    match refusal {
        NotEdited::NoRoute => anyhow!(unknown_route(slug)),
        NotEdited::Stale(_) => anyhow!(
            "somebody has changed {slug} meanwhile, and nothing was done; look at studyroute diff {slug} and try again"
        ),
        NotEdited::Scheduled(at_ms) => anyhow!(
            "the draft of {slug} waits to be published at {} and stands still until then; \
             studyroute schedule {slug} --cancel takes the time back",
            time::rfc3339(*at_ms)
        ),
        NotEdited::NoWaypoint => anyhow!("the draft of {slug} has no waypoint of this id"),
        NotEdited::WaypointExists => anyhow!("the draft of {slug} has a waypoint of this id already"),
        NotEdited::NotThisOrder => anyhow!("name every waypoint of the draft once"),
    }
}

/// What the lint has against a publication, for programs and for people.
pub struct Refusal {
    pub document: Value,
    pub words: String,
}

/// Why nothing was published, although some warnings were acknowledged.
///
/// # Errors
/// With the reason, when it is not the lint's.
pub fn not_published(slug: &str, error: PublishError, acknowledged: &[String], now_ms: i64) -> Result<Refusal> {
    Err(match error {
        PublishError::Mistakes(findings) => return Ok(mistakes(slug, &findings)),
        PublishError::Unacknowledged(rules, findings) => {
            return Ok(unacknowledged(slug, &rules, &findings, acknowledged));
        }
        PublishError::Time => {
            anyhow!("--at: give a time in the future, at most a year from now; it is {} now", time::rfc3339(now_ms))
        }
        PublishError::NotReleased(NotReleased::NoRoute) => anyhow!(unknown_route(slug)),
        PublishError::NotReleased(NotReleased::NoDraft) => {
            anyhow!("{slug} has no draft: nothing has changed since the last publication")
        }
        PublishError::NotReleased(NotReleased::NoRevision) => {
            anyhow!("{slug} has no revision of this number with content; studyroute history {slug} lists them")
        }
        PublishError::NotReleased(NotReleased::NotPublished) => {
            anyhow!("{slug} is not published, so there is nothing to take back")
        }
        PublishError::NotReleased(NotReleased::Stale(state)) => not_edited(slug, &NotEdited::Stale(state)),
        PublishError::NotEdited(refusal) => not_edited(slug, &refusal),
        PublishError::Store(error) => error.into(),
    })
}

fn mistakes(slug: &str, findings: &[Finding]) -> Refusal {
    let rules = publish::by_rule(findings);
    let (count, listed) = (many(findings.len() as u64, "mistake"), publish::counted(&rules));
    let detail = format!("{slug} cannot be published: {count} must be mended first: {listed}.");
    let mut said = vec![format!("{detail}\n"), first(findings)];
    said.extend(title_hint(slug, findings));
    said.push(format!("studyroute lint {slug} lists everything"));
    let words = said.join("\n");
    let document = json!({"code": "lint-errors", "detail": detail, "errors": rules, "findings": findings});
    Refusal { document, words }
}

/// The command that gives a route its title, when it has none.
pub fn title_hint(slug: &str, findings: &[Finding]) -> Option<String> {
    let missing = findings.iter().any(|finding| finding.rule == Rule::NoTitle && finding.waypoint.is_none());
    missing.then(|| format!("Give the route its title with studyroute draft title {slug} --zh … --en …"))
}

fn unacknowledged(
    slug: &str,
    rules: &BTreeMap<&'static str, usize>,
    findings: &[Finding],
    acknowledged: &[String],
) -> Refusal {
    let counted = publish::counted(rules);
    let meanwhile = if rules.contains_key(PUBLISHED_MEANWHILE) {
        " Somebody has published since this draft was begun, and it would undo that; studyroute diff shows what."
    } else {
        ""
    };
    let detail = format!(
        "{slug} cannot be published yet: it has warnings that what is published does not have: {counted}.{meanwhile}"
    );
    let names: Vec<&str> = rules.keys().copied().collect();
    // What was acknowledged just now has to be said again.
    let all: BTreeSet<&str> = acknowledged.iter().map(String::as_str).chain(names.iter().copied()).collect();
    let all: Vec<&str> = all.into_iter().collect();
    let words = format!(
        "{detail}\n\n{}\nMend them (studyroute lint {slug} lists everything), or accept them with --acknowledge {}",
        first(findings),
        all.join(",")
    );
    let document = json!({
        "code": "lint-warnings", "detail": detail, "warnings": rules, "acknowledge": names, "findings": findings,
    });
    Refusal { document, words }
}

fn first(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let rest = findings.len().saturating_sub(FINDINGS_SHOWN);
    let more = if rest == 0 { String::new() } else { format!("  … and {rest} more\n") };
    format!("{}\n{more}", grid(FINDING_HEADINGS, findings.iter().take(FINDINGS_SHOWN).map(finding_row).collect()))
}

/// The columns of a table of findings.
pub const FINDING_HEADINGS: [&str; 5] = ["level", "rule", "waypoint", "property", "what to do"];

/// A finding in such a table.
pub fn finding_row(finding: &Finding) -> [String; 5] {
    [
        format!("{:?}", finding.rule.level()).to_lowercase(),
        finding.rule.name().into(),
        finding.waypoint.clone().unwrap_or_default(),
        finding.property.clone(),
        finding.message.clone(),
    ]
}

/// So many of them.
pub fn many(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// Reads a route's name from a flag.
pub fn slug(text: &str) -> Result<String, String> {
    if is_slug(text) {
        return Ok(text.into());
    }
    Err(format!(
        "a route's name is at most {SLUG_MAX} lower-case letters a–z, digits and single hyphens, such as peoples-canal"
    ))
}

/// Reads the name of a rule that can be acknowledged from a flag.
pub fn rule(text: &str) -> Result<String, String> {
    if publish::is_rule(text) {
        return Ok(text.into());
    }
    Err("this is not the name of a warning; studyroute lint ROUTE lists them".into())
}

/// Reads a note from a flag.
pub fn note(text: &str) -> Result<String, String> {
    if text.chars().count() <= NOTE_MAX {
        return Ok(text.into());
    }
    Err(format!("a note has at most {NOTE_MAX} characters; say it shorter"))
}

/// Reads a language from a flag.
pub fn lang(text: &str) -> Result<Lang, String> {
    Lang::ALL.into_iter().find(|lang| lang.tag() == text).ok_or_else(|| "a language is zh-CN or en".into())
}

/// Reads an instant from a flag.
pub fn instant(text: &str) -> Result<i64, String> {
    time::parse_rfc3339(text).ok_or_else(|| "give a time with its zone, such as 2026-05-01T06:00:00+08:00".into())
}
