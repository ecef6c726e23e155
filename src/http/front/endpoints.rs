//! What is known of an endpoint before anybody works on a request to it: its template, which is all that logs and metrics ever
//! say of an address; whom it competes with; its figures.
//!
//! Figures are handles looked up once per endpoint, method and status; counting a request is then a relaxed addition.

use super::AtOnce;
use super::permits::Class;
use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram};
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// Of addresses where nothing is.
const NOWHERE: usize = 0;

/// All endpoints by their addresses.
pub struct Endpoints {
    addresses: matchit::Router<usize>,
    all: Vec<Endpoint>,
}

/// One of them.
pub struct Endpoint {
    template: String,
    class: Class,
    at_once: Option<AtOnce>,
    seconds: OnceLock<Histogram>,
    answered: RwLock<Vec<(&'static str, StatusCode, Counter)>>,
}

impl Endpoints {
    /// The endpoints with these templates, and how each answers from memory if it can. One that cannot be told from another
    /// counts as nowhere.
    pub fn new(templates: impl Iterator<Item = (String, Option<AtOnce>)>) -> Self {
        let (mut addresses, mut all) = (matchit::Router::new(), vec![Endpoint::new("(none)".into(), None)]);
        for (template, at_once) in templates {
            match addresses.insert(template.clone(), all.len()) {
                Ok(()) => all.push(Endpoint::new(template, at_once)),
                Err(error) => tracing::error!(%error, "an endpoint has no figures of its own"),
            }
        }
        Self { addresses, all }
    }

    /// The number of the endpoint at a path.
    #[must_use]
    pub fn at(&self, path: &str) -> usize {
        self.addresses.at(path).map_or(NOWHERE, |found| *found.value)
    }

    /// The endpoint of a number that [`Self::at`] gave.
    #[must_use]
    pub fn get(&self, number: usize) -> &Endpoint {
        &self.all[number]
    }
}

impl Endpoint {
    fn new(template: String, at_once: Option<AtOnce>) -> Self {
        let class = Class::of(&template);
        Self { class, template, at_once, seconds: OnceLock::new(), answered: RwLock::default() }
    }

    /// How it answers from memory, if it can.
    #[must_use]
    pub fn at_once(&self) -> Option<AtOnce> {
        self.at_once
    }

    /// Such as `/v1/routes/{route}`.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Whom its requests compete with.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Counts one answer.
    pub fn count(&self, method: &'static str, status: StatusCode, took: Duration) {
        let seconds = || metrics::histogram!("studyroute_request_seconds", "endpoint" => self.template.clone());
        self.seconds.get_or_init(seconds).record(took.as_secs_f64());
        let known = self.answered.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, answers)) = known.iter().find(|(m, s, _)| *m == method && *s == status) {
            return answers.increment(1);
        }
        drop(known);
        let (endpoint, code) = (self.template.clone(), status.as_u16().to_string());
        // Whoever else meets this answer for the first time gets the same counter.
        let answers = metrics::counter!("studyroute_requests_total", "method" => method, "endpoint" => endpoint, "status" => code);
        answers.increment(1);
        self.answered.write().unwrap_or_else(PoisonError::into_inner).push((method, status, answers));
    }
}

/// A label must not be a word that clients make up.
#[must_use]
pub fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_its_template_and_what_is_nowhere_has_none() {
        let templates = ["/", "/v1/routes", "/v1/routes/{route}", "/v1/routes/{route}/waypoints/{waypoint}"];
        let endpoints = Endpoints::new(templates.into_iter().map(|template| (template.into(), None)));
        for (path, template) in [
            ("/", "/"),
            ("/v1/routes", "/v1/routes"),
            ("/v1/routes/", "(none)"),
            ("/v1/routes/a", "/v1/routes/{route}"),
            ("/v1/routes/a/waypoints/b", "/v1/routes/{route}/waypoints/{waypoint}"),
            ("/v1/routes/a/b", "(none)"),
            ("/wp-login.php", "(none)"),
        ] {
            assert_eq!(endpoints.get(endpoints.at(path)).template(), template, "{path}");
        }
    }
}
