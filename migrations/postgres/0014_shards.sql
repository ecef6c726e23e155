-- The twin of migrations/sqlite/0014_shards.sql. Never edited once released.

-- With the extension Citus: participants and their check-ins lie on the shard of their participant, whose id every unique key begins
-- with; routes and waypoints, which check-ins point to, are copied to every shard; all else stays on the coordinator. Without Citus
-- nothing happens, and nothing is missing.
create procedure distribute_by_participant() language plpgsql as $$
begin
    perform create_reference_table('study_routes');
    perform create_reference_table('waypoints');
    perform create_distributed_table('participants', 'participant');
    perform create_distributed_table('check_ins', 'participant', colocate_with => 'participants');
end $$;

do $$
begin
    if exists (select 1 from pg_extension where extname = 'citus') then
        call distribute_by_participant();
    end if;
end $$;
