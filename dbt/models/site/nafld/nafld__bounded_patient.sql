-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_nafld_patient') }}
),
typed as (
    select
        case when try_cast("patient_id" as double) = floor(try_cast("patient_id" as double)) then try_cast("patient_id" as bigint) end as "patient_id",
        try_cast("age" as bigint) as "age",
        try_cast("male" as boolean) as "male",
        case when isfinite(try_cast("weight" as double)) then try_cast("weight" as double) end as "weight",
        try_cast("height" as bigint) as "height",
        try_cast("case_id" as bigint) as "case_id",
        try_cast("futime" as bigint) as "futime",
        try_cast("status" as boolean) as "status"
    from source
),
inside as (
    select
        "patient_id",
        cast(case when "age" < 18 then 18 when "age" > 98 then 98 else "age" end as tinyint) as "age",
        "male" as "male",
        case when "weight" < 30 then 30 when "weight" > 190 then 190 else "weight" end as "weight",
        cast(case when "height" < 120 then 120 when "height" > 220 then 220 else "height" end as smallint) as "height",
        "case_id" as "case_id",
        cast(case when "futime" < 0 then 0 when "futime" > 8000 then 8000 else "futime" end as smallint) as "futime",
        "status" as "status"
    from typed
),
complete as (
    select * from inside
    where "patient_id" is not null and "age" is not null and "male" is not null and "futime" is not null and "status" is not null
),
keyed as (
    select "patient_id", cast("age" as bigint) as "age", "male", "weight", cast("height" as bigint) as "height", "case_id", cast("futime" as bigint) as "futime", "status" from complete
    qualify row_number() over (partition by "patient_id" order by "patient_id", "age", "male", "weight", "height", "case_id", "futime", "status") = 1
),
lawful as (
    select "patient"."patient_id", "patient"."age", "patient"."male", "patient"."weight", "patient"."height", "patient"."case_id", "patient"."futime", "patient"."status"
    from (select *, round(try_cast(try(weight / POWER((height / 100), 2)) as double), 1) as "bmi" from keyed) as "patient"
)

select "patient_id", "age", "male", "weight", "height", "case_id", "futime", "status"
from lawful
