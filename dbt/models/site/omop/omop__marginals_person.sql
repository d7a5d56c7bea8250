-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with coded as (
    select * from {{ ref('omop__coded_person') }}
),
queries (query_id, group_id, query) as (
    values
        (0, 0, 'person: gender'),
        (1, 0, 'person: birth_year__fine'),
        (2, 1, 'person: gender, birth_year'),
        (3, 0, 'person: race'),
        (4, 1, 'person: gender, race'),
        (5, 1, 'person: birth_year, race'),
        (6, 0, 'person: ethnicity'),
        (7, 1, 'person: gender, ethnicity'),
        (8, 1, 'person: birth_year, ethnicity'),
        (9, 1, 'person: race, ethnicity'),
        (10, 0, 'person: died'),
        (11, 1, 'person: gender, died'),
        (12, 1, 'person: birth_year, died'),
        (13, 1, 'person: race, died'),
        (14, 1, 'person: ethnicity, died'),
        (15, 0, 'person: visit__count__fine'),
        (16, 1, 'person: gender, visit__count'),
        (17, 1, 'person: birth_year, visit__count'),
        (18, 1, 'person: race, visit__count'),
        (19, 1, 'person: ethnicity, visit__count'),
        (20, 1, 'person: died, visit__count')
),
bounds (group_id, bound) as (
    values
        (0, 7866150),
        (1, 15728640)
),
cells as (
    select __patient as patient, 0 as query_id, cast("gender" as bigint) as cell from coded where "gender" is not null
    union all
    select __patient as patient, 1 as query_id, cast("birth_year__fine" as bigint) as cell from coded where "birth_year__fine" is not null
    union all
    select __patient as patient, 2 as query_id, (cast("gender" as bigint)) * 24 + "birth_year" as cell from coded where "gender" is not null and "birth_year" is not null
    union all
    select __patient as patient, 3 as query_id, cast("race" as bigint) as cell from coded where "race" is not null
    union all
    select __patient as patient, 4 as query_id, (cast("gender" as bigint)) * 5 + "race" as cell from coded where "gender" is not null and "race" is not null
    union all
    select __patient as patient, 5 as query_id, (cast("birth_year" as bigint)) * 5 + "race" as cell from coded where "birth_year" is not null and "race" is not null
    union all
    select __patient as patient, 6 as query_id, cast("ethnicity" as bigint) as cell from coded where "ethnicity" is not null
    union all
    select __patient as patient, 7 as query_id, (cast("gender" as bigint)) * 4 + "ethnicity" as cell from coded where "gender" is not null and "ethnicity" is not null
    union all
    select __patient as patient, 8 as query_id, (cast("birth_year" as bigint)) * 4 + "ethnicity" as cell from coded where "birth_year" is not null and "ethnicity" is not null
    union all
    select __patient as patient, 9 as query_id, (cast("race" as bigint)) * 4 + "ethnicity" as cell from coded where "race" is not null and "ethnicity" is not null
    union all
    select __patient as patient, 10 as query_id, cast("died" as bigint) as cell from coded where "died" is not null
    union all
    select __patient as patient, 11 as query_id, (cast("gender" as bigint)) * 2 + "died" as cell from coded where "gender" is not null and "died" is not null
    union all
    select __patient as patient, 12 as query_id, (cast("birth_year" as bigint)) * 2 + "died" as cell from coded where "birth_year" is not null and "died" is not null
    union all
    select __patient as patient, 13 as query_id, (cast("race" as bigint)) * 2 + "died" as cell from coded where "race" is not null and "died" is not null
    union all
    select __patient as patient, 14 as query_id, (cast("ethnicity" as bigint)) * 2 + "died" as cell from coded where "ethnicity" is not null and "died" is not null
    union all
    select __patient as patient, 15 as query_id, cast("visit__count__fine" as bigint) as cell from coded where "visit__count__fine" is not null
    union all
    select __patient as patient, 16 as query_id, (cast("gender" as bigint)) * 17 + "visit__count" as cell from coded where "gender" is not null and "visit__count" is not null
    union all
    select __patient as patient, 17 as query_id, (cast("birth_year" as bigint)) * 17 + "visit__count" as cell from coded where "birth_year" is not null and "visit__count" is not null
    union all
    select __patient as patient, 18 as query_id, (cast("race" as bigint)) * 17 + "visit__count" as cell from coded where "race" is not null and "visit__count" is not null
    union all
    select __patient as patient, 19 as query_id, (cast("ethnicity" as bigint)) * 17 + "visit__count" as cell from coded where "ethnicity" is not null and "visit__count" is not null
    union all
    select __patient as patient, 20 as query_id, (cast("died" as bigint)) * 17 + "visit__count" as cell from coded where "died" is not null and "visit__count" is not null
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
