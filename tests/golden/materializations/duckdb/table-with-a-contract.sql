-- run 1: success, OK

create table "warehouse"."main"."m__dbt_tmp"
  
  (
    id int not null,
    v varchar
);
  insert into "warehouse"."main"."m__dbt_tmp" (id, v) (
    select id, v
  from (
    
select v, id from src where batch = 1
  ) as model_subq
  );

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

alter table "warehouse"."main"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | b

-- run 2: success, OK

create table "warehouse"."main"."m__dbt_tmp"
  
  (
    id int not null,
    v varchar
);
  insert into "warehouse"."main"."m__dbt_tmp" (id, v) (
    select id, v
  from (
    
select v, id from src where batch = 1
  ) as model_subq
  );

drop table if exists "warehouse"."main"."m" cascade;

select index_name, is_unique, sql from duckdb_indexes() where database_name = 'warehouse' and schema_name = 'main' and table_name = 'm__dbt_tmp';

alter table "warehouse"."main"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | b
