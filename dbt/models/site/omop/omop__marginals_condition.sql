-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with coded as (
    select * from {{ ref('omop__coded_condition') }}
),
queries (query_id, group_id, query) as (
    values
        (0, 0, 'condition: concept'),
        (1, 0, 'condition: visit__kind, concept'),
        (2, 0, 'condition: visit__los_days, concept'),
        (3, 0, 'condition: visit__condition__count, concept'),
        (4, 0, 'condition: visit__drug__count, concept'),
        (5, 0, 'condition: visit__measurement__count, concept'),
        (6, 0, 'condition: person__gender, concept'),
        (7, 0, 'condition: person__birth_year, concept'),
        (8, 0, 'condition: person__race, concept'),
        (9, 0, 'condition: person__ethnicity, concept'),
        (10, 0, 'condition: person__died, concept'),
        (11, 0, 'condition: person__visit__count, concept'),
        (12, 0, 'condition: concept__prev, concept')
),
bounds (group_id, bound) as (
    values
        (0, 13631488)
),
cells as (
    select __patient as patient, 0 as query_id, cast("concept" as bigint) as cell from coded where "concept" is not null
    union all
    select __patient as patient, 1 as query_id, (cast("visit__kind" as bigint)) * 124 + "concept" as cell from coded where "visit__kind" is not null and "concept" is not null
    union all
    select __patient as patient, 2 as query_id, (cast("visit__los_days" as bigint)) * 124 + "concept" as cell from coded where "visit__los_days" is not null and "concept" is not null
    union all
    select __patient as patient, 3 as query_id, (cast("visit__condition__count" as bigint)) * 124 + "concept" as cell from coded where "visit__condition__count" is not null and "concept" is not null
    union all
    select __patient as patient, 4 as query_id, (cast("visit__drug__count" as bigint)) * 124 + "concept" as cell from coded where "visit__drug__count" is not null and "concept" is not null
    union all
    select __patient as patient, 5 as query_id, (cast("visit__measurement__count" as bigint)) * 124 + "concept" as cell from coded where "visit__measurement__count" is not null and "concept" is not null
    union all
    select __patient as patient, 6 as query_id, (cast("person__gender" as bigint)) * 124 + "concept" as cell from coded where "person__gender" is not null and "concept" is not null
    union all
    select __patient as patient, 7 as query_id, (cast("person__birth_year" as bigint)) * 124 + "concept" as cell from coded where "person__birth_year" is not null and "concept" is not null
    union all
    select __patient as patient, 8 as query_id, (cast("person__race" as bigint)) * 124 + "concept" as cell from coded where "person__race" is not null and "concept" is not null
    union all
    select __patient as patient, 9 as query_id, (cast("person__ethnicity" as bigint)) * 124 + "concept" as cell from coded where "person__ethnicity" is not null and "concept" is not null
    union all
    select __patient as patient, 10 as query_id, (cast("person__died" as bigint)) * 124 + "concept" as cell from coded where "person__died" is not null and "concept" is not null
    union all
    select __patient as patient, 11 as query_id, (cast("person__visit__count" as bigint)) * 124 + "concept" as cell from coded where "person__visit__count" is not null and "concept" is not null
    union all
    select __patient as patient, 12 as query_id, (cast("concept__prev" as bigint)) * 124 + "concept" as cell from coded where "concept__prev" is not null and "concept" is not null
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
