//! The disk of the primary is full: check-ins are refused in order, visitors still read, and what was acknowledged is there.

use crate::ledger::{Attempt, Outcome};
use crate::report::Seen;
use crate::rig::{NEARBY, Rig, Scene};
use std::time::{Duration, Instant};

/// PostgreSQL fills the pages that it has; then it asks for more.
const REFUSED_WITHIN: Duration = Duration::from_secs(30);
const BACK_WITHIN: Duration = Duration::from_secs(15);
const FULL: Duration = Duration::from_secs(2);

pub fn full(rig: &mut Rig) {
    rig.under_load("disk of the database full", |rig, scene| {
        rig.pair.fill();
        wait_for_refusal(rig, scene);
        let full = Instant::now();
        while full.elapsed() < FULL {
            assert_eq!(rig.service.status(NEARBY), Some(200), "visitors read on");
            std::thread::sleep(Duration::from_millis(50));
        }
        rig.pair.free();
        let back = scene.taken_within(BACK_WITHIN, &rig.service, &mut rig.rng);
        Seen { back: Some(back), note: "refused with 503 or 507, nearby answered".into() }
    });
}

/// Sends new check-ins until one is refused, and looks at how.
fn wait_for_refusal(rig: &mut Rig, scene: &mut Scene) {
    let since = Instant::now();
    loop {
        let mut attempt = Attempt::inside(rig.rng.choice(&scene.people).unwrap(), &mut rig.rng);
        let answer = rig.service.post("/v1/check-ins", &attempt.who.token, &attempt.body).unwrap();
        let status = answer.status().as_u16();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_string();
        if status != 201 {
            assert!(matches!(status, 503 | 507), "{status}");
            assert_eq!(header("content-type"), "application/problem+json");
            assert!((1..=60).contains(&header("retry-after").parse().unwrap()));
        }
        attempt.hear(Outcome::of(status, answer.json().unwrap()));
        scene.own.push(attempt);
        if status != 201 {
            return;
        }
        assert!(since.elapsed() < REFUSED_WITHIN, "a full disk takes everything");
    }
}
