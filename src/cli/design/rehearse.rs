//! `studyroute rehearse`: simulated walkers on a route, as a chart on the terminal, as JSON, or as a page to print.

use super::{Desk, words};
use crate::design::publish::{self, State};
use crate::domain::rehearsal::{self, Plan, Rehearsal};
use crate::domain::route::Lang;
use crate::web;
use anyhow::{Context, Result, anyhow};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Columns of the chart: what fits on a terminal and into a mail.
const CHART_COLUMNS: usize = 100;

/// Who walks where.
#[derive(Args)]
pub struct RehearseArgs {
    /// The study route
    route: String,
    /// Which state: draft, published or the number of a revision
    #[arg(long, value_name = "STATE", default_value = "draft")]
    of: State,
    /// How many walk, 1 to 10,000
    #[arg(long, default_value_t = 200)]
    walkers: u32,
    /// The same seed gives the same rehearsal
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Walkers of one class, who wait for each other
    #[arg(long, default_value_t = 40)]
    group_size: u32,
    /// Write the whole report as a page with a map to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// In which language: zh-CN or en
    #[arg(long, value_parser = words::lang, default_value = "en")]
    lang: Lang,
}

/// Rehearses a state of a route.
///
/// # Errors
/// When the database cannot be used, there is no such route or revision, or it cannot be rehearsed.
pub async fn run(desk: &Desk<'_>, args: RehearseArgs) -> Result<ExitCode> {
    let RehearseArgs { route, of, walkers, seed, group_size, html, lang } = args;
    let state = desk.known(&route).await?;
    let content = publish::content(&desk.store, &state, of).await?.ok_or_else(|| words::unknown_state(&route))?;
    let plan = Plan { walkers, seed, group_size: group_size.min(walkers.max(1)), settings: BTreeMap::new() };
    let rehearsal =
        rehearsal::rehearse(&content, &plan).map_err(|unfit| anyhow!("{route} cannot be rehearsed: {unfit}"))?;
    if let Some(file) = html {
        let page = web::rehearsal::page(&content, &rehearsal, lang);
        std::fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let chart = rehearsal::chart(&rehearsal, CHART_COLUMNS, lang);
    desk.out.either(&rehearsal, &format!("{chart}\n{}", totals(&rehearsal, lang)))?;
    Ok(ExitCode::SUCCESS)
}

/// The outcome in a sentence, and the zones that should be wider.
fn totals(rehearsal: &Rehearsal, lang: Lang) -> String {
    let all = &rehearsal.totals;
    let (walkers, everywhere, at_once) = (rehearsal.walkers, all.everywhere, all.everywhere_at_once);
    let (way_km, driven_km) = (all.way_m / 1_000.0, all.driven_m / 1_000.0);
    let hours = f64::from(all.under_way_s.median) / 3_600.0;
    let wider = rehearsal.waypoints.iter().filter_map(|stop| Some((stop, stop.advised_radius_m()?)));
    let wider = wider.filter(|(stop, advised_m)| *advised_m > stop.radius_m);
    let whole = match lang {
        Lang::En => format!(
            "Of {walkers} walkers, {everywhere} got in everywhere, {at_once} of them always at once. The way is \
             {way_km:.1} km, {driven_km:.1} km of it driven, and takes {hours:.1} h without the time to look at anything."
        ),
        Lang::ZhCn => format!(
            "{walkers}人中{everywhere}人处处打卡成功，其中{at_once}人每次都是一次成功。全程{way_km:.1}公里，其中乘车{driven_km:.1}公里；\
             不计参观，路上需{hours:.1}小时。"
        ),
    };
    let wider = wider.map(|(stop, advised_m)| {
        let (id, radius_m) = (&stop.id, stop.radius_m);
        match lang {
            Lang::En => format!("{id}: make the radius of the zone {advised_m:.0} m instead of {radius_m:.0} m"),
            Lang::ZhCn => format!("{id}：范围半径由{radius_m:.0}米放宽到{advised_m:.0}米"),
        }
    });
    std::iter::once(whole).chain(wider).collect::<Vec<_>>().join("\n")
}
