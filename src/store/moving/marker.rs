//! The note that a database is being moved into: from where, and how far. It is a table of its own that is there for as long as that
//! lasts; meanwhile nobody else opens the database, so nobody serves the half of it.

use super::super::sql::on;
use super::super::{Result, Store, StoreError};
use super::rows::{Link, Value};
use super::tables::{Kind, TABLES, Table};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

// Not among the statements that a test prepares on every database: the table is there during a move alone.
const MAKE: &str = "create table moving (name text primary key, value text not null)";
const GET: &str = "select value from moving where name = $1";
const FORGET_TABLES: &str = "delete from moving where name not in ('source', 'ahead')";
const DROP: &str = "drop table moving";
/// Notes something.
pub(super) const PUT: &str =
    "insert into moving (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";
const IS_THERE_SQLITE: &str = "select count(*) from sqlite_schema where name = 'moving'";
const IS_THERE_POSTGRES: &str = "select count(to_regclass('moving'))";

/// Under this name stands where the rows come from.
pub(super) const SOURCE: &str = "source";
/// Under this name something stands once a first pass is through.
pub(super) const AHEAD: &str = "ahead";

impl Store {
    /// Where the rows come from that are being moved into this database; `None` when there is no such move.
    pub(in crate::store) async fn moved_from(&self) -> Result<Option<String>> {
        let there: i64 = match self {
            Self::Sqlite(pools) => sqlx::query_scalar(IS_THERE_SQLITE).fetch_one(&pools.read).await?,
            Self::Postgres(pools) => sqlx::query_scalar(IS_THERE_POSTGRES).fetch_one(&pools.read).await?,
        };
        if there == 0 {
            return Ok(None);
        }
        Ok(Some(self.noted(SOURCE).await?.unwrap_or_default()))
    }

    /// Begins the note of a move, in an empty database.
    pub(super) async fn note_move(&self, source: &str) -> Result<()> {
        on!(self, |pools, _dialect| {
            let mut tx = pools.write.begin().await?;
            sqlx::query(MAKE).execute(&mut *tx).await?;
            sqlx::query(PUT).bind(SOURCE).bind(source).execute(&mut *tx).await?;
            Ok(tx.commit().await?)
        })
    }

    pub(super) async fn noted(&self, name: &str) -> Result<Option<String>> {
        on!(self, |pools, _dialect| Ok(sqlx::query_scalar(GET).bind(name).fetch_optional(&pools.read).await?))
    }

    /// Notes that a first pass is through.
    pub(super) async fn note_ahead(&self) -> Result<()> {
        on!(self, |pools, _dialect| {
            let mut tx = pools.write.begin().await?;
            sqlx::query(FORGET_TABLES).execute(&mut *tx).await?;
            sqlx::query(PUT).bind(AHEAD).bind("through").execute(&mut *tx).await?;
            Ok(tx.commit().await?)
        })
    }

    /// The move is done: whoever wants to may use the database.
    pub(super) async fn forget_move(&self) -> Result<()> {
        on!(self, |pools, _dialect| {
            sqlx::query(DROP).execute(&pools.write).await?;
            Ok(())
        })
    }

    /// Whether there is nothing in it but what every new database has.
    pub(super) async fn is_empty(&self) -> Result<bool> {
        let mut link = Link::snapshot(self).await?;
        let mut found = link.number("select value from generation").await?;
        for table in TABLES.iter().filter(|table| table.name != "generation") {
            found +=
                link.number(&format!("select count(*) from (select 1 from {} limit 1) one_row", table.name)).await?;
        }
        link.end().await?;
        Ok(found == 0)
    }

    /// Sets what gives the next number of a table behind a number that was given.
    pub(super) async fn number_behind(&self, table: &'static Table, last: i64) -> Result<()> {
        let (name, column) = (table.name, table.columns[0].0);
        match self {
            Self::Sqlite(pools) => {
                // A table without such a row has no numbers that must never come twice, or none yet.
                const LATER: &str = "update sqlite_sequence set seq = max(seq, $2) where name = $1";
                const FIRST: &str = "insert into sqlite_sequence (name, seq) select $1, $2
                    where not exists (select 1 from sqlite_sequence where name = $1)
                      and exists (select 1 from sqlite_schema where name = $1 and sql like '%autoincrement%')";
                let mut tx = pools.write.begin().await?;
                sqlx::query(LATER).bind(name).bind(last).execute(&mut *tx).await?;
                sqlx::query(FIRST).bind(name).bind(last).execute(&mut *tx).await?;
                Ok(tx.commit().await?)
            }
            Self::Postgres(pools) if last > 0 => {
                let set = format!("select setval(pg_get_serial_sequence('{name}', '{column}'), $1, true)");
                sqlx::query(AssertSqlSafe(set)).bind(last).execute(&pools.write).await?;
                Ok(())
            }
            Self::Postgres(_) => Ok(()),
        }
    }
}

impl Link {
    /// The last number that a table has given, also one whose row is gone.
    pub(super) async fn last_number(&mut self, table: &'static Table) -> Result<i64> {
        let (name, column) = (table.name, table.columns[0].0);
        let largest = self.number(&format!("select max({column}) from {name}")).await?;
        let given = match self {
            Self::Sqlite(_) => self.number(&format!("select seq from sqlite_sequence where name = '{name}'")).await?,
            Self::Postgres(tx) => {
                let which = format!("select pg_get_serial_sequence('{name}', '{column}')");
                let which: String = sqlx::query_scalar(AssertSqlSafe(which)).fetch_one(&mut **tx).await?;
                let given = format!("select case when is_called then last_value else last_value - 1 end from {which}");
                self.number(&given).await?
            }
        };
        Ok(largest.max(given))
    }
}

/// A key as it is noted.
pub(super) fn written(key: &[Value]) -> Result<String> {
    let cells = key.iter().map(|cell| match cell {
        Value::Whole(number) => Ok(serde_json::Value::from(*number)),
        Value::Id(id) => Ok(serde_json::Value::from(id.to_string())),
        Value::Text(text) => Ok(serde_json::Value::from(text.as_str())),
        _ => Err(StoreError::Corrupt { table: "moving" }),
    });
    super::super::json(&cells.collect::<Result<Vec<_>>>()?)
}

/// The key that was noted.
pub(super) fn read(table: &'static Table, written: &str) -> Result<Vec<Value>> {
    let unreadable = || StoreError::Corrupt { table: "moving" };
    let cells: Vec<serde_json::Value> = serde_json::from_str(written).map_err(|_| unreadable())?;
    let cells = cells.iter().zip(table.key_columns()).map(|(cell, (_, kind))| match kind {
        Kind::Whole => cell.as_i64().map(Value::Whole),
        Kind::Id => cell.as_str().and_then(|text| Uuid::parse_str(text).ok()).map(Value::Id),
        Kind::Text => cell.as_str().map(|text| Value::Text(text.into())),
        Kind::Real | Kind::Bytes => None,
    });
    cells.collect::<Option<Vec<_>>>().filter(|cells| cells.len() == table.key).ok_or_else(unreadable)
}
