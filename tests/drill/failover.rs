//! The primary dies, with its standby in step or with the standby frozen before; and the same where commits do not wait for the standby,
//! which has to lose check-ins, or the drill proves nothing.

use crate::audit::audit;
use crate::ledger::totals;
use crate::pair::Commit;
use crate::report::Seen;
use crate::rig::{Rig, Scene};
use crate::{alone, cycles, say};
use std::time::Duration;

/// How soon after the promotion check-ins must be taken again: the bound that operators are told.
const BACK_WITHIN: Duration = Duration::from_secs(15);
/// What was replicated just before the freeze has been answered and counted by then.
const MOMENT: Duration = Duration::from_secs(1);
/// How long nothing is replicated before the primary dies.
const FROZEN: Duration = Duration::from_secs(2);

pub fn kill(rig: &mut Rig) {
    rig.under_load("primary killed, standby promoted", |rig, scene| promote(rig, scene, "its standby was in step"));
}

pub fn kill_frozen(rig: &mut Rig) {
    for cycle in 1..=cycles(20, 1) {
        let name = format!("replication frozen, primary killed, {cycle}");
        rig.under_load(&name, |rig, scene| {
            rig.pair.freeze();
            std::thread::sleep(MOMENT);
            scene.load.new_acks();
            std::thread::sleep(FROZEN);
            assert_eq!(scene.load.new_acks(), 0, "acknowledged though nothing was replicated");
            promote(rig, scene, "none acknowledged while frozen")
        });
    }
}

/// Kills the primary and promotes its standby; then the killed one comes back as the standby, without which nothing is acknowledged.
pub fn promote(rig: &mut Rig, scene: &mut Scene, note: &str) -> Seen {
    rig.pair.kill_primary();
    rig.pair.promote();
    let (pair, service, rng) = (&rig.pair, &rig.service, &mut rig.rng);
    let back = std::thread::scope(|scope| {
        let rebuilding = scope.spawn(|| pair.rebuild());
        let back = scene.taken_within(BACK_WITHIN, service, rng);
        rebuilding.join().expect("the old primary is the standby");
        back
    });
    Seen { back: Some(back), note: note.into() }
}

#[test]
fn control_where_commits_do_not_wait_for_the_standby_the_same_audit_finds_losses() {
    let _alone = alone();
    let Some(mut rig) = Rig::start("control", Commit::Local) else { return };
    let scene = rig.begin();
    rig.pair.freeze();
    std::thread::sleep(MOMENT + FROZEN);
    // The phones stop before: one that sent something again afterwards would find the loss by itself.
    let ledger = scene.load.finish();
    rig.pair.kill_primary();
    rig.pair.promote();
    // The proxy has noticed by then that they were not.
    std::thread::sleep(MOMENT);
    rig.fleet.wait_until_all_are_in_use();
    let lost = audit(&rig.service, &scene.people, &ledger).lost.len();
    let acked = totals(&ledger).check_ins;
    say(&format!("control: of {acked} acknowledged check-ins {lost} were lost, as they should be"));
    assert!(lost > 0, "the audit finds nothing, or the freeze freezes nothing");
}
