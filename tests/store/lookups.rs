//! Tokens looked up together: each asker gets the answer to its own question, and trouble passes.

use crate::both::{Database, both};
use crate::fixtures::{create, who};
use studyroute::store::Store;
use studyroute::tasks::lookups::{LookupError, Lookups};
use tokio::task::JoinSet;

both! {
    everybody_hears_of_the_own_token_however_many_ask,
    what_is_erased_is_not_found_any_more,
    what_cannot_be_looked_up_is_unavailable,
}

async fn everybody_hears_of_the_own_token_however_many_ask(database: Database) {
    for number in 0..40 {
        create(&database, number).await;
    }
    let lookups = Lookups::start(&database.store).expect("a thread");
    let mut asking = JoinSet::new();
    for number in 0..2_000 {
        let lookups = lookups.clone();
        asking.spawn(async move { (number % 50, lookups.token_hash(who(number % 50)).await) });
    }
    for (number, answer) in asking.join_all().await {
        let known = (number < 40).then(|| who(number).as_bytes().to_vec());
        assert_eq!(answer, Ok(known), "{number}");
    }
}

async fn what_is_erased_is_not_found_any_more(database: Database) {
    let ann = create(&database, 1).await;
    let lookups = Lookups::start(&database.store).expect("a thread");
    assert!(matches!(lookups.token_hash(ann).await, Ok(Some(_))));
    assert!(database.erase_participant(ann).await.expect("erased"));
    assert_eq!(lookups.token_hash(ann).await, Ok(None));
}

async fn what_cannot_be_looked_up_is_unavailable(database: Database) {
    let ann = create(&database, 1).await;
    let lookups = Lookups::start(&database.store).expect("a thread");
    match &database.store {
        Store::Sqlite(_) => database.close().await,
        Store::Postgres(_) => drop(database.execute("drop table participants cascade").await.expect("gone")),
    }
    assert_eq!(lookups.token_hash(ann).await, Err(LookupError::Unavailable));
}
