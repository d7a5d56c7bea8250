-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'omop'), schema='synthetic', alias='person') }}

with sampled as (
    select * from {{ source('omop_sampled', 'person') }}
),
typed as (
    select
        cast("person_id" as bigint) as "person_id",
        cast("gender" as varchar) as "gender",
        cast("birth_year" as bigint) as "birth_year",
        cast("race" as varchar) as "race",
        cast("ethnicity" as varchar) as "ethnicity",
        cast("died" as boolean) as "died"
    from sampled
)

select * from typed
