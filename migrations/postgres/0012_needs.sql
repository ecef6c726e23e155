-- The twin of migrations/sqlite/0012_needs.sql. Never edited once released.

-- Which programs may work on these tables: those that know this migration. Most migrations only add, and older programs go on beside
-- them, so that nodes can be replaced one by one; a migration that takes something away which they use writes its own number here.
create table schema_needs (
    only_row bigint primary key check (only_row = 1),
    migration bigint not null
);
insert into schema_needs (only_row, migration) values (1, 12);
