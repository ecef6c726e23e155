//! Rows on their way from one database to another: read in the order of their keys, as values that mean the same on both, and the
//! canonical bytes that a table's hash is made of.
//!
//! Refuses to write them, and to hold more than one of them.

use super::super::audit::KEEP_WHOLE;
use super::super::pool::Tx;
use super::super::sql::Dialect;
use super::super::{Result, Store, StoreError};
use super::tables::{Kind, Table};
use futures_util::TryStreamExt;
use futures_util::stream::{BoxStream, StreamExt};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Postgres, Row as _, Sqlite};
use uuid::Uuid;

/// One cell. The order is that of both databases, for the columns of keys.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Value {
    Null,
    Whole(i64),
    Real(f64),
    Id(Uuid),
    Text(String),
    Bytes(Vec<u8>),
}

/// The cells of one row, as [`Table::columns`] names them.
pub(super) type Row = Vec<Value>;

/// A connection within a transaction, on either database.
pub(super) enum Link {
    Sqlite(Tx<Sqlite>),
    Postgres(Tx<Postgres>),
}

impl Link {
    /// Reads everything as of one moment, and holds nobody up.
    pub async fn snapshot(store: &Store) -> Result<Self> {
        let mut link = match store {
            Store::Sqlite(pools) => Self::Sqlite(pools.read.begin().await?),
            Store::Postgres(pools) => {
                let mut tx = pools.read.begin().await?;
                last_long(&mut tx).await?;
                sqlx::query(KEEP_WHOLE.on(Dialect::Postgres)).execute(&mut *tx).await?;
                Self::Postgres(tx)
            }
        };
        // The moment is that of the first reading.
        link.number("select value from generation").await?;
        Ok(link)
    }

    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// One number; 0 where there is none.
    pub async fn number(&mut self, sql: &str) -> Result<i64> {
        let query = AssertSqlSafe(sql.to_string());
        let number: Option<Option<i64>> = match self {
            Self::Sqlite(tx) => sqlx::query_scalar(query).fetch_optional(&mut **tx).await?,
            Self::Postgres(tx) => sqlx::query_scalar(query).fetch_optional(&mut **tx).await?,
        };
        Ok(number.flatten().unwrap_or(0))
    }

    /// All rows of a table in the order of its key, or those behind a key.
    pub fn rows<'a>(
        &'a mut self,
        table: &'static Table,
        after: Option<&[Value]>,
    ) -> Result<BoxStream<'a, Result<Row>>> {
        let statement = table.select(self.dialect(), after.is_some());
        self.run(table, after, statement)
    }

    /// Whether there are none.
    pub async fn is_bare(&mut self, table: &'static Table, after: Option<&[Value]>) -> Result<bool> {
        let one = format!("{} limit 1", table.select(self.dialect(), after.is_some()));
        let rows: Vec<Row> = self.run(table, after, one)?.try_collect().await?;
        Ok(rows.is_empty())
    }

    fn run<'a>(
        &'a mut self,
        table: &'static Table,
        after: Option<&[Value]>,
        statement: String,
    ) -> Result<BoxStream<'a, Result<Row>>> {
        let statement = AssertSqlSafe(statement);
        let key = after.unwrap_or_default();
        match self {
            Self::Sqlite(tx) => {
                let mut arguments = SqliteArguments::default();
                bind!(arguments, table.key_columns(), key);
                let rows = sqlx::query_with(statement, arguments).fetch(&mut **tx);
                Ok(rows.map(move |row| read_sqlite(table, &row?)).boxed())
            }
            Self::Postgres(tx) => {
                let mut arguments = PgArguments::default();
                bind!(arguments, table.key_columns(), key);
                let rows = sqlx::query_with(statement, arguments).fetch(&mut **tx);
                Ok(rows.map(move |row| read_postgres(table, &row?)).boxed())
            }
        }
    }

    /// A table's rows and hash.
    pub async fn digest(&mut self, table: &'static Table, mut seen: impl FnMut()) -> Result<Fingerprint> {
        let mut rows = self.rows(table, None)?;
        let mut print = Print::default();
        while let Some(row) = rows.try_next().await? {
            print.add(&row);
            seen();
        }
        Ok(print.finish())
    }

    /// Lets go; nothing was written.
    pub async fn end(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => Ok(tx.rollback().await?),
            Self::Postgres(tx) => Ok(tx.rollback().await?),
        }
    }
}

/// Lets a transaction of PostgreSQL last as long as it takes, whatever limits others have.
pub(super) async fn last_long(tx: &mut Tx<Postgres>) -> sqlx::Result<()> {
    for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
        sqlx::query("select set_config($1, '0', true)").bind(setting).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Adds cells to the arguments of a statement, each as its column's kind.
macro_rules! bind {
    ($arguments:ident, $columns:expr, $cells:expr) => {
        for (cell, (_, kind)) in $cells.iter().zip($columns) {
            use $crate::store::moving::rows::Value;
            use $crate::store::moving::tables::Kind;
            let added = match (cell, kind) {
                (Value::Whole(value), _) => $arguments.add(*value),
                (Value::Real(value), _) => $arguments.add(*value),
                (Value::Id(value), _) => $arguments.add(*value),
                (Value::Text(value), _) => $arguments.add(value.as_str()),
                (Value::Bytes(value), _) => $arguments.add(value.as_slice()),
                (Value::Null, Kind::Whole) => $arguments.add(None::<i64>),
                (Value::Null, Kind::Real) => $arguments.add(None::<f64>),
                (Value::Null, Kind::Id) => $arguments.add(None::<uuid::Uuid>),
                (Value::Null, Kind::Text) => $arguments.add(None::<&str>),
                (Value::Null, Kind::Bytes) => $arguments.add(None::<&[u8]>),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
    };
}
use bind;
pub(super) use bind as bind_cells;

/// Reads a row of one database.
macro_rules! reader {
    ($name:ident, $row:ty) => {
        fn $name(table: &'static Table, row: &$row) -> Result<Row> {
            let cell = |(at, (_, kind)): (usize, &(&str, Kind))| -> sqlx::Result<Value> {
                Ok(match kind {
                    Kind::Whole => row.try_get::<Option<i64>, _>(at)?.map_or(Value::Null, Value::Whole),
                    Kind::Real => row.try_get::<Option<f64>, _>(at)?.map_or(Value::Null, Value::Real),
                    Kind::Id => row.try_get::<Option<Uuid>, _>(at)?.map_or(Value::Null, Value::Id),
                    Kind::Text => row.try_get::<Option<String>, _>(at)?.map_or(Value::Null, Value::Text),
                    Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(at)?.map_or(Value::Null, Value::Bytes),
                })
            };
            let cells = table.columns.iter().enumerate().map(cell).collect::<sqlx::Result<Row>>();
            cells.map_err(|error| match error {
                sqlx::Error::ColumnDecode { .. } => StoreError::Corrupt { table: table.name },
                other => other.into(),
            })
        }
    };
}
reader!(read_sqlite, SqliteRow);
reader!(read_postgres, PgRow);

impl Value {
    /// What the cell takes in a message, about.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len() + 8,
            Self::Bytes(bytes) => bytes.len() + 8,
            _ => 12,
        }
    }

    /// The cell's canonical bytes: the same on both databases, and no two cells have the same.
    fn canonical(&self, into: &mut Vec<u8>) {
        let mut sized = |tag: u8, bytes: &[u8]| {
            into.push(tag);
            into.extend((bytes.len() as u64).to_be_bytes());
            into.extend(bytes);
        };
        match self {
            Self::Null => sized(0, &[]),
            Self::Whole(value) => sized(1, &value.to_be_bytes()),
            // There is one zero: SQLite does not keep the sign of the other.
            Self::Real(value) => sized(2, &(value + 0.0).to_bits().to_be_bytes()),
            Self::Id(value) => sized(3, value.as_bytes()),
            Self::Text(value) => sized(4, value.as_bytes()),
            Self::Bytes(value) => sized(5, value),
        }
    }
}

/// What a table holds, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over the canonical bytes of all rows in the order of their keys, hexadecimal.
    pub sha256: String,
}

/// A fingerprint that is being taken.
#[derive(Default)]
pub(super) struct Print {
    rows: u64,
    hash: Sha256,
    buffer: Vec<u8>,
}

impl Print {
    pub fn add(&mut self, row: &[Value]) {
        self.buffer.clear();
        for cell in row {
            cell.canonical(&mut self.buffer);
        }
        self.hash.update(&self.buffer);
        self.rows += 1;
    }

    pub fn finish(self) -> Fingerprint {
        Fingerprint { rows: self.rows, sha256: hex::encode(self.hash.finalize()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(rows: &[&[Value]]) -> String {
        let mut print = Print::default();
        for row in rows {
            print.add(row);
        }
        print.finish().sha256
    }

    #[test]
    fn a_hash_tells_every_difference_but_the_sign_of_zero() {
        let text = |text: &str| Value::Text(text.into());
        let one: &[Value] = &[text("ab"), text("c"), Value::Real(0.0)];
        assert_eq!(print(&[one]), print(&[&[text("ab"), text("c"), Value::Real(-0.0)]]));
        let others: [&[Value]; 5] = [
            &[text("a"), text("bc"), Value::Real(0.0)],
            &[text("ab"), Value::Bytes(b"c".to_vec()), Value::Real(0.0)],
            &[text("ab"), text("c"), Value::Whole(0)],
            &[text("ab"), text("c"), Value::Null],
            &[text("ab"), text("c"), Value::Real(f64::MIN_POSITIVE)],
        ];
        for other in others {
            assert_ne!(print(&[one]), print(&[other]), "{other:?}");
            assert_ne!(print(&[one, other]), print(&[other, one]), "the order of {other:?}");
        }
    }
}
