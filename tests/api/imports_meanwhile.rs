//! Imports that are left to run, and what others do meanwhile.

use crate::app::TestApp;
use crate::client::Operator;
use crate::imports::{CANAL, IMPORT, NEW, designer, draft, import, left_behind, taken};
use crate::openapi::{check_answer, document};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const WITHIN: Duration = Duration::from_mins(2);

/// A long table of places in a grid.
fn long(rows: u32) -> String {
    let mut table = "编号,名称,纬度,经度,简介\n".to_string();
    for row in 0..rows {
        let (lat, lon) = (35.0 + f64::from(row / 200) * 0.002, 116.0 + f64::from(row % 200) * 0.002);
        writeln!(table, "stop-{row},站点{row},{lat:.4},{lon:.4},{}", "水往低处流。".repeat(8))
            .expect("memory takes it");
    }
    table
}

fn left_to_run(designer: &Operator, route: &str, file: String) -> crate::client::Call {
    let call =
        designer.post(&format!("/v1/design/routes/{route}/import")).header("prefer", "return=minimal, respond-async");
    call.body("text/csv", file)
}

/// Looks again and again until it is over; every look is as the document says, and nothing ever goes back.
async fn watched(app: &TestApp, designer: &Operator, place: &str) -> (Value, usize) {
    let document = document(app).await;
    let (asked, mut before, mut looks) = (Instant::now(), [0; 3], 0);
    loop {
        let look = designer.get(place).await;
        check_answer(&document, "get", "/v1/design/imports/{import}", &look);
        let job = look.expect(200).json();
        let now = ["read_bytes", "rows", "total_bytes"].map(|name| job[name].as_u64().expect("a number"));
        assert!(now.iter().zip(before).all(|(now, before)| *now >= before), "{before:?} {job}");
        assert!(now[0] <= now[2], "{job}");
        (before, looks) = (now, looks + 1);
        if job["state"] != "running" {
            return (job, looks);
        }
        assert!(job.get("report").is_none() && job.get("problem").is_none(), "{job}");
        assert!(asked.elapsed() < WITHIN, "still {job}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_left_to_run_tells_how_far_it_is_and_what_came_of_it() {
    let app = TestApp::start().await;
    let (document, designer) = (document(&app).await, designer(&app).await);
    let file = long(3_000);
    let begun = left_to_run(&designer, NEW, file.clone()).await.expect(202);
    check_answer(&document, "post", IMPORT, &begun);
    let (job, looks) = watched(&app, &designer, &begun.header("location")).await;
    assert!(looks > 1, "it is answered before it is done");
    assert_eq!((&job["state"], &job["rows"], &job["report"]["added"]), (&json!("done"), &json!(3_000), &json!(3_000)));
    assert_eq!((&job["read_bytes"], &job["total_bytes"]), (&json!(file.len()), &json!(file.len())));
    assert_eq!(job["report"]["etag"], draft(&designer, NEW).await["etag"]);
    assert_eq!(left_behind(&app).await, (0, 0));

    let wrong = left_to_run(&designer, NEW, "id,lat,lon\nx,north,1\n".into()).await.expect(202);
    let (job, _) = watched(&app, &designer, &wrong.header("location")).await;
    assert_eq!((&job["state"], &job["problem"]["code"]), (&json!("refused"), &json!("import-refused")));
    assert_eq!(job["problem"]["results"][0]["mistakes"][0]["value"], "north");
    let none = left_to_run(&designer, NEW, "hello".into()).await.expect(202);
    let (job, _) = watched(&app, &designer, &none.header("location")).await;
    assert_eq!(job["problem"]["code"], "unreadable-file");

    let other = app.designer_of(&["confucius-mencius"]).await;
    for (who, place) in [
        (&other, begun.header("location")),
        (&designer, "/v1/design/imports/018f0000-0000-7000-8000-000000000000".into()),
        (&designer, "/v1/design/imports/x".into()),
    ] {
        let answer = who.get(&place).await;
        check_answer(&document, "get", "/v1/design/imports/{import}", &answer);
        answer.refused(404, "unknown-import");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_edits_while_an_import_runs_is_not_overwritten() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let begun = left_to_run(&designer, CANAL, long(3_000)).await.expect(202);
    let edit = designer.call(reqwest::Method::PATCH, "/v1/design/routes/peoples-canal/draft/waypoints/daicun-dam");
    let edited = edit.header("if-match", "\"r1\"").header("content-type", "application/merge-patch+json");
    edited.body("application/merge-patch+json", json!({"title": {"en": "Edited"}}).to_string()).await.expect(200);
    let (job, _) = watched(&app, &designer, &begun.header("location")).await;
    assert_eq!((&job["state"], &job["problem"]["code"]), (&json!("refused"), &json!("precondition-failed")));
    let draft = draft(&designer, CANAL).await;
    assert_eq!(
        (&draft["waypoint_count"], &draft["etag"]),
        (&json!(26), &json!("\"d1\"")),
        "the edit stays, and it alone"
    );
    assert_eq!(left_behind(&app).await, (0, 0));
}

/// An upload whose body does not come, once the server waits for it.
fn stalled(app: &TestApp, designer: &Operator) -> TcpStream {
    let mut stream = TcpStream::connect(app.door.address).expect("a connection");
    let head = format!(
        "POST /v1/design/routes/{NEW}/import HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nexpect: 100-continue\r\n\
         content-length: 10\r\n\r\n",
        designer.key
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream.set_read_timeout(Some(WITHIN)).expect("told");
    let mut answer = [0; 21];
    stream.read_exact(&mut answer).expect("it goes on");
    assert_eq!(&answer, b"HTTP/1.1 100 Continue");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_keeps_its_place_among_the_uploads_until_it_is_over() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let others: Vec<TcpStream> = (0..7).map(|_| stalled(&app, &designer)).collect();
    let begun = left_to_run(&designer, NEW, long(5_000)).await.expect(202);
    let one_more = left_to_run(&designer, CANAL, long(1)).try_once().await.expect("an answer");
    assert!(!one_more.header("retry-after").is_empty(), "{one_more:?}");
    one_more.refused(503, "overloaded");
    let (job, _) = watched(&app, &designer, &begun.header("location")).await;
    assert_eq!(job["state"], "done");
    left_to_run(&designer, CANAL, long(1)).await.expect(202);
    drop(others);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_imports_at_once_none_is_lost_unsaid() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let one = long(800);
    let other = one.replace("stop-", "halt-").replace("站点", "驿");
    let answers = tokio::join!(import(&designer, NEW, "", one), import(&designer, NEW, "", other));
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    let count = draft(&designer, NEW).await["waypoint_count"].clone();
    assert!(statuses == [200, 412] && count == 800 || statuses == [200, 200] && count == 1_600, "{statuses:?} {count}");
    assert_eq!(left_behind(&app).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn check_ins_and_questions_are_answered_while_a_long_import_runs() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let phones = app.participants(16).await;
    let begun = left_to_run(&designer, NEW, long(20_000)).await.expect(202);
    let over = Arc::new(AtomicBool::new(false));
    let crowd = phones.into_iter().map(|phone| {
        let (over, door) = (Arc::clone(&over), app.door.clone());
        tokio::spawn(async move {
            let mut kept = 0;
            while kept == 0 || !over.load(Ordering::Relaxed) {
                phone.check_in("peoples-canal/daicun-dam").kept().await;
                door.call(reqwest::Method::GET, "/v1/nearby?lat=35.9&lon=116.55").await.expect(200);
                kept += 1;
            }
            kept
        })
    });
    let crowd: Vec<_> = crowd.collect();
    let (job, _) = watched(&app, &designer, &begun.header("location")).await;
    over.store(true, Ordering::Relaxed);
    assert_eq!((&job["state"], &job["report"]["added"]), (&json!("done"), &json!(20_000)), "{job:#}");
    let mut kept = 0_u64;
    for member in crowd {
        kept += member.await.expect("nobody is turned away");
    }
    let counts = app.operator().await.counts("by=waypoint").await;
    assert_eq!(counts["rows"][0]["check_ins"], kept, "{counts}");
    let rest = taken(&designer, NEW, "", "编号,序号\nstop-19999,1\n").await;
    assert_eq!(rest["reordered"], true);
    let page = designer.get("/v1/design/routes/new-route/draft/waypoints?limit=2").await.expect(200).json();
    assert_eq!((&page["items"][0]["id"], &page["items"][1]["id"]), (&json!("stop-19999"), &json!("stop-0")));
}
