{#- No row for which the condition is false. One row says so; no value is shown. -#}
{% test holds(model, condition, column_name=none) %}
select 1 as broken
from {{ model }}
where ({{ condition }}) is false
limit 1
{% endtest %}
