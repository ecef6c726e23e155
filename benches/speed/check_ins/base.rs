//! The database that every turn starts from, and its copies.

use super::postgres::{self, Keeper, Postgres};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::cell::Cell;
use std::path::PathBuf;
use studyroute::store::Store;
use tempfile::TempDir;

/// What it is made on.
#[derive(Clone, Copy)]
pub enum On {
    Sqlite,
    Postgres,
    /// Two servers: nothing is acknowledged that the standby has not.
    Pair,
}

pub enum Base {
    Sqlite {
        folder: TempDir,
        copies: Cell<usize>,
    },
    /// The servers end when this is dropped.
    Postgres {
        _servers: Servers,
        template: String,
        copies: Cell<usize>,
    },
}

pub enum Servers {
    One { _server: Postgres },
    Pair { _keeper: Keeper },
}

impl Base {
    /// An empty one; PostgreSQL servers of its own run on the server's core, as they are part of what a check-in costs.
    pub fn new(on: On, core: usize) -> Option<Self> {
        let copies = Cell::new(0);
        let (servers, template) = match on {
            On::Sqlite => {
                return Some(Self::Sqlite { folder: tempfile::tempdir_in("target").expect("a folder"), copies });
            }
            On::Postgres => {
                let server = postgres::start_own()?;
                let template = server.fresh_database();
                move_server_to(core, &template);
                (Servers::One { _server: server }, template)
            }
            On::Pair => {
                let (said, keeper) = Keeper::start_or_skip(&["pair", "on", ""])?;
                let (primary, standby) = said.split_once(' ').expect("two servers");
                for server in [primary, standby] {
                    move_server_to(core, &format!("{server}postgres"));
                }
                (Servers::Pair { _keeper: keeper }, postgres::fresh_database(primary))
            }
        };
        Some(Self::Postgres { _servers: servers, template, copies })
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { folder, .. } => format!("sqlite:{}", folder.path().join("scene.db").display()),
            Self::Postgres { template, .. } => template.clone(),
        }
    }

    /// A copy as it was made, by its address.
    pub fn copy(&self) -> String {
        match self {
            Self::Sqlite { folder, copies } => {
                copies.set(copies.get() + 1);
                let file: PathBuf = folder.path().join(format!("turn-{}.db", copies.get()));
                std::fs::copy(folder.path().join("scene.db"), &file).expect("copied");
                format!("sqlite:{}", file.display())
            }
            Self::Postgres { template, copies, .. } => {
                copies.set(copies.get() + 1);
                let (server, template) = template.rsplit_once('/').expect("a name");
                let name = format!("{template}_turn_{}", copies.get());
                run(&format!("{server}/postgres"), &format!("create database {name} template {template}"));
                format!("{server}/{name}")
            }
        }
    }

    /// How many check-ins a copy holds; its counters must be what a recount gives.
    #[tokio::main(flavor = "current_thread")]
    pub async fn audited(url: &str) -> usize {
        let store = Store::open(url).await.expect("opened");
        let audit = store.audit().await.expect("an audit");
        store.close().await;
        assert_eq!(audit.differences, Vec::<String>::new());
        audit.check_ins
    }
}

/// The postmaster is pinned; every process that it starts from then on is too.
#[tokio::main(flavor = "current_thread")]
async fn move_server_to(core: usize, url: &str) {
    let mut connection = PgConnection::connect(url).await.expect("connected");
    let folder: String = sqlx::query_scalar("show data_directory").fetch_one(&mut connection).await.expect("a folder");
    let pid = std::fs::read_to_string(format!("{folder}/postmaster.pid")).expect("a pid file");
    let pid = pid.lines().next().expect("a pid").to_string();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("Linux");
    for process in children.split_whitespace().chain([pid.as_str()]) {
        let mut taskset = std::process::Command::new("taskset");
        let status = taskset.args(["-pc", &core.to_string(), process]).stdout(std::process::Stdio::null()).status();
        assert!(status.expect("taskset").success());
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("connected");
    sqlx::query(AssertSqlSafe(sql.to_string())).execute(&mut connection).await.expect("done");
}
