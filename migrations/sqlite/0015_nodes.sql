-- Which nodes share the database: how often each has said that it is there. A file has one, which writes nothing.
create table live_nodes (
    node blob primary key,
    beat integer not null
) strict, without rowid;
