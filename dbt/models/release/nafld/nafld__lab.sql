-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'nafld'), schema='synthetic', alias='lab') }}

with sampled as (
    select * from {{ source('nafld_sampled', 'lab') }}
),
typed as (
    select
        cast("lab_id" as bigint) as "lab_id",
        cast("patient_id" as bigint) as "patient_id",
        cast("days" as bigint) as "days",
        cast("test" as varchar) as "test",
        cast("value" as double) as "value"
    from sampled
)

select * from typed
