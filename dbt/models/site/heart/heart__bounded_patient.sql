-- Rendered by `wardloom compile` from specs/heart.yml: change the spec, not this file.
with source as (
    select * from {{ source('heart', 'patient') }}
),
typed as (
    select
        case when try_cast("patient_id" as double) = floor(try_cast("patient_id" as double)) then try_cast("patient_id" as bigint) end as "patient_id",
        try_cast("age" as bigint) as "age",
        try_cast("sex" as varchar) as "sex",
        case when isfinite(try_cast("los_days" as double)) then try_cast("los_days" as double) end as "los_days"
    from source
),
inside as (
    select
        "patient_id",
        cast(case when "age" < 0 then 0 when "age" > 110 then 110 else "age" end as tinyint) as "age",
        case when cast("sex" as varchar) in ('F', 'M', 'U') then "sex" end as "sex",
        case when "los_days" < 0 then 0 when "los_days" > 60 then 60 else "los_days" end as "los_days"
    from typed
),
complete as (
    select * from inside
    where "patient_id" is not null and "age" is not null and "sex" is not null and "los_days" is not null
),
keyed as (
    select "patient_id", cast("age" as bigint) as "age", "sex", "los_days" from complete
    qualify row_number() over (partition by "patient_id" order by "patient_id", "age", "sex", "los_days") = 1
),
lawful as (
    select "patient"."patient_id", "patient"."age", "patient"."sex", "patient"."los_days"
    from keyed as "patient"
)

select "patient_id", "age", "sex", "los_days"
from lawful
