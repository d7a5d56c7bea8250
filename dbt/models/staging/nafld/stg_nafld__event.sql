with source as (
    select * from {{ source('nafld', 'event') }}
),
renamed as (
    select
        try_cast(event_id as bigint) as event_id,
        try_cast(patient_id as bigint) as patient_id,
        try_cast(days as bigint) as days,
        trim(cast(event as varchar)) as event
    from source
)

select * from renamed
