{# At most one current version per key. #}
{% test one_current_version(model, column_name) %}
select {{ column_name }}, count(*) as current_versions
from {{ model }}
where is_current
group by {{ column_name }}
having count(*) > 1
{% endtest %}


{# The versions of a key follow each other without an overlap and, unless it was deleted in between, without a gap. #}
{% test versions_follow_each_other(model, column_name) %}
select {{ column_name }}, effective_from, effective_to, next_from
from (
    select
        {{ column_name }},
        effective_from,
        effective_to,
        lead(effective_from) over (partition by {{ column_name }} order by lsn, seq) as next_from
    from {{ model }}
) as version
where effective_to < effective_from
    or (next_from is not null and (effective_to is null or effective_to > next_from))
{% endtest %}
