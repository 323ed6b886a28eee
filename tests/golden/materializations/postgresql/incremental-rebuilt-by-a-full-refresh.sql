-- run 1: success, SELECT 2

create table "warehouse"."public"."m__dbt_tmp" as (

select id, v from src where batch = 1
  );

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | b

-- run 2: success, SELECT 2

create table "warehouse"."public"."m__dbt_tmp" as (

select id, v from src where batch = 1
  );

drop table if exists "warehouse"."public"."m" cascade;

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | b
