with source as (
    select * from {{ source('omop', 'drug_exposure') }}
),
typed as (
    select
        try_cast(drug_exposure_id as bigint) as drug_exposure_id,
        try_cast(person_id as bigint) as person_id,
        try_cast(drug_concept_id as bigint) as drug_concept_id,
        try_cast(drug_exposure_start_date as date) as drug_exposure_start_date,
        try_cast(drug_exposure_end_date as date) as drug_exposure_end_date,
        try_cast(days_supply as integer) as days_supply,
        try_cast(quantity as double) as quantity,
        try_cast(visit_occurrence_id as bigint) as visit_occurrence_id
    from source
)

select * from typed
