-- run 1: success, SELECT 3

select count(*), count(case when __is_truncate then 1 end), count(case when not __is_truncate and (__key_1 is null) then 1 end), count(case when "lsn" is null or "seq" is null then 1 end), count(case when __at is null then 1 end), count(case when "load_seq" is null then 1 end) from (
select *, id as __key_1, updated_at as __at, coalesce(cast(op as varchar) in ('d'), false) as __is_delete,
  (id is null and coalesce(cast(op as varchar) in ('t'), false)) as __is_truncate
from (

select * from src
) log_query
) log;

create table "warehouse"."public"."m" as (
with log as (
select *, id as __key_1, updated_at as __at, coalesce(cast(op as varchar) in ('d'), false) as __is_delete,
  (id is null and coalesce(cast(op as varchar) in ('t'), false)) as __is_truncate
from (

select * from src
) log_query
),
events as (
select log.__key_1, log."id", log."v", log."op", log."updated_at", log."lsn", log."seq", log."load_seq", log.__at, log.__at as __updated_at, log.__is_delete as __gone, 0 as __rank
from log where not __is_truncate
),
single as (
  select * from (
    select *, row_number() over (partition by __key_1, "lsn", "seq" order by __rank, "load_seq") as __copy from events
  ) copies where __copy = 1
),
numbered as (
  select *, count(case when not __gone then 1 end) over log_order as __nth, lag(__gone) over log_order as __after_gone
  from single window log_order as (partition by __key_1 order by "lsn", "seq")
),
timed as (
  select *, max(__at) over (partition by __key_1 order by "lsn", "seq") as __from
  from numbered
  where __nth > 0 and not (__gone and coalesce(__after_gone, false))
),
chained as (
  select *, lead(__from) over following as __to, lead("lsn") over following as "dbt_ended_lsn", lead("seq") over following as "dbt_ended_seq", lead("load_seq") over following as __ended_watermark
  from timed
  window following as (partition by __key_1 order by "lsn", "seq")
),
versions as (
  select __key_1, __gone, "id", "v", "op", "updated_at", "lsn", "seq", "load_seq", md5(coalesce(cast(__key_1 as varchar ), '') || '|' || coalesce(cast("lsn" as varchar ), '') || '|' || coalesce(cast("seq" as varchar ), '')) as dbt_scd_id, __updated_at as dbt_updated_at, __from as dbt_valid_from, __to as dbt_valid_to, "dbt_ended_lsn", "dbt_ended_seq", greatest("load_seq", coalesce(__ended_watermark, "load_seq")) as dbt_watermark
  from chained where not __gone
)
select "id", "v", "op", "updated_at", "lsn", "seq", "load_seq", dbt_scd_id, dbt_updated_at, dbt_valid_from, dbt_valid_to, "dbt_ended_lsn", "dbt_ended_seq", dbt_watermark from versions
  );

--   id | v | op | updated_at | lsn | seq | load_seq | dbt_scd_id | dbt_updated_at | dbt_valid_from | dbt_valid_to | dbt_ended_lsn | dbt_ended_seq | dbt_watermark
--   1 | a | c | 2026-01-01 00:00:00 | 10 | 0 | 1 | eeee72f1623668aab4e13a0d8762d51c | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | 2026-01-02 00:00:00 | 20 | 0 | 1
--   1 | b | u | 2026-01-02 00:00:00 | 20 | 0 | 1 | 8b208ea6656885acf5ca4b98f9d285de | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | NULL | NULL | NULL | 1
--   2 | x | c | 2026-01-02 00:00:00 | 20 | 1 | 1 | 7c5577e81ac682cb6194fddc3f92efe0 | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | NULL | NULL | NULL | 1

-- run 2: success, INSERT 0 1

lock table "warehouse"."public"."m" in share row exclusive mode;

select cast(max(dbt_watermark) as varchar) from "warehouse"."public"."m";

create temporary table "m__dbt_fresh" as
select __key_1, "lsn", "seq", __at, __is_truncate, "load_seq"
from (
select *, id as __key_1, updated_at as __at, coalesce(cast(op as varchar) in ('d'), false) as __is_delete,
  (id is null and coalesce(cast(op as varchar) in ('t'), false)) as __is_truncate
from (

select * from src
) log_query
) log
where not exists (select 1 from (select *, id as __key_1 from "warehouse"."public"."m") version where version.__key_1 = log.__key_1 and version."lsn" = log."lsn" and version."seq" = log."seq") and not exists (select 1 from (select *, id as __key_1 from "warehouse"."public"."m") version where version.__key_1 = log.__key_1 and version."dbt_ended_lsn" = log."lsn" and version."dbt_ended_seq" = log."seq") and (log."load_seq" >= cast('1' as integer) or log."load_seq" is null);

select count(*), count(case when __is_truncate then 1 end), count(case when not __is_truncate and (__key_1 is null) then 1 end), count(case when "lsn" is null or "seq" is null then 1 end), count(case when __at is null then 1 end), count(case when "load_seq" is null then 1 end) from "m__dbt_fresh";

select 1 from (
select *, id as __key_1, updated_at as __at, coalesce(cast(op as varchar) in ('d'), false) as __is_delete,
  (id is null and coalesce(cast(op as varchar) in ('t'), false)) as __is_truncate
from (

select * from src
) log_query
) log where __is_truncate limit 1;

create temporary table "m__dbt_changes" as
with log as (
select *, id as __key_1, updated_at as __at, coalesce(cast(op as varchar) in ('d'), false) as __is_delete,
  (id is null and coalesce(cast(op as varchar) in ('t'), false)) as __is_truncate
from (

select * from src
) log_query
),
history as not materialized (
  select ctid as __row, *, id as __key_1 from "warehouse"."public"."m"
),
touched as (
  select distinct on (__key_1) __key_1, "lsn", "seq"
  from (
  select __key_1, "lsn", "seq" from "m__dbt_fresh" where not __is_truncate
  union all
  select history.__key_1, fresh."lsn", fresh."seq"
  from "m__dbt_fresh" fresh
  join history on (history."lsn", history."seq") < (fresh."lsn", fresh."seq") and (history."dbt_ended_lsn" is null or (history."dbt_ended_lsn", history."dbt_ended_seq") > (fresh."lsn", fresh."seq"))
  where fresh.__is_truncate
  ) places
  order by __key_1, "lsn", "seq"
),
base as (
  select distinct on (touched.__key_1) touched.__key_1, history."lsn" as __base_1, history."seq" as __base_2
  from touched
  left join history on history.__key_1 = touched.__key_1 and (history."lsn", history."seq") < (touched."lsn", touched."seq") and not (false)
  order by touched.__key_1, history."lsn" desc nulls last, history."seq" desc nulls last
),
old as (
  select history.*, false as __gone, base.__base_1 is not null and history."lsn" = base.__base_1 and history."seq" = base.__base_2 as __is_base
  from base join history on history.__key_1 = base.__key_1
  where (base.__base_1 is null or (history."lsn", history."seq") >= (base.__base_1, base.__base_2))
),
events as (
select base.__key_1, log."id", log."v", log."op", log."updated_at", log."lsn", log."seq", log."load_seq", log.__at, log.__at as __updated_at, log.__is_delete as __gone, 0 as __rank
from base join log on log.__key_1 = base.__key_1 and not log.__is_truncate and (base.__base_1 is null or (log."lsn", log."seq") > (base.__base_1, base.__base_2))
union all
select base.__key_1, cast(null as integer), cast(null as character varying), cast(null as character varying), cast(null as timestamp without time zone), log."lsn", log."seq", log."load_seq", log.__at, log.__at, true, 0
from base join log on log.__is_truncate and (base.__base_1 is null or (log."lsn", log."seq") > (base.__base_1, base.__base_2))
union all
select old.__key_1, old."id", old."v", old."op", old."updated_at", old."lsn", old."seq", old."load_seq", case when old.__is_base then old.dbt_valid_from else old.dbt_updated_at end, old.dbt_updated_at, old.__gone, 1
from old
union all
select old.__key_1, cast(null as integer), cast(null as character varying), cast(null as character varying), cast(null as timestamp without time zone), old."dbt_ended_lsn", old."dbt_ended_seq", old.dbt_watermark, old.dbt_valid_to, old.dbt_valid_to, true, 2
from old where "dbt_ended_lsn" is not null
),
single as (
  select * from (
    select *, row_number() over (partition by __key_1, "lsn", "seq" order by __rank, "load_seq") as __copy from events
  ) copies where __copy = 1
),
numbered as (
  select *, count(case when not __gone then 1 end) over log_order as __nth, lag(__gone) over log_order as __after_gone
  from single window log_order as (partition by __key_1 order by "lsn", "seq")
),
timed as (
  select *, max(__at) over (partition by __key_1 order by "lsn", "seq") as __from
  from numbered
  where __nth > 0 and not (__gone and coalesce(__after_gone, false))
),
chained as (
  select *, lead(__from) over following as __to, lead("lsn") over following as "dbt_ended_lsn", lead("seq") over following as "dbt_ended_seq", lead("load_seq") over following as __ended_watermark
  from timed
  window following as (partition by __key_1 order by "lsn", "seq")
),
versions as (
  select __key_1, __gone, "id", "v", "op", "updated_at", "lsn", "seq", "load_seq", md5(coalesce(cast(__key_1 as varchar ), '') || '|' || coalesce(cast("lsn" as varchar ), '') || '|' || coalesce(cast("seq" as varchar ), '')) as dbt_scd_id, __updated_at as dbt_updated_at, __from as dbt_valid_from, __to as dbt_valid_to, "dbt_ended_lsn", "dbt_ended_seq", greatest("load_seq", coalesce(__ended_watermark, "load_seq")) as dbt_watermark
  from chained where not __gone
)
select case when old.__row is null then 'open' when versions.__gone is null then 'remove' else 'change' end as __change, old.__row as __row,
  versions."id", versions."v", versions."op", versions."updated_at", versions."lsn", versions."seq", versions."load_seq", versions.dbt_scd_id, versions.dbt_updated_at, versions.dbt_valid_from, versions.dbt_valid_to, versions."dbt_ended_lsn", versions."dbt_ended_seq", versions.dbt_watermark
from versions
full join old on old.__key_1 = versions.__key_1 and old."lsn" = versions."lsn" and old."seq" = versions."seq"
where old.__row is null or versions.__gone is null
  or versions.dbt_valid_from is distinct from old.dbt_valid_from or versions.dbt_valid_to is distinct from old.dbt_valid_to or versions."dbt_ended_lsn" is distinct from old."dbt_ended_lsn" or versions."dbt_ended_seq" is distinct from old."dbt_ended_seq";

delete from "warehouse"."public"."m" where ctid in (select __row from "m__dbt_changes" where __change = 'remove');

update "warehouse"."public"."m" as version set dbt_scd_id = changed.dbt_scd_id, dbt_updated_at = changed.dbt_updated_at, dbt_valid_from = changed.dbt_valid_from, dbt_valid_to = changed.dbt_valid_to, "dbt_ended_lsn" = changed."dbt_ended_lsn", "dbt_ended_seq" = changed."dbt_ended_seq", dbt_watermark = changed.dbt_watermark
from "m__dbt_changes" changed
where changed.__change = 'change' and version.ctid = changed.__row;

insert into "warehouse"."public"."m" ("id", "v", "op", "updated_at", "lsn", "seq", "load_seq", dbt_scd_id, dbt_updated_at, dbt_valid_from, dbt_valid_to, "dbt_ended_lsn", "dbt_ended_seq", dbt_watermark)
select "id", "v", "op", "updated_at", "lsn", "seq", "load_seq", dbt_scd_id, dbt_updated_at, dbt_valid_from, dbt_valid_to, "dbt_ended_lsn", "dbt_ended_seq", dbt_watermark from "m__dbt_changes" where __change = 'open';

drop table "m__dbt_changes";

drop table "m__dbt_fresh";

--   id | v | op | updated_at | lsn | seq | load_seq | dbt_scd_id | dbt_updated_at | dbt_valid_from | dbt_valid_to | dbt_ended_lsn | dbt_ended_seq | dbt_watermark
--   1 | a | c | 2026-01-01 00:00:00 | 10 | 0 | 1 | eeee72f1623668aab4e13a0d8762d51c | 2026-01-01 00:00:00 | 2026-01-01 00:00:00 | 2026-01-02 00:00:00 | 15 | 0 | 2
--   1 | b | u | 2026-01-02 00:00:00 | 20 | 0 | 1 | 8b208ea6656885acf5ca4b98f9d285de | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | 2026-01-04 00:00:00 | 40 | 0 | 2
--   1 | late | u | 2026-01-02 00:00:00 | 15 | 0 | 2 | d4809dc46cb201776e1a6fcc5bb4a4f1 | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | 20 | 0 | 2
--   2 | x | c | 2026-01-02 00:00:00 | 20 | 1 | 1 | 7c5577e81ac682cb6194fddc3f92efe0 | 2026-01-02 00:00:00 | 2026-01-02 00:00:00 | 2026-01-03 00:00:00 | 30 | 0 | 2
