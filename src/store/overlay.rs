//! Putting a set of waypoints on the revision that is now the last: it has what it had before, and its own rows say how it differs
//! from that revision. So whoever checks or publishes a set looks at its rows alone.

use super::sql::{Sql, statements};

statements! {
    BASE = Sql::both("select route_key, base_revision from contents where content_key = $1");
    // What the old base has and the new one has not, or has otherwise.
    HOLD_OTHERS = Sql::both(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document, first_revision, spot, answer_key)
         select c.content_key, w.slug, v.ordinal, v.content_hash, '', v.first_revision, v.spot, v.answer_key
         from contents c join waypoint_versions v on v.route_key = c.route_key
         join waypoints w on w.waypoint_key = v.waypoint_key
         where c.content_key = $1 and v.first_revision <= c.base_revision
           and (v.last_revision is null or v.last_revision >= c.base_revision)
           and (v.first_revision > $2 or v.last_revision < $2)
           and not exists (select 1 from draft_waypoints d where d.content_key = $1 and d.slug = w.slug)",
    );
    // What the new base has, and neither the set nor the old one.
    REMOVE_OTHERS = Sql::both(
        "insert into draft_waypoints (content_key, slug, ordinal, content_hash, document)
         select c.content_key, w.slug, -1, '', ''
         from contents c join waypoint_versions v on v.route_key = $3
         join waypoints w on w.waypoint_key = v.waypoint_key
         where c.content_key = $1 and v.first_revision <= $2 and (v.last_revision is null or v.last_revision >= $2)
           and not exists (select 1 from draft_waypoints d where d.content_key = $1 and d.slug = w.slug)
           and not exists (
             select 1 from waypoint_versions b where b.waypoint_key = v.waypoint_key
               and b.first_revision <= c.base_revision
               and (b.last_revision is null or b.last_revision >= c.base_revision))",
    );
    SET_BASE = Sql::both("update contents set route_key = $2, base_revision = $3 where content_key = $1");
}

/// Puts a set on a revision of a route, in a transaction of either database.
macro_rules! put_on {
    ($tx:ident, $dialect:ident, $content:expr, $route_key:expr, $revision:expr) => {{
        use $crate::store::overlay::{BASE, HOLD_OTHERS, REMOVE_OTHERS, SET_BASE};
        let base: (Option<i64>, Option<i64>) =
            sqlx::query_as(BASE.on($dialect)).bind($content).fetch_one(&mut *$tx).await?;
        if base != (Some($route_key), Some($revision)) {
            let hold = sqlx::query(HOLD_OTHERS.on($dialect)).bind($content).bind($revision);
            hold.execute(&mut *$tx).await?;
            let remove = sqlx::query(REMOVE_OTHERS.on($dialect)).bind($content).bind($revision).bind($route_key);
            remove.execute(&mut *$tx).await?;
            let set = sqlx::query(SET_BASE.on($dialect)).bind($content).bind($route_key).bind($revision);
            set.execute(&mut *$tx).await?;
        }
    }};
}

pub(super) use put_on;
