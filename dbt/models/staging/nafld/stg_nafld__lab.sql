with source as (
    select * from {{ source('nafld', 'lab') }}
),
renamed as (
    select
        try_cast(lab_id as bigint) as lab_id,
        try_cast(patient_id as bigint) as patient_id,
        try_cast(days as bigint) as days,
        trim(cast(test as varchar)) as test,
        try_cast(value as double) as value
    from source
)

select * from renamed
