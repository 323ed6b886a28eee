{# The versions of each key, from a change table: version n lasts until the next change of its key, and the last one until now
   unless it was deleted. Every change that the log holds is a version; those of one commit have zero length, but for the last.

   - Positions order the changes. Times only say how long a version lasted; a clock that was set back must not turn an
     interval round, so a version never begins before the one that it follows.
   - The first version begins at the row's creation when that was before the log's first word of it.
   - An incremental build makes the whole history of those keys anew that have a new change, and of no others. #}
{% macro version_history(changes, key, columns, created_at='created_at') %}
with
{%- if is_incremental() %}
news as (
    select {{ key }}, op
    from {{ changes }}
    where load_seq > (select coalesce(max(load_seq), 0) from {{ this }})
),

touched as (
    select distinct {{ key }} from news where op <> 't'
    union
    select distinct {{ key }} from {{ changes }} where op <> 't' and exists (select 1 from news where op = 't')
),
{%- endif %}

changes as (
    select * from {{ changes }}
    where op <> 't'
    {%- if is_incremental() %}
        and {{ key }} in (select {{ key }} from touched)
    {%- endif %}
),

events as (
    select {{ key }}, {{ columns | join(', ') }}, {{ created_at }}, op, changed_at, lsn, seq, load_seq from changes
    union all
    -- a truncate ends whatever was there of each key
    select keys.{{ key }}, {% for column in columns %}null, {% endfor %}null, truncation.op, truncation.changed_at, truncation.lsn, truncation.seq, truncation.load_seq
    from (select * from {{ changes }} where op = 't') as truncation
    cross join (select distinct {{ key }} from changes) as keys
),

ordered as (
    select
        *,
        row_number() over history as event_number,
        max(changed_at) over (history rows unbounded preceding) as happened_at
    from events
    window history as (partition by {{ key }} order by lsn, seq)
),

bounded as (
    select
        *,
        case when event_number = 1 then least({{ created_at }}, happened_at) else happened_at end as effective_from,
        lead(happened_at) over history as effective_to,
        lead(op) over history is null as is_current
    from ordered
    window history as (partition by {{ key }} order by lsn, seq)
)

select
    md5({{ key }} || '|' || lsn || '|' || seq) as {{ key | replace('_id', '_version_id') }},
    {{ key }},
    {{ columns | join(',\n    ') }},
    {{ created_at }},
    effective_from,
    effective_to,
    is_current,
    lsn,
    seq,
    load_seq
from bounded
where op not in ('d', 't')
{% endmacro %}


{# The database itself refuses a second current version and versions that overlap. #}
{% macro guard_history(key) %}
{%- set name = this.identifier ~ '_no_overlap' -%}
create extension if not exists btree_gist;
create unique index if not exists {{ this.identifier }}_one_current on {{ this }} ({{ key }}) where is_current;
do $guard$
begin
    if not exists (select 1 from pg_constraint where conname = '{{ name }}' and conrelid = '{{ this }}'::regclass) then
        alter table {{ this }} add constraint {{ name }}
            exclude using gist ({{ key }} with =, tstzrange(effective_from, effective_to) with &&);
    end if;
end
$guard$
{% endmacro %}
