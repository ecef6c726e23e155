-- The twin of migrations/postgres/0005_sums.sql: the same tables and columns. Never edited once released.

-- Counters are kept as sums that a question over any range reads few of; see src/domain/sums.rs.

-- Where is counted. route_key, waypoint_key and hour are -1 for "all".
create table count_scopes (
    scope integer primary key,
    -- which of the three are one and not all: 1 route, 2 waypoint, 4 hour
    kind integer not null,
    route_key integer not null,
    waypoint_key integer not null,
    hour integer not null,
    unique (kind, route_key, waypoint_key, hour)
) strict;

-- Of a day, or of a block of 32 days.
create table day_counts (
    scope integer not null,
    -- 0 day, 1 block, 2 the part of a day whose log was erased on demand
    span integer not null,
    -- number of the day since 1970, or of the block
    first integer not null,
    people integer not null,
    -- with an inside verdict
    people_inside integer not null,
    check_ins integer not null,
    visits integer not null,
    -- of the people, those who have been on an earlier day, and those who came on a later one
    again integer not null,
    again_inside integer not null,
    later integer not null,
    later_inside integer not null,
    primary key (scope, span, first)
) strict, without rowid;

-- People who came again: by day (or block of days) and previous active day (or block of that).
create table return_counts (
    scope integer not null,
    -- 0 day and previous day, 1 day and block of the previous, 2 previous day and block of the day, 3 both blocks,
    -- 4 as 0, the part whose log was erased on demand
    span integer not null,
    first integer not null,
    second integer not null,
    people integer not null,
    people_inside integer not null,
    primary key (scope, span, first, second)
) strict, without rowid;

insert into count_scopes (kind, route_key, waypoint_key, hour)
select distinct kind, route_key, waypoint_key, hour from people_steps order by 1, 2, 3, 4;

-- Sums are added to one by one, in the order of the old keys: grouping millions of rows would hold them in memory.
-- Every step gives its day people; a return (the least day stands for "never before") also joins its two days.
insert into day_counts (scope, span, first, people, people_inside, check_ins, visits, again, again_inside, later, later_inside)
select c.scope, k.span, s.day >> k.bits, iif(k.span = 2, s.erased_people, s.people) * (s.evidence = 0), iif(k.span = 2, s.erased_people, s.people) * (s.evidence = 1), 0, 0,
       iif(k.span = 2, s.erased_people, s.people) * (s.evidence = 0 and s.previous_day > -2147483648), iif(k.span = 2, s.erased_people, s.people) * (s.evidence = 1 and s.previous_day > -2147483648), 0, 0
from people_steps s
join count_scopes c using (kind, route_key, waypoint_key, hour)
join (select 0 as span, 0 as bits union all select 1, 5 union all select 2, 0) k
where iif(k.span = 2, s.erased_people, s.people) <> 0
on conflict (scope, span, first) do update
set people = people + excluded.people, people_inside = people_inside + excluded.people_inside,
    again = again + excluded.again, again_inside = again_inside + excluded.again_inside;

insert into day_counts (scope, span, first, people, people_inside, check_ins, visits, again, again_inside, later, later_inside)
select c.scope, k.span, s.previous_day >> k.bits, 0, 0, 0, 0, 0, 0, iif(k.span = 2, s.erased_people, s.people) * (s.evidence = 0), iif(k.span = 2, s.erased_people, s.people) * (s.evidence = 1)
from people_steps s
join count_scopes c using (kind, route_key, waypoint_key, hour)
join (select 0 as span, 0 as bits union all select 1, 5 union all select 2, 0) k
where s.previous_day > -2147483648 and iif(k.span = 2, s.erased_people, s.people) <> 0
on conflict (scope, span, first) do update
set later = later + excluded.later, later_inside = later_inside + excluded.later_inside;

insert into day_counts (scope, span, first, people, people_inside, check_ins, visits, again, again_inside, later, later_inside)
select c.scope, k.span, t.day >> k.bits, 0, 0,
       iif(k.span = 2, t.erased_check_ins, t.check_ins),
       iif(c.hour = -1, iif(k.span = 2, t.erased_visits, t.visits), iif(k.span = 2, t.erased_hour_visits, t.hour_visits)),
       0, 0, 0, 0
from tallies t
join count_scopes c on c.kind in (0, 1, 3, 4, 5, 7) and c.route_key in (-1, t.route_key)
                    and c.waypoint_key in (-1, t.waypoint_key) and c.hour in (-1, t.hour)
join (select 0 as span, 0 as bits union all select 1, 5 union all select 2, 0) k
where iif(k.span = 2, t.erased_check_ins, t.check_ins) <> 0
on conflict (scope, span, first) do update
set check_ins = check_ins + excluded.check_ins, visits = visits + excluded.visits;

insert into return_counts (scope, span, first, second, people, people_inside)
select c.scope, k.span,
       case k.span when 2 then s.previous_day when 3 then s.day >> 5 else s.day end,
       case k.span when 1 then s.previous_day >> 5 when 2 then s.day >> 5 when 3 then s.previous_day >> 5 else s.previous_day end,
       iif(k.span = 4, s.erased_people, s.people) * (s.evidence = 0), iif(k.span = 4, s.erased_people, s.people) * (s.evidence = 1)
from people_steps s
join count_scopes c using (kind, route_key, waypoint_key, hour)
join (select 0 as span union all select 1 union all select 2 union all select 3 union all select 4) k
-- the least day stands for "never before"
where s.previous_day > -2147483648 and iif(k.span = 4, s.erased_people, s.people) <> 0
on conflict (scope, span, first, second) do update
set people = people + excluded.people, people_inside = people_inside + excluded.people_inside;

-- What came to nothing was never there.
delete from day_counts
where people = 0 and people_inside = 0 and check_ins = 0 and visits = 0 and again = 0 and again_inside = 0 and later = 0
  and later_inside = 0;
delete from return_counts where people = 0 and people_inside = 0;

drop table people_steps;
drop table tallies;
