-- run 1: success, INSERT 0 2

create table "warehouse"."public"."m__dbt_tmp"
  
  (
    id int not null,
    v varchar
);
  insert into "warehouse"."public"."m__dbt_tmp" (id, v) (
    select id, v
  from (
    
select v, id from src where batch = 1
  ) as model_subq
  );

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | b

-- run 2: success, INSERT 0 2

create table "warehouse"."public"."m__dbt_tmp"
  
  (
    id int not null,
    v varchar
);
  insert into "warehouse"."public"."m__dbt_tmp" (id, v) (
    select id, v
  from (
    
select v, id from src where batch = 1
  ) as model_subq
  );

drop table if exists "warehouse"."public"."m" cascade;

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | b
