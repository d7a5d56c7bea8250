-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'omop'), schema='synthetic', alias='condition_concept') }}

with sampled as (
    select * from {{ source('omop_sampled', 'condition_concept') }}
),
typed as (
    select
        cast("concept_id" as varchar) as "concept_id"
    from sampled
)

select * from typed
