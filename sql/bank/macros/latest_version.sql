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
)

select
  touched.{{ key }},
  {{ prefixed('latest', columns) }},
  latest.op = 'd' or truncated.lsn is not null as is_deleted,
  coalesce(truncated.changed_at, latest.changed_at) as changed_at,
  latest.lsn,
  latest.seq,
  greatest(latest.load_seq, truncated.load_seq) as load_seq,
  latest.load_timestamp
from touched
cross join lateral (
  select * from {{ changes }} as change
  where change.{{ key }} = touched.{{ key }}
  order by change.lsn desc, change.seq desc
  limit 1
) as latest
left join lateral (
  select change.lsn, change.changed_at, change.load_seq from {{ changes }} as change
  where change.{{ key }} is null and (change.lsn, change.seq) > (latest.lsn, latest.seq)
  order by change.lsn, change.seq
  limit 1
) as truncated on true
{%- endmacro %}
