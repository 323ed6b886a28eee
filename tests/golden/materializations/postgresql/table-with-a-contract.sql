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

with recursive dependents(oid, depth) as (
  select r.ev_class, 1 from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and r.ev_class <> d.refobjid where d.refobjid = '"warehouse"."public"."m"'::regclass
  union
  select r.ev_class, depth + 1 from dependents p join pg_catalog.pg_depend d on d.refobjid = p.oid join pg_catalog.pg_rewrite r on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and r.ev_class <> d.refobjid where depth < 100
)
select oid::bigint from dependents group by oid order by max(depth), oid;

drop table if exists "warehouse"."public"."m" cascade;

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | b
