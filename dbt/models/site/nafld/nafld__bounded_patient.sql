-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_nafld_patient') }}
),
typed as (
    select
        try_cast("patient_id" as bigint) as "patient_id",
        try_cast(case when isfinite(try_cast("age" as double)) then "age" end as bigint) as "age",
        try_cast("male" as boolean) as "male",
        case when isfinite(try_cast("weight" as double)) then try_cast("weight" as double) end as "weight",
        try_cast(case when isfinite(try_cast("height" as double)) then "height" end as bigint) as "height",
        try_cast(case when isfinite(try_cast("case_id" as double)) then "case_id" end as bigint) as "case_id",
        try_cast(case when isfinite(try_cast("futime" as double)) then "futime" end as bigint) as "futime",
        try_cast("status" as boolean) as "status"
    from source
),
inside as (
    select
        "patient_id",
        case when "age" is not null then least(greatest("age", 18), 98) end as "age",
        "male" as "male",
        case when "weight" is not null then least(greatest("weight", 30), 190) end as "weight",
        case when "height" is not null then least(greatest("height", 120), 220) end as "height",
        "case_id" as "case_id",
        case when "futime" is not null then least(greatest("futime", 0), 8000) end as "futime",
        "status" as "status"
    from typed
),
complete as (
    select * from inside
    where "patient_id" is not null and "age" is not null and "male" is not null and "futime" is not null and "status" is not null
),
keyed as (
    select * from complete
    qualify row_number() over (partition by "patient_id" order by "patient_id", "age", "male", "weight", "height", "case_id", "futime", "status") = 1
),
lawful as (
    select "patient"."patient_id", "patient"."age", "patient"."male", "patient"."weight", "patient"."height", "patient"."case_id", "patient"."futime", "patient"."status"
    from (select *, round(try_cast(try(weight / POWER((height / 100), 2)) as double), 1) as "bmi" from keyed) as "patient"
)

select "patient_id", "age", "male", "weight", "height", "case_id", "futime", "status"
from lawful
