//! `/v1/counts` and its CSV: how many people, visits, batches and check-ins, of any range of days.
//!
//! In public, figures under ten are hidden and the rest rounded; with an operator's key they are exact.

use super::openapi::params::CountParams;
use super::problem::Problem;
use super::request::Query;
use super::sheet::{Sheet, download};
use super::staff::Staff;
use super::state::Live;
use crate::domain::disclosure;
use crate::domain::time::{self, Day};
use crate::store::{CountQuery, CountRow, Counted, Role};
use axum::extract::RawQuery;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

/// Longest range of days: ten years.
const RANGE_MAX_DAYS: i32 = 3_660;
/// Most rows of one answer.
const ROWS_MAX: usize = 100_000;

/// Counts of a range of days.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"time_zone": "Asia/Shanghai", "from": "2026-05-01", "to": "2026-05-07", "exact": false,
    "people": 1240, "visits": 9875, "batches": null, "check_ins": 10210,
    "rows": [{"route": "peoples-canal", "people": 530, "visits": 4105, "batches": null, "check_ins": 4200}]}))]
pub struct Counts {
    /// The zone of every day here.
    time_zone: &'static str,
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    /// Whether the figures are exact (operators) or rounded with small ones hidden (public).
    exact: bool,
    /// When a standby has counted: how old the figures are at most, seconds. Without it they are of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lag_s: Option<f64>,
    #[serde(flatten)]
    total: Figures,
    /// One per part that was asked for by `by`.
    rows: Vec<WireRow>,
}

/// The figures. `null` is a figure that is not said because it is small.
#[derive(Serialize, ToSchema, Clone, Copy)]
pub struct Figures {
    /// 人数: distinct participants over the whole range, never a sum of days.
    people: Option<i64>,
    /// 人次: distinct (participant, waypoint, day).
    visits: Option<i64>,
    /// 批次: distinct (group, study route, day).
    batches: Option<i64>,
    /// Accepted check-ins.
    check_ins: Option<i64>,
    /// For operators: people who rest on uncertain evidence alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    people_uncertain: Option<i64>,
}

/// The figures of one part.
#[derive(Serialize, ToSchema)]
pub struct WireRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    /// `route/waypoint`.
    #[serde(skip_serializing_if = "Option::is_none")]
    waypoint: Option<String>,
    /// Hour of the day, 0 to 23.
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<i8>,
    #[serde(flatten)]
    figures: Figures,
}

/// How many people, visits, batches and check-ins.
#[utoipa::path(get, path = "/v1/counts", tag = "counts", security((), ("key" = [])), params(CountParams), responses(
    (status = 200, description = "The figures", body = Counts),
    (status = 401, description = "`token-invalid`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(live: Live, staff: Option<Staff>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let table = Table::read(&live, staff.as_ref(), query.as_deref()).await?;
    Ok(([(header::CACHE_CONTROL, "no-store"), (header::VARY, "authorization, cookie")], axum::Json(table.counts))
        .into_response())
}

/// The same as CSV: UTF-8 with BOM, so that Excel reads it, and the totals as last line.
#[utoipa::path(get, path = "/v1/counts.csv", tag = "counts", security((), ("key" = [])), params(CountParams), responses(
    (status = 200, description = "The figures, one line per part and one for all", body = String, content_type = "text/csv"),
    (status = 401, description = "`token-invalid`", body = Problem, content_type = "application/problem+json"),
))]
pub async fn csv(live: Live, staff: Option<Staff>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let table = Table::read(&live, staff.as_ref(), query.as_deref()).await?;
    Ok(download("counts.csv", table.csv()))
}

/// An answer being made.
pub(super) struct Table {
    by: Vec<By>,
    pub(super) counts: Counts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Day,
    Route,
    Waypoint,
    Hour,
}

impl By {
    const ALL: [(By, &str); 4] =
        [(By::Day, "day"), (By::Route, "route"), (By::Waypoint, "waypoint"), (By::Hour, "hour")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(by, _)| *by == self).map_or("", |(_, name)| name)
    }
}

impl Table {
    /// Whether there are rows beside the totals.
    pub(super) fn has_parts(&self) -> bool {
        !self.by.is_empty()
    }

    pub(super) async fn read(live: &Live, staff: Option<&Staff>, query: Option<&str>) -> Result<Self, Problem> {
        let exact = staff.is_some_and(|staff| matches!(staff.0.role, Role::Operator | Role::Admin));
        let mut query = Query::parse(query);
        let by = read_by(&mut query)?;
        let (from, to) = (query.day("from")?, query.day("to")?);
        let slug = query.take("route")?;
        query.finish()?;
        let (from, to) = range(live, from, to).await?;
        let route = match &slug {
            None => None,
            Some(slug) => {
                let key = live.store.route_key(slug).await?;
                Some(key.ok_or_else(|| Problem::parameter("route", "is not the name of a study route"))?)
            }
        };
        let query = CountQuery {
            from,
            to,
            route,
            by_route: by.contains(&By::Route),
            by_waypoint: by.contains(&By::Waypoint),
            by_hour: by.contains(&By::Hour),
            by_day: by.contains(&By::Day),
        };
        // Before they are read: what a standby takes in meanwhile is not in them.
        let (asked, lag) = (Instant::now(), live.store.replica_lag());
        let (total, rows) = live.store.counts_with_total(query).await?;
        let lag_s = lag.map(|lag| (lag + asked.elapsed()).as_secs_f64());
        if rows.len() > ROWS_MAX {
            return Err(Problem::parameter(
                "by",
                format!("gives more than {ROWS_MAX} rows; ask for fewer days or parts"),
            ));
        }
        let rows = wire_rows(&by, rows, exact);
        let (from, to) = (time::date_of(from).to_string(), time::date_of(to).to_string());
        let counts =
            Counts { time_zone: time::TIME_ZONE, from, to, exact, lag_s, total: figures(total, exact, true), rows };
        Ok(Self { by, counts })
    }

    fn csv(&self) -> String {
        let counts = &self.counts;
        let keys: Vec<&str> = self.by.iter().map(|by| by.name()).collect();
        let uncertain = if counts.exact { &["people_uncertain"][..] } else { &[] };
        let head = ["time_zone", "from", "to"].iter().chain(&keys).chain(&["people", "visits", "batches", "check_ins"]);
        let mut sheet = Sheet::new();
        sheet.line(head.chain(uncertain).map(ToString::to_string));
        let range = || [counts.time_zone.to_string(), counts.from.clone(), counts.to.clone()].into_iter();
        let uncertain = |figures: &Figures| counts.exact.then(|| cell(figures.people_uncertain)).into_iter();
        for row in &counts.rows {
            let keys = self.by.iter().map(|by| row.key(*by));
            sheet.line(range().chain(keys).chain(row.figures.cells()).chain(uncertain(&row.figures)));
        }
        let all = keys.iter().map(|_| "all".to_string());
        sheet.line(range().chain(all).chain(counts.total.cells()).chain(uncertain(&counts.total)));
        sheet.into_text()
    }
}

fn cell(figure: Option<i64>) -> String {
    figure.map_or_else(String::new, |figure| figure.to_string())
}

impl Figures {
    fn cells(&self) -> impl Iterator<Item = String> {
        [self.people, self.visits, self.batches, self.check_ins].into_iter().map(cell)
    }
}

impl WireRow {
    /// Rows come by day, route, waypoint and hour, as the columns do.
    fn place(&self) -> (Option<&str>, Option<&str>, Option<&str>, Option<i8>) {
        (self.day.as_deref(), self.route.as_deref(), self.waypoint.as_deref(), self.hour)
    }

    fn key(&self, by: By) -> String {
        match by {
            By::Day => self.day.clone(),
            By::Route => self.route.clone(),
            By::Waypoint => self.waypoint.clone(),
            By::Hour => self.hour.map(|hour| hour.to_string()),
        }
        .unwrap_or_default()
    }
}

fn read_by(query: &mut Query) -> Result<Vec<By>, Problem> {
    let mut found = Vec::new();
    for text in query.take_all("by") {
        let by = By::ALL.iter().find(|(_, name)| *name == text);
        let Some((by, _)) = by else {
            return Err(Problem::parameter("by", "must be day, route, waypoint or hour"));
        };
        if !found.contains(by) {
            found.push(*by);
        }
    }
    Ok(By::ALL.iter().map(|(by, _)| *by).filter(|by| found.contains(by)).collect())
}

/// Without `from`, from the first counted day; without `to`, to today, or to the last counted day if a phone's clock runs ahead.
async fn range(live: &Live, from: Option<Day>, to: Option<Day>) -> Result<(Day, Day), Problem> {
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (from, to) => {
            let today = time::local_hour(live.ambient.now_ms()).day;
            let (first, last) = live.store.counted_days().await?.unwrap_or((today, today));
            let to = to.unwrap_or_else(|| today.max(last).max(from.unwrap_or(today)));
            (from.unwrap_or_else(|| first.min(to).max(to.saturating_sub(RANGE_MAX_DAYS))), to)
        }
    };
    if from > to {
        return Err(Problem::parameter("from", "is after to; swap them"));
    }
    if to - from > RANGE_MAX_DAYS {
        return Err(Problem::parameter("to", "is more than ten years after from; ask for a shorter range"));
    }
    Ok((from, to))
}

fn wire_rows(by: &[By], rows: Vec<CountRow>, exact: bool) -> Vec<WireRow> {
    let mut named: Vec<(WireRow, Counted)> = rows.into_iter().map(|row| (wire_row(by, &row), row.counted)).collect();
    named.sort_by(|(a, _), (b, _)| a.place().cmp(&b.place()));
    let shown = if exact { vec![true; named.len()] } else { shown_in_public(by, &named) };
    let rows = named.into_iter().zip(shown);
    rows.map(|((row, counted), shown)| WireRow { figures: figures(counted, exact, shown), ..row }).collect()
}

fn shown_in_public(by: &[By], named: &[(WireRow, Counted)]) -> Vec<bool> {
    // Every waypoint has one route, so a table by both has the margins of a table by waypoint and those by route.
    let keys: Vec<Vec<String>> = named.iter().map(|(row, _)| by.iter().map(|by| row.key(*by)).collect()).collect();
    let judged: Vec<disclosure::Row<'_>> =
        keys.iter().zip(named).map(|(keys, (_, counted))| disclosure::Row { keys, people: counted.people }).collect();
    disclosure::shown(&judged)
}

fn wire_row(by: &[By], row: &CountRow) -> WireRow {
    let asked = |wanted: By, value: Option<String>| value.filter(|_| by.contains(&wanted));
    WireRow {
        day: row.day.map(|day| time::date_of(day).to_string()),
        route: asked(By::Route, row.route.clone()),
        waypoint: asked(By::Waypoint, row.waypoint.clone()),
        hour: row.hour,
        figures: figures(Counted::default(), false, false),
    }
}

fn figures(counted: Counted, exact: bool, shown: bool) -> Figures {
    let figure = |value: i64| if exact { Some(value) } else { disclosure::figure(value).filter(|_| shown) };
    // A total that rests on few people is hidden whole, like a row.
    let enough = exact || counted.people >= disclosure::SMALL;
    let figure = |value: i64| figure(value).filter(|_| enough);
    Figures {
        people: figure(counted.people),
        visits: figure(counted.visits),
        // No group has been made yet, so no batch has come.
        batches: figure(0),
        check_ins: figure(counted.check_ins),
        people_uncertain: exact.then_some(counted.people_uncertain),
    }
}
