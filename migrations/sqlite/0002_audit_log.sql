-- The twin of migrations/postgres/0002_audit_log.sql: the same tables and columns. Never edited once released.

-- Who did what to study routes and keys, and who tried to. Only ever added to: a deed is written in the transaction of its
-- change, and the triggers refuse everything else.
create table audit_log (
    -- autoincrement: a number is never given twice
    entry integer primary key autoincrement,
    at_ms integer not null,
    -- of the key that was shown; null for the command line and for strangers
    key_id blob,
    who text not null,
    role text,
    action text not null,
    -- the study route's slug, which may be one that was never published
    route text,
    subject text not null,
    revision integer,
    draft_version integer,
    -- done, or the code of the problem it was refused with
    outcome text not null,
    detail text not null,
    request_id text not null
) strict;

create index audit_log_by_route on audit_log (route, entry);

create trigger audit_log_keeps_what_it_says before update on audit_log
begin
    select raise(abort, 'the audit log is only ever added to');
end;

create trigger audit_log_keeps_its_rows before delete on audit_log
begin
    select raise(abort, 'the audit log is only ever added to');
end;

-- "insert or replace" would be an update that passes the two above.
create trigger audit_log_replaces_nothing before insert on audit_log
when exists (select 1 from audit_log where entry = new.entry)
begin
    select raise(abort, 'the audit log is only ever added to');
end;

-- The key that was made in its place; a key is followed once.
alter table access_keys add column followed_by blob;
