-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with coded as not materialized (
    select * from {{ ref('nafld__coded_patient') }}
),
"by age__fine" as materialized (
    select "age__fine", count(*) as __rows from coded group by "age__fine"
),
"by age, male, event__count" as materialized (
    select "age", "male", "event__count", count(*) as __rows from coded group by "age", "male", "event__count"
),
"by weight__fine" as materialized (
    select "weight__fine", count(*) as __rows from coded group by "weight__fine"
),
"by age, weight, lab__count" as materialized (
    select "age", "weight", "lab__count", count(*) as __rows from coded group by "age", "weight", "lab__count"
),
"by male, weight, status" as materialized (
    select "male", "weight", "status", count(*) as __rows from coded group by "male", "weight", "status"
),
"by height__fine" as materialized (
    select "height__fine", count(*) as __rows from coded group by "height__fine"
),
"by age, height, status" as materialized (
    select "age", "height", "status", count(*) as __rows from coded group by "age", "height", "status"
),
"by male, height, futime" as materialized (
    select "male", "height", "futime", count(*) as __rows from coded group by "male", "height", "futime"
),
"by weight, height, case_id" as materialized (
    select "weight", "height", "case_id", count(*) as __rows from coded group by "weight", "height", "case_id"
),
"by age, case_id, futime" as materialized (
    select "age", "case_id", "futime", count(*) as __rows from coded group by "age", "case_id", "futime"
),
"by male, case_id" as materialized (
    select "male", "case_id", count(*) as __rows from coded group by "male", "case_id"
),
"by futime__fine" as materialized (
    select "futime__fine", count(*) as __rows from coded group by "futime__fine"
),
"by weight, futime" as materialized (
    select "weight", "futime", count(*) as __rows from coded group by "weight", "futime"
),
"by case_id, status, event__count" as materialized (
    select "case_id", "status", "event__count", count(*) as __rows from coded group by "case_id", "status", "event__count"
),
"by futime, status, lab__count" as materialized (
    select "futime", "status", "lab__count", count(*) as __rows from coded group by "futime", "status", "lab__count"
),
"by lab__count__fine" as materialized (
    select "lab__count__fine", count(*) as __rows from coded group by "lab__count__fine"
),
"by male, lab__count" as materialized (
    select "male", "lab__count", count(*) as __rows from coded group by "male", "lab__count"
),
"by height, lab__count, event__count" as materialized (
    select "height", "lab__count", "event__count", count(*) as __rows from coded group by "height", "lab__count", "event__count"
),
"by case_id, lab__count" as materialized (
    select "case_id", "lab__count", count(*) as __rows from coded group by "case_id", "lab__count"
),
"by event__count__fine" as materialized (
    select "event__count__fine", count(*) as __rows from coded group by "event__count__fine"
),
"by weight, event__count" as materialized (
    select "weight", "event__count", count(*) as __rows from coded group by "weight", "event__count"
),
"by futime, event__count" as materialized (
    select "futime", "event__count", count(*) as __rows from coded group by "futime", "event__count"
),
totals as (
    select 'patient: age__fine' as query, cast("age__fine" as integer) as __cell, 2048 * sum(__rows) as total from "by age__fine" group by "age__fine"
    union all
    select 'patient: male' as query, cast("male" as integer) as __cell, 1024 * sum(__rows) as total from "by age, male, event__count" group by "male"
    union all
    select 'patient: age, male' as query, (cast("age" as integer)) * 2 + "male" as __cell, 1024 * sum(__rows) as total from "by age, male, event__count" group by "age", "male"
    union all
    select 'patient: weight__fine' as query, cast("weight__fine" as integer) as __cell, 2048 * sum(__rows) as total from "by weight__fine" group by "weight__fine"
    union all
    select 'patient: age, weight' as query, (cast("age" as integer)) * 22 + "weight" as __cell, 1024 * sum(__rows) as total from "by age, weight, lab__count" group by "age", "weight"
    union all
    select 'patient: male, weight' as query, (cast("male" as integer)) * 22 + "weight" as __cell, 1024 * sum(__rows) as total from "by male, weight, status" group by "male", "weight"
    union all
    select 'patient: height__fine' as query, cast("height__fine" as integer) as __cell, 2048 * sum(__rows) as total from "by height__fine" group by "height__fine"
    union all
    select 'patient: age, height' as query, (cast("age" as integer)) * 17 + "height" as __cell, 1024 * sum(__rows) as total from "by age, height, status" group by "age", "height"
    union all
    select 'patient: male, height' as query, (cast("male" as integer)) * 17 + "height" as __cell, 1024 * sum(__rows) as total from "by male, height, futime" group by "male", "height"
    union all
    select 'patient: weight, height' as query, (cast("weight" as integer)) * 17 + "height" as __cell, 1024 * sum(__rows) as total from "by weight, height, case_id" group by "weight", "height"
    union all
    select 'patient: case_id' as query, cast("case_id" as integer) as __cell, 1024 * sum(__rows) as total from "by weight, height, case_id" group by "case_id"
    union all
    select 'patient: age, case_id' as query, (cast("age" as integer)) * 3 + "case_id" as __cell, 1024 * sum(__rows) as total from "by age, case_id, futime" group by "age", "case_id"
    union all
    select 'patient: male, case_id' as query, (cast("male" as integer)) * 3 + "case_id" as __cell, 1024 * sum(__rows) as total from "by male, case_id" group by "male", "case_id"
    union all
    select 'patient: weight, case_id' as query, (cast("weight" as integer)) * 3 + "case_id" as __cell, 1024 * sum(__rows) as total from "by weight, height, case_id" group by "weight", "case_id"
    union all
    select 'patient: height, case_id' as query, (cast("height" as integer)) * 3 + "case_id" as __cell, 1024 * sum(__rows) as total from "by weight, height, case_id" group by "height", "case_id"
    union all
    select 'patient: futime__fine' as query, cast("futime__fine" as integer) as __cell, 2048 * sum(__rows) as total from "by futime__fine" group by "futime__fine"
    union all
    select 'patient: age, futime' as query, (cast("age" as integer)) * 20 + "futime" as __cell, 1024 * sum(__rows) as total from "by age, case_id, futime" group by "age", "futime"
    union all
    select 'patient: male, futime' as query, (cast("male" as integer)) * 20 + "futime" as __cell, 1024 * sum(__rows) as total from "by male, height, futime" group by "male", "futime"
    union all
    select 'patient: weight, futime' as query, (cast("weight" as integer)) * 20 + "futime" as __cell, 1024 * sum(__rows) as total from "by weight, futime" group by "weight", "futime"
    union all
    select 'patient: height, futime' as query, (cast("height" as integer)) * 20 + "futime" as __cell, 1024 * sum(__rows) as total from "by male, height, futime" group by "height", "futime"
    union all
    select 'patient: case_id, futime' as query, (cast("case_id" as integer)) * 20 + "futime" as __cell, 1024 * sum(__rows) as total from "by age, case_id, futime" group by "case_id", "futime"
    union all
    select 'patient: status' as query, cast("status" as integer) as __cell, 1024 * sum(__rows) as total from "by male, weight, status" group by "status"
    union all
    select 'patient: age, status' as query, (cast("age" as integer)) * 2 + "status" as __cell, 1024 * sum(__rows) as total from "by age, height, status" group by "age", "status"
    union all
    select 'patient: male, status' as query, (cast("male" as integer)) * 2 + "status" as __cell, 1024 * sum(__rows) as total from "by male, weight, status" group by "male", "status"
    union all
    select 'patient: weight, status' as query, (cast("weight" as integer)) * 2 + "status" as __cell, 1024 * sum(__rows) as total from "by male, weight, status" group by "weight", "status"
    union all
    select 'patient: height, status' as query, (cast("height" as integer)) * 2 + "status" as __cell, 1024 * sum(__rows) as total from "by age, height, status" group by "height", "status"
    union all
    select 'patient: case_id, status' as query, (cast("case_id" as integer)) * 2 + "status" as __cell, 1024 * sum(__rows) as total from "by case_id, status, event__count" group by "case_id", "status"
    union all
    select 'patient: futime, status' as query, (cast("futime" as integer)) * 2 + "status" as __cell, 1024 * sum(__rows) as total from "by futime, status, lab__count" group by "futime", "status"
    union all
    select 'patient: lab__count__fine' as query, cast("lab__count__fine" as integer) as __cell, 2048 * sum(__rows) as total from "by lab__count__fine" group by "lab__count__fine"
    union all
    select 'patient: age, lab__count' as query, (cast("age" as integer)) * 21 + "lab__count" as __cell, 1024 * sum(__rows) as total from "by age, weight, lab__count" group by "age", "lab__count"
    union all
    select 'patient: male, lab__count' as query, (cast("male" as integer)) * 21 + "lab__count" as __cell, 1024 * sum(__rows) as total from "by male, lab__count" group by "male", "lab__count"
    union all
    select 'patient: weight, lab__count' as query, (cast("weight" as integer)) * 21 + "lab__count" as __cell, 1024 * sum(__rows) as total from "by age, weight, lab__count" group by "weight", "lab__count"
    union all
    select 'patient: height, lab__count' as query, (cast("height" as integer)) * 21 + "lab__count" as __cell, 1024 * sum(__rows) as total from "by height, lab__count, event__count" group by "height", "lab__count"
    union all
    select 'patient: case_id, lab__count' as query, (cast("case_id" as integer)) * 21 + "lab__count" as __cell, 1024 * sum(__rows) as total from "by case_id, lab__count" group by "case_id", "lab__count"
    union all
    select 'patient: futime, lab__count' as query, (cast("futime" as integer)) * 21 + "lab__count" as __cell, 1024 * sum(__rows) as total from "by futime, status, lab__count" group by "futime", "lab__count"
    union all
    select 'patient: status, lab__count' as query, (cast("status" as integer)) * 21 + "lab__count" as __cell, 1024 * sum(__rows) as total from "by futime, status, lab__count" group by "status", "lab__count"
    union all
    select 'patient: event__count__fine' as query, cast("event__count__fine" as integer) as __cell, 2048 * sum(__rows) as total from "by event__count__fine" group by "event__count__fine"
    union all
    select 'patient: age, event__count' as query, (cast("age" as integer)) * 11 + "event__count" as __cell, 1024 * sum(__rows) as total from "by age, male, event__count" group by "age", "event__count"
    union all
    select 'patient: male, event__count' as query, (cast("male" as integer)) * 11 + "event__count" as __cell, 1024 * sum(__rows) as total from "by age, male, event__count" group by "male", "event__count"
    union all
    select 'patient: weight, event__count' as query, (cast("weight" as integer)) * 11 + "event__count" as __cell, 1024 * sum(__rows) as total from "by weight, event__count" group by "weight", "event__count"
    union all
    select 'patient: height, event__count' as query, (cast("height" as integer)) * 11 + "event__count" as __cell, 1024 * sum(__rows) as total from "by height, lab__count, event__count" group by "height", "event__count"
    union all
    select 'patient: case_id, event__count' as query, (cast("case_id" as integer)) * 11 + "event__count" as __cell, 1024 * sum(__rows) as total from "by case_id, status, event__count" group by "case_id", "event__count"
    union all
    select 'patient: futime, event__count' as query, (cast("futime" as integer)) * 11 + "event__count" as __cell, 1024 * sum(__rows) as total from "by futime, event__count" group by "futime", "event__count"
    union all
    select 'patient: status, event__count' as query, (cast("status" as integer)) * 11 + "event__count" as __cell, 1024 * sum(__rows) as total from "by case_id, status, event__count" group by "status", "event__count"
    union all
    select 'patient: lab__count, event__count' as query, (cast("lab__count" as integer)) * 11 + "event__count" as __cell, 1024 * sum(__rows) as total from "by height, lab__count, event__count" group by "lab__count", "event__count"
)

select query, cast(__cell as bigint) as cell, cast(total as bigint) as total
from totals
where __cell is not null
