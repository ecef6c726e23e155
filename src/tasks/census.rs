//! How many nodes share a database: each says now and then that it is there, and counts those that said so lately. Limits are shared by
//! that number. It takes no clock but its own, so nodes whose clocks differ count alike.
//!
//! Refuses to decide anything: what must happen once is decided by the database, however many nodes there are.

use crate::store::Store;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often a node says that it is there.
const EVERY: Duration = Duration::from_secs(5);
/// A node that has not said so for longer is not counted.
const GONE_AFTER: Duration = Duration::from_secs(20);
/// And after this its row is removed.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(10);

/// What was heard of nodes: how often they said that they are there, and when that was seen to change.
#[derive(Default)]
struct Heard(HashMap<Uuid, (i64, Instant)>);

impl Heard {
    /// Takes in what the database says now; gives how many nodes are there.
    fn hear(&mut self, beats: &[(Uuid, i64)], now: Instant) -> u32 {
        self.0.retain(|node, _| beats.iter().any(|(there, _)| there == node));
        for &(node, beat) in beats {
            let heard = self.0.entry(node).or_insert((beat, now));
            if heard.0 != beat {
                *heard = (beat, now);
            }
        }
        let alive = self.0.values().filter(|(_, changed)| now.duration_since(*changed) <= GONE_AFTER).count();
        u32::try_from(alive).unwrap_or(u32::MAX)
    }

    fn forgotten(&self, now: Instant) -> impl Iterator<Item = Uuid> {
        self.0.iter().filter(move |(_, heard)| now.duration_since(heard.1) > FORGOTTEN_AFTER).map(|(node, _)| *node)
    }
}

/// Counts until `stop`, and then is counted no more. A database that does not answer leaves the last number standing.
pub async fn count(store: Store, node: Uuid, nodes: impl Fn(u32), stop: CancellationToken) {
    let mut heard = Heard::default();
    loop {
        match store.beat(node).await {
            Ok(beats) => {
                let now = Instant::now();
                nodes(heard.hear(&beats, now));
                for gone in heard.forgotten(now) {
                    // Another node may do it too.
                    drop(store.leave(gone).await);
                }
            }
            Err(error) => tracing::debug!(error = error.with_causes(), "nodes were not counted"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    drop(store.leave(node).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_counts_while_it_says_that_it_is_there() {
        let (start, mut heard) = (Instant::now(), Heard::default());
        let [one, two] = [1, 2].map(Uuid::from_u128);
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(heard.hear(&[(one, 1)], start), 1);
        assert_eq!(heard.hear(&[(one, 2), (two, 7)], after(5)), 2);
        assert_eq!(heard.hear(&[(one, 6), (two, 7)], after(25)), 2);
        assert_eq!(heard.hear(&[(one, 7), (two, 7)], after(26)), 1, "the second has been silent for too long");
        assert_eq!(heard.hear(&[(one, 8), (two, 8)], after(31)), 2, "it was only paused");
        assert_eq!(heard.forgotten(after(700)).count(), 2);
        assert_eq!(heard.hear(&[(one, 9)], after(36)), 1, "the second has left");
    }
}
