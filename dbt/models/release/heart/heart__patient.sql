-- Rendered by `wardloom compile` from specs/heart.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'heart'), schema='synthetic', alias='patient') }}

with sampled as (
    select * from {{ source('heart_sampled', 'patient') }}
),
typed as (
    select
        cast("patient_id" as bigint) as "patient_id",
        cast("age" as bigint) as "age",
        cast("sex" as varchar) as "sex",
        cast("los_days" as double) as "los_days"
    from sampled
)

select * from typed
