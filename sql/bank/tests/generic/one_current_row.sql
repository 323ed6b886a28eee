{# Fails for keys with more than one current row, and for keys without one whose last version was not ended by a delete. #}
{% test one_current_row(model, column_name) %}
select
  {{ column_name }},
  count(*) filter (where is_current) as current_rows,
  (array_agg(is_deleted order by lsn desc, seq desc))[1] as is_deleted
from {{ model }}
group by {{ column_name }}
having count(*) filter (where is_current)
  <> case when (array_agg(is_deleted order by lsn desc, seq desc))[1] then 0 else 1 end
{% endtest %}
