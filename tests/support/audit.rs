//! Holds the ledger against the service.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use crate::ledger::{Attempt, Outcome, Participant, Totals, totals};
use crate::load::PHONES;
use crate::process::{Service, Setup};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was found wrong, and what was found at all.
#[derive(Debug, Default)]
pub struct Findings {
    /// Acknowledged and not there, or not with the acknowledged body.
    pub lost: Vec<String>,
    /// There twice, never sent, refused and kept, or with a wrong `first_visit`.
    pub wrong: Vec<String>,
    /// Kept without the client having heard of it: `(token, id)`.
    pub unheard: BTreeSet<(String, String)>,
}

impl Findings {
    fn add(&mut self, more: Self) {
        self.lost.extend(more.lost);
        self.wrong.extend(more.wrong);
        self.unheard.extend(more.unheard);
    }

    pub fn assert_clean(&self) {
        let first = |list: &[String]| list.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
        let (lost, wrong) = (self.lost.len(), self.wrong.len());
        assert!(lost == 0, "{lost} acknowledged check-ins are not as acknowledged:\n{}", first(&self.lost));
        assert!(wrong == 0, "{wrong} check-ins are wrong:\n{}", first(&self.wrong));
    }
}

/// Reads everybody's check-ins, without sending any, and compares them with the ledger.
pub fn audit(service: &Service, participants: &[Arc<Participant>], ledger: &[Attempt]) -> Findings {
    let mut of: BTreeMap<&str, BTreeMap<&str, &Attempt>> = BTreeMap::new();
    for attempt in ledger {
        of.entry(&attempt.who.token).or_default().insert(attempt.id(), attempt);
    }
    let none = BTreeMap::new();
    let mut findings = Findings::default();
    std::thread::scope(|scope| {
        let part = participants.len().div_ceil(PHONES).max(1);
        let readers: Vec<_> = participants
            .chunks(part)
            .map(|some| {
                let of = |who: &Participant| of.get(who.token.as_str()).unwrap_or(&none);
                scope.spawn(move || some.iter().map(|who| compare(service, who, of(who))).collect::<Vec<_>>())
            })
            .collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap()).for_each(|found| findings.add(found));
    });
    findings
}

fn compare(service: &Service, who: &Participant, sent: &BTreeMap<&str, &Attempt>) -> Findings {
    let mut findings = Findings::default();
    let Some(kept) = kept(service, who) else {
        // The participant itself was lost, and everything acknowledged to it.
        findings.lost.extend(sent.values().filter(|a| a.acked().is_some()).map(|a| format!("{a:?}: 401")));
        return findings;
    };
    let (mut seen, mut been) = (BTreeSet::new(), BTreeSet::new());
    for item in &kept {
        let id = item["id"].as_str().unwrap();
        let first_visit = been.insert(item["waypoint"].as_str().unwrap());
        if !seen.insert(id) {
            findings.wrong.push(format!("twice: {item}"));
        } else if item["first_visit"] != first_visit {
            findings.wrong.push(format!("first_visit should be {first_visit}: {item}"));
        }
        match sent.get(id).map(|attempt| &attempt.outcome) {
            None => findings.wrong.push(format!("never sent: {item}")),
            Some(Outcome::Refused(status)) => findings.wrong.push(format!("refused with {status} and kept: {item}")),
            Some(Outcome::Acked(body)) if body != item => findings.lost.push(format!("{body} became {item}")),
            Some(Outcome::Acked(_)) => {}
            Some(Outcome::Sent | Outcome::Unknown) => {
                findings.unheard.insert((who.token.clone(), id.to_string()));
            }
        }
    }
    findings.lost.extend(
        sent.values().filter(|a| a.acked().is_some() && !seen.contains(a.id())).map(|a| format!("{a:?} is gone")),
    );
    findings
}

/// All pages of a participant's check-ins; None when the participant is not known.
fn kept(service: &Service, who: &Participant) -> Option<Vec<Value>> {
    let (mut kept, mut cursor) = (Vec::new(), String::new());
    loop {
        let url = format!("{}/v1/me/check-ins?limit=1000{cursor}", service.base);
        let answer = service.client.get(url).bearer_auth(&who.token).send().unwrap();
        if answer.status() == 401 {
            return None;
        }
        assert_eq!(answer.status(), 200);
        let page: Value = answer.json().unwrap();
        kept.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Some(kept),
        }
    }
}

/// Sends everything open again under the same id: what was kept must be answered 200 with what is kept, the rest 201. Gives
/// how many were sent.
pub fn replay(service: &Service, ledger: &mut [Attempt], unheard: &BTreeSet<(String, String)>) -> usize {
    let open: Vec<&mut Attempt> = ledger.iter_mut().filter(|attempt| attempt.is_open()).collect();
    let number = open.len();
    for attempt in open {
        let answer = service.post("/v1/check-ins", &attempt.who.token, &attempt.body).unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().unwrap();
        let was_kept = unheard.contains(&(attempt.who.token.clone(), attempt.id().to_string()));
        let expected = if attempt.is_outside() {
            422
        } else if was_kept {
            200
        } else {
            201
        };
        assert_eq!(status, expected, "the replay of {attempt:?} was answered {body}");
        attempt.outcome = Outcome::of(status, body);
    }
    number
}

/// What an accident did.
#[derive(Debug, Default)]
pub struct Toll {
    /// Requests that were never answered, or with a 5xx.
    pub open: usize,
    /// Of these, kept all the same.
    pub unheard: usize,
}

/// After an accident: first the audit, then everything open again, then the audit once more.
pub fn settle(service: &Service, participants: &[Arc<Participant>], ledger: &mut [Attempt]) -> Toll {
    let before = audit(service, participants, ledger);
    before.assert_clean();
    let open = replay(service, ledger, &before.unheard);
    let after = audit(service, participants, ledger);
    after.assert_clean();
    assert!(after.unheard.is_empty(), "everything has been answered: {after:?}");
    Toll { open, unheard: before.unheard.len() }
}

/// Counters, recounted by the program and by us, say the same.
pub fn assert_counts(setup: &Setup, service: &Service, key: &str, ledger: &[Attempt]) {
    let verdict = setup.chore(&["counts", "--verify", "--json"]);
    let verdict: Value = serde_json::from_str(&verdict).unwrap();
    let expected = totals(ledger);
    let said = format!("{} check-ins of {} participants", expected.check_ins, expected.people);
    assert_eq!(verdict[0]["counted again"], said);
    let answer = service.client.get(format!("{}/v1/counts", service.base)).bearer_auth(key).send().unwrap();
    let counts: Value = answer.json().unwrap();
    let figure = |name: &str| usize::try_from(counts[name].as_u64().unwrap()).unwrap();
    let counted = Totals { people: figure("people"), visits: figure("visits"), check_ins: figure("check_ins") };
    assert_eq!((counted, counts["exact"].as_bool()), (expected, Some(true)));
}

/// Makes as many participants as there are phones.
pub fn more_participants(service: &Service, participants: &mut Vec<Arc<Participant>>) {
    participants.extend((0..PHONES).map(|_| Participant::create(service)));
}
