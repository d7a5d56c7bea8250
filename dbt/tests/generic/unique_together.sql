{#- No two rows with the same values in all of these columns. -#}
{% test unique_together(model, columns) %}
select 1 as broken
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
limit 1
{% endtest %}
