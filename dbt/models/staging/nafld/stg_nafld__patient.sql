with source as (
    select * from {{ source('nafld', 'patient') }}
),
renamed as (
    select
        try_cast(patient_id as bigint) as patient_id,
        try_cast(age as bigint) as age,
        try_cast(male as bigint) = 1 as male,
        try_cast(weight as double) as weight,
        try_cast(height as double) as height,
        try_cast(case_id as bigint) as case_id,
        try_cast(futime as bigint) as futime,
        try_cast(status as bigint) = 1 as status
    from source
)

select * from renamed
