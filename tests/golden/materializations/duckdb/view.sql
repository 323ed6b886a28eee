-- run 1: success, OK

create view "warehouse"."main"."m__dbt_tmp" as (

select id, v from src
  );

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

alter view "warehouse"."main"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C

-- run 2: success, OK

create view "warehouse"."main"."m__dbt_tmp" as (

select id, v from src
  );

drop view if exists "warehouse"."main"."m" cascade;

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

alter view "warehouse"."main"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C
