-- The twin of migrations/sqlite/0002_audit_log.sql: the same tables and columns. Never edited once released.

-- Who did what to study routes and keys, and who tried to. Only ever added to: a deed is written in the transaction of its
-- change, and the triggers refuse everything else.
create table audit_log (
    -- identity: a number is never given twice
    entry bigint generated always as identity primary key,
    at_ms bigint not null,
    -- of the key that was shown; null for the command line and for strangers
    key_id uuid,
    who text not null,
    role text,
    action text not null,
    -- the study route's slug, which may be one that was never published
    route text,
    subject text not null,
    revision bigint,
    draft_version bigint,
    -- done, or the code of the problem it was refused with
    outcome text not null,
    detail text not null,
    request_id text not null
);

create index audit_log_by_route on audit_log (route, entry);

create function audit_log_is_only_added_to() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is only ever added to';
end $$;

create trigger audit_log_keeps_what_it_says before update or delete or truncate on audit_log
for each statement execute function audit_log_is_only_added_to();

-- The key that was made in its place; a key is followed once.
alter table access_keys add column followed_by uuid;
