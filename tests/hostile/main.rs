//! Hostile requests over raw TCP against the whole service: each is answered as its table says, none with a 5xx, none with a
//! word of the inside, none after more than three seconds; and among them are honest ones, so that refusing everything fails.

#![allow(clippy::expect_used, reason = "a test that cannot go on says so")]
#![allow(clippy::format_collect, reason = "tables need not be made fast")]

mod auth;
mod bodies;
mod heads;
mod queries;
mod rig;
mod values;

use rig::{Case, get, post, rig};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Fewer cases than this were lost, not tidied up.
const CASES_MIN: usize = 700;
/// What hostile requests may leave behind in memory.
const GROWTH_MAX_KB: usize = 64 * 1024;

type Block = fn(&rig::Rig) -> Vec<Case>;

const BLOCKS: [Block; 14] = [
    bodies::shapes,
    bodies::members,
    bodies::others,
    values::ids,
    values::waypoints,
    values::times,
    values::texts,
    queries::numbers,
    queries::parameters,
    queries::paths,
    heads::framing,
    heads::heads,
    heads::headers,
    auth::credentials,
];

#[test]
fn there_are_as_many_hostile_requests_as_there_were() {
    let cases: usize = BLOCKS.iter().map(|block| block(rig()).len()).sum();
    assert!(cases >= CASES_MIN, "{cases} cases");
}

#[test]
fn bytes_that_are_no_json_are_refused_as_such() {
    rig().check(&bodies::shapes(rig()));
}

#[test]
fn every_member_is_what_the_contract_says_or_the_check_in_is_refused() {
    rig().check(&bodies::members(rig()));
}

#[test]
fn the_other_bodies_are_read_as_strictly() {
    rig().check(&bodies::others(rig()));
}

#[test]
fn ids_are_plain_and_short() {
    rig().check(&values::ids(rig()));
}

#[test]
fn only_the_exact_name_of_a_waypoint_names_it() {
    rig().check(&values::waypoints(rig()));
}

#[test]
fn times_have_an_offset_and_lie_within_reach() {
    rig().check(&values::times(rig()));
}

#[test]
fn texts_that_deceive_do_no_harm_anywhere() {
    rig().check(&values::texts(rig()));
}

#[test]
fn numbers_in_addresses_are_numbers_within_their_bounds() {
    rig().check(&queries::numbers(rig()));
}

#[test]
fn parameters_are_known_and_there_once() {
    rig().check(&queries::parameters(rig()));
}

#[test]
fn paths_and_methods_lead_where_the_contract_says_and_nowhere_else() {
    rig().check(&queries::paths(rig()));
}

#[test]
fn a_request_ends_where_its_framing_says_or_is_refused() {
    rig().check(&heads::framing(rig()));
}

#[test]
fn heads_are_bounded_and_well_formed() {
    rig().check(&heads::heads(rig()));
}

#[test]
fn garbage_in_headers_changes_nothing() {
    rig().check(&heads::headers(rig()));
}

#[test]
fn only_the_token_itself_opens_what_is_its_participants() {
    rig().check(&auth::credentials(rig()));
}

#[test]
fn unfinished_requests_keep_nobody_waiting() {
    let open = |request: &str| {
        let mut stream = TcpStream::connect(rig().address).expect("a connection");
        stream.write_all(request.as_bytes()).expect("room");
        stream
    };
    let heads: Vec<TcpStream> =
        (0..200).map(|_| open("GET /v1/nearby?lat=1&lon=1 HTTP/1.1\r\nHost: x\r\nx: ")).collect();
    let body = "POST /v1/nearby HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    let bodies: Vec<TcpStream> = (0..100).map(|_| open(body)).collect();
    for _ in 0..20 {
        let started = Instant::now();
        rig().assert_well();
        assert!(started.elapsed() < Duration::from_secs(1), "an honest request took {:?}", started.elapsed());
    }
    drop((heads, bodies));
}

#[test]
fn a_refused_request_does_not_take_the_next_one_on_its_connection_along() {
    let mut stream = TcpStream::connect(rig().address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(3))).expect("a limit");
    let open = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let bad = open("/v1/nearby?lat=NaN&lon=1");
    stream.write_all(format!("{bad}{}{}", open("/v1/routes/%FF"), get("/healthz", "")).as_bytes()).expect("room");
    let mut seen = String::new();
    stream.read_to_string(&mut seen).expect("three answers");
    let statuses: Vec<&str> = seen.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["400", "400", "200"]);
}

#[test]
fn hostile_requests_leave_no_memory_behind() {
    let (auth, body) = (rig().auth(), "[".repeat(60_000));
    let large = format!("{{\"{}\":1}}", "k".repeat(60_000));
    let round = || {
        for i in 0..40 {
            rig().exchange(&post("/v1/check-ins", &auth, &body));
            rig().exchange(&post("/v1/check-ins/batch", &auth, format!("{{\"check_ins\":[{large},{large},{large}]}}")));
            rig().exchange(get(&format!("/v1/routes?limit={}&cursor=61667465723a3{}", i + 1, i % 10), "").as_bytes());
            rig().exchange(get(&format!("/v1/routes/{i}{}", "a".repeat(3_000)), "").as_bytes());
        }
    };
    round();
    let before = resident_kb();
    for _ in 0..10 {
        round();
    }
    let after = resident_kb();
    assert!(after < before + GROWTH_MAX_KB, "{before} KB before, {after} KB after");
    rig().assert_well();
}

/// Of this process, in which the server runs as well.
fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
}
