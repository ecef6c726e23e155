//! The same on PostgreSQL: its server dies under load, and so does ours.

use crate::audit::{assert_counts, more_participants, settle};
use crate::full_disk::{assert_refused_in_order, assert_taken_within};
use crate::kill9::survive_kill_9;
use crate::ledger::totals;
use crate::load::Load;
use crate::process::Setup;
use crate::{cycles, say, seed, support};
use std::time::{Duration, Instant};

/// How soon after the database is back check-ins must be taken again.
const HEALED_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn a_database_server_that_is_killed_loses_no_acknowledged_check_in_and_is_found_again() {
    let Some(database) = support::postgres::start_own() else { return };
    let (mut rng, setup) = (seed("PostgreSQL killed"), Setup::new(database.fresh_database()));
    let key = setup.operator_key();
    let (mut participants, mut ledger) = (Vec::new(), Vec::new());
    let server = setup.start();
    let (mut unheard, mut slowest) = (0, Duration::ZERO);
    for _ in 0..cycles(3).min(20) {
        more_participants(&server, &mut participants);
        let load = Load::start(&server, &participants, &mut rng);
        load.wait_for_acks_and_a_moment(rng.usize(60..180), &mut rng);
        database.kill_hard();
        let sent = Instant::now();
        ledger.push(assert_refused_in_order(&server, &participants[0], &mut rng));
        slowest = slowest.max(sent.elapsed());
        database.start_again();
        ledger.push(assert_taken_within(HEALED_WITHIN, &server, &participants[0], &mut rng));
        load.wait_for_new_acks(60);
        ledger.extend(load.finish());
        unheard += settle(&server, &participants, &mut ledger).unheard;
    }
    assert_counts(&setup, &server, &key, &ledger);
    say(&format!(
        "PostgreSQL killed: {:?}, {unheard} kept without an answer, refused after at most {slowest:?}",
        totals(&ledger)
    ));
}

#[test]
fn kill_9_loses_nothing_on_postgresql_either() {
    let Some(database) = support::postgres::shared() else { return };
    survive_kill_9("kill -9 on PostgreSQL", &Setup::new(database.fresh_database()), cycles(4));
}
