with source as (
    select * from {{ source('omop', 'death') }}
),
typed as (
    select
        try_cast(person_id as bigint) as person_id,
        try_cast(death_date as date) as death_date,
        try_cast(cause_concept_id as bigint) as cause_concept_id
    from source
)

select * from typed
