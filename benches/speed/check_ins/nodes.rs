//! Several nodes on one PostgreSQL. Every commit of a day adds to that day's row of all people and holds it until it is durable, so nodes wait for
//! each other; with a standby that has to have it too, they wait longer. Nodes and servers share one core, so this is what sharing
//! the database costs, not what more machines bring.

use super::base::{Base, On};
use super::load::{self, Driven, Sending};
use super::scene::{self, Scene};
use super::server::Server;
use crate::figures::Spread;
use crate::machine::SERVER_CORE;
use crate::options::Bench;
use crate::report::Report;
use crate::row::Row;

const NODES: usize = 3;
const WORK: &str = "check-ins one by one over 256 connections, three nodes on one PostgreSQL";
const WORK_STANDBY: &str = "the same by three nodes, each commit waits for a standby";

pub fn measure(bench: &Bench, report: &mut Report) {
    let bases = (Base::new(On::Postgres, SERVER_CORE), Base::new(On::Pair, SERVER_CORE));
    let (Some(alone), Some(pair)) = bases else {
        return report.add(Row::missing("check-ins-nodes", WORK, "PostgreSQL is not installed"));
    };
    let (on_alone, on_pair) = (scene::make(&alone, Sending::Single), scene::make(&pair, Sending::Single));
    let program = bench.options.binary.display().to_string();
    let turn = |base: &Base, scene: &Scene, nodes: usize| Turn::measure(base, scene, &program, nodes);
    let turns: Vec<[Turn; 3]> = (0..bench.pairs())
        .map(|_| [turn(&alone, &on_alone, 1), turn(&alone, &on_alone, NODES), turn(&pair, &on_pair, NODES)])
        .collect();
    report.add(row("check-ins-nodes", WORK, "one node", &turns, [1, 0]));
    report.add(row("check-ins-standby", WORK_STANDBY, "three nodes without a standby", &turns, [2, 1]));
}

fn row(key: &str, work: &str, against: &str, turns: &[[Turn; 3]], [ours, other]: [usize; 2]) -> Row {
    let column = |of: &dyn Fn(&[Turn; 3]) -> f64| -> Vec<f64> { turns.iter().map(of).collect() };
    let middle = |which: usize, of: &dyn Fn(&Turn) -> f64| Spread::of(column(&|turn| of(&turn[which]))).median;
    let per_s = |which: usize| middle(which, &|turn| turn.driven.per_s());
    let commits = |which: usize| middle(which, &|turn| turn.commits / turn.driven.wall_s);
    let batch = |which: usize| middle(which, &|turn| turn.driven.acknowledged_f64() / turn.commits);
    let waits = |which: usize| middle(which, &|turn| turn.driven.median_ms);
    let more = format!(
        "{:.0}/s against {:.0}; {:.0} commits a second against {:.0}, {:.0} in one against {:.0}; median wait {:.1} ms against {:.1}",
        per_s(ours),
        per_s(other),
        commits(ours),
        commits(other),
        batch(ours),
        batch(other),
        waits(ours),
        waits(other)
    );
    let ratios = column(&|turn| turn[ours].driven.per_s() / turn[other].driven.per_s());
    let row = Row::new(key, work, against, ratios).more(more);
    row.part("per_s", per_s(ours)).part("limit_per_s", per_s(other)).part("commits_per_s", commits(ours))
}

/// All phones' check-ins taken by some nodes.
struct Turn {
    driven: Driven,
    commits: f64,
}

impl Turn {
    fn measure(base: &Base, scene: &Scene, program: &str, nodes: usize) -> Self {
        let (plan, place) = (scene.plan(Sending::Single), base.copy());
        let servers: Vec<Server> = (0..nodes).map(|_| Server::start(program, &place, SERVER_CORE)).collect();
        let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
        let driven = load::drive(&addresses, plan);
        let commits = servers.iter().map(|server| server.committed().1).sum();
        servers.into_iter().for_each(Server::stop);
        assert_eq!(Base::audited(&place), driven.acknowledged, "as many as acknowledged, and every counter is right");
        Self { driven, commits }
    }
}
