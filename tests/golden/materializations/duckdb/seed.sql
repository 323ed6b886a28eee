-- run 1: success, INSERT 2

create table "warehouse"."main"."m" ("id" integer, "v" varchar, "at_day" date);

--   id | v | at_day
--   1 | a | 2026-01-01
--   2 | b, c | NULL

-- run 2: success, INSERT 2

delete from "warehouse"."main"."m";

--   id | v | at_day
--   1 | a | 2026-01-01
--   2 | b, c | NULL

-- run 3: success, INSERT 2

drop table if exists "warehouse"."main"."m" cascade;

create table "warehouse"."main"."m" ("id" integer, "v" varchar, "at_day" date);

--   id | v | at_day
--   1 | a | 2026-01-01
--   2 | b, c | NULL
