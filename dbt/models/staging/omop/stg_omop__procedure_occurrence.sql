with source as (
    select * from {{ source('omop', 'procedure_occurrence') }}
),
typed as (
    select
        try_cast(procedure_occurrence_id as bigint) as procedure_occurrence_id,
        try_cast(person_id as bigint) as person_id,
        try_cast(procedure_concept_id as bigint) as procedure_concept_id,
        try_cast(procedure_date as date) as procedure_date,
        try_cast(visit_occurrence_id as bigint) as visit_occurrence_id
    from source
)

select * from typed
