-- The twin of migrations/postgres/0011_retention.sql. Never edited once released.

-- What is old is looked for every few minutes.
create index participants_by_age on participants (created_ms);
create index participants_with_token on participants (created_ms) where length(token_hash) > 0;
create index audit_log_by_time on audit_log (at_ms);

-- Old entries of the audit log may go, after half a year and some days (190) beside the newest; the law asks for half a year.
drop trigger audit_log_keeps_its_rows;
create trigger audit_log_keeps_its_rows before delete on audit_log
when old.at_ms >= (select max(at_ms) from audit_log) - 16416000000
begin
    select raise(abort, 'the audit log is only ever added to');
end;
