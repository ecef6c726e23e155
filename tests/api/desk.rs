//! A designer's desk: one study route, and the calls that change and publish it.

use crate::app::TestApp;
use crate::client::{Answer, Call, Operator};
use reqwest::Method;
use serde_json::{Value, json};

pub const PATCH: Method = Method::PATCH;
pub const PUT: Method = Method::PUT;
pub const POST: Method = Method::POST;
pub const DELETE: Method = Method::DELETE;

/// A designer of one route.
pub struct Desk {
    pub staff: Operator,
    pub route: String,
}

impl Desk {
    /// Of somebody whose key names this route alone.
    pub async fn of(app: &TestApp, route: &str) -> Self {
        Self { staff: app.designer_of(&[route]).await, route: route.into() }
    }

    /// A call below the route's address.
    pub fn call(&self, method: Method, path: &str) -> Call {
        self.staff.call(method, &format!("/v1/design/routes/{}{path}", self.route))
    }

    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A change made on a state of the draft.
    pub async fn change(&self, method: Method, path: &str, etag: &str, body: &Value) -> Answer {
        let call = self.call(method, path).header("if-match", etag);
        if body.is_null() { call.await } else { call.json(body).await }
    }

    pub async fn etag(&self) -> String {
        self.get("/draft").await.expect(200).header("etag")
    }

    /// A change made on what is there now, which must be taken.
    pub async fn edit(&self, method: Method, path: &str, body: &Value) -> Answer {
        let answer = self.change(method, path, &self.etag().await, body).await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
        answer
    }

    pub async fn draft(&self) -> Value {
        self.get("/draft").await.expect(200).json()
    }

    /// The ids of its waypoints in their order.
    pub async fn ids(&self) -> Vec<String> {
        let draft = self.draft().await;
        let ids = draft["waypoints"].as_array().expect("waypoints").iter().map(|w| w["id"].as_str().expect("an id"));
        ids.map(String::from).collect()
    }

    pub fn publish(&self, acknowledge: &[&str]) -> Call {
        self.call(POST, "/publish").json(&json!({"note": "for a test", "acknowledge": acknowledge}))
    }

    /// Another English title of the route, published.
    pub async fn publish_title(&self, title: &str) -> Value {
        self.edit(PATCH, "/draft", &json!({"title": {"en": title}})).await;
        self.publish(&[]).await.expect(200).json()
    }
}
