with patient as (
    select * from {{ ref('stg_nafld__patient') }}
)

-- Whether the case is a patient here is not looked up: what one row says must not depend on another patient.
select * from patient
