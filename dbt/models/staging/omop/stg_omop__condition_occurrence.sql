with source as (
    select * from {{ source('omop', 'condition_occurrence') }}
),
typed as (
    select
        try_cast(condition_occurrence_id as bigint) as condition_occurrence_id,
        try_cast(person_id as bigint) as person_id,
        try_cast(condition_concept_id as bigint) as condition_concept_id,
        try_cast(condition_start_date as date) as condition_start_date,
        try_cast(condition_end_date as date) as condition_end_date,
        try_cast(visit_occurrence_id as bigint) as visit_occurrence_id
    from source
)

select * from typed
