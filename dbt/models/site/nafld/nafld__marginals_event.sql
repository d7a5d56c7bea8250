-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with coded as (
    select * from {{ ref('nafld__coded_event') }}
),
queries (query_id, group_id, query) as (
    values
        (0, 0, 'event: days__start__fine'),
        (1, 0, 'event: patient__age, days__start'),
        (2, 0, 'event: patient__male, days__start'),
        (3, 0, 'event: patient__weight, days__start'),
        (4, 0, 'event: patient__height, days__start'),
        (5, 0, 'event: patient__case_id, days__start'),
        (6, 0, 'event: patient__futime, days__start'),
        (7, 0, 'event: patient__status, days__start'),
        (8, 0, 'event: patient__lab__count, days__start'),
        (9, 0, 'event: patient__event__count, days__start'),
        (10, 1, 'event: days__gap__fine'),
        (11, 1, 'event: days__prev, days__gap'),
        (12, 1, 'event: event__rest, days__gap'),
        (13, 1, 'event: days__left, days__gap'),
        (14, 1, 'event: days__pace, days__gap'),
        (15, 1, 'event: event__prev, days__gap'),
        (16, 2, 'event: event'),
        (17, 2, 'event: patient__age, event'),
        (18, 2, 'event: patient__male, event'),
        (19, 2, 'event: patient__weight, event'),
        (20, 2, 'event: patient__height, event'),
        (21, 2, 'event: patient__case_id, event'),
        (22, 2, 'event: patient__futime, event'),
        (23, 2, 'event: patient__status, event'),
        (24, 2, 'event: patient__lab__count, event'),
        (25, 2, 'event: patient__event__count, event'),
        (26, 2, 'event: days, event'),
        (27, 2, 'event: event__prev, days__moved, event'),
        (28, 3, 'event: event, days__mark')
),
bounds (group_id, bound) as (
    values
        (0, 10485760),
        (1, 6291456),
        (2, 12582912),
        (3, 1048576)
),
cells as (
    select __patient as patient, 0 as query_id, cast("days__start__fine" as bigint) as cell from coded where "days__start__fine" is not null
    union all
    select __patient as patient, 1 as query_id, (cast("patient__age" as bigint)) * 32 + "days__start" as cell from coded where "patient__age" is not null and "days__start" is not null
    union all
    select __patient as patient, 2 as query_id, (cast("patient__male" as bigint)) * 32 + "days__start" as cell from coded where "patient__male" is not null and "days__start" is not null
    union all
    select __patient as patient, 3 as query_id, (cast("patient__weight" as bigint)) * 32 + "days__start" as cell from coded where "patient__weight" is not null and "days__start" is not null
    union all
    select __patient as patient, 4 as query_id, (cast("patient__height" as bigint)) * 32 + "days__start" as cell from coded where "patient__height" is not null and "days__start" is not null
    union all
    select __patient as patient, 5 as query_id, (cast("patient__case_id" as bigint)) * 32 + "days__start" as cell from coded where "patient__case_id" is not null and "days__start" is not null
    union all
    select __patient as patient, 6 as query_id, (cast("patient__futime" as bigint)) * 32 + "days__start" as cell from coded where "patient__futime" is not null and "days__start" is not null
    union all
    select __patient as patient, 7 as query_id, (cast("patient__status" as bigint)) * 32 + "days__start" as cell from coded where "patient__status" is not null and "days__start" is not null
    union all
    select __patient as patient, 8 as query_id, (cast("patient__lab__count" as bigint)) * 32 + "days__start" as cell from coded where "patient__lab__count" is not null and "days__start" is not null
    union all
    select __patient as patient, 9 as query_id, (cast("patient__event__count" as bigint)) * 32 + "days__start" as cell from coded where "patient__event__count" is not null and "days__start" is not null
    union all
    select __patient as patient, 10 as query_id, cast("days__gap__fine" as bigint) as cell from coded where "days__gap__fine" is not null
    union all
    select __patient as patient, 11 as query_id, (cast("days__prev" as bigint)) * 25 + "days__gap" as cell from coded where "days__prev" is not null and "days__gap" is not null
    union all
    select __patient as patient, 12 as query_id, (cast("event__rest" as bigint)) * 25 + "days__gap" as cell from coded where "event__rest" is not null and "days__gap" is not null
    union all
    select __patient as patient, 13 as query_id, (cast("days__left" as bigint)) * 25 + "days__gap" as cell from coded where "days__left" is not null and "days__gap" is not null
    union all
    select __patient as patient, 14 as query_id, (cast("days__pace" as bigint)) * 25 + "days__gap" as cell from coded where "days__pace" is not null and "days__gap" is not null
    union all
    select __patient as patient, 15 as query_id, (cast("event__prev" as bigint)) * 25 + "days__gap" as cell from coded where "event__prev" is not null and "days__gap" is not null
    union all
    select __patient as patient, 16 as query_id, cast("event" as bigint) as cell from coded where "event" is not null
    union all
    select __patient as patient, 17 as query_id, (cast("patient__age" as bigint)) * 10 + "event" as cell from coded where "patient__age" is not null and "event" is not null
    union all
    select __patient as patient, 18 as query_id, (cast("patient__male" as bigint)) * 10 + "event" as cell from coded where "patient__male" is not null and "event" is not null
    union all
    select __patient as patient, 19 as query_id, (cast("patient__weight" as bigint)) * 10 + "event" as cell from coded where "patient__weight" is not null and "event" is not null
    union all
    select __patient as patient, 20 as query_id, (cast("patient__height" as bigint)) * 10 + "event" as cell from coded where "patient__height" is not null and "event" is not null
    union all
    select __patient as patient, 21 as query_id, (cast("patient__case_id" as bigint)) * 10 + "event" as cell from coded where "patient__case_id" is not null and "event" is not null
    union all
    select __patient as patient, 22 as query_id, (cast("patient__futime" as bigint)) * 10 + "event" as cell from coded where "patient__futime" is not null and "event" is not null
    union all
    select __patient as patient, 23 as query_id, (cast("patient__status" as bigint)) * 10 + "event" as cell from coded where "patient__status" is not null and "event" is not null
    union all
    select __patient as patient, 24 as query_id, (cast("patient__lab__count" as bigint)) * 10 + "event" as cell from coded where "patient__lab__count" is not null and "event" is not null
    union all
    select __patient as patient, 25 as query_id, (cast("patient__event__count" as bigint)) * 10 + "event" as cell from coded where "patient__event__count" is not null and "event" is not null
    union all
    select __patient as patient, 26 as query_id, (cast("days" as bigint)) * 10 + "event" as cell from coded where "days" is not null and "event" is not null
    union all
    select __patient as patient, 27 as query_id, ((cast("event__prev" as bigint)) * 3 + "days__moved") * 10 + "event" as cell from coded where "event__prev" is not null and "days__moved" is not null and "event" is not null
    union all
    select __patient as patient, 28 as query_id, (cast("event" as bigint)) * 2 + "days__mark" as cell from coded where "event" is not null and "days__mark" is not null
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
