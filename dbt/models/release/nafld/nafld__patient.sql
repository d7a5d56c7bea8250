-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'nafld'), schema='synthetic', alias='patient') }}

with sampled as (
    select * from {{ source('nafld_sampled', 'patient') }}
),
typed as (
    select
        cast("patient_id" as bigint) as "patient_id",
        cast("age" as bigint) as "age",
        cast("male" as boolean) as "male",
        cast("weight" as double) as "weight",
        cast("height" as bigint) as "height",
        cast("bmi" as double) as "bmi",
        cast("case_id" as bigint) as "case_id",
        cast("futime" as bigint) as "futime",
        cast("status" as boolean) as "status"
    from sampled
)

select * from typed
