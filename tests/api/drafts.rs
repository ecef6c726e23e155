//! Drafts through the front door: nobody overwrites what they have not seen, every mistake is named, and no visitor sees any of it.

use crate::app::TestApp;
use crate::desk::{DELETE, Desk, PATCH, POST, PUT};
use serde_json::{Value, json};

const CANAL: &str = "peoples-canal";
const DAM: &str = "/draft/waypoints/daicun-dam";

/// The smallest waypoint that somebody may write down.
fn waypoint(id: &str) -> Value {
    json!({"id": id, "position": {"lat": 35.5, "lon": 116.5}, "title": {"zh-CN": "桥", "en": "Bridge"}})
}

#[tokio::test]
async fn a_route_without_a_draft_shows_what_is_published_and_the_first_change_begins_one() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    let answer = desk.get("/draft").await.expect(200);
    assert_eq!((answer.header("etag"), answer.header("cache-control")), ("\"r1\"".into(), "private, no-store".into()));
    let shown = answer.json();
    assert_eq!((&shown["etag"], &shown["revision"], &shown["published"]), (&json!("\"r1\""), &json!(1), &json!(true)));
    assert_eq!((shown.get("draft"), &shown["waypoint_count"]), (None, &json!(26)));
    assert!(shown["waypoints"][0]["questions"][0]["key"].is_string(), "designers see what visitors do not");
    let patched = desk.change(PATCH, "/draft", "\"r1\"", &json!({"title": {"en": "Canal"}})).await.expect(200);
    assert_eq!(patched.header("etag"), "\"d1\"");
    let mut expected = shown.clone();
    for member in ["etag", "draft"] {
        expected[member] = patched.json()[member].clone();
    }
    expected["title"]["en"] = "Canal".into();
    assert_eq!(patched.json(), expected, "the Chinese title stays, and so does everything else");
    assert_eq!(patched.json()["draft"]["author"], "A test");
    let dam = desk.change(PATCH, DAM, "\"d1\"", &json!({"title": {"en": "Dam"}})).await.expect(200);
    assert_eq!((dam.header("etag"), &dam.json()["title"]["en"]), ("\"d2\"".into(), &json!("Dam")));
    assert_eq!(desk.get(DAM).await.expect(200).json(), dam.json());
    let dropped = desk.change(DELETE, "/draft", "\"d2\"", &Value::Null).await.expect(204);
    assert_eq!((dropped.text(), desk.draft().await), (String::new(), shown));
    desk.change(DELETE, "/draft", "\"r1\"", &Value::Null).await.refused(404, "no-draft");
    assert_eq!(desk.edit(PATCH, DAM, &json!({"order": 2})).await.header("etag"), "\"d3\"", "never a number twice");
}

#[tokio::test]
async fn whoever_does_not_say_what_they_saw_or_saw_something_else_changes_nothing() {
    let app = TestApp::start().await;
    let (desk, other) = (Desk::of(&app, CANAL).await, Desk::of(&app, CANAL).await);
    other.edit(PATCH, DAM, &json!({"title": {"en": "Dam"}})).await;
    app.pass(60_000);
    other.change(DELETE, "/draft/waypoints/nansi-lake", "\"d1\"", &Value::Null).await.expect(204);
    let before = desk.draft().await;
    let order = json!({"waypoints": desk.ids().await});
    for (method, path, body) in [
        (PUT, "/draft", before.clone()),
        (PATCH, "/draft", json!({"title": {"en": "x"}})),
        (DELETE, "/draft", Value::Null),
        (POST, "/draft/waypoints", waypoint("new")),
        (PUT, DAM, waypoint("daicun-dam")),
        (PATCH, DAM, json!({"order": 3})),
        (DELETE, DAM, Value::Null),
        (PUT, "/draft/order", order),
    ] {
        let call = desk.call(method.clone(), path);
        let call = if body.is_null() { call } else { call.json(&body) };
        call.await.refused(428, "precondition-required");
        for tag in ["\"d1\"", "\"r1\"", "\"d99\"", "d2", "W/\"d2\"", "\"\"", "x", "\"d2\", \"d1\""] {
            let problem = desk.change(method.clone(), path, tag, &body).await.refused(412, "precondition-failed");
            assert_eq!(problem["etag"], "\"d2\"", "{method} {path} {tag}");
        }
        let none = desk.call(method.clone(), path).header("if-none-match", "\"d2\"").json(&body);
        none.await.refused(400, "bad-request");
        let both = desk.call(method.clone(), path).header("if-none-match", "*").header("if-match", "*").json(&body);
        both.await.refused(400, "bad-request");
    }
    assert_eq!(desk.draft().await, before);
    let problem = desk.change(PATCH, DAM, "\"d1\"", &json!({"order": 3})).await.refused(412, "precondition-failed");
    let told = json!({"at": "2026-05-01T02:01:00.000Z", "who": "A test", "action": "remove waypoint", "subject": "nansi-lake"});
    assert_eq!(problem["changes"], json!([told]));
    let problem = desk.change(PATCH, DAM, "\"r1\"", &json!({"order": 3})).await.refused(412, "precondition-failed");
    assert_eq!(problem["changes"].as_array().map(Vec::len), Some(2));
    desk.change(PATCH, DAM, "*", &json!({"title": {"en": "Whatever it was"}})).await.expect(200);
}

#[tokio::test]
async fn a_new_route_is_made_once_and_only_when_nobody_has_it() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, "new-walk").await;
    desk.get("/draft").await.refused(404, "unknown-route");
    let body =
        json!({"title": {"zh-CN": "新路", "en": "New walk"}, "waypoints": [waypoint("bridge"), waypoint("gate")]});
    desk.change(PUT, "/draft", "*", &body).await.refused(404, "unknown-route");
    desk.change(PUT, "/draft", "\"d1\"", &body).await.refused(412, "precondition-failed");
    desk.change(PATCH, "/draft", "*", &body).await.refused(404, "unknown-route");
    let put = || desk.call(PUT, "/draft").header("if-none-match", "*").json(&body);
    let made = put().await.expect(201);
    assert_eq!((made.header("etag"), &made.json()["revision"]), ("\"d1\"".into(), &json!(0)));
    assert_eq!(made.json()["published"], false);
    let problem = put().await.refused(412, "precondition-failed");
    assert_eq!(problem["etag"], "\"d1\"");
    assert_eq!(desk.ids().await, ["bridge", "gate"]);
    desk.edit(DELETE, "/draft", &Value::Null).await;
    desk.get("/draft").await.refused(404, "unknown-route");
    assert_eq!(put().await.expect(201).header("etag"), "\"d2\"");
    let all = app.designer_of(&[]).await;
    for name in ["Bad", "a--b", "-", &"x".repeat(65), "%00", "a%2Fb", "%E4%BA%BA"] {
        let call = all.call(PUT, &format!("/v1/design/routes/{name}/draft")).header("if-none-match", "*").json(&body);
        call.await.refused(404, "unknown-route");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_place() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, CANAL).await;
    let with = |member: &str, value: Value| {
        let mut waypoint = waypoint("daicun-dam");
        waypoint[member] = value;
        waypoint
    };
    let draft = |list: Value| json!({"title": {"en": "x"}, "waypoints": list});
    let before = desk.draft().await;
    for (method, path, body, pointer) in [
        (PUT, DAM, with("titel", json!({})), "/titel"),
        (PUT, DAM, with("title", json!({"de": "Damm"})), "/title/de"),
        (PUT, DAM, with("facts", json!([{"text": {"en": "x"}, "sauce": "y"}])), "/facts/0/sauce"),
        (PUT, DAM, with("id", json!("other")), "/id"),
        (PUT, DAM, with("position", json!([116.5, 35.5])), "/position"),
        (PUT, DAM, with("position", json!({"lat": 91, "lon": 0})), "/position"),
        (PUT, DAM, with("position", json!({"lat": 1})), "/position"),
        (PUT, DAM, with("order", json!(-1)), "/order"),
        (PUT, DAM, json!({"title": {}}), "/position"),
        (PUT, DAM, json!([]), ""),
        (PATCH, DAM, json!({"summary": {"en": "a\u{0}b"}}), "/summary/en"),
        (PATCH, DAM, json!("x"), ""),
        (PATCH, DAM, json!({"themes": "water"}), "/themes"),
        (POST, "/draft/waypoints", waypoint("Not A Slug"), "/id"),
        (POST, "/draft/waypoints", json!({"position": {"lat": 1, "lon": 1}}), "/id"),
        (PATCH, "/draft", json!({}), ""),
        (PATCH, "/draft", json!({"titel": {}}), "/titel"),
        (PATCH, "/draft", json!({"order": 1}), "/order"),
        (PATCH, "/draft", json!({"title": ["运河", "Canal"]}), "/title"),
        (PATCH, "/draft", json!({"line": {"type": "LineString", "coordinates": [[1]]}}), "/line"),
        (PATCH, "/draft", json!({"line": {"type": "Point", "coordinates": []}}), "/line"),
        (PATCH, "/draft", json!({"line": ["LineString", []]}), "/line"),
        (PATCH, "/draft", json!({"crs": "gcj02", "title": {"en": "x"}}), "/crs"),
        (PATCH, "/draft", json!({"waypoints": {}}), "/waypoints"),
        (PUT, "/draft", json!({"title": {"en": "x"}}), "/waypoints"),
        (PUT, "/draft", draft(json!([waypoint("a"), waypoint("b"), waypoint("a")])), "/waypoints/2/id"),
        (PUT, "/draft", draft(json!([waypoint("a"), with("zone", json!({"radius": 3}))])), "/waypoints/1/zone/kind"),
        (PUT, "/draft/order", json!({"waypoints": ["daicun-dam", "\u{0}"]}), "/waypoints/1"),
        (PUT, "/draft/order", json!({"waypoint": []}), "/waypoint"),
    ] {
        let problem = desk.change(method.clone(), path, "\"r1\"", &body).await.refused(400, "invalid-json");
        assert_eq!(problem["pointer"], pointer, "{method} {path} {body}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() < 1_000), "{problem}");
    }
    let names =
        |text: &str| desk.call(PATCH, DAM).header("if-match", "\"r1\"").body("application/json", text.to_string());
    for (text, pointer) in [
        (r#"{"order": 1, "order": 2}"#, ""),
        (r#"{"title": {"en": "a", "en": "b"}}"#, "/title"),
        (r#"{"facts": [{}, {"text": {"en": "a", "zh-CN": "b", "en": "c"}}]}"#, "/facts/1/text"),
    ] {
        let problem = names(text).await.refused(400, "invalid-json");
        assert_eq!(problem["pointer"], pointer, "{text}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("twice")), "{problem}");
    }
    let long = json!({"x".repeat(60_000): 1});
    let problem = desk.change(PATCH, DAM, "\"r1\"", &long).await.refused(400, "invalid-json");
    assert!(problem.to_string().len() < 2_000, "what somebody made up is not said back whole");
    let few = json!({"waypoints": ["daicun-dam"]});
    desk.change(PUT, "/draft/order", "\"r1\"", &few).await.refused(422, "invalid-order");
    desk.change(POST, "/draft/waypoints", "\"r1\"", &waypoint("daicun-dam")).await.refused(409, "waypoint-exists");
    for path in ["/draft/waypoints/nowhere", "/draft/waypoints/%00", "/draft/waypoints/Dam"] {
        desk.get(path).await.refused(404, "unknown-waypoint");
        desk.change(PATCH, path, "\"r1\"", &json!({"order": 1})).await.refused(404, "unknown-waypoint");
        desk.change(DELETE, path, "\"r1\"", &Value::Null).await.refused(404, "unknown-waypoint");
    }
    desk.change(PUT, "/draft/waypoints/nowhere", "\"r1\"", &waypoint("nowhere")).await.refused(404, "unknown-waypoint");
    assert_eq!(desk.draft().await, before, "nothing was kept");
}

#[tokio::test]
async fn waypoints_are_added_moved_ordered_and_removed() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, "walk").await;
    let body = json!({"title": {"en": "Walk"}, "waypoints": [waypoint("a"), waypoint("b"), waypoint("c")]});
    desk.call(PUT, "/draft").header("if-none-match", "*").json(&body).await.expect(201);
    let mut first = waypoint("d");
    first["order"] = 1.into();
    let added = desk.edit(POST, "/draft/waypoints", &first).await.expect(201);
    assert_eq!((added.header("etag"), &added.json()["order"]), ("\"d2\"".into(), &json!(1)));
    desk.edit(POST, "/draft/waypoints", &waypoint("e")).await.expect(201);
    assert_eq!(desk.ids().await, ["d", "a", "b", "c", "e"]);
    let moved = desk.edit(PATCH, "/draft/waypoints/d", &json!({"order": 4})).await.json();
    assert_eq!((&moved["order"], &moved["title"]["en"]), (&json!(4), &json!("Bridge")));
    assert_eq!(desk.ids().await, ["a", "b", "c", "d", "e"]);
    desk.edit(PATCH, "/draft/waypoints/a", &json!({"order": 99})).await;
    desk.edit(PUT, "/draft/waypoints/e", &waypoint("e")).await;
    assert_eq!(desk.ids().await, ["b", "c", "d", "e", "a"], "who is not told a place keeps it");
    let removed = desk.edit(DELETE, "/draft/waypoints/c", &Value::Null).await.expect(204);
    assert_eq!(removed.header("etag"), desk.etag().await);
    let order = desk.edit(PUT, "/draft/order", &json!({"waypoints": ["a", "b", "e", "d"]})).await.expect(204);
    assert_eq!(order.header("etag"), desk.etag().await);
    let page = desk.get("/draft/waypoints?limit=3").await.expect(200).json();
    let rest = desk.get(&format!("/draft/waypoints?limit=3&cursor={}", page["next"].as_str().expect("more"))).await;
    let rest = rest.expect(200).json();
    let told: Vec<_> = page["items"].as_array().into_iter().chain(rest["items"].as_array()).flatten().collect();
    let told: Vec<_> =
        told.iter().map(|w| (w["id"].as_str().expect("an id"), w["order"].as_u64().expect("a place"))).collect();
    assert_eq!(told, [("a", 1), ("b", 2), ("e", 3), ("d", 4)]);
    assert_eq!(rest.get("next"), None);
}

#[tokio::test]
async fn what_was_read_may_be_sent_back_and_changes_nothing() {
    let app = TestApp::start().await;
    for crs in ["wgs84", "gcj02", "bd09"] {
        let desk = Desk::of(&app, "confucius-mencius").await;
        let (draft, hall) = (format!("/draft?crs={crs}"), format!("/draft/waypoints/dacheng-hall?crs={crs}"));
        let read = desk.get(&draft).await.expect(200).json();
        let etag = read["etag"].as_str().expect("a tag");
        let put = desk.change(PUT, &draft, etag, &read).await.expect(200).json();
        assert_eq!((&put["crs"], &put["title"]), (&json!(crs), &read["title"]));
        let one = desk.get(&hall).await.expect(200).json();
        desk.edit(PUT, &hall, &one).await;
        desk.edit(PATCH, &hall, &one).await;
        let differs = desk.get("/diff").await.expect(200).json();
        for part in ["fields", "added", "removed"] {
            assert_eq!(differs[part], json!([]), "{crs}");
        }
        let changed = differs["changed"].as_array().expect("a list");
        assert!(crs != "wgs84" || (changed.is_empty() && differs.get("line").is_none()), "{differs:#}");
        for change in changed {
            assert_eq!(change["moved_m"], 0.0, "less than half a decimetre: {change:#}");
            let near = |field: &Value| field["path"].as_str().is_some_and(|path| path.contains("position"));
            assert!(change["fields"].as_array().expect("fields").iter().all(near), "{change:#}");
        }
        let read_again = desk.get(&draft).await.expect(200).json();
        for (a, b) in read["waypoints"].as_array().unwrap().iter().zip(read_again["waypoints"].as_array().unwrap()) {
            for axis in ["lat", "lon"] {
                let off =
                    a["position"][axis].as_f64().expect("degrees") - b["position"][axis].as_f64().expect("degrees");
                // A centimetre.
                assert!(off.abs() < 9e-8, "{crs} {}: {off}", a["id"]);
            }
        }
    }
}

#[tokio::test]
async fn bodies_have_the_bounds_that_their_calls_need() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app, "walk").await;
    let long = |bytes: usize| {
        let mut one = waypoint("a");
        one["summary"] = json!({"en": "x".repeat(bytes)});
        json!({"title": {"en": "Walk"}, "waypoints": [one]})
    };
    let make = desk.call(PUT, "/draft").header("if-none-match", "*").json(&long(3_000_000));
    make.await.expect(201);
    let problem = desk.change(PUT, "/draft", "*", &long(17_000_000)).await.refused(413, "body-too-large");
    assert_eq!(problem["limit_bytes"], 16 * 1024 * 1024);
    let names = |count: usize| json!({"waypoints": vec!["a-name-of-a-place"; count]});
    desk.change(PUT, "/draft/order", "*", &names(100_000)).await.refused(422, "invalid-order");
    desk.change(PUT, "/draft/order", "*", &names(300_000)).await.refused(413, "body-too-large");
    let problem =
        desk.call(POST, "/publish").json(&json!({"note": "x".repeat(70_000)})).await.refused(413, "body-too-large");
    assert_eq!(problem["limit_bytes"], 64 * 1024);
}

#[tokio::test]
async fn a_draft_is_seen_by_its_designers_alone() {
    let app = TestApp::start().await;
    let (desk, stranger) = (Desk::of(&app, CANAL).await, Desk::of(&app, "confucius-mencius").await);
    let secret = Desk::of(&app, "secret-walk").await;
    let mut hidden = waypoint("hidden-gate");
    hidden["title"] = json!({"zh-CN": "未公开", "en": "Unpublished"});
    let body = json!({"title": {"en": "Unpublished"}, "waypoints": [hidden]});
    secret.call(PUT, "/draft").header("if-none-match", "*").json(&body).await.expect(201);
    desk.edit(POST, "/draft/waypoints", &body["waypoints"][0]).await;
    desk.edit(PATCH, "/draft", &json!({"title": {"en": "Unpublished", "zh-CN": "未公开"}})).await;
    for path in [
        "/v1/routes?lang=en",
        "/v1/routes/peoples-canal?lang=en",
        "/v1/routes/peoples-canal/waypoints?lang=en&limit=1000",
        "/v1/nearby?lat=35.5&lon=116.5&radius_m=100000&limit=100&lang=en",
        "/v1/nearby?lat=35.5&lon=116.5&radius_m=100000&limit=100",
    ] {
        let text = app.get(path).await.expect(200).text();
        assert!(
            !["Unpublished", "未公开", "hidden-gate", "secret-walk"].iter().any(|word| text.contains(word)),
            "{path}"
        );
    }
    app.get("/v1/routes/secret-walk").await.refused(404, "unknown-route");
    app.get("/v1/routes/peoples-canal/waypoints/hidden-gate").await.refused(404, "unknown-waypoint");
    app.participant().await.check_in("peoples-canal/hidden-gate").send().await.refused(404, "unknown-waypoint");
    designers_of_other_routes_hear_the_same_of_all(&app, &stranger).await;
    each_lists_their_own(&app, &[&stranger, &secret]).await;
}

async fn designers_of_other_routes_hear_the_same_of_all(app: &TestApp, stranger: &Desk) {
    let base = "/v1/design/routes";
    let mut heard = Vec::new();
    for route in [CANAL, "secret-walk", "no-such-walk", "%00"] {
        for (method, path) in [
            (reqwest::Method::GET, "/draft"),
            (PUT, "/draft"),
            (PATCH, "/draft"),
            (DELETE, "/draft"),
            (reqwest::Method::GET, "/draft/waypoints"),
            (POST, "/draft/waypoints"),
            (reqwest::Method::GET, "/draft/waypoints/hidden-gate"),
            (DELETE, "/draft/waypoints/hidden-gate"),
            (PUT, "/draft/order"),
            (reqwest::Method::GET, "/diff"),
            (reqwest::Method::GET, "/lint"),
            (POST, "/publish"),
            (POST, "/unpublish"),
            (POST, "/restore"),
            (PUT, "/schedule"),
            (DELETE, "/schedule"),
            (reqwest::Method::GET, "/revisions"),
            (reqwest::Method::GET, "/export"),
            (POST, "/rehearse"),
        ] {
            let call = || stranger.staff.call(method.clone(), &format!("{base}/{route}{path}"));
            let body = match path {
                "/restore" => json!({"revision": 1}),
                "/schedule" => json!({"at": "2026-06-01T00:00:00Z"}),
                "/draft/order" => json!({"waypoints": []}),
                _ => json!({}),
            };
            let call = if method == reqwest::Method::GET || method == DELETE { call() } else { call().json(&body) };
            heard.push(call.header("if-match", "*").await.refused(403, "forbidden")["detail"].clone());
            app.call(method.clone(), &format!("{base}/{route}{path}")).await.refused(401, "token-missing");
        }
    }
    assert!(heard.iter().all(|detail| *detail == heard[0]), "whether it exists or not");
}

async fn each_lists_their_own(app: &TestApp, desks: &[&Desk]) {
    let base = "/v1/design/routes";
    let listed = |list: Value| -> Vec<String> {
        list["items"].as_array().expect("items").iter().map(|one| one["id"].as_str().expect("an id").into()).collect()
    };
    for desk in desks {
        assert_eq!(listed(desk.staff.get(base).await.expect(200).json()), std::slice::from_ref(&desk.route));
    }
    let all = app.designer_of(&[]).await;
    let page = all.get(&format!("{base}?limit=2")).await.expect(200).json();
    assert_eq!(listed(page.clone()), ["confucius-mencius", CANAL]);
    let next = format!("{base}?limit=2&cursor={}", page["next"].as_str().expect("more"));
    assert_eq!(listed(all.get(&next).await.expect(200).json()), ["secret-walk"]);
}

#[tokio::test]
async fn characters_that_a_database_refuses_are_refused_before_it() {
    let mut apps = vec![TestApp::start().await];
    apps.extend(TestApp::on_postgres().await);
    for app in &apps {
        let all = app.designer_of(&[]).await;
        for path in ["/draft", "/diff", "/lint", "/revisions", "/export", "/draft/waypoints"] {
            all.get(&format!("/v1/design/routes/%00{path}")).await.refused(404, "unknown-route");
        }
        let base = "/v1/design/routes/%00";
        all.post(&format!("{base}/publish")).json(&json!({})).await.refused(404, "unknown-route");
        let desk = Desk::of(app, CANAL).await;
        desk.edit(PATCH, DAM, &json!({"title": {"en": "\u{1}\u{7f}\u{ffff}\u{2028}"}})).await;
        let note = json!({"note": "a\u{0}", "acknowledge": ["hidden-characters"]});
        desk.call(POST, "/publish").json(&note).await.refused(400, "invalid-json");
        desk.call(POST, "/unpublish").json(&note["note"]).await.refused(400, "invalid-json");
        desk.get("/draft/waypoints/%00").await.refused(404, "unknown-waypoint");
        desk.change(DELETE, "/draft/waypoints/a%00b", "*", &Value::Null).await.refused(404, "unknown-waypoint");
    }
}
