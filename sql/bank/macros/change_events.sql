{#
  The change events of a table that have been loaded and are not in this model yet, as a query: key, lsn, seq, op,
  changed_at, payload, load_seq, load_timestamp.

  `load_seq` numbers the loads in the order of their commits, so what is greater than the greatest in this model is
  what is new, however old the events are. `load_cut` is the same for all models of a run: loads that commit meanwhile
  wait for the next. The range of file ids only serves the index: a run reads what is new, not all of `raw`.
#}
{% macro new_events(table, columns='event.key, event.lsn, event.seq') -%}
  select {{ columns }}
  from {{ source('raw', table) }} as event
  join {{ source('millrace', 'load_ledger') }} as load on load.file_id = event.file_id
  where load.load_seq <= (select max(cut.load_seq) from {{ ref('load_cut') }} as cut)
  {%- if is_incremental() %}
    and load.load_seq > (select coalesce(max(old.load_seq), 0) from {{ this }} as old)
    and event.file_id between
      (select min(file_id) from {{ source('millrace', 'load_ledger') }} {{ new_loads(table) }})
      and (select max(file_id) from {{ source('millrace', 'load_ledger') }} {{ new_loads(table) }})
  {%- endif %}
{%- endmacro %}

{% macro new_loads(table) -%}
  where table_name = '{{ table }}' and load_seq > (select coalesce(max(old.load_seq), 0) from {{ this }} as old)
{%- endmacro %}

{#
  For each key among the new events the newest of them, unless this model has a newer one: late files must not undo
  what came after. The newest are found on three narrow columns, and `in` lets all events stream past a hash table of
  these: a join carries their payloads through a sort or a hash table where the planner takes it for the smaller side.
#}
{% macro newest_events(table, key_column) -%}
  select
    event.key, event.lsn, event.seq, event.op, event.payload, event.image, event.load_seq, event.load_timestamp,
    {{ change_time('event.payload') }} as changed_at,
    event.op = 'd' or exists (
      select 1 from {{ source('raw', table) }} as truncated
      where truncated.op = 't' and (truncated.lsn, truncated.seq) > (event.lsn, event.seq)
    ) as is_deleted
  from (
    {{ new_images(table, newest_positions(table)) }}
  ) as event
  {%- if is_incremental() %}
  where not exists (
    select 1 from {{ this }} as old
    where old.{{ key_column }} = event.key and (old.lsn, old.seq) >= (event.lsn, event.seq)
  )
  {%- endif %}
{%- endmacro %}

{% macro newest_positions(table) -%}
  select newest.lsn, newest.seq
  from (
    select distinct on (key) key, lsn, seq
    from ({{ new_events(table) }}) as candidate
    where key is not null
    order by key, lsn desc, seq desc
  ) as newest
{%- endmacro %}

{#
  New events, all or those at the given positions, with the row that each tells of. `offset 0` keeps PostgreSQL from
  working the row out for each column.
#}
{% macro new_images(table, positions=none) -%}
  select event.*, {{ row_image() }} as image
  from ({{ new_events(table, 'event.*, load.load_seq, load.loaded_at as load_timestamp') }}) as event
  {%- if positions is not none %}
  where (event.lsn, event.seq) in ({{ positions }})
  {%- endif %}
  offset 0
{%- endmacro %}

{# Rows that this model has and that a truncate among the new events ended: the same columns, marked as deleted. #}
{% macro truncated_rows(table, columns, key_column) -%}
  select {{ columns | join(', ') }}, true as is_deleted, truncated.changed_at,
    truncated.lsn, truncated.seq, truncated.load_seq, truncated.load_timestamp
  from {{ this }} as old
  join lateral (
    select lsn, seq, load_seq, load_timestamp, {{ change_time('payload') }} as changed_at
    from ({{ new_events(table, 'event.*, load.load_seq, load.loaded_at as load_timestamp') }}) as event
    where op = 't' and (lsn, seq) > (old.lsn, old.seq)
    order by lsn desc, seq desc limit 1
  ) as truncated on true
  where not old.is_deleted
    and not exists (select 1 from changed where changed.{{ key_column }} = old.{{ key_column }})
{%- endmacro %}

{# When the change was committed. #}
{% macro change_time(payload) -%}
  timestamptz 'epoch' + ({{ payload }}->'source'->>'ts_ms')::bigint * interval '1 millisecond'
{%- endmacro %}

{# The row that an event tells of: as it is now, or as it was when it was deleted. #}
{% macro row_image() -%}
  case when op = 'd' then payload->'before' else payload->'after' end
{%- endmacro %}

{# A column of the row. A large value that did not change comes as a placeholder; the row before may still hold it. #}
{% macro field(name, type='text') -%}
  {%- if type == 'text' -%}
  case when image->>'{{ name }}' = '__debezium_unavailable_value'
    then coalesce(payload->'before'->>'{{ name }}', '__debezium_unavailable_value')
    else image->>'{{ name }}' end
  {%- else -%}
  (image->>'{{ name }}')::{{ type }}
  {%- endif -%}
{%- endmacro %}
