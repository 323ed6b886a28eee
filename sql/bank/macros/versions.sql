{#
  Every version of every key from a table of change events: slowly changing dimension, type 2, without losing the
  versions between two runs. Versions follow each other in the order of the log, (lsn, seq). A version begins when it
  was committed, the first of a key when the row was created if that was earlier, and never before the one that it
  follows; it ends where the next begins. Several changes in one commit give versions of zero length, which no point in
  time falls into.

  A run rebuilds, for each key among the new events, the versions from the one before the first new event on: it costs
  what is new, and a late event finds its place between those that are there.
#}
{% macro versions(changes, key, columns) -%}
with new_events as (
  select {{ key }}, lsn, seq
  from {{ changes }}
  {%- if is_incremental() %}
  where load_seq > (select coalesce(max(load_seq), 0) from {{ this }})
  {%- endif %}
),

first_new as (
  select distinct on ({{ key }}) {{ key }}, lsn, seq
  from (
    select {{ key }}, lsn, seq from new_events where {{ key }} is not null
    {%- if is_incremental() %}
    union all
    -- A truncate ends all versions that are open at its position.
    select version.{{ key }}, truncated.lsn, truncated.seq
    from new_events as truncated
    join {{ this }} as version on (version.lsn, version.seq) < (truncated.lsn, truncated.seq)
      and (version.ended_lsn is null or (version.ended_lsn, version.ended_seq) > (truncated.lsn, truncated.seq))
    where truncated.{{ key }} is null
    {%- endif %}
  ) as touched
  order by {{ key }}, lsn, seq
),

rebuilt_from as (
  {%- if is_incremental() %}
  select
    first_new.{{ key }},
    coalesce(version.lsn, 0) as lsn,
    coalesce(version.seq, 0) as seq,
    version.effective_from
  from first_new
  left join lateral (
    select version.lsn, version.seq, version.effective_from
    from {{ this }} as version
    where version.{{ key }} = first_new.{{ key }} and (version.lsn, version.seq) < (first_new.lsn, first_new.seq)
    order by version.lsn desc, version.seq desc
    limit 1
  ) as version on true
  {%- else %}
  select {{ key }}, 0::bigint as lsn, 0::bigint as seq, null::timestamptz as effective_from from first_new
  {%- endif %}
),

events as (
  select
    change.{{ key }},
    {{ prefixed('change', columns) }},
    change.op, change.lsn, change.seq, change.load_seq, change.changed_at,
    coalesce(rebuilt_from.effective_from, least(change.created_at, change.changed_at)) as first_at
  from rebuilt_from
  join {{ changes }} as change on change.{{ key }} = rebuilt_from.{{ key }}
    and (change.lsn, change.seq) >= (rebuilt_from.lsn, rebuilt_from.seq)
  union all
  select
    rebuilt_from.{{ key }},
    {{ prefixed('truncated', columns) }},
    truncated.op, truncated.lsn, truncated.seq, truncated.load_seq, truncated.changed_at,
    truncated.changed_at as first_at
  from rebuilt_from
  join {{ changes }} as truncated on truncated.{{ key }} is null
    and (truncated.lsn, truncated.seq) > (rebuilt_from.lsn, rebuilt_from.seq)
),

-- A truncate from before the key's first event has nothing to do with it.
own_events as (
  select *
  from (
    select *, count(*) filter (where op <> 't') over (partition by {{ key }} order by lsn, seq) as nth from events
  ) as numbered
  where nth > 0
),

ordered as (
  select
    *,
    max(case when nth = 1 and op <> 't' then first_at else changed_at end) over (
      partition by {{ key }} order by lsn, seq
    ) as effective_from
  from own_events
),

chained as (
  select
    *,
    lead(effective_from) over following as effective_to,
    lead(lsn) over following as ended_lsn,
    lead(seq) over following as ended_seq,
    lead(op) over following as ended_by,
    lead(load_seq) over following as ended_load_seq
  from ordered
  window following as (partition by {{ key }} order by lsn, seq)
)

select
  {{ key }}::text || '.' || lsn::text || '.' || seq::text as version_id,
  {{ key }},
  {{ columns | join(', ') }},
  effective_from,
  effective_to,
  ended_lsn is null as is_current,
  coalesce(ended_by in ('d', 't'), false) as is_deleted,
  lsn,
  seq,
  ended_lsn,
  ended_seq,
  greatest(load_seq, ended_load_seq) as load_seq
from chained
where op not in ('d', 't')
{%- endmacro %}

{% macro prefixed(alias, columns) -%}
  {%- for column in columns %}{{ alias }}.{{ column }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
