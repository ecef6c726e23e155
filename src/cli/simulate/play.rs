//! The day itself: every phone lives from its party's arrival until its last check-in is settled.

use super::SimulateArgs;
use super::clock::Clock;
use super::ledger::{Fate, Held};
use super::phone::{self, Pocket};
use super::report::CaughtUp;
use super::tallies::{Tallies, spread};
use crate::cli::output::Output;
use crate::domain::visitors::figures::RECONNECT_S;
use crate::domain::visitors::{DayPlan, Party, Span, Stop, Trail, milliseconds};
use anyhow::{Context, Result};
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Before the first arrival, simulated.
const LEAD_MS: i64 = 60_000;
/// Phones may still be without network so long after the last has left, simulated: until the evening, and those find one by then.
const AFTER_MS: i64 = 6 * 3_600_000;
/// Addresses for benchmarks (RFC 2544), one for each party, and how many.
const PARTIES_NET: (u32, u32) = (0xC612_0000, 0x0001_FFFE);

/// What all phones share.
pub struct World {
    /// The service.
    pub base: Url,
    /// What time it is.
    pub clock: Clock,
    /// What was sent, and what came of it.
    pub tallies: Tallies,
    /// What day it is.
    pub plan: DayPlan,
    trails: Vec<Trail>,
    is_forwarded: bool,
    deadline: Instant,
}

impl World {
    /// The day begins now.
    #[must_use]
    pub fn new(args: &SimulateArgs, plan: DayPlan, trails: Vec<Trail>) -> Self {
        let span = plan.span();
        let clock = Clock::start(span.from_ms - LEAD_MS, args.speed);
        let patience = Duration::from_secs(args.patience_s);
        Self {
            base: args.service.clone(),
            clock,
            tallies: Tallies::new(),
            plan,
            trails,
            is_forwarded: args.forwarded,
            deadline: clock.instant(span.until_ms + AFTER_MS) + patience,
        }
    }

    /// The address of a path.
    #[must_use]
    pub fn address(&self, path: &str) -> Option<Url> {
        self.base.join(path).ok()
    }

    /// Whom a party's requests are said to come from, if that is to be said.
    #[must_use]
    pub fn forwarded(&self, party: u32) -> Option<HeaderValue> {
        let (net, addresses) = PARTIES_NET;
        let address = Ipv4Addr::from_bits(net + party % addresses + 1);
        self.is_forwarded.then(|| HeaderValue::from_str(&address.to_string()).ok()).flatten()
    }

    /// The stops of a party's route.
    #[must_use]
    pub fn stops(&self, party: &Party) -> &[Stop] {
        self.trails.get(party.trail).map_or(&[], |trail| &trail.stops)
    }

    /// A party's route.
    #[must_use]
    pub fn route(&self, party: &Party) -> &str {
        self.trails.get(party.trail).map_or("", |trail| &trail.slug)
    }

    /// Waits until it is so late in the simulated day; false when the time is over before.
    pub async fn wait_until(&self, at_ms: i64) -> bool {
        let instant = self.clock.instant(at_ms);
        tokio::time::sleep_until(instant.min(self.deadline).into()).await;
        instant < self.deadline
    }
}

/// A day that is over.
pub struct Played {
    /// What the phones shared.
    pub world: Arc<World>,
    /// What is left of them.
    pub pockets: Vec<Pocket>,
    /// How long it took.
    pub took: Duration,
}

/// Lives the day.
///
/// # Errors
/// When a phone cannot be had.
pub async fn play(world: World, out: &Output) -> Result<Played> {
    let (world, started) = (Arc::new(world), Instant::now());
    let visitors: u32 = world.plan.parties().iter().map(|party| party.size).sum();
    let bar = out.progress(visitors.into(), "visitors");
    let (mut phones, mut pockets) = (JoinSet::new(), Vec::new());
    for party in world.plan.parties() {
        world.wait_until(party.arrives_ms - LEAD_MS / 2).await;
        let party = Arc::new(party.clone());
        for seat in 0..party.size {
            phones.spawn(phone::run(Arc::clone(&world), Arc::clone(&party), world.plan.visit(&party, seat)));
        }
        while let Some(pocket) = phones.try_join_next() {
            pockets.push(pocket.context("a phone broke")??);
            bar.inc(1);
        }
    }
    while let Some(pocket) = phones.join_next().await {
        pockets.push(pocket.context("a phone broke")??);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Played { world, pockets, took: started.elapsed() })
}

impl Played {
    /// Participants that checked in.
    #[must_use]
    pub fn checking_in(&self) -> usize {
        let is_kept = |held: &Held| matches!(held.fate, Fate::Kept(_));
        self.pockets.iter().filter(|pocket| pocket.held.iter().any(is_kept)).count()
    }

    /// Why check-ins were refused for good.
    #[must_use]
    pub fn refused(&self) -> BTreeMap<String, u64> {
        let mut refused = BTreeMap::new();
        for held in self.pockets.iter().flat_map(|pocket| &pocket.held) {
            if let Fate::Refused(code) = &held.fate {
                *refused.entry(code.clone()).or_default() += 1;
            }
        }
        refused
    }

    /// How soon all phones that only waited for the end of the outage had given in what they held.
    #[must_use]
    pub fn caught_up(&self) -> Option<CaughtUp> {
        let outage = self.world.plan.outage()?;
        let ended = self.world.clock.instant(outage.until_ms);
        let (mut check_ins, mut most_tries, mut took_us) = (0, 0, Vec::new());
        for pocket in &self.pockets {
            let waited: Vec<&Held> =
                pocket.held.iter().filter(|held| held.waited_for(outage, pocket.back_ms)).collect();
            let Some(last) = waited.iter().filter_map(|held| held.settled).max() else { continue };
            check_ins += waited.len();
            most_tries = waited.iter().map(|held| held.tries).max().unwrap_or(0).max(most_tries);
            took_us.push(u32::try_from(last.saturating_duration_since(ended).as_micros()).unwrap_or(u32::MAX));
        }
        let spread = spread(&took_us);
        let s = |ms: f64| ms / 1_000.0;
        Some(CaughtUp {
            phones: took_us.len(),
            check_ins,
            half_s: s(spread.p50_ms),
            all_s: s(spread.max_ms),
            most_tries,
        })
    }
}

impl Held {
    /// Whether it was made before the outage ended, was not settled by then, and could be sent soon after.
    fn waited_for(&self, outage: Span, back_ms: i64) -> bool {
        let was_made = (outage.from_ms..outage.until_ms).contains(&self.at_ms);
        was_made && back_ms <= outage.until_ms + milliseconds(RECONNECT_S)
    }
}
