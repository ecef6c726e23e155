//! What a run is told as: tables for people, one document for programs.

use super::ledger::Completeness;
use super::tallies::{KindReport, Peak, Spread};
use crate::cli::output::grid;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Everything that came of a run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The day that was asked for.
    pub day: String,
    /// The day that check-ins are dated.
    pub dated: String,
    /// How many times faster than the clock.
    pub speed: f64,
    /// The seed.
    pub seed: u64,
    /// Who came.
    pub visitors: u32,
    /// In how many parties.
    pub parties: usize,
    /// How many were there at once, when most were.
    pub most_at_once: u32,
    /// Visitors who checked in at least once.
    pub checking_in: usize,
    /// How long it took, seconds.
    pub took_s: f64,
    /// How late this program was in sending. Where it is late, latencies tell about it and not about the service.
    pub lag: Spread,
    /// The busiest simulated minute.
    pub peak: Peak,
    /// By kind of request.
    pub kinds: Vec<KindReport>,
    /// After the outage, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage: Option<CaughtUp>,
    /// Why check-ins were refused.
    pub refused: BTreeMap<String, u64>,
    /// Whether every check-in is there once.
    pub completeness: Completeness,
    /// What the service counts, if a key was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// Whether nothing is missing and the counts fit.
    pub is_complete: bool,
}

/// How soon the service had everything after an outage, by its own clock, from the end of the outage.
#[derive(Debug, Serialize)]
pub struct CaughtUp {
    /// Phones that had check-ins waiting at its end, and a network after it.
    pub phones: usize,
    /// Their check-ins.
    pub check_ins: usize,
    /// Half of the phones had given in all.
    pub half_s: f64,
    /// All had.
    pub all_s: f64,
    /// The most attempts that one check-in took.
    pub most_tries: u32,
}

/// Exact counts of the day.
#[derive(Debug, Serialize)]
pub struct Counted {
    /// People counted anew by this run.
    pub people: i64,
    /// Participants that checked in.
    pub people_expected: i64,
    /// Check-ins counted anew.
    pub check_ins: i64,
    /// Check-ins acknowledged.
    pub check_ins_expected: i64,
}

impl Counted {
    /// Whether the service counts whom it acknowledged.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.people == self.people_expected && self.check_ins == self.check_ins_expected
    }
}

impl Report {
    /// The report in words.
    #[must_use]
    pub fn words(&self) -> String {
        let mut parts = vec![self.head(), self.table(), self.what_went_wrong()];
        if let Some(CaughtUp { phones, check_ins, half_s, all_s, most_tries }) = &self.outage {
            parts.push(format!(
                "after the outage {phones} phones gave in {check_ins} check-ins: half within {half_s:.1} s, all within {all_s:.1} s of \
                 the service's time, at most {most_tries} tries each"
            ));
        }
        parts.push(self.verdict());
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }

    fn head(&self) -> String {
        let Self { visitors, parties, day, dated, speed, seed, took_s, checking_in, most_at_once, .. } = self;
        let dated = if day == dated { String::new() } else { format!(", dated {dated}") };
        let (requests, busiest) = (self.peak.requests, self.peak.busiest_minute);
        let Spread { p99_ms, max_ms, .. } = self.lag;
        format!(
            "{visitors} visitors in {parties} parties on {day}{dated}, seed {seed}, {speed} times as fast: {took_s:.0} s\n\
             {checking_in} of them checked in; at most {most_at_once} at once; {requests} requests, {busiest} in the busiest simulated minute\n\
             this program itself was late by {p99_ms:.1} ms at most for 99 of 100 requests, {max_ms:.1} ms for all"
        )
    }

    fn table(&self) -> String {
        let headings = [
            "request",
            "sent",
            "again",
            "check-ins",
            "p50 ms",
            "p90 ms",
            "p99 ms",
            "max ms",
            "up B",
            "down B",
            "answers",
        ];
        let ms = |ms: f64| format!("{ms:.1}");
        let rows = self.kinds.iter().map(|kind| {
            let Spread { p50_ms, p90_ms, p99_ms, max_ms } = kind.latency;
            [
                kind.kind.to_string(),
                kind.requests.to_string(),
                kind.repeats.to_string(),
                kind.items.to_string(),
                ms(p50_ms),
                ms(p90_ms),
                ms(p99_ms),
                ms(max_ms),
                kind.up_bytes.to_string(),
                kind.down_bytes.to_string(),
                listed(&kind.answers),
            ]
        });
        grid(headings, rows.collect())
    }

    fn what_went_wrong(&self) -> String {
        let told = |what: &str, kind: &KindReport, list: String| {
            (!list.is_empty()).then(|| format!("{} {what}: {list}", kind.kind))
        };
        let lines = self.kinds.iter().flat_map(|kind| {
            [
                told("refused", kind, listed(&kind.refusals)),
                told("without an answer", kind, listed(&kind.failures)),
                told("lost by the simulated network", kind, listed(&kind.lost)),
            ]
        });
        lines.flatten().collect::<Vec<_>>().join("\n")
    }

    fn verdict(&self) -> String {
        let Completeness { held, acknowledged, waiting, refused, lost, twice, changed, unknown, unread } =
            &self.completeness;
        let mut lines = vec![format!(
            "{held} check-ins made, {acknowledged} acknowledged; {lost} lost, {twice} twice, {changed} changed, {unknown} unknown, \
             {refused} refused, {waiting} still waiting"
        )];
        if *unread > 0 {
            lines.push(format!("{unread} phones' lists could not be read"));
        }
        if !self.refused.is_empty() {
            lines.push(format!("refused for good: {}", listed(&self.refused)));
        }
        if let Some(Counted { people, people_expected, check_ins, check_ins_expected }) = &self.counted {
            let people = format!("{people} people of {people_expected}");
            lines.push(format!("counted anew: {people}, {check_ins} check-ins of {check_ins_expected}"));
        }
        lines.push(if self.is_complete { "complete" } else { "NOT COMPLETE" }.to_string());
        lines.join("\n")
    }
}

fn listed<K: Display, V: Display>(counts: &BTreeMap<K, V>) -> String {
    counts.iter().map(|(name, count)| format!("{name} × {count}")).collect::<Vec<_>>().join(", ")
}
