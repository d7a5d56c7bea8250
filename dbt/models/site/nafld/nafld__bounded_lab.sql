-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_nafld_lab') }}
),
typed as (
    select
        case when try_cast("lab_id" as double) = floor(try_cast("lab_id" as double)) then try_cast("lab_id" as bigint) end as "lab_id",
        case when try_cast("patient_id" as double) = floor(try_cast("patient_id" as double)) then try_cast("patient_id" as bigint) end as "patient_id",
        try_cast("days" as bigint) as "days",
        try_cast("test" as varchar) as "test",
        case when isfinite(try_cast("value" as double)) then try_cast("value" as double) end as "value"
    from source
),
inside as (
    select
        "lab_id",
        "patient_id",
        cast(case when "days" < -10000 then -10000 when "days" > 8000 then 8000 else "days" end as smallint) as "days",
        case when cast("test" as varchar) in ('fib4', 'hdl', 'sbp', 'smoke') then "test" end as "test",
        case when "value" < 0 then 0 when "value" > 500 then 500 else "value" end as "value"
    from typed
),
complete as (
    select * from inside
    where "lab_id" is not null and "patient_id" is not null and "days" is not null and "test" is not null and "value" is not null
),
keyed as (
    select "lab_id", "patient_id", cast("days" as bigint) as "days", "test", "value" from complete
    qualify row_number() over (partition by "patient_id", "lab_id" order by "days", "lab_id", "patient_id", "test", "value") = 1
),
"patient__above" as (
    select * from {{ ref('nafld__bounded_patient') }}
),
lawful as (
    select "lab"."lab_id", "lab"."patient_id", "lab"."days", "lab"."test", "lab"."value"
    from keyed as "lab"
    join (select *, round(try_cast(try(weight / POWER((height / 100), 2)) as double), 1) as "bmi" from "patient__above") as "patient" on "lab"."patient_id" = "patient"."patient_id"
    where try(lab.days <= patient.futime) is not false
),
bounded as (
    select * from lawful
    qualify row_number() over (partition by "patient_id" order by "days", "lab_id", "patient_id", "test", "value") <= 256
)

select "lab_id", "patient_id", "days", "test", "value"
from bounded
