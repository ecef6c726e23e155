//! Which nodes share a PostgreSQL database: each has a row with the number of times it has said that it is there. An SQLite file has
//! one node, and nothing is written.

use super::sql::{Sql, statements};
use super::{Dialect, Result, Store};
use uuid::Uuid;

statements! {
    BEAT = Sql::both(
        "insert into live_nodes (node, beat) values ($1, 1) on conflict (node) do update set beat = live_nodes.beat + 1",
    );
    BEATS = Sql::both("select node, beat from live_nodes");
    LEAVE = Sql::both("delete from live_nodes where node = $1");
}

impl Store {
    /// Says that a node is there; gives all that have said so, and how often.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn beat(&self, node: Uuid) -> Result<Vec<(Uuid, i64)>> {
        let Self::Postgres(pools) = self else { return Ok(vec![(node, 0)]) };
        sqlx::query(BEAT.on(Dialect::Postgres)).bind(node).execute(&pools.write).await?;
        Ok(sqlx::query_as(BEATS.on(Dialect::Postgres)).fetch_all(&pools.write).await?)
    }

    /// Takes a node from the list.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn leave(&self, node: Uuid) -> Result<()> {
        let Self::Postgres(pools) = self else { return Ok(()) };
        sqlx::query(LEAVE.on(Dialect::Postgres)).bind(node).execute(&pools.write).await?;
        Ok(())
    }
}
