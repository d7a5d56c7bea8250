-- Rendered by `wardloom compile` from specs/heart.yml: change the spec, not this file.
with coded as (
    select * from {{ ref('heart__coded_patient') }}
),
queries (query_id, group_id, query) as (
    values
        (0, 0, 'patient: age__fine'),
        (1, 0, 'patient: sex'),
        (2, 1, 'patient: age, sex'),
        (3, 0, 'patient: los_days__fine'),
        (4, 1, 'patient: age, los_days'),
        (5, 1, 'patient: sex, los_days')
),
bounds (group_id, bound) as (
    values
        (0, 3145728),
        (1, 3145728)
),
cells as (
    select __patient as patient, 0 as query_id, cast("age__fine" as bigint) as cell from coded where "age__fine" is not null
    union all
    select __patient as patient, 1 as query_id, cast("sex" as bigint) as cell from coded where "sex" is not null
    union all
    select __patient as patient, 2 as query_id, (cast("age" as bigint)) * 3 + "sex" as cell from coded where "age" is not null and "sex" is not null
    union all
    select __patient as patient, 3 as query_id, cast("los_days__fine" as bigint) as cell from coded where "los_days__fine" is not null
    union all
    select __patient as patient, 4 as query_id, (cast("age" as bigint)) * 12 + "los_days" as cell from coded where "age" is not null and "los_days" is not null
    union all
    select __patient as patient, 5 as query_id, (cast("sex" as bigint)) * 12 + "los_days" as cell from coded where "sex" is not null and "los_days" is not null
),
histograms as (
    select patient, query_id, cell, count(*) as number
    from cells
    group by patient, query_id, cell
),
squares as (
    select patient, group_id, sum(number * number) as square
    from histograms join queries using (query_id)
    group by patient, group_id
),
weights as (
    -- floor(sqrt(x)) is exact for whole x below 2^52
    select patient, group_id, cast(floor(sqrt(bound // square)) as bigint) as weight
    from squares join bounds using (group_id)
),
totals as (
    select query_id, query, cell, sum(weight * number) as total
    from histograms
    join queries using (query_id)
    join weights using (patient, group_id)
    group by query_id, query, cell
)

select query, cell, cast(total as bigint) as total
from totals
where total > 0
