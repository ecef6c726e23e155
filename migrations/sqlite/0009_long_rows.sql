-- The twin of migrations/postgres/0009_long_rows.sql, where nothing has to change. Never edited once released.

-- A table without row numbers is the index of its own key, and for each step of a search SQLite reads the whole row, from every page
-- that it fills. Rows that hold a document are too long for that: with row numbers the key has a small index of its own.
create table long_revisions (
    route_key integer not null references study_routes (route_key),
    revision integer not null,
    published_ms integer not null,
    content_hash text not null,
    -- JSON: title, summary, line
    head text not null,
    -- import, publish, restore or withdraw
    kind text not null default 'import',
    note text not null default '',
    author text not null default '',
    author_key blob,
    restored_revision integer,
    primary key (route_key, revision)
) strict;

insert into long_revisions
    (route_key, revision, published_ms, content_hash, head, kind, note, author, author_key, restored_revision)
    select route_key, revision, published_ms, content_hash, head, kind, note, author, author_key, restored_revision
    from revisions order by route_key, revision;
drop table revisions;
alter table long_revisions rename to revisions;

create table long_waypoint_versions (
    waypoint_key integer not null references waypoints (waypoint_key),
    first_revision integer not null,
    -- null while valid
    last_revision integer,
    ordinal integer not null,
    content_hash text not null,
    -- JSON
    document text not null,
    -- of its waypoint, so that the versions of a route are found in their order
    route_key integer not null,
    -- The cell of earth-centred space that the zone lies in; null in versions from before there were cells.
    spot integer,
    -- The key of all its questions, empty when they have several, null when there are no questions.
    answer_key text,
    primary key (waypoint_key, first_revision)
) strict;

insert into long_waypoint_versions
    (waypoint_key, first_revision, last_revision, ordinal, content_hash, document, route_key, spot, answer_key)
    select waypoint_key, first_revision, last_revision, ordinal, content_hash, document, route_key, spot, answer_key
    from waypoint_versions order by waypoint_key, first_revision;
drop table waypoint_versions;
alter table long_waypoint_versions rename to waypoint_versions;

create index waypoint_versions_in_order on waypoint_versions (route_key, ordinal);
-- With the condition on the spot they serve no reading of all that is published, which goes through the table as it lies.
create index waypoint_versions_by_spot on waypoint_versions (route_key, spot)
    where last_revision is null and spot is not null;
create index waypoint_versions_without_spot on waypoint_versions (route_key)
    where last_revision is null and spot is null;
create index waypoint_versions_by_answer on waypoint_versions (route_key, answer_key)
    where last_revision is null and answer_key is not null;

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
