-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'omop'), schema='synthetic', alias='drug') }}

with sampled as (
    select * from {{ source('omop_sampled', 'drug') }}
),
typed as (
    select
        cast("drug_id" as bigint) as "drug_id",
        cast("visit_id" as bigint) as "visit_id",
        cast("concept" as varchar) as "concept",
        cast("duration_days" as bigint) as "duration_days"
    from sampled
)

select * from typed
