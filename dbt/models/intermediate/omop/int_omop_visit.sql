with visit as (
    select * from {{ ref('stg_omop__visit_occurrence') }}
),
described as (
    select
        visit_occurrence_id as visit_id,
        person_id,
        case visit_concept_id
            when 9201 then 'inpatient'
            when 9202 then 'outpatient'
            when 9203 then 'emergency'
            else 'other'
        end as kind,
        visit_start_date as started_on,
        greatest(date_diff('day', visit_start_date, coalesce(visit_end_date, visit_start_date)), 0) as los_days
    from visit
)

select * from described
