-- run 1: success, OK

create table "warehouse"."main"."m__dbt_tmp" as (

select id from src where batch = 1
  );

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

alter table "warehouse"."main"."m__dbt_tmp" rename to "m";

--   id
--   1
--   2

-- run 2: success, OK

create temporary table "m__dbt_tmp<time>" as (

select id, v from src where batch = 2
  );

alter table "warehouse"."main"."m" add column "v" VARCHAR;

insert into "warehouse"."main"."m" ("id", "v")
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
