//! Adds many rows to one table by few statements: as arrays on PostgreSQL, as lists of values on SQLite, each in the shape that
//! its database takes fastest. Values travel as they are, never as text that has to be read again.
//!
//! Refuses to know tables: who adds rows says into which columns, and what happens to a row whose key is there already.

use super::Result;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe};
use uuid::Uuid;

/// Rows of one statement on SQLite, as many as fit of the largest first: few lengths, so that each is soon a prepared statement.
const SQLITE_ROWS: [usize; 4] = [64, 16, 4, 1];

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
    /// Adds rows in their order and says how many were written.
    async fn add_rows(&mut self, rows: &Bulk<'_>) -> Result<u64>;
}

impl AddRows for SqliteConnection {
    async fn add_rows(&mut self, rows: &Bulk<'_>) -> Result<u64> {
        let (mut written, mut from) = (0, 0);
        while let Some(count) = SQLITE_ROWS.into_iter().find(|&count| from + count <= rows.len()) {
            let mut values = SqliteArguments::default();
            values.reserve(count * rows.columns.len(), 0);
            for row in from..from + count {
                for (_, column) in &rows.columns {
                    column.bind_one(row, &mut values).map_err(sqlx::Error::Encode)?;
                }
            }
            let statement = AssertSqlSafe(rows.as_values(count));
            written += sqlx::query_with(statement, values).execute(&mut *self).await?.rows_affected();
            from += count;
        }
        Ok(written)
    }
}

impl AddRows for PgConnection {
    async fn add_rows(&mut self, rows: &Bulk<'_>) -> Result<u64> {
        if rows.len() == 0 {
            return Ok(0);
        }
        let mut values = PgArguments::default();
        for (_, column) in &rows.columns {
            column.bind_all(&mut values).map_err(sqlx::Error::Encode)?;
        }
        let statement = AssertSqlSafe(rows.as_arrays());
        Ok(sqlx::query_with(statement, values).execute(&mut *self).await?.rows_affected())
    }
}

impl Bulk<'_> {
    fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    fn as_values(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns.len()].join(","));
        format!(
            "insert into {} ({}) values {} {}",
            self.into,
            self.names(),
            vec![row; rows].join(","),
            self.on_conflict
        )
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

    fn bind_one(&self, row: usize, values: &mut SqliteArguments) -> std::result::Result<(), sqlx::error::BoxDynError> {
        match self {
            Self::Id(column) => values.add(column.get(row)),
            Self::Text(column) => values.add(column.get(row)),
            Self::Whole(column) => values.add(column.get(row)),
            Self::Real(column) => values.add(column.get(row)),
            Self::Bytes(column) => values.add(column.get(row)),
        }
    }

    fn bind_all(&self, values: &mut PgArguments) -> std::result::Result<(), sqlx::error::BoxDynError> {
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
