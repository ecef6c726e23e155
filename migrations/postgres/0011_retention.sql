-- The twin of migrations/sqlite/0011_retention.sql. Never edited once released.

-- What is old is looked for every few minutes.
create index participants_by_age on participants (created_ms);
create index participants_with_token on participants (created_ms) where length(token_hash) > 0;
create index audit_log_by_time on audit_log (at_ms);

-- Old entries of the audit log may go, after half a year and some days (190) beside the newest; the law asks for half a year.
create function audit_log_keeps_half_a_year() returns trigger language plpgsql as $$
begin
    if old.at_ms >= (select max(at_ms) from audit_log) - 16416000000 then
        raise exception 'the audit log is only ever added to';
    end if;
    return old;
end $$;

drop trigger audit_log_keeps_what_it_says on audit_log;
create trigger audit_log_keeps_what_it_says before update or truncate on audit_log
for each statement execute function audit_log_is_only_added_to();
create trigger audit_log_keeps_its_rows before delete on audit_log
for each row execute function audit_log_keeps_half_a_year();
