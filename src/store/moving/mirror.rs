//! Making one table of a database what it is in another: both are read in the order of their keys, side by side, and where they differ
//! the second is mended. So a first copy, going on with it and catching up are the same work, and doing it twice changes nothing.

use super::super::{Result, Store, StoreError};
use super::Progress;
use super::marker::{self, written};
use super::rows::{Fingerprint, Link, Print, Row};
use super::tables::{Life, Table};
use super::write::{Batch, apply};
use futures_util::stream::{BoxStream, StreamExt};
use futures_util::{TryStreamExt, stream};
use std::cmp::Ordering;

/// Makes `table` in `target` what it is in `source`; with `notes`, begins behind the noted key and notes how far it has come. Gives the
/// fingerprint of what was read from the source.
pub(super) async fn mirror(
    source: &mut Link,
    target: &Store,
    table: &'static Table,
    notes: bool,
    progress: &Progress,
) -> Result<Fingerprint> {
    let after = if notes { target.noted(table.name).await? } else { None };
    let after = after.map(|noted| marker::read(table, &noted)).transpose()?;
    let mut here = Link::snapshot(target).await?;
    // Where nothing is, nothing is read beside: SQLite's log would grow for as long as somebody does.
    let mut here = if here.is_bare(table, after.as_deref()).await? {
        here.end().await?;
        None
    } else {
        Some(here)
    };
    let mut theirs = Side::new(source.rows(table, after.as_deref())?).await?;
    let mut ours = match &mut here {
        Some(here) => Side::new(here.rows(table, after.as_deref())?).await?,
        None => Side::new(stream::empty().boxed()).await?,
    };
    let mut pass = Pass { target, table, notes, batch: Batch::default(), gone_last: Vec::new() };
    let mut print = Print::default();
    while let Some(order) = theirs.order(&ours, table.key) {
        if order == Ordering::Greater {
            pass.is_gone(ours.take().await?).await?;
            continue;
        }
        let row = theirs.take().await?;
        print.add(&row);
        progress.seen();
        let same = if order == Ordering::Equal { Some(ours.take().await?) } else { None };
        pass.settle(row, same).await?;
    }
    drop(ours);
    if let Some(here) = here {
        here.end().await?;
    }
    pass.end().await?;
    Ok(print.finish())
}

/// One of two streams of rows, and its next row.
struct Side<'a> {
    rows: BoxStream<'a, Result<Row>>,
    next: Option<Row>,
}

impl<'a> Side<'a> {
    async fn new(mut rows: BoxStream<'a, Result<Row>>) -> Result<Self> {
        let next = rows.try_next().await?;
        Ok(Self { rows, next })
    }

    /// Which of the two has the next key; `None` when both are at their end.
    fn order(&self, other: &Side<'_>, key: usize) -> Option<Ordering> {
        match (&self.next, &other.next) {
            (None, None) => None,
            (Some(_), None) => Some(Ordering::Less),
            (None, Some(_)) => Some(Ordering::Greater),
            // Keys have no cells that cannot be compared.
            (Some(left), Some(right)) => Some(left[..key].partial_cmp(&right[..key]).unwrap_or(Ordering::Less)),
        }
    }

    async fn take(&mut self) -> Result<Row> {
        // A stream that is at its end is not asked again.
        let next = if self.next.is_some() { self.rows.try_next().await? } else { None };
        Ok(std::mem::replace(&mut self.next, next).unwrap_or_default())
    }
}

/// What one pass over a table has found so far.
struct Pass<'a> {
    target: &'a Store,
    table: &'static Table,
    notes: bool,
    batch: Batch,
    /// Old entries may only go when newer ones are there.
    gone_last: Vec<Row>,
}

impl Pass<'_> {
    async fn is_gone(&mut self, mut row: Row) -> Result<()> {
        row.truncate(self.table.key);
        if self.table.life == Life::OnlyAdded {
            self.gone_last.push(row);
            return Ok(());
        }
        let key = self.batch.weigh(row);
        self.batch.gone.push(key);
        self.apply_if_full().await
    }

    async fn settle(&mut self, row: Row, same: Option<Row>) -> Result<()> {
        match same {
            Some(same) if same == row => return Ok(()),
            Some(_) if self.table.life == Life::OnlyAdded => {
                let (name, key) = (self.table.name, &row[..self.table.key]);
                return Err(StoreError::Unfit(format!(
                    "{name} says something else under the number {key:?}, so these are not two states of one database; begin with an empty one"
                )));
            }
            Some(_) => {
                let row = self.batch.weigh(row);
                self.batch.changed.push(row);
            }
            None => {
                let row = self.batch.weigh(row);
                self.batch.new.push(row);
            }
        }
        self.apply_if_full().await
    }

    async fn apply_if_full(&mut self) -> Result<()> {
        if self.batch.is_full() { self.apply().await } else { Ok(()) }
    }

    async fn apply(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let ends = [batch.new.last(), batch.changed.last(), batch.gone.last()];
        let keys = ends.into_iter().flatten().map(|row| &row[..self.table.key]);
        let last = keys.max_by(|left, right| left.partial_cmp(right).unwrap_or(Ordering::Equal));
        let come_to = if self.notes { last.map(written).transpose()? } else { None };
        apply(self.target, self.table, &batch, come_to.as_deref()).await
    }

    async fn end(mut self) -> Result<()> {
        if !self.batch.is_empty() {
            self.apply().await?;
        }
        if self.gone_last.is_empty() {
            return Ok(());
        }
        let batch = Batch { gone: std::mem::take(&mut self.gone_last), ..Batch::default() };
        apply(self.target, self.table, &batch, None).await
    }
}
