//! Statements for two databases. Most read the same on both; where they differ, both texts stand side by side.

use sqlx::SqlStr;

/// Which database a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded default.
    Sqlite,
    /// When one machine is outgrown.
    Postgres,
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    /// One text that both databases understand.
    #[must_use]
    pub const fn both(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    /// Two texts that mean the same.
    #[must_use]
    pub const fn pair(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// The text for one database.
    #[must_use]
    pub const fn on(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }

    /// As sqlx wants it for `prepare`.
    #[must_use]
    pub fn text(self, dialect: Dialect) -> SqlStr {
        sqlx::SqlSafeStr::into_sql_str(self.on(dialect))
    }
}

/// Declares a module's statements as constants and lists them all in `ALL`, which a test prepares on both databases.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub(super) const $name: $crate::store::sql::Sql = $sql;)+
        /// Every statement of this module with its name.
        pub(super) const ALL: &[(&str, $crate::store::sql::Sql)] = &[$((stringify!($name), $name)),+];
    };
}

/// Expands one body for whichever database the store is on: `on!(store, |pools, dialect| …)`.
macro_rules! on {
    ($store:expr, |$pools:ident, $dialect:ident| $body:expr) => {
        match $store {
            $crate::store::Store::Sqlite($pools) => {
                let $dialect = $crate::store::sql::Dialect::Sqlite;
                $body
            }
            $crate::store::Store::Postgres($pools) => {
                let $dialect = $crate::store::sql::Dialect::Postgres;
                $body
            }
        }
    };
}

pub(super) use {on, statements};
