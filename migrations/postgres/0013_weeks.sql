-- The twin of migrations/sqlite/0013_weeks.sql. Never edited once released.

-- Older programs go on: the table has the same name, columns and keys.

-- Check-ins in partitions by the week in which their participants were made: the id of a participant begins with it, so that the
-- keys, which all begin with the participant, are the keys of the partitions too. Partitions of weeks are made as they come (see
-- src/store/weeks.rs); what belongs to none lies in check_ins_other: that is all there was before, which keeps its place.
alter table check_ins rename to check_ins_other;
alter index check_ins_pkey rename to check_ins_other_pkey;
alter index check_ins_participant_seq_key rename to check_ins_other_participant_seq_key;
create table check_ins (like check_ins_other) partition by range (participant);
alter table check_ins add primary key (participant, id);
alter table check_ins add unique (participant, seq);
alter table check_ins add foreign key (participant) references participants (participant) on delete cascade;
alter table check_ins add foreign key (waypoint_key) references waypoints (waypoint_key);
alter table check_ins attach partition check_ins_other default;
