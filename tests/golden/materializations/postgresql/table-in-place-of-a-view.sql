-- run 1: success, CREATE VIEW

create view "warehouse"."public"."m__dbt_tmp" as (

select id, v from src
  );

alter view "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C

-- run 2: success, SELECT 4

create table "warehouse"."public"."m__dbt_tmp" as (

select id, v from src
  );

drop view if exists "warehouse"."public"."m" cascade;

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C
