//! Check-ins of people who were made in one week lie in a partition of their own on PostgreSQL. When those people have been kept long
//! enough, the partition is emptied whole and dropped, which costs nothing, where millions of deleted rows would have to be swept
//! up; the few who came back later are put into it again before.
//!
//! SQLite has no partitions; there, and for those few, `retention` retires people one by one.

use super::audit::Recount;
use super::bulk::AddRows;
use super::counters::{self, Numbers, numbers};
use super::pool::{Lent, Tx};
use super::sql::Dialect;
use super::{KeptSince, Pools, Result, Store};
use crate::domain::participant::Week;
use crate::domain::time;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Executor, Postgres};

/// So many weeks are made ahead. What comes later than that lies in `check_ins_other`, and costs sweeping up.
const AHEAD: u16 = 8;
/// Fewer people than this are retired one by one.
const PEOPLE_MIN: i64 = 50;
/// Whoever makes or drops tables waits this short for those who read and write, and else comes again later.
const WAIT_SHORT: &str = "set local lock_timeout = '2s'";
/// One node is enough; any number would do.
const ALONE: &str = "select pg_try_advisory_xact_lock(5847136029)";
const EXISTING: &str = "select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
                        where i.inhparent = 'check_ins'::regclass and c.relname like 'check\\_ins\\_2%' order by 1";

impl Store {
    /// Makes one of the partitions of this week and those to come that are not there yet; says whether there was one to make.
    ///
    /// # Errors
    /// When the database does not take it, or others keep it busy; then nothing has changed.
    pub async fn make_week(&self, now_ms: i64) -> Result<bool> {
        let Self::Postgres(pools) = self else { return Ok(false) };
        let (this, existing) = (Week::of(now_ms), existing(pools).await?);
        let Some(week) = (0..=AHEAD).map(|weeks| this.plus(weeks)).find(|week| !existing.contains(week)) else {
            return Ok(false);
        };
        let Some(mut tx) = alone(pools).await? else { return Ok(false) };
        let (table, ids) = (table(week), week.ids());
        let (from, to) = (ids.start, ids.end);
        // Who is in it already: ids were once chance alone, and older programs still make such.
        for sql in [
            format!("create table {table} (like check_ins including defaults)"),
            "lock table check_ins_other in access exclusive mode".into(),
            format!(
                "with moved as (delete from check_ins_other where participant >= '{from}' and participant < '{to}' returning *)
                 insert into {table} select * from moved"
            ),
            format!("alter table check_ins attach partition {table} for values from ('{from}') to ('{to}')"),
        ] {
            tx.execute(AssertSqlSafe(sql)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Retires the people of one week that has been kept long enough, but for those who are still in use, and drops what is empty.
    /// Totals stay true. Says how many they were; none when there is no such week.
    ///
    /// # Errors
    /// When the database does not take it, or others keep it busy; then nothing has changed.
    pub async fn retire_week(&self, since: KeptSince) -> Result<Option<u64>> {
        let Self::Postgres(pools) = self else { return Ok(None) };
        let old = existing(pools).await?.into_iter().filter(|week| week.ends_ms() <= since.participants_ms);
        for week in old {
            let Some(mut tx) = alone(pools).await? else { return Ok(None) };
            if let Some(numbers) = retire(pools, &mut tx, week, since.participants_ms).await? {
                tx.commit().await?;
                pools.scopes.learn(numbers);
                // If this does not come about now, they are found again, with nothing left to count.
                return delete_people(pools, week, since.participants_ms).await;
            }
            tx.rollback().await?;
            // In a moment of its own: whoever waits to drop a table keeps everybody waiting.
            let Some(tx) = alone(pools).await? else { return Ok(None) };
            drop_empty(tx, week).await?;
        }
        Ok(None)
    }
}

fn table(week: Week) -> String {
    format!("check_ins_{}", time::date_of(week.monday()).to_string().replace('-', "_"))
}

fn week(table: &str) -> Option<Week> {
    let day = time::parse_date(&table.strip_prefix("check_ins_")?.replace('_', "-"))?;
    Some(Week::of_day(day))
}

async fn existing(pools: &Pools<Postgres>) -> Result<Vec<Week>> {
    let tables: Vec<String> = sqlx::query_scalar(EXISTING).fetch_all(&pools.read).await?;
    Ok(tables.iter().filter_map(|table| week(table)).collect())
}

/// A transaction, if no other node does the same.
async fn alone(pools: &Pools<Postgres>) -> Result<Option<Tx<Postgres>>> {
    let mut tx = pools.write.begin().await?;
    tx.execute(WAIT_SHORT).await?;
    let is_alone: bool = sqlx::query_scalar(ALONE).fetch_one(&mut *tx).await?;
    if is_alone {
        return Ok(Some(tx));
    }
    tx.rollback().await?;
    Ok(None)
}

/// Which participants of a week are not in use any more.
fn unused(week: Week, since_ms: i64) -> String {
    let (table, ids) = (table(week), week.ids());
    let of_week = format!("participant >= '{}' and participant < '{}'", ids.start, ids.end);
    let kept = format!("select participant from {table} where received_ms >= {since_ms}");
    format!("participants where {of_week} and created_ms < {since_ms} and participant not in ({kept})")
}

/// Takes a week's unused participants out of its log, into the counters' figures of those who are gone. Gives the numbers that were met; none
/// when they would be too few.
async fn retire(
    pools: &Pools<Postgres>,
    tx: &mut Lent<Postgres>,
    week: Week,
    since_ms: i64,
) -> Result<Option<Numbers>> {
    let (table, unused) = (table(week), unused(week, since_ms));
    let number = AssertSqlSafe(format!("select count(*) from {unused}"));
    if sqlx::query_scalar::<_, i64>(number).fetch_one(&mut *tx).await? < PEOPLE_MIN {
        return Ok(None);
    }
    // Nobody adds to it; everybody reads on while it is counted.
    tx.execute(AssertSqlSafe(format!("lock table {table} in share row exclusive mode"))).await?;
    tx.execute(AssertSqlSafe(format!("create temp table retired on commit drop as select participant from {unused}")))
        .await?;
    tx.execute("create unique index on retired (participant)").await?;
    tx.execute("analyze retired").await?;
    let mut recount = Recount::default();
    let log = AssertSqlSafe(format!(
        "select participant, occurred_ms, route_key, waypoint_key, verdict from {table}
         where participant in (select participant from retired) order by participant, seq"
    ));
    let mut log = sqlx::query_as(log).fetch(&mut *tx);
    while let Some(row) = log.try_next().await? {
        recount.add(row);
    }
    drop(log);
    let (erased, dialect) = (counters::erased(recount.changes()), Dialect::Postgres);
    let numbers = numbers!(tx, dialect, pools, &erased);
    tx.add_rows(&erased.bulk(&numbers)?).await?;
    for sql in [
        format!(
            "create temp table kept on commit drop as
             select * from {table} where participant not in (select participant from retired)"
        ),
        format!("lock table {table} in access exclusive mode"),
        format!("truncate {table}"),
        format!("insert into {table} select * from kept"),
    ] {
        tx.execute(AssertSqlSafe(sql)).await?;
    }
    Ok(Some(numbers))
}

/// Deletes a week's unused participants, whose log is empty by now. Apart, as each costs a look, and meanwhile everybody may read.
async fn delete_people(pools: &Pools<Postgres>, week: Week, since_ms: i64) -> Result<Option<u64>> {
    let Some(mut tx) = alone(pools).await? else { return Ok(None) };
    tx.execute(AssertSqlSafe(format!("lock table {} in share row exclusive mode", table(week)))).await?;
    let deleted = tx.execute(AssertSqlSafe(format!("delete from {}", unused(week, since_ms)))).await?;
    tx.commit().await?;
    Ok(Some(deleted.rows_affected()))
}

async fn drop_empty(mut tx: Tx<Postgres>, week: Week) -> Result<()> {
    let table = table(week);
    // Before it is looked at: somebody may be about to add to it.
    tx.execute(AssertSqlSafe(format!("lock table {table} in access exclusive mode"))).await?;
    let is_empty = AssertSqlSafe(format!("select not exists (select 1 from {table})"));
    if sqlx::query_scalar(is_empty).fetch_one(&mut *tx).await? {
        tx.execute(AssertSqlSafe(format!("drop table {table}"))).await?;
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(())
}
