//! The program is killed under load, again and again, and started again on the same file.

use crate::audit::{Toll, assert_counts, more_participants, settle};
use crate::ledger::totals;
use crate::load::Load;
use crate::process::Setup;
use crate::{cycles, say, seed};
use std::time::Duration;

/// A kill that hits nothing interesting proves nothing; then there are more of them, up to so many times the asked number.
const PATIENT: usize = 4;

#[test]
fn kill_9_loses_no_acknowledged_check_in_and_counts_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    survive_kill_9("kill -9 on SQLite", &Setup::sqlite(folder.path()), cycles(8));
}

/// Kills and restarts, and holds the ledger against the service after each restart.
pub fn survive_kill_9(case: &str, setup: &Setup, cycles: usize) {
    let mut rng = seed(case);
    let key = setup.operator_key();
    let (mut participants, mut ledger, mut toll) = (Vec::new(), Vec::new(), Toll::default());
    let mut slowest = Duration::ZERO;
    let mut server = setup.start();
    let mut done = 0;
    while done < cycles || (toll.unheard == 0 && done < cycles * PATIENT) {
        more_participants(&server, &mut participants);
        let load = Load::start(&server, &participants, &mut rng);
        load.wait_for_acks_and_a_moment(rng.usize(80..240), &mut rng);
        server.kill9();
        ledger.extend(load.finish());
        server = setup.start();
        slowest = slowest.max(server.ready_after);
        let more = settle(&server, &participants, &mut ledger);
        toll = Toll { open: toll.open + more.open, unheard: toll.unheard + more.unheard };
        done += 1;
    }
    assert_counts(setup, &server, &key, &ledger);
    say(&format!("{case}: {done} kills, {:?}, {toll:?}, ready again after at most {slowest:?}", totals(&ledger)));
    assert!(toll.open > 0, "no kill hit a request under way");
    assert!(toll.unheard > 0, "no kill came between a commit and its answer");
}
