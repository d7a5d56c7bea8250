with drug as (
    select * from {{ ref('stg_omop__drug_exposure') }}
),
in_visits as (
    select
        drug_exposure_id as drug_id,
        visit_occurrence_id as visit_id,
        person_id,
        cast(drug_concept_id as varchar) as concept,
        drug_exposure_start_date as started_on,
        greatest(date_diff('day', drug_exposure_start_date, coalesce(drug_exposure_end_date, drug_exposure_start_date)), 0) as duration_days,
        days_supply,
        quantity
    from drug
    where visit_occurrence_id is not null
)

select * from in_visits
