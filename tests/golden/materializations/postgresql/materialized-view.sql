-- run 1: success, SELECT 4

create materialized view if not exists "warehouse"."public"."m__dbt_tmp" as 
select id, v from src;

alter materialized view "warehouse"."public"."m__dbt_tmp" rename to "m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C

-- run 2: success, REFRESH MATERIALIZED VIEW

select i.relname::text, x.indisunique, m.amname::text, string_agg(a.attname::text, ',' order by array_position(x.indkey::int2[], a.attnum)) from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid join pg_catalog.pg_am m on m.oid = i.relam join pg_catalog.pg_attribute a on a.attrelid = x.indrelid and a.attnum = any(x.indkey) where x.indrelid = '"public"."m"'::regclass group by 1, 2, 3;

refresh materialized view "warehouse"."public"."m";

--   id | v
--   1 | a
--   2 | B
--   2 | b
--   3 | C
