//! `studyroute simulate`: a day of visitors against a running service, as a client of its public API, and what came of it: how long
//! answers took, what was sent again, and whether every check-in that a phone holds is kept exactly once.
//!
//! Refuses to look into the service: it sees what phones see, and with an operator's key what operators see.

mod audit;
mod catalog;
mod clock;
mod ledger;
mod line;
mod phone;
mod play;
mod queue;
mod report;
mod tallies;

use super::output::Output;
use crate::ambient::Ambient;
use crate::domain::time::{self, DAY_MS, Day};
use crate::domain::visitors::{DayPlan, Plan, Span};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use play::{Played, World};
use report::{Counted, Report};
use reqwest::{Client, Url};
use std::process::ExitCode;

/// Check-ins may be so many days old; one less, so that none grows too old while the day is played.
const DAYS_BACK_MAX: Day = 13;
/// Connections of all phones together.
const FILES_MAX: u64 = 1_000_000;
/// The service's setting of how many participants one address may make at once, as it comes.
const USUAL_BURST: u32 = 300;

/// What to play.
#[derive(Args)]
pub struct SimulateArgs {
    #[arg(help = "The service, such as http://127.0.0.1:8080")]
    service: Url,
    /// How many visitors come
    #[arg(long, default_value_t = 1_000)]
    visitors: u32,
    /// Which day, YYYY-MM-DD in Asia/Shanghai; its weekday tells who comes. Check-ins are dated that day if it is one of the
    /// last 13, else yesterday, because the service takes none from the future or from longer ago [default: yesterday]
    #[arg(long)]
    day: Option<String>,
    /// How many times faster than the clock the day passes; a rush is so many times as sharp
    #[arg(long, default_value_t = 60.0)]
    speed: f64,
    /// From when and how long nobody reaches the service, such as 10:00+30m; then all phones send what waited
    #[arg(long, value_name = "HH:MM+MINUTESm")]
    outage: Option<String>,
    /// The same seed gives the same day
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Give each party an address of its own in X-Forwarded-For; start the service with --trusted-proxies and this machine's
    /// address. Without this all visitors have one address: start it with --participants-burst N for as many as come
    #[arg(long)]
    forwarded: bool,
    /// An operator's key: exact counts of the day are read before and after, and have to have grown by who checked in
    #[arg(long)]
    key: Option<String>,
    /// Seconds that phones go on sending after the day is over
    #[arg(long, default_value_t = 300)]
    patience_s: u64,
}

/// Plays the day.
///
/// # Errors
/// When there is no service, or no such day.
pub async fn run(ambient: &Ambient, args: SimulateArgs, out: &Output) -> Result<ExitCode> {
    // The program's own choice of cryptography; another one is there only in tests.
    drop(rustls::crypto::ring::default_provider().install_default());
    let (day, dated) = days(args.day.as_deref(), ambient.now_ms())?;
    let outage = args.outage.as_deref().map(read_outage).transpose()?;
    if !(0.1..=10_000.0).contains(&args.speed) {
        bail!("speed must be from 0.1 to 10000");
    }
    warn(&args, day, dated);
    // Each phone has connections of its own. Where the system gives fewer, those that cannot connect are told in the report.
    drop(rlimit::increase_nofile_limit(FILES_MAX));
    let http = Client::builder().no_proxy().build()?;
    let trails = catalog::read(&http, &args.service).await?;
    let plan = DayPlan::new(Plan { visitors: args.visitors, day, dated, seed: args.seed, outage }, &trails)?;
    let before = counted(&args, &http, dated).await?;
    let played = play::play(World::new(&args, plan, trails), out).await?;
    let completeness = audit::compare(&played.world, &played.pockets).await?;
    let after = counted(&args, &http, dated).await?;
    let counted = before.zip(after).map(|((people, check_ins), after)| Counted {
        people: after.0 - people,
        people_expected: i64::try_from(played.checking_in()).unwrap_or(i64::MAX),
        check_ins: after.1 - check_ins,
        check_ins_expected: completeness.acknowledged.cast_signed(),
    });
    let is_complete = completeness.is_complete() && counted.as_ref().is_none_or(Counted::fits);
    let report =
        report(&args, [day, dated], &played, Report { completeness, counted, is_complete, ..Report::default() });
    out.either(&report, &report.words())?;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(args: &SimulateArgs, [day, dated]: [Day; 2], played: &Played, report: Report) -> Report {
    let (kinds, lag, peak) = played.world.tallies.told();
    Report {
        day: time::date_of(day).to_string(),
        dated: time::date_of(dated).to_string(),
        speed: args.speed,
        seed: args.seed,
        visitors: args.visitors,
        parties: played.world.plan.parties().len(),
        most_at_once: played.world.plan.most_at_once(),
        checking_in: played.checking_in(),
        took_s: played.took.as_secs_f64(),
        lag,
        peak,
        kinds,
        outage: played.caught_up(),
        refused: played.refused(),
        ..report
    }
}

/// Says beforehand what may surprise afterwards.
fn warn(args: &SimulateArgs, day: Day, dated: Day) {
    if day != dated {
        let (day, dated) = (time::date_of(day), time::date_of(dated));
        eprintln!("{day} is played as {dated}: the service takes no check-ins from then");
    }
    if args.visitors > USUAL_BURST && !args.forwarded {
        let visitors = args.visitors;
        eprintln!("all visitors have one address: the service has to be started with --participants-burst {visitors}");
    }
}

async fn counted(args: &SimulateArgs, http: &Client, day: Day) -> Result<Option<(i64, i64)>> {
    match &args.key {
        Some(key) => audit::counted(http, &args.service, key, day).await.map(Some),
        None => Ok(None),
    }
}

/// The day that is asked for and the one that check-ins are dated.
fn days(asked: Option<&str>, now_ms: i64) -> Result<(Day, Day)> {
    let today = time::local_hour(now_ms).day;
    let day = match asked {
        Some(text) => time::parse_date(text).ok_or_else(|| anyhow!("day must be a date such as 2026-05-01"))?,
        None => today - 1,
    };
    let is_taken = (today - DAYS_BACK_MAX..today).contains(&day);
    Ok((day, if is_taken { day } else { today - 1 }))
}

/// Reads `10:00+30m`.
fn read_outage(text: &str) -> Result<Span> {
    let read = || {
        let (from, minutes) = text.split_once('+')?;
        let (hour, minute) = from.split_once(':')?;
        let whole = |text: &str| text.parse::<u16>().ok().map(i64::from);
        let (hour, minute) = (whole(hour)?, whole(minute)?);
        let from_ms = (hour * 60 + minute) * 60_000;
        let lasts_ms = whole(minutes.strip_suffix('m')?)? * 60_000;
        let fits = hour < 24 && minute < 60 && (1..DAY_MS).contains(&lasts_ms);
        fits.then_some(Span { from_ms, until_ms: from_ms + lasts_ms })
    };
    read().ok_or_else(|| anyhow!("outage must be a time and minutes, such as 10:00+30m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_the_service_takes_is_dated_so_and_another_one_yesterday() {
        let now_ms = time::parse_rfc3339("2026-11-28T00:30:00+08:00").expect("valid");
        let read = |text: Option<&str>| {
            let (day, dated) = days(text, now_ms).expect("a date");
            (time::date_of(day).to_string(), time::date_of(dated).to_string())
        };
        let same = |day: &str| (day.to_string(), day.to_string());
        assert_eq!(read(None), same("2026-11-27"));
        assert_eq!(read(Some("2026-11-15")), same("2026-11-15"));
        for other in ["2026-11-14", "2026-10-01", "2026-11-28", "2027-01-01"] {
            assert_eq!(read(Some(other)), (other.into(), "2026-11-27".into()));
        }
        assert!(days(Some("tomorrow"), now_ms).is_err());
    }

    #[test]
    fn an_outage_is_a_time_and_minutes() {
        let span = Span { from_ms: 36_000_000, until_ms: 37_800_000 };
        assert_eq!(read_outage("10:00+30m").expect("valid"), span);
        for wrong in ["10:00", "10:00+30", "25:00+5m", "10:60+5m", "10+5m", "10:00+0m", "10:00+1440m", "", "10:00+-5m"]
        {
            assert!(read_outage(wrong).is_err(), "{wrong}");
        }
    }
}
