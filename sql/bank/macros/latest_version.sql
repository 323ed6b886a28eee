{#
  The latest version of each key that has new change events, deleted ones marked, from a table of all changes. For a
  deleted key the values are those that the delete carries.
#}
{% macro latest_version(changes, key, columns) -%}
with new_events as (
  select {{ key }}, lsn, seq
  from {{ changes }}
  {%- if is_incremental() %}
  where load_seq > (select coalesce(max(load_seq), 0) from {{ this }})
  {%- endif %}
),

touched as (
  select {{ key }} from new_events where {{ key }} is not null
  {%- if is_incremental() %}
  union
  select {{ key }} from {{ this }} where not is_deleted and exists (select 1 from new_events where new_events.{{ key }} is null)
  {%- else %}
  group by {{ key }}
  {%- endif %}
),

-- Joined and sorted rather than looked up key by key: a table that was just made has no statistics yet, and the planner
-- then walks the log once for each key.
latest as (
  select distinct on (change.{{ key }}) change.*
  from touched
  join {{ changes }} as change on change.{{ key }} = touched.{{ key }}
  order by change.{{ key }}, change.lsn desc, change.seq desc
),

truncations as materialized (
  select lsn, seq, changed_at, load_seq from {{ changes }} where {{ key }} is null
)

select
  latest.{{ key }},
  {{ prefixed('latest', columns) }},
  latest.op = 'd' or truncated.lsn is not null as is_deleted,
  coalesce(truncated.changed_at, latest.changed_at) as changed_at,
  latest.lsn,
  latest.seq,
  greatest(latest.load_seq, truncated.load_seq) as load_seq,
  latest.load_timestamp
from latest
left join lateral (
  select truncation.* from truncations as truncation
  where (truncation.lsn, truncation.seq) > (latest.lsn, latest.seq)
  order by truncation.lsn, truncation.seq
  limit 1
) as truncated on true
{%- endmacro %}
