-- run 1: success, OK

create table "warehouse"."main"."m" as (
select *,
    md5(coalesce(cast(id as varchar ), '') || '|' || coalesce(cast(updated_at as varchar ), '')) as dbt_scd_id,
    updated_at as dbt_updated_at,
    updated_at as dbt_valid_from,
    coalesce(nullif(updated_at, updated_at), null) as dbt_valid_to
  from (

select * from src
  ) sbq
  );

--   id | v | updated_at | dbt_scd_id | dbt_updated_at | dbt_valid_from | dbt_valid_to
--   1 | a | 2026-01-01 00:00:00 | 53f6e6a23dae12b0512ebdf6d433712c | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | NULL
--   2 | x | 2026-01-01 00:00:00 | 7dd44d76bed60acec6c3e3b8be6d56cd | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | NULL

-- run 2: success, OK

create temporary table "m__dbt_changes" as
with snapshot_query as (

select * from src
),
snapshotted_data as (
  select rowid as __row, *, id as __key_1 from "warehouse"."main"."m" where dbt_valid_to is null
),
source_data as (
  select *, id as __key_1, updated_at as __updated_at from snapshot_query
)
select 'change' as __change, snapshotted_data.__row as __row,
  source_data.__updated_at as __at,
  snapshotted_data.dbt_scd_id as __scd_id, source_data.__key_1,
  source_data."id", source_data."v", source_data."updated_at"
from source_data
left join snapshotted_data on snapshotted_data.__key_1 = source_data.__key_1
where snapshotted_data.__row is null or (snapshotted_data.dbt_valid_from < source_data.updated_at)
union all
select 'delete', snapshotted_data.__row, timestamp '2026-02-01', snapshotted_data.dbt_scd_id, snapshotted_data.__key_1,
  cast(null as INTEGER), cast(null as VARCHAR), cast(null as TIMESTAMP)
from snapshotted_data
where not exists (select 1 from source_data where snapshotted_data.__key_1 = source_data.__key_1);

update "warehouse"."main"."m" as current_version set dbt_valid_to = closing.at
from (select __row, max(__at) as at from "m__dbt_changes" where __row is not null group by __row) closing
where current_version.rowid = closing.__row;

insert into "warehouse"."main"."m" ("id", "v", "updated_at", dbt_scd_id, dbt_updated_at, dbt_valid_from, dbt_valid_to)
select "id", "v", "updated_at", md5(coalesce(cast(id as varchar ), '') || '|' || coalesce(cast(updated_at as varchar ), '')), __at, __at, null
from "m__dbt_changes" where __change = 'change';

drop table "m__dbt_changes";

--   id | v | updated_at | dbt_scd_id | dbt_updated_at | dbt_valid_from | dbt_valid_to
--   1 | a | 2026-01-01 00:00:00 | 53f6e6a23dae12b0512ebdf6d433712c | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | 2026-01-02 00:00:00
--   1 | b | 2026-01-02 00:00:00 | be95216be044cf16b1cf1958f8cb985f | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | NULL
--   2 | x | 2026-01-01 00:00:00 | 7dd44d76bed60acec6c3e3b8be6d56cd | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | 2026-02-01 00:00:00
--   3 | z | 2026-01-02 00:00:00 | de905b6c80c10db5ccffdd3881d89071 | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | NULL
