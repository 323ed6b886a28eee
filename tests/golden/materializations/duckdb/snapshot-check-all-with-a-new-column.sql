-- run 1: success, OK

create table "warehouse"."main"."m" as (
select *,
    md5(coalesce(cast(id as varchar ), '') || '|' || coalesce(cast(timestamp '2026-02-01' as varchar ), '')) as dbt_scd_id,
    timestamp '2026-02-01' as dbt_updated_at,
    timestamp '2026-02-01' as dbt_valid_from,
    coalesce(nullif(timestamp '2026-02-01', timestamp '2026-02-01'), null) as dbt_valid_to
  from (

select * from src
  ) sbq
  );

--   id | v | updated_at | dbt_scd_id | dbt_updated_at | dbt_valid_from | dbt_valid_to
--   1 | a | 2026-01-01 00:00:00 | 869733b5f9d6232f924a2293482fda09 | 2026-02-01 00:00:00 | 2026-02-01 00:00:00 | NULL
--   2 | x | 2026-01-01 00:00:00 | a88e4b26e40fe43651a3766272eabdf2 | 2026-02-01 00:00:00 | 2026-02-01 00:00:00 | NULL

-- run 2: success, OK

create temporary table "m__dbt_changes" as
with snapshot_query as (

select * from src
),
snapshotted_data as (
  select rowid as __row, *, id as __key_1 from "warehouse"."main"."m" where dbt_valid_to is null
),
source_data as (
  select *, id as __key_1, timestamp '2026-02-01' as __updated_at from snapshot_query
)
select 'change' as __change, snapshotted_data.__row as __row,
  source_data.__updated_at as __at,
  snapshotted_data.dbt_scd_id as __scd_id, source_data.__key_1,
  source_data."id", source_data."v", source_data."updated_at", source_data."extra"
from source_data
left join snapshotted_data on snapshotted_data.__key_1 = source_data.__key_1
where snapshotted_data.__row is null or true;

alter table "warehouse"."main"."m" add column "extra" INTEGER;

update "warehouse"."main"."m" as current_version set dbt_valid_to = closing.at
from (select __row, max(__at) as at from "m__dbt_changes" where __row is not null group by __row) closing
where current_version.rowid = closing.__row;

insert into "warehouse"."main"."m" ("id", "v", "updated_at", "extra", dbt_scd_id, dbt_updated_at, dbt_valid_from, dbt_valid_to)
select "id", "v", "updated_at", "extra", md5(coalesce(cast(id as varchar ), '') || '|' || coalesce(cast(timestamp '2026-02-01' as varchar ), '')), __at, __at, null
from "m__dbt_changes" where __change = 'change';

drop table "m__dbt_changes";

--   id | v | updated_at | dbt_scd_id | dbt_updated_at | dbt_valid_from | dbt_valid_to | extra
--   1 | a | 2026-01-01 00:00:00 | 869733b5f9d6232f924a2293482fda09 | 2026-02-01 00:00:00 | 2026-02-01 00:00:00 | 2026-02-01 00:00:00 | NULL
--   1 | a | 2026-01-01 00:00:00 | 869733b5f9d6232f924a2293482fda09 | 2026-02-01 00:00:00 | 2026-02-01 00:00:00 | NULL | NULL
--   2 | x | 2026-01-01 00:00:00 | a88e4b26e40fe43651a3766272eabdf2 | 2026-02-01 00:00:00 | 2026-02-01 00:00:00 | 2026-02-01 00:00:00 | NULL
--   2 | x | 2026-01-01 00:00:00 | a88e4b26e40fe43651a3766272eabdf2 | 2026-02-01 00:00:00 | 2026-02-01 00:00:00 | NULL | NULL
