{# A staging table: one typed row per key, the version of the highest position. `columns` maps names to expressions over
   the event's `content`. An incremental build merges only keys with a newer version than the one that is there, so a file
   that comes late cannot bring an old version back. A truncate deletes every key that it found. #}
{% macro staging_table(table, key, columns) %}
with events as materialized (
    {{ new_events(table) }}
),

truncation as (
    select lsn, seq
    from {{ source('raw', table) }}
    where op = 't'
        and file_id in (
            select file_id from {{ source('millrace', 'load_ledger') }}
            where load_seq <= (select load_seq from {{ ref('stg_load_horizon') }})
        )
    order by lsn desc, seq desc
    limit 1
),

latest as (
    select distinct on (key) *
    from events
    where op <> 't'
    order by key, lsn desc, seq desc
),

typed as (
    select
        key as {{ key }},
        {%- for name, expression in columns.items() %}
        {{ expression }} as {{ name }},
        {%- endfor %}
        op = 'd' or exists (
            select 1 from truncation where (truncation.lsn, truncation.seq) > (latest.lsn, latest.seq)
        ) as is_deleted,
        changed_at,
        loaded_at as load_timestamp,
        lsn,
        seq,
        load_seq
    from latest
)

{% if is_incremental() -%}
select typed.*
from typed
left join {{ this }} as known on known.{{ key }} = typed.{{ key }}
where known.{{ key }} is null
    or (typed.lsn, typed.seq) > (known.lsn, known.seq)

union all

select
    known.{{ key }},
    {%- for name in columns %}
    known.{{ name }},
    {%- endfor %}
    true as is_deleted,
    event.changed_at,
    event.loaded_at as load_timestamp,
    event.lsn,
    event.seq,
    event.load_seq
from (select * from events where op = 't' order by lsn desc, seq desc limit 1) as event
inner join {{ this }} as known
    on not known.is_deleted
    and (known.lsn, known.seq) < (event.lsn, event.seq)
where not exists (
    select 1 from latest
    where latest.key = known.{{ key }}
        and (latest.lsn, latest.seq) > (known.lsn, known.seq)
)
{%- else -%}
select * from typed
{%- endif %}
{% endmacro %}
