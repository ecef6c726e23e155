//! SIGTERM: what is under way is finished, what was acknowledged is there, and whoever asks twice does not wait.

use crate::audit::{assert_counts, more_participants, settle};
use crate::load::Load;
use crate::process::{Connections, PATIENCE, Server, Service, Setup, client};
use crate::seed;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const STOPPED_WITHIN: Duration = Duration::from_secs(10);
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn a_stop_under_load_ends_in_order_and_keeps_everything_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rng, setup) = (seed("stop"), Setup::sqlite(folder.path()));
    let key = setup.operator_key();
    let (mut participants, mut ledger) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let mut server = setup.start();
        more_participants(&server, &mut participants);
        let load = Load::start(&server, &participants, &mut rng);
        load.wait_for_acks(100);
        server.terminate();
        let ended = server.ends_within(STOPPED_WITHIN);
        assert_eq!(ended.and_then(|status| status.code()), Some(0), "{}", server.log());
        ledger.extend(load.finish());
        assert!(!folder.path().join("studyroute.db-wal").exists(), "SQLite's log is folded into its file");
    }
    let server = setup.start();
    settle(&server, &participants, &mut ledger);
    assert_counts(&setup, &server, &key, &ledger);
}

#[test]
fn a_balancer_hears_that_it_is_not_ready_while_connections_are_still_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Setup::sqlite(folder.path()).start();
    server.terminate();
    assert!(not_ready(&server), "a balancer is told to turn elsewhere");
    let late = Service { base: server.base.clone(), client: client(Connections::Fresh) };
    assert_eq!(late.status("/v1/nearby?lat=35.5967&lon=116.9842"), Some(200), "who comes meanwhile is let in");
    assert_eq!(server.ends_within(STOPPED_WITHIN).and_then(|status| status.code()), Some(0));
}

#[test]
fn a_second_signal_ends_at_once_what_a_half_sent_body_holds_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Setup::sqlite(folder.path()).start();
    let mut slow = half_a_request(&server);
    server.terminate();
    assert!(not_ready(&server), "a balancer is told to turn elsewhere");
    assert!(server.ends_within(AT_ONCE).is_none(), "the request under way is waited for");
    server.terminate();
    let ended = server.ends_within(AT_ONCE).expect("whoever asks twice does not want to wait");
    assert_eq!(ended.code(), Some(1), "not in order");
    assert_eq!(slow.read(&mut [0; 1]).unwrap_or_default(), 0);
}

#[test]
fn a_half_sent_body_holds_up_a_stop_for_the_draining_time_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Setup::sqlite(folder.path()).flag("--drain-s", "1").start();
    let slow = half_a_request(&server);
    server.terminate();
    let ended = server.ends_within(Duration::from_secs(4)).expect("cut off when the time is over");
    assert_eq!(ended.code(), Some(0));
    drop(slow);
}

/// Sends half a request and returns when the server is known to have begun with it.
fn half_a_request(server: &Server) -> TcpStream {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = "POST /v1/participants HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    // The server asks for the body, and so says that it has read the head.
    write!(slow, "{head}content-length: 100\r\nexpect: 100-continue\r\n\r\n").unwrap();
    let mut said = [0; 25];
    slow.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    slow.write_all(b"{ ").unwrap();
    slow
}

/// Whether `/readyz` says no before long.
fn not_ready(server: &Server) -> bool {
    let deadline = std::time::Instant::now() + AT_ONCE;
    while std::time::Instant::now() < deadline {
        let answer = server.get("/readyz").expect("it is still answered");
        if answer.status() == 503 {
            let body: Value = answer.json().unwrap();
            return body["reasons"][0] == "the process is stopping";
        }
    }
    false
}
