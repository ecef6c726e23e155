//! What nobody may learn from the service: the keys and explanations of questions, and where a visitor stood.

use crate::app::TestApp;
use crate::client::{Answer, Phone};
use crate::route_files;
use serde_json::Value;

/// Members that no visitor's answer may have, at any depth.
const FORBIDDEN: [&str; 4] = ["key", "answer", "correct", "explanation"];

fn check(answer: &Answer, explanations: &[String]) {
    let text = answer.text();
    for explanation in explanations {
        // As text, and as JSON would write it down.
        let quoted = Value::from(explanation.as_str()).to_string();
        assert!(!text.contains(explanation) && !text.contains(quoted.trim_matches('"')), "{explanation}: {answer:?}");
    }
    check_members(&answer.json(), answer);
}

fn check_members(value: &Value, answer: &Answer) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                assert!(!FORBIDDEN.contains(&name.as_str()), "{name}: {answer:?}");
                check_members(value, answer);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| check_members(value, answer)),
        _ => {}
    }
}

/// Every address that shows content to visitors.
fn addresses() -> Vec<String> {
    let around = "/v1/nearby?lat=35.4&lon=116.8&radius_m=100000&limit=100".to_string();
    let mut all =
        vec![around, "/v1/routes".into(), "/v1/me".into(), "/v1/me/check-ins".into(), "/v1/me/progress".into()];
    for (route, _) in route_files::ROUTES {
        all.extend([format!("/v1/routes/{route}"), format!("/v1/routes/{route}/waypoints")]);
    }
    let one = |(name, _): &(String, Value)| {
        let (route, waypoint) = name.split_once('/').expect("route/waypoint");
        format!("/v1/routes/{route}/waypoints/{waypoint}")
    };
    all.extend(route_files::waypoints().iter().map(one));
    all
}

async fn ask(phone: &Phone, address: &str, lang: &str, form: &str) -> Answer {
    phone.get(address).header("accept-language", lang).header("accept", form).await.expect(200)
}

#[tokio::test]
async fn no_answer_to_a_visitor_holds_a_questions_key_or_explanation() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    let explanations = route_files::explanations();
    assert_eq!(explanations.len(), 54 * 2, "one question per waypoint in two languages");
    let kept = phone.check_in("confucius-mencius/dacheng-hall").send().await.expect(201);
    check(&kept, &explanations);
    for address in addresses() {
        for lang in ["zh-CN", "en"] {
            for form in ["application/json", "application/geo+json"] {
                check(&ask(&phone, &address, lang, form).await, &explanations);
            }
        }
    }
}

#[tokio::test]
async fn the_questions_themselves_are_all_there_to_be_read() {
    let app = TestApp::start().await;
    for (name, feature) in route_files::waypoints() {
        let (route, waypoint) = name.split_once('/').expect("route/waypoint");
        let answer = app.get(&format!("/v1/routes/{route}/waypoints/{waypoint}?lang=en")).await.expect(200);
        let (told, asked) = (answer.json(), &feature["properties"]["questions"]);
        assert_eq!(told["questions"].as_u64(), asked.as_array().map(|list| list.len() as u64), "{answer:?}");
        assert_eq!(told["quiz"][0]["prompt"], asked[0]["prompt"]["en"], "{answer:?}");
        assert_eq!(told["quiz"][0]["options"].as_array().map(Vec::len), asked[0]["options"].as_array().map(Vec::len));
    }
}

#[tokio::test]
async fn where_a_visitor_stood_is_kept_nowhere_in_the_database() {
    let app = TestApp::start().await;
    let phone = app.participant().await;
    phone.check_in("confucius-mencius/dacheng-hall").at((35.597_512_34, 116.984_198_76)).kept().await;
    app.get("/v1/nearby?lat=35.59755123&lon=116.98415432").await.expect(200);
    let folder = app.folder();
    app.stop().await.expect("it stops in order");
    let files = std::fs::read_dir(folder.path()).expect("the folder").map(|file| file.expect("a file").path());
    let files = files.filter(|path| path.is_file());
    let bytes: Vec<u8> = files.flat_map(|path| std::fs::read(path).expect("a file")).collect();
    assert!(bytes.windows(12).any(|at| at == b"dacheng-hall"), "the files hold the content");
    for number in [35.597_512_34_f64, 116.984_198_76, 35.597_551_23, 116.984_154_32] {
        let digits = number.to_string();
        assert!(!bytes.windows(digits.len()).any(|at| at == digits.as_bytes()), "{number} as text");
        assert!(!bytes.windows(8).any(|at| at == number.to_be_bytes() || at == number.to_le_bytes()), "{number}");
    }
}
