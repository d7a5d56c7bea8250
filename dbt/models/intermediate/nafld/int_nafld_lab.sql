with lab as (
    select * from {{ ref('stg_nafld__lab') }}
),
-- In the published data the test chol repeats hdl, and dbp repeats sbp, row by row.
genuine as (
    select * from lab where test not in ('chol', 'dbp')
),
single as (
    select *
    from genuine
    qualify row_number() over (partition by patient_id, days, test, value order by lab_id) = 1
)

select * from single
