-- The twin of migrations/sqlite/0008_overlays.sql: the same tables and columns. Never edited once released.

-- A set of waypoints may stand on a revision of a route: it has what that revision had, but for the rows of its own. So a draft
-- of a long route holds what was changed and nothing else. Without a base a set stands by itself.
alter table contents add column route_key bigint;
alter table contents add column base_revision bigint;

-- A row of ordinal -1 takes the base's waypoint of its name away. Where first_revision is set, the document is not here (it is
-- empty): it is that of the version of this waypoint that began with this revision.
alter table draft_waypoints add column first_revision bigint;
-- The cell of earth-centred space that the zone lies in; see src/domain/lint/cells.rs.
alter table draft_waypoints add column spot bigint;
-- The key of all its questions, empty when they have several, null when there are no questions.
alter table draft_waypoints add column answer_key text;

-- of its waypoint, so that the versions of a route are found in their order
alter table waypoint_versions add column route_key bigint not null default 0;
-- As of a draft's waypoint; null in versions from before there were cells, which are looked at every time.
alter table waypoint_versions add column spot bigint;
alter table waypoint_versions add column answer_key text;

update waypoint_versions set route_key =
    (select w.route_key from waypoints w where w.waypoint_key = waypoint_versions.waypoint_key);

create index waypoint_versions_in_order on waypoint_versions (route_key, ordinal);
-- With the condition on the spot they serve no reading of all that is published, which goes through the table as it lies.
create index waypoint_versions_by_spot on waypoint_versions (route_key, spot)
    where last_revision is null and spot is not null;
create index waypoint_versions_without_spot on waypoint_versions (route_key)
    where last_revision is null and spot is null;
create index waypoint_versions_by_answer on waypoint_versions (route_key, answer_key)
    where last_revision is null and answer_key is not null;

-- The set whose waypoints are being written as versions of the first revision, before that is published; until then nobody sees them.
alter table study_routes add column preparing_content bigint;
