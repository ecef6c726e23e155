//! Adds rows to tables in bulk: as arrays on PostgreSQL, as lists of values on SQLite, each in the shape that its database takes
//! fastest. Values travel as they are, never as text that has to be read again.
//!
//! On SQLite every statement is a message to the driver's thread and back, which costs a lone check-in more than what the statement
//! does; so one message adds to all tables. Its statements have few lengths and are padded to them, so that each is soon a prepared one.
//!
//! Refuses to know tables: who adds rows says into which columns, and what happens to a row whose key is there already.

use super::Result;
use super::pool::Lent;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Postgres, Sqlite};
use std::ops::Range;
use uuid::Uuid;

/// Rows of one table in one message on SQLite.
const SQLITE_ROWS_MAX: usize = 64;
/// How many rows its statements are made for.
const SQLITE_LENGTHS: [usize; 4] = [1, 4, 16, SQLITE_ROWS_MAX];

/// The values of one column, one per row.
pub(super) enum Column<'a> {
    Id(Vec<Uuid>),
    Text(Vec<&'a str>),
    Whole(Vec<i64>),
    /// SQLite keeps what is not a number as null, and so does PostgreSQL here.
    Real(Vec<f64>),
    Bytes(Vec<&'a [u8]>),
}

/// Rows on their way into a table.
pub(super) struct Bulk<'a> {
    /// The table's name.
    pub into: &'static str,
    /// The columns by name, all of one length.
    pub columns: Vec<(&'static str, Column<'a>)>,
    /// What happens to a row whose key is there already; understood by both databases.
    pub on_conflict: &'static str,
}

/// A connection that takes rows in bulk.
pub(super) trait AddRows {
    /// Adds rows to tables, in their order, and says whether every row was written.
    async fn add_rows(&mut self, tables: &[Bulk<'_>]) -> Result<bool>;
}

impl AddRows for Lent<Sqlite> {
    async fn add_rows(&mut self, tables: &[Bulk<'_>]) -> Result<bool> {
        let rows_max = tables.iter().map(Bulk::len).max().unwrap_or(0);
        let mut written = 0;
        for from in (0..rows_max).step_by(SQLITE_ROWS_MAX) {
            let (mut statements, mut values) = (String::new(), SqliteArguments::default());
            for table in tables {
                let part = from.min(table.len())..(from + SQLITE_ROWS_MAX).min(table.len());
                table.append(part, &mut statements, &mut values).map_err(sqlx::Error::Encode)?;
            }
            let message = sqlx::query_with(AssertSqlSafe(statements), values);
            written += message.execute(&mut *self).await?.rows_affected();
        }
        Ok(written == rows_of(tables))
    }
}

impl AddRows for Lent<Postgres> {
    async fn add_rows(&mut self, tables: &[Bulk<'_>]) -> Result<bool> {
        let mut written = 0;
        for table in tables.iter().filter(|table| table.len() > 0) {
            let mut values = PgArguments::default();
            for (_, column) in &table.columns {
                column.bind_all(&mut values).map_err(sqlx::Error::Encode)?;
            }
            let statement = sqlx::query_with(AssertSqlSafe(table.as_arrays()), values);
            written += statement.execute(&mut *self).await?.rows_affected();
        }
        Ok(written == rows_of(tables))
    }
}

fn rows_of(tables: &[Bulk<'_>]) -> u64 {
    tables.iter().map(|table| table.len() as u64).sum()
}

impl Bulk<'_> {
    fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// One more statement of a message, and its values.
    fn append(
        &self,
        part: Range<usize>,
        statements: &mut String,
        values: &mut SqliteArguments,
    ) -> std::result::Result<(), BoxDynError> {
        let Some(length) = SQLITE_LENGTHS.into_iter().find(|length| (1..=*length).contains(&part.len())) else {
            return Ok(());
        };
        let row = format!("({})", vec!["?"; self.columns.len()].join(","));
        let (into, names, rows) = (self.into, self.names(), vec![row; length].join(","));
        // The first column of no table is null but in rows that are padding.
        let begin = ["insert into ", into, " (", &names, ") select * from (values ", &rows, ")"];
        statements.extend(begin.into_iter().chain([" where column1 is not null ", self.on_conflict, ";"]));
        values.reserve(length * self.columns.len(), 0);
        for row in part.start..part.start + length {
            for (_, column) in &self.columns {
                column.bind_one(row, values)?;
            }
        }
        Ok(())
    }

    fn as_arrays(&self) -> String {
        let arrays: Vec<String> =
            (1..).zip(&self.columns).map(|(n, (_, column))| format!("${n}::{}[]", column.kind())).collect();
        let (into, names, arrays) = (self.into, self.names(), arrays.join(", "));
        format!("insert into {into} ({names}) select * from unnest({arrays}) {}", self.on_conflict)
    }
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Id(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Real(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    /// What PostgreSQL calls it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Id(_) => "uuid",
            Self::Text(_) => "text",
            Self::Whole(_) => "bigint",
            Self::Real(_) => "double precision",
            Self::Bytes(_) => "bytea",
        }
    }

    /// Null beyond the last row.
    fn bind_one(&self, row: usize, values: &mut SqliteArguments) -> std::result::Result<(), BoxDynError> {
        match self {
            Self::Id(column) => values.add(column.get(row)),
            Self::Text(column) => values.add(column.get(row)),
            Self::Whole(column) => values.add(column.get(row)),
            Self::Real(column) => values.add(column.get(row)),
            Self::Bytes(column) => values.add(column.get(row)),
        }
    }

    fn bind_all(&self, values: &mut PgArguments) -> std::result::Result<(), BoxDynError> {
        match self {
            Self::Id(column) => values.add(column),
            Self::Text(column) => values.add(column),
            Self::Whole(column) => values.add(column),
            Self::Real(column) => {
                let column: Vec<Option<f64>> = column.iter().map(|value| (!value.is_nan()).then_some(*value)).collect();
                values.add(column)
            }
            Self::Bytes(column) => values.add(column),
        }
    }
}
