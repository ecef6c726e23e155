//! The study routes as the service publishes them: read from itself, so that phones walk where it expects them.

use super::line::PATIENCE;
use crate::domain::check_in::Site;
use crate::domain::geodesy::LatLon;
use crate::domain::visitors::{Stop, Trail};
use crate::domain::zone::Zone;
use anyhow::{Context, Result, bail};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Route {
    id: String,
}

#[derive(Deserialize)]
struct Waypoint {
    id: String,
    position: LatLon,
    zone: WireZone,
    themes: Vec<String>,
}

/// A zone on the wire tells more than one in a route file.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum WireZone {
    Circle { radius_m: f64 },
    Polygon { coordinates: Vec<Vec<[f64; 2]>> },
}

impl From<WireZone> for Zone {
    fn from(zone: WireZone) -> Self {
        match zone {
            WireZone::Circle { radius_m } => Self::Circle { radius_m, to_be_surveyed: false },
            WireZone::Polygon { coordinates } => Self::Polygon { coordinates, to_be_surveyed: false },
        }
    }
}

/// Reads all routes that have a stop.
///
/// # Errors
/// When the service does not answer as it should.
pub async fn read(http: &Client, base: &Url) -> Result<Vec<Trail>> {
    let mut trails = Vec::new();
    for route in pages::<Route>(http, base, "/v1/routes?limit=1000").await? {
        let path = format!("/v1/routes/{}/waypoints?limit=1000", route.id);
        let stops: Vec<Stop> = pages::<Waypoint>(http, base, &path).await?.into_iter().map(stop).collect();
        if !stops.is_empty() {
            trails.push(Trail { slug: route.id, stops });
        }
    }
    Ok(trails)
}

fn stop(waypoint: Waypoint) -> Stop {
    let site = Site { position: waypoint.position, zone: waypoint.zone.into() };
    Stop { id: waypoint.id, site, themes: waypoint.themes }
}

async fn pages<T: DeserializeOwned>(http: &Client, base: &Url, path: &str) -> Result<Vec<T>> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: Page<T> = get(http, base, &format!("{path}{cursor}"), None).await?;
        items.extend(page.items);
        match page.next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(items),
        }
    }
}

/// Reads one document.
///
/// # Errors
/// When the service does not answer as it should.
pub async fn get<T: DeserializeOwned>(http: &Client, base: &Url, path: &str, bearer: Option<&str>) -> Result<T> {
    let mut request = http.get(base.join(path)?).timeout(PATIENCE);
    if let Some(bearer) = bearer {
        request = request.bearer_auth(bearer);
    }
    let response = request.send().await.with_context(|| format!("{base} does not answer"))?;
    let (status, body) = (response.status(), response.bytes().await?);
    if !status.is_success() {
        bail!("{path} was answered with {status}: {}", String::from_utf8_lossy(&body));
    }
    serde_json::from_slice(&body).with_context(|| format!("the answer to {path} is not what this service gives"))
}
