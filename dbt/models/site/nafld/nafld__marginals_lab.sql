-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with coded as (
    select * from {{ ref('nafld__coded_lab') }}
),
queries (query_id, group_id, query) as (
    values
        (0, 0, 'lab: days__start__fine'),
        (1, 0, 'lab: patient__age, days__start'),
        (2, 0, 'lab: patient__male, days__start'),
        (3, 0, 'lab: patient__weight, days__start'),
        (4, 0, 'lab: patient__height, days__start'),
        (5, 0, 'lab: patient__case_id, days__start'),
        (6, 0, 'lab: patient__futime, days__start'),
        (7, 0, 'lab: patient__status, days__start'),
        (8, 0, 'lab: patient__lab__count, days__start'),
        (9, 0, 'lab: patient__event__count, days__start'),
        (10, 1, 'lab: days__gap__fine'),
        (11, 1, 'lab: days__prev, days__gap'),
        (12, 1, 'lab: lab__rest, days__gap'),
        (13, 1, 'lab: days__left, days__gap'),
        (14, 1, 'lab: days__pace, days__gap'),
        (15, 1, 'lab: test__prev, days__gap'),
        (16, 2, 'lab: test'),
        (17, 2, 'lab: patient__age, test'),
        (18, 2, 'lab: patient__male, test'),
        (19, 2, 'lab: patient__weight, test'),
        (20, 2, 'lab: patient__height, test'),
        (21, 2, 'lab: patient__case_id, test'),
        (22, 2, 'lab: patient__futime, test'),
        (23, 2, 'lab: patient__status, test'),
        (24, 2, 'lab: patient__lab__count, test'),
        (25, 2, 'lab: patient__event__count, test'),
        (26, 2, 'lab: days, test'),
        (27, 2, 'lab: test__prev, days__moved, test'),
        (28, 3, 'lab: test, value__fine'),
        (29, 3, 'lab: test, value__last, value__coarse'),
        (30, 3, 'lab: test, days, value__coarse'),
        (31, 3, 'lab: test, patient__age, value__coarse'),
        (32, 3, 'lab: test, patient__male, value__coarse'),
        (33, 3, 'lab: test, patient__weight, value__coarse'),
        (34, 3, 'lab: test, patient__height, value__coarse'),
        (35, 3, 'lab: test, patient__case_id, value__coarse'),
        (36, 3, 'lab: test, patient__futime, value__coarse'),
        (37, 3, 'lab: test, patient__status, value__coarse'),
        (38, 3, 'lab: test, patient__lab__count, value__coarse'),
        (39, 3, 'lab: test, patient__event__count, value__coarse')
),
bounds (group_id, bound) as (
    values
        (0, 10485760),
        (1, 6291456),
        (2, 12582912),
        (3, 12582912)
),
cells as (
    select __patient as patient, 0 as query_id, cast("days__start__fine" as bigint) as cell from coded where "days__start__fine" is not null
    union all
    select __patient as patient, 1 as query_id, (cast("patient__age" as bigint)) * 30 + "days__start" as cell from coded where "patient__age" is not null and "days__start" is not null
    union all
    select __patient as patient, 2 as query_id, (cast("patient__male" as bigint)) * 30 + "days__start" as cell from coded where "patient__male" is not null and "days__start" is not null
    union all
    select __patient as patient, 3 as query_id, (cast("patient__weight" as bigint)) * 30 + "days__start" as cell from coded where "patient__weight" is not null and "days__start" is not null
    union all
    select __patient as patient, 4 as query_id, (cast("patient__height" as bigint)) * 30 + "days__start" as cell from coded where "patient__height" is not null and "days__start" is not null
    union all
    select __patient as patient, 5 as query_id, (cast("patient__case_id" as bigint)) * 30 + "days__start" as cell from coded where "patient__case_id" is not null and "days__start" is not null
    union all
    select __patient as patient, 6 as query_id, (cast("patient__futime" as bigint)) * 30 + "days__start" as cell from coded where "patient__futime" is not null and "days__start" is not null
    union all
    select __patient as patient, 7 as query_id, (cast("patient__status" as bigint)) * 30 + "days__start" as cell from coded where "patient__status" is not null and "days__start" is not null
    union all
    select __patient as patient, 8 as query_id, (cast("patient__lab__count" as bigint)) * 30 + "days__start" as cell from coded where "patient__lab__count" is not null and "days__start" is not null
    union all
    select __patient as patient, 9 as query_id, (cast("patient__event__count" as bigint)) * 30 + "days__start" as cell from coded where "patient__event__count" is not null and "days__start" is not null
    union all
    select __patient as patient, 10 as query_id, cast("days__gap__fine" as bigint) as cell from coded where "days__gap__fine" is not null
    union all
    select __patient as patient, 11 as query_id, (cast("days__prev" as bigint)) * 25 + "days__gap" as cell from coded where "days__prev" is not null and "days__gap" is not null
    union all
    select __patient as patient, 12 as query_id, (cast("lab__rest" as bigint)) * 25 + "days__gap" as cell from coded where "lab__rest" is not null and "days__gap" is not null
    union all
    select __patient as patient, 13 as query_id, (cast("days__left" as bigint)) * 25 + "days__gap" as cell from coded where "days__left" is not null and "days__gap" is not null
    union all
    select __patient as patient, 14 as query_id, (cast("days__pace" as bigint)) * 25 + "days__gap" as cell from coded where "days__pace" is not null and "days__gap" is not null
    union all
    select __patient as patient, 15 as query_id, (cast("test__prev" as bigint)) * 25 + "days__gap" as cell from coded where "test__prev" is not null and "days__gap" is not null
    union all
    select __patient as patient, 16 as query_id, cast("test" as bigint) as cell from coded where "test" is not null
    union all
    select __patient as patient, 17 as query_id, (cast("patient__age" as bigint)) * 4 + "test" as cell from coded where "patient__age" is not null and "test" is not null
    union all
    select __patient as patient, 18 as query_id, (cast("patient__male" as bigint)) * 4 + "test" as cell from coded where "patient__male" is not null and "test" is not null
    union all
    select __patient as patient, 19 as query_id, (cast("patient__weight" as bigint)) * 4 + "test" as cell from coded where "patient__weight" is not null and "test" is not null
    union all
    select __patient as patient, 20 as query_id, (cast("patient__height" as bigint)) * 4 + "test" as cell from coded where "patient__height" is not null and "test" is not null
    union all
    select __patient as patient, 21 as query_id, (cast("patient__case_id" as bigint)) * 4 + "test" as cell from coded where "patient__case_id" is not null and "test" is not null
    union all
    select __patient as patient, 22 as query_id, (cast("patient__futime" as bigint)) * 4 + "test" as cell from coded where "patient__futime" is not null and "test" is not null
    union all
    select __patient as patient, 23 as query_id, (cast("patient__status" as bigint)) * 4 + "test" as cell from coded where "patient__status" is not null and "test" is not null
    union all
    select __patient as patient, 24 as query_id, (cast("patient__lab__count" as bigint)) * 4 + "test" as cell from coded where "patient__lab__count" is not null and "test" is not null
    union all
    select __patient as patient, 25 as query_id, (cast("patient__event__count" as bigint)) * 4 + "test" as cell from coded where "patient__event__count" is not null and "test" is not null
    union all
    select __patient as patient, 26 as query_id, (cast("days" as bigint)) * 4 + "test" as cell from coded where "days" is not null and "test" is not null
    union all
    select __patient as patient, 27 as query_id, ((cast("test__prev" as bigint)) * 3 + "days__moved") * 4 + "test" as cell from coded where "test__prev" is not null and "days__moved" is not null and "test" is not null
    union all
    select __patient as patient, 28 as query_id, (cast("test" as bigint)) * 96 + "value__fine" as cell from coded where "test" is not null and "value__fine" is not null
    union all
    select __patient as patient, 29 as query_id, ((cast("test" as bigint)) * 11 + "value__last") * 10 + "value__coarse" as cell from coded where "test" is not null and "value__last" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 30 as query_id, ((cast("test" as bigint)) * 12 + "days") * 10 + "value__coarse" as cell from coded where "test" is not null and "days" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 31 as query_id, ((cast("test" as bigint)) * 6 + "patient__age") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__age" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 32 as query_id, ((cast("test" as bigint)) * 2 + "patient__male") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__male" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 33 as query_id, ((cast("test" as bigint)) * 7 + "patient__weight") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__weight" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 34 as query_id, ((cast("test" as bigint)) * 7 + "patient__height") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__height" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 35 as query_id, ((cast("test" as bigint)) * 3 + "patient__case_id") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__case_id" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 36 as query_id, ((cast("test" as bigint)) * 12 + "patient__futime") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__futime" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 37 as query_id, ((cast("test" as bigint)) * 2 + "patient__status") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__status" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 38 as query_id, ((cast("test" as bigint)) * 6 + "patient__lab__count") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__lab__count" is not null and "value__coarse" is not null
    union all
    select __patient as patient, 39 as query_id, ((cast("test" as bigint)) * 6 + "patient__event__count") * 10 + "value__coarse" as cell from coded where "test" is not null and "patient__event__count" is not null and "value__coarse" is not null
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
