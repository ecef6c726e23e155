//! Bringing changes into the database that a move goes to: several megabytes in one transaction, together with the note of how far it
//! has come.
//!
//! Refuses to find out what is to be done: [`super::mirror`] does that.

use super::super::pool::Lent;
use super::super::sql::{Dialect, on};
use super::super::{Result, Store, StoreError};
use super::marker::PUT;
use super::rows::{Row, Value, bind_cells};
use super::tables::Table;
use bytes::BufMut;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Postgres, Sqlite};

/// Bytes of one transaction, about.
const BATCH_BYTES: usize = 4 * 1_024 * 1_024;
/// Rows of one statement; those that are left over go one by one, so that there are two statements to prepare.
const TOGETHER: usize = 64;
/// How a stream of PostgreSQL's binary format begins: its signature, no flags, no extension.
const COPY_BEGINS: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What is to be done to one table.
#[derive(Default)]
pub(super) struct Batch {
    /// Keys of rows that the source does not have.
    pub gone: Vec<Row>,
    /// Rows that are there and differ.
    pub changed: Vec<Row>,
    /// Rows that are not there.
    pub new: Vec<Row>,
    pub(super) bytes: usize,
}

impl Batch {
    /// Counts a row in, and gives it back.
    pub fn weigh(&mut self, row: Row) -> Row {
        self.bytes += row.iter().map(Value::bytes).sum::<usize>();
        row
    }

    pub fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.changed.is_empty() && self.new.is_empty()
    }
}

/// Does it, and notes `come_to` under the table's name, in one transaction.
pub(super) async fn apply(store: &Store, table: &'static Table, batch: &Batch, come_to: Option<&str>) -> Result<()> {
    on!(store, |pools, dialect| {
        let mut tx = pools.write.begin().await?;
        tx.in_parts(&batch.gone, table.key, |rows| table.delete(rows), table).await?;
        tx.in_parts(&batch.changed, table.columns.len(), |rows| table.insert(dialect, rows, true), table).await?;
        tx.add(table, &batch.new).await?;
        if let Some(key) = come_to {
            sqlx::query(PUT).bind(table.name).bind(key).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    })
}

/// A connection that takes the rows of any table.
trait Takes {
    /// Runs a statement on rows, many at a time; `width` cells of each.
    async fn in_parts(
        &mut self,
        rows: &[Row],
        width: usize,
        statement: impl Fn(usize) -> String,
        table: &'static Table,
    ) -> Result<()>;

    /// Adds rows that are not there yet.
    async fn add(&mut self, table: &'static Table, rows: &[Row]) -> Result<()>;
}

/// Parts of [`TOGETHER`] rows, then single ones.
fn parts(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    let whole = rows.chunks_exact(TOGETHER);
    let rest = whole.remainder().chunks(1);
    whole.chain(rest)
}

macro_rules! in_parts {
    ($arguments:ty) => {
        async fn in_parts(
            &mut self,
            rows: &[Row],
            width: usize,
            statement: impl Fn(usize) -> String,
            table: &'static Table,
        ) -> Result<()> {
            for part in parts(rows) {
                let mut arguments = <$arguments>::default();
                for row in part {
                    bind_cells!(arguments, table.columns, row[..width]);
                }
                let query = sqlx::query_with(AssertSqlSafe(statement(part.len())), arguments);
                query.execute(&mut *self).await?;
            }
            Ok(())
        }
    };
}

impl Takes for Lent<Sqlite> {
    in_parts!(SqliteArguments);

    async fn add(&mut self, table: &'static Table, rows: &[Row]) -> Result<()> {
        let statement = |rows| table.insert(Dialect::Sqlite, rows, false);
        self.in_parts(rows, table.columns.len(), statement, table).await
    }
}

impl Takes for Lent<Postgres> {
    in_parts!(PgArguments);

    async fn add(&mut self, table: &'static Table, rows: &[Row]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut stream = COPY_BEGINS.to_vec();
        for row in rows {
            put_row(table, row, &mut stream)?;
        }
        stream.put_i16(-1);
        let mut copy = self.raw()?.copy_in_raw(&table.copy()).await?;
        if let Err(error) = copy.send(stream).await {
            copy.abort("the rows could not be sent").await?;
            return Err(error.into());
        }
        copy.finish().await?;
        Ok(())
    }
}

/// A row of PostgreSQL's binary format: how many cells, then each as its length and its bytes.
fn put_row(table: &'static Table, row: &[Value], stream: &mut Vec<u8>) -> Result<()> {
    let too_long = |_| StoreError::Unfit(format!("{}: a cell is too long for PostgreSQL", table.name));
    stream.put_i16(i16::try_from(row.len()).map_err(|_| StoreError::Corrupt { table: table.name })?);
    for (cell, (column, _)) in row.iter().zip(table.columns) {
        let mut put = |bytes: &[u8]| -> Result<()> {
            stream.put_i32(i32::try_from(bytes.len()).map_err(too_long)?);
            stream.put_slice(bytes);
            Ok(())
        };
        match cell {
            Value::Null => stream.put_i32(-1),
            Value::Whole(value) => put(&value.to_be_bytes())?,
            Value::Real(value) => put(&value.to_be_bytes())?,
            Value::Id(value) => put(value.as_bytes())?,
            Value::Bytes(value) => put(value)?,
            Value::Text(value) if value.contains('\0') => {
                let key: Vec<String> = row[..table.key].iter().map(|cell| format!("{cell:?}")).collect();
                return Err(StoreError::Unfit(format!(
                    "{}.{column} of the row {} holds the character NUL, which PostgreSQL cannot keep; mend that row first",
                    table.name,
                    key.join(", ")
                )));
            }
            Value::Text(value) => put(value.as_bytes())?,
        }
    }
    Ok(())
}
