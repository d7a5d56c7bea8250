with procedure as (
    select * from {{ ref('stg_omop__procedure_occurrence') }}
),
in_visits as (
    select
        procedure_occurrence_id as procedure_id,
        visit_occurrence_id as visit_id,
        person_id,
        cast(procedure_concept_id as varchar) as concept,
        procedure_date as started_on
    from procedure
    where visit_occurrence_id is not null
)

select * from in_visits
