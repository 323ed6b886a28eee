-- run 1: success, CREATE VIEW

create view "warehouse"."public"."m__dbt_tmp" as (

select id, v from src
  );

alter view "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C

-- run 2: success, CREATE VIEW

create view "warehouse"."public"."m__dbt_tmp" as (

select id, v from src
  );

with recursive dependents(oid, depth) as (
  select r.ev_class, 1 from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and r.ev_class <> d.refobjid where d.refobjid = '"warehouse"."public"."m"'::regclass
  union
  select r.ev_class, depth + 1 from dependents p join pg_catalog.pg_depend d on d.refobjid = p.oid join pg_catalog.pg_rewrite r on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and r.ev_class <> d.refobjid where depth < 100
)
select oid::bigint from dependents group by oid order by max(depth), oid;

drop view if exists "warehouse"."public"."m" cascade;

alter view "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C
