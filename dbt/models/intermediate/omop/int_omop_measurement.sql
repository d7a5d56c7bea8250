with measurement as (
    select * from {{ ref('stg_omop__measurement') }}
),
in_visits as (
    select
        measurement_id,
        visit_occurrence_id as visit_id,
        person_id,
        cast(measurement_concept_id as varchar) as concept,
        measurement_date as started_on,
        value_as_number as value,
        cast(unit_concept_id as varchar) as unit
    from measurement
    where visit_occurrence_id is not null
)

select * from in_visits
