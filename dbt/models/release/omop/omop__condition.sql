-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'omop'), schema='synthetic', alias='condition') }}

with sampled as (
    select * from {{ source('omop_sampled', 'condition') }}
),
typed as (
    select
        cast("condition_id" as bigint) as "condition_id",
        cast("visit_id" as bigint) as "visit_id",
        cast("concept" as varchar) as "concept"
    from sampled
)

select * from typed
