{#- Every row whose `columns` are all there has a row of `to` with the same values in `fields`. -#}
{% test points_to(model, columns, to, fields) %}
select 1 as broken
from {{ model }} as child
where
    {%- for column in columns %}
    child.{{ column }} is not null and
    {%- endfor %}
    not exists (
        select 1
        from {{ to }} as parent
        where
            {%- for column in columns %}
            {{ "and " if not loop.first }}parent.{{ fields[loop.index0] }} = child.{{ column }}
            {%- endfor %}
    )
limit 1
{% endtest %}
