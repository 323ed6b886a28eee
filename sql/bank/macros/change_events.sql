{# What is new in raw.<table> for this model: the files after the last one it has seen, up to the horizon of this run.
   Asked before the model is built, so that the planner sees numbers: the cost is that of the new files, not of all. #}
{% macro new_files(table) %}
    {%- set files = {'first': 0, 'after': 0, 'upto': 0} -%}
    {%- if execute and load_relation(ref('stg_load_horizon')) is not none -%}
        {%- set seen -%}
            {%- if is_incremental() -%} (select coalesce(max(load_seq), 0) from {{ this }}) {%- else -%} 0 {%- endif -%}
        {%- endset -%}
        {%- set query -%}
            select coalesce(min(file_id), 0), {{ seen }}, coalesce(max(load_seq), 0)
            from {{ source('millrace', 'load_ledger') }}
            where table_name = '{{ table }}'
                and load_seq > {{ seen }}
                and load_seq <= (select load_seq from {{ ref('stg_load_horizon') }})
        {%- endset -%}
        {%- set found = run_query(query).rows[0] -%}
        {%- do files.update({'first': found[0], 'after': found[1], 'upto': found[2]}) -%}
    {%- endif -%}
    {{ return(files) }}
{% endmacro %}


{# The new change events of raw.<table>, one row each. `content` is the row: what it became, or, when it was deleted, what it was. #}
{% macro new_events(table) %}
    {%- set files = new_files(table) -%}
    select
        event.key,
        event.lsn,
        event.seq,
        event.op,
        case when jsonb_typeof(event.payload -> 'after') = 'object' then event.payload -> 'after' else event.payload -> 'before' end as content,
        timestamptz 'epoch' + (event.payload -> 'source' ->> 'ts_ms')::bigint * interval '1 millisecond' as changed_at,
        event.loaded_at,
        file.load_seq
    from {{ source('raw', table) }} as event
    inner join {{ source('millrace', 'load_ledger') }} as file on file.file_id = event.file_id
    where event.file_id >= {{ files['first'] }}
        and file.load_seq > {{ files['after'] }}
        and file.load_seq <= {{ files['upto'] }}
{% endmacro %}


{# A calendar date as Debezium writes it: ISO text, or days since 1970. #}
{% macro event_date(value) -%}
    (case jsonb_typeof({{ value }}) when 'number' then date '1970-01-01' + ({{ value }} #>> '{}')::int else left({{ value }} #>> '{}', 10)::date end)
{%- endmacro %}
