-- The twin of migrations/postgres/0006_waypoint_changes.sql: the same tables and columns. Never edited once released.

-- Which waypoints a revision began, changed, moved or took away, so that a node which serves the revision before reads those
-- alone. Written by triggers: whatever statement touches a version, the list is whole. A route's first revision is not in it:
-- all of it is new.
create table waypoint_changes (
    route_key integer not null,
    revision integer not null,
    waypoint_key integer not null,
    primary key (route_key, revision, waypoint_key)
) strict, without rowid;

create trigger waypoint_versions_begin after insert on waypoint_versions when new.first_revision > 1
begin
    insert or ignore into waypoint_changes (route_key, revision, waypoint_key)
    select route_key, new.first_revision, waypoint_key from waypoints where waypoint_key = new.waypoint_key;
end;

create trigger waypoint_versions_end after update of last_revision on waypoint_versions when new.last_revision is not null
begin
    insert or ignore into waypoint_changes (route_key, revision, waypoint_key)
    select route_key, new.last_revision + 1, waypoint_key from waypoints where waypoint_key = new.waypoint_key;
end;
