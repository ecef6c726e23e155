-- The twin of migrations/postgres/0001_core.sql: the same tables and columns. Never edited once released.
-- Times are milliseconds since 1970 (…_ms), days are days since 1970 in Asia/Shanghai; no database clock is ever used.

-- The number of the content now published. Bumped in the transaction of every publication; nodes compare it with the
-- number of the index they serve.
create table generation (
    only_row integer primary key check (only_row = 1),
    value integer not null
) strict;
insert into generation (only_row, value) values (1, 0);

create table study_routes (
    -- autoincrement: a number is never given twice, because counts outlive routes
    route_key integer primary key autoincrement,
    slug text not null unique,
    -- the revision now published
    revision integer not null,
    -- of the route file that was imported last: an unchanged file never overrides what was published since
    file_hash text not null
) strict;

create table revisions (
    route_key integer not null references study_routes (route_key),
    revision integer not null,
    published_ms integer not null,
    content_hash text not null,
    -- JSON: title, summary, line
    head text not null,
    primary key (route_key, revision)
) strict, without rowid;

-- The name of a waypoint, for ever: check-ins and counts point here, also after the waypoint was withdrawn.
create table waypoints (
    waypoint_key integer primary key autoincrement,
    route_key integer not null references study_routes (route_key),
    slug text not null,
    unique (route_key, slug)
) strict;

-- A waypoint's content, valid from one revision of its route up to another. A publication writes only what changed.
create table waypoint_versions (
    waypoint_key integer not null references waypoints (waypoint_key),
    first_revision integer not null,
    -- null while valid
    last_revision integer,
    ordinal integer not null,
    content_hash text not null,
    -- JSON
    document text not null,
    primary key (waypoint_key, first_revision)
) strict, without rowid;

-- One anonymous visitor. Nothing here says who it is.
create table participants (
    participant blob primary key,
    token_hash blob not null,
    created_ms integer not null
) strict, without rowid;

-- The log of accepted check-ins. No latitude, no longitude: they are dropped once judged.
create table check_ins (
    participant blob not null references participants (participant) on delete cascade,
    -- the client's name for it: a repeat meets this key
    id text not null,
    -- 1, 2, 3 … per participant: two nodes that count the same participant at once meet on this key, and one tries again
    seq integer not null,
    route_key integer not null,
    waypoint_key integer not null references waypoints (waypoint_key),
    revision integer not null,
    occurred_ms integer not null,
    received_ms integer not null,
    -- 0 inside, 1 uncertain
    verdict integer not null,
    method text not null,
    distance_m real not null,
    accuracy_m real not null,
    first_visit integer not null,
    -- of the request, keyed by the participant's token, which is not kept
    seal blob not null,
    primary key (participant, id),
    unique (participant, seq)
) strict, without rowid;

-- Distinct people over any range of days are a sum over these; see src/domain/counts.rs.
-- route_key, waypoint_key and hour are -1 for "all". erased_… counts the part whose log was erased on demand.
create table people_steps (
    -- which of the three may be "all": a question reads the rows of one kind only
    kind integer not null,
    route_key integer not null,
    waypoint_key integer not null,
    hour integer not null,
    -- 0 any evidence, 1 inside verdicts alone
    evidence integer not null,
    day integer not null,
    previous_day integer not null,
    people integer not null,
    erased_people integer not null,
    primary key (kind, route_key, waypoint_key, hour, evidence, day, previous_day)
) strict, without rowid;

create table tallies (
    day integer not null,
    route_key integer not null,
    waypoint_key integer not null,
    hour integer not null,
    check_ins integer not null,
    visits integer not null,
    hour_visits integer not null,
    erased_check_ins integer not null,
    erased_visits integer not null,
    erased_hour_visits integer not null,
    primary key (day, route_key, waypoint_key, hour)
) strict, without rowid;

-- Keys of designers, operators and admins; the secret itself is not kept.
create table access_keys (
    key_id blob primary key,
    name text not null,
    role text not null,
    -- slugs separated by commas; empty for all
    routes text not null,
    secret_hash blob not null,
    created_ms integer not null,
    expires_ms integer,
    revoked_ms integer,
    last_used_ms integer
) strict, without rowid;
