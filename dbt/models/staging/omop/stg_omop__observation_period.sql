with source as (
    select * from {{ source('omop', 'observation_period') }}
),
typed as (
    select
        try_cast(observation_period_id as bigint) as observation_period_id,
        try_cast(person_id as bigint) as person_id,
        try_cast(observation_period_start_date as date) as observation_period_start_date,
        try_cast(observation_period_end_date as date) as observation_period_end_date
    from source
)

select * from typed
