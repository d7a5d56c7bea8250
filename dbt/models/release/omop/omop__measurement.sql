-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'omop'), schema='synthetic', alias='measurement') }}

with sampled as (
    select * from {{ source('omop_sampled', 'measurement') }}
),
typed as (
    select
        cast("measurement_id" as bigint) as "measurement_id",
        cast("visit_id" as bigint) as "visit_id",
        cast("concept" as varchar) as "concept"
    from sampled
)

select * from typed
