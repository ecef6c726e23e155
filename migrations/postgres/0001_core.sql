-- The twin of migrations/sqlite/0001_core.sql: the same tables and columns. Never edited once released.
-- Times are milliseconds since 1970 (…_ms), days are days since 1970 in Asia/Shanghai; no database clock is ever used.

-- The number of the content now published. Bumped in the transaction of every publication; nodes compare it with the
-- number of the index they serve.
create table generation (
    only_row bigint primary key check (only_row = 1),
    value bigint not null
);
insert into generation (only_row, value) values (1, 0);

create table study_routes (
    -- identity: a number is never given twice, because counts outlive routes
    route_key bigint generated always as identity primary key,
    slug text not null unique,
    -- the revision now published
    revision bigint not null,
    -- of the route file that was imported last: an unchanged file never overrides what was published since
    file_hash text not null
);

create table revisions (
    route_key bigint not null references study_routes (route_key),
    revision bigint not null,
    published_ms bigint not null,
    content_hash text not null,
    -- JSON: title, summary, line
    head text not null,
    primary key (route_key, revision)
);

-- The name of a waypoint, for ever: check-ins and counts point here, also after the waypoint was withdrawn.
create table waypoints (
    waypoint_key bigint generated always as identity primary key,
    route_key bigint not null references study_routes (route_key),
    slug text not null,
    unique (route_key, slug)
);

-- A waypoint's content, valid from one revision of its route up to another. A publication writes only what changed.
create table waypoint_versions (
    waypoint_key bigint not null references waypoints (waypoint_key),
    first_revision bigint not null,
    -- null while valid
    last_revision bigint,
    ordinal bigint not null,
    content_hash text not null,
    -- JSON
    document text not null,
    primary key (waypoint_key, first_revision)
);

-- One anonymous visitor. Nothing here says who it is.
create table participants (
    participant uuid primary key,
    token_hash bytea not null,
    created_ms bigint not null
);

-- The log of accepted check-ins. No latitude, no longitude: they are dropped once judged.
create table check_ins (
    participant uuid not null references participants (participant) on delete cascade,
    -- the client's name for it: a repeat meets this key
    id text not null,
    -- 1, 2, 3 … per participant: two nodes that count the same participant at once meet on this key, and one tries again
    seq bigint not null,
    route_key bigint not null,
    waypoint_key bigint not null references waypoints (waypoint_key),
    revision bigint not null,
    occurred_ms bigint not null,
    received_ms bigint not null,
    -- 0 inside, 1 uncertain
    verdict bigint not null,
    method text not null,
    distance_m double precision not null,
    accuracy_m double precision not null,
    first_visit bigint not null,
    -- of the request, keyed by the participant's token, which is not kept
    seal bytea not null,
    primary key (participant, id),
    unique (participant, seq)
);

-- Distinct people over any range of days are a sum over these; see src/domain/counts.rs.
-- route_key, waypoint_key and hour are -1 for "all". erased_… counts the part whose log was erased on demand.
create table people_steps (
    -- which of the three may be "all": a question reads the rows of one kind only
    kind bigint not null,
    route_key bigint not null,
    waypoint_key bigint not null,
    hour bigint not null,
    -- 0 any evidence, 1 inside verdicts alone
    evidence bigint not null,
    day bigint not null,
    previous_day bigint not null,
    people bigint not null,
    erased_people bigint not null,
    primary key (kind, route_key, waypoint_key, hour, evidence, day, previous_day)
);

create table tallies (
    day bigint not null,
    route_key bigint not null,
    waypoint_key bigint not null,
    hour bigint not null,
    check_ins bigint not null,
    visits bigint not null,
    hour_visits bigint not null,
    erased_check_ins bigint not null,
    erased_visits bigint not null,
    erased_hour_visits bigint not null,
    primary key (day, route_key, waypoint_key, hour)
);

-- Keys of designers, operators and admins; the secret itself is not kept.
create table access_keys (
    key_id uuid primary key,
    name text not null,
    role text not null,
    -- slugs separated by commas; empty for all
    routes text not null,
    secret_hash bytea not null,
    created_ms bigint not null,
    expires_ms bigint,
    revoked_ms bigint,
    last_used_ms bigint
);
