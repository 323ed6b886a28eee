-- run 1: success, INSERT 2

create table "warehouse"."public"."m" ("id" integer, "v" text, "at_day" date);

--   id | v | at_day
--   1 | a | 2026-01-01
--   2 | b, c | NULL

-- run 2: success, INSERT 2

truncate table "warehouse"."public"."m";

--   id | v | at_day
--   1 | a | 2026-01-01
--   2 | b, c | NULL

-- run 3: success, INSERT 2

with recursive dependents(oid, depth) as (
  select r.ev_class, 1 from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and r.ev_class <> d.refobjid where d.refobjid = '"warehouse"."public"."m"'::regclass
  union
  select r.ev_class, depth + 1 from dependents p join pg_catalog.pg_depend d on d.refobjid = p.oid join pg_catalog.pg_rewrite r on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and r.ev_class <> d.refobjid where depth < 100
)
select oid::bigint from dependents group by oid order by max(depth), oid;

drop table if exists "warehouse"."public"."m" cascade;

create table "warehouse"."public"."m" ("id" integer, "v" text, "at_day" date);

--   id | v | at_day
--   1 | a | 2026-01-01
--   2 | b, c | NULL
