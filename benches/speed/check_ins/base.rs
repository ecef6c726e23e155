//! The database that every turn starts from, and its copies.

use super::postgres::{self, Postgres};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::cell::Cell;
use std::path::PathBuf;
use studyroute::store::Store;
use tempfile::TempDir;

pub enum Base {
    Sqlite {
        folder: TempDir,
        copies: Cell<usize>,
    },
    /// The server ends when this is dropped.
    Postgres {
        _server: Postgres,
        template: String,
        copies: Cell<usize>,
    },
}

impl Base {
    /// An empty one; a PostgreSQL server of its own runs on the server's core, as it is part of what a check-in costs.
    pub fn new(postgres: bool, core: usize) -> Option<Self> {
        if !postgres {
            return Some(Self::Sqlite {
                folder: tempfile::tempdir_in("target").expect("a folder"),
                copies: Cell::new(0),
            });
        }
        let server = postgres::start_own()?;
        let template = server.fresh_database();
        let base = Self::Postgres { _server: server, template, copies: Cell::new(0) };
        base.move_server_to(core);
        Some(base)
    }

    /// The postmaster is pinned; every process that it starts from then on is too.
    #[tokio::main(flavor = "current_thread")]
    async fn move_server_to(&self, core: usize) {
        let mut connection = PgConnection::connect(&self.url()).await.expect("connected");
        let folder: String =
            sqlx::query_scalar("show data_directory").fetch_one(&mut connection).await.expect("a folder");
        let pid = std::fs::read_to_string(format!("{folder}/postmaster.pid")).expect("a pid file");
        let pid = pid.lines().next().expect("a pid").to_string();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("Linux");
        for process in children.split_whitespace().chain([pid.as_str()]) {
            let mut taskset = std::process::Command::new("taskset");
            let status = taskset.args(["-pc", &core.to_string(), process]).stdout(std::process::Stdio::null()).status();
            assert!(status.expect("taskset").success());
        }
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

#[tokio::main(flavor = "current_thread")]
async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("connected");
    sqlx::query(AssertSqlSafe(sql.to_string())).execute(&mut connection).await.expect("done");
}
