//! What the clients sent and what they heard, and what must follow from it. Independent of the program's own code.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use crate::process::Service;
use fastrand::Rng;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const ROUTES: [(&str, &str); 2] = [
    ("confucius-mencius", include_str!("../../routes-data/confucius-mencius/route.geojson")),
    ("peoples-canal", include_str!("../../routes-data/peoples-canal/route.geojson")),
];
const DAY_MS: i64 = 86_400_000;
/// How far back check-ins of the load happened; the service takes 14 days.
const BACK_MS: i64 = 10 * DAY_MS;
/// Asia/Shanghai has had no summer time since 1991.
const SHANGHAI_MS: i64 = 8 * 3_600_000;

/// A participant as its phone knows it.
#[derive(Debug)]
pub struct Participant {
    pub token: String,
}

impl Participant {
    pub fn create(service: &Service) -> Arc<Self> {
        let answer = service.post("/v1/participants", "", &json!({})).unwrap();
        assert_eq!(answer.status(), 201);
        let body: Value = answer.json().unwrap();
        Arc::new(Self { token: body["token"].as_str().unwrap().to_string() })
    }
}

/// What a client knows about one check-in.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Answered 201 or 200 with this body.
    Acked(Value),
    /// Answered with another status: nothing was kept.
    Refused(u16),
    /// The connection broke, or the service itself does not know.
    Unknown,
    /// Sent; nothing came back so far.
    Sent,
}

/// One check-in; its entry is made before it is sent.
#[derive(Debug)]
pub struct Attempt {
    pub who: Arc<Participant>,
    pub body: Value,
    pub outcome: Outcome,
    pub occurred_ms: i64,
}

impl Attempt {
    /// A check-in inside a zone, some time in the last days.
    pub fn inside(who: &Arc<Participant>, rng: &mut Rng) -> Self {
        let occurred_ms = now_ms() - rng.i64(0..BACK_MS);
        let (waypoint, lat, lon) = place(rng);
        // At most 50 m off; no zone is smaller than 100 m.
        let (lat, lon) = (lat + (rng.f64() - 0.5) * 6e-4, lon + (rng.f64() - 0.5) * 6e-4);
        let accuracy_m = rng.u32(5..40);
        let body = json!({
            "id": format!("{:016x}-{:016x}", rng.u64(..), rng.u64(..)),
            "waypoint": waypoint,
            "occurred_at": jiff::Timestamp::from_millisecond(occurred_ms).unwrap().to_string(),
            "position": {"lat": lat, "lon": lon, "accuracy_m": accuracy_m},
        });
        Self { who: Arc::clone(who), body, outcome: Outcome::Sent, occurred_ms }
    }

    /// One in the Pacific.
    pub fn outside(who: &Arc<Participant>, rng: &mut Rng) -> Self {
        let mut attempt = Self::inside(who, rng);
        attempt.body["position"] = json!({"lat": 0.5, "lon": -150.25, "accuracy_m": 10});
        attempt
    }

    pub fn is_outside(&self) -> bool {
        self.body["position"]["lat"] == 0.5
    }

    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }

    /// To be sent again: it was never answered, or with a 5xx.
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, Outcome::Sent | Outcome::Unknown | Outcome::Refused(500..))
    }

    pub fn acked(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Acked(body) => Some(body),
            _ => None,
        }
    }

    /// Sends it alone and notes what came of it.
    pub fn send(&mut self, service: &Service) -> &Outcome {
        let outcome = match service.post("/v1/check-ins", &self.who.token, &self.body) {
            Err(_) => Outcome::Unknown,
            Ok(answer) => {
                let status = answer.status().as_u16();
                answer.json().map_or(Outcome::Unknown, |body| Outcome::of(status, body))
            }
        };
        self.hear(outcome);
        &self.outcome
    }

    /// A second answer to the same check-in must say what the first said; an acknowledgement is never taken back, and a doubt
    /// about one sending is not ended by the refusal of another.
    pub fn hear(&mut self, outcome: Outcome) {
        match (&self.outcome, &outcome) {
            (Outcome::Acked(first), Outcome::Acked(again)) => {
                assert_eq!(first, again, "a replay was answered otherwise");
            }
            (Outcome::Acked(_), Outcome::Refused(status)) => {
                assert!(*status >= 500, "a replay was refused with {status}: {self:?}");
            }
            (Outcome::Acked(_), Outcome::Unknown) | (Outcome::Unknown, Outcome::Refused(500..)) => {}
            _ => self.outcome = outcome,
        }
    }
}

impl Outcome {
    /// `body` is the check-in or the problem.
    pub fn of(status: u16, body: Value) -> Self {
        match status {
            200 | 201 => Self::Acked(body),
            503 if matches!(body["code"].as_str(), Some("outcome-unknown" | "timeout")) => Self::Unknown,
            _ => Self::Refused(status),
        }
    }
}

/// The figures that an operator must see.
#[derive(Debug, PartialEq, Eq)]
pub struct Totals {
    pub people: usize,
    pub visits: usize,
    pub check_ins: usize,
}

/// Counts what was acknowledged: distinct people, distinct (person, waypoint, day in Shanghai), and all.
pub fn totals(ledger: &[Attempt]) -> Totals {
    let acked = || ledger.iter().filter(|attempt| attempt.acked().is_some());
    let people: BTreeSet<&str> = acked().map(|attempt| attempt.who.token.as_str()).collect();
    let visits: BTreeSet<(&str, &str, i64)> = acked()
        .map(|attempt| {
            let day = (attempt.occurred_ms + SHANGHAI_MS).div_euclid(DAY_MS);
            (attempt.who.token.as_str(), attempt.body["waypoint"].as_str().unwrap(), day)
        })
        .collect();
    Totals { people: people.len(), visits: visits.len(), check_ins: acked().count() }
}

#[expect(clippy::disallowed_methods, reason = "a phone has a clock of its own")]
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A published waypoint with its position.
fn place(rng: &mut Rng) -> (String, f64, f64) {
    static PLACES: std::sync::OnceLock<Vec<(String, f64, f64)>> = std::sync::OnceLock::new();
    let places = PLACES.get_or_init(|| ROUTES.iter().flat_map(|(slug, text)| places_of(slug, text)).collect());
    places[rng.usize(..places.len())].clone()
}

fn places_of(slug: &str, text: &str) -> Vec<(String, f64, f64)> {
    let route: Value = serde_json::from_str(text).unwrap();
    let points = route["features"].as_array().unwrap().iter().skip(1);
    let place = |point: &Value| {
        let at = &point["geometry"]["coordinates"];
        (format!("{slug}/{}", point["id"].as_str().unwrap()), at[1].as_f64().unwrap(), at[0].as_f64().unwrap())
    };
    points.map(place).collect()
}
