-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with coded as (
    select * from {{ ref('omop__coded_drug') }}
),
queries (query_id, group_id, query) as (
    values
        (0, 0, 'drug: concept'),
        (1, 0, 'drug: visit__kind, concept'),
        (2, 0, 'drug: visit__los_days, concept'),
        (3, 0, 'drug: visit__condition__count, concept'),
        (4, 0, 'drug: visit__drug__count, concept'),
        (5, 0, 'drug: visit__measurement__count, concept'),
        (6, 0, 'drug: person__gender, concept'),
        (7, 0, 'drug: person__birth_year, concept'),
        (8, 0, 'drug: person__race, concept'),
        (9, 0, 'drug: person__ethnicity, concept'),
        (10, 0, 'drug: person__died, concept'),
        (11, 0, 'drug: person__visit__count, concept'),
        (12, 1, 'drug: concept, duration_days__fine'),
        (13, 1, 'drug: concept, duration_days__last, duration_days__coarse'),
        (14, 1, 'drug: concept, visit__kind, duration_days__coarse'),
        (15, 1, 'drug: concept, visit__los_days, duration_days__coarse'),
        (16, 1, 'drug: concept, visit__condition__count, duration_days__coarse'),
        (17, 1, 'drug: concept, visit__drug__count, duration_days__coarse'),
        (18, 1, 'drug: concept, visit__measurement__count, duration_days__coarse'),
        (19, 1, 'drug: concept, person__gender, duration_days__coarse'),
        (20, 1, 'drug: concept, person__birth_year, duration_days__coarse'),
        (21, 1, 'drug: concept, person__race, duration_days__coarse'),
        (22, 1, 'drug: concept, person__ethnicity, duration_days__coarse'),
        (23, 1, 'drug: concept, person__died, duration_days__coarse'),
        (24, 1, 'drug: concept, person__visit__count, duration_days__coarse')
),
bounds (group_id, bound) as (
    values
        (0, 12582912),
        (1, 13631488)
),
cells as (
    select __patient as patient, 0 as query_id, cast("concept" as bigint) as cell from coded where "concept" is not null
    union all
    select __patient as patient, 1 as query_id, (cast("visit__kind" as bigint)) * 247 + "concept" as cell from coded where "visit__kind" is not null and "concept" is not null
    union all
    select __patient as patient, 2 as query_id, (cast("visit__los_days" as bigint)) * 247 + "concept" as cell from coded where "visit__los_days" is not null and "concept" is not null
    union all
    select __patient as patient, 3 as query_id, (cast("visit__condition__count" as bigint)) * 247 + "concept" as cell from coded where "visit__condition__count" is not null and "concept" is not null
    union all
    select __patient as patient, 4 as query_id, (cast("visit__drug__count" as bigint)) * 247 + "concept" as cell from coded where "visit__drug__count" is not null and "concept" is not null
    union all
    select __patient as patient, 5 as query_id, (cast("visit__measurement__count" as bigint)) * 247 + "concept" as cell from coded where "visit__measurement__count" is not null and "concept" is not null
    union all
    select __patient as patient, 6 as query_id, (cast("person__gender" as bigint)) * 247 + "concept" as cell from coded where "person__gender" is not null and "concept" is not null
    union all
    select __patient as patient, 7 as query_id, (cast("person__birth_year" as bigint)) * 247 + "concept" as cell from coded where "person__birth_year" is not null and "concept" is not null
    union all
    select __patient as patient, 8 as query_id, (cast("person__race" as bigint)) * 247 + "concept" as cell from coded where "person__race" is not null and "concept" is not null
    union all
    select __patient as patient, 9 as query_id, (cast("person__ethnicity" as bigint)) * 247 + "concept" as cell from coded where "person__ethnicity" is not null and "concept" is not null
    union all
    select __patient as patient, 10 as query_id, (cast("person__died" as bigint)) * 247 + "concept" as cell from coded where "person__died" is not null and "concept" is not null
    union all
    select __patient as patient, 11 as query_id, (cast("person__visit__count" as bigint)) * 247 + "concept" as cell from coded where "person__visit__count" is not null and "concept" is not null
    union all
    select __patient as patient, 12 as query_id, (cast("concept" as bigint)) * 28 + "duration_days__fine" as cell from coded where "concept" is not null and "duration_days__fine" is not null
    union all
    select __patient as patient, 13 as query_id, ((cast("concept" as bigint)) * 8 + "duration_days__last") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "duration_days__last" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 14 as query_id, ((cast("concept" as bigint)) * 4 + "visit__kind") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "visit__kind" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 15 as query_id, ((cast("concept" as bigint)) * 6 + "visit__los_days") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "visit__los_days" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 16 as query_id, ((cast("concept" as bigint)) * 6 + "visit__condition__count") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "visit__condition__count" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 17 as query_id, ((cast("concept" as bigint)) * 6 + "visit__drug__count") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "visit__drug__count" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 18 as query_id, ((cast("concept" as bigint)) * 6 + "visit__measurement__count") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "visit__measurement__count" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 19 as query_id, ((cast("concept" as bigint)) * 3 + "person__gender") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "person__gender" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 20 as query_id, ((cast("concept" as bigint)) * 6 + "person__birth_year") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "person__birth_year" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 21 as query_id, ((cast("concept" as bigint)) * 5 + "person__race") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "person__race" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 22 as query_id, ((cast("concept" as bigint)) * 4 + "person__ethnicity") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "person__ethnicity" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 23 as query_id, ((cast("concept" as bigint)) * 2 + "person__died") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "person__died" is not null and "duration_days__coarse" is not null
    union all
    select __patient as patient, 24 as query_id, ((cast("concept" as bigint)) * 6 + "person__visit__count") * 7 + "duration_days__coarse" as cell from coded where "concept" is not null and "person__visit__count" is not null and "duration_days__coarse" is not null
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
