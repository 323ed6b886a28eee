{# Fails for versions that begin before the version that they follow has ended, or that end before they begin. #}
{% test no_overlap(model, column_name) %}
select *
from (
  select
    {{ column_name }}, lsn, seq, effective_from, effective_to, is_current,
    lag(coalesce(effective_to, 'infinity')) over (partition by {{ column_name }} order by lsn, seq) as previous_to
  from {{ model }}
) as versions
where previous_to > effective_from or effective_to < effective_from
{% endtest %}
