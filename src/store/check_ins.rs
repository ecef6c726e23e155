//! The log of accepted check-ins: what goes into it, and how its participants read it back. `recording` writes it.

use super::sql::{Sql, on, statements};
use super::{Result, Store, json};
use crate::domain::check_in::Verdict;
use std::collections::HashMap;
use uuid::Uuid;

statements! {
    PAGE = Sql::both(
        "select participant, id, waypoint_key, occurred_ms, received_ms, verdict, distance_m, first_visit, seq, seal
         from check_ins where participant = $1 and seq > $2 order by seq limit $3",
    );
    ONE = Sql::both(
        "select participant, id, waypoint_key, occurred_ms, received_ms, verdict, distance_m, first_visit, seq, seal
         from check_ins where participant = $1 and id = $2",
    );
    PROGRESS = Sql::both(
        "select c.waypoint_key, min(c.occurred_ms), min(c.verdict), count(*) from check_ins c
         where c.participant = $1 group by c.waypoint_key",
    );
    NAMES = Sql::pair(
        "select w.waypoint_key, r.slug, w.slug from waypoints w join study_routes r on r.route_key = w.route_key
         where w.waypoint_key in (select value from json_each($1))",
        "select w.waypoint_key, r.slug, w.slug from waypoints w join study_routes r on r.route_key = w.route_key
         where w.waypoint_key in (select value::bigint from jsonb_array_elements_text($1::jsonb) value)",
    );
}

/// A judged check-in on its way into the log. It holds no latitude and no longitude.
#[derive(Clone, Debug)]
pub struct NewCheckIn {
    /// Whose.
    pub participant: Uuid,
    /// The client's name for it.
    pub id: String,
    /// Where.
    pub route: i64,
    /// Where.
    pub waypoint: i64,
    /// The route's revision it was judged by.
    pub revision: i64,
    /// When, by the phone.
    pub occurred_ms: i64,
    /// When, by the server.
    pub received_ms: i64,
    /// The verdict so far; the speed rule may lower it.
    pub verdict: Verdict,
    /// Metres from the fix to the waypoint.
    pub distance_m: f64,
    /// The phone's radius of doubt, metres.
    pub accuracy_m: f64,
    /// Digest of the request under the participant's token.
    pub seal: [u8; 16],
}

/// A check-in as the log has it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCheckIn {
    /// The client's name for it.
    pub id: String,
    /// The store's number of the waypoint.
    pub waypoint: i64,
    /// When, by the phone.
    pub occurred_ms: i64,
    /// When, by the server.
    pub received_ms: i64,
    /// The verdict.
    pub verdict: Verdict,
    /// Metres from the fix to the waypoint.
    pub distance_m: f64,
    /// Whether it was this participant's first at this waypoint.
    pub first_visit: bool,
    /// Its number in the participant's log.
    pub seq: i64,
    /// Digest of the request.
    pub seal: Vec<u8>,
}

/// One participant's presence at one waypoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The store's number of the waypoint.
    pub waypoint: i64,
    /// When first, by the phone.
    pub first_ms: i64,
    /// The surest verdict.
    pub verdict: Verdict,
    /// How many.
    pub check_ins: i64,
}

/// A row of the log as its participant reads it.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub participant: Uuid,
    pub id: String,
    waypoint_key: i64,
    occurred_ms: i64,
    received_ms: i64,
    verdict: i64,
    distance_m: f64,
    first_visit: i64,
    seq: i64,
    seal: Vec<u8>,
}

impl From<Row> for StoredCheckIn {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            waypoint: row.waypoint_key,
            occurred_ms: row.occurred_ms,
            received_ms: row.received_ms,
            verdict: verdict(row.verdict),
            distance_m: row.distance_m,
            first_visit: row.first_visit != 0,
            seq: row.seq,
            seal: row.seal,
        }
    }
}

pub(super) fn verdict(code: i64) -> Verdict {
    if code == 0 { Verdict::Inside } else { Verdict::Uncertain }
}

impl Store {
    /// A participant's check-ins in the order they were recorded, after number `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_ins_of(&self, participant: Uuid, after: i64, limit: usize) -> Result<Vec<StoredCheckIn>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> = on!(self, |pools, dialect| sqlx::query_as(PAGE.on(dialect))
            .bind(participant)
            .bind(after)
            .bind(limit)
            .fetch_all(&pools.read)
            .await?);
        Ok(rows.into_iter().map(StoredCheckIn::from).collect())
    }

    /// One check-in by the client's name for it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_in(&self, participant: Uuid, id: &str) -> Result<Option<StoredCheckIn>> {
        let row: Option<Row> = on!(self, |pools, dialect| sqlx::query_as(ONE.on(dialect))
            .bind(participant)
            .bind(id)
            .fetch_optional(&pools.read)
            .await?);
        Ok(row.map(StoredCheckIn::from))
    }

    /// Where a participant has been.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn progress(&self, participant: Uuid) -> Result<Vec<Progress>> {
        let rows: Vec<(i64, i64, i64, i64)> = on!(self, |pools, dialect| sqlx::query_as(PROGRESS.on(dialect))
            .bind(participant)
            .fetch_all(&pools.read)
            .await?);
        Ok(rows
            .into_iter()
            .map(|(waypoint, first_ms, code, check_ins)| Progress {
                waypoint,
                first_ms,
                verdict: verdict(code),
                check_ins,
            })
            .collect())
    }

    /// The names `route/waypoint` of waypoints, withdrawn ones too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waypoint_names(&self, keys: &[i64]) -> Result<HashMap<i64, String>> {
        let rows: Vec<(i64, String, String)> = on!(self, |pools, dialect| sqlx::query_as(NAMES.on(dialect))
            .bind(json(keys)?)
            .fetch_all(&pools.read)
            .await?);
        Ok(rows.into_iter().map(|(key, route, waypoint)| (key, format!("{route}/{waypoint}"))).collect())
    }
}
