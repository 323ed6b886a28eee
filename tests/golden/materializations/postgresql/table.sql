-- run 1: success, SELECT 4

create table "warehouse"."public"."m__dbt_tmp" as (

select id, v from src
  );

create index if not exists "<hash>" on "warehouse"."public"."m__dbt_tmp" (id);

alter table "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C

-- run 2: success, SELECT 4

create table "warehouse"."public"."m__dbt_tmp" as (

select id, v from src
  );

create index if not exists "<hash>" on "warehouse"."public"."m__dbt_tmp" (id);

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
--   2 | B
--   2 | b
--   3 | C
