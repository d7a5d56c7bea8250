with patient as (
    select * from {{ ref('stg_nafld__patient') }}
),
hospital_case as (
    select distinct patient_id from patient
),
matched as (
    select
        patient.patient_id,
        patient.age,
        patient.male,
        patient.weight,
        patient.height,
        hospital_case.patient_id as case_id,
        patient.futime,
        patient.status
    from patient
    left join hospital_case on patient.case_id = hospital_case.patient_id
)

select * from matched
