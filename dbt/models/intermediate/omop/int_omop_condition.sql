with condition as (
    select * from {{ ref('stg_omop__condition_occurrence') }}
),
in_visits as (
    select
        condition_occurrence_id as condition_id,
        visit_occurrence_id as visit_id,
        person_id,
        cast(condition_concept_id as varchar) as concept,
        condition_start_date as started_on,
        case
            when condition_end_date is not null
                then greatest(date_diff('day', condition_start_date, condition_end_date), 0)
        end as duration_days
    from condition
    where visit_occurrence_id is not null
)

select * from in_visits
