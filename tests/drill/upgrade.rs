//! Nodes are replaced one by one under load, and nobody notices: no request fails. Meanwhile the tables are those of a newer release than the
//! program of some nodes.

use crate::audit::Toll;
use crate::fleet::NODES;
use crate::pair::Commit;
use crate::process::{Service, Setup};
use crate::report::Seen;
use crate::rig::{NEARBY, Over, Rig, Scene};
use crate::support::knobs;
use crate::{alone, cycles, is_whole, say};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

const VISITORS: usize = 4;

/// What a newer release may leave behind: a migration that this program does not know, and a column that it does not fill.
const NEWER: [&str; 2] = [
    "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (999999, 'of a newer release', true, '\\x00', 0) on conflict do nothing",
    "alter table check_ins add column if not exists of_a_newer_release text",
];

/// This program on the tables of a newer release.
pub fn rolling(rig: &mut Rig) {
    let toll = rig.under_load("rolling upgrade, tables newer", |rig, scene| {
        for statement in NEWER {
            rig.pair.sql(statement);
        }
        let asked = with_visitors(&rig.service.clone(), || {
            (0..cycles(5, 1)).for_each(|_| replace_all(rig, scene, &rig.setup.clone()));
        });
        Seen { back: None, note: format!("and {asked} visitors' questions, none without its answer") }
    });
    assert_no_request_failed(&toll);
}

#[test]
fn nodes_of_the_previous_release_are_replaced_one_by_one_and_no_request_fails() {
    let _alone = alone();
    let Some(previous) = is_whole().then(previous).flatten() else { return };
    let old = |setup: &Setup| setup.clone().program(&previous.program);
    let Some(mut rig) = Rig::start_with("previous release", Commit::Replicated, old) else { return };
    let toll = rig.under_load("rolling upgrade from the previous release", |rig, scene| {
        let asked = with_visitors(&rig.service.clone(), || {
            for number in 0..NODES {
                rig.fleet.setup = rig.setup.clone();
                rig.fleet.take_out_and_replace(number);
                scene.load.wait_for_new_acks(40);
            }
        });
        // And one back again, on the tables as they are now.
        if previous.knows_needs {
            replace(rig, scene, 0, &old(&rig.setup));
            rig.fleet.setup = rig.setup.clone();
            rig.fleet.take_out_and_replace(0);
        }
        Seen { back: None, note: format!("{}; {asked} visitors' questions", previous.commit) }
    });
    assert_no_request_failed(&toll);
    rig.end("report-upgrade");
}

fn replace_all(rig: &mut Rig, scene: &mut Scene, setup: &Setup) {
    (0..NODES).for_each(|number| replace(rig, scene, number, setup));
}

fn replace(rig: &mut Rig, scene: &mut Scene, number: usize, setup: &Setup) {
    rig.fleet.setup = setup.clone();
    rig.fleet.replace(number);
    scene.load.wait_for_new_acks(40);
}

/// Does it while visitors ask without a pause; each must be answered. Gives how many did.
fn with_visitors(service: &Service, work: impl FnOnce()) -> usize {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ask = || {
            let mut asked = 0;
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(service.status(NEARBY), Some(200), "a visitor's question");
                asked += 1;
            }
            asked
        };
        let visitors: Vec<_> = (0..VISITORS).map(|_| scope.spawn(ask)).collect();
        let _over = Over(&is_over);
        work();
        is_over.store(true, Ordering::Relaxed);
        visitors.into_iter().map(|visitor| visitor.join().expect("all were answered")).sum()
    })
}

fn assert_no_request_failed(toll: &Toll) {
    assert_eq!(toll.open, 0, "requests failed while nodes were replaced one by one");
}

struct Previous {
    commit: String,
    program: PathBuf,
    /// Whether it reads from the tables what they need, and so may start on newer ones.
    knows_needs: bool,
}

/// The program as it was before the newest migration was added, or at `STUDYROUTE_TEST_DRILL_PREVIOUS`. None when no release stands
/// between this one and the first that may start on newer tables: then there is only the newer release that [`rolling`] makes up.
fn previous() -> Option<Previous> {
    let named = knobs::text("STUDYROUTE_TEST_DRILL_PREVIOUS");
    let is_named = named.is_some();
    let commit = git(&["rev-parse", "--verify", &named.unwrap_or_else(before_the_newest_migration)]);
    assert!(commit.is_some() || !is_named, "STUDYROUTE_TEST_DRILL_PREVIOUS names no commit");
    let commit = commit?;
    let knows_needs = git(&["grep", "-l", "schema_needs", &commit, "--", "migrations"]).is_some();
    if !knows_needs && !is_named {
        say("there is no previous release that may start on the tables of this one");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("drill");
    let source = folder.join("previous");
    drop(std::fs::remove_dir_all(&source));
    std::fs::create_dir_all(&source).unwrap();
    let archive = folder.join("previous.tar");
    git(&["archive", "--output", archive.to_str().unwrap(), &commit]).expect("its files");
    run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&source)).expect("unpacked");
    say(&format!("building the program of {commit}"));
    let target = folder.join("target");
    let mut cargo = Command::new(env!("CARGO"));
    // A test among what is built: so it has the features that this program has here.
    cargo.args(["build", "--locked", "--bin", "studyroute", "--test", "laws", "--target-dir"]).arg(&target);
    cargo.current_dir(&source);
    run(&mut cargo).expect("it builds");
    Some(Previous { commit, program: target.join("debug/studyroute"), knows_needs })
}

fn before_the_newest_migration() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let newest = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).max().unwrap();
    let path = format!("migrations/postgres/{}", newest.to_str().unwrap());
    let added = git(&["log", "-1", "--format=%H", "--diff-filter=A", "--", &path]);
    added.filter(|commit| !commit.is_empty()).map_or("HEAD".into(), |commit| format!("{commit}^"))
}

fn git(args: &[&str]) -> Option<String> {
    run(Command::new("git").args(args).current_dir(env!("CARGO_MANIFEST_DIR")))
}

/// What it printed; None when it failed.
fn run(command: &mut Command) -> Option<String> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}
