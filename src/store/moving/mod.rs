//! Moving everything from one database to another, of the same kind or the other one, while the first is in use.
//!
//! A first pass copies as of one moment, holding nobody up; it goes on where it was broken off. Then the writers of the source are held,
//! readers are not, and a second pass mends what has changed meanwhile; then both are read once more and compared, table by table, by
//! count and by hash. Until that is done, the target has a note that nobody but the same move opens it ([`marker`]).
//!
//! Refuses a target that holds anything else, and to judge what the rows mean.

mod files;
mod hold;
mod marker;
mod mirror;
mod rows;
mod tables;
mod write;

use super::{Result, Store, StoreError};
use marker::AHEAD;
use rows::Link;
use sqlx::AssertSqlSafe;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use files::Copied;
pub use hold::Held;
pub use rows::Fingerprint;
pub use tables::{Kind, NOT_COPIED, TABLES, Table};

/// How far a pass has come; read by whoever shows it.
#[derive(Default)]
pub struct Progress {
    /// Rows to be looked at, about.
    pub total: AtomicU64,
    /// Rows that were.
    pub done: AtomicU64,
    table: AtomicUsize,
}

impl Progress {
    /// The table that is being looked at.
    #[must_use]
    pub fn table(&self) -> &'static str {
        TABLES.get(self.table.load(Ordering::Relaxed)).map_or("", |table| table.name)
    }

    fn seen(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn begin(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
    }
}

/// One table on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Its name.
    pub table: &'static str,
    /// In the source.
    pub from: Fingerprint,
    /// In the target.
    pub to: Fingerprint,
}

impl Compared {
    /// Whether both hold the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.from == self.to
    }
}

/// One move.
pub struct Move<'a> {
    source: &'a Store,
    target: &'a Store,
    progress: &'a Progress,
}

impl<'a> Move<'a> {
    /// Begins a move into an empty database, or goes on with the same move; `from` is how the source is known.
    ///
    /// # Errors
    /// When the target holds something else, or a database does not answer.
    pub async fn begin(source: &'a Store, target: &'a Store, from: &str, progress: &'a Progress) -> Result<Self> {
        match target.moved_from().await? {
            Some(same) if same == from => {}
            Some(other) => {
                return Err(StoreError::Unfit(format!(
                    "a move from {other} into this database was begun; finish that one, or begin with an empty database"
                )));
            }
            None if target.is_empty().await? => target.note_move(from).await?,
            None => {
                return Err(StoreError::Unfit(
                    "the database to move to is not empty, and nothing in it is overwritten; name an empty one".into(),
                ));
            }
        }
        Ok(Self { source, target, progress })
    }

    /// Whether a first pass is through.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_ahead(&self) -> Result<bool> {
        Ok(self.target.noted(AHEAD).await?.is_some())
    }

    /// The first pass: everything as of one moment, while the source is in full use.
    ///
    /// # Errors
    /// When a database does not answer or does not take a row; what was copied before that stays.
    pub async fn go_ahead(&self) -> Result<()> {
        let mut source = Link::snapshot(self.source).await?;
        self.pass(&mut source, !self.is_ahead().await?).await?;
        source.end().await?;
        self.target.note_ahead().await
    }

    /// Holds whoever writes to the source, until what this gives is let go. Reading goes on.
    ///
    /// # Errors
    /// When a writer does not end what it has begun.
    pub async fn hold(&self) -> Result<Held> {
        Held::take(self.source).await
    }

    /// The second pass, and the comparison.
    ///
    /// # Errors
    /// As [`Move::go_ahead`].
    pub async fn catch_up(&self, held: &mut Held) -> Result<Vec<Compared>> {
        self.finish(&mut held.0).await
    }

    /// Everything as of one moment, in one pass, and the comparison.
    ///
    /// # Errors
    /// As [`Move::go_ahead`].
    pub async fn copy(&self) -> Result<Vec<Compared>> {
        let mut source = Link::snapshot(self.source).await?;
        let compared = self.finish(&mut source).await?;
        source.end().await?;
        Ok(compared)
    }

    /// The move is done: the target may be opened by whoever wants to.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn end(self) -> Result<()> {
        self.target.forget_move().await
    }

    async fn finish(&self, source: &mut Link) -> Result<Vec<Compared>> {
        let from = self.pass(source, false).await?;
        for table in TABLES.iter().filter(|table| table.numbered) {
            let last = source.last_number(table).await?;
            self.target.number_behind(table, last).await?;
        }
        if let Store::Postgres(pools) = self.target {
            // The planner knows nothing of tables that were just filled.
            let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
            let analyze = format!("analyze {}", names.join(", "));
            sqlx::query(AssertSqlSafe(analyze)).execute(&pools.write).await?;
        }
        let mut target = Link::snapshot(self.target).await?;
        let to = digests(&mut target, self.progress).await?;
        target.end().await?;
        Ok(compared(from, to))
    }

    /// Makes every table what it is in the source; with `notes`, the large ones from where the last try was broken off.
    async fn pass(&self, source: &mut Link, notes: bool) -> Result<Vec<Fingerprint>> {
        self.progress.begin(count(source).await?);
        let mut prints = Vec::with_capacity(TABLES.len());
        for (at, table) in TABLES.iter().enumerate() {
            self.progress.table.store(at, Ordering::Relaxed);
            let notes = notes && table.life != tables::Life::Parent;
            prints.push(mirror::mirror(source, self.target, table, notes, self.progress).await?);
        }
        Ok(prints)
    }
}

/// Compares two databases, each as of one moment.
///
/// # Errors
/// When one does not answer.
pub async fn compare(from: &Store, to: &Store, progress: &Progress) -> Result<Vec<Compared>> {
    let (mut one, mut other) = (Link::snapshot(from).await?, Link::snapshot(to).await?);
    let prints = digests(&mut one, progress).await?;
    let compared = compared(prints, digests(&mut other, progress).await?);
    one.end().await?;
    other.end().await?;
    Ok(compared)
}

fn compared(from: Vec<Fingerprint>, to: Vec<Fingerprint>) -> Vec<Compared> {
    let sides = from.into_iter().zip(to);
    TABLES.iter().zip(sides).map(|(table, (from, to))| Compared { table: table.name, from, to }).collect()
}

async fn digests(link: &mut Link, progress: &Progress) -> Result<Vec<Fingerprint>> {
    progress.begin(count(link).await?);
    let mut prints = Vec::with_capacity(TABLES.len());
    for (at, table) in TABLES.iter().enumerate() {
        progress.table.store(at, Ordering::Relaxed);
        prints.push(link.digest(table, || progress.seen()).await?);
    }
    Ok(prints)
}

/// Rows of all tables.
async fn count(link: &mut Link) -> Result<u64> {
    let mut count = 0;
    for table in &TABLES {
        count += link.number(&format!("select count(*) from {}", table.name)).await?;
    }
    Ok(u64::try_from(count).unwrap_or(0))
}

impl Store {
    /// How a database is known to a move that goes on later: where it is, without whoever opens it.
    ///
    /// # Errors
    /// When an SQLite file has no such name.
    pub async fn known_as(&self) -> Result<String> {
        match self {
            Self::Sqlite(pools) => {
                let file: String = sqlx::query_scalar("select file from pragma_database_list where name = 'main'")
                    .fetch_one(&pools.read)
                    .await?;
                Ok(format!("sqlite:{file}"))
            }
            Self::Postgres(pools) => {
                let options = pools.write.pool().connect_options();
                let name: String = sqlx::query_scalar("select current_database()").fetch_one(&pools.read).await?;
                Ok(format!("postgres://{}:{}/{name}", options.get_host(), options.get_port()))
            }
        }
    }

    /// Reads every row of every table.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) async fn read_all(&self) -> Result<Vec<Fingerprint>> {
        let mut link = Link::snapshot(self).await?;
        let prints = digests(&mut link, &Progress::default()).await?;
        link.end().await?;
        Ok(prints)
    }
}
