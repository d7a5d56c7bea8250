-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'omop'), schema='synthetic', alias='visit') }}

with sampled as (
    select * from {{ source('omop_sampled', 'visit') }}
),
typed as (
    select
        cast("visit_id" as bigint) as "visit_id",
        cast("person_id" as bigint) as "person_id",
        cast("kind" as varchar) as "kind",
        cast("started_on" as date) as "started_on",
        cast("los_days" as bigint) as "los_days"
    from sampled
)

select * from typed
