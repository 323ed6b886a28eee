-- run 1: success, SELECT 2

create table "warehouse"."public"."m" as (
select *,
    md5(coalesce(cast(id as varchar ), '') || '|' || coalesce(cast(updated_at as varchar ), '')) as version_id,
    updated_at as changed,
    updated_at as begun,
    coalesce(nullif(updated_at, updated_at), timestamp '9999-12-31') as ended
  from (

select * from src
  ) sbq
  );

--   id | v | updated_at | version_id | changed | begun | ended
--   1 | a | 2026-01-01 00:00:00 | 53f6e6a23dae12b0512ebdf6d433712c | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | 9999-12-31 00:00:00
--   2 | x | 2026-01-01 00:00:00 | 7dd44d76bed60acec6c3e3b8be6d56cd | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | 9999-12-31 00:00:00

-- run 2: success, INSERT 0 2

lock table "warehouse"."public"."m" in share row exclusive mode;

create temporary table "m__dbt_changes" on commit drop as
with snapshot_query as (

select * from src
),
snapshotted_data as (
  select ctid as __row, *, id as __key_1 from "warehouse"."public"."m" where (ended = timestamp '9999-12-31' or ended is null)
),
source_data as (
  select *, id as __key_1, updated_at as __updated_at from snapshot_query
)
select 'change' as __change, snapshotted_data.__row as __row,
  source_data.__updated_at as __at,
  snapshotted_data.version_id as __scd_id, source_data.__key_1,
  source_data."id", source_data."v", source_data."updated_at"
from source_data
left join snapshotted_data on snapshotted_data.__key_1 = source_data.__key_1
where snapshotted_data.__row is null or (snapshotted_data.begun < source_data.updated_at);

update "warehouse"."public"."m" as current_version set ended = closing.at
from (select __row, max(__at) as at from "m__dbt_changes" where __row is not null group by __row) closing
where current_version.ctid = closing.__row;

insert into "warehouse"."public"."m" ("id", "v", "updated_at", version_id, changed, begun, ended)
select "id", "v", "updated_at", md5(coalesce(cast(id as varchar ), '') || '|' || coalesce(cast(updated_at as varchar ), '')), __at, __at, timestamp '9999-12-31'
from "m__dbt_changes" where __change = 'change';

--   id | v | updated_at | version_id | changed | begun | ended
--   1 | a | 2026-01-01 00:00:00 | 53f6e6a23dae12b0512ebdf6d433712c | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | 2026-01-02 00:00:00
--   1 | b | 2026-01-02 00:00:00 | be95216be044cf16b1cf1958f8cb985f | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | 9999-12-31 00:00:00
--   2 | x | 2026-01-01 00:00:00 | 7dd44d76bed60acec6c3e3b8be6d56cd | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | 9999-12-31 00:00:00
--   3 | z | 2026-01-02 00:00:00 | de905b6c80c10db5ccffdd3881d89071 | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | 9999-12-31 00:00:00
