//! Answers about how many: read from the counters without touching the log, in few rows whatever the range.
//!
//! Refuses to add to the counters: that is [`super::counters`].

use super::counters::{ALL_KEY, Place, kind_code, place};
use super::sql::{Sql, on, statements};
use super::{Result, Store, json};
use crate::domain::sums::{self, Part};
use crate::domain::time::Day;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

statements! {
    /// $1 the kind of scope; $2, $3 first and last route; $4 the parts of the range. The scopes stand outside: so their rows come
    /// in the order of the keys and need no sorting.
    OF_RANGE = Sql::pair(
        "with part as materialized (
             select value ->> 'span' as span, value ->> 'sign' as sign, value ->> 'again' as again, value ->> 'later' as later,
                    value ->> 'first' as first, value ->> 'last' as last
             from json_each($4))
         select s.route_key, s.waypoint_key, s.hour, 0, sum(p.sign * d.people + p.again * d.again + p.later * d.later),
                sum(p.sign * d.people_inside + p.again * d.again_inside + p.later * d.later_inside),
                sum(p.sign * d.check_ins), sum(p.sign * d.visits)
         from count_scopes s cross join part p
         cross join day_counts d on d.scope = s.scope and d.span = p.span and d.first between p.first and p.last
         where s.kind = $1 and s.route_key between $2 and $3
         group by s.route_key, s.waypoint_key, s.hour",
        "select s.route_key, s.waypoint_key, s.hour, 0::bigint, sum(d.people)::bigint, sum(d.people_inside)::bigint,
                sum(p.sign * d.check_ins)::bigint, sum(p.sign * d.visits)::bigint
         from count_scopes s
         cross join jsonb_to_recordset($4::jsonb)
              as p(span bigint, sign bigint, again bigint, later bigint, first bigint, last bigint)
         cross join lateral (
             select sum(p.sign * d.people + p.again * d.again + p.later * d.later) as people,
                    sum(p.sign * d.people_inside + p.again * d.again_inside + p.later * d.later_inside) as people_inside,
                    sum(d.check_ins) as check_ins, sum(d.visits) as visits
             from day_counts d where d.scope = s.scope and d.span = p.span and d.first between p.first and p.last) d
         where s.kind = $1 and s.route_key between $2 and $3
         group by s.route_key, s.waypoint_key, s.hour having sum(d.check_ins) is not null",
    );
    /// The same, day by day; $4, $5 first and last day.
    OF_DAYS = Sql::pair(
        "select s.route_key, s.waypoint_key, s.hour, d.first, d.people, d.people_inside, d.check_ins, d.visits
         from count_scopes s
         cross join day_counts d on d.scope = s.scope and d.span = 0 and d.first between $4 and $5
         where s.kind = $1 and s.route_key between $2 and $3",
        "select s.route_key, s.waypoint_key, s.hour, d.first, d.people, d.people_inside, d.check_ins, d.visits
         from count_scopes s
         join day_counts d on d.scope = s.scope and d.span = 0 and d.first between $4 and $5
         where s.kind = $1 and s.route_key between $2 and $3",
    );
    /// Corners are compared as pairs, so that a part of one day is found without reading the rest of that day.
    RETURNS = Sql::pair(
        "with part as materialized (
             select value ->> 'span' as span, value ->> 'sign' as sign, value ->> 'first' as first, value ->> 'last' as last,
                    value ->> 'second' as second, value ->> 'second_last' as second_last
             from json_each($4))
         select s.route_key, s.waypoint_key, s.hour, sum(p.sign * r.people), sum(p.sign * r.people_inside)
         from count_scopes s cross join part p
         cross join return_counts r on r.scope = s.scope and r.span = p.span
                                   and (r.first, r.second) >= (p.first, p.second)
                                   and (r.first, r.second) <= (p.last, p.second_last)
                                   and r.second between p.second and p.second_last
         where s.kind = $1 and s.route_key between $2 and $3
         group by s.route_key, s.waypoint_key, s.hour",
        "select s.route_key, s.waypoint_key, s.hour, sum(p.sign * r.people)::bigint, sum(p.sign * r.people_inside)::bigint
         from count_scopes s
         cross join jsonb_to_recordset($4::jsonb)
              as p(span bigint, sign bigint, first bigint, last bigint, second bigint, second_last bigint)
         cross join lateral (
             select sum(r.people) as people, sum(r.people_inside) as people_inside
             from return_counts r
             where r.scope = s.scope and r.span = p.span and (r.first, r.second) >= (p.first, p.second)
               and (r.first, r.second) <= (p.last, p.second_last) and r.second between p.second and p.second_last) r
         where s.kind = $1 and s.route_key between $2 and $3
         group by s.route_key, s.waypoint_key, s.hour having sum(r.people) is not null",
    );
    // Days and returns of one answer belong together.
    COUNTED_DAYS = Sql::both(
        "select (select min(first) from day_counts where scope = s.scope and span = 0),
                (select max(first) from day_counts where scope = s.scope and span = 0)
         from count_scopes s where s.kind = 0",
    );
    ROUTE_KEY = Sql::both("select route_key from study_routes where slug = $1");
    ROUTE_NAMES = Sql::pair(
        "select route_key, slug from study_routes where route_key in (select value from json_each($1))",
        "select route_key, slug from study_routes
         where route_key in (select value::bigint from jsonb_array_elements_text($1::jsonb) value)",
    );
}

/// What is asked of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent dimensions")]
pub struct CountQuery {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// Only this study route.
    pub route: Option<i64>,
    /// Broken down by study route.
    pub by_route: bool,
    /// Broken down by waypoint (and its route).
    pub by_waypoint: bool,
    /// Broken down by hour of the day.
    pub by_hour: bool,
    /// Broken down by day.
    pub by_day: bool,
}

impl CountQuery {
    /// The kind of scope whose counters answer this.
    fn kind(&self) -> i64 {
        kind_code(self.by_route || self.by_waypoint || self.route.is_some(), self.by_waypoint, self.by_hour)
    }

    /// The first and the last key of a study route.
    fn routes(&self) -> (i64, i64) {
        match self.route {
            Some(key) => (key, key),
            None => (ALL_KEY, i64::MAX),
        }
    }
}

/// Exact figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Distinct participants.
    pub people: i64,
    /// Of them, those without a single `inside` verdict here.
    pub people_uncertain: i64,
    /// Distinct (participant, waypoint, day).
    pub visits: i64,
    /// Check-ins.
    pub check_ins: i64,
}

/// Exact figures of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountRow {
    /// Which study route, if broken down by it or by waypoint.
    pub route: Option<String>,
    /// Which waypoint, as `route/waypoint`.
    pub waypoint: Option<String>,
    /// Which hour of the day.
    pub hour: Option<i8>,
    /// Which day.
    pub day: Option<Day>,
    /// Its figures.
    pub counted: Counted,
}

/// Route, waypoint, hour, day; people, people inside, check-ins, visits.
type DaysRow = (i64, i64, i64, i64, i64, i64, i64, i64);
/// Route, waypoint, hour; people, people inside.
type ReturnsRow = (i64, i64, i64, i64, i64);

/// A part of a range as a statement reads it.
#[derive(Serialize)]
struct PartRow {
    span: i64,
    sign: i64,
    again: i64,
    later: i64,
    first: i64,
    last: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    second: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_last: Option<i64>,
}

impl PartRow {
    fn new(part: &Part) -> Self {
        let sides = |place: Place| match place {
            Place::Days { span, first } => (span, first, None),
            Place::Returns { span, first, second } => (span, first, Some(second)),
        };
        let ((span, first, second), (_, last, second_last)) = (sides(place(part.first)), sides(place(part.last)));
        let Part { sign, again, later, .. } = *part;
        Self { span, sign, again, later, first, last, second, second_last }
    }
}

fn parts(parts: &[Part]) -> Result<String> {
    json(&parts.iter().map(PartRow::new).collect::<Vec<_>>())
}

/// The first and the last day, unless there is none.
fn days_of((first, last): (Option<i64>, Option<i64>)) -> Option<(Day, Day)> {
    Some((Day::try_from(first?).ok()?, Day::try_from(last?).ok()?))
}

/// The counters that questions need, in one transaction of one server.
macro_rules! read_through {
    ($lender:expr, $dialect:ident, $queries:ident) => {
        async {
            let mut tx = $lender.begin().await?;
            let counted: Option<(Option<i64>, Option<i64>)> =
                sqlx::query_as(COUNTED_DAYS.on($dialect)).fetch_optional(&mut *tx).await?;
            let Some(counted) = counted.and_then(days_of) else { return Ok(Vec::new()) };
            let mut read = Vec::with_capacity($queries.len());
            for query in $queries.iter().filter(|query| query.from <= query.to) {
                let (kind, (first, last)) = (query.kind(), query.routes());
                if query.by_day {
                    let days = sqlx::query_as(OF_DAYS.on($dialect)).bind(kind).bind(first).bind(last);
                    let days = days.bind(i64::from(query.from)).bind(i64::from(query.to));
                    read.push((days.fetch_all(&mut *tx).await?, Vec::new()));
                    continue;
                }
                let range = sums::parts(query.from, query.to, counted);
                let days = sqlx::query_as(OF_RANGE.on($dialect)).bind(kind).bind(first).bind(last);
                let days = days.bind(parts(&range.days)?).fetch_all(&mut *tx).await?;
                let returns = sqlx::query_as(RETURNS.on($dialect)).bind(kind).bind(first).bind(last);
                let returns = returns.bind(parts(&range.returns)?).fetch_all(&mut *tx).await?;
                read.push((days, returns));
            }
            tx.rollback().await?;
            Result::Ok(read)
        }
        .await
    };
}

impl Store {
    /// The first and the last day that anything was counted on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn counted_days(&self) -> Result<Option<(Day, Day)>> {
        let days: Option<(Option<i64>, Option<i64>)> =
            on!(self, |pools, dialect| sqlx::query_as(COUNTED_DAYS.on(dialect)).fetch_optional(&pools.read).await?);
        Ok(days.and_then(days_of))
    }

    /// The store's number of a study route that is or was published.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn route_key(&self, slug: &str) -> Result<Option<i64>> {
        Ok(on!(self, |pools, dialect| sqlx::query_scalar(ROUTE_KEY.on(dialect))
            .bind(slug)
            .fetch_optional(&pools.read)
            .await?))
    }

    /// Exact figures, one row per part; without any `by`, one row at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn counts(&self, query: CountQuery) -> Result<Vec<CountRow>> {
        self.one_of(query, self.read_counters(&[query]).await?.pop()).await
    }

    /// Of one instant: figures of the whole, and one row per part if there are any, so that neither knows what the other does not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn counts_with_total(&self, parts: CountQuery) -> Result<(Counted, Vec<CountRow>)> {
        let total = CountQuery { by_route: false, by_waypoint: false, by_hour: false, by_day: false, ..parts };
        let both = [total, parts];
        let asked = if parts == total { &both[..1] } else { &both[..] };
        let mut read = self.read_counters(asked).await?.into_iter();
        let whole = self.one_of(total, read.next()).await?.pop().map(|row| row.counted).unwrap_or_default();
        Ok((whole, self.one_of(parts, read.next()).await?))
    }

    async fn one_of(&self, query: CountQuery, read: Option<(Vec<DaysRow>, Vec<ReturnsRow>)>) -> Result<Vec<CountRow>> {
        let (days, returns) = read.unwrap_or_default();
        let returns: HashMap<_, _> = returns
            .into_iter()
            .map(|(route, waypoint, hour, any, inside)| ((route, waypoint, hour), (any, inside)))
            .collect();
        let counted = days.into_iter().filter(|row| row.6 > 0).map(|row| {
            let (route, waypoint, hour, day, mut people, mut people_inside, check_ins, visits) = row;
            // Nobody comes back within one day.
            let (any, inside) = returns.get(&(route, waypoint, hour)).copied().unwrap_or_default();
            people -= any;
            people_inside -= inside;
            let counted = Counted { people, people_uncertain: people - people_inside, visits, check_ins };
            ((route, waypoint, hour, day), counted)
        });
        self.name(query, counted.collect()).await
    }

    /// What each question reads, all in one snapshot: of a standby that is there, or else of the database itself.
    async fn read_counters(&self, queries: &[CountQuery]) -> Result<Vec<(Vec<DaysRow>, Vec<ReturnsRow>)>> {
        on!(self, |pools, dialect| {
            if let Some((replica, standby)) =
                pools.replica.as_ref().and_then(|replica| Some((replica, replica.lender()?)))
            {
                match read_through!(standby, dialect, queries) {
                    Ok(read) => return Ok(read),
                    // A standby ends what keeps it from replaying, for one; within a second it is asked again, if it is there.
                    Err(error) => tracing::debug!(error = error.with_causes(), "the standby did not answer"),
                }
                replica.has_until(None);
            }
            read_through!(&pools.read, dialect, queries)
        })
    }

    async fn name(&self, query: CountQuery, parts: BTreeMap<(i64, i64, i64, i64), Counted>) -> Result<Vec<CountRow>> {
        let mut routes: Vec<i64> = parts.keys().map(|key| key.0).collect();
        routes.dedup();
        let routes: HashMap<i64, String> =
            if query.by_route || query.by_waypoint { self.route_names(&routes).await? } else { HashMap::new() };
        let mut waypoints: Vec<i64> = parts.keys().map(|key| key.1).collect();
        waypoints.dedup();
        let waypoints = if query.by_waypoint { self.waypoint_names(&waypoints).await? } else { HashMap::new() };
        let row = |((route, waypoint, hour, day), counted)| CountRow {
            route: routes.get(&route).cloned(),
            waypoint: waypoints.get(&waypoint).cloned(),
            hour: query.by_hour.then_some(hour).and_then(|hour| i8::try_from(hour).ok()),
            day: query.by_day.then_some(day).and_then(|day| Day::try_from(day).ok()),
            counted,
        };
        Ok(parts.into_iter().map(row).collect())
    }

    async fn route_names(&self, keys: &[i64]) -> Result<HashMap<i64, String>> {
        let names: Vec<(i64, String)> = on!(self, |pools, dialect| sqlx::query_as(ROUTE_NAMES.on(dialect))
            .bind(json(keys)?)
            .fetch_all(&pools.read)
            .await?);
        Ok(names.into_iter().collect())
    }
}
