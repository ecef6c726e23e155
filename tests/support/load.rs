//! Sixteen phones that check in: most alone, some in batches, some twice. Against one server they do so as fast as they are answered
//! until it is gone; against a service behind a proxy they take breath, and go on whatever breaks.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use crate::ledger::{Attempt, Outcome, Participant};
use crate::process::{Connections, Service, client};
use fastrand::Rng;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Phones at once.
pub const PHONES: usize = 16;
/// Of a hundred requests, so many are batches, so many are sent again at once, and so many come from a place outside.
const BATCH_PERCENT: u32 = 30;
const REPLAY_PERCENT: u32 = 5;
const OUTSIDE_PERCENT: u32 = 3;
/// Of a hundred check-ins, so many are another participant's: two phones then write for one participant at once.
const SHARED_PERCENT: u32 = 20;
const BATCH_MAX: usize = 20;
/// A phone that is refused comes back after this, sooner than it is told to.
const REFUSED_PAUSE: Duration = Duration::from_millis(20);
/// Longest wait for the next acknowledgement.
const ACKED_WITHIN: Duration = Duration::from_secs(30);
/// Some commits.
const MOMENT_MAX_US: u64 = 30_000;

/// A load under way.
pub struct Load {
    stop: Arc<AtomicBool>,
    acks: Receiver<usize>,
    phones: Vec<JoinHandle<Vec<Attempt>>>,
}

impl Load {
    /// Starts the phones; each uses one of the last participants most of the time, and any of them sometimes.
    pub fn start(service: &Service, participants: &[Arc<Participant>], rng: &mut Rng) -> Self {
        Self::with(Manner::UntilBroken, service, participants, rng)
    }

    /// The same, but a broken connection is an unknown outcome, and the next check-in is sent all the same; and phones take breath so long after
    /// every request, for the nodes share the machine with them.
    pub fn start_steady(breath: Duration, service: &Service, participants: &[Arc<Participant>], rng: &mut Rng) -> Self {
        Self::with(Manner::Steady(breath), service, participants, rng)
    }

    fn with(manner: Manner, service: &Service, participants: &[Arc<Participant>], rng: &mut Rng) -> Self {
        let (sender, acks) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let phones = (0..PHONES).map(|number| {
            let phone = Phone {
                manner,
                base: service.base.clone(),
                client: client(if manner == Manner::UntilBroken { Connections::Kept } else { Connections::Fresh }),
                own: Arc::clone(&participants[participants.len() - 1 - number % participants.len()]),
                all: participants.to_vec(),
                rng: rng.fork(),
                stop: Arc::clone(&stop),
                acks: sender.clone(),
                ledger: Vec::new(),
            };
            std::thread::spawn(move || phone.run())
        });
        Self { phones: phones.collect(), stop, acks }
    }

    /// How many check-ins were acknowledged since somebody asked.
    pub fn new_acks(&self) -> usize {
        self.acks.try_iter().sum()
    }

    /// Waits until so many more check-ins are acknowledged.
    pub fn wait_for_acks(&self, number: usize) {
        let mut heard = 0;
        while heard < number {
            heard += self.acks.recv_timeout(ACKED_WITHIN).expect("check-ins are acknowledged");
        }
    }

    /// The same, and then until some moment of the next commits: right after an answer the writer is always at the same place.
    pub fn wait_for_acks_and_a_moment(&self, number: usize, rng: &mut Rng) {
        self.wait_for_acks(number);
        std::thread::sleep(Duration::from_micros(rng.u64(0..MOMENT_MAX_US)));
    }

    /// Forgets the acknowledgements so far, then waits for more.
    pub fn wait_for_new_acks(&self, number: usize) {
        self.new_acks();
        self.wait_for_acks(number);
    }

    /// Stops the phones (those whose server is dead have stopped by themselves) and collects their ledgers.
    pub fn finish(self) -> Vec<Attempt> {
        self.stop.store(true, Ordering::Relaxed);
        self.phones.into_iter().flat_map(|phone| phone.join().expect("a phone found nothing wrong")).collect()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    UntilBroken,
    Steady(Duration),
}

struct Phone {
    manner: Manner,
    base: String,
    client: Client,
    own: Arc<Participant>,
    all: Vec<Arc<Participant>>,
    rng: Rng,
    stop: Arc<AtomicBool>,
    acks: Sender<usize>,
    ledger: Vec<Attempt>,
}

impl Phone {
    fn run(mut self) -> Vec<Attempt> {
        while !self.stop.load(Ordering::Relaxed) {
            let from = self.ledger.len();
            let wanted = if self.chance(BATCH_PERCENT) { self.rng.usize(2..=BATCH_MAX) } else { 1 };
            self.note(wanted);
            if self.send(from).is_none() {
                break;
            }
            // Of what is open nothing is sent again before the audit, unless the server is about to be gone anyway.
            let settled = !self.ledger[from..].iter().any(Attempt::is_open);
            let again = self.chance(REPLAY_PERCENT) && (settled || self.manner == Manner::UntilBroken);
            if again && self.send(from).is_none() {
                break;
            }
            let noted = &self.ledger[from..];
            // Nobody counts any more when the case is over.
            self.acks.send(noted.iter().filter(|attempt| attempt.acked().is_some()).count()).unwrap_or_default();
            if let Manner::Steady(breath) = self.manner {
                std::thread::sleep(breath);
            } else if noted.iter().any(Attempt::is_open) {
                std::thread::sleep(REFUSED_PAUSE);
            }
        }
        self.ledger
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    /// Writes check-ins of one participant into the ledger.
    fn note(&mut self, number: usize) {
        let who = if self.chance(SHARED_PERCENT) { self.rng.choice(&self.all).unwrap() } else { &self.own };
        let who = Arc::clone(who);
        for _ in 0..number {
            let outside = self.chance(OUTSIDE_PERCENT);
            let make = if outside { Attempt::outside } else { Attempt::inside };
            self.ledger.push(make(&who, &mut self.rng));
        }
    }

    /// Sends what was noted from there on; None when the server is gone, and with it this phone's reason to go on.
    fn send(&mut self, from: usize) -> Option<()> {
        let number = self.ledger.len() - from;
        let answered = if number == 1 { self.send_one(from) } else { self.send_batch(from) };
        let unknown = || (self.manner != Manner::UntilBroken).then(|| vec![Outcome::Unknown; number]);
        let outcomes = answered.or_else(unknown)?;
        // One more than was noted is the first one's twin.
        let last = from + number - 1;
        for (place, outcome) in (from..).zip(outcomes) {
            self.ledger[if place > last { from } else { place }].hear(outcome);
        }
        Some(())
    }

    fn send_one(&self, from: usize) -> Option<Vec<Outcome>> {
        let (status, body) = self.post("/v1/check-ins", &self.ledger[from].body, from)?;
        Some(vec![Outcome::of(status, body)])
    }

    /// Every other batch ends with its first item again: the twin must hear the same.
    fn send_batch(&self, from: usize) -> Option<Vec<Outcome>> {
        let mut items: Vec<&Value> = self.ledger[from..].iter().map(|attempt| &attempt.body).collect();
        let twin = items.len().is_multiple_of(2);
        if twin {
            items.push(items[0]);
        }
        let (status, body) = self.post("/v1/check-ins/batch", &json!({"check_ins": items}), from)?;
        if status != 200 {
            assert!(status >= 500, "a batch was answered {status}: {body}");
            return Some(vec![Outcome::of(status, body); items.len()]);
        }
        let results = body["results"].as_array().unwrap();
        assert_eq!(results.len(), items.len());
        assert!(results.iter().zip(&items).all(|(result, item)| result["id"] == item["id"]), "{body}");
        let outcome = |result: &Value| {
            let status = u16::try_from(result["status"].as_u64().unwrap()).unwrap();
            Outcome::of(status, result[if status < 300 { "check_in" } else { "problem" }].clone())
        };
        Some(results.iter().map(outcome).collect())
    }

    fn post(&self, path: &str, body: &Value, from: usize) -> Option<(u16, Value)> {
        let token = &self.ledger[from].who.token;
        let answer = self.client.post(format!("{}{path}", self.base)).bearer_auth(token).json(body).send().ok()?;
        let (status, retry) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        let body = answer.json().ok()?;
        assert!(status != 503 || retry, "503 without Retry-After: {body}");
        Some((status, body))
    }
}
