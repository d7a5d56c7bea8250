{#- No row for which the condition is false, where `relation` (aliases and joins) stands for the model and its parents. -#}
{% test holds_with(model, relation, condition) %}
select 1 as broken
from {{ relation }}
where ({{ condition }}) is false
limit 1
{% endtest %}
