-- The twin of migrations/sqlite/0006_waypoint_changes.sql: the same tables and columns. Never edited once released.

-- Which waypoints a revision began, changed, moved or took away, so that a node which serves the revision before reads those
-- alone. Written by triggers: whatever statement touches a version, the list is whole. A route's first revision is not in it:
-- all of it is new.
create table waypoint_changes (
    route_key bigint not null,
    revision bigint not null,
    waypoint_key bigint not null,
    primary key (route_key, revision, waypoint_key)
);

create function waypoint_versions_begin() returns trigger language plpgsql as $$
begin
    insert into waypoint_changes (route_key, revision, waypoint_key)
    select w.route_key, n.first_revision, n.waypoint_key from touched n join waypoints w on w.waypoint_key = n.waypoint_key
    where n.first_revision > 1 on conflict do nothing;
    return null;
end $$;

create trigger waypoint_versions_begin after insert on waypoint_versions referencing new table as touched
for each statement execute function waypoint_versions_begin();

create function waypoint_versions_end() returns trigger language plpgsql as $$
begin
    insert into waypoint_changes (route_key, revision, waypoint_key)
    select w.route_key, n.last_revision + 1, n.waypoint_key from touched n join waypoints w on w.waypoint_key = n.waypoint_key
    where n.last_revision is not null on conflict do nothing;
    return null;
end $$;

create trigger waypoint_versions_end after update on waypoint_versions referencing new table as touched
for each statement execute function waypoint_versions_end();
