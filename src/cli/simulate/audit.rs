//! What the service keeps of every phone's check-ins, read when all is over, and how many people it counts.

use super::catalog;
use super::ledger::{Completeness, Kept};
use super::line::{self, Ask, Line};
use super::phone::Pocket;
use super::play::World;
use super::tallies::Kind;
use crate::domain::time::{self, Day};
use crate::domain::visitors::Link;
use anyhow::Result;
use futures_util::StreamExt;
use reqwest::{Client, Url};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Phones asked about at once.
const AT_ONCE: usize = 32;
/// How often one is asked about when the service is busy.
const TRIES: u32 = 20;

#[derive(Deserialize)]
struct Page {
    items: Vec<Kept>,
    next: Option<String>,
}

/// Holds what the phones have against what the service keeps.
///
/// # Errors
/// When there is no client.
pub async fn compare(world: &Arc<World>, pockets: &[Pocket]) -> Result<Completeness> {
    let http = line::phone(&world.base, Duration::from_secs(30))?;
    let mut asked = futures_util::stream::iter(pockets)
        .map(|pocket| {
            let line = Line::new(world, http.clone(), None, Link::ideal());
            async move { (pocket, kept(line, pocket).await) }
        })
        .buffer_unordered(AT_ONCE);
    let mut completeness = Completeness::default();
    while let Some((pocket, kept)) = asked.next().await {
        completeness.compare(&pocket.held, kept.as_deref());
    }
    Ok(completeness)
}

/// All pages of one phone's check-ins; nothing for a phone that never became a participant.
async fn kept(mut line: Line, pocket: &Pocket) -> Option<Vec<Kept>> {
    let Some(token) = &pocket.token else { return Some(Vec::new()) };
    let (mut kept, mut path, mut tries) = (Vec::new(), "/v1/me/check-ins?limit=1000".to_string(), 0);
    loop {
        let ask = Ask { token: Some(token), is_repeat: tries > 0, ..Ask::get(Kind::Audit, &path) };
        let heard = line.ask_now(&ask).await;
        match heard {
            Ok(answer) if answer.status.is_success() => {
                let page: Page = answer.json()?;
                kept.extend(page.items);
                let Some(next) = page.next else { return Some(kept) };
                (path, tries) = (format!("/v1/me/check-ins?limit=1000&cursor={next}"), 0);
            }
            Ok(answer) if !answer.is_for_later() => return None,
            _ if tries == TRIES => return None,
            _ => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

#[derive(Deserialize)]
struct Counts {
    exact: bool,
    people: Option<i64>,
    check_ins: Option<i64>,
}

/// Exact counts of one day: people and check-ins.
///
/// # Errors
/// When the key opens nothing.
pub async fn counted(http: &Client, base: &Url, key: &str, day: Day) -> Result<(i64, i64)> {
    let date = time::date_of(day);
    let counts: Counts = catalog::get(http, base, &format!("/v1/counts?from={date}&to={date}"), Some(key)).await?;
    anyhow::ensure!(counts.exact, "this key sees no exact counts; use an operator's");
    Ok((counts.people.unwrap_or(0), counts.check_ins.unwrap_or(0)))
}
