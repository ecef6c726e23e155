//! Check-ins on their way, as the visitor's page has it: sent when made, when the network comes back, and by a timer that backs off
//! as the service asks. A lone one goes alone when it is made; whatever had to wait goes in a batch.

use super::ledger::{self, Held, Kept};
use super::line::{Answer, Ask, Line, Unheard, is_for_later};
use super::phone::Token;
use super::play::World;
use super::tallies::Kind;
use crate::domain::visitors::{Tap, Visit};
use serde::Deserialize;

const BATCH_MAX: usize = 100;
const FIRST_PAUSE_S: f64 = 5.0;
const LONGEST_PAUSE_S: f64 = 300.0;

#[derive(Deserialize)]
struct BatchAnswer {
    results: Vec<BatchResult>,
}

#[derive(Deserialize)]
struct BatchResult {
    id: Option<String>,
    status: u16,
    check_in: Option<Kept>,
    problem: Option<Coded>,
}

#[derive(Deserialize)]
struct Coded {
    code: String,
}

/// What is put off, and for how long the service asks.
pub struct Later {
    /// Seconds that it asks for, if it does.
    pub retry_after_s: Option<u32>,
}

/// The queue of one phone.
pub struct Queue<'a> {
    world: &'a World,
    visit: &'a Visit,
    line: Line,
    token: &'a Token,
    held: Vec<Held>,
    pause_s: f64,
}

impl<'a> Queue<'a> {
    /// Nothing is held yet.
    #[must_use]
    pub fn new(world: &'a World, visit: &'a Visit, line: Line, token: &'a Token) -> Self {
        Self { world, visit, line, token, held: Vec::new(), pause_s: FIRST_PAUSE_S }
    }

    /// Makes these check-ins, each at its time, and sends them until all are settled or the time is over.
    pub async fn run(mut self, taps: Vec<(i64, String, Tap)>) -> Vec<Held> {
        let mut taps = taps.into_iter().peekable();
        let mut flush_ms: Option<i64> = None;
        loop {
            let next_ms = taps.peek().map(|(at_ms, ..)| *at_ms);
            let is_tap = next_ms.is_some_and(|tap_ms| flush_ms.is_none_or(|flush_ms| tap_ms <= flush_ms));
            if let Some((at_ms, waypoint, tap)) = taps.next_if(|_| is_tap) {
                self.held.push(Held::new(self.line.link.id(), waypoint, tap, at_ms));
                // Whoever presses tries at once, whatever the pause was.
                self.pause_s = FIRST_PAUSE_S;
                flush_ms = Some(self.visit.online_from(self.line.free_from(at_ms)));
            } else if let Some(due_ms) = flush_ms {
                if !self.world.wait_until(due_ms).await {
                    break;
                }
                flush_ms = self.flush(due_ms).await;
            } else {
                break;
            }
        }
        // What was never made in time is still to be answered for.
        let link = &mut self.line.link;
        self.held.extend(taps.map(|(at_ms, waypoint, tap)| Held::new(link.id(), waypoint, tap, at_ms)));
        self.held
    }

    /// Sends the next of what waits; says when to go on, if anything is left.
    async fn flush(&mut self, due_ms: i64) -> Option<i64> {
        match self.send(due_ms).await {
            Ok(()) => {
                self.pause_s = FIRST_PAUSE_S;
                let is_left = self.held.iter().any(Held::is_waiting);
                is_left.then(|| self.visit.online_from(self.line.free_from(due_ms)))
            }
            Err(Later { retry_after_s }) => {
                let clock = &self.world.clock;
                let asked_ms = clock.simulated_ms(std::time::Duration::from_secs(retry_after_s.unwrap_or(0).into()));
                let from_ms = if retry_after_s.is_some() { clock.now_ms() } else { self.line.free_from(due_ms) };
                let pause_ms = crate::domain::visitors::milliseconds(self.line.link.jittered_s(self.pause_s));
                self.pause_s = (self.pause_s * 2.0).min(LONGEST_PAUSE_S);
                Some(self.visit.online_from(from_ms + asked_ms.max(pause_ms)))
            }
        }
    }

    async fn send(&mut self, due_ms: i64) -> Result<(), Later> {
        let token = self.token.or_new(&mut self.line, due_ms).await?;
        let waiting: Vec<usize> = (0..self.held.len()).filter(|&i| self.held[i].is_waiting()).take(BATCH_MAX).collect();
        let is_repeat = waiting.iter().any(|&i| self.held[i].tries > 0);
        let is_lone = waiting.len() == 1 && !self.has_waited(waiting[0], due_ms);
        let (kind, path) =
            if is_lone { (Kind::CheckIn, "/v1/check-ins") } else { (Kind::Batch, "/v1/check-ins/batch") };
        let items = waiting.iter().map(|&i| &self.held[i]);
        let body = if is_lone { ledger::lone(&self.held[waiting[0]]) } else { ledger::batch(items) };
        let ask = Ask { kind, path, token: Some(&token), body, etag: None, items: waiting.len(), is_repeat };
        let heard = self.line.ask(due_ms, &ask).await;
        for &i in &waiting {
            self.held[i].tries += 1;
        }
        let (answer, is_heard) = match &heard {
            Ok(answer) => (Some(answer), true),
            Err(Unheard { answer }) => (answer.as_ref(), false),
        };
        let settled = answer.map(|answer| match kind {
            Kind::CheckIn => self.settle_lone(waiting[0], answer, is_heard),
            _ => self.settle_batch(&waiting, answer, is_heard),
        });
        if is_heard {
            settled.unwrap_or(Err(Later { retry_after_s: None }))
        } else {
            Err(Later { retry_after_s: None })
        }
    }

    /// A check-in that could not be sent when it was made, or was sent before.
    fn has_waited(&self, i: usize, due_ms: i64) -> bool {
        const AT_ONCE_MS: i64 = 60_000;
        self.held[i].tries > 0 || due_ms > self.held[i].at_ms + AT_ONCE_MS
    }

    fn settle_lone(&mut self, i: usize, answer: &Answer, is_heard: bool) -> Result<(), Later> {
        if answer.is_for_later() {
            return Err(Later { retry_after_s: answer.retry_after_s() });
        }
        let kept = if answer.is_refusal() { None } else { answer.json() };
        self.held[i].answered(answer.status.as_u16(), kept, answer.code(), is_heard);
        Ok(())
    }

    fn settle_batch(&mut self, sent: &[usize], answer: &Answer, is_heard: bool) -> Result<(), Later> {
        if answer.is_for_later() {
            return Err(Later { retry_after_s: answer.retry_after_s() });
        }
        let Some(BatchAnswer { results }) = answer.json().filter(|_| !answer.is_refusal()) else {
            let code = answer.code();
            for &i in sent {
                self.held[i].answered(answer.status.as_u16(), None, code.clone(), is_heard);
            }
            return Ok(());
        };
        let mut is_put_off = false;
        for (&i, result) in sent.iter().zip(results) {
            let held = &mut self.held[i];
            held.contradicted |= result.id.as_ref() != Some(&held.id);
            if is_for_later(result.status) {
                is_put_off = true;
            } else {
                held.answered(result.status, result.check_in, result.problem.map(|problem| problem.code), is_heard);
            }
        }
        if is_put_off { Err(Later { retry_after_s: None }) } else { Ok(()) }
    }
}
