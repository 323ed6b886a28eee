-- run 1: success, SELECT 3

create table "warehouse"."public"."m__dbt_tmp" as (

with  __dbt__cte__e as (

select id, v from src
)
select * from __dbt__cte__e where id > 1
  );

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   2 | B
--   2 | b
--   3 | C
