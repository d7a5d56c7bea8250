with source as (
    select * from {{ source('omop', 'visit_occurrence') }}
),
typed as (
    select
        try_cast(visit_occurrence_id as bigint) as visit_occurrence_id,
        try_cast(person_id as bigint) as person_id,
        try_cast(visit_concept_id as bigint) as visit_concept_id,
        try_cast(visit_start_date as date) as visit_start_date,
        try_cast(visit_end_date as date) as visit_end_date,
        try_cast(visit_type_concept_id as bigint) as visit_type_concept_id,
        try_cast(discharged_to_concept_id as bigint) as discharged_to_concept_id
    from source
)

select * from typed
