//! Lends connections. A connection whose statement was cut off in the middle is not lent again: behind it may be a server that is no more,
//! and then nothing on it ever ends. It keeps its place until the server has answered all the same or another one is asked, because the
//! server is still at work for it: one whose standby is away makes every commit wait, and would be given new ones without end. Where a
//! pooler lends the server's connections by the transaction, every statement runs in a transaction and none is prepared under a name.
//!
//! Refuses to know statements, and where the server is.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Describe, Either, Execute, Executor, Pool, Postgres, SqlStr, Sqlite};
use std::fmt::{self, Debug};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// What a statement gives, piece by piece.
type Pieces<'e, DB> = BoxStream<'e, sqlx::Result<Either<<DB as Database>::QueryResult, <DB as Database>::Row>>>;
type Found<'e, DB> = BoxFuture<'e, sqlx::Result<Option<<DB as Database>::Row>>>;
type Prepared<'e, DB> = BoxFuture<'e, sqlx::Result<<DB as Database>::Statement>>;
type Described<'e, DB> = BoxFuture<'e, sqlx::Result<Describe<DB>>>;

/// A database whose connections execute statements: what sqlx says of each by itself, said so that it can be asked of any.
pub trait Serves: Database {
    /// Begins a transaction of which nobody but the database's server may be long in doing its part.
    const BEGIN_BRIEFLY: &'static str;

    fn fetch_many<'e, 'q: 'e, E: 'q + Execute<'q, Self>>(on: &'e mut Self::Connection, query: E) -> Pieces<'e, Self>;
    fn fetch_optional<'e, 'q: 'e, E: 'q + Execute<'q, Self>>(on: &'e mut Self::Connection, query: E)
    -> Found<'e, Self>;
    fn prepare<'e>(on: &'e mut Self::Connection, sql: SqlStr, types: &'e [Self::TypeInfo]) -> Prepared<'e, Self>;
    fn describe(on: &mut Self::Connection, sql: SqlStr) -> Described<'_, Self>;
}

macro_rules! serves {
    ($database:ty, $begin_briefly:literal) => {
        impl Serves for $database {
            const BEGIN_BRIEFLY: &'static str = $begin_briefly;

            fn fetch_many<'e, 'q: 'e, E: 'q + Execute<'q, Self>>(
                on: &'e mut Self::Connection,
                query: E,
            ) -> Pieces<'e, Self> {
                on.fetch_many(query)
            }

            fn fetch_optional<'e, 'q: 'e, E: 'q + Execute<'q, Self>>(
                on: &'e mut Self::Connection,
                query: E,
            ) -> Found<'e, Self> {
                on.fetch_optional(query)
            }

            fn prepare<'e>(
                on: &'e mut Self::Connection,
                sql: SqlStr,
                types: &'e [Self::TypeInfo],
            ) -> Prepared<'e, Self> {
                on.prepare_with(sql, types)
            }

            fn describe(on: &mut Self::Connection, sql: SqlStr) -> Described<'_, Self> {
                on.describe(sql)
            }
        }
    };
}

serves!(Sqlite, "begin immediate");
serves!(Postgres, "begin; set local idle_in_transaction_session_timeout = '5s'");

/// How long giving up a transaction may take before its connection is closed instead.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a place for writing is waited for.
const PLACE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer that nobody waits for may keep its place.
const HEAR_OUT_MAX: Duration = Duration::from_mins(5);

/// From when on connections lead to the server that is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub since: Instant,
    /// Whether what is under way would never end: on a server that fell silent, or is not the one that is asked. One that was started again has
    /// ended everything itself.
    pub cuts: bool,
}

/// Tells of turns.
pub(super) type Turns = watch::Receiver<Turn>;

/// A pool of connections.
pub struct Lender<DB: Database> {
    pool: Pool<DB>,
    /// How a transaction begins.
    begin: &'static str,
    by_transaction: bool,
    /// None where there is no other server.
    turns: Option<Turns>,
    /// How many may be lent at once; none where the pool's own number is what counts.
    places: Option<Arc<Semaphore>>,
}

/// A connection on loan; ends its transaction, if it has one, when it is dropped.
pub struct Lent<DB: Database> {
    /// None once it is being given back.
    connection: Option<PoolConnection<DB>>,
    by_transaction: bool,
    is_open: bool,
    turns: Option<Turns>,
    /// A statement has begun and not ended.
    is_busy: AtomicBool,
    place: Option<OwnedSemaphorePermit>,
    /// What becomes of a connection whose transaction is still open.
    give_up: fn(PoolConnection<DB>),
    /// And of one whose server has not answered yet.
    hear_out: fn(PoolConnection<DB>, Turns, Option<OwnedSemaphorePermit>),
}

/// A transaction: what was done in it is undone unless it is committed.
pub struct Tx<DB: Database>(Lent<DB>);

/// A statement that is prepared for this once only.
struct Unnamed<E>(E);

impl<DB: Database> Clone for Lender<DB> {
    fn clone(&self) -> Self {
        let (pool, turns, places) = (self.pool.clone(), self.turns.clone(), self.places.clone());
        Self { pool, turns, places, ..*self }
    }
}

impl<DB: Database> Lender<DB> {
    pub(super) fn new(pool: Pool<DB>, begin: &'static str, by_transaction: bool) -> Self {
        Self { pool, begin, by_transaction, turns: None, places: None }
    }

    /// What is under way at a turn that cuts ends then with an error.
    pub(super) fn cut_at(self, turns: Turns) -> Self {
        Self { turns: Some(turns), ..self }
    }

    /// At most so many are lent at once, so that others who share the pool get some too.
    pub(super) fn at_most(self, places: usize) -> Self {
        Self { places: Some(Arc::new(Semaphore::new(places))), ..self }
    }

    pub(super) fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// Whether a connection is the same server's from one transaction to the next.
    pub(super) fn keeps_sessions(&self) -> bool {
        !self.by_transaction
    }

    pub(super) async fn acquire(&self) -> sqlx::Result<PoolConnection<DB>> {
        self.pool.acquire().await
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl<DB: Serves> Lender<DB> {
    async fn lend(&self) -> sqlx::Result<Lent<DB>> {
        let place = match &self.places {
            Some(places) => Some(
                tokio::time::timeout(PLACE_TIMEOUT, Arc::clone(places).acquire_owned())
                    .await
                    .map_err(|_| sqlx::Error::PoolTimedOut)?
                    .map_err(|_| sqlx::Error::PoolClosed)?,
            ),
            None => None,
        };
        let mut turns = self.turns.clone();
        // Before: a turn in between is one that this connection may not know.
        turns.iter_mut().for_each(Turns::mark_unchanged);
        Ok(Lent {
            turns,
            place,
            connection: Some(self.pool.acquire().await?),
            by_transaction: self.by_transaction,
            is_open: false,
            is_busy: AtomicBool::new(false),
            give_up: |connection| drop(tokio::spawn(give_up(connection))),
            hear_out: |connection, turns, place| drop(tokio::spawn(hear_out(connection, turns, place))),
        })
    }

    /// For one statement.
    async fn lend_once(&self) -> sqlx::Result<Lent<DB>> {
        let mut lent = self.lend().await?;
        if self.by_transaction {
            lent.begin("begin").await?;
        }
        Ok(lent)
    }

    /// A transaction whose steps follow each other at once. On PostgreSQL it is given up when none comes for some seconds: a node that stands
    /// still, or whose network is gone, would keep what it has locked for as long, and all others waiting.
    pub(super) async fn begin_briefly(&self) -> sqlx::Result<Tx<DB>> {
        let mut lent = self.lend().await?;
        lent.begin(DB::BEGIN_BRIEFLY).await?;
        Ok(Tx(lent))
    }

    pub(super) async fn begin(&self) -> sqlx::Result<Tx<DB>> {
        let mut lent = self.lend().await?;
        lent.begin(self.begin).await?;
        Ok(Tx(lent))
    }
}

impl<DB: Serves> Lent<DB> {
    async fn begin(&mut self, begin: &'static str) -> sqlx::Result<()> {
        self.is_open = true;
        self.execute(begin).await.map(drop)
    }

    async fn end(&mut self, end: &'static str) -> sqlx::Result<()> {
        if self.is_open {
            self.execute(end).await?;
            self.is_open = false;
        }
        Ok(())
    }
}

impl<DB: Database> Lent<DB> {
    /// The connection itself, for what is no statement.
    pub(super) fn raw(&mut self) -> sqlx::Result<&mut DB::Connection> {
        self.parts().map(|(connection, ..)| connection)
    }

    fn parts(&mut self) -> sqlx::Result<(&mut DB::Connection, &AtomicBool, &mut Option<Turns>)> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        Ok((connection, &self.is_busy, &mut self.turns))
    }
}

impl<DB: Serves> Tx<DB> {
    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        self.0.end("commit").await
    }

    pub(super) async fn rollback(mut self) -> sqlx::Result<()> {
        self.0.end("rollback").await
    }
}

impl<DB: Database> Drop for Lent<DB> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if *self.is_busy.get_mut() {
            connection.close_on_drop();
            if let Some(turns) = self.turns.take() {
                (self.hear_out)(connection, turns, self.place.take());
            }
        } else if self.is_open {
            (self.give_up)(connection);
        }
    }
}

async fn give_up<DB: Serves>(mut connection: PoolConnection<DB>) {
    let rollback = DB::fetch_optional(&mut connection, "rollback");
    if !matches!(tokio::time::timeout(ROLLBACK_TIMEOUT, rollback).await, Ok(Ok(_))) {
        connection.close_on_drop();
    }
}

/// Keeps the place of a connection that will be closed until its server has answered, or is not the one that is asked any more.
async fn hear_out<DB: Serves>(mut connection: PoolConnection<DB>, turns: Turns, place: Option<OwnedSemaphorePermit>) {
    let mut turns = Some(turns);
    // The driver takes in what it is still owed before it asks anything.
    let answered = DB::fetch_optional(&mut connection, "select 1");
    tokio::select! {
        _ = answered => {}
        _ = turned(&mut turns) => {}
        () = tokio::time::sleep(HEAR_OUT_MAX) => {}
    }
    drop((connection, place));
}

impl<DB: Database> Deref for Tx<DB> {
    type Target = Lent<DB>;

    fn deref(&self) -> &Lent<DB> {
        &self.0
    }
}

impl<DB: Database> DerefMut for Tx<DB> {
    fn deref_mut(&mut self) -> &mut Lent<DB> {
        &mut self.0
    }
}

impl<DB: Database> Debug for Lent<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("is_open", &self.is_open).finish_non_exhaustive()
    }
}

impl<DB: Database> Debug for Lender<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lender").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl<'q, DB: Database, E: Execute<'q, DB>> Execute<'q, DB> for Unnamed<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.0.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}

/// Waits for a turn that cuts, and says then what became of a statement on the server before.
async fn turned(turns: &mut Option<Turns>) -> sqlx::Error {
    while let Some(told) = turns {
        match told.changed().await {
            Ok(()) if told.borrow().cuts => {
                // The one before is not waited for in any way.
                *turns = None;
                let gone = std::io::ErrorKind::ConnectionAborted;
                return std::io::Error::new(gone, "the server that was asked does not answer any more").into();
            }
            Ok(()) => {}
            // Nobody turns any more.
            Err(_) => break,
        }
    }
    std::future::pending().await
}

/// The server has answered: with all there is, or with an error that it tells itself.
fn has_ended<T>(answer: &sqlx::Result<T>) -> bool {
    matches!(answer, Ok(_) | Err(sqlx::Error::Database(_)))
}

impl<'c, DB: Serves> Executor<'c> for &'c mut Lent<DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Pieces<'e, DB>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let by_transaction = self.by_transaction;
        let (connection, is_busy, turns) = match self.parts() {
            Ok(parts) => parts,
            Err(error) => return stream::once(async { Err(error) }).boxed(),
        };
        is_busy.store(true, Ordering::Relaxed);
        let pieces =
            if by_transaction { DB::fetch_many(connection, Unnamed(query)) } else { DB::fetch_many(connection, query) };
        let (mut pieces, mut turned) = (pieces, turned(turns).boxed().fuse());
        let pieces = stream::poll_fn(move |context| match pieces.poll_next_unpin(context) {
            Poll::Pending => turned.poll_unpin(context).map(|error| Some(Err(error))),
            ready @ Poll::Ready(_) => ready,
        });
        let heard = pieces.inspect(move |piece| {
            if piece.is_err() && has_ended(piece) {
                is_busy.store(false, Ordering::Relaxed);
            }
        });
        let end = stream::poll_fn(move |_| {
            is_busy.store(false, Ordering::Relaxed);
            Poll::Ready(None)
        });
        heard.chain(end).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Found<'e, DB>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        async move {
            let by_transaction = self.by_transaction;
            let (connection, is_busy, turns) = self.parts()?;
            is_busy.store(true, Ordering::Relaxed);
            let answer = if by_transaction {
                DB::fetch_optional(connection, Unnamed(query))
            } else {
                DB::fetch_optional(connection, query)
            };
            let found = tokio::select! {
                biased;
                found = answer => found,
                error = turned(turns) => Err(error),
            };
            is_busy.store(!has_ended(&found), Ordering::Relaxed);
            found
        }
        .boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [DB::TypeInfo]) -> Prepared<'e, DB>
    where
        'c: 'e,
    {
        async move { DB::prepare(self.parts()?.0, sql, parameters).await }.boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> Described<'e, DB>
    where
        'c: 'e,
    {
        async move { DB::describe(self.parts()?.0, sql).await }.boxed()
    }
}

impl<'c, DB: Serves> Executor<'c> for &'c Lender<DB> {
    type Database = DB;

    /// Gathers all pieces before it gives the first; what is long is read in a transaction.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Pieces<'e, DB>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let pieces = async move {
            let mut lent = self.lend_once().await?;
            let pieces: Vec<_> = lent.fetch_many(query).try_collect().await?;
            lent.end("commit").await?;
            Ok::<_, sqlx::Error>(stream::iter(pieces.into_iter().map(Ok)))
        };
        stream::once(pieces).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Found<'e, DB>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        async move {
            let mut lent = self.lend_once().await?;
            let found = lent.fetch_optional(query).await?;
            lent.end("commit").await?;
            Ok(found)
        }
        .boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [DB::TypeInfo]) -> Prepared<'e, DB>
    where
        'c: 'e,
    {
        async move { self.lend().await?.prepare_with(sql, parameters).await }.boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> Described<'e, DB>
    where
        'c: 'e,
    {
        async move { self.lend().await?.describe(sql).await }.boxed()
    }
}
