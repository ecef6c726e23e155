//! What one address may do so often, and how nodes share it.

use crate::app::TestApp;
use std::num::NonZeroU32;
use std::time::Duration;
use studyroute::domain::token::{Holder, Secret};
use studyroute::store::Role;
use uuid::Uuid;

const KEYS: &str = "/v1/design/keys";
/// Looks, a tenth of a second apart.
const LOOKS: usize = 300;

#[tokio::test]
async fn whoever_tries_keys_is_soon_not_listened_to_for_a_while() {
    let app = TestApp::start_with(|config| config.failed_keys_per_minute = NonZeroU32::new(3).expect("not zero")).await;
    let admin = app.staff(Role::Admin, None).await;
    for number in 0..4 {
        let guess = Secret::new(Holder::Staff, Uuid::from_u128(number), &[7; 32]);
        app.get(KEYS).bearer(guess.reveal()).await.refused(401, "token-invalid");
    }
    let refused = admin.get(KEYS).await;
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    refused.refused(429, "too-many-failed-keys");
    app.get("/v1/routes").await.expect(200);
    app.participant().await;
}

/// The number of nodes is a figure of the process, of which there are two here; so what is looked at is what it does.
#[tokio::test]
async fn two_nodes_let_together_as_many_new_participants_through_as_one() {
    let Some(one) = TestApp::on_postgres().await else { return };
    let edit = |config: &mut studyroute::config::Config| {
        config.database.clone_from(&one.config.database);
        config.participants_burst = NonZeroU32::new(40).expect("not zero");
        config.participants_per_minute = NonZeroU32::MIN;
    };
    let (two, three) = (TestApp::start_with(edit).await, TestApp::start_with(edit).await);
    let store = one.store().await;
    for _ in 0..LOOKS {
        if store.beat(Uuid::nil()).await.expect("an answer").iter().filter(|(_, beat)| *beat >= 3).count() >= 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Three nodes and we ourselves have said that we are there; each has seen it by its third look.
    let mut through = 0;
    for app in [&two, &three] {
        for _ in 0..40 {
            match app.post("/v1/participants").json(&serde_json::json!({})).await.status {
                201 => through += 1,
                status => assert_eq!(status, 429),
            }
        }
    }
    assert_eq!(through, 20, "four of them, so each lets a quarter through");
}
