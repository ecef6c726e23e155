//! Hearing at once that another node has published, which PostgreSQL alone can tell.

use crate::both::{Database, on_postgres};
use crate::fixtures::{publish, short_canal};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What has not been heard by then never will be.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// Another node on the database that does nothing but listen.
struct Ears {
    heard: Arc<Notify>,
    listening: tokio::task::JoinHandle<()>,
}

impl Ears {
    /// Listens; it has been woken once when this returns, because it could not hear before.
    async fn open(database: &Database) -> Self {
        let (store, heard) = (database.again().await, Arc::new(Notify::new()));
        let wake = Arc::clone(&heard);
        let listening = tokio::spawn(async move { store.listen(move || wake.notify_one()).await });
        let ears = Self { heard, listening };
        ears.hear("that it listens").await;
        ears
    }

    async fn hear(&self, what: &str) {
        let heard = tokio::time::timeout(HEARD_WITHIN, self.heard.notified()).await;
        assert!(heard.is_ok(), "never heard: {what}");
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[test]
fn a_publication_of_another_node_is_heard() {
    on_postgres(|database| async move {
        let ears = Ears::open(&database).await;
        for stops in 2..5 {
            publish(&database, &short_canal("short", stops)).await;
            ears.hear("a publication").await;
        }
    });
}

#[test]
fn whoever_could_not_hear_for_a_while_looks_and_hears_again() {
    on_postgres(|database| async move {
        let ears = Ears::open(&database).await;
        let cut = "select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and query like 'LISTEN%') cut";
        assert_eq!(database.number(cut).await, 1, "one connection listens");
        ears.hear("that something may have been missed").await;
        publish(&database, &short_canal("short", 2)).await;
        ears.hear("a publication after the break").await;
    });
}
