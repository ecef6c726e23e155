-- The twin of migrations/sqlite/0015_nodes.sql. Never edited once released.

-- Which nodes share the database: how often each has said that it is there.
create table live_nodes (
    node uuid primary key,
    beat bigint not null
);
