//! Each case is written once and tested twice, on SQLite and on PostgreSQL, every time on a new, empty database.

use crate::support::postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::ops::Deref;
use std::path::PathBuf;
use studyroute::store::Store;
use tempfile::TempDir;

/// Makes the tests `case::on_sqlite` and `case::on_postgres` of every named `async fn case(database: Database)`.
macro_rules! both {
    ($($case:ident),+ $(,)?) => {$(
        mod $case {
            #[test]
            fn on_sqlite() {
                $crate::both::on_sqlite(super::$case);
            }
            #[test]
            fn on_postgres() {
                $crate::both::on_postgres(super::$case);
            }
        }
    )+};
}
pub(crate) use both;

/// An open store, and where it is.
pub struct Database {
    pub store: Store,
    pub place: Place,
}

/// Where a database is, or will be once somebody opens it.
pub struct Place {
    pub url: String,
    folder: Option<TempDir>,
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("studyroute.db").display());
        Self { url, folder: Some(folder) }
    }

    pub fn postgres() -> Option<Self> {
        Some(Self { url: postgres::shared()?.fresh_database(), folder: None })
    }

    /// This place, for another handle that does not outlive it.
    pub fn same(&self) -> Self {
        Self { url: self.url.clone(), folder: None }
    }

    /// The SQLite file.
    pub fn file(&self) -> PathBuf {
        self.folder.as_ref().expect("an SQLite database").path().join("studyroute.db")
    }
}

impl Deref for Database {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Database {
    /// A new SQLite file.
    pub async fn sqlite() -> Self {
        Self::open(Place::sqlite()).await
    }

    /// A new database on the shared server; None where no PostgreSQL is installed.
    pub async fn postgres() -> Option<Self> {
        Some(Self::open(Place::postgres()?).await)
    }

    async fn open(place: Place) -> Self {
        Self { store: open(&place.url).await, place }
    }

    /// Another handle on the same database, as a second node or a restarted one has it.
    pub async fn again(&self) -> Store {
        open(&self.place.url).await
    }

    /// A number read past the store.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.store {
            Store::Sqlite(_) => sqlx::query_scalar(sql).fetch_one(&mut connect_sqlite(&self.place.url).await).await,
            Store::Postgres(_) => sqlx::query_scalar(sql).fetch_one(&mut connect_postgres(&self.place.url).await).await,
        }
        .expect("a number")
    }

    /// Runs a statement past the store, as somebody with the database in their hands would. Says how many rows it touched.
    pub async fn execute(&self, sql: &str) -> Result<u64, String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.store {
            Store::Sqlite(_) => {
                let done = sqlx::query(sql).execute(&mut connect_sqlite(&self.place.url).await).await;
                done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
            }
            Store::Postgres(_) => {
                let done = sqlx::query(sql).execute(&mut connect_postgres(&self.place.url).await).await;
                done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
            }
        }
    }
}

/// Opens a store that must open.
pub async fn open(url: &str) -> Store {
    Store::open(url).await.unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// A connection of its own, with no settings of the store.
pub async fn connect_sqlite(url: &str) -> SqliteConnection {
    SqliteConnection::connect(url).await.expect("a connection to SQLite")
}

/// A connection of its own, with no settings of the store.
pub async fn connect_postgres(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection to PostgreSQL")
}

pub fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime")
}

pub fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(Database) -> F) {
    runtime().block_on(async { case(Database::sqlite().await).await });
}

pub fn on_postgres<F: Future<Output = ()>>(case: impl FnOnce(Database) -> F) {
    runtime().block_on(async {
        match Database::postgres().await {
            Some(database) => case(database).await,
            None => eprintln!("skipped: there is no PostgreSQL here"),
        }
    });
}
