with source as (
    select * from {{ source('omop', 'measurement') }}
),
typed as (
    select
        try_cast(measurement_id as bigint) as measurement_id,
        try_cast(person_id as bigint) as person_id,
        try_cast(measurement_concept_id as bigint) as measurement_concept_id,
        try_cast(measurement_date as date) as measurement_date,
        try_cast(value_as_number as double) as value_as_number,
        try_cast(value_as_concept_id as bigint) as value_as_concept_id,
        try_cast(unit_concept_id as bigint) as unit_concept_id,
        try_cast(visit_occurrence_id as bigint) as visit_occurrence_id
    from source
)

select * from typed
