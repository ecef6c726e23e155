//! What a node looks at beside its requests, for as long as it serves: which server takes writes, how old the standby is, who has
//! published, and how many nodes there are.

use crate::http::Nodes;
use crate::store::Store;
use crate::tasks::census;
use crate::tasks::refresher::Refresher;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Starts looking; ends after `stop`.
pub fn start(
    store: Store,
    refresher: Arc<Refresher>,
    node: Uuid,
    nodes: Nodes,
    stop: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let looks = async {
            tokio::join!(store.follow(), store.watch_replica(), store.listen(|| refresher.wake()));
        };
        let counted = |number: u32| {
            nodes.are(number);
            metrics::gauge!("studyroute_nodes").set(f64::from(number));
        };
        let census = census::count(store.clone(), node, counted, stop.clone());
        tokio::join!(stop.run_until_cancelled(looks), census);
    })
}
