with source as (
    select * from {{ source('omop', 'person') }}
),
typed as (
    select
        try_cast(person_id as bigint) as person_id,
        try_cast(gender_concept_id as bigint) as gender_concept_id,
        try_cast(year_of_birth as integer) as year_of_birth,
        try_cast(month_of_birth as integer) as month_of_birth,
        try_cast(day_of_birth as integer) as day_of_birth,
        try_cast(birth_datetime as timestamp) as birth_datetime,
        try_cast(race_concept_id as bigint) as race_concept_id,
        try_cast(ethnicity_concept_id as bigint) as ethnicity_concept_id,
        try_cast(location_id as bigint) as location_id
    from source
)

select * from typed
