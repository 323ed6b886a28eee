-- run 1: success, SELECT 2

create table "warehouse"."public"."m__dbt_tmp" as (

select id from src where batch = 1
  );

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id
--   1
--   2

-- run 2: success, INSERT 0 2

create temporary table "m__dbt_tmp<time>" as (

select id, v from src where batch = 2
  );

alter table "warehouse"."public"."m" add column "v" character varying;

insert into "warehouse"."public"."m" ("id", "v")
(
    select "id", "v"
    from "m__dbt_tmp<time>"
);

drop table if exists "m__dbt_tmp<time>";

--   id | v
--   1 | NULL
--   2 | B
--   2 | NULL
--   3 | C
