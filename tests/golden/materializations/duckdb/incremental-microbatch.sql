-- run 1: success, 2 of 2 batches

create table "warehouse"."main"."m__dbt_tmp" as (

select id, occurred from (select * from "warehouse"."main"."events" where occurred >= '2026-01-01 00:00:00+00:00' and occurred < '2026-01-02 00:00:00+00:00') _dbt_et_filter_subq_events
  );

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

alter table "warehouse"."main"."m__dbt_tmp" rename to "m";

create temporary table "m__dbt_tmp<time>" as (

select id, occurred from (select * from "warehouse"."main"."events" where occurred >= '2026-01-02 00:00:00+00:00' and occurred < '2026-01-03 00:00:00+00:00') _dbt_et_filter_subq_events
  );

delete from "warehouse"."main"."m"
where occurred >= timestamp '2026-01-02 00:00:00+00:00'
  and occurred < timestamp '2026-01-03 00:00:00+00:00';
insert into "warehouse"."main"."m" ("id", "occurred")
(
    select "id", "occurred"
    from "m__dbt_tmp<time>"
);

drop table if exists "m__dbt_tmp<time>";

--   id | occurred
--   1 | 2026-01-01 10:00:00
--   2 | 2026-01-02 10:00:00
