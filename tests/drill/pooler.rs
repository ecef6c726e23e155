//! Between the nodes and the database stands `PgBouncer`, which lends connections by the transaction, and it is restarted again and again.

use crate::fleet::NODES;
use crate::process::Setup;
use crate::report::Seen;
use crate::rig::Rig;
use crate::{cycles, skip};
use std::path::Path;
use std::time::Duration;

/// How soon after it is back check-ins must be taken again.
const BACK_WITHIN: Duration = Duration::from_secs(15);

pub fn restarted(rig: &mut Rig) {
    if !is_there() {
        return skip("PgBouncer is needed: sudo apt-get install -y pgbouncer");
    }
    let pooled = Setup::new(rig.pair.start_pooler());
    rig.under_load("PgBouncer restarted", |rig, scene| {
        (0..NODES).for_each(|number| rig.fleet.exchange(number, &pooled));
        let (mut slowest, restarts) = (Duration::ZERO, cycles(20, 2));
        for _ in 0..restarts {
            scene.load.wait_for_acks_and_a_moment(40, &mut rig.rng);
            rig.pair.stop_pooler();
            rig.pair.start_pooler();
            slowest = slowest.max(scene.taken_within(BACK_WITHIN, &rig.service, &mut rig.rng));
        }
        (0..NODES).for_each(|number| rig.fleet.exchange(number, &rig.setup));
        rig.pair.stop_pooler();
        Seen { back: Some(slowest), note: format!("{restarts} times, all nodes behind it") }
    });
}

/// Where `scripts/with-postgres` looks for it.
fn is_there() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    Path::new("/usr/sbin/pgbouncer").exists() || folders.any(|folder| folder.join("pgbouncer").is_file())
}
