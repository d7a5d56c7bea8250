-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_nafld_event') }}
),
typed as (
    select
        case when try_cast("event_id" as double) = floor(try_cast("event_id" as double)) then try_cast("event_id" as bigint) end as "event_id",
        case when try_cast("patient_id" as double) = floor(try_cast("patient_id" as double)) then try_cast("patient_id" as bigint) end as "patient_id",
        try_cast("days" as bigint) as "days",
        try_cast("event" as varchar) as "event"
    from source
),
inside as (
    select
        "event_id",
        "patient_id",
        cast(case when "days" < -13000 then -13000 when "days" > 8000 then 8000 else "days" end as smallint) as "days",
        case when cast("event" as varchar) in ('nafld', 'htn', 'dyslipidemia', 'ang/isc', 'diabetes', 'stroke', 'afib', 'MI', 'heart failure', 'cardiac arrest') then "event" end as "event"
    from typed
),
complete as (
    select * from inside
    where "event_id" is not null and "patient_id" is not null and "days" is not null and "event" is not null
),
keyed as (
    select "event_id", "patient_id", cast("days" as bigint) as "days", "event" from complete
    qualify row_number() over (partition by "patient_id", "event_id" order by "days", "event_id", "patient_id", "event") = 1
),
"patient__above" as (
    select * from {{ ref('nafld__bounded_patient') }}
),
lawful as (
    select "event"."event_id", "event"."patient_id", "event"."days", "event"."event"
    from keyed as "event"
    join (select *, round(try_cast(try(weight / POWER((height / 100), 2)) as double), 1) as "bmi" from "patient__above") as "patient" on "event"."patient_id" = "patient"."patient_id"
    where try(event.days <= patient.futime) is not false
),
distinct_0 as (
    select * from lawful
    qualify row_number() over (partition by "patient_id", "event" order by "days", "event_id", "patient_id", "event") = 1
),
bounded as (
    select * from distinct_0
    qualify row_number() over (partition by "patient_id" order by "days", "event_id", "patient_id", "event") <= 16
)

select "event_id", "patient_id", "days", "event"
from bounded
