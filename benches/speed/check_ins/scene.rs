//! Who checks in where and when: classes that walk the project's own routes in order, some minutes from stop to stop, each pupil
//! some seconds after the other. Every fix lies in its zone, and every turn draws ids and fixes anew.

use super::base::Base;
use super::load::{Phone, Sending};
use std::fmt::Write;
use std::path::Path;
use studyroute::ambient::Ambient;
use studyroute::domain::check_in::{Report, Site, judge};
use studyroute::domain::crs::Crs;
use studyroute::domain::route::StudyRoute;
use studyroute::domain::time::rfc3339;
use studyroute::domain::token::{Holder, Secret};
use studyroute::formats::geojson;
use studyroute::store::{Participant, Store};

/// Phones that keep a connection open, each with a class that uses it in turn.
const CONNECTIONS: usize = 256;
const CLASS: usize = 10;
/// The same for batches, which are a hundred check-ins of one participant.
const CONNECTIONS_BATCHES: usize = 16;
const CLASS_BATCHES: usize = 40;
const BATCH: usize = 100;
/// Check-ins of the only phone.
const ALONE: usize = 1_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// From stop to stop: nobody is too fast.
const STOP_MS: i64 = 25 * MINUTE_MS;

/// What every turn begins with.
pub struct Scene {
    tokens: Vec<Secret>,
    routes: Vec<StudyRoute>,
}

/// Publishes the routes and makes the participants.
#[tokio::main(flavor = "current_thread")]
pub async fn make(base: &Base, sending: Sending) -> Scene {
    let (ambient, store) = (Ambient::system(), Store::open(&base.url()).await.expect("opened"));
    let files = studyroute::app::route_files(Path::new("routes-data"));
    let routes: Vec<StudyRoute> =
        files.iter().map(|file| geojson::read(&std::fs::read(file).expect("readable")).expect("good")).collect();
    for route in &routes {
        store.publish(route, ambient.now_ms()).await.expect("published");
    }
    let people = match sending {
        Sending::Single => CONNECTIONS * CLASS,
        Sending::Batches => CONNECTIONS_BATCHES * CLASS_BATCHES,
        Sending::Alone => ALONE / 10,
    };
    let mut tokens = Vec::new();
    for _ in 0..people {
        let id = ambient.random_id().expect("chance");
        let secret = Secret::new(Holder::Participant, id, &ambient.random_256().expect("chance"));
        let participant = Participant { id, token_hash: secret.hash().to_vec(), created_ms: ambient.now_ms() };
        store.create_participant(&participant).await.expect("created");
        tokens.push(secret);
    }
    store.close().await;
    Scene { tokens, routes }
}

impl Scene {
    /// What each phone sends, request by request.
    pub fn plan(&self, sending: Sending) -> Vec<Phone> {
        let today = Ambient::system().now_ms() / DAY_MS * DAY_MS;
        match sending {
            Sending::Single => self.classes(CLASS, |number, class| self.walk_together(number, class, today)),
            Sending::Batches => self.classes(CLASS_BATCHES, |number, class| {
                class.iter().map(|pupil| self.upload(number, pupil, today)).collect()
            }),
            Sending::Alone => {
                let phones = self.classes(10, |number, class| self.walk_together(number, class, today));
                vec![phones.into_iter().flatten().take(ALONE).collect()]
            }
        }
    }

    fn classes(&self, size: usize, requests: impl Fn(usize, &[Secret]) -> Phone) -> Vec<Phone> {
        self.tokens.chunks(size).enumerate().map(|(number, class)| requests(number, class)).collect()
    }

    /// A class goes from stop to stop, and each pupil checks in there.
    fn walk_together(&self, number: usize, class: &[Secret], today: i64) -> Phone {
        let (route, begins) = (&self.routes[number % self.routes.len()], begins(number, today));
        let mut phone = Phone::new();
        for stop in 0..route.waypoints.len() {
            for (seat, pupil) in (0i64..).zip(class) {
                let when = begins + STOP_MS * i64::try_from(stop).expect("small") + seat * 7_000;
                phone.push(request(pupil, "/v1/check-ins", &check_in(route, stop, when)));
            }
        }
        phone
    }

    /// A pupil's phone was without a network for days.
    fn upload(&self, number: usize, pupil: &Secret, today: i64) -> String {
        let route = &self.routes[number % self.routes.len()];
        let check_ins = (0..BATCH).map(|n| {
            let (day, stop) = (n / route.waypoints.len(), n % route.waypoints.len());
            let days = i64::try_from(day).expect("small") * DAY_MS;
            check_in(route, stop, begins(number, today) - days + STOP_MS * i64::try_from(stop).expect("small"))
        });
        let check_ins: Vec<String> = check_ins.collect();
        request(pupil, "/v1/check-ins/batch", &format!("{{\"check_ins\":[{}]}}", check_ins.join(",")))
    }
}

/// Classes come on different days, at different hours of the morning in Shanghai.
fn begins(number: usize, today: i64) -> i64 {
    let number = i64::try_from(number).expect("small");
    today - (2 + number % 7) * DAY_MS + (number % 3) * 60 * MINUTE_MS
}

fn check_in(route: &StudyRoute, stop: usize, when: i64) -> String {
    let waypoint = &route.waypoints[stop];
    let site = Site { position: waypoint.position, zone: waypoint.body.zone.clone() };
    let (lat, lon) = loop {
        let jitter = || fastrand::f64() * 4e-5 - 2e-5;
        let (lat, lon) = (waypoint.position.lat() + jitter(), waypoint.position.lon() + jitter());
        let report = Report { lat, lon, crs: Crs::Wgs84, accuracy_m: 12.0, occurred_ms: when };
        if judge(&site, &report, when).is_ok() {
            break (lat, lon);
        }
    };
    let id = uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid();
    let mut text = String::new();
    let (slug, stop, at) = (&route.slug, &waypoint.id, rfc3339(when));
    write!(text, r#"{{"id":"{id}","waypoint":"{slug}/{stop}","occurred_at":"{at}","position":{{"lat":{lat:.6},"lon":{lon:.6},"accuracy_m":12}}}}"#)
        .expect("a string");
    text
}

fn request(token: &Secret, path: &str, body: &str) -> String {
    let (token, length) = (token.reveal(), body.len());
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
