with observation_period as (
    select * from {{ ref('stg_omop__observation_period') }}
),
whole as (
    select
        person_id,
        min(observation_period_start_date) as observed_from,
        max(observation_period_end_date) as observed_until
    from observation_period
    group by person_id
)

select * from whole
