-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with coded as (
    select * from {{ ref('omop__coded_visit') }}
),
queries (query_id, group_id, query) as (
    values
        (0, 0, 'visit: started_on__start__fine'),
        (1, 0, 'visit: person__gender, started_on__start'),
        (2, 0, 'visit: person__birth_year, started_on__start'),
        (3, 0, 'visit: person__race, started_on__start'),
        (4, 0, 'visit: person__ethnicity, started_on__start'),
        (5, 0, 'visit: person__died, started_on__start'),
        (6, 0, 'visit: person__visit__count, started_on__start'),
        (7, 1, 'visit: started_on__gap__fine'),
        (8, 1, 'visit: started_on__prev, started_on__gap'),
        (9, 1, 'visit: visit__rest, started_on__gap'),
        (10, 1, 'visit: started_on__left, started_on__gap'),
        (11, 1, 'visit: started_on__pace, started_on__gap'),
        (12, 1, 'visit: kind__prev, started_on__gap'),
        (13, 2, 'visit: kind'),
        (14, 2, 'visit: person__gender, kind'),
        (15, 2, 'visit: person__birth_year, kind'),
        (16, 2, 'visit: person__race, kind'),
        (17, 2, 'visit: person__ethnicity, kind'),
        (18, 2, 'visit: person__died, kind'),
        (19, 2, 'visit: person__visit__count, kind'),
        (20, 2, 'visit: started_on, kind'),
        (21, 2, 'visit: kind__prev, started_on__moved, kind'),
        (22, 3, 'visit: kind, los_days__fine'),
        (23, 3, 'visit: kind, los_days__last, los_days__coarse'),
        (24, 3, 'visit: kind, started_on, los_days__coarse'),
        (25, 3, 'visit: kind, person__gender, los_days__coarse'),
        (26, 3, 'visit: kind, person__birth_year, los_days__coarse'),
        (27, 3, 'visit: kind, person__race, los_days__coarse'),
        (28, 3, 'visit: kind, person__ethnicity, los_days__coarse'),
        (29, 3, 'visit: kind, person__died, los_days__coarse'),
        (30, 3, 'visit: kind, person__visit__count, los_days__coarse'),
        (31, 4, 'visit: kind, condition__count__fine'),
        (32, 4, 'visit: kind, condition__count__last, condition__count__coarse'),
        (33, 4, 'visit: kind, started_on, condition__count__coarse'),
        (34, 4, 'visit: kind, person__gender, condition__count__coarse'),
        (35, 4, 'visit: kind, person__birth_year, condition__count__coarse'),
        (36, 4, 'visit: kind, person__race, condition__count__coarse'),
        (37, 4, 'visit: kind, person__ethnicity, condition__count__coarse'),
        (38, 4, 'visit: kind, person__died, condition__count__coarse'),
        (39, 4, 'visit: kind, person__visit__count, condition__count__coarse'),
        (40, 4, 'visit: kind, los_days, condition__count__coarse'),
        (41, 5, 'visit: kind, drug__count__fine'),
        (42, 5, 'visit: kind, drug__count__last, drug__count__coarse'),
        (43, 5, 'visit: kind, started_on, drug__count__coarse'),
        (44, 5, 'visit: kind, person__gender, drug__count__coarse'),
        (45, 5, 'visit: kind, person__birth_year, drug__count__coarse'),
        (46, 5, 'visit: kind, person__race, drug__count__coarse'),
        (47, 5, 'visit: kind, person__ethnicity, drug__count__coarse'),
        (48, 5, 'visit: kind, person__died, drug__count__coarse'),
        (49, 5, 'visit: kind, person__visit__count, drug__count__coarse'),
        (50, 5, 'visit: kind, los_days, drug__count__coarse'),
        (51, 5, 'visit: kind, condition__count, drug__count__coarse'),
        (52, 6, 'visit: kind, measurement__count__fine'),
        (53, 6, 'visit: kind, measurement__count__last, measurement__count__coarse'),
        (54, 6, 'visit: kind, started_on, measurement__count__coarse'),
        (55, 6, 'visit: kind, person__gender, measurement__count__coarse'),
        (56, 6, 'visit: kind, person__birth_year, measurement__count__coarse'),
        (57, 6, 'visit: kind, person__race, measurement__count__coarse'),
        (58, 6, 'visit: kind, person__ethnicity, measurement__count__coarse'),
        (59, 6, 'visit: kind, person__died, measurement__count__coarse'),
        (60, 6, 'visit: kind, person__visit__count, measurement__count__coarse'),
        (61, 6, 'visit: kind, los_days, measurement__count__coarse'),
        (62, 6, 'visit: kind, condition__count, measurement__count__coarse'),
        (63, 6, 'visit: kind, drug__count, measurement__count__coarse')
),
bounds (group_id, bound) as (
    values
        (0, 7340032),
        (1, 6291456),
        (2, 9437184),
        (3, 9437184),
        (4, 10485760),
        (5, 11534336),
        (6, 12582912)
),
cells as (
    select __patient as patient, 0 as query_id, cast("started_on__start__fine" as bigint) as cell from coded where "started_on__start__fine" is not null
    union all
    select __patient as patient, 1 as query_id, (cast("person__gender" as bigint)) * 60 + "started_on__start" as cell from coded where "person__gender" is not null and "started_on__start" is not null
    union all
    select __patient as patient, 2 as query_id, (cast("person__birth_year" as bigint)) * 60 + "started_on__start" as cell from coded where "person__birth_year" is not null and "started_on__start" is not null
    union all
    select __patient as patient, 3 as query_id, (cast("person__race" as bigint)) * 60 + "started_on__start" as cell from coded where "person__race" is not null and "started_on__start" is not null
    union all
    select __patient as patient, 4 as query_id, (cast("person__ethnicity" as bigint)) * 60 + "started_on__start" as cell from coded where "person__ethnicity" is not null and "started_on__start" is not null
    union all
    select __patient as patient, 5 as query_id, (cast("person__died" as bigint)) * 60 + "started_on__start" as cell from coded where "person__died" is not null and "started_on__start" is not null
    union all
    select __patient as patient, 6 as query_id, (cast("person__visit__count" as bigint)) * 60 + "started_on__start" as cell from coded where "person__visit__count" is not null and "started_on__start" is not null
    union all
    select __patient as patient, 7 as query_id, cast("started_on__gap__fine" as bigint) as cell from coded where "started_on__gap__fine" is not null
    union all
    select __patient as patient, 8 as query_id, (cast("started_on__prev" as bigint)) * 25 + "started_on__gap" as cell from coded where "started_on__prev" is not null and "started_on__gap" is not null
    union all
    select __patient as patient, 9 as query_id, (cast("visit__rest" as bigint)) * 25 + "started_on__gap" as cell from coded where "visit__rest" is not null and "started_on__gap" is not null
    union all
    select __patient as patient, 10 as query_id, (cast("started_on__left" as bigint)) * 25 + "started_on__gap" as cell from coded where "started_on__left" is not null and "started_on__gap" is not null
    union all
    select __patient as patient, 11 as query_id, (cast("started_on__pace" as bigint)) * 25 + "started_on__gap" as cell from coded where "started_on__pace" is not null and "started_on__gap" is not null
    union all
    select __patient as patient, 12 as query_id, (cast("kind__prev" as bigint)) * 25 + "started_on__gap" as cell from coded where "kind__prev" is not null and "started_on__gap" is not null
    union all
    select __patient as patient, 13 as query_id, cast("kind" as bigint) as cell from coded where "kind" is not null
    union all
    select __patient as patient, 14 as query_id, (cast("person__gender" as bigint)) * 4 + "kind" as cell from coded where "person__gender" is not null and "kind" is not null
    union all
    select __patient as patient, 15 as query_id, (cast("person__birth_year" as bigint)) * 4 + "kind" as cell from coded where "person__birth_year" is not null and "kind" is not null
    union all
    select __patient as patient, 16 as query_id, (cast("person__race" as bigint)) * 4 + "kind" as cell from coded where "person__race" is not null and "kind" is not null
    union all
    select __patient as patient, 17 as query_id, (cast("person__ethnicity" as bigint)) * 4 + "kind" as cell from coded where "person__ethnicity" is not null and "kind" is not null
    union all
    select __patient as patient, 18 as query_id, (cast("person__died" as bigint)) * 4 + "kind" as cell from coded where "person__died" is not null and "kind" is not null
    union all
    select __patient as patient, 19 as query_id, (cast("person__visit__count" as bigint)) * 4 + "kind" as cell from coded where "person__visit__count" is not null and "kind" is not null
    union all
    select __patient as patient, 20 as query_id, (cast("started_on" as bigint)) * 4 + "kind" as cell from coded where "started_on" is not null and "kind" is not null
    union all
    select __patient as patient, 21 as query_id, ((cast("kind__prev" as bigint)) * 3 + "started_on__moved") * 4 + "kind" as cell from coded where "kind__prev" is not null and "started_on__moved" is not null and "kind" is not null
    union all
    select __patient as patient, 22 as query_id, (cast("kind" as bigint)) * 36 + "los_days__fine" as cell from coded where "kind" is not null and "los_days__fine" is not null
    union all
    select __patient as patient, 23 as query_id, ((cast("kind" as bigint)) * 10 + "los_days__last") * 9 + "los_days__coarse" as cell from coded where "kind" is not null and "los_days__last" is not null and "los_days__coarse" is not null
    union all
    select __patient as patient, 24 as query_id, ((cast("kind" as bigint)) * 12 + "started_on") * 9 + "los_days__coarse" as cell from coded where "kind" is not null and "started_on" is not null and "los_days__coarse" is not null
    union all
    select __patient as patient, 25 as query_id, ((cast("kind" as bigint)) * 3 + "person__gender") * 9 + "los_days__coarse" as cell from coded where "kind" is not null and "person__gender" is not null and "los_days__coarse" is not null
    union all
    select __patient as patient, 26 as query_id, ((cast("kind" as bigint)) * 6 + "person__birth_year") * 9 + "los_days__coarse" as cell from coded where "kind" is not null and "person__birth_year" is not null and "los_days__coarse" is not null
    union all
    select __patient as patient, 27 as query_id, ((cast("kind" as bigint)) * 5 + "person__race") * 9 + "los_days__coarse" as cell from coded where "kind" is not null and "person__race" is not null and "los_days__coarse" is not null
    union all
    select __patient as patient, 28 as query_id, ((cast("kind" as bigint)) * 4 + "person__ethnicity") * 9 + "los_days__coarse" as cell from coded where "kind" is not null and "person__ethnicity" is not null and "los_days__coarse" is not null
    union all
    select __patient as patient, 29 as query_id, ((cast("kind" as bigint)) * 2 + "person__died") * 9 + "los_days__coarse" as cell from coded where "kind" is not null and "person__died" is not null and "los_days__coarse" is not null
    union all
    select __patient as patient, 30 as query_id, ((cast("kind" as bigint)) * 6 + "person__visit__count") * 9 + "los_days__coarse" as cell from coded where "kind" is not null and "person__visit__count" is not null and "los_days__coarse" is not null
    union all
    select __patient as patient, 31 as query_id, (cast("kind" as bigint)) * 28 + "condition__count__fine" as cell from coded where "kind" is not null and "condition__count__fine" is not null
    union all
    select __patient as patient, 32 as query_id, ((cast("kind" as bigint)) * 8 + "condition__count__last") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "condition__count__last" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 33 as query_id, ((cast("kind" as bigint)) * 12 + "started_on") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "started_on" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 34 as query_id, ((cast("kind" as bigint)) * 3 + "person__gender") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "person__gender" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 35 as query_id, ((cast("kind" as bigint)) * 6 + "person__birth_year") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "person__birth_year" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 36 as query_id, ((cast("kind" as bigint)) * 5 + "person__race") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "person__race" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 37 as query_id, ((cast("kind" as bigint)) * 4 + "person__ethnicity") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "person__ethnicity" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 38 as query_id, ((cast("kind" as bigint)) * 2 + "person__died") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "person__died" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 39 as query_id, ((cast("kind" as bigint)) * 6 + "person__visit__count") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "person__visit__count" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 40 as query_id, ((cast("kind" as bigint)) * 9 + "los_days") * 7 + "condition__count__coarse" as cell from coded where "kind" is not null and "los_days" is not null and "condition__count__coarse" is not null
    union all
    select __patient as patient, 41 as query_id, (cast("kind" as bigint)) * 28 + "drug__count__fine" as cell from coded where "kind" is not null and "drug__count__fine" is not null
    union all
    select __patient as patient, 42 as query_id, ((cast("kind" as bigint)) * 8 + "drug__count__last") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "drug__count__last" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 43 as query_id, ((cast("kind" as bigint)) * 12 + "started_on") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "started_on" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 44 as query_id, ((cast("kind" as bigint)) * 3 + "person__gender") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "person__gender" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 45 as query_id, ((cast("kind" as bigint)) * 6 + "person__birth_year") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "person__birth_year" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 46 as query_id, ((cast("kind" as bigint)) * 5 + "person__race") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "person__race" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 47 as query_id, ((cast("kind" as bigint)) * 4 + "person__ethnicity") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "person__ethnicity" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 48 as query_id, ((cast("kind" as bigint)) * 2 + "person__died") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "person__died" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 49 as query_id, ((cast("kind" as bigint)) * 6 + "person__visit__count") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "person__visit__count" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 50 as query_id, ((cast("kind" as bigint)) * 9 + "los_days") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "los_days" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 51 as query_id, ((cast("kind" as bigint)) * 7 + "condition__count") * 7 + "drug__count__coarse" as cell from coded where "kind" is not null and "condition__count" is not null and "drug__count__coarse" is not null
    union all
    select __patient as patient, 52 as query_id, (cast("kind" as bigint)) * 44 + "measurement__count__fine" as cell from coded where "kind" is not null and "measurement__count__fine" is not null
    union all
    select __patient as patient, 53 as query_id, ((cast("kind" as bigint)) * 11 + "measurement__count__last") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "measurement__count__last" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 54 as query_id, ((cast("kind" as bigint)) * 12 + "started_on") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "started_on" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 55 as query_id, ((cast("kind" as bigint)) * 3 + "person__gender") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "person__gender" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 56 as query_id, ((cast("kind" as bigint)) * 6 + "person__birth_year") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "person__birth_year" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 57 as query_id, ((cast("kind" as bigint)) * 5 + "person__race") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "person__race" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 58 as query_id, ((cast("kind" as bigint)) * 4 + "person__ethnicity") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "person__ethnicity" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 59 as query_id, ((cast("kind" as bigint)) * 2 + "person__died") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "person__died" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 60 as query_id, ((cast("kind" as bigint)) * 6 + "person__visit__count") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "person__visit__count" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 61 as query_id, ((cast("kind" as bigint)) * 9 + "los_days") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "los_days" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 62 as query_id, ((cast("kind" as bigint)) * 7 + "condition__count") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "condition__count" is not null and "measurement__count__coarse" is not null
    union all
    select __patient as patient, 63 as query_id, ((cast("kind" as bigint)) * 7 + "drug__count") * 10 + "measurement__count__coarse" as cell from coded where "kind" is not null and "drug__count" is not null and "measurement__count__coarse" is not null
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
