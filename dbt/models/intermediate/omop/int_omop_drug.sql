with drug as (
    select * from {{ ref('stg_omop__drug_exposure') }}
),
in_visits as (
    select
        drug_exposure_id as drug_id,
        visit_occurrence_id as visit_id,
        person_id,
        cast(drug_concept_id as varchar) as concept,
        greatest(date_diff('day', drug_exposure_start_date, drug_exposure_end_date), 0) as duration_days
    from drug
    where visit_occurrence_id is not null
)

select * from in_visits
