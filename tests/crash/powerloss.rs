//! The power goes under load: only what was synced is there afterwards, in every second cycle with torn remains of the rest.
//! The controls show that this harness does find a service that acknowledges too early.

use crate::audit::{Toll, assert_counts, audit, more_participants, settle};
use crate::ledger::totals;
use crate::load::Load;
use crate::shim::Disk;
use crate::{cycles, say, seed};

/// Check-ins that are acknowledged before the power goes, per cycle.
const ACKS_PER_CYCLE: usize = 150;

#[test]
fn a_power_cut_loses_no_acknowledged_check_in_and_counts_none_twice() {
    let Some(disk) = Disk::new() else { return };
    let (mut rng, setup) = (seed("power cut"), disk.setup());
    let key = setup.operator_key();
    disk.all_is_durable();
    let (mut participants, mut ledger, mut toll, mut syncs) = (Vec::new(), Vec::new(), Toll::default(), [0; 2]);
    let mut server = setup.start();
    for cycle in 0..cycles(8) {
        more_participants(&server, &mut participants);
        let load = Load::start(&server, &participants, &mut rng);
        load.wait_for_acks_and_a_moment(ACKS_PER_CYCLE + rng.usize(0..ACKS_PER_CYCLE), &mut rng);
        // In some, the database's file is half written.
        if cycle % 4 == 3 {
            disk.hang_in_checkpoint();
        }
        server.kill9();
        ledger.extend(load.finish());
        syncs = [0, 1].map(|file| syncs[file] + disk.syncs()[file]);
        disk.lose_power((cycle % 2 == 1).then_some(&mut rng));
        server = setup.start();
        let more = settle(&server, &participants, &mut ledger);
        toll = Toll { open: toll.open + more.open, unheard: toll.unheard + more.unheard };
    }
    let all = totals(&ledger);
    assert_counts(&setup, &server, &key, &ledger);
    let copy = tempfile::tempdir().unwrap();
    // Runs `pragma integrity_check` over the copy.
    setup.chore(&["backup", copy.path().join("copy.db").to_str().unwrap()]);
    say(&format!("power cut: {all:?}, {toll:?}, syncs of log and file {syncs:?}"));
    assert!(all.check_ins >= cycles(8) * ACKS_PER_CYCLE && toll.open > 0);
    assert!(syncs[0] >= cycles(8) && syncs[1] >= cycles(8) / 4, "the service syncs through the shim: {syncs:?}");
}

#[test]
fn a_disk_that_only_pretends_to_sync_is_found_out_by_the_same_audit() {
    let Some(disk) = Disk::new() else { return };
    let (mut rng, setup, mut participants) = (seed("pretence"), disk.setup(), Vec::new());
    let server = setup.start();
    more_participants(&server, &mut participants);
    disk.switch("pretend", true);
    let before = disk.syncs();
    let load = Load::start(&server, &participants, &mut rng);
    load.wait_for_acks(ACKS_PER_CYCLE);
    server.kill9();
    let ledger = load.finish();
    assert!(disk.syncs()[0] > before[0], "the service asks the disk");
    disk.lose_power(None);
    let server = setup.start();
    let acked = totals(&ledger).check_ins;
    let lost = audit(&server, &participants, &ledger).lost.len();
    say(&format!("pretence: of {acked} acknowledged check-ins {lost} were lost, as they should be"));
    assert!(lost == acked && lost >= ACKS_PER_CYCLE);
}

#[test]
fn without_a_power_cut_even_a_pretending_disk_loses_nothing() {
    let Some(disk) = Disk::new() else { return };
    let (mut rng, setup, mut participants) = (seed("pretence, kill only"), disk.setup(), Vec::new());
    let server = setup.start();
    more_participants(&server, &mut participants);
    disk.switch("pretend", true);
    let load = Load::start(&server, &participants, &mut rng);
    load.wait_for_acks(ACKS_PER_CYCLE);
    server.kill9();
    let mut ledger = load.finish();
    disk.switch("pretend", false);
    disk.all_is_durable();
    let server = setup.start();
    settle(&server, &participants, &mut ledger);
}
