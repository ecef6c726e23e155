//! Opening the database, with the settings that durability depends on set by us and read back on every connection: a driver's
//! defaults lose the last commit when the power goes.

use super::counters::Known;
use super::pool::{Lender, Serves};
use super::sql::on;
use super::{Pools, Result, Store, StoreError, postgres};
use sqlx::migrate::{Migrate, Migrator};
use sqlx::pool::PoolConnectionMetadata;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Acquire, ConnectOptions, Connection, FromRow, IntoArguments, Sqlite};
use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a request waits for a connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long SQLite waits for another process's write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Readers of SQLite.
const SQLITE_READERS_MAX: u32 = 4;
/// Pages of the writer's own cache, KiB: the log's two trees take every check-in at another place.
const SQLITE_WRITER_CACHE_KIB: u32 = 32 * 1_024;
/// Pages in the write-ahead log before they are folded into the file: 16 MiB, so that a page which many commits change is
/// copied once for all of them.
const SQLITE_LOG_PAGES: u32 = 4_096;
/// Older SQLites can corrupt a WAL database when two connections checkpoint at once.
const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
/// A connection was found alive when it was given back; only one that has rested longer than this is asked again.
pub(super) const TRUSTED_FOR: Duration = Duration::from_secs(1);

impl Store {
    /// Opens `sqlite:FILE` (made if it is not there) or `postgres://…` and brings its tables up to date.
    ///
    /// # Errors
    /// When the address is not understood, the database cannot be reached, its settings are not safe or it holds half of another.
    pub async fn open(url: &str) -> Result<Self> {
        let store = Self::open_unfinished(url).await?;
        match store.moved_from().await? {
            None => Ok(store),
            Some(from) => Err(StoreError::Unfit(format!(
                "a move from {from} into this database was begun and not finished; run the same command again to finish it"
            ))),
        }
    }

    /// The same, also when it is only half moved to.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_unfinished(url: &str) -> Result<Self> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            return open_sqlite(file.strip_prefix("//").unwrap_or(file)).await;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres::open(url).await;
        }
        Err(StoreError::Unfit("the database must be given as sqlite:FILE or postgres://USER@HOST/NAME".into()))
    }

    /// The migration that the tables were brought up to.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn migration(&self) -> Result<i64> {
        on!(self, |pools, _dialect| {
            let newest = sqlx::query_scalar("select max(version) from _sqlx_migrations where success");
            Ok(newest.fetch_one(&pools.read).await?)
        })
    }
}

async fn open_sqlite(file: &str) -> Result<Store> {
    if file.is_empty() || file.starts_with(":memory:") || file.contains('?') {
        return Err(StoreError::Unfit("SQLite needs a plain file name, such as sqlite:studyroute.db".into()));
    }
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What was erased on demand is overwritten, not just unlinked.
        .pragma("secure_delete", "on")
        .pragma("temp_store", "memory")
        .pragma("mmap_size", "0")
        .pragma("wal_autocheckpoint", SQLITE_LOG_PAGES.to_string());
    let pool = |connections: u32, options: SqliteConnectOptions| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, rest| Box::pin(is_alive(connection, rest)))
            .after_connect(|connection, _| Box::pin(read_back_sqlite(connection)))
            .connect_with(options)
    };
    let first = first_connection(&options).await?;
    let cache = format!("-{SQLITE_WRITER_CACHE_KIB}");
    let write = Lender::new(pool(1, options.clone().pragma("cache_size", cache)).await?, "begin immediate", false);
    first.close().await?;
    migrate_sqlite(&write).await?;
    sync_folder(Path::new(file)).map_err(|error| StoreError::Unfit(format!("{file}: {error}")))?;
    let read = pool(SQLITE_READERS_MAX, options.read_only(true)).await?;
    Ok(Store::Sqlite(Pools {
        read: Lender::new(read, "begin", false),
        write,
        scopes: Known::default(),
        servers: None,
        replica: None,
    }))
}

/// sqlx locks nothing here, so two processes may make the tables of a new file at once; then one of them tries again and finds
/// them made.
async fn migrate_sqlite(write: &Lender<Sqlite>) -> Result<()> {
    let until = Instant::now() + BUSY_TIMEOUT;
    loop {
        match bring_up(sqlx::migrate!("migrations/sqlite"), write.pool()).await {
            Err(_) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(20)).await,
            migrator => return may_be_used(&migrator?, write).await,
        }
    }
}

/// Brings the tables up to date, once: on PostgreSQL whoever comes second waits. A newer program may have brought them further; then
/// they say whether this one may still use them.
pub(super) async fn bring_up<'a, A>(mut migrator: Migrator, on: A) -> Result<Migrator>
where
    A: Acquire<'a>,
    <A::Connection as Deref>::Target: Migrate,
{
    migrator.set_ignore_missing(true);
    migrator.run(on).await.map_err(unfit)?;
    Ok(migrator)
}

/// Whether this program knows what the tables need.
pub(super) async fn may_be_used<DB: Serves>(migrator: &Migrator, write: &Lender<DB>) -> Result<()>
where
    DB::Arguments: IntoArguments<DB>,
    (i64,): for<'r> FromRow<'r, DB::Row>,
{
    let (needed,): (i64,) = sqlx::query_as("select migration from schema_needs").fetch_one(write).await?;
    match newest(migrator) {
        known if known >= needed => Ok(()),
        known => Err(StoreError::Unfit(format!(
            "a newer program has brought the tables further: they need one that knows migration {needed}, this one knows {known}"
        ))),
    }
}

/// The newest migration that this program knows.
pub(super) fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Says why a file is refused, which a pool would only answer by a timeout; and waits where SQLite does not: while another
/// process turns a new file to WAL.
async fn first_connection(options: &SqliteConnectOptions) -> Result<SqliteConnection> {
    let until = Instant::now() + BUSY_TIMEOUT;
    loop {
        match options.connect().await {
            Ok(mut connection) => {
                let sound = read_back_sqlite(&mut connection).await;
                sound.map_err(|error| StoreError::Unfit(error.to_string()))?;
                return Ok(connection);
            }
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("5") && Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A file that was made or renamed is only durable once its folder is; SQLite sees to its log's folder, not to the database's.
pub(super) fn sync_folder(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

async fn read_back_sqlite(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let (journal, synchronous, version): (String, i64, String) = sqlx::query_as(
        "select journal_mode, synchronous, sqlite_version() from pragma_journal_mode, pragma_synchronous",
    )
    .fetch_one(connection)
    .await?;
    if journal != "wal" || synchronous != 2 {
        return Err(refuse(format!(
            "SQLite runs with journal_mode={journal} synchronous={synchronous}, not wal and 2"
        )));
    }
    let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    if (next(), next(), next()) < SQLITE_VERSION_MIN {
        return Err(refuse(format!("SQLite {version} is older than 3.51.3 and can corrupt the database")));
    }
    Ok(())
}

async fn is_alive<C: Connection>(connection: &mut C, rest: PoolConnectionMetadata) -> sqlx::Result<bool> {
    if rest.idle_for > TRUSTED_FOR {
        connection.ping().await?;
    }
    Ok(true)
}

fn refuse(why: String) -> sqlx::Error {
    sqlx::Error::Configuration(why.into())
}

fn unfit(error: sqlx::migrate::MigrateError) -> StoreError {
    match error {
        sqlx::migrate::MigrateError::Execute(error) => StoreError::Unavailable(error),
        other => StoreError::Unfit(format!("the tables cannot be brought up to date: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_without_the_safe_settings_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = SqliteConnectOptions::new().filename(folder.path().join("a.db")).create_if_missing(true);
        for (journal, synchronous, fit) in [
            (SqliteJournalMode::Delete, SqliteSynchronous::Full, false),
            (SqliteJournalMode::Wal, SqliteSynchronous::Normal, false),
            (SqliteJournalMode::Wal, SqliteSynchronous::Off, false),
            (SqliteJournalMode::Wal, SqliteSynchronous::Full, true),
        ] {
            for read_only in [false, true] {
                let options = options.clone().journal_mode(journal).synchronous(synchronous).read_only(read_only);
                let mut connection = options.connect().await.expect("a connection");
                let read_back = read_back_sqlite(&mut connection).await;
                assert_eq!(read_back.is_ok(), fit, "{journal:?} {synchronous:?} {read_only}: {read_back:?}");
                connection.close().await.expect("closed");
            }
        }
    }
}
