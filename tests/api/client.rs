//! The clients: anybody's call, a participant's phone, an operator's desk. An answer that is not as expected is printed whole.

use crate::route_files;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use studyroute::domain::time;
use uuid::Uuid;

/// A server too busy with other tests says so; clients are told to come back.
const TRIES_WHEN_OVERLOADED: usize = 200;

/// Where the server is, and the clock that phones share with it.
#[derive(Clone)]
pub struct Door {
    http: Client,
    pub address: SocketAddr,
    clock: Arc<AtomicI64>,
}

impl Door {
    pub fn new(address: SocketAddr, clock: Arc<AtomicI64>) -> Self {
        // It asks for TLS to be chosen even where there is none; the first test of the process chooses.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().expect("a client");
        Self { http, address, clock }
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        let asked = format!("{method} {path}");
        Call { asked, request: self.http.request(method, format!("http://{}{path}", self.address)) }
    }
}

/// A request being put together; awaiting it sends it.
pub struct Call {
    asked: String,
    request: RequestBuilder,
}

impl Call {
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(self, media_type: &str, body: impl Into<reqwest::Body>) -> Self {
        Self { request: self.request.header("content-type", media_type).body(body), ..self }
    }

    pub async fn try_once(&self) -> reqwest::Result<Answer> {
        let response = self.request.try_clone().expect("a body in memory").send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { asked: self.asked.clone(), status, headers, bytes: response.bytes().await?.to_vec() })
    }

    async fn send(self) -> Answer {
        for _ in 0..TRIES_WHEN_OVERLOADED {
            let answer = self.try_once().await.unwrap_or_else(|error| panic!("{}: {error:?}", self.asked));
            if answer.status != 503 || !answer.text().contains("\"overloaded\"") {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}: the server stays overloaded", self.asked)
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What came back.
pub struct Answer {
    asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n  → {}", self.asked, self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "  {name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "{}", self.text())
    }
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's text, its lines joined by commas; empty if it is not there.
    pub fn header(&self, name: &str) -> String {
        let lines = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        lines.collect::<Vec<_>>().join(", ")
    }

    /// A refusal with this status and code, in the one shape that every refusal has.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.header("access-control-allow-origin"), "*", "{self:?}");
        assert!(!self.header("x-request-id").is_empty(), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self:?}");
        assert_eq!(problem["status"], status, "{self:?}");
        assert_eq!(problem["type"], format!("/problems#{code}"), "{self:?}");
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {self:?}");
        }
        problem
    }
}

/// A participant's phone.
pub struct Phone {
    pub id: String,
    pub token: String,
    door: Door,
}

impl Phone {
    pub fn new(door: Door, created: &Value) -> Self {
        let text = |name: &str| created[name].as_str().unwrap_or_else(|| panic!("no {name}: {created}")).to_string();
        Self { id: text("participant_id"), token: text("token"), door }
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        self.door.call(method, path).bearer(&self.token)
    }

    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A check-in right at the waypoint, now, unless told otherwise.
    pub fn check_in(&self, waypoint: &str) -> CheckIn<'_> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (lat, lon) = route_files::position(waypoint);
        let id = format!("check-in-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let occurred_at = time::rfc3339(self.door.clock.load(Ordering::SeqCst));
        let position = json!({"lat": lat, "lon": lon, "accuracy_m": 12.0});
        let body = json!({"id": id, "waypoint": waypoint, "occurred_at": occurred_at, "position": position});
        CheckIn { phone: self, body }
    }

    pub fn batch(&self, check_ins: &[Value]) -> Call {
        self.call(Method::POST, "/v1/check-ins/batch").json(&json!({"check_ins": check_ins}))
    }

    pub async fn me(&self) -> Value {
        self.get("/v1/me").await.expect(200).json()
    }

    /// Progress on one study route.
    pub async fn progress(&self, route: &str) -> Value {
        let answer = self.get("/v1/me/progress").await.expect(200);
        let list = answer.json();
        let item = list["items"].as_array().and_then(|items| items.iter().find(|item| item["route"] == route));
        item.unwrap_or_else(|| panic!("no {route}: {answer:?}")).clone()
    }

    pub fn erase(&self) -> Call {
        self.call(Method::DELETE, "/v1/me")
    }
}

/// A check-in being put together.
#[must_use]
pub struct CheckIn<'a> {
    phone: &'a Phone,
    pub body: Value,
}

impl CheckIn<'_> {
    /// Any member of the body.
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.body[member] = value.into();
        self
    }

    /// Any member of the position.
    pub fn position(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.body["position"][member] = value.into();
        self
    }

    pub fn id(self, id: &str) -> Self {
        self.with("id", id)
    }

    pub fn at(self, (lat, lon): (f64, f64)) -> Self {
        self.position("lat", lat).position("lon", lon)
    }

    /// So far north of where it was.
    pub fn north(self, metres: f64) -> Self {
        let lat = self.body["position"]["lat"].as_f64().expect("a latitude");
        // A degree of latitude near 35.6° N.
        self.position("lat", lat + metres / 110_951.0)
    }

    pub fn accuracy(self, metres: f64) -> Self {
        self.position("accuracy_m", metres)
    }

    pub fn when(self, occurred_ms: i64) -> Self {
        self.with("occurred_at", time::rfc3339(occurred_ms))
    }

    pub async fn send(self) -> Answer {
        self.phone.call(Method::POST, "/v1/check-ins").json(&self.body).await
    }

    /// Sends it and expects it to be kept.
    pub async fn kept(self) -> Value {
        self.send().await.expect(201).json()
    }
}

/// Somebody with a key.
pub struct Operator {
    pub id: Uuid,
    pub key: String,
    pub door: Door,
}

impl Operator {
    pub fn call(&self, method: Method, path: &str) -> Call {
        self.door.call(method, path).bearer(&self.key)
    }

    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    pub async fn counts(&self, query: &str) -> Value {
        self.get(&format!("/v1/counts?{query}")).await.expect(200).json()
    }
}
