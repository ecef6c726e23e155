-- Never edited once released.

-- Whoever publishes wakes the nodes that listen, whatever statement it uses. It is told when the transaction is committed. A hint
-- and no more: every node looks for itself too.
create function tell_generation() returns trigger language plpgsql as $$
begin
    perform pg_notify('studyroute_generation', new.value::text);
    return null;
end $$;
create trigger generation_told after update on generation for each row execute function tell_generation();
