-- run 1: success, 2 of 2 batches

create table "warehouse"."public"."m__dbt_tmp" as (

select id, occurred from (select * from "warehouse"."public"."events" where occurred >= '2026-01-01 00:00:00+00:00' and occurred < '2026-01-02 00:00:00+00:00') _dbt_et_filter_subq_events
  );

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

create temporary table "m__dbt_tmp<time>" as (

select id, occurred from (select * from "warehouse"."public"."events" where occurred >= '2026-01-02 00:00:00+00:00' and occurred < '2026-01-03 00:00:00+00:00') _dbt_et_filter_subq_events
  );

merge into "warehouse"."public"."m" as DBT_INTERNAL_DEST
  using "m__dbt_tmp<time>" as DBT_INTERNAL_SOURCE
  on ((DBT_INTERNAL_SOURCE.id = DBT_INTERNAL_DEST.id))
when matched then update set
  "id" = DBT_INTERNAL_SOURCE."id", "occurred" = DBT_INTERNAL_SOURCE."occurred"
when not matched then insert
  ("id", "occurred")
values
  (DBT_INTERNAL_SOURCE."id", DBT_INTERNAL_SOURCE."occurred");

drop table if exists "m__dbt_tmp<time>";

--   id | occurred
--   1 | 2026-01-01 10:00:00
--   2 | 2026-01-02 10:00:00
