-- Which programs may work on these tables: those that know this migration. Most migrations only add, and older programs go on beside
-- them, so that nodes can be replaced one by one; a migration that takes something away which they use writes its own number here.
create table schema_needs (
    only_row integer primary key check (only_row = 1),
    migration integer not null
) strict;
insert into schema_needs (only_row, migration) values (1, 12);
