{# Every change event of a table with its columns typed, one row each: what the dimensions' history is built from.
   A truncate stays as a row without a key. #}
{% macro change_table(table, key, columns) %}
select
    key as {{ key }},
    {%- for name, expression in columns.items() %}
    {{ expression }} as {{ name }},
    {%- endfor %}
    op,
    changed_at,
    lsn,
    seq,
    load_seq
from (
    {{ new_events(table) }}
) as event
{% endmacro %}
