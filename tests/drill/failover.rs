//! The primary dies, with its standby in step or with the standby frozen before; and the same where commits do not wait for the standby,
//! which has to lose check-ins, or the drill proves nothing.

use crate::audit::audit;
use crate::fleet::NODES;
use crate::ledger::totals;
use crate::pair::Commit;
use crate::report::Seen;
use crate::rig::{Rig, Scene};
use crate::{alone, cycles, is_whole, say};
use serde_json::json;
use std::time::{Duration, Instant};

/// How soon after the promotion check-ins must be taken again: the bound that operators are told.
const BACK_WITHIN: Duration = Duration::from_secs(15);
/// What was replicated just before the freeze has been answered and counted by then.
const MOMENT: Duration = Duration::from_secs(1);
/// How long nothing is replicated before the primary dies.
const FROZEN: Duration = Duration::from_secs(2);
/// How long a standby is away: longer than a request waits, and longer than the primary waits for its signs of life.
const AWAY: Duration = Duration::from_secs(70);
const AWAY_SHORT: Duration = Duration::from_secs(25);
/// People who want to join meanwhile.
const JOINING: usize = 60;
const CONNECTIONS: &str =
    "select count(*) from pg_stat_activity where application_name = 'studyroute' and datname = current_database()";
/// Those of its pool, and one each to hear of publications, to look who takes writes, and to spare.
const CONNECTIONS_EACH: usize = 16 + 3;

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

/// The standby hears nothing for longer than requests wait: every commit waits, whoever writes is told so, whoever reads is answered, and the
/// primary has no more connections to bear than ever.
pub fn standby_away(rig: &mut Rig) {
    rig.under_load("standby away", |rig, scene| {
        let people = scene.people.clone();
        rig.pair.freeze();
        let until = Instant::now() + if is_whole() { AWAY } else { AWAY_SHORT };
        let most = std::thread::scope(|scope| {
            let join = || {
                while Instant::now() < until {
                    // Made or not, nobody checks in as these.
                    drop(rig.service.post("/v1/participants", "", &json!({})));
                }
            };
            (0..JOINING).for_each(|_| drop(scope.spawn(join)));
            let mut most = 0;
            while Instant::now() < until {
                most = most.max(rig.pair.sql(CONNECTIONS).unwrap().parse().unwrap());
                let me = format!("{}/v1/me", rig.service.base);
                let known = rig.service.client.get(me).bearer_auth(&people[0].token).send().unwrap();
                assert_eq!(known.status(), 200, "whoever reads is answered");
                std::thread::sleep(MOMENT / 4);
            }
            most
        });
        assert!(most <= NODES * CONNECTIONS_EACH, "the primary had {most} connections of {NODES} nodes");
        rig.pair.thaw();
        let back = scene.taken_within(BACK_WITHIN, &rig.service, &mut rig.rng);
        Seen { back: Some(back), note: format!("at most {most} connections; reads answered") }
    });
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
