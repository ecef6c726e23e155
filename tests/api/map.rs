//! `/v1/map`: what an operator has chosen to show below the routes.

use crate::app::TestApp;
use serde_json::json;
use studyroute::domain::map_tiles::MapTiles;

#[tokio::test]
async fn without_a_source_maps_stand_on_their_own() {
    let app = TestApp::start().await;
    let answer = app.get("/v1/map").await.expect(200);
    assert_eq!(answer.json(), json!({"tiles": null}));
}

#[tokio::test]
async fn a_source_is_told_with_what_has_to_be_written_on_the_map() {
    let tiles = MapTiles::new("https://t.example/{z}/{x}/{y}", "© 某院", "GS(2024)0000号", 17).expect("fine");
    let app = TestApp::start_with(|config| config.map_tiles = tiles).await;
    let answer = app.get("/v1/map").await.expect(200);
    let layers = ["https://t.example/{z}/{x}/{y}"];
    let told =
        json!({"tiles": {"layers": layers, "credit": "© 某院", "approval_number": "GS(2024)0000号", "zoom_max": 17}});
    assert_eq!(answer.json(), told);
    let etag = answer.header("etag");
    assert!(!etag.is_empty(), "it can be asked for again without being sent");
}
