-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with coded as (
    select * from {{ ref('nafld__coded_patient') }}
),
queries (query_id, group_id, query) as (
    values
        (0, 0, 'patient: age__fine'),
        (1, 0, 'patient: male'),
        (2, 1, 'patient: age, male'),
        (3, 0, 'patient: weight__fine'),
        (4, 1, 'patient: age, weight'),
        (5, 1, 'patient: male, weight'),
        (6, 0, 'patient: height__fine'),
        (7, 1, 'patient: age, height'),
        (8, 1, 'patient: male, height'),
        (9, 1, 'patient: weight, height'),
        (10, 0, 'patient: case_id'),
        (11, 1, 'patient: age, case_id'),
        (12, 1, 'patient: male, case_id'),
        (13, 1, 'patient: weight, case_id'),
        (14, 1, 'patient: height, case_id'),
        (15, 0, 'patient: futime__fine'),
        (16, 1, 'patient: age, futime'),
        (17, 1, 'patient: male, futime'),
        (18, 1, 'patient: weight, futime'),
        (19, 1, 'patient: height, futime'),
        (20, 1, 'patient: case_id, futime'),
        (21, 0, 'patient: status'),
        (22, 1, 'patient: age, status'),
        (23, 1, 'patient: male, status'),
        (24, 1, 'patient: weight, status'),
        (25, 1, 'patient: height, status'),
        (26, 1, 'patient: case_id, status'),
        (27, 1, 'patient: futime, status'),
        (28, 0, 'patient: lab__count__fine'),
        (29, 1, 'patient: age, lab__count'),
        (30, 1, 'patient: male, lab__count'),
        (31, 1, 'patient: weight, lab__count'),
        (32, 1, 'patient: height, lab__count'),
        (33, 1, 'patient: case_id, lab__count'),
        (34, 1, 'patient: futime, lab__count'),
        (35, 1, 'patient: status, lab__count'),
        (36, 0, 'patient: event__count__fine'),
        (37, 1, 'patient: age, event__count'),
        (38, 1, 'patient: male, event__count'),
        (39, 1, 'patient: weight, event__count'),
        (40, 1, 'patient: height, event__count'),
        (41, 1, 'patient: case_id, event__count'),
        (42, 1, 'patient: futime, event__count'),
        (43, 1, 'patient: status, event__count'),
        (44, 1, 'patient: lab__count, event__count')
),
bounds (group_id, bound) as (
    values
        (0, 18870336),
        (1, 37748736)
),
cells as (
    select __patient as patient, 0 as query_id, cast("age__fine" as bigint) as cell from coded where "age__fine" is not null
    union all
    select __patient as patient, 1 as query_id, cast("male" as bigint) as cell from coded where "male" is not null
    union all
    select __patient as patient, 2 as query_id, (cast("age" as bigint)) * 2 + "male" as cell from coded where "age" is not null and "male" is not null
    union all
    select __patient as patient, 3 as query_id, cast("weight__fine" as bigint) as cell from coded where "weight__fine" is not null
    union all
    select __patient as patient, 4 as query_id, (cast("age" as bigint)) * 22 + "weight" as cell from coded where "age" is not null and "weight" is not null
    union all
    select __patient as patient, 5 as query_id, (cast("male" as bigint)) * 22 + "weight" as cell from coded where "male" is not null and "weight" is not null
    union all
    select __patient as patient, 6 as query_id, cast("height__fine" as bigint) as cell from coded where "height__fine" is not null
    union all
    select __patient as patient, 7 as query_id, (cast("age" as bigint)) * 17 + "height" as cell from coded where "age" is not null and "height" is not null
    union all
    select __patient as patient, 8 as query_id, (cast("male" as bigint)) * 17 + "height" as cell from coded where "male" is not null and "height" is not null
    union all
    select __patient as patient, 9 as query_id, (cast("weight" as bigint)) * 17 + "height" as cell from coded where "weight" is not null and "height" is not null
    union all
    select __patient as patient, 10 as query_id, cast("case_id" as bigint) as cell from coded where "case_id" is not null
    union all
    select __patient as patient, 11 as query_id, (cast("age" as bigint)) * 3 + "case_id" as cell from coded where "age" is not null and "case_id" is not null
    union all
    select __patient as patient, 12 as query_id, (cast("male" as bigint)) * 3 + "case_id" as cell from coded where "male" is not null and "case_id" is not null
    union all
    select __patient as patient, 13 as query_id, (cast("weight" as bigint)) * 3 + "case_id" as cell from coded where "weight" is not null and "case_id" is not null
    union all
    select __patient as patient, 14 as query_id, (cast("height" as bigint)) * 3 + "case_id" as cell from coded where "height" is not null and "case_id" is not null
    union all
    select __patient as patient, 15 as query_id, cast("futime__fine" as bigint) as cell from coded where "futime__fine" is not null
    union all
    select __patient as patient, 16 as query_id, (cast("age" as bigint)) * 20 + "futime" as cell from coded where "age" is not null and "futime" is not null
    union all
    select __patient as patient, 17 as query_id, (cast("male" as bigint)) * 20 + "futime" as cell from coded where "male" is not null and "futime" is not null
    union all
    select __patient as patient, 18 as query_id, (cast("weight" as bigint)) * 20 + "futime" as cell from coded where "weight" is not null and "futime" is not null
    union all
    select __patient as patient, 19 as query_id, (cast("height" as bigint)) * 20 + "futime" as cell from coded where "height" is not null and "futime" is not null
    union all
    select __patient as patient, 20 as query_id, (cast("case_id" as bigint)) * 20 + "futime" as cell from coded where "case_id" is not null and "futime" is not null
    union all
    select __patient as patient, 21 as query_id, cast("status" as bigint) as cell from coded where "status" is not null
    union all
    select __patient as patient, 22 as query_id, (cast("age" as bigint)) * 2 + "status" as cell from coded where "age" is not null and "status" is not null
    union all
    select __patient as patient, 23 as query_id, (cast("male" as bigint)) * 2 + "status" as cell from coded where "male" is not null and "status" is not null
    union all
    select __patient as patient, 24 as query_id, (cast("weight" as bigint)) * 2 + "status" as cell from coded where "weight" is not null and "status" is not null
    union all
    select __patient as patient, 25 as query_id, (cast("height" as bigint)) * 2 + "status" as cell from coded where "height" is not null and "status" is not null
    union all
    select __patient as patient, 26 as query_id, (cast("case_id" as bigint)) * 2 + "status" as cell from coded where "case_id" is not null and "status" is not null
    union all
    select __patient as patient, 27 as query_id, (cast("futime" as bigint)) * 2 + "status" as cell from coded where "futime" is not null and "status" is not null
    union all
    select __patient as patient, 28 as query_id, cast("lab__count__fine" as bigint) as cell from coded where "lab__count__fine" is not null
    union all
    select __patient as patient, 29 as query_id, (cast("age" as bigint)) * 21 + "lab__count" as cell from coded where "age" is not null and "lab__count" is not null
    union all
    select __patient as patient, 30 as query_id, (cast("male" as bigint)) * 21 + "lab__count" as cell from coded where "male" is not null and "lab__count" is not null
    union all
    select __patient as patient, 31 as query_id, (cast("weight" as bigint)) * 21 + "lab__count" as cell from coded where "weight" is not null and "lab__count" is not null
    union all
    select __patient as patient, 32 as query_id, (cast("height" as bigint)) * 21 + "lab__count" as cell from coded where "height" is not null and "lab__count" is not null
    union all
    select __patient as patient, 33 as query_id, (cast("case_id" as bigint)) * 21 + "lab__count" as cell from coded where "case_id" is not null and "lab__count" is not null
    union all
    select __patient as patient, 34 as query_id, (cast("futime" as bigint)) * 21 + "lab__count" as cell from coded where "futime" is not null and "lab__count" is not null
    union all
    select __patient as patient, 35 as query_id, (cast("status" as bigint)) * 21 + "lab__count" as cell from coded where "status" is not null and "lab__count" is not null
    union all
    select __patient as patient, 36 as query_id, cast("event__count__fine" as bigint) as cell from coded where "event__count__fine" is not null
    union all
    select __patient as patient, 37 as query_id, (cast("age" as bigint)) * 11 + "event__count" as cell from coded where "age" is not null and "event__count" is not null
    union all
    select __patient as patient, 38 as query_id, (cast("male" as bigint)) * 11 + "event__count" as cell from coded where "male" is not null and "event__count" is not null
    union all
    select __patient as patient, 39 as query_id, (cast("weight" as bigint)) * 11 + "event__count" as cell from coded where "weight" is not null and "event__count" is not null
    union all
    select __patient as patient, 40 as query_id, (cast("height" as bigint)) * 11 + "event__count" as cell from coded where "height" is not null and "event__count" is not null
    union all
    select __patient as patient, 41 as query_id, (cast("case_id" as bigint)) * 11 + "event__count" as cell from coded where "case_id" is not null and "event__count" is not null
    union all
    select __patient as patient, 42 as query_id, (cast("futime" as bigint)) * 11 + "event__count" as cell from coded where "futime" is not null and "event__count" is not null
    union all
    select __patient as patient, 43 as query_id, (cast("status" as bigint)) * 11 + "event__count" as cell from coded where "status" is not null and "event__count" is not null
    union all
    select __patient as patient, 44 as query_id, (cast("lab__count" as bigint)) * 11 + "event__count" as cell from coded where "lab__count" is not null and "event__count" is not null
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
