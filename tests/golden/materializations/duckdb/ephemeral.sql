-- run 1: success, OK

create table "warehouse"."main"."m__dbt_tmp" as (

with  __dbt__cte__e as (

select id, v from src
)
select * from __dbt__cte__e where id > 1
  );

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

alter table "warehouse"."main"."m__dbt_tmp" rename to "m";

--   id | v
--   2 | B
--   2 | b
--   3 | C
