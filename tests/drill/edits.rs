//! A designer publishes while the connections on which nodes hear of each other's publications are cut again and again.

use crate::fleet::NODES;
use crate::is_whole;
use crate::process::Service;
use crate::report::Seen;
use crate::rig::{Over, Rig};
use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ROUTE: &str = "peoples-canal";
/// A node that heard nothing looks every second; a busy machine gets the rest.
const SERVED_WITHIN: Duration = Duration::from_secs(5);
const CUT_EVERY: Duration = Duration::from_millis(300);
const CUT: &str = "select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like 'LISTEN%') cut";

pub fn listen_cut(rig: &mut Rig) {
    let key = rig.setup.chore(&["key", "create", "--role", "designer", "--name", "drill", "--routes", ROUTE]);
    let edits = if is_whole() { 1_000 } else { 30 };
    // What is asked here is how soon an edit is served, and phones in a hurry would keep the nodes from it.
    let breath = std::mem::replace(&mut rig.breath, Duration::from_millis(500));
    rig.under_load("LISTEN cut", |rig, _| {
        let (is_over, cuts) = (AtomicBool::new(false), AtomicUsize::new(0));
        let mut late = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let cut = rig.pair.sql(CUT).and_then(|cut| cut.parse().ok()).unwrap_or(0);
                    cuts.fetch_add(cut, Ordering::Relaxed);
                    std::thread::sleep(CUT_EVERY);
                }
            });
            let _over = Over(&is_over);
            (0..edits).flat_map(|edit| lags(rig, &key, edit)).collect::<Vec<_>>()
        });
        let cuts = cuts.into_inner();
        assert!(cuts >= NODES, "nothing was cut");
        assert_same_content(rig);
        late.sort_unstable();
        let share = |percent: usize| late[(late.len() * percent / 100).min(late.len() - 1)].as_millis();
        let (p50, p99, most) = (share(50), share(99), share(100));
        let note = format!("{edits} edits, {cuts} cuts, served by each node after p50 {p50} p99 {p99} max {most} ms");
        Seen { back: None, note }
    });
    rig.breath = breath;
}

/// Publishes by one node, and gives how long after the call's return each node serves it.
fn lags(rig: &Rig, key: &str, edit: usize) -> Vec<Duration> {
    let desk = |method: Method, path: &str, etag: &str, body: &Value| -> Response {
        let node = rig.fleet.node(edit % NODES);
        let call = node.client.request(method, format!("{}/v1/design/routes/{ROUTE}{path}", node.base));
        let call = call.bearer_auth(key).header("if-match", etag);
        let answer = if body.is_null() { call.send() } else { call.json(body).send() }.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().unwrap());
        answer
    };
    let etag = desk(Method::GET, "/draft", "*", &Value::Null).headers()["etag"].to_str().unwrap().to_string();
    desk(Method::PATCH, "/draft", &etag, &json!({"title": {"en": format!("Edit {edit}")}}));
    let released = desk(Method::POST, "/publish", "*", &json!({"note": "drill", "acknowledge": []}));
    let released: Value = released.json().unwrap();
    let published = Instant::now();
    std::thread::scope(|scope| {
        let revision = &released["revision"];
        let look = |number| scope.spawn(move || served_after(rig.fleet.node(number), revision, published));
        let looks: Vec<_> = (0..NODES).map(look).collect();
        looks.into_iter().map(|look| look.join().expect("it is served")).collect()
    })
}

fn served_after(node: &Service, revision: &Value, published: Instant) -> Duration {
    loop {
        let route: Value = node.get(&format!("/v1/routes/{ROUTE}")).unwrap().json().unwrap();
        if route["revision"] == *revision {
            return published.elapsed();
        }
        assert!(published.elapsed() < SERVED_WITHIN, "{revision} is not served: {route}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// All nodes serve the same generation and, by the `ETag` of each, the same content.
fn assert_same_content(rig: &Rig) {
    let of = |number: usize| {
        let node = rig.fleet.node(number);
        let ready: Value = node.get("/readyz").unwrap().json().unwrap();
        let paths = ["/v1/routes".to_string(), format!("/v1/routes/{ROUTE}"), format!("/v1/routes/{ROUTE}/waypoints")];
        let etags = paths.map(|path| node.get(&path).unwrap().headers()["etag"].to_str().unwrap().to_string());
        (ready["generation"].clone(), etags)
    };
    assert!((1..NODES).all(|number| of(number) == of(0)), "{:?} {:?} {:?}", of(0), of(1), of(2));
}
