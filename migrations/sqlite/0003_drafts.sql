-- The twin of migrations/postgres/0003_drafts.sql: the same tables and columns. Never edited once released.

-- a withdrawn route has a last revision without waypoints and is served to nobody
alter table study_routes add column withdrawn integer not null default 0;
-- the last number given to a state of its draft: a number never comes twice, also after a draft was dropped
alter table study_routes add column last_draft_version integer not null default 0;

-- import, publish, restore or withdraw
alter table revisions add column kind text not null default 'import';
alter table revisions add column note text not null default '';
alter table revisions add column author text not null default '';
alter table revisions add column author_key blob;
alter table revisions add column restored_revision integer;

-- A set of waypoints being written. It belongs to a draft, or to an import that has not ended; what belongs to nobody is swept.
create table contents (
    content_key integer primary key autoincrement,
    created_ms integer not null
) strict;

create table draft_waypoints (
    content_key integer not null,
    slug text not null,
    -- place in the visiting order, from 0, without gaps
    ordinal integer not null,
    content_hash text not null,
    -- JSON
    document text not null,
    primary key (content_key, slug)
) strict;
create index draft_waypoints_in_order on draft_waypoints (content_key, ordinal);

-- At most one per route.
create table drafts (
    route_key integer primary key references study_routes (route_key),
    content_key integer not null,
    -- the revision it was begun from
    base_revision integer not null,
    version integer not null,
    -- JSON: title, summary, line
    head text not null,
    author text not null,
    created_ms integer not null,
    updated_by text not null,
    updated_ms integer not null
) strict;

-- A draft that is to be published at a time.
create table schedules (
    route_key integer primary key references study_routes (route_key),
    at_ms integer not null,
    draft_version integer not null,
    note text not null,
    -- JSON: names of lint rules
    acknowledged text not null,
    author text not null,
    author_key blob,
    -- why it could not be published when its time came
    failure text
) strict;
