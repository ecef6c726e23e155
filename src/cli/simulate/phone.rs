//! One visitor's phone through the day: what it looks at and when, beside the queue of its check-ins.

use super::ledger::Held;
use super::line::{self, Answer, Ask, Line};
use super::play::World;
use super::queue::{Later, Queue};
use super::tallies::Kind;
use crate::domain::visitors::{Party, Visit, What};
use reqwest::header::HeaderValue;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A connection that nobody uses is closed by the phone after this, simulated.
const IDLE_MS: i64 = 30_000;
/// How often a phone asks for something that it does not get.
const TRIES: u32 = 3;
/// Between two tries.
const TRY_AGAIN_MS: i64 = 5_000;
/// The beginning of an answer about what is near, where it says when to ask again.
const HEAD_BYTES: u64 = 256;

/// The participant of a phone: made when first needed.
#[derive(Default)]
pub struct Token(Mutex<Option<String>>);

#[derive(Deserialize)]
struct Created {
    token: String,
}

impl Token {
    /// The token, if there is one.
    pub async fn known(&self) -> Option<String> {
        self.0.lock().await.clone()
    }

    /// The token; asks for a participant if there is none yet.
    ///
    /// # Errors
    /// When there is none for now.
    pub async fn or_new(&self, line: &mut Line, due_ms: i64) -> Result<String, Later> {
        let mut token = self.0.lock().await;
        if let Some(token) = &*token {
            return Ok(token.clone());
        }
        let ask = Ask { body: Some(b"{}".to_vec()), ..Ask::get(Kind::Participant, "/v1/participants") };
        let answer = line.ask(due_ms, &ask).await.map_err(|_| Later { retry_after_s: None })?;
        match answer.json::<Created>().filter(|_| !answer.is_refusal()) {
            Some(created) => Ok(token.insert(created.token).clone()),
            None => Err(Later { retry_after_s: answer.retry_after_s() }),
        }
    }
}

/// What is left of a phone's day.
pub struct Pocket {
    /// Its participant.
    pub token: Option<String>,
    /// Its check-ins.
    pub held: Vec<Held>,
    /// When it had a network again after the outage, if there was one.
    pub back_ms: i64,
}

/// Lives one visitor's day.
///
/// # Errors
/// When there is no client for it.
pub async fn run(world: Arc<World>, party: Arc<Party>, visit: Visit) -> reqwest::Result<Pocket> {
    let http = line::phone(&world.base, world.clock.span(IDLE_MS))?;
    let (mut link, forwarded) = (visit.link.clone(), world.forwarded(party.number));
    let other = link.split();
    let looking = Line::new(&world, http.clone(), forwarded.clone(), link);
    let queue = Line::new(&world, http, forwarded, other);
    let token = Token::default();
    let stops = world.stops(&party);
    let taps = visit.deeds.iter().filter_map(|deed| match deed.what {
        What::Tap(tap) => Some((deed.at_ms, stops.get(tap.stop)?.id.clone(), tap)),
        _ => None,
    });
    let taps = taps.collect();
    let mut looks =
        Looks { world: &world, visit: &visit, party: &party, token: &token, line: looking, etags: HashMap::new() };
    let (held, ()) = tokio::join!(Queue::new(&world, &visit, queue, &token).run(taps), looks.run());
    // Just before its end nobody has a network but who never lost it.
    let back_ms = world.plan.outage().map_or(0, |outage| visit.online_from(outage.until_ms - 1));
    Ok(Pocket { token: token.known().await, held, back_ms })
}

/// What a phone shows: asked for as the page and its service worker do.
struct Looks<'a> {
    world: &'a World,
    visit: &'a Visit,
    party: &'a Party,
    token: &'a Token,
    line: Line,
    etags: HashMap<String, HeaderValue>,
}

#[derive(Deserialize)]
struct Refresh {
    distance_m: f64,
    after_s: u32,
}

impl Looks<'_> {
    async fn run(&mut self) {
        let deeds: Vec<(i64, What)> = self.visit.deeds.iter().map(|deed| (deed.at_ms, deed.what.clone())).collect();
        let mut deeds = deeds.into_iter().filter(|(_, what)| !matches!(what, What::Tap(_))).peekable();
        let mut nearby_ms = Some(self.party.arrives_ms);
        let leaves_ms = self.party.leaves_ms();
        loop {
            let deed_ms = deeds.peek().map(|(at_ms, _)| *at_ms);
            let Some(at_ms) = deed_ms.into_iter().chain(nearby_ms).min() else { return };
            let due_ms = self.visit.online_from(at_ms);
            if due_ms > leaves_ms.max(at_ms) || !self.world.wait_until(due_ms).await {
                // Who has left looks at nothing any more; what the phone holds is the queue's affair.
                return;
            }
            match deeds.next_if(|(deed_ms, _)| nearby_ms.is_none_or(|nearby_ms| *deed_ms <= nearby_ms)) {
                Some((_, what)) => self.look(due_ms, &what).await,
                None => nearby_ms = self.nearby(due_ms).await,
            }
        }
    }

    async fn look(&mut self, due_ms: i64, what: &What) {
        let route = self.world.route(self.party);
        match what {
            What::Open => {
                self.document(due_ms, Kind::Routes, "/v1/routes?lang=zh-CN".into()).await;
                self.document(due_ms, Kind::Route, format!("/v1/routes/{route}?lang=zh-CN")).await;
                let stops = format!("/v1/routes/{route}/waypoints?lang=zh-CN&limit=1000");
                self.document(due_ms, Kind::Waypoints, stops).await;
            }
            What::Read(stop) => {
                let stops = self.world.stops(self.party);
                let Some((route, waypoint)) = stops.get(*stop).and_then(|stop| stop.id.split_once('/')) else { return };
                let path = format!("/v1/routes/{route}/waypoints/{waypoint}?lang=zh-CN");
                self.document(due_ms, Kind::Waypoint, path).await;
            }
            What::Progress => {
                if let Some(token) = self.token.known().await {
                    let ask = Ask { token: Some(&token), ..Ask::get(Kind::Progress, "/v1/me/progress?lang=zh-CN") };
                    self.insist(due_ms, ask).await;
                }
            }
            What::Tap(_) => {}
        }
    }

    /// What may be on the phone already: the service is asked whether it has changed.
    async fn document(&mut self, due_ms: i64, kind: Kind, path: String) {
        let etag = self.etags.get(&path).cloned();
        let answer = self.insist(due_ms, Ask { etag: etag.as_ref(), ..Ask::get(kind, &path) }).await;
        if let Some(etag) = answer.as_ref().and_then(Answer::etag) {
            self.etags.insert(path, etag.clone());
        }
    }

    /// Asks what is near; says when to ask again.
    async fn nearby(&mut self, due_ms: i64) -> Option<i64> {
        let place = self.visit.way.place_at(due_ms)?;
        let path = format!("/v1/nearby?lat={:.6}&lon={:.6}&lang=zh-CN", place.lat(), place.lon());
        let answer = self.insist(due_ms, Ask::get(Kind::Nearby, &path)).await;
        let refresh =
            answer.filter(|answer| !answer.is_refusal()).and_then(|answer| refresh(&answer.beginning(HEAD_BYTES)));
        match refresh {
            Some(Refresh { distance_m, after_s }) => self.visit.way.asks_again(due_ms, distance_m, after_s),
            // Without an answer there is nothing to go by but time.
            None => self.visit.way.asks_again(due_ms, f64::INFINITY, 60),
        }
    }

    /// Asks, and again when nothing is heard or the service asks to come later.
    async fn insist(&mut self, due_ms: i64, mut ask: Ask<'_>) -> Option<Answer> {
        let mut due_ms = due_ms;
        for _ in 0..TRIES {
            let heard = self.line.ask(due_ms, &ask).await;
            let (from_ms, wait_ms) = match heard {
                Ok(answer) if answer.is_for_later() => {
                    let asked = std::time::Duration::from_secs(answer.retry_after_s().unwrap_or(1).into());
                    (self.world.clock.now_ms(), self.world.clock.simulated_ms(asked))
                }
                Ok(answer) => return Some(answer),
                Err(_) => (due_ms, TRY_AGAIN_MS),
            };
            ask.is_repeat = true;
            due_ms = self.visit.online_from(self.line.free_from(from_ms + wait_ms));
            if !self.world.wait_until(due_ms).await {
                return None;
            }
        }
        None
    }
}

/// Reads when to ask again out of the beginning of an answer, without the rest of it.
fn refresh(head: &[u8]) -> Option<Refresh> {
    let head = String::from_utf8_lossy(head);
    let (_, rest) = head.split_once("\"refresh\":")?;
    let (members, _) = rest.split_once('}')?;
    serde_json::from_str(&format!("{members}}}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_ask_again_is_read_out_of_the_beginning_of_an_answer() {
        let head =
            br#"{"crs":"wgs84","generation":2,"refresh":{"distance_m":20,"after_s":300},"items":[{"distance_m":4.3"#;
        let Refresh { distance_m, after_s } = refresh(head).expect("it is there");
        assert!((distance_m - 20.0).abs() < f64::EPSILON && after_s == 300);
        assert!(refresh(b"{\"items\":[]}").is_none());
        assert!(refresh(b"{\"refresh\":{\"distance_m\":2,\"after_s\":30").is_none(), "it may go on");
    }
}
