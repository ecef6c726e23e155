//! A PostgreSQL primary and its standby, and what may befall them. Kept by `scripts/with-postgres --keep pair`.

use crate::shim;
use crate::support::postgres::{Keeper, fresh_database, run_sql};
use std::io;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

pub struct Pair {
    keeper: Keeper,
    /// Without a database's name.
    urls: [String; 2],
    /// The database of the nodes.
    name: String,
    primary: usize,
}

/// What a commit waits for before it is acknowledged.
#[derive(Clone, Copy)]
pub enum Commit {
    Replicated,
    /// For a control: by the primary alone.
    Local,
}

impl Pair {
    /// None, with a line on stderr, where it cannot be had.
    pub fn start(commit: Commit) -> Option<Self> {
        let disk = shim::build("full_disk", include_str!("full_disk.c"))?;
        let level = if let Commit::Local = commit { "local" } else { "on" };
        let (said, keeper) = Keeper::start_or_skip(&["pair", level, disk.to_str().unwrap()])?;
        let urls = said.split_once(' ').unwrap();
        let urls = [urls.0.to_string(), urls.1.to_string()];
        let mut pair = Self { keeper, urls, name: String::new(), primary: 0 };
        pair.wait_for_standby();
        let database = fresh_database(&pair.urls[0]);
        pair.name = database.rsplit_once('/').unwrap().1.to_string();
        Some(pair)
    }

    /// How nodes are told of both: they find out by themselves which one takes writes.
    pub fn database(&self) -> String {
        self.both("read-write")
    }

    /// The same for the standby that answers counts.
    pub fn replica(&self) -> String {
        self.both("prefer-standby")
    }

    fn both(&self, wanted: &str) -> String {
        let [a, b] = [0, 1].map(|which| self.place(which));
        format!("postgres://studyroute@{a},{b}/{}?target_session_attrs={wanted}", self.name)
    }

    fn place(&self, which: usize) -> &str {
        self.urls[which].trim_end_matches('/').rsplit_once('@').unwrap().1
    }

    /// Whether the standby is the first of both in the addresses.
    pub fn is_standby_first(&self) -> bool {
        self.primary == 1
    }

    /// Where the standby listens.
    pub fn standby(&self) -> &str {
        self.place(1 - self.primary)
    }

    /// A statement on the primary, in the nodes' database, with the first value of the last row.
    pub fn sql(&self, statement: &str) -> Option<String> {
        self.sql_at(self.primary, statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    /// The standby hears everything from then on and replays nothing.
    pub fn pause_replay(&self) {
        self.sql_at(1 - self.primary, "select pg_wal_replay_pause()").unwrap();
    }

    /// What is replayed at once may end the statement that has it replayed.
    pub fn resume_replay(&self) {
        drop(self.sql_at(1 - self.primary, "select pg_wal_replay_resume()"));
    }

    fn sql_at(&self, which: usize, statement: &str) -> io::Result<Option<String>> {
        run_sql(&format!("{}{}", self.urls[which], self.name), statement)
    }

    fn names(&self) -> [&'static str; 2] {
        if self.primary == 0 { ["a", "b"] } else { ["b", "a"] }
    }

    fn order(&self, word: &str, name: &str) -> String {
        self.keeper.order(&format!("{word} {name}"))
    }

    /// The standby hears nothing any more, though its connection stays.
    pub fn freeze(&self) {
        self.order("freeze", self.names()[1]);
    }

    pub fn thaw(&self) {
        self.order("thaw", self.names()[1]);
    }

    pub fn kill_primary(&self) {
        self.order("kill", self.names()[0]);
    }

    /// The standby becomes the primary. What it had not taken in when it was frozen is lost to it.
    pub fn promote(&mut self) {
        self.order("promote", self.names()[1]);
        self.primary = 1 - self.primary;
    }

    /// The killed one comes back as the standby.
    pub fn rebuild(&self) {
        self.order("rebuild", self.names()[1]);
    }

    /// The disk of the primary is full.
    pub fn fill(&self) {
        self.order("fill", self.names()[0]);
    }

    pub fn free(&self) {
        self.order("free", self.names()[0]);
    }

    /// Starts the pooler (`PgBouncer`) in front of the primary and gives the database's address there.
    pub fn start_pooler(&self) -> String {
        format!("{}{}?pool_mode=transaction", self.order("pool", self.names()[0]), self.name)
    }

    pub fn stop_pooler(&self) {
        self.order("unpool", self.names()[0]);
    }

    /// From then on nothing is acknowledged that the standby has not.
    pub fn wait_for_standby(&self) {
        self.wait_for(
            "a standby that is in step",
            "select count(*) from pg_stat_replication where state = 'streaming'",
            "1",
        );
    }

    /// Commits that clients no longer wait for may still be under way; an audit before they have ended would see half of them.
    pub fn wait_for_quiet(&self) {
        let busy = "select count(*) from pg_stat_activity where datname = current_database()
            and state <> 'idle' and xact_start < clock_timestamp() - interval '400 ms'";
        self.wait_for("nothing under way", busy, "0");
    }

    fn wait_for(&self, what: &str, count: &str, wanted: &str) {
        let since = Instant::now();
        while self.sql(count).as_deref() != Some(wanted) {
            assert!(since.elapsed() < PATIENCE, "there never was {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
