//! PostgreSQL: which of the servers takes writes, opening it with the settings that durability depends on, and following it when
//! another one is promoted. Nothing but a slow look at the server decides; a promotion is noticed within seconds, without a restart.

use super::address::{Address, Wanted};
use super::counters::Known;
use super::open::{ACQUIRE_TIMEOUT, TRUSTED_FOR, may_be_used, newest, tolerant, unfit};
use super::pool::{Lender, Turn, Turns};
use super::{Pools, Result, Store, StoreError};
use futures_util::future::join_all;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnectionMetadata;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgPool, Postgres, Row};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Connections to PostgreSQL per node, beside the seven of those that have their own (`tasks/recorder.rs`, `tasks/lookups.rs`): 16 in all.
const CONNECTIONS_MAX: u32 = 9;
/// Of these, those that may write at once: when commits wait for a standby that is away, there are others to read with.
const WRITERS_MAX: usize = 6;
/// How long a statement waits for what another transaction has locked. Whoever would wait longer is told that the database is busy, and
/// its connection is free again.
const LOCK_TIMEOUT: &str = "set lock_timeout = '5s'";
/// How often it is asked whether the server still is what it was.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a server may take to say what it is.
pub(super) const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// The servers of one database, and the one whose connections are lent.
pub struct Servers {
    address: Address,
    /// The one that is asked, and the pools that lead to it.
    asked: Mutex<(PgConnectOptions, Vec<PgPool>)>,
    /// Connections that are older than this lead to a server that is not asked any more.
    turn: watch::Sender<Turn>,
}

impl Servers {
    fn new(address: Address, server: PgConnectOptions) -> Self {
        let turn = Turn { since: Instant::now(), cuts: false };
        Self { address, asked: Mutex::new((server, Vec::new())), turn: watch::Sender::new(turn) }
    }

    fn asked(&self) -> MutexGuard<'_, (PgConnectOptions, Vec<PgPool>)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections to the server that is asked, whichever that is by then.
    fn pool(&self, connections: u32) -> PgPool {
        let (wanted, by_transaction, turns) = (self.address.wanted, self.is_by_transaction(), self.turns());
        let options = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(move |connection, rest| {
                let since = turns.borrow().since;
                Box::pin(is_alive(since, connection, rest))
            })
            .after_connect(move |connection, _| Box::pin(settle(connection, wanted, by_transaction)));
        let mut asked = self.asked();
        let pool = options.connect_lazy_with(asked.0.clone());
        asked.1.push(pool.clone());
        pool
    }

    /// Connections for whoever reads and writes.
    fn lenders(&self, connections: u32, writers: usize) -> (Lender<Postgres>, Lender<Postgres>) {
        let pool = self.pool(connections);
        let lender = |begin| Lender::new(pool.clone(), begin, self.is_by_transaction()).cut_at(self.turns());
        (lender("begin isolation level repeatable read read only"), lender("begin").at_most(writers))
    }

    pub(super) fn turn_to(&self, server: PgConnectOptions, cuts: bool) {
        let mut asked = self.asked();
        asked.1.iter().for_each(|pool| pool.set_connect_options(server.clone()));
        asked.0 = server;
        self.turn.send_replace(Turn { since: Instant::now(), cuts });
    }

    /// Looks for the server that is wanted, and turns to it.
    pub(super) async fn turn(&self) -> Result<()> {
        let (server, _) = find(&self.address).await?;
        self.turn_to(server, true);
        Ok(())
    }

    /// A standby, where one is wanted and there is one.
    pub(super) async fn standby(&self) -> Option<(PgConnectOptions, String)> {
        if !matches!(self.address.wanted, Wanted::Standby | Wanted::PreferStandby) {
            return None;
        }
        let standby = Address { wanted: Wanted::Standby, ..self.address.clone() };
        let (server, _) = find(&standby).await.ok()?;
        let place = place(&server);
        Some((server, place))
    }

    /// Tells of turns from now on.
    pub(super) fn turns(&self) -> Turns {
        self.turn.subscribe()
    }

    pub(super) fn is_by_transaction(&self) -> bool {
        self.address.by_transaction
    }

    /// Returns when connections lead to another server.
    pub(super) async fn turned(&self) {
        let mut turns = self.turn.subscribe();
        // The sender lives as long as this.
        drop(turns.changed().await);
    }
}

pub(super) async fn open(url: &str) -> Result<Store> {
    let address = Address::parse(url, Wanted::Primary)?;
    if address.wanted != Wanted::Primary {
        return Err(StoreError::Unfit(
            "check-ins need the server that takes writes: target_session_attrs=read-write".into(),
        ));
    }
    // A pool would only say that it timed out.
    let (server, mut first) = find(&address).await?;
    read_back(&mut first, address.by_transaction).await.map_err(|error| StoreError::Unfit(error.to_string()))?;
    first.close().await?;
    let migrator = tolerant(sqlx::migrate!("migrations/postgres"));
    if !address.by_transaction {
        // Beside the pool: here it is right to wait until another node has brought the tables up to date.
        let patient = PgPoolOptions::new().max_connections(1).connect_with(server.clone()).await?;
        migrator.run(&patient).await.map_err(unfit)?;
        patient.close().await;
    }
    let servers = Servers::new(address, server);
    let (read, write) = servers.lenders(CONNECTIONS_MAX, WRITERS_MAX);
    if servers.is_by_transaction() {
        are_up_to_date(&migrator, &write).await?;
    }
    may_be_used(&migrator, &write).await?;
    say_what_is_not_durable(&mut *write.acquire().await?).await?;
    let servers = Some(Arc::new(servers));
    Ok(Store::Postgres(Pools { read, write, scopes: Known::default(), servers, replica: None }))
}

/// A pool for reading that finds its server later.
pub(super) fn open_lazily(address: Address) -> Result<(Arc<Servers>, Lender<Postgres>)> {
    let nowhere = || StoreError::Unfit("the PostgreSQL address is not understood".into());
    let first = address.servers.first().cloned().ok_or_else(nowhere)?;
    let servers = Servers::new(address, first);
    let (read, _) = servers.lenders(CONNECTIONS_MAX, WRITERS_MAX);
    Ok((Arc::new(servers), read))
}

/// The lock that makes sure that tables are made once belongs to a session, and a pooler keeps none.
async fn are_up_to_date(migrator: &Migrator, write: &Lender<Postgres>) -> Result<()> {
    let is_there: bool =
        sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(write).await?;
    let applied: Option<i64> = if is_there {
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(write).await?
    } else {
        None
    };
    if applied.is_none_or(|applied| applied < newest(migrator)) {
        return Err(StoreError::Unfit(
            "the tables are older than this program, and cannot be brought up to date through a pooler: run `studyroute migrate` with an address that leads to the server itself".into(),
        ));
    }
    Ok(())
}

/// The first of the servers that is what is wanted, and a connection to it.
async fn find(address: &Address) -> Result<(PgConnectOptions, PgConnection)> {
    let mut looks = join_all(address.servers.iter().map(look)).await;
    let place = |wants: &dyn Fn(bool) -> bool| {
        looks.iter().position(|look| look.as_ref().is_ok_and(|(_, takes_writes)| wants(*takes_writes)))
    };
    let place = match address.wanted {
        Wanted::Primary => place(&|takes_writes| takes_writes),
        Wanted::Standby => place(&|takes_writes| !takes_writes),
        Wanted::PreferStandby => place(&|takes_writes| !takes_writes).or_else(|| place(&|_| true)),
        Wanted::Any => place(&|_| true),
    };
    if let Some(place) = place {
        let (connection, _) = looks.swap_remove(place)?;
        return Ok((address.servers[place].clone(), connection));
    }
    Err(match looks.into_iter().find_map(std::result::Result::err) {
        Some(error) => StoreError::Unavailable(error),
        None => StoreError::Unfit("none of the PostgreSQL servers is what the address asks for".into()),
    })
}

fn place(server: &PgConnectOptions) -> String {
    format!("{}:{}", server.get_host(), server.get_port())
}

/// A connection to a server, and whether it takes writes.
async fn look(server: &PgConnectOptions) -> sqlx::Result<(PgConnection, bool)> {
    let asked = async {
        let mut connection = server.connect().await?;
        let takes_writes = takes_writes(&mut connection).await?;
        Ok((connection, takes_writes))
    };
    tokio::time::timeout(LOOK_TIMEOUT, asked).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn takes_writes(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let row = connection.fetch_one("select case when pg_is_in_recovery() then 'no' else 'yes' end").await?;
    Ok(row.try_get::<String, _>(0)? == "yes")
}

impl Store {
    /// The same for a task that has a runtime of its own: on PostgreSQL with connections of its own, so that they are woken by that runtime and
    /// wait for nobody who is answered by another one. SQLite's are woken by none.
    #[must_use]
    pub fn apart(&self, connections: u32) -> Self {
        let Self::Postgres(pools) = self else { return self.clone() };
        let Some(servers) = &pools.servers else { return self.clone() };
        let (read, write) = servers.lenders(connections, connections as usize);
        Self::Postgres(Pools { read, write, ..pools.clone() })
    }

    /// Closes what [`Store::apart`] opened. On SQLite the one connection that writes is given back by then: whoever has it closes it last, and folds
    /// the log into the file.
    pub async fn close_apart(&self) {
        match self {
            Self::Postgres(pools) => pools.write.close().await,
            Self::Sqlite(pools) => {
                let pool = pools.write.pool();
                while pool.num_idle() < pool.size() as usize {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
    }

    /// Since when the server is asked that is asked now. What was remembered before may be of a server that knew more.
    #[must_use]
    pub fn asked_since(&self) -> Option<Instant> {
        let Self::Postgres(pools) = self else { return None };
        pools.servers.as_ref().map(|servers| servers.turn.borrow().since)
    }

    /// Looks for ever whether the database's server still takes writes, and turns to the one that does. SQLite is where it is.
    pub async fn follow(&self) {
        let Self::Postgres(pools) = self else { return std::future::pending().await };
        let Some(servers) = &pools.servers else { return std::future::pending().await };
        // A connection of its own: those of the pool may all be busy.
        let (mut watched, mut is_amiss, mut is_silent) = (None, false, false);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Some(connection) = &mut watched {
                match tokio::time::timeout(LOOK_TIMEOUT, takes_writes(connection)).await {
                    Ok(Ok(true)) => continue,
                    Ok(_) => {}
                    Err(_) => is_silent = true,
                }
            }
            match find(&servers.address).await {
                Ok((server, mut connection)) => {
                    // Only what it says to the log: it takes writes, and there is no other.
                    drop(say_what_is_not_durable(&mut connection).await);
                    let place = place(&server);
                    let is_another = place != self::place(&servers.asked().0);
                    if watched.replace(connection).is_some() || is_amiss || is_another {
                        tracing::warn!(server = place, "the database did not take writes; turned to this server");
                        servers.turn_to(server, is_another || is_silent);
                        // A server that was not waited for may know less than the one before.
                        pools.scopes.forget();
                    }
                    (is_amiss, is_silent) = (false, false);
                }
                Err(error) => {
                    // Said once, not every second.
                    if !std::mem::replace(&mut is_amiss, true) {
                        tracing::error!(error = error.with_causes(), "no server of the database takes writes");
                    }
                }
            }
        }
    }
}

/// A session's own settings (behind a pooler there are none), and whether it leads where it should: one that was begun just before the
/// pool turned to another server may end at the one before, which is a standby by then.
async fn settle(connection: &mut PgConnection, wanted: Wanted, by_transaction: bool) -> sqlx::Result<()> {
    if wanted == Wanted::Primary && !takes_writes(connection).await? {
        return Err(sqlx::Error::Configuration("this PostgreSQL server is a standby".into()));
    }
    if !by_transaction {
        connection.execute(LOCK_TIMEOUT).await?;
    }
    read_back(connection, by_transaction).await
}

/// What the server does not promise, said to whoever reads the log; also of a standby that has just been promoted, whose settings may be
/// others than those of the server before it.
async fn say_what_is_not_durable(connection: &mut PgConnection) -> sqlx::Result<()> {
    let settings = "select current_setting('fsync'), current_setting('synchronous_commit'),
                           current_setting('synchronous_standby_names') <> '' or not exists (select 1 from pg_stat_replication)";
    let row = connection.fetch_one(settings).await?;
    let (fsync, level, is_waited_for): (String, String, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if fsync != "on" {
        tracing::error!("the PostgreSQL server runs with fsync=off: a power cut there loses acknowledged check-ins");
    }
    if level == "local" || !is_waited_for {
        tracing::warn!(
            synchronous_commit = level,
            "the PostgreSQL server acknowledges before a standby has it: when one is promoted, acknowledged check-ins may be lost"
        );
    }
    Ok(())
}

/// `synchronous_commit=off` would acknowledge before the commit is durable; every stronger level is the operator's choice.
async fn read_back(connection: &mut PgConnection, by_transaction: bool) -> sqlx::Result<()> {
    let setting = "select current_setting('synchronous_commit')";
    let level: String = connection.fetch_one(setting).await?.try_get(0)?;
    if level != "off" {
        return Ok(());
    }
    if !by_transaction {
        connection.execute("set synchronous_commit = on").await?;
    }
    let read_back: String = connection.fetch_one(setting).await?.try_get(0)?;
    if read_back == "off" {
        return Err(sqlx::Error::Configuration("PostgreSQL keeps synchronous_commit=off".into()));
    }
    Ok(())
}

async fn is_alive(
    asked_since: Instant,
    connection: &mut PgConnection,
    rest: PoolConnectionMetadata,
) -> sqlx::Result<bool> {
    if rest.age > asked_since.elapsed() {
        return Ok(false);
    }
    if rest.idle_for > TRUSTED_FOR {
        connection.ping().await?;
    }
    Ok(true)
}
