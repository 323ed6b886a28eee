-- run 1: success, SELECT 2

create table "warehouse"."public"."m__dbt_tmp" as (

select id, v from src where batch = 1
  );

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | b

-- run 2: success, INSERT 0 2

create temporary table "m__dbt_tmp<time>" as (

select id, v from src where batch = 2
  );

insert into "warehouse"."public"."m" ("id", "v")
(
    select "id", "v"
    from "m__dbt_tmp<time>"
);

drop table if exists "m__dbt_tmp<time>";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C
