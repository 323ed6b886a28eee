-- run 1: success, OK

create table "warehouse"."main"."m__dbt_tmp" as (

select id, v from src
  );

create index if not exists "<hash>" on "warehouse"."main"."m__dbt_tmp" (id);

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

drop index "warehouse"."main"."<hash>";

alter table "warehouse"."main"."m__dbt_tmp" rename to "m";

create index "<hash>" on "warehouse"."main"."m" (id);

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C

-- run 2: success, OK

create table "warehouse"."main"."m__dbt_tmp" as (

select id, v from src
  );

create index if not exists "<hash>" on "warehouse"."main"."m__dbt_tmp" (id);

drop table if exists "warehouse"."main"."m" cascade;

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

drop index "warehouse"."main"."<hash>";

alter table "warehouse"."main"."m__dbt_tmp" rename to "m";

create index "<hash>" on "warehouse"."main"."m" (id);

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C
