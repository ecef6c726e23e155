//! What every fault needs: the pair, the nodes, phones that write down what they send, and the same questions afterwards.

use crate::audit::{Toll, assert_counts, audit, more_participants, settle};
use crate::fleet::Fleet;
use crate::ledger::{Attempt, Outcome, Participant, totals};
use crate::load::Load;
use crate::pair::{Commit, Pair};
use crate::process::{Service, Setup};
use crate::report::{Report, Seen};
use crate::seed;
use fastrand::Rng;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Check-ins that are acknowledged before and after every fault, at least.
const ACKS: usize = 60;
const BREATH: Duration = Duration::from_millis(30);

/// What a visitor asks.
pub const NEARBY: &str = "/v1/nearby?lat=35.5967&lon=116.9842";

/// Tells threads that it is over, also when the test fails.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub struct Rig {
    pub pair: Pair,
    pub fleet: Fleet,
    pub service: Service,
    pub rng: Rng,
    /// How long phones rest between two requests.
    pub breath: Duration,
    /// For chores, and for nodes as they should be.
    pub setup: Setup,
    key: String,
    people: Vec<Arc<Participant>>,
    ledger: Vec<Attempt>,
    report: Report,
}

/// A fault under way: the load that goes on meanwhile, and what the drill itself sends.
pub struct Scene {
    pub load: Load,
    pub people: Vec<Arc<Participant>>,
    pub own: Vec<Attempt>,
}

impl Rig {
    /// None, with a line on stderr, where there is no PostgreSQL.
    pub fn start(case: &str, commit: Commit) -> Option<Self> {
        Self::start_with(case, commit, Setup::clone)
    }

    /// With nodes that are started otherwise than they should be.
    pub fn start_with(case: &str, commit: Commit, otherwise: impl Fn(&Setup) -> Setup) -> Option<Self> {
        let pair = Pair::start(commit)?;
        let setup = Setup::new(pair.database());
        let first = otherwise(&setup);
        let (key, fleet) = (first.operator_key(), Fleet::start(&first));
        let (service, rng) = (fleet.service(), seed(case));
        let (people, ledger, report) = (Vec::new(), Vec::new(), Report::default());
        Some(Self { pair, fleet, service, rng, breath: BREATH, setup, key, people, ledger, report })
    }

    /// What an operator sees on one node.
    pub fn counts(&self, number: usize) -> Value {
        let node = self.fleet.node(number);
        let answer = node.client.get(format!("{}/v1/counts", node.base)).bearer_auth(&self.key).send().unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().unwrap()
    }

    /// Starts sixteen phones of new participants, and returns when check-ins of theirs have been acknowledged.
    pub fn begin(&mut self) -> Scene {
        let mut people = Vec::new();
        more_participants(&self.service, &mut people);
        let load = Load::start_steady(self.breath, &self.service, &people, &mut self.rng);
        load.wait_for_acks_and_a_moment(ACKS, &mut self.rng);
        Scene { load, people, own: Vec::new() }
    }

    /// Does it under load; then the audit before anything is sent again, everything open once more with the same ids, the audit
    /// again, and all counts.
    pub fn under_load(&mut self, name: &str, fault: impl FnOnce(&mut Self, &mut Scene) -> Seen) -> Toll {
        let mut scene = self.begin();
        let seen = fault(self, &mut scene);
        scene.load.wait_for_new_acks(ACKS);
        let mut ledger = scene.load.finish();
        ledger.append(&mut scene.own);
        self.fleet.wait_until_all_are_in_use();
        self.pair.wait_for_quiet();
        assert_none_refused_wrongly(&ledger);
        let refused = ledger.iter().filter(|attempt| matches!(attempt.outcome, Outcome::Refused(500..))).count();
        let toll = settle(&self.service, &scene.people, &mut ledger);
        self.report.add(name, totals(&ledger).check_ins, refused, &toll, seen);
        self.people.append(&mut scene.people);
        self.ledger.append(&mut ledger);
        assert_counts(&self.setup, &self.service, &self.key, &self.ledger);
        toll
    }

    /// Once more everything that was ever acknowledged, and the table.
    pub fn end(self, name: &str) {
        audit(&self.service, &self.people, &self.ledger).assert_clean();
        self.report.end(name);
    }
}

impl Scene {
    /// Sends a check-in again and again under the same id until it is taken, and gives how long that took.
    pub fn taken_within(&mut self, time: Duration, service: &Service, rng: &mut Rng) -> Duration {
        let since = Instant::now();
        let mut attempt = Attempt::inside(rng.choice(&self.people).unwrap(), rng);
        while !matches!(attempt.send(service), Outcome::Acked(_)) {
            assert!(since.elapsed() < time, "none is taken after {time:?}: {:?}", attempt.outcome);
            std::thread::sleep(Duration::from_millis(50));
        }
        self.own.push(attempt);
        let took = since.elapsed();
        assert!(took < time, "it took {took:?}");
        took
    }
}

/// Only who is outside may hear that a check-in is refused for good.
fn assert_none_refused_wrongly(ledger: &[Attempt]) {
    let refused = |attempt: &&Attempt| matches!(attempt.outcome, Outcome::Refused(400..500));
    let wrong: Vec<&Attempt> = ledger.iter().filter(refused).filter(|attempt| !attempt.is_outside()).take(5).collect();
    assert!(wrong.is_empty(), "valid check-ins were refused: {wrong:?}");
}
