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

drop table if exists "warehouse"."public"."m" cascade;

create table "warehouse"."public"."m" ("id" integer, "v" text, "at_day" date);

--   id | v | at_day
--   1 | a | 2026-01-01
--   2 | b, c | NULL
